"""Comparing provisions side by side: their parts row by row, the words in which the same language differs, the terms
they share, how strongly they bind and the parameters they set.

Pure functions of texts; nothing here knows the store, the index or the web.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from itertools import pairwise

import numpy as np
from icu4py.breakers import WordBreaker

from lawsearch.alignment import Column, Part, align, known
from lawsearch.concepts import mentions
from lawsearch.modality import STRENGTHS, Modal, modality
from lawsearch.parameter import Parameter, parameters
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
    row: None and () where there is none; ``spans`` is also () where the wording differs throughout. ``same_as`` is a
    column with the same words and the same punctuation in this row: the reference, or else an earlier one."""

    part: Part
    same_words: float | None = None
    same_as: int | None = None
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Rows of one cell (or None) a column. ``references`` gives for each column the one of the same language that it
    is diffed against, ``same_words`` the ratio of their whole texts; None for the baseline of a language. ``placed``
    says how the parts of each column found their rows: ``first`` (they made them), ``words``, ``meaning``, ``order``,
    or ``whole`` where whole texts are compared."""

    rows: tuple[tuple[Cell | None, ...], ...]
    references: tuple[int | None, ...]
    same_words: tuple[float | None, ...]
    placed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text that is marked alike: ``op`` as of a span, or ``text`` where there is nothing to compare with;
    the key of a shared concept and a strength, each empty where there is none."""

    op: str
    text: str
    concept: str = ""
    strength: str = ""


@dataclass(frozen=True, slots=True)
class ParameterRow:
    """A value, and for each column the wordings in which it states it."""

    parameter: Parameter
    texts: tuple[tuple[str, ...], ...]


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
        number = (match["marker"] or "").strip()
        found.append(Part(number, text, child.eid, len(child.heading) + 1 if child.heading else 0))
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


def pieces_of(whole: Provision, children: Sequence[Provision]) -> tuple[Part, ...]:
    """The parts of a provision to align: as its children cut it, or where it has none, its numbered lines."""
    found = parts(whole, children)
    return clause_parts(whole.text) if len(found) == 1 and not found[0].eid else found


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


def compare(columns: Sequence[Column], near: np.ndarray | None = None, baselines: Collection[int] = ()) -> Comparison:
    """Lay two or more texts side by side: rows of parts (see ``align``), and in each language the words that differ.

    Each column is diffed against the first column of its language, or the one of ``baselines`` in its language. Where
    fewer than two columns have parts, all are compared whole.
    """
    whole = sum(len(c.parts) > 1 for c in columns) < 2
    placed = ["whole" if whole else _placed(columns, near, i) for i in range(len(columns))]
    if whole:
        columns, near = [Column(language=c.language, parts=(_joined(c.parts),)) for c in columns], None
    base: dict[str, int] = {}
    for i in (*baselines, *range(len(columns))):
        base.setdefault(columns[i].language, i)
    references = [None if base[c.language] == i else base[c.language] for i, c in enumerate(columns)]
    rows = tuple(_cells(columns, row, references) for row in align(columns, near))
    alike = tuple(
        None if r is None else _ratio(_all_words(columns[r]), _all_words(columns[i])) for i, r in enumerate(references)
    )
    return Comparison(rows=rows, references=tuple(references), same_words=alike, placed=tuple(placed))


def _placed(columns: Sequence[Column], near: np.ndarray | None, i: int) -> str:
    if i == 0:
        return "first"
    if any(c.language == columns[i].language for c in columns[:i]):
        return "words"
    return "meaning" if near is not None and known(columns, near, i) else "order"


def _cells(
    columns: Sequence[Column], row: Sequence[int | None], references: Sequence[int | None]
) -> tuple[Cell | None, ...]:
    """One row: each part against that of its reference, unless an equal one is in the row already."""
    held = {i: columns[i].parts[place] for i, place in enumerate(row) if place is not None}
    keys = {i: [key for _, key in units(part.text, columns[i].language)] for i, part in held.items()}
    cells: list[Cell | None] = []
    for i, reference in enumerate(references):
        if i not in held:
            cells.append(None)
            continue
        part, language = held[i], columns[i].language
        base = held.get(reference) if reference is not None else None
        # The baseline is shown in full, wherever it stands.
        equal = [j for j in (reference, *range(i)) if j in held and columns[j].language == language]
        same = next((j for j in equal if j is not None and keys[j] == keys[i]), None) if reference is not None else None
        alike = None if base is None else same_words(base.text, part.text, language)
        spans = () if base is None or same is not None else diff(base.text, part.text, language)
        cells.append(Cell(part=part, same_words=alike, same_as=same, spans=spans))
    return tuple(cells)


