"""The picture of a page in, its lines as strips of pixels out: straightened, cut into columns, bands and lines.

Tesseract's own layout loses the lines of scripts that stack marks above and below (it takes the upper marks of
Burmese for lines of their own) and crosses columns; every line is therefore cut out here and read by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import radians, tan
from typing import Any

import numpy as np
import scipy  # its parts load when they are first used: most documents are no scans

Pixels = np.ndarray[Any, np.dtype[Any]]
#: A box of pixels: top, bottom, left, right.
_Cell = tuple[int, int, int, int]

#: The greatest slope that is put right, in degrees.
_STEEPEST = 3.0
#: The height of small letters as a share of the type size.
_SMALL = 0.47
#: White between two columns or between the text and its margin, in ems; the narrowest column.
_GUTTER, _NARROWEST = 1.2, 4.0
#: White that parts two pieces of one line, in ems.
_PIECE = 3.0
_PADDING = 8


@dataclass(frozen=True, slots=True)
class Strip:
    """One line of a page: its grey pixels, and in points from the top left corner its box, baseline and type size.

    ``stroke`` is the mean thickness of the strokes in units of the type size.
    """

    pixels: Pixels
    x0: float
    y0: float
    x1: float
    y1: float
    base: float
    size: float
    stroke: float


def strips(grey: Pixels, dpi: int) -> list[Strip]:
    """The lines of a page from its picture (0 is black), in reading order; none for an empty page.

    Places are those on the straightened page: within a few points those on the page itself.
    """
    dark = grey < _threshold(grey)
    ink = _cleaned(dark, dpi)
    if not ink.any():
        return []
    slope = tan(radians(_skew(ink)))
    grey, dark, ink = (_straight(picture, slope, 255 * (picture is grey)) for picture in (grey, dark, ink))
    marks = _Marks(ink)
    letter = marks.letter
    marks.drop(marks.rules(ink.shape[1]))
    marks.drop(marks.pictures(ink.size))
    core = marks.picture(marks.height >= 0.6 * letter)
    if not core.any():  # rules and pictures only
        return []
    pitch = _pitch(core, letter)
    cells = list(_lines(core, _cells(core, letter / _SMALL, pitch), letter, pitch))
    paper = int(np.percentile(grey, 75))
    found = []
    for cell, own, small in marks.owned(cells, pitch):
        if own.any() and cell[1] - cell[0] > 0.4 * letter:
            found.append(_strip(grey, dark, own, cell, small, dpi, paper))
    return _settled(found)


class _Marks:
    """The connected marks of ink on a page: what each number of ``labels`` covers."""

    def __init__(self, ink: Pixels) -> None:
        self.labels, count = scipy.ndimage.label(ink, np.ones((3, 3)))
        boxes = scipy.ndimage.find_objects(self.labels)
        edges = np.array([(r.start, r.stop, c.start, c.stop) for r, c in boxes]).reshape(count, 4)
        self.top, self.bottom, self.left, self.right = edges.T
        self.height, self.width = self.bottom - self.top, self.right - self.left
        # Marks above and below letters may outnumber them; dots, and pictures, are no measure either.
        usual = float(np.percentile(self.height, 75)) if count else 12.0
        letters = self.height[(self.height > 0.5 * usual) & (self.height < 2 * usual)]
        self.letter = float(np.median(letters)) if len(letters) else usual

    def picture(self, chosen: Pixels) -> Pixels:
        """The ink of the chosen marks."""
        shown: Pixels = np.concatenate(([False], chosen))[self.labels]
        return shown

    def rules(self, page: int) -> Pixels:
        """Which marks are ruled lines, frames, emblems, seals or the dark edges of a scan ``page`` wide."""
        flat = (self.width > 8 * self.letter) & (self.height < 0.5 * self.letter)
        return flat | (self.height > 5 * self.letter) | (self.width > 0.6 * page)

    def pictures(self, page: int) -> Pixels:
        """Which marks make up a picture, such as an emblem: close together, higher than a few lines, and some large.

        ``page`` is the number of pixels of the page: what covers much of it is text that stands close.
        """
        close = scipy.ndimage.label(scipy.ndimage.maximum_filter(self.labels > 0, int(self.letter)))[0]
        group = np.zeros(len(self.top), int)
        group[:] = scipy.ndimage.maximum(close, self.labels, np.arange(1, len(self.top) + 1))
        found = np.zeros(len(self.top), bool)
        for number in np.unique(group[self.height > 2.2 * self.letter]):
            own = (group == number) & (self.height > 0)
            if number == 0 or not own.any():
                continue
            high = self.bottom[own].max() - self.top[own].min()
            wide = self.right[own].max() - self.left[own].min()
            if high > 4 * self.letter and 0.3 < wide / high < 4 and high * wide < 0.06 * page:
                found |= own
        return found

    def drop(self, chosen: Pixels) -> None:
        """Forget the chosen marks."""
        self.labels = np.where(self.picture(chosen), 0, self.labels)
        self.height = np.where(chosen, 0, self.height)

    def owned(self, cells: Sequence[_Cell], pitch: float) -> Iterator[tuple[_Cell, Pixels, float]]:
        """For each cell of one line the box of all marks that are its own, their ink, and the height of its letters.

        A mark belongs to the line in whose rows it lies; one between two lines to that with which the nearest marks
        above or below it connect it, so that a tone stands with its vowel, the vowel with its letter.
        """
        line = self._within(cells, pitch)
        line = self._linked(line, 0.35 * pitch)
        tall = self.height > 1.2 * pitch
        for i, (top, bottom, left, right) in enumerate(cells):
            mine = (line == i) & ~tall
            # A mark that reaches into several lines is shared out by rows.
            shared = tall & (self.top < bottom) & (self.bottom > top) & (self.left < right) & (self.right > left)
            first, end = min([top, *self.top[mine]]), max([bottom, *self.bottom[mine]])
            start, stop = min([left, *self.left[mine]]), max([right, *self.right[mine]])
            labels = self.labels[first:end, start:stop]
            own = np.concatenate(([False], mine))[labels]
            rows = slice(top - first, bottom - first)
            own[rows] |= np.concatenate(([False], shared))[labels[rows]]
            heights = self.height[mine & (self.height > 0.5 * self.letter)]
            yield (first, end, start, stop), own, float(np.median(heights)) if len(heights) else self.letter

    def _within(self, cells: Sequence[_Cell], pitch: float) -> Pixels:
        """The cell in whose rows each mark has its centre, -1 for none; of cells side by side the nearest."""
        across, down = (self.left + self.right) / 2, (self.top + self.bottom) / 2
        line = np.full(len(self.top), -1)
        best = np.full(len(self.top), 2 * pitch)
        for i, (top, bottom, left, right) in enumerate(cells):
            outside = np.maximum(left - across, across - right).clip(0)
            mine = (self.height > 0) & (down >= top) & (down <= bottom) & (outside < best)
            line[mine], best[mine] = i, outside[mine]
        return line

    def _linked(self, line: Pixels, reach: float) -> Pixels:
        """Lines passed on to the marks without one along the shortest gaps between marks above each other."""
        links = []
        for i in map(int, np.flatnonzero((line < 0) & (self.height > 0))):
            above = (self.left < self.right[i] + 2) & (self.right > self.left[i] - 2) & (self.height > 0)
            gap = np.maximum(self.top, self.top[i]) - np.minimum(self.bottom, self.bottom[i])
            links += [(int(gap[j]), int(i), int(j)) for j in np.flatnonzero(above & (gap < reach)) if j != i]
        root: dict[int, int] = {}

        def find(i: int) -> int:
            while root.get(i, i) != i:
                i = root[i]
            return i

        known = line.copy()
        for _, i, j in sorted(links):
            a, b = find(i), find(j)
            if a != b and min(known[a], known[b]) < 0:
                root[a] = b
                known[b] = max(known[a], known[b])
        return np.array([known[find(i)] for i in range(len(line))])


def _threshold(grey: Pixels) -> int:
    """The grey that parts ink from paper best (Otsu)."""
    counts = np.bincount(grey.ravel(), minlength=256).astype(float)
    below, weighted = np.cumsum(counts), np.cumsum(counts * np.arange(256))
    with np.errstate(divide="ignore", invalid="ignore"):
        between = (weighted[-1] * below / below[-1] - weighted) ** 2 / (below * (below[-1] - below))
    return int(np.nanargmax(np.where(np.isfinite(between), between, -1))) + 1


def _cleaned(ink: Pixels, dpi: int) -> Pixels:
    """The ink without specks that stand alone."""
    reach = max(3, dpi // 12)
    near = scipy.ndimage.maximum_filter(ink, reach)
    labels, count = scipy.ndimage.label(near)
    amount = np.bincount(labels.ravel(), weights=ink.ravel(), minlength=count + 1)
    kept: Pixels = ink & (amount >= 9 * (dpi / 200) ** 2)[labels]
    return kept


def _skew(ink: Pixels) -> float:
    """The slope of the lines in degrees: the one at which rows of ink and rows of paper differ most."""
    small = ink[::2, ::2]
    height, width = small.shape
    ys, xs = np.nonzero(small)

    def contrast(degrees: float) -> float:
        rows = np.clip((ys - tan(radians(degrees)) * (xs - width / 2)).astype(int), 0, height - 1)
        profile = np.bincount(rows, minlength=height).astype(float)
        return float((np.diff(profile) ** 2).sum())

    rough = max(np.arange(-_STEEPEST, _STEEPEST + 0.01, 0.25), key=contrast)
    return float(max(np.arange(rough - 0.2, rough + 0.21, 0.05), key=contrast))


def _straight(picture: Pixels, slope: float, blank: int) -> Pixels:
    """The picture turned about its centre by its slope; ``blank`` is what comes in from outside."""
    centre = np.array(picture.shape) / 2
    turn = np.array([[1, slope], [-slope, 1]]) / np.hypot(1, slope)
    order = 0 if picture.dtype == bool else 1
    turned: Pixels = scipy.ndimage.affine_transform(
        picture.view(np.uint8), turn, centre - turn @ centre, order=order, cval=blank
    ).view(picture.dtype)
    return turned


def _pitch(core: Pixels, letter: float) -> float:
    """The distance of most lines, looked at in narrow strips of the page, for columns need not be level."""
    left, right = _runs(core.any(0))[0][0], _runs(core.any(0))[-1][1]
    edges = np.linspace(left, right, 7).astype(int)
    slices = [core[:, a:b] for a, b in pairwise(edges)]
    most = max(int(part.sum()) for part in slices)
    return float(np.median([_distance(part, letter) for part in slices if part.sum() > 0.3 * most]))


def _distance(core: Pixels, letter: float) -> float:
    """The distance at which the rows of ink repeat themselves, or what their height allows."""
    profile = core.sum(1).astype(float)
    # Marks above and below letters, hardly apart from them, belong to the height of a line.
    lines = _runs(scipy.ndimage.binary_closing(profile > 0, np.ones(max(2, int(0.35 * letter)))))
    heights = [end - first for first, end in lines if end - first > letter]
    most = 1.6 * float(np.median(heights)) if heights else 3 * letter
    profile -= profile.mean()
    size = 1 << (2 * len(profile)).bit_length()
    alike = np.fft.irfft(np.abs(np.fft.rfft(profile, size)) ** 2)[: len(profile)]
    # Near nought everything is like itself: the search begins where rows have become unlike.
    low = max(int(1.3 * letter), int(np.argmax(alike < 0)))
    high = min(low + int(6 * letter), len(alike) - 1)
    if high - low < 3 or alike[low:high].max() < 0.15 * alike[0]:
        return most
    return min(float(low + int(np.argmax(alike[low:high]))), most)


def _runs(profile: Any) -> list[tuple[int, int]]:
    """Where a profile is not empty: (first, end)."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], (profile > 0).astype(int), [0]))))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def _cells(ink: Pixels, em: float, pitch: float, at: tuple[int, int] = (0, 0)) -> Iterator[_Cell]:
    """The ink cut by white: columns first where a strip of white parts them, else bands; a line or a few a cell."""
    rows, columns = _runs(ink.any(1)), _runs(ink.any(0))
    if not rows:
        return
    top, left = rows[0][0], columns[0][0]
    bottom, right = rows[-1][1], columns[-1][1]
    if bottom - top > 2.4 * em:
        cuts = [(a + b) // 2 for (_, a), (b, _) in pairwise(columns) if b - a >= _GUTTER * em]
        edges = [left, *cuts, right]
        wide = [k for k in range(1, len(edges) - 1)
                if edges[k] - left >= _NARROWEST * em and right - edges[k] >= _NARROWEST * em]  # fmt: skip
        if wide:
            cut = edges[wide[0]]
            yield from _cells(ink[:, :cut], em, pitch, at)
            yield from _cells(ink[:, cut:], em, pitch, (at[0], at[1] + cut))
            return
    bands = _bands(rows, pitch)
    if len(bands) > 1:
        for first, end in bands:
            yield from _cells(ink[first:end], em, pitch, (at[0] + first, at[1]))
    else:
        yield at[0] + top, at[0] + bottom, at[1] + left, at[1] + right


def _bands(rows: list[tuple[int, int]], pitch: float) -> list[tuple[int, int]]:
    """Runs of rows with ink, marks that hover over or hang below a line joined to it."""
    bands = list(rows)
    joined = True
    while joined:
        joined = False
        order = sorted(range(len(bands) - 1), key=lambda i: bands[i + 1][0] - bands[i][1])
        for i in order:
            (top, end), (start, bottom) = bands[i : i + 2]
            low = min(end - top, bottom - start)
            if start - end < 0.3 * pitch and low < 0.4 * pitch and bottom - top < 1.02 * pitch:
                bands[i : i + 2] = [(top, bottom)]
                joined = True
                break
    return bands


def _lines(ink: Pixels, cells: Iterable[_Cell], letter: float, pitch: float) -> Iterator[_Cell]:
    """Cells of one line each: those in which lines touch are cut where the ink is thinnest, wide gaps part pieces."""
    for top, bottom, left, right in cells:
        cuts = [0, bottom - top]
        if bottom - top > 1.45 * pitch:
            cuts = _thinnest(ink[top:bottom, left:right].sum(1).astype(float), pitch)
        for a, b in pairwise(cuts):
            yield from _pieces(ink, (top + a, top + b, left, right), letter / _SMALL)


def _thinnest(profile: Pixels, usual: float) -> list[int]:
    """Where a profile of several lines is cut: between its peaks."""
    smooth = scipy.ndimage.gaussian_filter1d(profile, usual / 6, mode="constant")
    inner = smooth[1:-1]
    peaks = np.flatnonzero((inner >= smooth[:-2]) & (inner > smooth[2:]) & (inner > 0.15 * smooth.max())) + 1
    kept: list[int] = []
    for peak in map(int, peaks):
        if kept and peak - kept[-1] < 0.6 * usual:
            kept[-1] = max(kept[-1], peak, key=lambda i: smooth[i])
        else:
            kept.append(peak)
    return [0, *(a + int(np.argmin(smooth[a:b])) for a, b in pairwise(kept)), len(profile)]


def _pieces(ink: Pixels, cell: _Cell, em: float) -> Iterator[_Cell]:
    top, bottom, left, right = cell
    columns = _runs(ink[top:bottom, left:right].any(0))
    start = 0
    for i, (_, end) in enumerate(columns):
        if i + 1 == len(columns) or columns[i + 1][0] - end > _PIECE * em:
            a, b = left + columns[start][0], left + end
            rows = _runs(ink[top:bottom, a:b].any(1))
            yield top + rows[0][0], top + rows[-1][1], a, b
            start = i + 1


def _strip(grey: Pixels, dark: Pixels, own: Pixels, cell: _Cell, small: float, dpi: int, paper: int) -> Strip:
    rows, columns = _runs(own.any(1)), _runs(own.any(0))
    own = own[rows[0][0] : rows[-1][1], columns[0][0] : columns[-1][1]]
    top, left = cell[0] + rows[0][0], cell[2] + columns[0][0]
    bottom, right = top + own.shape[0], left + own.shape[1]
    frame = slice(top, bottom), slice(left, right)
    strange = scipy.ndimage.binary_dilation(dark[frame] & ~own, iterations=2)
    pixels = np.where(strange & ~scipy.ndimage.binary_dilation(own, iterations=2), paper, grey[frame])
    profile = own.sum(1)
    body = np.flatnonzero(profile >= 0.4 * profile.max())
    starts = int((own[:, 1:] & ~own[:, :-1]).sum() + own[:, 0].sum())
    point = 72 / dpi
    return Strip(
        np.pad(pixels.astype(np.uint8), _PADDING, constant_values=paper), left * point, top * point, right * point,
        bottom * point, (top + int(body[-1]) + 1) * point, small / _SMALL * point,
        float(own.sum()) / max(starts, 1) * point,
    )  # fmt: skip


def _settled(found: list[Strip]) -> list[Strip]:
    """Type sizes that differ from the usual one by less than chance allows made equal to it, to half a point."""
    if not found:
        return []
    widths = np.array([s.x1 - s.x0 for s in found])
    sizes = np.array([s.size for s in found])
    order = np.argsort(sizes)
    usual = float(sizes[order][np.searchsorted(np.cumsum(widths[order]), widths.sum() / 2)])
    settled = [usual if 0.78 < s.size / usual < 1.28 else s.size for s in found]
    return [
        replace(s, size=round(2 * size) / 2, stroke=s.stroke / usual) for s, size in zip(found, settled, strict=True)
    ]
