"""Pictures of pages for the tests: PDFs whose pages are nothing but pictures, and the pixels of made-up pages."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
import pypdfium2 as pdfium
from scipy import ndimage


def pictures(document: bytes, dpi: int = 200, slope: float = 0.0) -> list[np.ndarray]:
    """The pages of a PDF as grey pixels, turned by ``slope`` degrees."""
    opened = pdfium.PdfDocument(document)
    try:
        found = []
        for page in opened:
            grey = page.render(scale=dpi / 72, grayscale=True).to_numpy()
            grey = np.array(grey).reshape(grey.shape[:2])
            found.append(ndimage.rotate(grey, slope, reshape=False, order=1, cval=255) if slope else grey)
        return found
    finally:
        opened.close()


def bound(pages: Sequence[np.ndarray], dpi: int = 200) -> bytes:
    """A PDF of pages that are pictures and carry no text."""
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", b""]
    kids = []
    for grey in pages:
        height, width = grey.shape
        data = zlib.compress(grey.astype(np.uint8).tobytes())
        first = len(objects) + 1
        wide, high = width * 72 / dpi, height * 72 / dpi
        drawn = f"q {wide} 0 0 {high} 0 0 cm /I Do Q".encode()
        objects += [
            f"<< /Type /XObject /Subtype /Image /Width {width} /Height {height} /ColorSpace /DeviceGray "
            f"/BitsPerComponent 8 /Filter /FlateDecode /Length {len(data)} >>\nstream\n".encode()
            + data
            + b"\nendstream",
            b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawn), drawn),
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {wide} {high}] /Contents {first + 1} 0 R "
            f"/Resources << /XObject << /I {first} 0 R >> >> >>".encode(),
        ]
        kids.append(f"{first + 2} 0 R")
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>".encode()
    out, places = b"%PDF-1.4\n", []
    for i, body in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (i, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    start, size = len(out), len(objects) + 1
    out += b"xref\n0 %d\n0000000000 65535 f \n%s" % (size, table)
    return out + b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (size, start)


def dashes(rows: Sequence[tuple[int, int, int]], letter: int = 16, height: int = 1100, width: int = 850) -> np.ndarray:
    """A page of lines of square letters: (top, left, how many letters)."""
    page = np.full((height, width), 250, np.uint8)
    for top, left, count in rows:
        for i in range(count):
            x = left + i * (letter + 6)
            page[top : top + letter, x : x + letter] = 20
    return page
