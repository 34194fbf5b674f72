"""What segmentation yields: segments and their tally; and the small rules that make them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ingest.layout import Note
from ingest.numbering import Family, repealed, value
from ingest.page import Line, Row
from ingest.paragraph import mend
from ingest.subdivision import Division
from lawsearch.text import slug


@dataclass(slots=True)
class Segment:
    """A stretch of text that stands on its own: a unit, a schedule, an explanation, the front matter.

    ``number`` as printed; ``heading`` and ``text`` mended; ``path`` the container titles above it, outermost first,
    with ``prefixes`` their AKN names (``part_6A``); ``rows`` all its rows, heading and number line included.
    """

    kind: str
    number: str
    label: str
    eid: str
    heading: str = ""
    text: str = ""
    path: tuple[str, ...] = ()
    rows: list[Row] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    flags: tuple[str, ...] = ()
    divisions: list[Division] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Segmentation:
    """A flow cut up: segments in the order of the text, the role of each row, and what the sequence lacked."""

    flow: tuple[Row, ...]
    family: Family | None
    segments: tuple[Segment, ...]
    roles: tuple[str, ...]
    expected: int
    missing: tuple[str, ...]
    doubled: tuple[str, ...]
    contents: tuple[str, ...]
    unplaced: tuple[Note, ...] = ()


def split_note(note: Note, heights: set[tuple[int, int]]) -> list[Note]:
    """A note, or the notes that stand so close that they were taken for one: a new one beside each unit."""
    groups: list[list[Line]] = [[note.lines[0]]]
    for line in note.lines[1:]:
        # Notes are set smaller: their first baseline is level with that of the unit, or nearly.
        if any((line.page, round(line.y1) + d) in heights for d in (-1, 0, 1, 2)):
            groups.append([])
        groups[-1].append(line)
    if len(groups) == 1:
        return [note]
    return [Note(mend([line.text for line in group]), tuple(group)) for group in groups]


def expanded(unit: Segment, family: Family) -> list[Segment]:
    """A unit; or, where a repealed range stands in its place, one marked unit a number."""
    match = repealed().fullmatch(unit.text.strip())
    if not match:
        return [unit]
    unit.flags = (*unit.flags, "repealed")
    if match["last"]:
        unit.text = unit.text[unit.text.index(match["last"]) + len(match["last"]) :].lstrip(". ")
    unit.heading = unit.heading or f"({match['word']})"
    first, last = value(unit.number), value(match["last"] or unit.number)
    numbers = range(first[1] + 1, last[1] + 1) if first and last else range(0)
    stem = unit.eid.removesuffix(eid_number(unit.number))
    more = [
        replace(unit, number=str(n), label=family.label.format(n=n), eid=f"{stem}{n}", divisions=[]) for n in numbers
    ]
    return [unit, *more]


def stops(starts: Sequence[int], end: int) -> list[int]:
    """Where each of the stretches that begin at ``starts`` ends."""
    return [*starts[1:], end] if starts else []


def eid_number(number: str) -> str:
    """A number as part of an eId: ``26D``, ``๓๗`` -> ``37``, ``5 ทวิ`` -> ``5-2``, ``第三`` -> ``3``."""
    place = value(number)
    if place is None:
        return slug(number) or "n"
    if re.fullmatch(r"\d+[A-Za-z]{1,3}", number):
        return number
    if re.fullmatch(r"[IVXLCDM]+", number):
        return number
    major, minor, insertion = place
    return "-".join(str(n) for n in (major, minor, insertion) if n) or "0"


def missing_numbers(numbers: Sequence[str]) -> list[str]:
    """Whole numbers that the sequence passes over."""
    places = [place for number in numbers if (place := value(number))]
    have = {place[:2] for place in places}
    tops: dict[int, int] = {}
    for major, minor, _ in places:
        tops[major] = max(tops.get(major, 0), minor)
    return [
        f"{major}.{n}" if major else str(n)
        for major, top in sorted(tops.items())
        for n in range(1, top + 1)
        if (major, n) not in have
    ]
