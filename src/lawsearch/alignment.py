"""Laying the parts of several texts in rows: by shared words within a language, by order between languages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from lawsearch.lexicon import words

#: Word overlap from which two parts of the same language are laid side by side.
SIDE_BY_SIDE = 0.3


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a provision: its number as printed (``(1)``), its text, and its eId where it has one."""

    number: str
    text: str
    eid: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One text to compare; ``parts`` are its pieces in order and lose none of its text."""

    language: str
    parts: tuple[Part, ...]


def align(columns: Sequence[Column]) -> list[list[int | None]]:
    """Rows of part numbers, one a column (None: no part there). Every part is in exactly one row.

    The first column gives the first rows. A part joins the row whose cell of its own language shares most words
    with it, best pair first. A part that fits none is laid beside what follows the part before it, if nothing else
    is and both or neither have a number, else in a row of its own. Columns without an earlier one in their language
    are laid out by order.
    """
    rows: list[list[int | None]] = [[i] + [None] * (len(columns) - 1) for i in range(len(columns[0].parts))]
    for c in range(1, len(columns)):
        column = columns[c]
        peers = [p for p in range(c) if columns[p].language == column.language]
        chosen = _best_pairs(columns, rows, c, peers) if peers else _by_order(columns, rows, c)
        # Rows are inserted while we go, so remember rows by identity and not by number.
        targets = {part: rows[row] for part, row in chosen.items()}
        taken = {id(row) for row in targets.values()}
        after = -1
        for place, part in enumerate(column.parts):
            row = targets.get(place)
            if row is not None:
                after = next(i for i, r in enumerate(rows) if r is row)
            else:
                after += 1
                row = rows[after] if after < len(rows) else None
                if row is None or id(row) in taken or not _alike(columns, row, part):
                    row = [None] * len(columns)
                    rows.insert(after, row)
            taken.add(id(row))
            row[c] = place
    return rows


def _alike(columns: Sequence[Column], row: list[int | None], part: Part) -> bool:
    """Whether the first cell of a row and ``part`` both have a number, or neither has one."""
    other = next(columns[i].parts[place] for i, place in enumerate(row) if place is not None)
    return bool(other.number) == bool(part.number)


def _by_order(columns: Sequence[Column], rows: list[list[int | None]], c: int) -> dict[int, int]:
    """Part of column ``c`` -> row: numbered parts beside the numbered ones of the first column, what opens the text
    beside what opens the other."""
    theirs = [(n, columns[0].parts[place]) for n, row in enumerate(rows) if (place := row[0]) is not None]
    ours = list(enumerate(columns[c].parts))
    chosen = dict(zip((n for n, part in ours if part.number), (n for n, part in theirs if part.number), strict=False))
    if not ours[0][1].number and not theirs[0][1].number:
        chosen[0] = theirs[0][0]
    return chosen


def _best_pairs(columns: Sequence[Column], rows: list[list[int | None]], c: int, peers: list[int]) -> dict[int, int]:
    """Part of column ``c`` -> row, greedily by word overlap with the cells of ``peers``; near ties go by order."""
    bags = {
        (p, i): Counter(words(part.text, columns[p].language))
        for p in [*peers, c]
        for i, part in enumerate(columns[p].parts)
    }
    pairs = []
    for part in range(len(columns[c].parts)):
        for number, row in enumerate(rows):
            cells = [(p, place) for p in peers if (place := row[p]) is not None]
            overlap = max((_overlap(bags[c, part], bags[cell]) for cell in cells), default=0.0)
            if overlap >= SIDE_BY_SIDE:
                pairs.append((round(overlap, 2), -abs(part - number), part, number))
    chosen: dict[int, int] = {}
    for _, _, part, number in sorted(pairs, reverse=True):
        if part not in chosen and number not in chosen.values():
            chosen[part] = number
    return chosen


def _overlap(a: Counter[str], b: Counter[str]) -> float:
    total = a.total() + b.total()
    return 2 * (a & b).total() / total if total else 1.0
