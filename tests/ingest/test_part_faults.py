"""Faults in the parts of units and in definitions, found in real laws, each in a text made up for it."""

from __future__ import annotations

from collections import Counter

import pytest
from pages import by_number, cut, line, units

from ingest.definitions import definitions_of
from ingest.page import Line, Row
from ingest.paragraph import paragraphs
from ingest.segment import Segment
from ingest.subdivision import name

# -- parts ------------------------------------------------------------------------------------------------------------


def test_letters_that_one_alphabet_leaves_out_are_parts_in_another() -> None:
    letters = "abcdefghijl"
    body = "\n".join(f"    {letter}) acender a lâmpada;" for letter in letters)
    found = by_number(f"**Artigo 1.º**\nO guarda deve:\n{body}\n**Artigo 2.º**\nAplica-se.\n**Artigo 3.º**\nVigora.")
    assert [division.number for division in found["1"].divisions] == list(letters)


def test_vietnamese_letters_keep_their_order() -> None:
    letters = "abcdđeghiklm"
    body = "\n".join(f"    {letter}) Thắp đèn;" for letter in letters)
    found = by_number(
        f"**Điều 1. Nghĩa vụ**\n1. Người giữ đèn phải:\n{body}\n**Điều 2. Phạt**\n1. Phạt tiền.\n"
        "**Điều 3. Hiệu lực**\nCó hiệu lực ngay."
    )
    assert [division.number for division in found["1"].divisions[0].children] == list(letters)


# -- definitions ------------------------------------------------------------------------------------------------------

ENGLISH = """
    An Act to regulate the keeping of lamps.
    **Short title**
    1. This Act is the Lamps Act 2001.
    **Interpretation**
    2.—(1) In this Act, unless the context otherwise requires —
    “lamp” means anything that burns at night;
    “keeper”, in relation to a lamp, means —
        (a) its owner; or
        (b) whoever lights it;
    “oil” includes wax.
    (2) A lamp that is broken is a lamp.
    **Duty**
    3. A keeper must light the lamp. Its “wick” means what burns.
"""


def named(unit: Segment) -> list[tuple[str, str, str]]:
    family = cut(ENGLISH).family
    assert family is not None
    return [name(family.parts, division) for division in unit.divisions]


def test_quoted_terms_are_parts_of_the_section_that_defines_them() -> None:
    found = by_number(ENGLISH)
    first, second = found["2"].divisions
    assert [(d.number, d.term) for d in first.children] == [("lamp", "lamp"), ("keeper", "keeper"), ("oil", "oil")]
    assert [d.number for d in first.children[1].children] == ["a", "b"]
    assert first.children[0].text == "“lamp” means anything that burns at night;"
    assert (second.number, second.children) == ("2", [])
    assert "“oil” includes wax." in found["2"].text
    assert found["3"].divisions == []


def test_thai_terms_keep_their_letters() -> None:
    found = by_number("""
        มาตรา ๑ พระราชบัญญัตินี้เรียกว่าพระราชบัญญัติโคมไฟ
        มาตรา ๒ ในพระราชบัญญัตินี้
            “ผู้ดูแลโคม” หมายความว่า ผู้ซึ่งจุดโคม
            “น้ำมัน” หมายความว่า สิ่งที่เผาไหม้ในโคม
        มาตรา ๓ ผู้ดูแลโคมต้องจุดโคมทุกคืน
    """)
    assert named(found["๒"]) == [
        ("def_ผู้ดูแลโคม", "definition", " “ผู้ดูแลโคม”"), ("def_น้ำมัน", "definition", " “น้ำมัน”"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "eids"),
    [
        (
            "**Điều 1. Phạm vi**\n1. Luật này quy định về đèn.\n**Điều 2. Giải thích từ ngữ**\n"
            "1. Đèn dầu là vật chiếu sáng.\n2. Người giữ đèn là người thắp đèn.\n**Điều 3. Hiệu lực**\nCó hiệu lực.",
            ["def_den-dau", "def_nguoi-giu-den"],
        ),
        (
            "^Pasal 1^\nPelita wajib menyala.\n^Pasal 2^\nDalam Undang-Undang ini yang dimaksud dengan:\n"
            "1. Pelita Jalan adalah lampu di jalan.\n2. Penjaga Pelita yang selanjutnya disebut Penjaga adalah orang.\n"
            "^Pasal 3^\nBerlaku.",
            ["def_pelita-jalan", "def_penjaga-pelita"],
        ),
    ],
)
def test_numbered_definitions_are_named_by_their_term_and_cited_by_their_number(text: str, eids: list[str]) -> None:
    unit = by_number(text)["2"]
    found = named(unit)
    assert [(eid, kind) for eid, kind, _ in found] == [(eid, "definition") for eid in eids]
    assert [division.number for division in unit.divisions] == ["1", "2"]


