"""Which numbering family a text follows, and which of its lines are headings of units: by vote and by sequence."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

from ingest.layout import Note
from ingest.numbering import Family, Value, families, guesses, readings, value
from ingest.page import Row
from ingest.paragraph import ended
from ingest.sequence import Candidate, best_chain

#: Units that a chain needs before a text counts as structured.
_FEWEST = 3
_MINIMUM = 2.0
#: What the text below a number adds to its weight at most.
VOLUME = 0.5
#: What a family counts for whose hint is missing: less than the fall-back of numbered paragraphs.
_UNHINTED = 0.42
#: What a number counts less that was not read so, and what of a number counts that stands in a quotation.
_GUESS, _QUOTED = 0.25, 0.2
#: What opens a part or a mark, not a heading: a label, a square bracket. A line of a heading may open with a bracket.
_MARKED = re.compile(r"\[|\(\s?\w{0,5}\s?\)")
_QUOTE = re.compile("[“”„\"]|''")
#: By how many ems headings of units may be indented more or less than they usually are.
_INDENTED = 1.0
#: The same for the units of acts that stand behind a law.
_RESTARTED = 0.8
#: Dots that lead to a page number.
_LEADER = re.compile(r"(?:\.\s?){6,}\d{1,4}$")
#: Rows that most entries of a contents list take up at most.
_LONGEST_ENTRY = 2
#: Rows that the longest quotation takes up; one that does not end is none.
_LONGEST_QUOTATION = 400


@dataclass(frozen=True, slots=True)
class Style:
    """The type in which most of a text is set."""

    bold: bool
    italic: bool
    size: float

    def stands_out(self, row: Row) -> bool:
        """Whether a row is set apart by weight, slope or size, as headings are."""
        line = row.line
        if _MARKED.match(row.text):
            return False
        return (line.bold, line.italic) != (self.bold, self.italic) or line.size > 1.09 * self.size


@dataclass(frozen=True, slots=True)
class Vote:
    """The winning family, its chain of unit headings, and the score of every family that had one."""

    family: Family | None
    chain: tuple[Candidate, ...]
    scores: dict[str, float]


def body_style(rows: Sequence[Row]) -> Style:
    """The style of most characters."""
    styles: Counter[tuple[bool, bool, float]] = Counter()
    for row in rows:
        styles[row.line.bold, row.line.italic, row.line.size] += len(row.text)
    return Style(*styles.most_common(1)[0][0]) if styles else Style(False, False, 10.0)


def law(rows: Sequence[Row], family: Family) -> int:
    """The row at which an elucidation or the statement of a bill begins; what follows has numbers of its own."""
    return next((i for i, row in enumerate(rows) if explains(row, family)), len(rows))


def explains(row: Row, family: Family) -> bool:
    """Whether an elucidation or the statement of a bill begins with a row."""
    text = row.text.strip()
    if family.statement and row.centred and family.statement.match(text):
        return True
    return bool(family.explanation and family.explanation.match(text))


def _listed(rows: Sequence[Row], family: Family, found: Sequence[Candidate]) -> range:
    """The rows of the contents list: from its title or first dotted line to where the first of its numbers comes again.

    Empty where what stands there is longer than a list: then the numbers of a schedule are those that come again.
    """
    titles = (i for i, row in enumerate(rows) if family.contents and family.contents.match(row.text.strip()))
    title = next(titles, next((i for i, row in enumerate(rows) if _LEADER.search(row.text)), None))
    listed = [c for c in found if title is not None and c.row >= title]
    again = next((k for k, c in enumerate(listed) if k and c.value <= listed[0].value), 0)
    parts = listed[:again], listed[again : 2 * again]  # what follows the units, in schedules, may be short again
    entries, units = ([b.row - a.row for a, b in pairwise(part)] for part in parts)
    short = entries and units and median(entries) <= _LONGEST_ENTRY and median(entries) < median(units)
    return range(title, listed[again].row) if title is not None and short else range(0)


def quotation(rows: Sequence[Row]) -> set[int]:
    """The rows within quotations that go on over several, as amending laws quote what they insert; not the first."""
    inside: set[int] = set()
    start = -1
    for i, row in enumerate(rows):
        odd, opens = len(_QUOTE.findall(row.text)) % 2, _QUOTE.match(row.text)
        if start < 0:
            start = i if odd and opens else -1
        elif odd and not opens:  # one that opens as well goes on: each of its paragraphs may have a mark
            inside.update(range(start + 1, i + 1))
            start = -1
        elif i - start > _LONGEST_QUOTATION:
            start = -1
    return inside


def candidates(rows: Sequence[Row], family: Family, style: Style, notes: Sequence[Note] = ()) -> list[Candidate]:
    """Lines that open with a number of the family, weighted by how common their looks are among them."""
    beside = {(note.page, round(note.lines[0].y0 / 8) + d) for note in notes for d in (-1, 0, 1)}
    found: list[Candidate] = []
    looks: list[tuple[object, ...]] = []
    before: list[tuple[str, Value]] = []
    for i, row in enumerate(rows):
        match = family.pattern.match(row.text)
        scanned = family.ocr.match(row.text) if family.ocr and row.line.confidence is not None else None
        if not match and not scanned:
            continue
        options = [(number, place, False) for number, place in readings(match["n"], family.misread)] if match else []
        if scanned:
            options += _guessed(scanned, family, before, {place for _, place, _ in options})
            before = [(number, place) for number, place, _ in options] or before
        match = match or scanned
        assert match is not None
        groups = match.groupdict()
        rest = (groups.get("rest") or "").strip()
        above = i > 0 and style.stands_out(rows[i - 1]) and not _contains(family, rows[i - 1])
        noted = (row.line.page, round(row.line.y0 / 8)) in beside
        look = (
            row.line.bold, row.centred, round(row.indent / 1.5) if not row.centred else 0, bool(groups.get("dot")),
            "none" if not rest else "lower" if rest[:1].islower() else "text", above, noted,
        )  # fmt: skip
        for number, place, guessed in options:
            found.append(Candidate(i, number, rest, place, guessed=guessed))
            looks.append(look)
    listed = _listed(rows, family, found)
    kept = [k for k, c in enumerate(found) if c.row not in listed]
    weighted = _weighted(rows, [found[k] for k in kept], [looks[k] for k in kept])
    inside = quotation(rows) if weighted else set()
    # What is quoted with an inserted number is what an amending law inserts, even where it follows the number there.
    own = [c for c in weighted if c.row not in inside or not c.value[2]]
    return [replace(c, weight=_QUOTED * c.weight) if c.row in inside else c for c in own]


def _contains(family: Family, row: Row) -> bool:
    """Whether a row is the heading of a container: it stands above the first unit of many, and says nothing of it."""
    return any(container.pattern.match(row.text.strip()) for container in family.containers)


def _guessed(
    scanned: re.Match[str], family: Family, before: list[tuple[str, Value]], known: set[Value]
) -> list[tuple[str, Value, bool]]:
    """What the number of a heading read by OCR may be besides ``known``.

    By the family's table; or where nothing like a number was read on a line that holds only the heading, the number
    that follows one of those ``before``.
    """
    found = [(number, place, True) for number, place in guesses(scanned["n"], family.misreadings) if place not in known]
    if found or known or (scanned["rest"] or "").strip():
        return found
    return [(_like(number, place[1] + 1), (place[0], place[1] + 1, 0), True) for number, place in before]


def _like(printed: str, number: int) -> str:
    """A number in the digits of one that was printed."""
    first = next((c for c in printed if c.isdigit()), "0")
    zero = ord(first) - int(first)
    return "".join(chr(zero + int(c)) for c in str(number))


def _weighted(rows: Sequence[Row], found: list[Candidate], looks: list[tuple[object, ...]]) -> list[Candidate]:
    if not found:
        return []
    lengths = [0]
    for row in rows:
        lengths.append(lengths[-1] + len(row.text))
    starts = sorted({c.row for c in found})
    following = dict(zip(starts, [*starts[1:], len(rows)], strict=True))
    ends = [following[c.row] for c in found]
    volume = [min(VOLUME, (lengths[end] - lengths[c.row]) / 500) for c, end in zip(found, ends, strict=True)]
    weighted = found
    counted = looks
    for _round in range(2):
        shares = Counter(counted)
        most = max(shares.values(), default=1)
        weighted = [
            replace(c, weight=0.3 + 0.7 * shares[look] / most + more - _GUESS * c.guessed)
            for c, look, more in zip(found, looks, volume, strict=True)
        ]
        # The second time only those count that a first chain has chosen.
        chosen = {c.row for c in best_chain(weighted)[1]}
        counted = [look for c, look in zip(found, looks, strict=True) if c.row in chosen]
    return weighted


def vote(
    rows: Sequence[Row],
    notes: Sequence[Note] = (),
    *,
    language: str = "",
    jurisdiction: str = "",
    forced: str = "",
) -> Vote:
    """The family whose chain of numbers is heaviest.

    ``language`` and ``jurisdiction``, where known, favour the families at home there; ``forced`` names the family
    to use whatever the vote. The family is None where no family has a chain to speak of.
    """
    style = body_style(rows)
    front = "\n".join(row.text for row in rows[:120])
    hints = {f.id for f in families().values() if f.hint is not None and f.hint.search(front)}
    # Where the statement of a bill begins, all that may be taken for its clauses ends.
    told = min((law(rows, f) for f in families().values() if f.statement and f.id in hints), default=len(rows))
    scores: dict[str, float] = {}
    chains: dict[str, list[Candidate]] = {}
    for family in families().values():
        if forced and family.id != forced:
            continue
        score, chain = best_chain(candidates(rows[: min(told, law(rows, family))], family, style, notes))
        # A bill of two sections names itself and amends an act.
        hinted = family.id in hints
        least = 1 if forced or family.weight > 1 else _FEWEST - hinted
        if len(chain) < least or score < (0 if forced else _MINIMUM) or _capped(family, front):
            continue
        factor = family.weight
        if family.hint is not None and family.weight <= 1:
            factor *= 1.2 if hinted else _UNHINTED
        if language and family.language:
            factor *= 1.2 if family.language == language else 0.5
        if jurisdiction and family.jurisdictions:
            factor *= 1.1 if jurisdiction in family.jurisdictions else 0.9
        scores[family.id] = round(score * factor, 2)
        chains[family.id] = chain
    if not scores:
        return Vote(None, (), {})
    best = max(scores, key=lambda name: scores[name])
    if not families()[best].language:
        # What is numbered before the units of a law is what it refers to ("Mengingat: 1. Undang-Undang ...").
        last = chains[best][-1].row
        behind = [n for n, chain in chains.items() if families()[n].language and chain[0].row > last]
        best = max(behind, key=lambda name: scores[name], default=best)
    return Vote(families()[best], tuple(_filled(rows, chains[best], families()[best])), scores)


def _misread(row: Row, family: Family) -> re.Match[str] | None:
    """A row read by OCR as the heading of a unit, whatever its number was read as."""
    return family.ocr.match(row.text) if family.ocr and row.line.confidence is not None else None


def _filled(rows: Sequence[Row], chain: Sequence[Candidate], family: Family) -> list[Candidate]:
    """The chain with the numbers that it passes over, where a line between its neighbours opens with such a number.

    The words behind it may be misread: it has to be indented as the others are, no sentence may run on into it, and
    it must be the only one with its number. On pages that OCR has read, where there are as many lines that look like
    headings as numbers are missing, their numbers were misread.
    """
    filled = list(chain[:1])
    indent = median(rows[c.row].indent for c in chain)
    for before, after in pairwise(chain):
        passed = range(before.value[1] + 1, after.value[1]) if before.value[0] == after.value[0] else range(0)
        found: dict[int, list[Candidate]] = {number: [] for number in passed}
        between = range(before.row + 1, after.row) if passed else range(0)
        misread = [(i, match["rest"].strip()) for i in between if (match := _misread(rows[i], family))]
        if misread and len(misread) == len(passed):
            filled += [
                Candidate(i, _like(before.number, number), rest, (before.value[0], number, 0), guessed=True)
                for (i, rest), number in zip(misread, passed, strict=True)
            ]
            between = range(0)
        for i in between if family.loose else ():
            like = abs(rows[i].indent - indent) < _INDENTED and ended(rows[i - 1])
            match = family.loose.match(rows[i].text) if family.loose and like else None
            place = value(match["n"]) if match else None
            if match and place and place[0] == before.value[0] and not place[2] and place[1] in found:
                found[place[1]].append(Candidate(i, match["n"], match["rest"].strip(), place))
        for ways in found.values():
            if len(ways) == 1 and ways[0].row > filled[-1].row:
                filled += ways
        filled.append(after)
    return filled


def restarts(rows: Sequence[Row], won: Vote, style: Style) -> tuple[list[Candidate], dict[int, int]]:
    """The chain of a vote with the units of acts that stand behind the law; and which act those are of, by row.

    The chain ends where lower numbers follow it, whatever comes after them.
    """
    chain, found = list(won.chain), dict[int, int]()
    if won.family is None or not won.family.restarts:
        return chain, found
    indent = median(rows[c.row].indent for c in chain)
    # They are short: how little text they have says nothing against them.
    least = 0.7 * median(c.weight for c in chain) - VOLUME
    like = [
        c
        for c in candidates(rows, won.family, style)
        if c.rest and not c.guessed and c.weight >= least and abs(rows[c.row].indent - indent) <= _RESTARTED
    ]
    for k, (before, after) in enumerate(pairwise(won.chain)):
        passed = after.value[1] - before.value[1] > 1
        if passed and any(before.row < c.row < after.row and c.value <= before.value for c in like):
            del chain[k + 1 :]
            break
    last, act = chain[-1], 0
    for c in (c for c in like if c.row > chain[-1].row):
        act += not act or c.value <= last.value
        found[c.row], last = act, c
    return chain + [c for c in like if c.row in found], found


def _capped(family: Family, front: str) -> bool:
    """Whether the family is one that only its hint can bring in, and the hint is missing."""
    return family.weight > 1 and family.hint is not None and not family.hint.search(front)
