"""Comparing provisions side by side: their parts row by row, and the words in which the same language differs.

Pure functions of texts; nothing here knows the store, the index or the web.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from icu4py.breakers import WordBreaker

from lawsearch.alignment import Column, Part, align
from lawsearch.provision import Provision
from lawsearch.text import digits, normal
from lawsearch.vocabulary import languages

#: Words beyond which a text is scored by its bag of words and not diffed: aligning is quadratic.
LONGEST = 4000
#: Below this share of words in common, marking each difference would mark nearly everything.
TOO_DIFFERENT = 0.35
#: Words fewer than this between two changes are shown as part of the change.
_STRAY = 2


@dataclass(frozen=True, slots=True)
class Span:
    """A run of text: ``same`` in both, ``added`` only here, ``removed`` only in the text compared with."""

    op: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One part in its row. ``same_words`` and ``spans`` are against the cell of the column's reference in the same
    row: None and () where there is none; ``spans`` is also () where the wording differs throughout. ``identical``: the
    same words and the same punctuation."""

    part: Part
    same_words: float | None = None
    identical: bool = False
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Rows of one cell (or None) a column. ``references`` gives for each column the earlier column of the same
    language that it is diffed against, ``same_words`` the ratio of their whole texts; None for the first of a
    language. ``by_order`` names the columns laid out by order alone, for want of an earlier one in their language."""

    rows: tuple[tuple[Cell | None, ...], ...]
    references: tuple[int | None, ...]
    same_words: tuple[float | None, ...]
    by_order: tuple[int, ...]


def parts(whole: Provision, children: Sequence[Provision]) -> tuple[Part, ...]:
    """The text of ``whole`` cut at its children: what stands before, between and after them is kept in place.

    Where a child cannot be found in the text the whole is one part, so that nothing is shown twice or lost.
    """
    found: list[Part] = []
    at = 0
    for child in children:
        match = _place_of(child, whole.text, at)
        if match is None:
            return (Part("", whole.text),)
        between = whole.text[at : match.start()].strip()
        between = between.removesuffix(child.heading).rstrip() if child.heading else between
        if between:
            found.append(Part("", between))
        text = f"{child.heading}\n{child.text}" if child.heading else child.text
        found.append(Part((match["marker"] or "").strip(), text, child.eid))
        at = match.end()
    if whole.text[at:].strip() or not found:
        found.append(Part("", whole.text[at:].strip()))
    return tuple(found)


def _place_of(child: Provision, text: str, at: int) -> re.Match[str] | None:
    """Where ``child`` stands in ``text`` from ``at`` on: behind its number if it can be, else its text alone."""
    body = r"\s+".join(map(re.escape, child.text.split()))
    bare = re.escape(child.number.strip("()[].-–— "))
    if bare:
        heading = r"\s+".join([*map(re.escape, child.heading.split()), ""])
        marker = rf"(?P<marker>(?<!\w)[(\[]?{bare}(?!\w)[)\].]*[-–—]*)\s*(?:{heading})?"
        found = re.compile(marker + body).search(text, at)
        if found or not body:
            return found
    return re.compile(rf"(?P<marker>){body}").search(text, at) if body else None


def clause_parts(text: str) -> tuple[Part, ...]:
    """A pasted clause cut at the lines that begin with a number or letter: ``(1)``, ``a)``, ``2.``."""
    found: list[Part] = []
    for line in filter(None, map(str.strip, text.splitlines())):
        match = re.match(r"(\(\w{1,4}\)|\w{1,3}[.)])\s+(?=\S)", line)
        if match:
            found.append(Part(match.group(1), line[match.end() :]))
        elif found:
            found[-1] = Part(found[-1].number, f"{found[-1].text}\n{line}")
        else:
            found.append(Part("", line))
    return tuple(found) or (Part("", ""),)


def units(text: str, language: str) -> list[tuple[str, str]]:
    """The text as (piece, key): a word or mark with the space after it, and what it is compared by.

    The pieces joined give ``text`` again. ICU finds the words of scripts that write no spaces.
    """
    found: list[tuple[str, str]] = []
    for piece in WordBreaker(text, language if language in languages() else "en"):
        if piece.isspace() and found:
            found[-1] = (found[-1][0] + piece, found[-1][1])
        else:
            found.append((piece, digits(normal(piece)).casefold()))
    return found


def _words(text: str, language: str) -> list[str]:
    return [key for _, key in units(text, language) if any(c.isalnum() for c in key)]


def same_words(a: str, b: str, language: str) -> float:
    """How far two texts of one language are worded alike, 0..1: words in common, in order; 1 is word for word."""
    return _ratio(_words(a, language), _words(b, language))


def _ratio(a: list[str], b: list[str]) -> float:
    if a == b:
        return 1.0
    matcher = SequenceMatcher(None, a, b, autojunk=False)
    return matcher.quick_ratio() if max(len(a), len(b)) > LONGEST else matcher.ratio()


def diff(base: str, text: str, language: str) -> tuple[Span, ...]:
    """``text`` as spans against ``base``; the spans that are not ``removed`` joined give ``text`` again.

    Empty where the two are worded too differently, or are too long, for marking words to help.
    """
    ours, theirs = units(text, language), units(base, language)
    if max(len(ours), len(theirs)) > LONGEST:
        return ()
    matcher = SequenceMatcher(None, [k for _, k in theirs], [k for _, k in ours], autojunk=False)
    if matcher.ratio() < TOO_DIFFERENT:
        return ()
    spans: list[Span] = []
    for op, i1, i2, j1, j2 in _calm(matcher.get_opcodes(), theirs):
        old, new = "".join(p for p, _ in theirs[i1:i2]), "".join(p for p, _ in ours[j1:j2])
        if op == "equal":
            spans.append(Span("same", new))
            continue
        if old:
            spans.append(Span("removed", old))
        if new:
            spans.append(Span("added", new))
    return tuple(spans)


def _calm(codes: Iterable[tuple[str, int, int, int, int]], theirs: list[tuple[str, str]]) -> list[list]:
    """Opcodes with lone words between two changes made part of the change: whole phrases read better than shreds."""
    calm: list[list] = []
    codes = list(codes)
    for place, (op, *span) in enumerate(codes):
        if op == "equal" and 0 < place < len(codes) - 1:
            kept = sum(any(c.isalnum() for c in key) for _, key in theirs[span[0] : span[1]])
            op = "equal" if kept >= _STRAY else "replace"
        if calm and calm[-1][0] != "equal" and op != "equal":
            calm[-1][2], calm[-1][4] = span[1], span[3]
        else:
            calm.append([op, *span])
    return calm


def compare(columns: Sequence[Column]) -> Comparison:
    """Lay two or more texts side by side: rows of parts, and in each language the words that differ.

    Each column is diffed against the first column of its language. Where fewer than two columns have parts, all
    are compared whole.
    """
    if sum(len(c.parts) > 1 for c in columns) < 2:
        columns = [Column(language=c.language, parts=(_joined(c.parts),)) for c in columns]
    first: dict[str, int] = {}
    references = [(None if first.setdefault(c.language, i) == i else first[c.language]) for i, c in enumerate(columns)]
    by_order = tuple(i for i, reference in enumerate(references) if reference is None and i > 0)
    rows = []
    for row in align(columns):
        cells: list[Cell | None] = []
        for i, place in enumerate(row):
            reference = references[i]
            other = row[reference] if reference is not None else None
            if place is None:
                cells.append(None)
            elif reference is None or other is None:
                cells.append(Cell(part=columns[i].parts[place]))
            else:
                cells.append(_cell(columns[reference].parts[other], columns[i].parts[place], columns[i].language))
        rows.append(tuple(cells))
    alike = tuple(
        None if r is None else _ratio(_all_words(columns[r]), _all_words(columns[i])) for i, r in enumerate(references)
    )
    return Comparison(rows=tuple(rows), references=tuple(references), same_words=alike, by_order=by_order)


def _cell(base: Part, part: Part, language: str) -> Cell:
    ours, theirs = ([key for _, key in units(p.text, language)] for p in (part, base))
    alike = same_words(base.text, part.text, language)
    if ours == theirs:
        return Cell(part=part, same_words=alike, identical=True)
    return Cell(part=part, same_words=alike, spans=diff(base.text, part.text, language))


def _joined(pieces: Sequence[Part]) -> Part:
    return pieces[0] if len(pieces) == 1 else Part("", "\n".join(f"{p.number} {p.text}".strip() for p in pieces))


def _all_words(column: Column) -> list[str]:
    return [word for part in column.parts for word in _words(part.text, column.language)]