def test_numbered_paragraphs_elsewhere_are_no_definitions() -> None:
    unit = by_number(
        "**Điều 1. Nghĩa vụ**\n1. Người giữ đèn là người chịu trách nhiệm.\n2. Đèn là vật phải giữ.\n"
        "**Điều 2. Phạt**\n1. Phạt tiền.\n**Điều 3. Hiệu lực**\nCó hiệu lực."
    )["1"]
    assert [division.term for division in unit.divisions] == ["", ""]


def test_terms_defined_by_a_subsection_are_parts_of_it() -> None:
    found = by_number("""
        **Short title**
        1. This Act is the Lamps Act 2001.
        **Duty**
        2.—(1) A keeper must light the lamp.
        (2) In this section and section 3 —
        “keeper”, in relation to a lamp —
            (a) means its owner; and
            (b) includes whoever lights it;
        “oil” includes —
            (a) wax; and
            (b) fat.
        (3) A keeper without oil must report it. “Oil” means oil that burns.
        **Penalty**
        3. A keeper who leaves a lamp dark pays a fine.
    """)
    first, second, third = found["2"].divisions
    assert [(d.term, [c.number for c in d.children]) for d in second.children] == [
        ("keeper", ["a", "b"]), ("oil", ["a", "b"]),
    ]  # fmt: skip
    assert second.children[1].text == "“oil” includes —\n(a) wax; and\n(b) fat."
    assert first.children == third.children == []


@pytest.mark.parametrize(
    ("opening", "local"),
    [
        ("In this section —", True), ("In subsection (1) —", True), ("For the purposes of this section:", True),
        ("In this section, keepers are busy.", False), ("The following words are painted on every lamp —", False),
    ],
)  # fmt: skip
def test_terms_are_defined_where_the_text_says_so(opening: str, local: bool) -> None:
    found = by_number(f"""
        **Duty**
        1.—(1) A keeper must light the lamp.
        (2) {opening}
        “lamp” means what burns.
        **Fee**
        2. No fee is due.
        **Penalty**
        3. A keeper who leaves a lamp dark pays a fine.
    """)
    assert [d.term for d in found["1"].divisions[1].children] == ["lamp"] * local


@pytest.mark.parametrize(
    ("language", "text", "term"),
    [
        ("en", "“keeper”, in relation to a lamp —", "keeper"),
        ("en", "“keeper” —", "keeper"),
        ("en", "“keeper”, in relation to a lamp, is not painted", "keeper"),
        ("en", "“Keeper”, in relation to nothing, stands on the door", ""),
        ("ms", "“penjaga”, berhubung dengan pelita—", "penjaga"),
        ("ms", "“penjaga” ertinya pemilik pelita", "penjaga"),
        ("ms", "“Penjaga”, berhubung dengan tiada, tertulis di pintu", ""),
    ],
)
def test_a_term_may_be_defined_by_the_list_below_it(language: str, text: str, term: str) -> None:
    definitions = definitions_of(language)
    assert definitions is not None
    assert definitions.term(text) == term


# -- the ends of parts ------------------------------------------------------------------------------------------------


def test_words_that_close_a_list_belong_to_what_holds_the_list() -> None:
    unit = by_number("""
        **Duty**
        1.—(1) A keeper who —
              (a) lights a lamp at noon, or lets others
                   light it then;
              (b) leaves a lamp without oil —
                         (i) at night; or
                         (ii) in a fog,

                   knowing of it; or
              (c) steals oil,

        pays a fine.
          (2) The fine is paid in oil.
        **Fee**
        2. No fee is due.
        **Penalty**
        3. A keeper who leaves a lamp dark pays a fine.
    """)["1"]
    first, second = unit.divisions
    assert first.text.endswith("(c) steals oil,\npays a fine.")
    assert second.text == "The fine is paid in oil."
    assert [d.text.split("\n")[-1] for d in first.children] == [
        "light it then;", "knowing of it; or", "steals oil,",
    ]  # fmt: skip
    assert first.children[1].children[1].text == "in a fog,"


