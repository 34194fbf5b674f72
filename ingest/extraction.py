"""PDF file in, pages of lines out. Extractors compete; the one whose text is least impossible is used."""

from __future__ import annotations

import ctypes
import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from ctypes import byref, c_double
from pathlib import Path

import pypdfium2 as pdfium
import pypdfium2.raw as raw

from ingest.ocr import Missing, Reader
from ingest.page import Line, Page, Reading
from ingest.repair import anomaly, doubt, repaired
from lawsearch.errors import DocumentError
from lawsearch.language import detect

#: Suspicious places in a thousand characters above which the other extractors are asked as well.
TOLERANCE = 3.0
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


class _Run:
    """Characters gathered on one baseline."""

    __slots__ = ("base", "bold", "italic", "size", "space", "styled", "text", "x0", "x1", "y0", "y1")

    def __init__(self, x0: float, x1: float, base: float, size: float) -> None:
        self.text: list[str] = []
        self.x0, self.x1, self.base, self.size = x0, x1, base, size
        self.space = False
        self.styled = self.bold = self.italic = 0

    def breaks(self, x: float, y: float, size: float) -> bool:
        """Whether a character at ``x``, ``y`` belongs to another run: another baseline, a wide gap, a step back."""
        em = max(size, self.size)
        return abs(y - self.base) > 0.45 * em or not -1.2 * em <= x - self.x1 <= 1.1 * em

    def add(self, char: str, kind: str, x1: float, y: float, size: float) -> None:
        """Take in a character of Unicode category ``kind`` (empty for Latin) that ends at ``x1``."""
        self.text.append(char)
        if kind != "Mn":
            self.x1 = max(self.x1, x1)
            if size > self.size and kind[:1] != "M":
                self.size, self.base = size, y

    def line(self, number: int, top: float, left: float) -> Line | None:
        text = repaired("".join(self.text)).strip()
        if not text:
            return None
        y = top - self.base
        return Line(
            text, number, round(self.x0 - left, 2), round(y - 0.8 * self.size, 2), round(self.x1 - left, 2),
            round(y + 0.22 * self.size, 2), round(self.size, 1),
            self.bold * 2 > self.styled, self.italic * 2 > self.styled,
        )  # fmt: skip


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
            raw.FPDFText_GetMatrix(handle, i, matrix)
            # The type size is in the font, in the matrix, or in both.
            size = raw.FPDFText_GetFontSize(handle, i) * max(abs(matrix.d), abs(matrix.b), 1e-3)
        x, y, x1 = ox.value, oy.value, right.value
        kind = category(char) if code > 0x2FF else ""
        mark = kind[:1] == "M"
        if run is not None and not mark and run.breaks(x, y, size):
            yield run
            run = None
        if run is None:
            run = _Run(x, max(x1, x), y, size)
            new_word = True
        elif run.space or (code < 0x250 and x - run.x1 > 0.16 * run.size and _parted(handle, i, x, run)):
            run.text.append(" ")
        run.space = False
        if new_word:
            bold, italic = types.of(handle, i)
            run.styled, run.bold, run.italic = run.styled + 1, run.bold + bold, run.italic + italic
            new_word = False
        run.add(char, kind, x1, y, size)
    if run is not None:
        yield run


def _parted(handle: object, index: int, x: float, run: _Run) -> bool:
    """Whether a space was left unwritten before the character at ``index``: its box begins beyond the last one's."""
    box = raw.FS_RECTF()
    raw.FPDFText_GetLooseCharBox(handle, index - 1, box)
    return run.text[-1] < "\u0250" and x - box.right > 0.14 * run.size and box.right > run.x1 - run.size


def _pdfium(_path: Path, data: bytes) -> list[Page]:
    document = pdfium.PdfDocument(data)
    try:
        types = _Type()
        pages = []
        for index in range(len(document)):
            page = document[index]
            left, bottom, right, top = page.get_bbox()
            lines = [line for run in _runs(page, types) if (line := run.line(index + 1, top, left))]
            pages.append(Page(index + 1, right - left, top - bottom, tuple(lines)))
            page.close()
        return pages
    finally:
        document.close()


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


def _score(pages: list[Page]) -> float:
    return anomaly("\n".join(page.text for page in pages))


def _rival(path: Path, data: bytes, pages: list[Page]) -> tuple[list[Page], str, float]:
    """The pages by the extractor whose text is the least impossible, its name and its score."""
    score, name = _score(pages), "pdfium"
    if score > TOLERANCE:
        for rival, extract in list(EXTRACTORS.items())[1:]:
            try:
                other = extract(path, data)
            except (KeyboardInterrupt, SystemExit, MemoryError):
                raise
            except BaseException:  # a rival written in Rust may panic; the text of pdfium stands then
                continue
            rating = _score(other)
            if rating < score and sum(len(p.text) for p in other) * 2 > sum(len(p.text) for p in pages):
                score, name, pages = rating, rival, other
    return pages, name, score


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
    bare = [p.number for p in pages if _bare(p)]
    if len(bare) == len(pages) and len(data) < 2000:
        raise DocumentError(path, "has no text", "Its pages are empty: supply a PDF with text")
    name = "pdfium"
    if len(bare) < len(pages):
        pages, name, _ = _rival(path, data, pages)
    names = [name] * len(pages)
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
    digest = hashlib.sha256(data).hexdigest()
    return Reading(str(path), digest, tuple(pages), tuple(names), _score(pages), left)


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
