"""PDF file in, pages of lines out. Extractors compete; the one whose text is least impossible is used."""

from __future__ import annotations

import ctypes
import hashlib
import math
import re
import unicodedata
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from ctypes import byref, c_double
from dataclasses import replace
from pathlib import Path

import pypdfium2 as pdfium
import pypdfium2.raw as raw

from ingest.ocr import Missing, Reader
from ingest.page import Line, Page, Reading
from ingest.repair import anomaly, doubt, repaired, unicoded, zawgyi
from lawsearch.errors import DocumentError
from lawsearch.language import detect

#: Suspicious places in a thousand characters of a page above which the other extractors are asked as well, and how
#: many there have to be where the rest of the document is sound.
TOLERANCE, SEVERAL = 3.0, 5
#: Suspicious places in a thousand from which text that no picture stands behind is read by OCR as well.
BROKEN = 20.0
#: Non-space characters below which a page counts as carrying no text layer.
MINIMUM = 12

_ITALIC = 1 << 6
_FORCE_BOLD = 1 << 18


class _Type:
    """Weight and slope of the fonts of one document, looked up once a font."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[bool, bool]] = {}

    def of(self, text_page: object, index: int) -> tuple[bool, bool]:
        """(bold, italic) of the character at ``index``."""
        found = raw.FPDFText_GetTextObject(text_page, index)
        font = raw.FPDFTextObj_GetFont(found) if found else None
        if not font:
            return False, False
        key = ctypes.cast(font, ctypes.c_void_p).value or 0
        if key not in self._known:
            buffer = ctypes.create_string_buffer(256)
            raw.FPDFFont_GetBaseFontName(font, buffer, 256)
            name = buffer.value.decode("latin-1").lower()
            flags = raw.FPDFFont_GetFlags(font)
            bold = any(w in name for w in ("bold", "black", "heavy", "semibd", "demi")) or bool(flags & _FORCE_BOLD)
            italic = any(w in name for w in ("italic", "oblique")) or bool(flags & _ITALIC)
            self._known[key] = bold, italic
        return self._known[key]


#: Into which direction a run is written, as the cosine and the sine of its angle; upright text has _LEVEL.
_Direction = tuple[float, float]
_LEVEL: _Direction = (1.0, 0.0)
#: The sine up to which a run is level: scans are never quite straight.
_SLOPE = 0.06


class _Run:
    """Characters gathered on one baseline. Along it run ``x0`` and ``x1``, ``base`` is how high it lies."""

    __slots__ = ("base", "bold", "direction", "italic", "places", "size", "space", "styled", "text", "x0", "x1")

    def __init__(self, x0: float, x1: float, base: float, size: float, direction: _Direction) -> None:
        self.text: list[str] = []
        self.places: list[float] = []
        self.x0, self.x1, self.base, self.size = x0, x1, base, size
        self.direction = direction
        self.space = False
        self.styled = self.bold = self.italic = 0

    def breaks(self, x: float, y: float, size: float) -> bool:
        """Whether a character at ``x``, ``y`` belongs to another run: another baseline, a wide gap, a step back.

        A narrower gap is wide where larger type follows it: a marginal note may stand close before the text. Smaller
        type may follow on a line of an OCR layer, whose sizes vary.
        """
        em = max(size, self.size)
        wide = 0.8 if self.size < 0.85 * size else 1.1
        return abs(y - self.base) > 0.45 * em or not -1.2 * em <= x - self.x1 <= wide * em

    def add(self, char: str, kind: str, x: float, x1: float, y: float, size: float) -> None:
        """Take in a character of Unicode category ``kind`` (empty for Latin) at ``x`` that ends at ``x1``."""
        if self.space:
            self.text.append(" ")
            self.places.append(x)
            self.space = False
        if kind == "Mn" and "\u0e31" <= char <= "\u0ecd" and x1 < self.x1 - 0.5 * size:
            # pdfium gives a mark that is set higher than its line at the end of it. In Thai and Lao, where letters are
            # drawn in the order of the text, its place tells the letter.
            at = bisect_right(self.places, x1 - 0.2 * size)
            self.text.insert(at, char)
            self.places.insert(at, x)
            return
        self.text.append(char)
        self.places.append(x)
        if kind != "Mn":
            self.x1 = max(self.x1, x1)
            if size > self.size and kind[:1] != "M":
                self.size, self.base = size, y

    def line(self, number: int, top: float, left: float) -> Line | None:
        text = repaired("".join(self.text)).strip()
        if not text:
            return None
        x0, x1, low, high = self.x0, self.x1, self.base - 0.22 * self.size, self.base + 0.8 * self.size
        if self.direction is not _LEVEL:
            c, s = self.direction
            across = [c * along - s * up for along in (x0, x1) for up in (low, high)]
            upward = [s * along + c * up for along in (x0, x1) for up in (low, high)]
            x0, x1, low, high = min(across), max(across), min(upward), max(upward)
        return Line(
            text, number, round(x0 - left, 2), round(top - high, 2), round(x1 - left, 2), round(top - low, 2),
            round(self.size, 1), self.bold * 2 > self.styled, self.italic * 2 > self.styled,
        )  # fmt: skip


def _direction(matrix: raw.FS_MATRIX) -> _Direction:
    """Into which direction text with this matrix is written."""
    length = math.hypot(matrix.a, matrix.b)
    if not length or (matrix.a > 0 and abs(matrix.b) <= _SLOPE * length):
        return _LEVEL
    return round(matrix.a / length, 2), round(matrix.b / length, 2)


def _turned(direction: _Direction, across: float, upward: float) -> tuple[float, float]:
    """A point along and above the baseline of text that is written into that direction."""
    c, s = direction
    return c * across + s * upward, c * upward - s * across


def _runs(page: pdfium.PdfPage, types: _Type) -> Iterator[_Run]:
    """The text of a page as runs on one baseline, broken at wide gaps, in content order."""
    text_page = page.get_textpage()
    handle = text_page.raw
    ox, oy, left, right, bottom, top = (c_double() for _ in range(6))
    origin = byref(ox), byref(oy)
    box = byref(left), byref(right), byref(bottom), byref(top)
    category = unicodedata.category
    matrix = raw.FS_MATRIX()
    size = 0.0
    direction = _LEVEL
    run: _Run | None = None
    new_word = True
    for i in range(raw.FPDFText_CountChars(handle)):
        code = raw.FPDFText_GetUnicode(handle, i)
        if code in (13, 10, 32, 160, 9, 8203):
            new_word = True
            if run is not None:
                run.space = True
            continue
        if code == 0:
            continue
        char = "\u00ad" if code in (2, 0xAD) else "\ufffd" if 0xD800 <= code < 0xE000 else chr(code)
        raw.FPDFText_GetCharOrigin(handle, i, *origin)
        raw.FPDFText_GetCharBox(handle, i, *box)
        if new_word or run is None:
            size, direction = _measured(handle, i, matrix)
        x, y, x1 = ox.value, oy.value, right.value
        if direction is not _LEVEL:
            c, s = direction
            x1, _ = _turned(direction, x1 if c > 0 else left.value, top.value if s > 0 else bottom.value)
            x, y = _turned(direction, x, y)
        kind = category(char) if code > 0x2FF else ""
        mark = kind[:1] == "M"
        if run is not None and not mark and (run.direction != direction or run.breaks(x, y, size)):
            yield run
            run = None
            size, _ = _measured(handle, i, matrix)  # a new run, maybe without a space before it
        if run is None:
            run = _Run(x, max(x1, x), y, size, direction)
            new_word = True
        elif not run.space and code < 0x250 and x - run.x1 > 0.16 * run.size:
            run.space = _parted(handle, i, x, run)
        if new_word:
            bold, italic = types.of(handle, i)
            run.styled, run.bold, run.italic = run.styled + 1, run.bold + bold, run.italic + italic
            new_word = False
        run.add(char, kind, x, x1, y, size)
    if run is not None:
        yield run


def _measured(handle: object, index: int, matrix: raw.FS_MATRIX) -> tuple[float, _Direction]:
    """The type size of the character at ``index``, in points, and into which direction it is written."""
    raw.FPDFText_GetMatrix(handle, index, matrix)
    # The size is in the font, in the matrix, or in both.
    size = raw.FPDFText_GetFontSize(handle, index) * max(abs(matrix.d), abs(matrix.b), 1e-3)
    return size, _direction(matrix)


def _parted(handle: object, index: int, x: float, run: _Run) -> bool:
    """Whether a space was left unwritten before the character at ``index``: its box begins beyond the last one's."""
    if run.direction is not _LEVEL:
        return x - run.x1 > 0.25 * run.size
    box = raw.FS_RECTF()
    raw.FPDFText_GetLooseCharBox(handle, index - 1, box)
    return run.text[-1] < "\u0250" and x - box.right > 0.14 * run.size and box.right > run.x1 - run.size


