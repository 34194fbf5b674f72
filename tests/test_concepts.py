from __future__ import annotations

import time
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lawsearch.concepts import UNSPACED, concepts, concepts_in, label, read
from lawsearch.errors import MetadataError
from lawsearch.vocabulary import languages


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "A data user must notify each data subject in writing.", "data-controller data-subject in-writing"),
        ("en", "The controllers carry out Data  Protection\nImpact Assessments.", "data-controller impact-assessment"),
        ("en", "An individual may withdraw consent at any time", "withdraw-consent"),
        ("en", "liable to imprisonment for a term not exceeding 2 years or to a fine", "imprisonment fine"),
        ("en", "codes of practice and anonymization", "code-of-practice anonymisation"),
        ("id", "Pengendali Data Pribadi wajib menghapus data.", "data-controller obligation erasure"),
        ("id", "persetujuan yang sah dari orang tuanya", "consent parent-or-guardian"),
        ("ms", "Seorang pengguna data hendaklah memberi notis secara bertulis.", "data-controller in-writing"),
        ("ms", "boleh didenda atau dipenjarakan", "fine imprisonment"),
        ("th", "ผู้ควบคุมข้อมูลส่วนบุคคลต้องแจ้งเจ้าของข้อมูลส่วนบุคคลโดยไม่ชักช้า",
         "data-controller notification data-subject without-undue-delay"),
        ("vi", "Chủ thể dữ liệu có quyền rút lại sự đồng ý.", "data-subject withdraw-consent"),
        ("vi", "Toà án huỷ bỏ; tòa án hủy bỏ", "court revocation"),
        ("tl", "Ang hukuman ay nagpataw ng multa.", "court fine"),
        ("lo", "ສານປະຊາຊົນ ມີ ຄໍາຕັດສິນ", "court judgment"),
        ("km", "តុលាការ និងសាក្សី", "court evidence"),
        ("my", "တရားရုံး", "court"),
        ("pt", "O titular dos dados apresenta reclamação ao tribunal.", "data-subject complaint court"),
        ("tet", "tribunál no polísia", "court law-enforcement"),
        ("zh", "个人信息处理者应当取得同意", "data-controller consent"),
        ("ta", "நீதிமன்றம்", "court"),
    ],
)  # fmt: skip
def test_sentences_name_their_concepts(language: str, text: str, expected: str) -> None:
    assert set(expected.split()) <= set(concepts_in(text, language))