def shared_concepts(columns: Sequence[Column], limit: int) -> dict[str, list[int]]:
    """The concepts that two or more columns name, with those columns: in most columns first, then as they occur."""
    named: dict[str, list[int]] = defaultdict(list)
    for i, column in enumerate(columns):
        for key in dict.fromkeys(key for p in column.parts for _, _, key in _terms(p, column.language)):
            named[key].append(i)
    found = sorted((entry for entry in named.items() if len(entry[1]) > 1), key=lambda entry: -len(entry[1]))
    return dict(found[:limit])


def pieces(cell: Cell, language: str, concepts: Collection[str]) -> tuple[Piece, ...]:
    """The text of a cell cut where a mark begins or ends: what differs, shared ``concepts``, words of strength.

    The pieces that are not ``removed`` joined give the text again.
    """
    text = cell.part.text
    terms = [m for m in _terms(cell.part, language) if m[2] in concepts]
    strong = [(m.start, m.end, m.strength) for m in _bound(cell.part, language)]
    cuts = sorted({at for start, end, _ in (*terms, *strong) for at in (start, end)})
    found: list[Piece] = []
    at = 0
    for span in cell.spans or (Span("text", text),):
        if span.op == "removed":
            found.append(Piece("removed", span.text))
            continue
        end = at + len(span.text)
        for start, stop in pairwise([at, *(c for c in cuts if at < c < end), end]):
            concept, strength = (
                next((key for first, last, key in marks if first <= start and stop <= last), "")
                for marks in (terms, strong)
            )
            found.append(Piece(span.op, text[start:stop], concept, strength))
        at = end
    return tuple(found)


def _terms(part: Part, language: str) -> list[tuple[int, int, str]]:
    """Where a part names concepts; words of strength are marked as such and not as concepts."""
    strong = [(m.start, m.end) for m in _bound(part, language)]
    return [m for m in mentions(part.text, language) if not any(a <= m[0] and m[1] <= b for a, b in strong)]


def _bound(part: Part, language: str) -> list[Modal]:
    """The words of strength of a part but for those of its heading, which oblige nobody."""
    found = modality(part.text[part.heading :], language).spans
    return [replace(m, start=m.start + part.heading, end=m.end + part.heading) for m in found]


def strengths(column: Column) -> dict[str, Counter[str]] | None:
    """The words of each strength in a column, each with how often; None where its language has no table."""
    if not modality("", column.language).known:
        return None
    found: dict[str, Counter[str]] = {strength: Counter() for strength in STRENGTHS}
    for part in column.parts:
        for modal in _bound(part, column.language):
            found[modal.strength][modal.word] += 1
    return found


def parameter_rows(columns: Sequence[Column], jurisdictions: Sequence[str]) -> tuple[ParameterRow, ...]:
    """The parameters of all columns by kind and size, equal values in one row; ``jurisdictions`` are the columns'."""
    found: dict[tuple, tuple[Parameter, list[dict[str, None]]]] = {}
    for i, (column, jurisdiction) in enumerate(zip(columns, jurisdictions, strict=True)):
        for part in column.parts:
            for p in parameters(part.text, column.language, jurisdiction):
                _, texts = found.setdefault((p.kind, p.value, p.unit), (p, [{} for _ in columns]))
                texts[i].setdefault(" ".join(part.text[p.start : p.end].split()))
    ranked = sorted(found.values(), key=lambda entry: entry[0].order)
    return tuple(ParameterRow(p, tuple(tuple(t) for t in texts)) for p, texts in ranked)


def _joined(pieces: Sequence[Part]) -> Part:
    return pieces[0] if len(pieces) == 1 else Part("", "\n".join(f"{p.number} {p.text}".strip() for p in pieces))


def _all_words(column: Column) -> list[str]:
    return [word for part in column.parts for word in _words(part.text, column.language)]