def _pdfium(_path: Path, data: bytes) -> list[Page]:
    document = pdfium.PdfDocument(data)
    try:
        types = _Type()
        return [_page(document, index, types) for index in range(len(document))]
    finally:
        document.close()


def _page(document: pdfium.PdfDocument, index: int, types: _Type) -> Page:
    """A page as it is read: turned upright where most of its text is not, whichever way it is shown."""
    page = document[index]
    shown, runs = page.get_rotation(), list(_runs(page, types))
    ways: Counter[int] = Counter()
    for run in runs:
        ways[_quarter(run.direction)] += len(run.text)
    turn = ways.most_common(1)[0][0] if ways else shown
    if turn or shown:
        _turn(page, turn)
        page.close()
        page = document[index]
        runs = list(_runs(page, types))
    left, bottom, right, top = page.get_bbox()
    lines = tuple(line for run in runs if (line := run.line(index + 1, top, left)))
    page.close()
    return Page(index + 1, right - left, top - bottom, lines, (turn - shown) % 360)


def _quarter(direction: _Direction) -> int:
    """By how many degrees, clockwise and to the next quarter, text written into that direction has to be turned."""
    c, s = direction
    return 0 if direction is _LEVEL else round(math.degrees(math.atan2(s, c)) / 90) * 90 % 360


