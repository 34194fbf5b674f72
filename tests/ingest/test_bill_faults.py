"""Faults that bills and what is set like them showed in several layouts, each in a text made up for it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from pages import KEEPER, by_number, cut, laid_out, line, page, pdf, units

from ingest.extraction import read
from ingest.layout import lay_out
from ingest.page import Page

BILL = """
    ^A BILL^
    An Act to amend the Lamps Act 2001.
    **Short title**
    1. This Act may be cited as the Lamps (Amendment) Act 2044.
    **Amendment of section 9**
    2. The Lamps Act 2001 is amended in section 9 by substituting for the words “by night”
    the words “by night and in fog”.
"""


def test_a_bill_of_two_sections_is_cut() -> None:
    assert [(u.number, u.heading) for u in units(cut(BILL))] == [("1", "Short title"), ("2", "Amendment of section 9")]
    assert cut(BILL.replace("Act", "Rule").replace("A BILL", "Rules")).family is None


MALAY_BILL = """
    ^RANG UNDANG-UNDANG^
    Suatu Akta untuk meminda Akta Pelita 2001.
    **Tajuk ringkas**
    1. Akta ini bolehlah dinamakan Akta Pelita (Pindaan) 2044.
    **Pindaan seksyen 9**
    2. Akta Pelita 2001 dipinda dalam seksyen 9 dengan menggantikan perkataan “pada malam”
    dengan perkataan “pada malam dan dalam kabus”.
