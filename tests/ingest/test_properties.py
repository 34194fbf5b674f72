"""What holds of segmentation whatever is read: nothing is lost, ids are unique, what is found is found again."""

from __future__ import annotations

from collections import Counter
from textwrap import wrap

from hypothesis import given, settings
from hypothesis import strategies as st
from pages import cut, rows, units

from ingest.parsing import provisions_of
from ingest.segment import Segmentation
from ingest.segmentation import segment
from ingest.voting import vote
from lawsearch.instrument import Instrument

#: Lines of laws in several numberings: headings, containers, parts, cross-references, repeals, schedules, plain text.
LINES = st.sampled_from([
    "**Short title**", "1. This Act is the Lamps Act.", "2.—(1) A keeper must", "(a) light;", "(2) trim it.",
    "3. A fine.", "3A. Another fine.", "^**PART 1**^", "^PRELIMINARY^", "Section 5 of the Act", "FIRST SCHEDULE",
    "EXPLANATORY STATEMENT", "An Act about lamps", "and more text about lamps", "4. to 6. [Repealed]", "2010.",
    "Article 1", "Article 2", "Article 3", "ARRANGEMENT OF SECTIONS", "Pasal 1", "Pasal 2", "BAB I", "KETENTUAN UMUM",
    "(1) Penjaga wajib menyalakan pelita.", "PENJELASAN", "มาตรา ๑ ผู้ดูแลต้องจุดโคม", "มาตรา ๒ ผู้ใดฝ่าฝืน", "หมวด ๑",
    "Điều 1. Thắp đèn", "Điều 2. Dập đèn", "Chương I", "SEC. 2. Duties. - The keeper shall:", "extin-", "guish them",
])  # fmt: skip
#: What becomes a provision, a title above one, or is told in the report as what it is.
ROLES = {
    "provision",
    "heading",
    "preamble",
    "schedule",
    "explanation",
    "closing",
    "container",
    "contents",
    "unassigned",
}


def letters(*texts: str) -> Counter[str]:
    """How often each letter and digit occurs."""
    return Counter(c for text in texts for c in text.casefold() if c.isalnum())


@settings(max_examples=300, deadline=None)
@given(st.lists(LINES, min_size=1, max_size=40))
def test_no_character_is_lost_and_every_id_is_unique(lines: list[str]) -> None:
    made = rows("\n".join(lines))
    found = segment(made, (), vote(made), Counter())
    assert len(found.roles) == len(made)
    assert set(found.roles) <= ROLES
    held = {id(row) for s in found.segments for row in s.rows}
    for row, role in zip(made, found.roles, strict=True):
        assert (id(row) in held) == (role not in ("container", "contents", "unassigned")), (row.text, role)
    once = [s for s in found.segments if s.rows and "repealed" not in s.flags]
    assert len({id(row) for s in once for row in s.rows}) == sum(len(s.rows) for s in once)
    for s in once:
        assert letters(*(row.text for row in s.rows)) <= letters(s.label, s.heading, s.text), s
    provisions = list(provisions_of(found, Instrument(id="/akn/xx/act/1"), "en"))
    assert len({p.eid for p in provisions}) == len(provisions)
    titles = [letters(title) for s in found.segments for title in s.path]
    for row, role in zip(made, found.roles, strict=True):
        assert role != "container" or any(letters(row.text) <= title for title in titles), row.text


# -- found again ------------------------------------------------------------------------------------------------------

WORDS = ["lamp", "oil", "wick", "light", "dusk", "dawn", "must", "shall", "trim", "clean", "town"]
#: How laws of some families print a unit, by its number, heading and paragraphs.
STYLES = {
    "section": "**{heading}**\n{number}. {first}\n{rest}",
    "article": "^**Article {number}**^\n^**{heading}**^\n{first}\n{rest}",
    "pasal": "^Pasal {number}^\n{first}\n{rest}",
    "dieu": "**Điều {number}. {heading}**\n{first}\n{rest}",
}
# A text is longer than its heading, or nothing says which of the two is set in bold.
sentences = st.lists(st.sampled_from(WORDS), min_size=16, max_size=40).map(lambda w: f"The {' '.join(w)}.")
headings = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(lambda w: " ".join(w).capitalize())


@st.composite
def laws(draw: st.DrawFn) -> tuple[str, list[tuple[str, str, list[str]]]]:
    """A style, and units of it: number, heading, paragraphs of which all but the first are numbered."""
    style = draw(st.sampled_from(sorted(STYLES)))
    units = []
    for number in range(1, draw(st.integers(3, 7)) + 1):
        heading = "" if "{heading}" not in STYLES[style] else draw(headings)
        parts = [f"({n}) {draw(sentences)}" for n in range(1, draw(st.integers(0, 3)) + 1)]
        units.append((str(number), heading, [draw(sentences), *parts]))
    return style, units


def printed(style: str, units: list[tuple[str, str, list[str]]], width: int) -> str:
    """The law as its pages have it, in lines of ``width``: they fill the page, or each would end a paragraph."""
    text = "\n".join(
        STYLES[style].format(number=number, heading=heading, first=found[0], rest="\n".join(found[1:]))
        for number, heading, found in units
    )
    # An opening, or numbers alone could be those of a guideline's paragraphs.
    opened = ("An Act to regulate lamps.\n" if style == "section" else "") + text
    lines = [line for paragraph in opened.splitlines() for line in wrap(paragraph, width)]
    return "\n".join(lines)


def told(found: Segmentation) -> list[tuple[str, str, list[str]]]:
    return [(unit.number, unit.heading, unit.text.split("\n")) for unit in units(found)]


@settings(max_examples=100, deadline=None)
@given(laws(), st.integers(80, 82), st.integers(80, 82))
def test_what_was_found_is_found_again_however_its_lines_break(law: tuple[str, list], one: int, other: int) -> None:
    style, made = law
    found = told(cut(printed(style, made, one)))
    assert found == made
    assert told(cut(printed(style, found, other))) == found
