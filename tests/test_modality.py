from __future__ import annotations

import pytest

from lawsearch.errors import MetadataError
from lawsearch.modality import STRENGTHS, modality, read
from lawsearch.vocabulary import languages

NO, DUTY, ADVICE, LEAVE = STRENGTHS
FOUND = [
    ("en", "The Board shall act and must answer.", [(DUTY, "shall"), (DUTY, "must")]),
    ("en", "A keeper must not use it. It may not sell it.", [(NO, "must not"), (NO, "may not")]),
    ("en", "No person shall use a net.", [(NO, "No person shall")]),
    ("en", "A notice should be short. It may be sent.", [(ADVICE, "should"), (LEAVE, "may")]),
    ("en", "The scope need not be known; it is not required to be certain.",
     [(LEAVE, "need not"), (LEAVE, "is not required to")]),
    ("en", "SHALL NOT", [(NO, "SHALL NOT")]),
    ("id", "Pengendali wajib memberitahukan. Setiap orang dilarang menjual.", [(DUTY, "wajib"), (NO, "dilarang")]),
    ("id", "Ia dapat meminta; ia tidak boleh menolak; ia harus hadir.",
     [(LEAVE, "dapat"), (NO, "tidak boleh"), (DUTY, "harus")]),
    ("ms", "Pesuruhjaya hendaklah menyiasat dan boleh memanggil.", [(DUTY, "hendaklah"), (LEAVE, "boleh")]),
    ("ms", "Tiada seorang pun boleh menjual; ia tidak boleh disiarkan.",
     [(NO, "Tiada seorang pun boleh"), (NO, "tidak boleh")]),
    ("th", "ต้องแจ้ง ห้ามมิให้ผู้ใดใช้ อาจขอขยาย ควรตรวจสอบ", [(DUTY, "ต้อง"), (NO, "ห้ามมิให้"), (LEAVE, "อาจ"), (ADVICE, "ควร")]),
    ("th", "ต้องไม่เปิดเผย ไม่ต้องแจ้ง", [(NO, "ต้องไม่"), (LEAVE, "ไม่ต้อง")]),
    ("vi", "Bên kiểm soát phải báo; không được bán; có thể hỏi.",
     [(DUTY, "phải"), (NO, "không được"), (LEAVE, "có thể")]),
    ("lo", "ຕ້ອງແຈ້ງ ຫ້າມເປີດເຜີຍ ສາມາດຂໍ ບໍ່ຕ້ອງແຈ້ງ", [(DUTY, "ຕ້ອງ"), (NO, "ຫ້າມ"), (LEAVE, "ສາມາດ"), (LEAVE, "ບໍ່ຕ້ອງ")]),
    ("km", "ត្រូវជូនដំណឹង មិនត្រូវលក់ អាចសុំ គួរពិនិត្យ", [(DUTY, "ត្រូវ"), (NO, "មិនត្រូវ"), (LEAVE, "អាច"), (ADVICE, "គួរ")]),
    ("my", "အကြောင်းကြားရမည်။ ထုတ်ဖော်ခြင်း မပြုရ။ လျှောက်ထားနိုင်သည်။",
     [(DUTY, "ရမည်"), (NO, "မပြုရ"), (LEAVE, "နိုင်သည်")]),
    ("my", "မည်သူမျှ မရောင်းချရ။", [(NO, "မရောင်းချရ။")]),
    ("tl", "Dapat ipaalam; hindi dapat ibenta; maaaring humingi; hindi kailangang magbayad.",
     [(DUTY, "Dapat"), (NO, "hindi dapat"), (LEAVE, "maaaring"), (LEAVE, "hindi kailangang")]),
    ("pt", "O responsável deve notificar; não pode vender; pode pedir; deveria rever.",
     [(DUTY, "deve"), (NO, "não pode"), (LEAVE, "pode"), (ADVICE, "deveria")]),
    ("tet", "Ema tenke hatete; labele faan; bele husu.", [(DUTY, "tenke"), (NO, "labele"), (LEAVE, "bele")]),
]  # fmt: skip
TRAPS = [
    ("en", "In force from 5 May 2012; before the end of May; by May next; May 2013 is late."),
    ("en", "The notice is due no later than noon and as the case may be."),
    ("en", "This Act may be cited as the Data Care Act."),
    ("en", "The willing musty marshall was dismayed."),
    ("id", "Menurut pendapatnya kewajiban itu terdapat di sini."),
    ("ms", "Akta ini boleh dinamakan Akta Data."),
    ("th", "ข้อมูลถูกต้อง ผู้ต้องหาต้องการ ลักษณะต้องห้าม ตามสมควร อาจารย์ อำนาจ"),
    # ให้ only orders at the beginning of a clause, and there not in "give consent"; มิให้ behind "prevent" forbids nobody.
    ("th", "เพื่อให้รู้ ทำให้เสียหาย ให้ความยินยอม ป้องกันมิให้สูญหาย"),
    ("vi", "Điều đó không phải là cần thiết, cho nên được gửi."),
    ("lo", "ຂໍ້ມູນຖືກຕ້ອງ ຕາມຄວາມຕ້ອງການ"),
    ("km", "ទិន្នន័យត្រឹមត្រូវ ត្រូវបានរក្សាទុក"),
    ("my", "နိုင်ငံတော် လက်ခံရမည့်သူ"),
    ("tl", "Siya ay karapat-dapat."),
    ("pt", "O poder público tem este dever."),
]


@pytest.mark.parametrize(("language", "text", "found"), FOUND)
def test_words_of_strength(language: str, text: str, found: list[tuple[str, str]]) -> None:
    assert [(m.strength, text[m.start : m.end]) for m in modality(text, language).spans] == found


@pytest.mark.parametrize(("language", "text"), TRAPS)
def test_what_only_looks_like_one(language: str, text: str) -> None:
    assert [text[m.start : m.end] for m in modality(text, language).spans] == []


def test_thai_hai_orders_at_the_beginning_of_a_clause() -> None:
    text = "ในกรณีจำเป็น ให้คณะกรรมการแจ้งผู้ใช้เพื่อให้รู้\nให้เลขาธิการมีอำนาจสั่ง"
    assert [(m.strength, m.word) for m in modality(text, "th").spans] == [(DUTY, "ให้"), (LEAVE, "ให้…มีอำนาจ")]


def test_counts_and_words() -> None:
    found = modality("It must act, must tell and may ask.", "en")
    assert found.counts == {NO: 0, DUTY: 2, ADVICE: 0, LEAVE: 1}
    assert found.words(DUTY) == {"must": 2}


def test_decomposed_text_keeps_its_places() -> None:
    text = "Không\u200b đu\u031bo\u031b\u0323c bán"
    assert [text[m.start : m.end] for m in modality(text, "vi").spans] == ["Không\u200b đu\u031bo\u031b\u0323c"]


def test_every_language_of_the_region_has_a_table_with_all_that_laws_need() -> None:
    for code in ("en", "id", "ms", "th", "vi", "lo", "km", "my", "tl", "pt", "tet"):
        assert code in languages()
        assert modality("", code).known
    assert not modality("应当", "zh").known


@pytest.mark.parametrize(
    "table", [{"xx": {}}, {"en": {"wish": ["would"]}}, {"en": {NO: [" …"]}}, {"en": {NO: ["may"], LEAVE: ["may"]}}]
)
def test_a_wrong_table_is_refused(table: dict) -> None:
    with pytest.raises(MetadataError):
        read(table)
