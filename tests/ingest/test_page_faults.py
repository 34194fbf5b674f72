"""Faults of pages, found in real laws: what runs along them, footnotes, margins; each in lines made up for it."""

from __future__ import annotations

from collections import Counter

import pytest
from pages import KEEPER, laid_out, line, page, units

from ingest.furniture import running_lines
from ingest.layout import lay_out
from ingest.page import Line, Page
from ingest.segmentation import segment
from ingest.voting import vote


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


def test_a_number_between_dashes_is_a_page_number_even_below_a_stain_that_ocr_has_read() -> None:
    heads = {n: [line("J", 20, page=n)] if n == 3 else [] for n in range(1, 6)}
    pages = [page(n, *heads[n], line(f"-{n}-", 40, 280, page=n), *filler(n, 72)) for n in heads]
    assert [text for text in laid_out(*pages) if text.startswith(("-", "J"))] == ["J"]


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