def _turn(page: pdfium.PdfPage, degrees: int) -> None:
    """Turn what is on a page clockwise in memory, and show it as it then stands; it has to be opened again."""
    page.set_rotation(0)
    if not degrees:
        return
    left, bottom, right, top = page.get_bbox()
    width, height = right - left, top - bottom
    values = {
        90: (0, -1, 1, 0, -bottom, right),
        180: (-1, 0, 0, -1, right, top),
        270: (0, 1, -1, 0, top, -left),
    }[degrees]
    raw.FPDFPage_TransFormWithClip(page.raw, raw.FS_MATRIX(*values), None)
    box = (0, 0, width, height) if degrees == 180 else (0, 0, height, width)
    page.set_mediabox(*box)
    page.set_cropbox(*box)


def _oxide(path: Path, _data: bytes) -> list[Page]:
    """pdf_oxide reads the ActualText that Chromium writes around Khmer and Lao clusters; pdfium repeats it."""
    import pdf_oxide

    pdf_oxide.disable_logging()
    document = pdf_oxide.PdfDocument(str(path))
    pages = []
    for index in range(document.page_count()):
        _x, _y, width, height = document.page_media_box(index)
        lines = []
        for found in document.extract_text_lines(index):
            lx, ly, lw, lh = found.bbox
            text = repaired(found.text.strip())
            if text:
                lines.append(Line(text, index + 1, lx, height - ly - lh, lx + lw, height - ly, lh))
        pages.append(Page(index + 1, width, height, tuple(lines)))
    return pages


EXTRACTORS: dict[str, Callable[[Path, bytes], list[Page]]] = {"pdfium": _pdfium, "pdf_oxide": _oxide}


def _bytes(path: Path) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DocumentError(path, f"cannot be read ({error.strerror})", "Check the path and its permissions") from None
    if not data:
        raise DocumentError(path, "is empty", "Fetch the file again")
    if b"%PDF-" not in data[:1024]:
        raise DocumentError(path, "is not a PDF", "Convert it to PDF, or leave it out of the corpus folder")
    return data


def _failure(path: Path, error: Exception, data: bytes) -> DocumentError:
    if "password" in str(error).lower() or "security" in str(error).lower():
        return DocumentError(path, "is encrypted", "Remove the password and try again")
    if b"%%EOF" not in data[-2048:]:
        return DocumentError(path, "is truncated", "Fetch the file again")
    return DocumentError(path, "is damaged", "Fetch the file again, or print it to a new PDF")


def _score(pages: Sequence[Page]) -> float:
    return anomaly("\n".join(page.text for page in pages))


def _contested(path: Path, data: bytes, pages: list[Page]) -> tuple[list[Page], list[str]]:
    """Each page by the extractor whose text is the least impossible, and the names of these extractors."""
    pages, names = list(pages), ["pdfium"] * len(pages)
    bad = _suspicious(pages)
    for rival, extract in list(EXTRACTORS.items())[1:] if bad else []:
        try:
            others = extract(path, data)
        except (KeyboardInterrupt, SystemExit, MemoryError):
            raise
        except BaseException:  # a rival written in Rust may panic; the text of pdfium stands then
            continue
        for index in bad:
            if index < len(others) and _sounder(others[index], pages[index]):
                pages[index], names[index] = others[index], rival
    return pages, names


def _suspicious(pages: Sequence[Page]) -> list[int]:
    """Which pages the other extractors are asked for: all that are above the tolerance where the document is, else
    those with several suspicious places."""
    least = 0 if _score(pages) > TOLERANCE else SEVERAL
    rated = [(anomaly(page.text), len(page.text)) for page in pages]
    return [i for i, (score, size) in enumerate(rated) if score > TOLERANCE and score * size / 1000 >= least]


