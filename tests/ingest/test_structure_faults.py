"""Faults of structure that were found in real laws and excerpts, each in a text made up for it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from pages import cut, laid_out, line, page, rows, units

from ingest.definitions import definitions_of
from ingest.furniture import running_lines
from ingest.layout import lay_out
from ingest.numbering import value
from ingest.page import Line, Page, Row
from ingest.paragraph import mend, paragraphs
from ingest.segment import Segment
from ingest.segmentation import segment
from ingest.sequence import Candidate, best_chain
from ingest.subdivision import name
from ingest.voting import vote

KEEPER = "The keeper of a lamp must see that it burns from dusk until the sun has risen."


def by_number(text: str) -> dict[str, Segment]:
    return {unit.number: unit for unit in units(cut(text))}


# -- numbers ----------------------------------------------------------------------------------------------------------

BURMESE = """
    ၂၆။ မီးအိမ်စောင့်သည် မီးအိမ်ကို ထွန်းရမည်။
    ၂၇။ မီးအိမ်စောင့်သည် မီးအိမ်ကို သန့်ရှင်းရမည်။
    ၂၇-က။ မီးအိမ်စောင့်သည်-
        (က) ဆီဖြည့်ရမည်။
        (ခ) မီးစာညှပ်ရမည်။
    ၂၇-ခ။ မီးအိမ်ကို မငှိမ်းရ။
    ၂၈။ ဖောက်ဖျက်သူကို ဒဏ်ရိုက်ရမည်။