REGION = {"en", "id", "ms", "tl", "th", "vi", "lo", "km", "my", "pt", "tet"}
SPELLINGS = [
    # Portuguese before and after the accord of 1990; what keeps its letter keeps it.
    ("pt", "protecção de dados pessoais", "data-protection"),
    ("pt", "proteção de dados pessoais", "data-protection"),
    ("pt", "direito de rectificação", "correction-right"),
    ("pt", "comércio electrónico", "electronic-transaction"),
    ("pt", "excepções e objectivos", "exemptions objectives"),
    ("pt", "contra-ordenação", "offence"),
    ("pt", "infracções e inspecções", "offence inspection"),
    ("pt", "um facto e um contacto", ""),
    # Regular plurals.
    ("pt", "reclamações, responsáveis pelo tratamento, medidas provisórias", "complaint data-controller injunction"),
    ("pt", "violações de dados", "data-breach"),
    # Filipino linkers, and the spelling of the language commission.
    ("tl", "multang hindi hihigit sa", "fine upper-limit"),
    ("tl", "kapangyarihang mag-utos", "functions-and-powers"),
    ("tl", "lisensya o lisensiya", "licence"),
    ("tl", "kumpidensiyal na inspeksiyon", "secrecy-duty inspection"),
    # Tetum with accents and without.
    ("tet", "tribunál", "court"),
    ("tet", "Tribunal", "court"),
    ("tet", "dadus pesoal", "personal-data"),
    # Marks in another order, signs that look the same.
    ("th", "ค่าธรรมเนียมและคําสั่ง", "fees directions"),
    ("lo", "ຂໍ້ມູນສ່ວນບຸກຄົນ", "personal-data"),
    ("lo", "ຂ້ໍມູນສ່ວນບຸກຄົນ", "personal-data"),
    ("lo", "ອົງການຫລັກຊັບ", "securities"),
    ("lo", "ລາຍເຊັນເອເລັກໂທຣນິກ", "electronic-signature"),
    ("km", "បណ្ដឹង", "complaint"),
    ("km", "បណ្តឹង", "complaint"),
    ("km", "មន្រ្តី", "public-servant"),
    ("my", "အဓိပ္ပါယ်", "definitions"),
    ("my", "ဥာဏ်ရည်တု", "artificial-intelligence"),
    # Tamil cases and plurals; a word that only begins alike, or only ends alike, is another.
    ("ta", "நீதிமன்றத்தின் தீர்ப்புகளை, நிறுவனங்களுக்கும்", "court judgment company"),
    ("ta", "மேன்முறையீட்டில் வழக்கைத் தொழிலாளர்கள்", "appeal civil-action employment"),
    ("ta", "வழக்கமான தவிலக்கு", ""),
]  # fmt: skip
SPACES = [
    ("my", "အီလက်ထရောနစ် ဆက်သွယ်ဆောင်ရွက်ရေး", "electronic-transaction"),
    ("my", "အီလက်ထရောနစ်ဆက်သွယ်ဆောင်ရွက်ရေး", "electronic-transaction"),
    ("my", "ကိုယ်ရေးကိုယ်တာ အချက်အလက် စီမံခန့်ခွဲရန် တာဝန်ရှိသူ", "data-controller"),
    ("lo", "ສິດ ຂອງ ເຈົ້າຂອງຂໍ້ມູນ", "rights-of-data-subject"),
    ("lo", "ສິດແລະໜ້າທີ່", "functions-and-powers"),
    ("lo", "ສິດ ແລະ ໜ້າທີ່", "functions-and-powers"),
    ("km", "ស្រាវជ្រាវនិងអភិវឌ្ឍន៍", "research-development"),
    ("km", "ទំនាក់ទំនង អេឡិចត្រូនិក", "electronic-transaction"),
    ("th", "ผู้ควบคุม ข้อมูลส่วนบุคคล", "data-controller"),
    # The particle of one word and the beginning of the next; the end of one sentence and the beginning of the next.
    ("my", "ပုဂ္ဂိုလ်အား ထုတ်ပေးရမည်", ""),
    ("my", "အချုပ်အခြာအာဏာ တည်တံ့ရေး", ""),
    ("th", "อยู่ในศา ลาว", ""),
    # The label ends inside a syllable.
    ("my", "ဝန်ကြီးန်", ""),
]  # fmt: skip
TERMS = [
    ("tl", "Dapat abisuhan ang data subject at ang National Privacy Commission kapag may paglabag sa seguridad.",
     "notification data-subject data-protection-authority data-breach"),
    ("tl", "sensitibong personal na impormasyong pinoproseso ng personal information controller",
     "sensitive-data processing data-controller"),
    ("tl", "sinadya, walang awtorisasyon", "mens-rea unauthorised-access"),
    ("tl", "tagapag-angkat; karapatang marinig; hurisdiksyon", "ai-provider-deployer right-to-be-heard jurisdiction"),
    ("lo", "ຜູ້ຄຸ້ມຄອງຂໍ້ມູນ ຖອນຄຳເຫັນດີ ຂໍ້ມູນຮົ່ວໄຫຼ", "data-controller withdraw-consent data-breach"),
    ("lo", "ຂໍ້ມູນເອເລັກໂຕຣນິກ", ""),
    ("lo", "ລັດຮັບປະກັນ", ""),
    ("lo", "ຂໍ້ຫ້າມ", "prohibition"),
    ("km", "ទិន្នន័យបែកធ្លាយ ការបញ្ចេញព័ត៌មាន", "data-breach disclosure"),
    ("km", "សេរីភាពខាងការបញ្ចេញមតិ", "journalism-art"),
    ("km", "ការជូនដំណឹងអំពីគោលបំណង", "notification objectives"),
    ("km", "សន្លឹកឆ្នោត", ""),
    ("my", "အချက်အလက်ပိုင်ရှင်", "data-subject"),
    ("my", "အချက်အလက်ကို သိမ်းဆည်းခြင်း", ""),
    ("my", "လုံခြုံရေး", ""),
    ("my", "ကုမ္ပဏီ", "company"),
    ("pt", "tratamento informatizado de dados", "processing"),
    ("pt", "direitos, liberdades e garantias", "human-rights"),
    ("pt", "penas e medidas de segurança", "penalties"),
    ("pt", "línguas de trabalho", "official-language"),
    ("pt", "integridade física", ""),
    ("pt", "prazo de garantia", "warranty"),
    ("tet", "Protesaun ba dadus pesoál: dadus-na'in fó konsentimentu ba tratamentu dadus.",
     "data-protection data-subject consent processing"),
    ("tet", "keixa no reklamasaun; konsumidór; publisidade; onra no reputasaun",
     "complaint consumer advertising defamation"),
]  # fmt: skip


@pytest.mark.parametrize(("language", "text", "expected"), SPELLINGS + SPACES + TERMS)
def test_spellings_spaces_and_terms(language: str, text: str, expected: str) -> None:
    assert set(concepts_in(text, language)) == set(expected.split())


