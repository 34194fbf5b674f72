"""Citations in the region's styles, as a table: what is typed, and what it comes to in a small made-up corpus."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lawsearch.citation import headed, number_key, parse
from lawsearch.instrument import Instrument
from lawsearch.provision import Expression, Provision
from lawsearch.reference import Cited, cite
from lawsearch.register import Register
from lawsearch.store import Store


def law(key: str, jurisdiction: str, language: str, **facts: object) -> Instrument:
    given = {"authoritative": language, "languages": (language,), **facts}
    return Instrument(id=key, jurisdiction=jurisdiction, **given)  # type: ignore[arg-type]


SG = law("/akn/sg/act/2012/26-demo", "sg", "en", short_title="PDPA 2012 demo", number="26 of 2012", year=2012,
         kind="act", title="Personal Data Protection Act 2012 (demonstration restatement)")  # fmt: skip
MY = law("/akn/my/act/2010/709", "my", "en", title="Personal Data Protection Act 2010 (Act 709), as in force from 2025",
         native_title="Akta Perlindungan Data Peribadi 2010", number="Act 709", year=2010, short_title="PDPA 2010",
         languages=("en", "ms"), kind="act")  # fmt: skip
AMENDING = law("/akn/my/act/2024/A1727", "my", "en", title="Personal Data Protection (Amendment) Act 2024 (Act A1727)",
               number="Act A1727", year=2024, short_title="Act A1727")  # fmt: skip
ID = law("/akn/id/act/2022/27", "id", "id", title="Law No. 27 of 2022 on Personal Data Protection", number="27",
         native_title="Undang-Undang Nomor 27 Tahun 2022 tentang Pelindungan Data Pribadi", year=2022,
         short_title="UU 27/2022")  # fmt: skip
TH = law("/akn/th/act/2019/pdpa", "th", "th", title="Personal Data Protection Act, B.E. 2562 (2019)", year=2019,
         native_title="พระราชบัญญัติคุ้มครองข้อมูลส่วนบุคคล พ.ศ. ๒๕๖๒", short_title="PDPA B.E. 2562")  # fmt: skip
PH = law("/akn/ph/act/2012/10173", "ph", "en", title="Data Privacy Act of 2012, Republic Act No. 10173", number="10173",
         year=2012, short_title="RA 10173")  # fmt: skip
VN = law("/akn/vn/act/2025/91", "vn", "vi", title="Law on Personal Data Protection No. 91/2025/QH15", year=2025,
         native_title="Luật Bảo vệ dữ liệu cá nhân số 91/2025/QH15", number="91/2025/QH15",
         short_title="Law 91/2025/QH15")  # fmt: skip
BN = law("/akn/bn/order/2025/pdpo", "bn", "en", title="Personal Data Protection Order, 2025", number="S 1/2025",
         year=2025, short_title="PDPO 2025")  # fmt: skip
MM = law("/akn/mm/act/2004/5", "mm", "my", title="Electronic Transactions Law (Law No. 5/2004)", number="5/2004",
         year=2004, native_title="အီလက်ထရောနစ် ဆက်သွယ်ဆောင်ရွက်ရေးဥပဒေ", short_title="ETL 2004")  # fmt: skip
TL = law("/akn/tl/act/2002/constitution", "tl", "pt", kind="constitution", year=2002, languages=("pt", "tet"),
         title="Constitution of the Democratic Republic of Timor-Leste, 2002", short_title="Constitution 2002",
         native_title="Constituição da República Democrática de Timor-Leste")  # fmt: skip
LA = law("/akn/la/act/2017/25", "la", "lo", title="Law on Electronic Data Protection No. 25/NA", number="25", year=2017,
         native_title="ກົດໝາຍ ວ່າດ້ວຍການປົກປ້ອງຂໍ້ມູນເອເລັກໂຕຣນິກ", short_title="LEDP 2017")  # fmt: skip
KH = law("/akn/kh/act/2019/ecommerce", "kh", "km", title="Law on Electronic Commerce", year=2019,
         native_title="ច្បាប់ស្តីពីពាណិជ្ជកម្មតាមប្រព័ន្ធអេឡិចត្រូនិក", number="NS/RKM/1119/017",
         short_title="E-Commerce Law 2019")  # fmt: skip
ZH = law("/akn/int/doc/zh-1", "int", "zh", title="Model Rules", native_title="示范规则", short_title="Model Rules 2001",
         year=2001)  # fmt: skip
KNOWN = (
    law("/akn/eu/regulation/2016/679", "eu", "en", title="General Data Protection Regulation", number="679", year=2016,
        short_title="GDPR"),
    law("/akn/id/act/2008/11", "id", "id", title="Law No. 11 of 2008", number="11", year=2008,
        native_title="Undang-Undang Nomor 11 Tahun 2008 tentang Informasi dan Transaksi Elektronik",
        short_title="UU ITE 11/2008"),
    law("/akn/id/act/2022/27", "id", "id", short_title="UU PDP 27/2022", number="27", year=2022),
)  # fmt: skip
#: instrument, language, prefix and kind, numbers with the numbers of their parts.
TEXTS = (
    (SG, "en", "sec", {"5": (), "26D": ("(1)", "(2)")}),
    (MY, "en", "sec", {"5": ("(1)",), "12B": ("(2)",)}),
    (MY, "ms", "sec", {"5": ("(1)",)}),
    (AMENDING, "en", "sec", {"12": ()}),
    (ID, "id", "art", {"46": ("(1)", "(3)")}),
    (TH, "th", "sec", {"๕": (), "๓๗": ("(๑)", "(๔)"), "๓๗ เอกาทศ": ()}),
    (PH, "en", "sec", {"20": ("(f)",)}),
    (VN, "vi", "art", {"23": ("1.", "2.")}),
    (BN, "en", "sec", {"22": ("(a)",)}),
    (MM, "my", "sec", {"၂၇": ()}),
    (TL, "pt", "art", {"6": ("a)",), "38": ()}),
    (TL, "tet", "art", {"6": ()}),
    (LA, "lo", "art", {"12": ()}),
    (KH, "km", "art", {"៣២": ()}),
    (ZH, "zh", "art", {"五": ()}),
)


def expression(instrument: Instrument, language: str, prefix: str, rows: dict[str, tuple[str, ...]]) -> Expression:
    found = []
    for number, below in rows.items():
        eid = f"part_1__{prefix}_{number_key(number)}"
        base = {"instrument": instrument.id, "language": language, "kind": "unit"}
        cited = f"{instrument.id}/{language} {number}"
        found.append(Provision(**base, eid=eid, number=number, label=number, citation=cited))
        found += [
            Provision(
                **base, eid=f"{eid}__p_{number_key(part)}", number=part, label=part, parent=eid, citation=cited + part
            )
            for part in below
        ]
    source = f"/nowhere/{instrument.id.replace('/', '-')}-{language}.pdf"
    return Expression(
        instrument=instrument, language=language, source=source, source_digest="0" * 64, provisions=tuple(found)
    )


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with Store(tmp_path_factory.mktemp("cited") / "store.db") as opened:
        for text in TEXTS:
            made = expression(*text)
            opened.put(made.source, [made], "made up")
        yield opened


@pytest.fixture(scope="module")
def register(store: Store) -> Register:
    return Register(store.instruments(), KNOWN, [u.id for u in store.units()])


def short(found: Cited) -> list[str]:
    """Each provision as jurisdiction, language and the numbers of its eId."""
    return [
        " ".join([p.instrument.split("/")[2], p.language, *(s.partition("_")[2] for s in p.eid.split("__")[1:])])
        for p in found.provisions
    ]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("PDPA s 26D", ["sg en 26d"]),
        ("s 26D PDPA", ["sg en 26d"]),
        ("s26D PDPA", ["sg en 26d"]),
        ("PDPA, s. 26D(1)", ["sg en 26d 1"]),
        ("subsection 26D(2) of the PDPA", ["sg en 26d 2"]),
        ("Section 26D of the Personal Data Protection Act 2012", ["sg en 26d"]),
        ("Singapore PDPA section 26D", ["sg en 26d"]),
        ("PDPA 2012 demo (SG) s 26D", ["sg en 26d"]),
        ("PDPA s 5", ["my en 5", "sg en 5", "th th 5"]),
        ("PDPA (MY) s 5", ["my en 5"]),
        ("seksyen 5 PDPA 2010", ["my ms 5"]),
        ("seksyen 5(1) Akta 709", ["my ms 5 1"]),
        ("Act 709 s 12B(2)", ["my en 12b 2"]),
        ("Act A1727 s 12", ["my en 12"]),
        ("paragraph (a) of section 22 of the PDPO", ["bn en 22 a"]),
        ("S 1/2025 s 22", ["bn en 22"]),
        ("RA 10173 sec 20", ["ph en 20"]),
        ("Sec. 20 (f), Republic Act No. 10173", ["ph en 20 f"]),
        ("Data Privacy Act of 2012 section 20", ["ph en 20"]),
        ("DPA s 20", ["ph en 20"]),
        ("Pasal 46 UU 27/2022", ["id id 46"]),
        ("Pasal 46 ayat (1) UU PDP", ["id id 46 1"]),
        ("UU No. 27 Tahun 2022 tentang Pelindungan Data Pribadi, Pasal 46 ayat (3)", ["id id 46 3"]),
        ("Article 46 of Law No. 27 of 2022", ["id id 46"]),
        ("มาตรา ๓๗ (๔) พ.ร.บ. คุ้มครองข้อมูลส่วนบุคคล พ.ศ. ๒๕๖๒", ["th th 37 4"]),
        ("มาตรา 37 แห่งพระราชบัญญัติคุ้มครองข้อมูลส่วนบุคคล พ.ศ. 2562", ["th th 37"]),
        ("ม. ๓๗ พรบ.คุ้มครองข้อมูลส่วนบุคคล", ["th th 37"]),
        ("มาตรา 37 เอกาทศ PDPA B.E. 2562", ["th th 37-เอกาทศ"]),
        ("PDPA B.E. 2562 s 37(1)", ["th th 37 1"]),
        ("Điều 23 khoản 1 Luật 91/2025/QH15", ["vn vi 23 1"]),
        ("khoản 2 Điều 23 Luật Bảo vệ dữ liệu cá nhân", ["vn vi 23 2"]),
        ("Law 91/2025/QH15 art 23", ["vn vi 23"]),
        ("artigo 38.º da Constituição", ["tl pt 38"]),
        ("alínea a) do artigo 6.º da Constituição", ["tl pt 6 a"]),
        ("Artigu 6 Constitution", ["tl tet 6"]),
        ("Constitution of Timor-Leste art 38", ["tl pt 38"]),
        ("ມາດຕາ 12", ["la lo 12"]),
        ("មាត្រា ៣២", ["kh km 32"]),
        ("ပုဒ်မ ၂၇ အီလက်ထရောနစ် ဆက်သွယ်ဆောင်ရွက်ရေးဥပဒေ", ["mm my 27"]),
        ("Law No. 5/2004 s 27", ["mm my 27"]),
        ("Article 12 of the Law on Electronic Data Protection", ["la lo 12"]),
        ("NS/RKM/1119/017 art 32", ["kh km 32"]),
        ("PDPA section 26 D", ["sg en 26d"]),
        ("PDPA sectin 26D", ["sg en 26d"]),
        ("Atricle 23 Law 91/2025/QH15", ["vn vi 23"]),
        ("Pascal 46 UU 27/2022", ["id id 46"]),
        ("PDPA 26D", ["sg en 26d"]),
        ("PDPA 2012, 26D(2)", ["sg en 26d 2"]),
        ("Act 709 12B (2)", ["my en 12b 2"]),
        ("Constituição 38", ["tl pt 38"]),
        ("第5条", ["int zh 5"]),
        ("示范规则第五条", ["int zh 5"]),
        ("section 5", ["my en 5", "sg en 5"]),
        ("/akn/sg/act/2012/26-demo/~sec_26d", ["sg en 26d"]),
        ("http://localhost:8000/akn/sg/act/2012/26-demo/en/~part_1__sec_26d?limit=3", ["sg en 26d"]),
    ],
)
def test_what_a_citation_means(text: str, meant: list[str], register: Register, store: Store) -> None:
    found = cite(text, register, store)
    assert found is not None
    assert (short(found), found.unknown) == (meant, "")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("PDPA 2012 s 260", "PDPA 2012 demo has no section 260"),
        ("PDPA B.E. 2562 99", "PDPA B.E. 2562 has no provision 99"),
        ("PDPA s 260", "PDPA 2010 (MY), PDPA 2012 demo (SG), PDPA B.E. 2562 (TH) have no section 260"),
        ("UU 27/2022 Pasal 460", "UU 27/2022 has no Pasal 460"),
        ("มาตรา ๙๙ พ.ร.บ. คุ้มครองข้อมูลส่วนบุคคล", "PDPA B.E. 2562 has no มาตรา ๙๙"),
        ("PDPA s 26D(9)", "has no part (9) of its own; the whole is shown"),
        ("มาตรา ๓๗ วรรคสอง PDPA B.E. 2562", "has no part (สอง) of its own; the whole is shown"),
        ("GDPR art 33", "GDPR is in the catalogue, but the corpus has no text of it"),
        ("Regulation (EU) 2016/679 art 33", "GDPR is in the catalogue, but the corpus has no text of it"),
        ("Pasal 26 UU 11/2008", "UU ITE 11/2008 is in the catalogue, but the corpus has no text of it"),
        ("XYZA s 12", "No instrument “XYZA” is known here"),
        ("Act 999 s 5", "No instrument “Act 999” is known here"),
        ("PDPA 1999 s 5", "No instrument “PDPA 1999” is known here"),
        ("ข้อ ๕", "No text here has a ข้อ ๕"),
        ("第九条", "No text here has a 第九条"),
        ("/akn/sg/act/2012/26-demo/~sec_99", "No provision '/akn/sg/act/2012/26-demo/~sec_99' in the corpus"),
        ("/akn/sg/act/1/1", "No instrument /akn/sg/act/1/1 is in the corpus"),
    ],
)
def test_which_part_of_a_citation_is_unknown(text: str, said: str, register: Register, store: Store) -> None:
    found = cite(text, register, store)
    assert found is not None
    assert said in found.unknown


@pytest.mark.parametrize(
    "text",
    [
        "data breach notification",
        "consent under the PDPA",
        "section 5 breach notification",
        "s 5 consent",
        "A controller must notify under section 26D of the PDPA",
        "The controller shall comply with section 26D",
        "Notification under Section 26D shall be made to the Commission within three days",
        "Subject to section 5, an organisation must not use personal data.",
        "Pengendali wajib memberitahu sesuai dengan Pasal 46",
        "ผู้ควบคุมข้อมูลต้องแจ้งเหตุตามมาตรา ๓๗ (๔) โดยไม่ชักช้า",
        "Bên kiểm soát thông báo theo quy định tại Điều 23",
        "72 hours", "action 5", "consent 5", "PDPA consent 5", "PDPA 1999", "2012", "Act", "law", "PDPA s",
        "26D", "", "  ", "(1)", "§", "article",
        "PDPA s 26D\nand so on", "PDPA s 26D " * 40,
    ],
)  # fmt: skip
def test_what_is_no_citation(text: str, register: Register, store: Store) -> None:
    assert cite(text, register, store) is None


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("PDPA 2012", ["PDPA 2012 demo"]),
        ("PDPA", ["PDPA 2010", "PDPA 2012 demo", "PDPA B.E. 2562"]),
        ("UU 27/2022", ["UU 27/2022"]),
        ("Republic Act 10173", ["RA 10173"]),
        ("/akn/sg/act/2012/26-demo", ["PDPA 2012 demo"]),
        ("/akn/tl/act/2002/constitution/tet", ["Constitution 2002"]),
    ],
)
def test_an_instrument_alone(text: str, names: list[str], register: Register, store: Store) -> None:
    found = cite(text, register, store)
    assert found is not None
    assert sorted(i.name for i in found.instruments) == sorted(names)
    assert not found.provisions


def test_a_reading_knows_no_instrument() -> None:
    found = parse("Pasal 46 ayat (1) huruf a UU 27/2022")
    assert (found.number, found.prefix, found.parts, found.instrument) == ("46", "art", ("1", "a"), "UU 27/2022")


@pytest.mark.parametrize(
    ("printed", "key"),
    [
        ("26D", "26d"),
        ("(๔)", "4"),
        ("五", "5"),
        ("十二", "12"),
        ("一百零三", "103"),
        ("5.º", "5"),
        ("a)", "a"),
        ("၂၇", "27"),
    ],
)
def test_numbers_are_compared_as_they_are_meant(printed: str, key: str) -> None:
    assert number_key(printed) == key


def test_the_demonstrations_answer_for_what_they_restate(register: Register) -> None:
    """The catalogue's names of an act are also those of its demonstration text."""
    assert [i.id for i in register.named("UU PDP")[0]] == [ID.id]


