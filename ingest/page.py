"""A page as extraction leaves it: lines of text with their place and their type."""

from __future__ import annotations

from dataclasses import dataclass, field

from lawsearch.provision import Box


@dataclass(frozen=True, slots=True)
class Line:
    """A run of text on one baseline without a wide gap in it.

    ``page`` is 1-based; ``x0, y0, x1, y1`` are points from the top left corner of the page, y downwards;
    ``size`` is the type size in points; ``bold`` and ``italic`` hold for most of the run; ``confidence`` is that of
    a line read by OCR, from 0 to 1, None for text that the file carries.
    """

    text: str
    page: int
    x0: float
    y0: float
    x1: float
    y1: float
    size: float = 0.0
    bold: bool = False
    italic: bool = False
    confidence: float | None = None

    @property
    def middle(self) -> float:
        """Horizontal centre, in points."""
        return (self.x0 + self.x1) / 2

    @property
    def width(self) -> float:
        """Width in points."""
        return self.x1 - self.x0


@dataclass(frozen=True, slots=True)
class Row:
    """One line of text as read: the runs on one baseline of one column, joined.

    ``left`` and ``right`` are the edges of its column; ``gap`` the white space above it in units of its own type
    size (0 for the first row of a column); ``line.text`` may end in a soft hyphen.
    """

    line: Line
    left: float
    right: float
    gap: float = 0.0

    @property
    def text(self) -> str:
        """Its text."""
        return self.line.text

    @property
    def indent(self) -> float:
        """Distance from the left edge of the column, in ems."""
        return (self.line.x0 - self.left) / (self.line.size or 10.0)

    @property
    def centred(self) -> bool:
        """Whether it stands in the middle of its column, clear of both edges."""
        slack = self.right - self.left - self.line.width
        off = abs(self.line.middle - (self.left + self.right) / 2)
        return slack > 2 * self.line.size and off < max(0.06 * slack, 0.6 * self.line.size)


@dataclass(frozen=True, slots=True)
class Page:
    """One page: its 1-based number, its size in points, its lines in the order of the content stream.

    ``turn`` is by how many degrees, clockwise, the page as shown has to be turned to be read (0, 90, 180, 270): size
    and places are those on the page so turned.
    """

    number: int
    width: float
    height: float
    lines: tuple[Line, ...] = ()
    turn: int = 0

    @property
    def text(self) -> str:
        """The text of the page, a line each."""
        return "\n".join(line.text for line in self.lines)

    def shown(self, box: Box) -> Box:
        """A box on the page as it is read, on the page as it is shown."""
        w, h, x0, y0, x1, y1 = self.width, self.height, box.x0, box.y0, box.x1, box.y1
        turned = {
            0: (x0, y0, x1, y1),
            90: (y0, w - x1, y1, w - x0),
            180: (w - x1, h - y1, w - x0, h - y0),
            270: (h - y1, x0, h - y0, x1),
        }[self.turn]
        return Box(box.page, *(round(value, 1) for value in turned))


@dataclass(frozen=True, slots=True)
class Reading:
    """A file as read: pages, the extractor used for each page, and the anomaly score of the whole text.

    ``anomaly`` is the number of impossible or suspicious characters in a thousand; ``image_only`` the numbers of
    the pages without text, neither in a layer nor read by OCR; ``zawgyi`` the pages whose Burmese was encoded as
    Zawgyi and is given in Unicode; ``digest`` the SHA-256 of the file's bytes.
    """

    path: str
    digest: str
    pages: tuple[Page, ...]
    extractors: tuple[str, ...]
    anomaly: float
    image_only: tuple[int, ...] = field(default=())
    zawgyi: tuple[int, ...] = field(default=())

    @property
    def turned(self) -> tuple[int, ...]:
        """The pages that are shown lying on their side or upside down."""
        return tuple(page.number for page in self.pages if page.turn)

    @property
    def scanned(self) -> tuple[Page, ...]:
        """The pages read by OCR."""
        return tuple(page for page, name in zip(self.pages, self.extractors, strict=True) if name == "tesseract")

    @property
    def confidence(self) -> float | None:
        """The mean confidence of the characters read by OCR, from 0 to 1; None where none were."""
        lines = [line for page in self.scanned for line in page.lines if line.confidence is not None]
        size = sum(len(line.text) for line in lines)
        return sum((line.confidence or 0) * len(line.text) for line in lines) / size if size else None