@given(st.sampled_from(sorted(concepts())), st.sampled_from(["th", "lo", "km", "my"]))
def test_labels_without_their_spaces_are_found(key: str, language: str) -> None:
    for text in concepts()[key].labels.get(language, ()):
        assert concepts_in(text.replace(" ", ""), language) == {key: 1}


def test_the_longest_label_takes_its_words() -> None:
    assert concepts_in("personal data", "en") == {"personal-data": 1}
    assert concepts_in("any personal data breach, any personal data breaches", "en") == {"data-breach": 2}
    assert "personal-data" not in concepts_in("เหตุการละเมิดข้อมูลส่วนบุคคล", "th")


def test_labels_match_whole_words_only() -> None:
    assert "fine" not in concepts_in("as defined and refined in this confined space", "en")
    assert "court" not in concepts_in("courtesy", "en")
    assert "fine" in concepts_in("(a fine).", "en")


def test_labels_in_unspaced_scripts_do_not_end_inside_a_syllable() -> None:
    assert "court" in concepts_in("ต่อศาลแพ่ง", "th")
    assert not concepts_in("ศาลา", "th")


def test_zero_width_spaces_hyphens_and_case_make_no_difference() -> None:
    assert concepts_in("តុលា\u200bការ", "km")["court"] == 1
    assert concepts_in("CROSS‑BORDER transfer", "en") == concepts_in("cross-border Transfer", "en")


def test_an_unknown_language_is_read_as_english() -> None:
    assert concepts_in("the data subject", "unknown") == concepts_in("the data subject", "xx") == {"data-subject": 1}


def test_labels_for_display() -> None:
    assert label("data-subject", "th") == "เจ้าของข้อมูลส่วนบุคคล"
    assert label("data-subject", "unknown") == "data subject"
    assert label("no such concept", "en") == "no such concept"


def test_the_table_is_broad_and_no_label_is_doubled() -> None:
    table = concepts()
    assert len(table) >= 300
    for concept in table.values():
        assert "en" in concept.labels, concept.key
        assert len(concept.labels) >= 5, concept.key
        assert set(concept.labels) <= set(languages()), concept.key
    # The core of data protection has a word in every language of the region.
    core = ["personal-data", "data-subject", "consent", "processing", "cross-border-transfer", "data-breach"]
    assert [(k, code) for k in core for code in languages() if code in REGION and code not in table[k].labels] == []
    for language in languages():
        listed = Counter(text.lower() for c in table.values() for text in c.labels.get(language, ()))
        assert [text for text, n in listed.items() if n > 1] == [], language


def test_every_label_as_listed_is_found_alone() -> None:
    for concept in concepts().values():
        for language, texts in concept.labels.items():
            for text in texts:
                assert concepts_in(text, language) == {concept.key: 1}, (language, text)


@pytest.mark.parametrize(
    "row",
    [
        {"en": ["x"]},
        {"field": "f", "id": ["x"]},
        {"field": "f", "en": []},
        {"field": "f", "en": "x"},
        {"field": "f", "en": [" "]},
        {"field": "f", "en": ["x", "X"]},
        {"field": "f", "en": ["x"], "qq": ["x"]},
        {"field": "f", "en": ["x"], "unknown": ["x"]},
        {"field": "f", "en": ["taken"]},
    ],
)
def test_a_table_with_a_fault_is_refused(row: dict[str, object]) -> None:
    with pytest.raises(MetadataError, match=r"bad|taken"):
        read({"first": {"field": "f", "en": ["taken"]}, "bad": row})


@given(st.text(max_size=200), st.sampled_from([*languages(), "", "xx"]))
def test_any_text_can_be_read(text: str, language: str) -> None:
    found = concepts_in(text, language)
    assert set(found) <= set(concepts())
    assert all(n > 0 for n in found.values())


@given(st.lists(st.sampled_from(sorted(concepts())), max_size=8), st.sampled_from(["en", "id", "vi", "pt"]))
def test_concepts_are_counted(keys: list[str], language: str) -> None:
    # Separated by full stops, labels cannot run into one another.
    text = ". ".join(concepts()[k].labels[language][0] for k in keys if language in concepts()[k].labels)
    assert sum(concepts_in(text, language).values()) == sum(language in concepts()[k].labels for k in keys)


@pytest.mark.parametrize("language", ["en", "vi", "th", "km", "my", "pt"])
def test_a_long_text_is_read_quickly(language: str) -> None:
    joint = "" if language in UNSPACED else " "
    text = joint.join(c.labels[language][0] for c in concepts().values() if language in c.labels)
    text = (text * (20_000 // len(text) + 1))[:20_000]
    concepts_in(text, language)
    start = time.perf_counter()
    concepts_in(text, language)
    assert time.perf_counter() - start < 0.5