"""


def test_sections_inserted_with_a_burmese_letter() -> None:
    found = units(cut(BURMESE))
    assert [(unit.number, unit.eid) for unit in found] == [
        ("၂၆", "sec_26"), ("၂၇", "sec_27"), ("၂၇-က", "sec_27-1"), ("၂၇-ခ", "sec_27-2"), ("၂၈", "sec_28"),
    ]  # fmt: skip
    assert [division.number for division in found[2].divisions] == ["က", "ခ"]


def test_burmese_insertions_stand_between_the_numbers() -> None:
    places = [value(number) for number in ("၂၇", "၂၇-က", "၂၇-ခ", "၂၇-အ", "၂၈")]
    assert places == sorted(places, key=lambda place: place or ())
    assert len(set(places)) == 5


def chain(*found: tuple[int, float]) -> list[str]:
    made = [Candidate(i, str(number), "", (0, number, 0), weight) for i, (number, weight) in enumerate(found)]
    return [candidate.number for candidate in best_chain(made)[1]]


LIKE = [(number, 1.2) for number in (1, 2, 3, 35, 70, 96)]


def test_an_excerpt_goes_on_after_a_long_jump() -> None:
    assert chain(*LIKE, *((number, 1.2) for number in (151, 159, 165, 170)))[-4:] == ["151", "159", "165", "170"]


@pytest.mark.parametrize("stray", [[(1999, 0.5), (2004, 0.5), (2010, 0.5)], [(300, 1.5)], [(2010, 0.4)]])
def test_years_and_stray_numbers_are_no_excerpt(stray: list[tuple[int, float]]) -> None:
    assert chain(*LIKE, *stray)[-1] == "96"


def test_a_stray_number_in_between_does_not_part_the_sequence() -> None:
    assert chain((1, 1.2), (2, 1.2), (2010, 0.5), (3, 1.2), (4, 1.2)) == ["1", "2", "3", "4"]


# -- containers and headings ------------------------------------------------------------------------------------------


def test_parts_and_titles_in_tetum() -> None:
    found = units(
        cut("""
        ^**PARTE I**^
        ^**PRINSÍPIU SIRA**^
        ^**Artigu 1**^
        Lampu tenke moris hosi rai-nakukun to'o loron sa'e, no nia na'in tenke haree nafatin.
        ^**PARTE II**^
        ^**DIREITU SIRA**^
        ^**TÍTULU I**^
        ^**JERÁL**^
        ^**Artigu 2**^
        Ema hotu bele hakbesik ba lampu ne'e iha kalan no iha loron, la ho selu buat ida.
        ^**Artigu 3**^
        Remata.
        """)
    )
    assert [unit.eid for unit in found] == ["part_I__art_1", "part_II__title_I__art_2", "part_II__title_I__art_3"]
    assert found[0].text.startswith("Lampu tenke moris")
    assert "PARTE" not in found[0].text
    assert found[1].path == ("PARTE II DIREITU SIRA", "TÍTULU I JERÁL")


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("^หมวด ๔^\n^สำนักงาน^\n    มาตรา ๑ ก.\n    มาตรา ๒ ข.\n    มาตรา ๓ ค.", "หมวด ๔ สำนักงาน"),
        ("^ជំពូកទី ១០^\n^ស្ថាប័ន^\nមាត្រា ១\nក។\nមាត្រា ២\nខ។\nមាត្រា ៣\nគ។", "ជំពូកទី ១០ ស្ថាប័ន"),
        ("^အခန်း (၁)^\n^အမည်^\n၁။ က။\n၂။ ခ။\n၃။ ဂ။", "အခန်း (၁) အမည်"),
    ],
)
def test_number_and_name_of_a_container_stay_apart_in_scripts_without_spaces(text: str, title: str) -> None:
    assert units(cut(text))[0].path == (title,)


def test_run_in_headings_longer_than_a_line() -> None:
    texts = [
        f"**SEK. {n}. Mga Pangkalahatang Prinsipyo sa Pag-iingat ng Lampara**\n"
        f"at ng Langis ng Bahay-{name}. – Dapat panatilihing may sindi ang lampara.\nHindi ito dapat patayin sa gabi."
        for n, name in ((1, "Bayan"), (2, "Lungsod"), (3, "Nayon"))
    ]
    found = units(cut("\n".join([*texts, "SEK. 4. Bisa. – Magkakabisa ito agad at mananatili hanggang sa bawiin."])))
    assert [unit.heading.split()[-1] for unit in found] == ["Bahay-Bayan", "Bahay-Lungsod", "Bahay-Nayon", "Bisa"]
    assert found[0].text == "Dapat panatilihing may sindi ang lampara. Hindi ito dapat patayin sa gabi."


# -- pages ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wide_size", [9.5, 11.0])
def test_marginal_notes_beside_a_text_narrower_than_the_title(wide_size: float) -> None:
    pages = []
    for number in (1, 2):
        lines = []
        if number == 1:
            box = "This box is as wide as the page and says nothing of the law about lamps and their keepers at all."
            lines = [line(box[: int(880 / wide_size)], 60 + 12 * i, 70, page=1, size=wide_size) for i in range(3)]
        for k in range(3):
            y, unit = 130 + 100 * k, 3 * number - 2 + k
            told = "abcdef"[unit - 1] * 9
            texts = (
                f"{unit}. The keeper of the {told} must see that {told} burns",
                f"{told} {KEEPER[:44]}",
                f"{told} ends.",
            )
            lines += [line(text, y + 14 * i, 180, page=number) for i, text in enumerate(texts)]
            lines.append(line(f"Duty {'abcdef'[unit - 1] * 4}", y + 2, 70, page=number, size=8))
        pages.append(page(number, *lines))
    found = lay_out(pages)
    made = segment(found.flows[0], found.notes, vote(found.flows[0], found.notes), Counter())
    assert [(u.number, u.heading) for u in units(made)] == [
        (str(n), f"Duty {'abcdef'[n - 1] * 4}") for n in range(1, 7)
    ]  # fmt: skip


def filler(number: int, first: int, count: int = 20) -> list:
    tell = "abcdefghijklmnopqrstuvwxyz"
    return [
        line(
            f"Row {tell[i]} of page {tell[number]} on lamps, their keepers and the long night",
            first + 15 * i,
            page=number,
        )
        for i in range(count)
    ]


def test_a_heading_that_opens_two_pages_is_no_running_head() -> None:
    opening = [line("Part Two on keepers", 72, 200, page=2), line("Accuracy of lamps", 87, 210, page=2)]
    again = [line("Part Two on keepers", 72, 200, page=4), line("Accuracy of lamps", 87, 210, page=4)]
    pages = [
        page(1, *filler(1, 72)), page(2, *opening, *filler(2, 102)), page(3, *filler(3, 72)),
        page(4, *again, *filler(4, 102)), page(5, *filler(5, 72)),
    ]  # fmt: skip
    assert laid_out(*pages).count("Accuracy of lamps") == 2


def test_a_running_head_of_two_pages_in_the_margin_is_set_aside() -> None:
    heads = {n: [line("Lamps Act of the Land", 30, 200, page=n)] if n in (2, 4) else [] for n in range(1, 6)}
    pages = [page(n, *heads[n], *filler(n, 72)) for n in heads]
    assert "Lamps Act of the Land" not in laid_out(*pages)


@pytest.mark.parametrize("mark", ["၃။", "၃", "3"])
def test_the_number_of_a_section_on_the_last_line_of_a_page_is_no_page_number(mark: str) -> None:
    pages = [page(n, *filler(n, 100), line(str(n), 800, 290, page=n)) for n in range(1, 6)]
    pages[2] = page(3, *pages[2].lines, line(mark, 740, page=3))
    found = running_lines(pages)
    assert sorted(x.text for x in found) == ["1", "2", "3", "4", "5"]
    assert all(x.y0 == 800 for x in found)


# -- words ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second", "elsewhere", "mended"),
    [
        ("among them non-", "governmental ones", "", "among them non-governmental ones"),
        ("a self\u00ad", "governing body", "", "a self-governing body"),
        ("they co-", "operate", "", "they co-operate"),
        ("they co-", "operate", "cooperate", "they cooperate"),
        ("the infor-", "mation is", "", "the information is"),
        ("a third-", "party lamp", "third third-country", "a third-party lamp"),
        ("o lume presume-", "se aceso", "", "o lume presume-se aceso"),
        ("cabe fazê-", "lo já", "", "cabe fazê-lo já"),
        ("o capítu-", "lo do livro", "", "o capítulo do livro"),
        ("a hipóte-", "se do livro", "", "a hipótese do livro"),
        ("tiap institusi-", "institusi itu", "", "tiap institusi-institusi itu"),
        ("ang pag-", "unlad ng bayan", "", "ang pag-unlad ng bayan"),
    ],
)
def test_hyphens_at_the_end_of_a_line(first: str, second: str, elsewhere: str, mended: str) -> None:
    assert mend([first, second], Counter(elsewhere.split())) == mended


def test_a_reference_broken_behind_a_joining_word_opens_no_paragraph() -> None:
    made = rows("""
            (๑) จุดโคมทุกคืนตามที่กำหนดไว้ในกฎกระทรวงว่าด้วยโคมไฟและผู้ดูแลโคม
        ตามมาตรา ๒๔ (๑) หรือ
        (๔) หรือมาตรา ๒๖
            (๒) ดับโคม
            (๓) เติมน้ำมัน
    """)
    edge = made[1].line.x1
    widened = [Row(row.line, 120.0, edge if row is made[1] else row.line.x1 + 60, 0.2) for row in made]
    found = [paragraph.text for paragraph in paragraphs("", None, widened, Counter())]
    assert [text[:3] for text in found] == ["(๑)", "(๒)", "(๓)"]


def test_khmer_items_begin_behind_a_full_stop() -> None:
    made = rows("១. ចង្កៀងត្រូវតែភ្លឺ។\n២. អ្នកថែទាំត្រូវតែនៅ។")
    full = [Row(row.line, 72.0, row.line.x1, 0.2) for row in made]
    assert len(paragraphs("", None, full, Counter())) == 2


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


# -- found in bulk: laws of the region set in several layouts ---------------------------------------------------------


def test_a_mark_of_amendment_that_often_ends_a_page_is_no_running_foot() -> None:
    pages = []
    for n in range(1, 7):
        lines = filler(n, 72, 26)
        lines[5] = line(f"[Act {n} of 2041]", lines[5].y0, 400, page=n)
        lines[12] = line(f"[Act {n + 1} of 2041]", lines[12].y0, 400, page=n)
        if n % 2:
            lines[-1] = line(f"[Act {n + 2} of 2041]", lines[-1].y0, 400, page=n)
        pages.append(page(n, *lines))
    assert sum(text.startswith("[Act") for text in laid_out(*pages)) == 15


def test_a_reference_to_a_part_at_the_start_of_a_line_is_no_heading() -> None:
    found = by_number("""
        **Article 1. Lamps**
        A keeper must burn no oil but that which the Office has found to be clean under
        Part 2.
        (2) The oil must be kept in a tin.
        **Article 2. Wicks**
        A wick must be trimmed.
        **Article 3. Glass**
        Glass must be clear.
    """)
    assert found["1"].text.endswith("(2) The oil must be kept in a tin.")
    assert found["2"].path == ()


def test_a_range_of_thai_sections_at_the_start_of_a_line_is_no_heading() -> None:
    found = units(
        cut("""
            มาตรา ๑ ผู้ดูแลต้องจุดโคมตามที่กำหนดไว้ใน
            มาตรา ๓๐ ถึงมาตรา ๓๒ แห่งกฎหมายเก่า
            มาตรา ๒ ผู้ดูแลต้องเติมน้ำมันทุกคืน
            มาตรา ๓ ผู้ใดดับโคมต้องระวางโทษปรับ
            มาตรา ๓๓ แห่งกฎหมายเก่าให้ยกเลิก
        """)
    )
    assert [unit.number for unit in found] == ["๑", "๒", "๓"]


def test_a_section_whose_first_word_was_misread_is_found_by_its_missing_number() -> None:
    found = by_number("""
        **Lamps**
        1. This Act is on lamps and on all who keep them through the night.
        **Oil**
        2. iinless the keeper says otherwise, oil must be kept in tins.
        **Wicks**
        3. Wicks must be trimmed every day as the Office says in section
        2. of its rules.
        **Glass**
        4. Glass must be wiped.
    """)
    assert list(found) == ["1", "2", "3", "4"]
    assert (found["2"].heading, found["2"].text[:7]) == ("Oil", "iinless")


def test_a_first_label_that_was_misread_is_a_part() -> None:
    text = "(l) A keeper must light the lamp.\n(2) The lamp must burn until dawn."
    unit = by_number(f"1. {text}\n2. Oil must be clean.\n3. Glass must be clear.")["1"]
    assert [division.number for division in unit.divisions] == ["1", "2"]


def test_the_text_of_repealed_sections_is_not_their_range() -> None:
    found = by_number("1. Lamps burn.\n2. to 4. [Repealed by Act 9 of 2041]\n5. Oil burns.\n6. Glass breaks.")
    assert [found[n].text for n in "234"] == ["[Repealed by Act 9 of 2041]"] * 3


@pytest.mark.parametrize(
    ("told", "size", "foot", "kept"),
    [
        ("as the Rules on Oil ( 7 ) say", 8, [("( 7)", 0, 0), ("Lamp Office, Rules on Oil.", 0.4, 28)], []),
        ("as the Rules on Oil (7) say", 10.1, [("(7) Lamp Office, Rules on Oil.", 0, 0), ("And more.", 12, 8)], []),
        ("as the Rules on Oil,7 say", 10, [("_______", 0, 0), ("7 Rules on Oil.", 12, 0)], []),
        ("as the Rules on Oil* say", 10, [("* Rules on Oil.", 0, 0)], []),
        ("as the Rules on Oil say", 8, [("(7) Lamp Office, Rules on Oil.", 0, 0)], ["(7) Lamp Office, Rules on Oil."]),
        ("(7) as the Rules on Oil say", 8, [("(7) Oil is dear.", 0, 0)], ["(7) Oil is dear."]),
        ("as the Rules on Oil 17 say", 8, [("7 tins of oil.", 0, 0)], ["7 tins of oil."]),
        ("as the Rules on Oil (7) say", 11, [("(7) Oil is dear.", 0, 0)], ["(7) Oil is dear."]),
    ],
)
def test_footnotes_are_in_smaller_type_and_the_text_refers_to_them(
    told: str, size: float, foot: list[tuple[str, float, float]], kept: list[str]
) -> None:
    notes = [line(text, 700 + down, 72 + right, size=size) for text, down, right in foot]
    found = lay_out([page(1, *filler(1, 72), line(told, 500), *notes), page(2, *filler(2, 72))])
    assert [row.text for row in found.flows[0] if row.line.y0 >= 700] == kept
    assert len(found.furniture["footnote"]) == (0 if kept else len(foot))


@pytest.mark.parametrize("left", [True, False])
def test_footnotes_of_two_columns_stand_at_the_foot_of_each(left: bool) -> None:
    def sheet(n: int, *notes: Line) -> Page:
        short = 4 if notes else 0  # the column with the note has fewer lines of text
        columns = ((72.0, short if left else 0), (312.0, 0 if left else short))
        told = (
            "The keeper of a lamp must see that",
            "it burns from dusk until the sun",
            "has risen as the Rules (1) say,",
        )
        return page(
            n,
            *(
                line(f"{chr(97 + i)}{n * 'lr'[x > 72]} {told[i % 3]}", 80 + 18 * i, x, page=n)
                for x, less in columns
                for i in range(26 - less)
            ),
            *notes,
        )

    x = 72.0 if left else 312.0
    notes = [line("1 Rules on Oil of the Lamp Office,", 500, x, size=8), line("which are dear.", 512, x, size=8)]
    found = lay_out([sheet(1, *notes), sheet(2), sheet(3)])
    assert found.kind == "columns"
    assert found.furniture["footnote"] == tuple(notes)
    assert not {"which are dear."} & {row.text for row in found.flows[0]}


def test_a_footnote_goes_on_on_the_next_page_below_its_text() -> None:
    first = page(1, *filler(1, 72), line("as the Rules (1) say", 500), line("(1) See the Rules on", 700, size=8))
    second = page(2, *filler(2, 72, 9), line("Oil, which are dear.", 700, page=2, size=8))
    third = page(3, *filler(3, 72, 9), line("Small print, but law.", 700, page=3, size=8))
    found = laid_out(first, second, third)
    assert "Small print, but law." in found
    assert not [text for text in found if "on" in text.split()[-1:] or text.startswith("Oil")]


def test_a_page_in_small_type_has_no_footnotes() -> None:
    small = [line(f"({n}) tins of oil, as (1) says", 72 + 15 * n, page=3, size=8) for n in range(1, 9)]
    found = laid_out(page(1, *filler(1, 72)), page(2, *filler(2, 72)), page(3, *small))
    assert len([text for text in found if "tins" in text]) == 8


def test_two_labels_that_keep_step_with_the_pages_by_chance_are_no_page_numbers() -> None:
    def sheet(n: int, *labels: Line) -> Page:
        return page(n, *labels, *filler(n, 100), line(str(n), 800, 290, page=n))

    label = {n: [line(str(n - 3), 72, 60, page=n)] if n in (5, 9) else [] for n in range(1, 13)}
    found = {x.text for x in running_lines([sheet(n, *label[n]) for n in label]) if x.y0 == 72}
    assert found == set()


def test_pages_that_are_counted_anew_have_both_their_numbers() -> None:
    pages = [page(n, *filler(n, 100), line("i" * n if n < 4 else str(n - 3), 800, 290, page=n)) for n in range(1, 9)]
    assert len(running_lines(pages)) == 8


def test_letters_without_marks_are_labels_where_the_next_one_follows() -> None:
    body = (
        "1 Each Party shall, for all\nwho walk by night:\n\n    a keep lamps that\n    burn;\n\n"
        "    b keep oil in tins\n    of tin.\n\n2 a lamp is a lamp."
    )
    found = by_number(
        f"**Article 1 – Lamps**\n{body}\n**Article 2 – Oil**\na lamp burns.\n**Article 3 – End**\nIt ends."
    )
    assert [(d.number, [c.number for c in d.children]) for d in found["1"].divisions] == [("1", ["a", "b"])]
    assert found["2"].divisions == []


def test_parts_stand_above_chapters_where_the_law_sets_them_so() -> None:
    found = units(
        cut("""
        ^PART I^
        ^BEGINNINGS^
        Section 1. Title. - This is the Lamps Act of the land and of its islands.
        ^PART II^
        ^LAMPS^
        ^CHAPTER I^
        ^OIL^
        Section 2. Oil. - Oil must be clean and must be kept in tins by the keeper.
        ^CHAPTER II^
        ^WICKS^
        Section 3. Wicks. - Wicks must be trimmed by day so that they may burn by night.
        ^PART III^
        ^ENDINGS^
        Section 4. End. - This Act begins to burn at once.
        """)
    )
    assert [unit.eid for unit in found] == [
        "part_I__sec_1", "part_II__chp_I__sec_2", "part_II__chp_II__sec_3", "part_III__sec_4"
    ]  # fmt: skip


def test_what_a_part_says_before_its_first_unit_introduces_it() -> None:
    found = cut("""
        **1. Lamps for all, wherever they may walk by night**
        Towns should light their lanes, and those who keep lanes should pay for the lamps.
        **2. Clean oil in every lamp that a town may light**
        Oil should be clean, and whoever sells oil that is not should be made to drink it.
        ^**Section 2: Policies of towns**^
        V. RECOMMENDS that keepers do as follows, so that
        all may see.
        **3. Investing in the keepers of the lamps of a town**
        Keepers should be paid.
    """)
    assert [(s.kind, s.eid, s.path) for s in found.segments[2:]] == [
        ("preamble", "part_2__intro", ("Section 2: Policies of towns",)),
        ("principle", "part_2__para_3", ("Section 2: Policies of towns",)),
    ]
    assert found.segments[2].text.startswith("V. RECOMMENDS")
    assert (found.expected, found.doubled, "unassigned" in found.roles) == (3, (), False)


def test_numbers_of_the_enacting_words_are_not_those_of_the_text_that_they_adopt() -> None:
    found = cut("""
        1. Adopts the Charter of Lamps;
        2. Recommends it;
        **I. SCOPE**
        1. This Charter is on lamps and on all who keep them through the night, in towns and elsewhere.
        2. It says nothing of the moon.
        3. It may be changed by those who made it and by none besides, after a year and a day.
    """)
    assert [u.path for u in units(found)] == [("I. SCOPE",)] * 3
    assert found.segments[0].text == "1. Adopts the Charter of Lamps;\n2. Recommends it;"


def test_headings_without_numbers_are_titles_of_the_units_below_them() -> None:
    found = units(
        cut("""
        I. AIMS OF THE CHARTER
        1. Lamps should be lit for those who walk by night and know no other way.
        **Clean oil**
        2. Oil should be clean, and the oil that is not should be kept apart.
        3. Oil should be kept in tins, and the tins should be kept in the dark.
        **Care for wicks**
        4. Wicks should be trimmed by day so that they may burn well by night.
        5. Wicks should be dry.
        """)
    )
    assert [unit.path[-1] for unit in found] == [
        "I. AIMS OF THE CHARTER", "Clean oil", "Clean oil", "Care for wicks", "Care for wicks",
    ]  # fmt: skip
    assert found[0].text.endswith("no other way.")
    assert found[1].eid == "sec_I__para_2"


def test_numbers_quoted_by_an_amending_bill_are_no_clauses() -> None:
    found = units(
        cut("""
        **Short title**
        1. This Act may be cited as the Lamps (Amendment) Act 2044.
        **New sections**
        2. The principal Act is amended by inserting after section 2 the following sections:
        “**Lamps at sea**
        3. (1) A boat must carry a lamp that can be seen from the shore.
        **Lamps in mines**
        4. A mine must have a lamp at every bend, and “bend” means any turn.”.
        **Saving**
        3. Any lamp that was lit before this Act comes into force may burn on.
        **More sections**
        4. The principal Act is amended by inserting after section 30 the following section:
        “**Oil**
        31A. Oil must be clean and must be kept in a tin by the keeper.”.
        """)
    )
    assert [(unit.number, unit.heading) for unit in found] == [
        ("1", "Short title"), ("2", "New sections"), ("3", "Saving"), ("4", "More sections"),
    ]  # fmt: skip


def test_a_list_before_the_principles_is_not_their_beginning() -> None:
    found = units(
        cut("""
        The charter has two sections:
        1. Principles for keepers of lamps, and for all who walk by their light;
        2. Policies for towns.
        1.1 Lamps for all, wherever they may walk by night
        Towns should light their lanes.
        1.2 Clean oil in every lamp that a town may light
        Oil should be clean.
        2.1 Investing in the keepers of the lamps of a town
        Keepers should be paid.
        """)
    )
    assert [unit.number for unit in found] == ["1.1", "1.2", "2.1"]


@pytest.mark.parametrize(
    ("front", "eids", "third"),
    [
        (
            "THE COUNCIL OF LAMPS,\nHaving regard to the Treaty of Lamps,\nWhereas:\n(1) Lamps burn.\n"
            "(2) Oil is dear.\nIt is dearer by night.\n(3) Wicks are short.\n\nHAS ADOPTED THESE RULES:",
            ["rec_1", "rec_2", "rec_3"],
            "Wicks are short.",
        ),
        (
            "The Assembly of Keepers,\nRecalling that lamps burn,\nDeeply concerned that oil is dear,\n"
            "MINDFUL of short wicks;\n\nSpeaking of lamps is no more than that.",
            ["rec_1", "rec_2", "rec_3"],
            "MINDFUL of short wicks;",
        ),
        ("Rules of Lamps\nSpeaking of lamps,\nno more is said.", [], ""),
    ],
)
def test_recitals_are_parts_of_the_preamble(front: str, eids: list[str], third: str) -> None:
    body = "^Article 1^\nLamps shall be lit.\n^Article 2^\nOil shall be clean.\n^Article 3^\nWicks shall be dry."
    found = cut(f"{front}\n{body}")
    preamble = found.segments[0]
    assert found.family is not None
    assert [name(found.family.parts, d)[0] for d in preamble.divisions] == eids
    assert [d.text for d in preamble.divisions[2:]] == ([third] if third else [])
    assert preamble.text.split("\n")[0] in front.split("\n")


def test_quoted_articles_of_an_amending_law_need_no_gap_around_them() -> None:
    found = units(
        cut(
            """
            UNDANG-UNDANG TENTANG PERUBAHAN ATAS UNDANG-UNDANG PELITA
            ^Pasal I^
            1. Ketentuan Pasal 2 diubah sehingga berbunyi sebagai berikut:
            Pasal 2
            Penjaga wajib menyalakan pelita.
            2. Di antara Pasal 2 dan Pasal 3 disisipkan Pasal 2A, sehingga berbunyi sebagai berikut:
            Pasal 2A
            Minyak wajib bersih.
            ^Pasal II^
            Undang-Undang ini mulai berlaku pada malam hari.
            """
        )
    )
    assert [unit.number for unit in found] == ["I", "II"]
    assert [(d.shape, d.number) for d in found[0].divisions] == [("quoted", "2"), ("quoted", "2A")]
    assert found[0].divisions[1].text == "Minyak wajib bersih."


def test_a_number_between_dashes_is_a_page_number_even_below_a_stain_that_ocr_has_read() -> None:
    heads = {n: [line("J", 20, page=n)] if n == 3 else [] for n in range(1, 6)}
    pages = [page(n, *heads[n], line(f"-{n}-", 40, 280, page=n), *filler(n, 72)) for n in heads]
    assert [text for text in laid_out(*pages) if text.startswith(("-", "J"))] == ["J"]


def test_the_long_lines_of_a_centred_heading_belong_to_it() -> None:
    long = "Lamps to be lit by the keepers of the town and by those whom the keepers name now"
    body = "A keeper must see that it burns from dusk\nuntil the sun has risen over the town.\n" + KEEPER
    found = units(cut("\n".join(f"^**{long}**^\n^**and then {n}**^\n{n}. {body}" for n in (1, 2, 3))))
    assert [unit.heading for unit in found] == [f"{long} and then {n}" for n in (1, 2, 3)]


def test_the_name_of_a_part_is_no_heading_of_the_unit_below_it() -> None:
    found = units(
        cut("""
        ^**PART 1**^
        ^**Keepers of lamps**^

        ^**Duty to light**^
        1. A keeper must see that the lamp burns from dusk until the sun has risen.
        ^**Oil**^
        2. Oil must be clean.
        ^**PART 2**^
        ^**Closing matters**^

        ^**Penalty for those who**^
        ^**let a lamp go out**^
        3. A keeper who fails is liable to a fine that the Office may set from year to year.
        """)
    )
    assert [(unit.path, unit.heading) for unit in found] == [
        (("PART 1 Keepers of lamps",), "Duty to light"),
        (("PART 1 Keepers of lamps",), "Oil"),
        (("PART 2 Closing matters",), "Penalty for those who let a lamp go out"),
    ]


def test_headings_that_ocr_misread_have_the_numbers_that_are_missing_between_their_neighbours() -> None:
    made = rows("""
        ມາດຕາ 1
        ໂຄມໄຟຕ້ອງຈູດຕະຫຼອດຄືນ.
        ມາດຕາ 2
        ນ້ຳມັນຕ້ອງສະອາດ.
        ມາດຕາ 7
        ໄສ້ຕະກຽງຕ້ອງແຫ້ງ.
        ມາດຕາ 4
        ຜູ້ດູແລຕ້ອງເຝົ້າ.
        ມາດຕາ 5
        ຜູ້ລະເມີດຖືກປັບໃໝ.
    """)
    scanned = [replace(row, line=replace(row.line, confidence=0.8)) for row in made]
    found = segment(scanned, (), vote(scanned), Counter())
    assert [(unit.number, unit.text[:4]) for unit in units(found)] == [
        ("1", "ໂຄມໄ"), ("2", "ນ້ຳມ"), ("3", "ໄສ້ຕ"), ("4", "ຜູ້ດ"), ("5", "ຜູ້ລ"),
    ]  # fmt: skip


MARKED = """
    **Lamps**
    1.—(1) A keeper must light the lamp at dusk and must
    see that it burns —
        (a) all night; and
        (b) by day in fog.
                                                        [4/2041]
    (2) A broken lamp is no lamp under the Lamps Act
    [Act 125] of the land.
                                                        [Act 9 of 2041 wef 31/08/2041]
    **Oil**
    2. Oil must be clean.
                                                        [6/2041; S 7/2042]
    But not too clean, for
    all oil is dear.
    **Glass**
    3. Glass must be clear.