def _sounder(other: Page, page: Page) -> bool:
    """Whether another extractor's text of a page is less impossible, and no less of it."""
    # The others do not turn pages, and know nothing of crop boxes: places would not be the same.
    alike = not page.turn and abs(other.width - page.width) < 1 and abs(other.height - page.height) < 1
    return alike and 2 * len(other.text) > len(page.text) and anomaly(other.text) < anomaly(page.text)


def _unicode(page: Page) -> Page:
    """The page with its Burmese in Unicode, if it is encoded as Zawgyi; the very same page otherwise."""
    if not zawgyi(page.text):
        return page
    return replace(page, lines=tuple(replace(line, text=unicoded(line.text)) for line in page.lines))


def read(path: str | Path, *, language: str = "", cache: Path | None = None) -> Reading:
    """The pages of the PDF at ``path``; those without text, or with text that is plainly misread, by OCR.

    ``language``, where known, says how pages are read; ``cache`` is the folder for what was read, by default the
    user's. Raises DocumentError for a file that cannot be read as text: missing, empty, not a PDF, encrypted,
    truncated, damaged, or image-only where tesseract or its model for the language is not installed. Pages on which
    nothing was read are listed in ``image_only``.
    """
    path = Path(path)
    data = _bytes(path)
    try:
        pages = _pdfium(path, data)
    except pdfium.PdfiumError as error:
        raise _failure(path, error, data) from None
    if not pages:
        raise DocumentError(path, "has no pages", "Fetch the file again")
    # Before anything is judged: as Unicode it is full of marks in impossible places.
    encoded, pages = pages, [_unicode(page) for page in pages]
    bare = [p.number for p in pages if _bare(p)]
    if len(bare) == len(pages) and len(data) < 2000:
        raise DocumentError(path, "has no text", "Its pages are empty: supply a PDF with text")
    pages, names = _contested(path, data, pages)
    doubtful = _doubtful(data, pages)
    if bare or doubtful:
        text = "\n".join(page.text for page in pages)
        if not language and len(bare) < len(pages):
            language = detect(text)
        found = _recognised(path, data, cache, [*bare, *doubtful], language, alone=len(bare) == len(pages))
        for number, page in found.items():
            if number in bare or _better(page, pages[number - 1]):
                pages[number - 1], names[number - 1] = page, "tesseract"
    left = tuple(p.number for p in pages if _bare(p))
    if len(left) == len(pages):
        raise DocumentError(path, "is image-only", "OCR found nothing in it either: supply a PDF with text")
    converted = tuple(
        page.number
        for page, before, name in zip(pages, encoded, names, strict=True)
        if name == "pdfium" and page is not before
    )
    digest = hashlib.sha256(data).hexdigest()
    return Reading(str(path), digest, tuple(pages), tuple(names), _score(pages), left, converted)


def _recognised(
    path: Path, data: bytes, cache: Path | None, numbers: Sequence[int], language: str, *, alone: bool
) -> dict[int, Page]:
    """What OCR reads on these pages; nothing where it cannot, unless the document has nothing else (``alone``)."""
    try:
        return Reader(path, data, cache).read(numbers, language)
    except Missing as missing:
        if alone:
            raise DocumentError(path, "is image-only", f"It has to be read by OCR. {missing.remedy}") from None
    except DocumentError:
        if alone:
            raise
    return {}


def _bare(page: Page) -> bool:
    return len(re.sub(r"\s", "", page.text)) < MINIMUM


def _doubtful(data: bytes, pages: list[Page]) -> list[int]:
    """Pages whose text is doubtful: impossible as such, or put by OCR behind the picture of a page and misread."""
    signs = [page for page in pages if not _bare(page) and doubt(page.text) > 0]
    if not signs:
        return []
    document = pdfium.PdfDocument(data)
    try:
        return [p.number for p in signs if anomaly(p.text) > BROKEN or _pictured(document[p.number - 1])]
    finally:
        document.close()


def _pictured(page: pdfium.PdfPage) -> bool:
    """Whether a picture covers the page."""
    width, height = page.get_size()
    for item in page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=3):
        left, bottom, right, top = item.get_bounds()
        if (right - left) * (top - bottom) > 0.8 * width * height:
            return True
    return False


def _better(scan: Page, layer: Page) -> bool:
    """Whether a page reads better by OCR than in the layer of text that it carries."""
    sure = [(line.confidence or 0, len(line.text)) for line in scan.lines]
    size, before = sum(n for _, n in sure), sum(len(line.text) for line in layer.lines)
    if not size or not 0.8 < size / before < 1.25 or sum(c * n for c, n in sure) / size < 0.7:
        return False
    return doubt(scan.text) < doubt(layer.text)
