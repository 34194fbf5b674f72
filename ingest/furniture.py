"""What a page carries that belongs to no provision: running heads, page numbers, watermarks, catchwords, footnotes.

Everything is found by repetition and by order from the edge of the page inwards, never by a fixed height.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections import Counter, defaultdict
from collections.abc import Sequence
from difflib import SequenceMatcher

from ingest.page import Line, Page
from lawsearch.text import digits, folded

#: Lines looked at from each edge of the page.
_DEPTH = 8
_NUMBER = re.compile(
    r"[\W_]*(?:page|หน้า|trang|halaman|hal)?[\W_]*(?P<n>\d{1,4}|[ivxl]{1,6})(?:\s?(?:/|of|dari)\s?\d+)?[\W_]*"
)
#: A number between dashes is nothing else than a page number, whatever stands around it.
_DASHED = re.compile(r"[-–—~]\s?\S+\s?[-–—~]$")
#: How far the place of a running line may differ from page to page, in points.
_REACH = 26
#: A label of an enumeration is never a page number.
_LABEL = re.compile(r"\(.*\)|.*[.)។៖။၊]")
_TRAIL = re.compile(r"^(?P<head>.{1,90}?)\s*(?:\.\s?){3,}$|^(?P<short>.{1,90}?)\s*…+$")
#: What a footnote opens with; how small it is beside the text; the rule above it.
_MARK = re.compile(r"\(?\s?(?P<mark>\d{1,3}|\*+|†)\s?\)?\s*[^\W\d_]")
_NOTE_SIZE = 0.93
_RULE = re.compile(r"[_–—-]{3,}")
#: Lines that may stand below the notes of a page, and how much of its width they take up at most.
_BELOW, _SHORT = 3, 0.4
_ROMAN = {"i": 1, "v": 5, "x": 10, "l": 50}


def folio(text: str) -> int | None:
    """The page number that is all a line says, or None."""
    plain = digits(text).casefold().strip()
    match = _NUMBER.fullmatch(plain)
    if not match or _LABEL.fullmatch(plain):
        return None
    number = match["n"]
    if number.isdigit():
        return int(number)
    values = [_ROMAN[c] for c in number]
    return sum(-v if v < max(values[i:]) else v for i, v in enumerate(values))


def _key(text: str) -> str:
    """A line without what changes from page to page: its letters, with runs of digits as one sign."""
    return re.sub(r"\d+", "#", folded(text))


def _edges(page: Page) -> tuple[list[Line], list[Line]]:
    """Lines from the top inwards, and from the bottom inwards."""
    ordered = sorted(page.lines, key=lambda line: (round(line.y0 / 3), line.x0))
    return ordered[:_DEPTH], ordered[::-1][:_DEPTH]


def _folios(pages: Sequence[Page]) -> set[Line]:
    """Lines that say the page number: at the usual place, and at the usual distance from the count of pages."""
    found: dict[tuple[int, int], list[Line]] = defaultdict(list)
    for page in pages:
        for line in {line for lines in _edges(page) for line in lines}:
            number = folio(line.text)
            if number is not None:
                found[number - page.number, int(line.y0 > page.height / 2)].append(line)
    every = {line for lines in found.values() for line in lines}
    on: dict[int, Counter[int]] = defaultdict(Counter)
    for (distance, _), lines in found.items():
        on[distance].update(line.page for line in lines)
    steady: set[int] = set()
    for distance in sorted(on, key=lambda distance: -on[distance].total())[:2]:
        # A second count of pages goes on where the first ends, or all along: elsewhere it is two labels by chance.
        numbered = set().union(*(on[first] for first in steady))
        apart = not numbered & on[distance].keys() or len(on[distance]) > 0.5 * len(pages)
        if on[distance].total() > max(1, 0.1 * len(pages)) and apart:
            steady.add(distance)
    if not steady and len(pages) == 1:
        return every
    kept = {line for line in every if _DASHED.match(line.text)}
    for (distance, side), lines in found.items():
        if distance in steady:
            kept |= _in_place(lines, side)
    return kept


def _in_place(lines: Sequence[Line], side: int) -> set[Line]:
    """Of numbers in step with the pages, those at a height where others stand, none on their page nearer to the edge.

    The number of a section may be the lowest line of a page and, by chance, the number of that page.
    """
    heights = sorted(line.y0 for line in lines)
    outer: dict[int, float] = {}
    for line in lines:
        outer[line.page] = (min, max)[side](outer.get(line.page, line.y0), line.y0)
    return {
        line
        for line in lines
        if bisect(heights, line.y0 + _REACH) - bisect(heights, line.y0 - _REACH) > 1
        and abs(line.y0 - outer[line.page]) < 3
    }


def _repeated(pages: Sequence[Page], heading: re.Pattern[str] | None) -> set[Line]:
    """Lines near an edge that stand, nearly the same, at nearly the same height of a quarter of the pages."""
    need = max(2, 0.24 * len(pages))
    everywhere = Counter(_key(line.text) for page in pages for line in page.lines)
    result: set[Line] = set()
    for side in (0, 1):
        groups: dict[str, list[Line]] = defaultdict(list)
        for page in pages:
            for line in _edges(page)[side]:
                if len(key := _key(line.text)) > 1 and folio(line.text) is None:
                    groups[key].append(line)
        seeds = []
        for key, lines in groups.items():
            heights = sorted(line.y0 for line in lines)
            reach = _REACH if len(key) > 7 else 9
            height = max(heights, key=lambda y: bisect(heights, y + reach) - bisect(heights, y - reach))
            near = [line for line in lines if abs(line.y0 - height) <= reach]
            same = len({digits(line.text) for line in near}) == 1
            if heading and not same and any(heading.match(line.text) for line in near):
                continue
            seeds.append((key, height, near))
        # Misread copies of a running head join it; together they must be frequent enough.
        seeds.sort(key=lambda seed: -len(seed[2]))
        frequent = [seed for seed in seeds if len(seed[2]) >= max(2, 0.12 * len(pages))]
        for key, height, near in frequent:
            members = list(near)
            for other, level, lines in seeds:
                if other != key and abs(level - height) < _REACH and _alike(key, other):
                    members += lines
            on = {line.page for line in members}
            if 2 * len(members) < everywhere[key]:
                continue  # a line of the text (an amendment mark, the heading of an amendment), and by chance here
            if len(on) >= need and (len(on) > 2 or len(pages) == 2 or _outside(members, pages, side)):
                result.update(members)
    return result


def _outside(members: Sequence[Line], pages: Sequence[Page], side: int) -> bool:
    """Whether two like lines stand in the margin: nearer to the edge than the text of the other pages.

    Two pages alone, a page of contents and one of text, may well open with the same heading.
    """
    on = {line.page for line in members}
    edges = [_edges(page)[side] for page in pages if page.number not in on]
    first = [next((line for line in lines if not _beside_number(line, lines)), None) for lines in edges]
    others = [line for line in first if line is not None]
    if side:
        return bool(others) and min(x.y0 for x in members) > max(x.y1 for x in others)
    return bool(others) and max(x.y1 for x in members) < min(x.y0 for x in others)


def _beside_number(line: Line, lines: Sequence[Line]) -> bool:
    """Whether a line is the number of its page, or stands beside it as the head of that page alone does."""
    return any(folio(other.text) is not None and abs(other.y0 - line.y0) < 3 for other in lines)


def _alike(a: str, b: str) -> bool:
    if min(len(a), len(b)) < 6 or abs(len(a) - len(b)) > 0.4 * max(len(a), len(b)):
        return False
    matcher = SequenceMatcher(None, a, b, autojunk=False)
    return matcher.real_quick_ratio() > 0.72 and matcher.quick_ratio() > 0.72 and matcher.ratio() > 0.72


def _watermarks(pages: Sequence[Page]) -> set[Line]:
    """Lines that stand at the same place of most pages, wherever that is."""
    places: dict[tuple[str, int, int], list[Line]] = defaultdict(list)
    for page in pages:
        for line in page.lines:
            places[line.text.casefold(), round(line.x0 / 3), round(line.y0 / 3)].append(line)
    need = max(3, 0.4 * len(pages))
    return {line for lines in places.values() if len({x.page for x in lines}) >= need for line in lines}


def running_lines(pages: Sequence[Page], heading: re.Pattern[str] | None = None) -> set[Line]:
    """Running heads and feet, gazette lines, page numbers and watermarks.

    A line counts if about the same line stands at about the same height of at least a quarter of the pages (two
    at least), or if it is the page number, and if nothing but such lines stands between it and the edge of its
    page. ``heading`` matches numbered headings, which count only where even their number is the same.
    """
    folios = _folios(pages)
    repeated = _repeated(pages, heading) | folios
    heads = [line for line in repeated if line not in folios]
    found = _watermarks(pages) | {line for line in repeated if _DASHED.match(line.text) and folio(line.text)}
    for page in pages:
        for lines in _edges(page):
            rows: list[list[Line]] = []
            for line in lines:
                if rows and abs(rows[-1][0].y0 - line.y0) < 0.5 * max(line.size, 4):
                    rows[-1].append(line)
                else:
                    rows.append([line])
            for row in rows:
                kept = [line for line in row if line not in repeated and line not in found]
                found.update(line for line in row if line in repeated)
                if len(kept) == len(row):
                    break
                # A short text beside a running head (a date, a number) changes from page to page and goes with it, and
                # so does what stands beside the number of the page at the height of the heads of other pages.
                head = any(line in folios for line in row)
                short = [x for x in kept if len(folded(x.text)) <= 12 or (head and _level_with(x, heads))]
                found.update(line for line in short if not (heading and heading.match(line.text)))
    return found


def _level_with(line: Line, heads: Sequence[Line]) -> bool:
    """Whether a line is set as a running head of another page is: at its height, in its type."""
    return any(
        abs(line.y0 - head.y0) < 1 and abs(line.size - head.size) < 0.1 and line.italic == head.italic
        for head in heads
        if head.page != line.page
    )


def catchword(last: Line, following: Sequence[Line]) -> bool:
    """Whether the last line of a page only announces the first words of the next (``Pasal 13 . . .``)."""
    match = _TRAIL.match(last.text)
    if last.confidence is not None and len(last.text) < 40 and last.text.rstrip().endswith((".", "…")):
        # OCR leaves few of the dots; then the words themselves have to be the same.
        head = folded(last.text)
        return len(head) > 3 and any(folded(line.text).startswith(head) for line in following[:6])
    if not match:
        return False
    head = folded(match["head"] or match["short"] or "")
    for line in following[:3]:
        first = folded(line.text)
        size = min(len(head), len(first))
        if size and (head[:size] == first[:size] or SequenceMatcher(None, head[:size], first[:size]).ratio() > 0.6):
            return True
    return False


def footnotes(pages: Sequence[Page], aside: set[Line], body: float) -> set[Line]:
    """Notes at the foot of pages, without the lines ``aside``; ``body`` is the usual type size, in points.

    They are in smaller type, open with a mark that the text of their page refers to, and go on on the next page where
    no sentence ends. The rule above them, if it is typed, is one of them.
    """
    found: set[Line] = set()
    open_ended = False
    for page in pages:
        notes = _noted([line for line in page.lines if line not in aside], body, open_ended)
        open_ended = bool(notes) and notes[-1].text.rstrip()[-1] not in ".;)”"
        found.update(notes)
    return found


def _noted(lines: Sequence[Line], body: float, open_ended: bool) -> list[Line]:
    """The footnotes of one page; ``open_ended`` says whether the last one of the page before goes on.

    None where type sizes are so mixed that small type tells nothing (OCR layers).
    """
    if sum(len(x.text) for x in lines if 0.95 < x.size / (body or 1) < 1.05) < 0.4 * sum(len(x.text) for x in lines):
        return []
    ordered = sorted(lines, key=lambda line: line.y0)
    width = max(line.width for line in lines) if lines else 0.0
    end = len(ordered)  # a number of the print may stand below the notes
    while end and len(ordered) - end < _BELOW and not _small(ordered[end - 1], body):
        if ordered[end - 1].width > _SHORT * width:
            break
        end -= 1
    start = end
    while start and _small(ordered[start - 1], body):
        start -= 1
    run, text = ordered[start:end], ordered[:start]
    marks = [(i, match["mark"]) for i in range(len(run)) if (match := _MARK.match(digits(_level(run[i:]))))]
    if not any(_referred(mark, text) for _, mark in marks) and not (open_ended and run and text):
        return []
    first = 0 if open_ended or not marks else marks[0][0]
    return run[first - 1 if first and _RULE.fullmatch(run[first - 1].text) else first :]


def _small(line: Line, body: float) -> bool:
    return line.size < _NOTE_SIZE * body


def _referred(mark: str, text: Sequence[Line]) -> bool:
    """Whether a text refers to a note: its mark stands there, not as the label of a paragraph."""
    alone = re.compile(rf"(?:[^\s(]\s?\(|[^\s(\d]|\d\s)\s?{re.escape(mark)}(?!\d)")
    return any(alone.search(digits(line.text)) for line in text)


def _level(lines: Sequence[Line]) -> str:
    """The first of the lines with those that stand on its height: a mark is often set apart from its note."""
    level = [line for line in lines[:3] if abs(line.y0 - lines[0].y0) < 2]
    return " ".join(line.text for line in sorted(level, key=lambda line: line.x0))


def usual_size(pages: Sequence[Page]) -> float:
    """The type size in which most characters are set, in points."""
    weights: dict[float, int] = defaultdict(int)
    for page in pages:
        for line in page.lines:
            weights[line.size] += len(line.text)
    return max(weights, key=lambda size: weights[size]) if weights else 10.0