"""


def test_marks_of_amendment_have_a_role_of_their_own_and_are_in_no_part() -> None:
    found = cut(MARKED)
    first, second, _ = units(found)
    marks = [row.text for row, role in zip(found.flow, found.roles, strict=True) if role == "amendment"]
    assert marks == ["[4/2041]", "[Act 9 of 2041 wef 31/08/2041]", "[6/2041; S 7/2042]"]
    assert first.divisions[0].text.endswith("(b) by day in fog.")
    assert first.divisions[0].children[1].text == "by day in fog."
    assert first.divisions[1].text == "A broken lamp is no lamp under the Lamps Act [Act 125] of the land."
    # In the text of the section they are lines by themselves, as printed.
    assert [line for line in (first.text + "\n" + second.text).split("\n") if line in marks] == marks
    assert second.text.split("\n")[-1] == "But not too clean, for all oil is dear."


def test_marks_of_amendment_in_the_margin_are_no_headings() -> None:
    pages = []
    for n in (1, 2):
        lines = []
        for k, mark in enumerate(("Ins. Act A17", "Lamp duty", "Am. Act A19")):
            unit = 3 * (n - 1) + k + 1
            y = 60 + 40 * n + 90 * k
            lines += [line(f"{unit}. {KEEPER} {'abcdef'[unit - 1] * 5}"[:70], y, 180, page=n)]
            lines += [line(text, y + 14 * (i + 1), 180, page=n) for i, text in enumerate((KEEPER[:60], "and so on."))]
            lines += [line(mark, y + 2, 70, page=n, size=8)]
        pages.append(page(n, *lines))
    found = lay_out(pages)
    assert [x.text for x in found.furniture["amendment"]] == ["Ins. Act A17", "Am. Act A19"] * 2
    assert [note.text for note in found.notes] == ["Lamp duty"] * 2


def test_numbers_of_quoted_articles_that_ocr_has_split_are_read_as_one() -> None:
    found = units(
        cut("""
        UNDANG-UNDANG TENTANG PERUBAHAN ATAS UNDANG-UNDANG PELITA
        ^Pasal I^
        1. Ketentuan Pasal 9 diubah sehingga berbunyi sebagai berikut:
        Pasal 9
        Penjaga wajib menyalakan pelita.
        2. Ketentuan Pasal 43 diubah sehingga berbunyi sebagai berikut:
        Pasal 4 3
        Minyak wajib bersih.
        3. Di antara Pasal 43 dan Pasal 44 disisipkan Pasal 43A, sehingga berbunyi sebagai berikut:
        Pasal 4 3 A
        Sumbu wajib kering.
        ^Pasal II^
        Undang-Undang ini mulai berlaku pada malam hari.
        """)
    )
    assert [(d.shape, d.number) for d in found[0].divisions] == [("quoted", "9"), ("quoted", "43"), ("quoted", "43A")]
    assert [d.text.split("\n")[0] for d in found[0].divisions[1:]] == ["Minyak wajib bersih.", "Sumbu wajib kering."]


def test_the_reasons_of_an_indonesian_law_are_recitals() -> None:
    found = cut("""
        ^UNDANG-UNDANG TENTANG PELITA^
        Menimbang : a. bahwa pelita perlu menyala sepanjang malam;
            b. bahwa minyak pelita perlu bersih;
            c. bahwa berdasarkan pertimbangan sebagaimana dimaksud dalam huruf a dan huruf b perlu
            membentuk Undang-Undang tentang Pelita;

        Mengingat : Pasal 5 Undang-Undang Dasar;
        ^Pasal 1^
        Pelita wajib menyala.
        ^Pasal 2^
        Minyak wajib bersih.
        ^Pasal 3^
        Undang-Undang ini mulai berlaku.
    """)
    assert found.family is not None
    told = found.segments[0].divisions
    assert [name(found.family.parts, d) for d in told] == [(f"rec_{n}", "recital", f" recital {n}") for n in "abc"]
    assert told[0].text == "bahwa pelita perlu menyala sepanjang malam;"
    assert told[2].text.endswith("membentuk Undang-Undang tentang Pelita;")


@pytest.mark.parametrize(("first", "inserted"), [("56", "56A"), ("7", "7BA")])
def test_numbers_inserted_among_numbered_paragraphs(first: str, inserted: str) -> None:
    before = "\n".join(f"{n}. Lamp {n} is to burn all night, and its keeper to watch it." for n in range(1, int(first)))
    found = units(
        cut(
            f"""
        {before}
        {first}. The keeper is to trim the wick of every lamp by day.
        {inserted}. The keeper is to trim it by night as well, if need be.
        {int(first) + 1}. No keeper is to sleep before the sun has risen.
        """.replace("        ", "")
        )
    )
    assert [(u.number, u.eid) for u in found][-3:] == [(n, f"para_{n}") for n in (first, inserted, str(int(first) + 1))]


def test_repealed_thai_sections_stay_in_their_place() -> None:
    found = cut("""
        มาตรา ๑ ผู้ดูแลต้องจุดโคมให้สว่างตลอดคืน
        มาตรา ๒ (ยกเลิก)
        มาตรา ๓ [ยกเลิก]
        มาตรา ๔ ผู้ใดดับโคมต้องระวางโทษปรับ
        มาตรา ๕ ยกเลิก
        มาตรา ๖ ให้ยกเลิกมาตรา ๕ แห่งกฎหมายว่าด้วยโคมไฟ
    """)
    assert [(u.number, "repealed" in u.flags) for u in units(found)] == [
        ("๑", False), ("๒", True), ("๓", True), ("๔", False), ("๕", True), ("๖", False),
    ]  # fmt: skip
    assert found.missing == ()


def test_two_readings_of_a_line_do_not_hide_the_line_before() -> None:
    # Both lines may say 28 or 29, and the second looks more like a heading.
    ways = [(0, 27, 1.2), (1, 28, 0.6), (1, 29, 0.6), (2, 28, 1.2), (2, 29, 1.2), (3, 30, 1.2)]
    made = [Candidate(row, str(number), "", (0, number, 0), weight) for row, number, weight in ways]
    assert [(c.row, c.number) for c in best_chain(made)[1]] == [(0, "27"), (1, "28"), (2, "29"), (3, "30")]


def test_short_sections_of_an_amending_act_and_higher_numbers_after_them() -> None:
    long = "ผู้ดูแลต้องจุดโคมให้สว่างตลอดคืนและต้องเติมน้ำมันทุกคืนก่อนเที่ยงคืนโดยไม่ละเว้น " * 6
    body = "\n".join(f"    มาตรา {n} {long}" for n in "๑๒๓๔")
    found = units(cut(f"{body}\n    มาตรา ๒ ให้ใช้ทันที\n    มาตรา ๓ ให้รักษาการ\n    มาตรา ๙ โคมเดิมให้ใช้ต่อไปได้ {long}"))
    assert [(u.eid, "restart" in u.flags) for u in found] == [
        ("sec_1", False), ("sec_2", False), ("sec_3", False), ("sec_4", False),
        ("amend_1__sec_2", True), ("amend_1__sec_3", True), ("amend_1__sec_9", True),
    ]  # fmt: skip
    assert found[3].text.startswith("ผู้ดูแล")
    assert "ให้ใช้ทันที" not in found[3].text


def test_a_page_whose_lines_are_mostly_indented_has_the_edge_of_its_like() -> None:
    pages = [page(n, *filler(n, 72)) for n in (1, 2, 3, 4, 5)]
    indented = [
        line(f"Long line {c * 5} of lamps and of the long night", 90 + 15 * i, 110, page=5)
        for i, c in enumerate("abcd")
    ]
    pages[4] = page(5, line("A line at the edge", 72, page=5), *indented, line("so it ends.", 200, page=5))
    found = [row for row in lay_out(pages).flows[0] if row.line.page == 5]
    assert {round(row.left) for row in found} == {72}
    assert [round(row.indent, 1) for row in found][:2] == [0.0, 3.5]


def test_a_marginal_note_goes_on_at_the_top_of_the_next_page() -> None:
    pages = []
    for n in (1, 2):
        lines = filler(n, 72, 24) if n == 1 else filler(n, 72, 12)
        lines = [Line(x.text[:60], n, 180, x.y0, 480, x.y1, 11) for x in lines]
        pages.append(lines)
    pages[0] += [
        Line("1. The keeper of lamps must see that they burn", 1, 180, 432, 480, 443, 11),
        line("Duty of the", 433, 70, size=8), line("keepers of lamps", 443, 70, size=8),
    ]  # fmt: skip
    pages[1] += [line("and of oil", 73, 70, page=2, size=8)]
    for unit, y in ((2, 300), (3, 400)):
        pages[1] += [
            Line(f"{unit}. The keeper of oil must see that it is clean", 2, 180, y, 480, y + 11, 11),
            line(f"Oil {unit}", y + 1, 70, page=2, size=8),
        ]
    found = lay_out([page(n, *lines) for n, lines in enumerate(pages, start=1)])
    made = segment(found.flows[0], found.notes, vote(found.flows[0], found.notes), Counter())
    assert [u.heading for u in units(made)] == ["Duty of the keepers of lamps and of oil", "Oil 2", "Oil 3"]
    assert made.unplaced == ()


def test_a_quoted_insertion_that_follows_the_number_of_its_clause_is_no_clause() -> None:
    found = units(
        cut("""
        **Short title**
        1. This is the Lamps (Amendment) Act 2001, on lamps and on those who keep them.
        **New section 2A**
        2. The principal Act is amended by inserting after section 2 the following section:
        “**Oil to be clean**
        2A. Oil must be clean and must be kept in a tin by the keeper, who must see that
        no water comes to it.”.
        **Saving**
        3. Lamps that were lit before this Act comes into force may burn on.
        """)
    )
    assert [(u.number, u.heading) for u in found] == [("1", "Short title"), ("2", "New section 2A"), ("3", "Saving")]
    assert found[1].text.endswith("no water comes to it.”.")


def test_a_dash_within_a_run_in_heading_is_not_its_end() -> None:
    found = units(
        cut("""
        SEC. 1. Lamps — those that burn by day. – A keeper must put them out before noon.
        SEC. 2. Oil. – Oil must be clean — as clean as water — and must be kept in tins.
        SEC. 3. Wicks. – Wicks must be trimmed by the keeper every day of the year.
        SEC. 4. Glass – Glass must be wiped every night by the keeper and by no one else.
        """)
    )
    assert [unit.heading for unit in found] == ["Lamps — those that burn by day", "Oil", "Wicks", "Glass"]
    assert found[1].text.startswith("Oil must be clean — as")
