"""What explains a law, apart from it and by the units that it explains: an elucidation, the statement of a bill."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from ingest.numbering import Family, readings, value
from ingest.page import Row
from ingest.paragraph import ended, running_text
from ingest.segment import Segment, eid_number, stops
from ingest.sequence import Candidate, best_chain
from ingest.voting import Style, candidates

#: A heading of a unit that stands above its explanation has little beside it.
_ALONE = 40


def explanations(rows: Sequence[Row], family: Family, style: Style, words: Counter[str], count: int) -> list[Segment]:
    """Rows that explain a law, the first of which is their heading, cut into what they say in general and of each unit.

    ``count`` says the how many-th heading it is, from 1; what stands behind the first goes by its own name
    ("Financial implications").
    """
    told = family.explained
    assert told is not None, f"{family.id}: how are explanations called?"
    chain = best_chain(_units(rows, family, style, told.pattern), strict=False)[1]
    bounds = [c.row for c in chain]
    segments = []
    general = list(rows[: bounds[0]] if bounds else rows)
    if general:
        label = told.general if count == 1 else rows[0].text.strip().capitalize()
        eid = "explanation" if count == 1 else f"explanation__part_{count}"
        segments.append(Segment("explanation", label, label, eid, "", running_text("", general, words), (), general))
    for c, stop in zip(chain, stops(bounds, len(rows)), strict=True):
        part = list(rows[c.row : stop])
        text = running_text(c.rest, part[1:], words)
        label, eid = told.label.format(n=c.number), f"explanation_{eid_number(c.number)}"
        segments.append(Segment("explanation", label, label, eid, "", text, (), part))
    return segments


def _units(rows: Sequence[Row], family: Family, style: Style, pattern: re.Pattern[str] | None) -> list[Candidate]:
    """Where the explanation of a unit may begin."""
    if pattern:
        # Its words are those of a sentence: they begin where another ends.
        matches = [(i, pattern.match(row.text)) for i, row in enumerate(rows) if i and ended(rows[i - 1])]
        return [Candidate(i, m["n"], rows[i].text, place) for i, m in matches if m and (place := value(m["n"]))]
    found = candidates(rows, family, style)
    if family.inner is not None:
        found = inner_headings(family, [row.text for row in rows])
    return [c for c in found if len(c.rest) < _ALONE]


def inner_headings(family: Family, texts: Sequence[str]) -> list[Candidate]:
    """Headings of quoted units among lines of text, in every way they can be read; none where a family has none."""
    return [
        Candidate(i, number, "", place)
        for i, text in enumerate(texts)
        if family.inner and (match := family.inner.match(text.strip()))
        for number, place in readings(match["n"], misread=True)
    ]
