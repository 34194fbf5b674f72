"""Made-up pages for the tests: rows straight from lines of text, and small PDFs set in the base-14 fonts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ingest.layout import lay_out
from ingest.numbering import any_heading
from ingest.page import Line, Page, Row
from ingest.segment import Segment, Segmentation
from ingest.segmentation import segment
from ingest.voting import vote

KEEPER = "The keeper of a lamp must see that it burns from dusk until the sun has risen."


def line(text: str, y: float, x: float = 72.0, *, page: int = 1, size: float = 11.0) -> Line:
    """A line of text; ``**text**`` is bold, ``^text^`` centred on an A4 page."""
    bold = "**" in text
    text = text.replace("**", "")
    if text.startswith("^"):
        text = text.strip("^")
        x = 297 - len(text) * size / 4
    return Line(text, page, x, y, x + len(text) * size / 2, y + size, size, bold)


def rows(text: str) -> list[Row]:
    """Rows of one column; each line of ``text`` is one, an empty line a gap, leading spaces an indent."""
    result: list[Row] = []
    y, gap = 72.0, 0.0
    for raw in text.strip("\n").split("\n"):
        if not raw.strip():
            gap = 1.0
            continue
        y += 14 + gap * 11
        indent = (len(raw) - len(raw.lstrip())) * 6.0
        result.append(Row(line(raw.strip(), y, 72 + indent), 72.0, 523.0, 0.2 + gap))
        gap = 0.0
    return result


def cut(text: str, **known: str) -> Segmentation:
    """The segmentation of a text by the family that wins."""
    made = rows(text)
    words = Counter(word.casefold() for row in made for word in row.text.split())
    return segment(made, (), vote(made, (), **known), words)


def units(found: Segmentation) -> list[Segment]:
    """The units of matching among the segments."""
    return [s for s in found.segments if found.family is None or s.kind == found.family.kind]


def page(number: int, *lines: Line, width: float = 595.0, height: float = 842.0) -> Page:
    """A page of lines."""
    return Page(number, width, height, tuple(lines))


def laid_out(*pages: Page) -> list[str]:
    """The texts of all rows of the first flow in reading order."""
    return [row.text for row in lay_out(pages, any_heading()).flows[0]]


Typed = tuple[float, float, str] | tuple[float, float, str, float]


def pdf(pages: Sequence[Sequence[Typed]], *, size: float = 11.0, bold: str = "**") -> bytes:
    """A PDF of text: for each page (x, y from the top, text, type size if not ``size``); ``**`` opens bold text."""
    objects: list[bytes] = []

    def add(body: bytes) -> int:
        objects.append(body)
        return len(objects)

    catalog, tree = add(b""), add(b"")
    fonts = [
        add(f"<< /Type /Font /Subtype /Type1 /BaseFont /{name} /Encoding /WinAnsiEncoding >>".encode())
        for name in ("Helvetica", "Helvetica-Bold")
    ]
    kids = []
    for texts in pages:
        drawn = []
        for x, y, text, *own in texts:
            points = own[0] if own else size
            font = 2 if text.startswith(bold) else 1
            shown = (
                text.removeprefix(bold).removesuffix(bold).replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
            )
            drawn.append(f"BT /F{font} {points} Tf {x} {842 - y - points} Td ({shown}) Tj ET")
        stream = "\n".join(drawn).encode("cp1252")
        content = add(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream))
        kids.append(
            add(
                f"<< /Type /Page /Parent {tree} 0 R /MediaBox [0 0 595 842] /Contents {content} 0 R /Resources "
                f"<< /Font << /F1 {fonts[0]} 0 R /F2 {fonts[1]} 0 R >> >> >>".encode()
            )
        )
    objects[catalog - 1] = f"<< /Type /Catalog /Pages {tree} 0 R >>".encode()
    listed = " ".join(f"{k} 0 R" for k in kids)
    objects[tree - 1] = f"<< /Type /Pages /Kids [{listed}] /Count {len(kids)} >>".encode()
    out, places = b"%PDF-1.4\n", []
    for i, body in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (i, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, table)
    return out + b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)


def typed(*texts: str) -> list[list[tuple[float, float, str]]]:
    """Pages of text typed line by line, for ``pdf``; four spaces are an indent."""
    return [
        [
            (72 + 8 * (len(raw) - len(raw.lstrip())), 72 + 15 * i, raw.strip())
            for i, raw in enumerate(text.strip("\n").split("\n"))
            if raw.strip()
        ]
        for text in texts
    ]


def by_number(text: str) -> dict[str, Segment]:
    """The units of a law made of lines of text, by their numbers."""
    return {unit.number: unit for unit in units(cut(text))}