def test_the_first_line_of_a_paragraph_may_stand_further_right_than_what_follows_in_it() -> None:
    unit = by_number("""
        มาตรา ๑ ผู้ดูแลโคมต้อง
            (๑) จุดโคมทุกคืน

        และดับโคมทุกเช้า
        มาตรา ๒ ผู้ดูแลโคมต้องเติมน้ำมัน
        มาตรา ๓ ผู้ใดฝ่าฝืนต้องระวางโทษ
    """)["๑"]
    assert unit.divisions[0].text == "จุดโคมทุกคืน\nและดับโคมทุกเช้า"


def test_references_broken_over_several_lines_open_no_part() -> None:
    whole = "x" * 60
    made = [
        Row(line(text, 100 + 14 * i, x), 72.0, 72.0 + 5.5 * 70, 0.3)
        for i, (text, x) in enumerate(
            [
                (f"(1) Pelanggaran {whole[:44]} Pasal 5 ayat", 72.0),
                ("(1), Pasal 6 ayat (2), " + whole[:37] + " ayat", 90.0),
                ("(2) dan ayat (3), " + whole[:37] + " ayat (4),", 90.0),
                ("(3), Pasal 9 ayat (1), dikenai denda.", 90.0),
                ("(2) Denda dibayar dengan minyak.", 72.0),
            ]
        )
    ]
    assert [p.text[:3] for p in paragraphs("", None, made, Counter())] == ["(1)", "(2)"]


def test_marks_of_amendment_are_no_part_of_the_title_of_a_part() -> None:
    found = units(
        cut("""
        ^**PART 1**^
        ^**LAMPS**^
                                                               [7/2011]
        1. A keeper must light the lamp.
        2. A keeper must fill the lamp.
        3. A keeper who leaves a lamp dark pays a fine.
        """)
    )
    assert found[0].path == ("PART 1 LAMPS",)


def test_names_without_numbers_are_titles_or_stand_beside_the_chapters() -> None:
    found = units(
        cut("""
        ^หมวด ๑^
        ^บททั่วไป^
            มาตรา ๑ ผู้ดูแลต้องจุดโคมให้สว่างตลอดคืน
        ^หมวด ๒^
        ^โทษ^
        ^ส่วนที่ ๑^
        ^โทษอาญา^
            มาตรา ๒ ผู้ใดดับโคมต้องระวางโทษปรับ
        ^บทเฉพาะกาล^
            มาตรา ๓ โคมเดิมให้ใช้ต่อไปได้
        """)
    )
    assert [unit.path for unit in found] == [
        ("หมวด ๑ บททั่วไป",), ("หมวด ๒ โทษ", "ส่วนที่ ๑ โทษอาญา"), ("บทเฉพาะกาล",),
    ]  # fmt: skip


def test_a_dash_that_opens_a_line_ends_a_run_in_heading() -> None:
    found = units(
        cut("""
        SEK. 1. Bisa. – Magkakabisa ito agad at mananatili hanggang sa bawiin.
        SEK. 2. Parusa sa Pagpatay ng Lampara at sa Pag-aaksaya ng Langis.
        – (a) Multa para sa pagpatay ng lampara.
        (b) Multa para sa pag-aaksaya.
        SEK. 3. Wakas. – Dito nagwawakas ang batas tungkol sa mga lampara.
        """)
    )
    assert found[1].heading == "Parusa sa Pagpatay ng Lampara at sa Pag-aaksaya ng Langis"
    assert [division.number for division in found[1].divisions] == ["a", "b"]


def test_labels_that_are_indented_begin_a_paragraph_even_without_a_stop() -> None:
    # Thai writes no full stop: (2) fills its line to the edge, and (3) is not its last words.
    def row(text: str, x0: float, x1: float, y: float) -> Row:
        return Row(Line(text=text, page=1, x0=x0, y0=y, x1=x1, y1=y + 12, size=12), left=100, right=500, gap=0.1)

    rows = [
        row("(๑) รักษาความมั่นคงปลอดภัย", 130, 499, 100), row("ของข้อมูล", 100, 200, 114),
        row("(๒) ป้องกันมิให้ผู้รับข้อมูลใช้หรือเปิดเผยข้อมูลโดยมิชอบ", 130, 499, 128),
        row("(๓) มีระบบตรวจสอบ", 130, 300, 142),
    ]  # fmt: skip
    assert [p.text[:3] for p in paragraphs("", None, rows, Counter())] == ["(๑)", "(๒)", "(๓)"]