def test_letters_that_fold_to_others_are_no_error() -> None:
    assert parse("artıcle 5").number == ""


@pytest.mark.parametrize(
    ("clause", "heading", "body"),
    [
        ("12A. Lamps on boats\n(1) A boat must\n(2) have one", "Lamps on boats", "(1) A boat must\n(2) have one"),
        ("Section 12 — Lamps\n\nA boat must have one.", "Lamps", "A boat must have one."),
        ("Article 3\nLamps on boats\n1. A boat has one", "Lamps on boats", "1. A boat has one"),
        ("Lamps of 72 hours\nA lamp must last.", "Lamps of 72 hours", "A lamp must last."),
        ("72 hours of light\nA lamp must last.", "72 hours of light", "A lamp must last."),
        ("Điều 3. Đèn\n1. Thuyền phải có đèn", "Đèn", "1. Thuyền phải có đèn"),
        ("มาตรา ๑๒ โคมไฟ\nเรือต้องมีโคมไฟ", "โคมไฟ", "เรือต้องมีโคมไฟ"),
        ("ပုဒ်မ ၁၂။ မီးအိမ်\nလှေတွင် ရှိရမည်", "မီးအိမ်", "လှေတွင် ရှိရမည်"),
        ("第三条 船灯\n船应当有灯", "船灯", "船应当有灯"),
        ("Pasal 3\n(1) Setiap kapal wajib", "", None),
        ("Pasal 3\nSetiap kapal wajib memiliki lampu.", "", None),
        ("A boat must —\n(a) have a lamp", "", None),
        ("A boat must have a lamp.\nIt is lit.", "", None),
        ("(a) lamps\n(b) oil", "", None),
        ("lamps on boats", "", None),
        ("Section 12\n", "", None),
        ("a lamp " * 20 + "\nIt is lit.", "", None),
        ("\n \n", "", None),
    ],
)
def test_a_clause_is_pasted_with_its_heading_or_without(clause: str, heading: str, body: str | None) -> None:
    assert headed(clause) == (heading, clause if body is None else body)
