from __future__ import annotations

import struct
import time
import zlib
from pathlib import Path

import numpy as np
import pypdfium2
import pytest

from ingest.picture import MOST, WIDTH, Painter, picture
from lawsearch.errors import DocumentError
from lawsearch.provision import Box


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PDF of two blank pages, the second very long."""
    document = pypdfium2.PdfDocument.new()
    document.new_page(600, 800)
    document.new_page(600, 14_000)
    path = tmp_path_factory.mktemp("paper") / "paper.pdf"
    document.save(path)
    document.close()
    return path


def pixels(data: bytes) -> np.ndarray:
    """The picture as an array, read as the format has it."""
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    place, body, size = 8, b"", (0, 0)
    while place < len(data):
        (length,) = struct.unpack(">I", data[place : place + 4])
        kind, content = data[place + 4 : place + 8], data[place + 8 : place + 8 + length]
        assert struct.unpack(">I", data[place + 8 + length : place + 12 + length]) == (zlib.crc32(kind + content),)
        if kind == b"IHDR":
            size = struct.unpack(">II", content[:8])
        body += content if kind == b"IDAT" else b""
        place += 12 + length
    rows = np.frombuffer(zlib.decompress(body), np.uint8).reshape(size[1], size[0] * 3 + 1)
    return rows[:, 1:].reshape(size[1], size[0], 3)


def test_the_box_is_tinted_where_it_stands_and_nothing_else(paper: Path) -> None:
    seen = pixels(picture(paper, 1, [Box(1, 60, 80, 300, 160), Box(2, 0, 0, 600, 800)]))
    assert seen.shape[1] == WIDTH
    scale = WIDTH / 600
    inside = seen[round(120 * scale), round(180 * scale)]
    assert inside[2] < 230 < inside[0]
    assert inside.min() > 150, "print stays readable"
    assert (seen[round(400 * scale)] == 255).all()
    assert (seen[round(120 * scale), round(400 * scale) :] == 255).all()


@pytest.mark.parametrize(
    "box", [Box(1, -50, -50, 9000, 9000), Box(1, 10, 10, 10, 10), Box(1, 700, 900, 800, 950), Box(1, 300, 300, 10, 10)]
)
def test_a_box_beyond_the_page_does_no_harm(paper: Path, box: Box) -> None:
    assert pixels(picture(paper, 1, [box])).shape[1] == WIDTH


def test_a_long_page_is_drawn_smaller(paper: Path) -> None:
    height, width, _ = pixels(picture(paper, 2)).shape
    assert height * width <= MOST * 1.01
    assert height > 20 * width


@pytest.mark.parametrize("page", [0, 3, -1])
def test_a_page_that_is_not_there(paper: Path, page: int) -> None:
    with pytest.raises(DocumentError, match="has 2 pages"):
        picture(paper, page)


def test_a_file_that_is_no_pdf(tmp_path: Path) -> None:
    (tmp_path / "no.pdf").write_text("no")
    for name in ("no.pdf", "gone.pdf"):
        with pytest.raises(DocumentError, match="cannot be drawn"):
            picture(tmp_path / name, 1)


def test_pages_are_drawn_beside_this_process(paper: Path) -> None:
    painter = Painter()
    try:
        assert painter(paper, 1, [Box(1, 60, 80, 300, 160)]) == picture(paper, 1, [Box(1, 60, 80, 300, 160)])
        with pytest.raises(DocumentError, match="no page 9"):
            painter(paper, 9)
        assert painter(paper, 1)
    finally:
        painter.close()


def test_a_page_that_takes_too_long_is_given_up(paper: Path) -> None:
    painter = Painter(patience=0.001)
    started = time.monotonic()
    with pytest.raises(DocumentError, match="longer than"):
        painter(paper, 1)
    assert time.monotonic() - started < 10
    painter.close()