"""


@pytest.mark.parametrize(
    ("bill", "heading", "clause", "name"),
    [
        (BILL, "EXPLANATORY STATEMENT", "Clause", "Explanation, clause"),
        (BILL, "Explanatory Statement", "Clause", "Explanation, clause"),
        (MALAY_BILL, "HURAIAN", "Fasal", "Huraian, fasal"),
        (MALAY_BILL, "PENYATA HURAIAN", "Fasal", "Huraian, fasal"),
    ],
)
def test_what_a_bill_says_of_its_clauses_has_numbers_of_its_own(
    bill: str, heading: str, clause: str, name: str
) -> None:
    cost = "FINANCIAL IMPLICATIONS" if clause == "Clause" else "IMPLIKASI KEWANGAN"
    found = cut(f"""{bill}
    ^{heading}^
    This Bill seeks to amend the Lamps Act 2001, for the reasons that keepers have given, among them that of
    {clause} 2 of a former Bill.
    2. {clause} 1 contains the short title and says when the Act is to begin to burn, and where.
    3. {clause} 2 seeks to amend section 9 so that lamps burn in fog as well, as they do at sea.
    It also has something to say of tins.
    ^{cost}^
    The Bill will cost as much as the oil that it takes, and no more than that.
    """)
    assert [u.number for u in units(found)] == ["1", "2"]
    told = [s for s in found.segments if s.kind == "explanation"]
    assert [(s.label, s.eid) for s in told] == [
        ("Explanatory statement" if clause == "Clause" else "Huraian", "explanation"),
        (f"{name} 1", "explanation_1"),
        (f"{name} 2", "explanation_2"),
        (cost.capitalize(), "explanation__part_2"),
    ]
    starts = (f"{heading}", f"2. {clause} 1 contains", f"3. {clause} 2 seeks", cost)
    assert all(s.text.startswith(start) for s, start in zip(told, starts, strict=True))
    assert told[2].text.endswith("something to say of tins.")


def test_a_contents_list_is_not_the_law_however_many_lines_look_like_its_entries() -> None:
    names = ("Short title", "Oil", "Wicks", "Glass", "Tins", "Keepers", "Fines", "Saving")
    entries = "\n".join(f"{n}. {name} {'.' * 60} {n}" for n, name in enumerate(names, 1))
    body = "\n".join(f"**{name}**\n{n}. {name} must be kept.\nAnd so on." for n, name in enumerate(names, 1))
    schedule = "\n".join(f"{n}. A lamp of the kind {n}, of tin" for n in range(1, 9))
    listed = f"^ARRANGEMENT OF SECTIONS^\n{entries}\n^LAMPS ACT^\nAn Act on lamps.\n"
    found = cut(f"{listed}{body}\n^**SCHEDULE**^\n{schedule}")
    assert found.contents == tuple("12345678")
    assert [(u.heading, u.text) for u in units(found)] == [(name, f"{name} must be kept. And so on.") for name in names]


def test_the_numbers_of_a_schedule_do_not_make_a_contents_list_of_the_sections() -> None:
    body = "\n".join(f"**Lamp {n}**\n{n}. {KEEPER}\nAnd so on, by day." for n in range(1, 6))
    listed = "^ARRANGEMENT OF SECTIONS^\nLamps and their keepers\n^LAMPS ACT^\nAn Act on lamps.\n"
    found = cut(f"{listed}{body}\n^**SCHEDULE**^\n1. A lamp of tin\n2. A lamp of glass\n3. A lamp of brass")
    assert [u.heading for u in units(found)] == [f"Lamp {n}" for n in range(1, 6)]


def test_what_stands_beside_the_page_number_as_a_running_head_does_is_one() -> None:
    def leaf(number: int, head: str, where: float) -> Page:
        body = [line("abc"[number - 1] * (40 + 3 * k), 90 + 15 * k, page=number) for k in range(9)]
        return page(number, line(str(number), 50, where, page=number), line(head, 50, 230, page=number), *body)

    lamps = "Keepers of Lamps (Amendment)"
    pages = [leaf(1, lamps, 500), leaf(2, "A Bill for the land", 72), leaf(3, lamps, 500)]
    assert {x.text for x in lay_out(pages).furniture["running"]} == {"1", "2", "3", lamps, "A Bill for the land"}
    lower = replace(pages[1], lines=tuple(replace(x, y0=x.y0 + 4, y1=x.y1 + 4) for x in pages[1].lines))
    assert "A Bill for the land" in laid_out(pages[0], lower, pages[2])


def test_a_page_with_a_single_note_on_the_other_side_has_notes() -> None:
    def leaf(number: int, *notes: str) -> Page:
        odd = number % 2
        lines = []
        for k in range(4):
            y = 90 + 60 * k
            word = "abcdefghijkl"[4 * number + k - 4] * 5
            lines += [line(f"{4 * number + k}. {word * 10}", y, 140 - 40 * odd, page=number, size=10)]
            lines += [line(f"and so {word}", y + 14, 140 - 40 * odd, page=number, size=10)]
            lines += [line(text, y + 2, 500 if odd else 60, page=number, size=7) for text in notes[k : k + 1]]
        return page(number, *lines)

    found = lay_out([leaf(1, "Oil", "Wicks"), leaf(2, "Lamp duty"), leaf(3, "Glass", "Tins")])
    assert [note.text for note in found.notes] == ["Oil", "Wicks", "Lamp duty", "Glass", "Tins"]


@pytest.mark.parametrize("last", ["75A", "(Duty on Lamps) 1967", "UN"])
def test_the_last_line_of_a_heading_may_open_with_a_bracket_or_be_short(last: str) -> None:
    long = "Lamps that keepers are to light and to watch as said in"
    found = by_number("\n".join(f"**{long}**\n**{last}**\n{n}. {KEEPER}\nAnd so on." for n in (1, 2, 3)))
    assert [unit.heading for unit in found.values()] == [f"{long} {last}"] * 3
    assert found["1"].text.endswith("And so on.")


def test_columns_of_a_single_page_in_one_language_are_one_flow() -> None:
    texts = [
        line(f"if the {noun * 2} and the {noun * 3} burn too", 90 + 15 * k, x)
        for x, nouns in ((72, "abcdefghijkl"), (320, "mnopqrstuvwx"))
        for k, noun in enumerate(nouns)
    ]
    assert lay_out([page(1, *texts)]).kind == "columns"


def test_a_heading_that_often_opens_a_page_is_no_running_head() -> None:
    def leaf(number: int) -> Page:
        around = [(70 + 15 * k + 200 * half, 40 + 3 * k) for half in (0, 1) for k in range(8)]
        body = [line("abcd"[number - 1] * width, y, page=number) for y, width in around]
        within = [line(f"**Amendment of section {k + 1}**", 200 + 9 * number + 13 * k, page=number) for k in range(3)]
        return page(number, line(f"**Amendment of section {number}4**", 50, page=number), *body, *within)

    assert lay_out([leaf(n) for n in (1, 2, 3, 4)]).furniture["running"] == ()


def test_a_contents_list_is_known_by_its_dots_where_it_has_no_title() -> None:
    names = ("Short title", "Oil", "Wicks", "Glass")
    entries = "\n".join(f"{n}. {name} {'.' * 60} {n}" for n, name in enumerate(names, 1))
    body = "\n".join(f"**{name}**\n{n}. {name} must be kept.\nAnd so on." for n, name in enumerate(names, 1))
    schedule = "\n".join(f"{n}. A lamp of the kind {n}, of tin" for n in range(1, 4))
    found = cut(f"An Act on lamps.\n{entries}\n^LAMPS ACT^\n{body}\n^**SCHEDULE**^\n{schedule}")
    assert [u.text for u in units(found)] == [f"{name} must be kept. And so on." for name in names]


def test_what_a_regulation_refers_to_is_numbered_and_is_not_its_articles() -> None:
    laws = "\n".join(f"{n}. Undang-Undang Nomor {n} Tahun 20{n + 10} tentang Pelita dan Minyak" for n in range(1, 13))
    articles = "\n".join(f"^Pasal {n}^\nPenjaga ke-{n} wajib menyalakan pelita." for n in range(1, 5))
    found = cut(f"PERATURAN MENTERI TENTANG PELITA\nMengingat :\n{laws}\nMEMUTUSKAN :\n{articles}")
    assert [u.label for u in units(found)] == [f"Pasal {n}" for n in range(1, 5)]


def test_a_marginal_note_close_beside_the_text_is_a_line_of_its_own(tmp_path: Path) -> None:
    # The note ends 9.7 points before the text: less than the widest gap within a line, but the type changes.
    path = tmp_path / "note.pdf"
    path.write_bytes(pdf([[(72, 90, "Oil", 8), (91.5, 90, "1. Oil must be clean."), (91.5, 120, "And dry.")]]))
    assert [x.text for x in read(path).pages[0].lines] == ["Oil", "1. Oil must be clean.", "And dry."]


def test_numbers_of_another_tradition_do_not_go_on_into_the_statement_of_a_bill() -> None:
    clauses = "\n".join(f"{n}. Seksyen {n} Akta Pelita dipinda dengan memotong perkataan “malam”." for n in range(1, 4))
    told = "\n".join(f"{n}. Fasal {n} bertujuan untuk meminda seksyen {n}, kerana pelita." for n in range(1, 26))
    bill = f"^RANG UNDANG-UNDANG^\nSuatu Akta untuk meminda Akta Pelita 2001.\n{clauses}\n^HURAIAN^\n{told}"
    assert [unit.label for unit in units(cut(bill))] == ["Seksyen 1", "Seksyen 2", "Seksyen 3"]
