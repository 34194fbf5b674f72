"""Pages in, rows in reading order out: columns, marginal notes, furniture set aside, joins of broken lines."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import inf
from statistics import median, median_low

from ingest.furniture import catchword, footnotes, running_lines, usual_size
from ingest.page import Line, Page, Row
from ingest.paragraph import mend
from lawsearch.text import folded, is_mark

_STARRED = re.compile(r"\(\*{1,4}\)\s|\*{1,4}\s?(?=[A-Z])")

#: What part of the words of a column the other one has as well, at most, where they are in two languages: of two
#: translations of the Universal Declaration a twentieth, of two stretches of one more than a third.
_SHARED = 0.2


@dataclass(frozen=True, slots=True)
class Note:
    """A marginal note: its lines, joined; it belongs to the row that stands at the same height of the same page."""

    text: str
    lines: tuple[Line, ...]

    @property
    def page(self) -> int:
        """The page it stands on."""
        return self.lines[0].page


@dataclass(frozen=True, slots=True)
class Layout:
    """A document laid out.

    ``flows`` are the texts in reading order: one, or two where a page sets two languages side by side (the left
    one first). ``notes`` are marginal notes, ``furniture`` lines by reason (``running``, ``catchword``,
    ``footnote``; ``amendment`` for marks in the margin). ``kind`` is ``single``, ``columns`` or ``parallel``. Every
    line of the input is in exactly one.
    """

    kind: str
    flows: tuple[tuple[Row, ...], ...]
    notes: tuple[Note, ...]
    furniture: dict[str, tuple[Line, ...]]


def _gutter(lines: Sequence[Line]) -> float | None:
    """The x of a white strip that parts a page into two columns of text, or None."""
    words = [line for line in lines if len(folded(line.text)) > 2]
    if len(words) < 8:
        return None
    left, right = min(line.x0 for line in words), max(line.x1 for line in words)
    starts, ends = sorted(line.x0 for line in words), sorted(line.x1 for line in words)
    width = median(line.width for line in words)
    if width < 0.22 * (right - left) or width > 0.6 * (right - left):
        return None  # the lines of two columns are about half as wide as the text
    best: tuple[float, float, float] | None = None
    x = left + 0.3 * (right - left)
    while x < left + 0.7 * (right - left):
        before, after = bisect_right(ends, x), len(words) - bisect_left(starts, x)
        crossing = len(words) - before - after
        if min(before, after) >= 0.12 * len(words) and crossing <= 0.2 * len(words):
            clear = min(x - ends[before - 1], starts[-after] - x)
            best = min(best or (inf, 0.0, 0.0), (crossing, -clear, x))
        x += 2
    return best[2] if best else None


def gutters(pages: Sequence[Page], aside: set[Line]) -> dict[int, float]:
    """The gutter of each page that is set in two columns, by page number; empty for a single-column document."""
    found = {p.number: g for p in pages if (g := _gutter([x for x in p.lines if x not in aside])) is not None}
    written = sum(1 for p in pages if len([x for x in p.lines if x not in aside]) >= 8)
    if len(found) < 0.5 * max(written, 1):
        return {}
    usual = median(found.values())
    result = {}
    for page in pages:
        lines = [line for line in page.lines if line not in aside]
        crossing = sum(line.x0 < usual - 3 and line.x1 > usual + 3 for line in lines)
        if page.number in found or crossing <= 0.34 * len(lines):
            near = found.get(page.number, usual)
            result[page.number] = near if abs(near - usual) < 25 else usual
    return result


def _block(lines: Sequence[Line]) -> tuple[float, float]:
    """The edges of the text of a page: those of its long lines."""
    widest = max(line.width for line in lines)
    block = [line for line in lines if line.width > 0.55 * widest]
    return min(line.x0 for line in block), max(line.x1 for line in block)


def _margin(lines: Sequence[Line], size: float, left: float, right: float) -> set[Line]:
    """Lines of words in smaller type than ``size`` that stand wholly beside the text between ``left`` and ``right``."""
    beside = {line for line in lines if line.x1 <= left + 1 or line.x0 >= right - 1}
    return {line for line in beside if line.size < 0.96 * size and line.width < 0.4 * (right - left)}


def _noted(pages: Sequence[Page], aside: set[Line], size: float) -> dict[int, set[Line]]:
    """Marginal notes by page: only where they recur, at a few common edges, beside the text."""
    texts = {p.number: [line for line in p.lines if line not in aside] for p in pages}
    blocks = {number: _block(lines) for number, lines in texts.items() if lines}
    found = {n: _margin(texts[n], size, *edges) for n, edges in blocks.items()}
    for number, lines in texts.items():
        # A title, a box or a table wider than the text hides the notes beside it: the text then stands where it does
        # on the pages on this side that have notes, or where the lines of its own type size stand.
        if lines and not found[number]:
            like = [blocks[n] for n in found if found[n] and n % 2 == number % 2] or [
                blocks[n] for n in found if found[n]
            ]
            own = [line for line in lines if abs(line.size - size) < 0.04 * size]
            ways = [(median(a for a, _ in like), median(b for _, b in like))] if like else []
            ways += [_block(own)] if own else []
            found[number] = next((m for way in ways if (m := _margin(lines, size, *way))), set())
    found = {number: lines for number, lines in found.items() if any(len(folded(x.text)) > 3 for x in lines)}
    if len(found) < 0.25 * len(pages):
        return {}
    edges = _edges(found)
    common = {edge + d for edge, n in edges.most_common(2) for d in (-1, 0, 1) if n > 1 or len(pages) < 3}
    for parity in (0, 1):  # where notes recur on pages of one side, those of the other may have a single one
        side = _edges({n: lines for n, lines in found.items() if n % 2 == parity})
        if common and side and not common & side.keys():
            common |= {side.most_common(1)[0][0] + d for d in (-1, 0, 1)}
    return {n: {line for line in lines if round(line.x0 / 4) in common} for n, lines in found.items()}


def _edges(notes: Mapping[int, set[Line]]) -> Counter[int]:
    """Where the lines of notes begin, in steps of four points."""
    return Counter(round(line.x0 / 4) for lines in notes.values() for line in lines)


def _base(line: Line) -> float:
    return line.y1 - 0.22 * line.size


def _joined(parts: list[Line]) -> Line:
    parts = sorted(parts, key=lambda line: line.x0)
    if len(parts) == 1:
        return parts[0]
    main = max(parts, key=lambda line: len(line.text))
    read = [line.confidence for line in parts if line.confidence is not None]
    return Line(
        " ".join(line.text for line in parts), main.page, parts[0].x0, min(p.y0 for p in parts),
        max(p.x1 for p in parts), main.y1, main.size, main.bold, main.italic, min(read, default=None),
    )  # fmt: skip


def _rows(lines: Sequence[Line], left: float, right: float) -> list[Row]:
    """The lines of one column as rows, top to bottom."""
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: (_base(line), line.x0)):
        for row in rows[-2:]:
            if abs(_base(row[0]) - _base(line)) < 0.34 * min(line.size, row[0].size) + 0.6 and all(
                line.x0 >= other.x1 - 0.6 * line.size or line.x1 <= other.x0 + 0.6 * line.size for other in row
            ):
                row.append(line)
                break
        else:
            rows.append([line])
    result: list[Row] = []
    for row in rows:
        line = _joined(row)
        gap = max(0.0, (line.y0 - result[-1].line.y1) / (line.size or 10)) if result else 0.0
        result.append(Row(line, left, right, gap))
    return result


def _span(lines: Sequence[Line]) -> tuple[float, float]:
    """The edges of a column: where its lines usually begin and end."""
    wide = sorted(lines, key=lambda line: -line.width)[: max(1, len(lines) // 2)]
    ends = sorted(line.x1 for line in wide)
    return min(line.x0 for line in wide), ends[int(0.9 * (len(ends) - 1))]


def _bands(lines: Sequence[Line], gutter: float) -> list[tuple[str, list[Line]]]:
    """Lines of a two-column page from top to bottom: full-width stretches and two-column stretches by turns."""
    bands: list[tuple[str, list[Line]]] = []
    for line in sorted(lines, key=_base):
        kind = "full" if line.x0 < gutter - 6 and line.x1 > gutter + 6 else "split"
        if bands and bands[-1][0] == kind:
            bands[-1][1].append(line)
        else:
            bands.append((kind, [line]))
    return bands


def _sides(lines: Sequence[Line], gutter: float) -> tuple[list[Line], list[Line]]:
    left = [line for line in lines if line.middle < gutter]
    return left, [line for line in lines if line.middle >= gutter]


def _columns(pages: Sequence[Page], cuts: dict[int, float]) -> list[Page]:
    """The columns of the pages set in two, each as a page of its own."""
    return [
        replace(page, lines=tuple(side))
        for page in pages
        if page.number in cuts
        for side in _sides(page.lines, cuts[page.number])
    ]


def _parallel(pages: Sequence[Page], cuts: dict[int, float], aside: set[Line]) -> bool:
    """Whether the two columns are two texts, in different words or scripts."""
    words: tuple[Counter[str], Counter[str]] = (Counter(), Counter())
    scripts: tuple[Counter[str], Counter[str]] = (Counter(), Counter())
    for page in pages:
        if page.number not in cuts:
            continue
        left, right = _sides([line for line in page.lines if line not in aside], cuts[page.number])
        for counter, side in zip(words, (left, right), strict=True):
            counter.update(w for line in side for w in line.text.casefold().split() if w.isalpha() and len(w) < 9)
        for counter, side in zip(scripts, (left, right), strict=True):
            counter.update(unicodedata.name(c, "?").split()[0] for line in side for c in line.text if c.isalpha())
    if any(counter.most_common(1)[0][0] != "LATIN" for counter in scripts if counter):
        return bool(scripts[0] and scripts[1]) and scripts[0].most_common(1)[0][0] != scripts[1].most_common(1)[0][0]
    shorter = min(counter.total() for counter in words)
    return shorter > 0 and (words[0] & words[1]).total() < _SHARED * shorter


def _page_rows(lines: list[Line], cut: float | None, span: tuple[float, float]) -> list[list[Row]]:
    """The rows of one page: one list, or left and right ones where ``cut`` parts it."""
    if cut is None:
        return [_rows(lines, *span)]
    columns: list[list[Row]] = []
    left, right = _sides([line for kind, band in _bands(lines, cut) if kind == "split" for line in band], cut)
    edges = _span(left) if left else (span[0], cut), _span(right) if right else (cut, span[1])
    for kind, band in _bands(lines, cut):
        if kind == "full":
            columns.append(_rows(band, *span))
        else:
            for side, edge in zip(_sides(band, cut), edges, strict=True):
                if side:
                    columns.append(_rows(side, *edge))
    return columns


def _notes(lines: set[Line]) -> list[Note]:
    """Marginal lines of one page joined into notes: a new one at each gap wider than a line."""
    notes: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: (round(line.x0 / 40), line.y0)):
        if notes and 0 <= line.y0 - notes[-1][-1].y0 < 1.6 * line.size and abs(line.x0 - notes[-1][-1].x0) < 30:
            notes[-1].append(line)
        else:
            notes.append([line])
    return [Note(mend([line.text for line in group]), tuple(group)) for group in notes]


def lay_out(pages: Sequence[Page], heading: re.Pattern[str] | None = None) -> Layout:
    """The reading order of ``pages``: flows of rows, notes, and what is set aside as furniture.

    ``heading`` matches the start of a numbered heading of any family, so that none is taken for a running head.
    """
    running = running_lines(pages, heading)
    size = usual_size(pages)
    foot = footnotes(pages, running, size)
    aside = running | foot
    catch = _catchwords(pages, aside)
    aside |= catch
    cuts = gutters(pages, aside)
    foot |= footnotes(_columns(pages, cuts), running | catch, size)
    aside |= foot
    noted = {} if cuts else _noted(pages, aside, size)
    parallel = bool(cuts) and _parallel(pages, cuts, aside)
    spans = _page_spans(pages, aside, noted)
    flows: list[list[Row]] = [[], []] if parallel else [[]]
    notes: list[Note] = []
    for page in pages:
        beside = noted.get(page.number, set())
        lines = [line for line in page.lines if line not in aside and line not in beside]
        notes += _notes(beside)
        if not lines:
            continue
        cut = cuts.get(page.number)
        if parallel and cut is not None:
            for flow, side in zip(flows, _sides(lines, cut), strict=True):
                if side:
                    flow += _rows(side, *_span(side))
        else:
            for column in _page_rows(lines, cut, spans[page.number]):
                flows[0] += column
    marks = [note for note in notes if is_mark(note.text)]
    parted = [_without_starred(flow) for flow in flows]
    foot |= {line for _, starred in parted for line in starred}
    return Layout(
        "parallel" if parallel else "columns" if cuts else "single",
        tuple(tuple(flow) for flow, _ in parted),
        tuple(note for note in notes if note not in marks),
        {
            "running": _ordered(running),
            "catchword": _ordered(catch),
            "footnote": _ordered(foot),
            "amendment": _ordered({line for note in marks for line in note.lines}),
        },
    )


def _without_starred(rows: Sequence[Row]) -> tuple[list[Row], list[Line]]:
    """Rows without notes that a starred mark opens in the midst of the text, and the lines of those notes."""
    kept: list[Row] = []
    notes: list[Line] = []
    inside = False
    for row in rows:
        if _STARRED.match(row.text):
            inside = True
        elif inside and (row.gap > 0.5 or row.line.page != notes[-1].page):
            inside = False
        if inside:
            notes.append(row.line)
        else:
            kept.append(row)
    return kept, notes


def _ordered(lines: set[Line]) -> tuple[Line, ...]:
    return tuple(sorted(lines, key=lambda line: (line.page, line.y0, line.x0)))


def _catchwords(pages: Sequence[Page], aside: set[Line]) -> set[Line]:
    found = set()
    for page, following in pairwise(pages):
        lines = sorted((x for x in page.lines if x not in aside), key=lambda x: x.y0)
        after = sorted((x for x in following.lines if x not in aside), key=lambda x: x.y0)
        if lines and after and catchword(lines[-1], after):
            found.add(lines[-1])
    return found


def _page_spans(pages: Sequence[Page], aside: set[Line], noted: dict[int, set[Line]]) -> dict[int, tuple[float, float]]:
    """The edges of the text of each page: a page of few lines, or of which most are indented, takes those of its like.

    Its like are the other odd or even pages.
    """
    spans: dict[int, tuple[float, float]] = {}
    least: dict[int, float] = {}
    for page in pages:
        lines = [x for x in page.lines if x not in aside and x not in noted.get(page.number, ())]
        if lines:
            spans[page.number], least[page.number] = _span(lines), min(line.x0 for line in lines)
    for parity in (0, 1):
        alike = [spans[n] for n in spans if n % 2 == parity]
        if alike:
            left, right = median_low(a for a, _ in alike), median(b for _, b in alike)
            for n in (n for n in spans if n % 2 == parity):
                if spans[n][1] - spans[n][0] < 0.8 * (right - left):
                    spans[n] = (left, right)
                elif least[n] < left + 1 < spans[n][0]:
                    spans[n] = (left, spans[n][1])
    return spans
