"""One page of a PDF as a PNG, with rectangles drawn lightly on it: where a provision stands.

pdfium is written in C and reads what others made, so ``Painter`` draws in a process of its own, that may be slow or
die without harm to the one that asks.
"""

from __future__ import annotations

import math
import multiprocessing
import struct
import threading
import zlib
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures import TimeoutError as Late
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import numpy as np
import pypdfium2 as pdfium

from lawsearch.errors import DocumentError
from lawsearch.provision import Box

#: Pixels across, whatever the size of the paper: enough to read, little to send.
WIDTH = 1100
#: No picture has more pixels; of a page longer than that all is drawn, smaller.
MOST = 3_000_000
#: Seconds that a page may take.
PATIENCE = 15.0
_FILL = np.array([255, 244, 196], np.uint16)
_LINE = np.array([176, 110, 0], np.uint8)
#: Points between the letters and the line around them.
_ROOM = 2.5


def picture(path: str | Path, page: int, boxes: Sequence[Box] = ()) -> bytes:
    """Page ``page`` (from 1) of the file as PNG, with those of the boxes that are on it drawn.

    Raises DocumentError where the file cannot be read or has no such page.
    """
    try:
        document = pdfium.PdfDocument(path)
    except (pdfium.PdfiumError, OSError) as error:
        raise DocumentError(path, f"cannot be drawn ({error})") from None
    try:
        if not 1 <= page <= len(document):
            raise DocumentError(path, f"has {len(document)} pages and no page {page}")
        sheet = document[page - 1]
        width, height = sheet.get_size()
        scale = min(WIDTH / max(width, 1.0), math.sqrt(MOST / max(width * height, 1.0)))
        image = np.array(sheet.render(scale=scale, rev_byteorder=True).to_numpy()[:, :, :3])
    except pdfium.PdfiumError as error:
        raise DocumentError(path, f"page {page} cannot be drawn ({error})") from None
    finally:
        document.close()
    for box in boxes:
        if box.page == page:
            _mark(image, box, scale)
    return png(image)


def _mark(image: np.ndarray, box: Box, scale: float) -> None:
    """Tint the box, so that what is dark stays dark, and draw a line around it."""
    height, width, _ = image.shape
    x0, x1 = (round(min(max(x * scale, 0), width)) for x in (box.x0 - _ROOM, box.x1 + _ROOM))
    y0, y1 = (round(min(max(y * scale, 0), height)) for y in (box.y0 - _ROOM, box.y1 + _ROOM))
    if x1 - x0 < 2 or y1 - y0 < 2:
        return
    part = image[y0:y1, x0:x1]
    part[:] = (part.astype(np.uint16) * _FILL // 255).astype(np.uint8)
    for edge in (part[:2], part[-2:], part[:, :2], part[:, -2:]):
        edge[:] = _LINE


def png(image: np.ndarray) -> bytes:
    """An array (height, width, 3) of bytes as a PNG."""
    height, width, _ = image.shape
    # One byte before each row says that it is not filtered.
    rows = np.concatenate([np.zeros((height, 1), np.uint8), image.reshape(height, width * 3)], axis=1)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(rows.tobytes(), 6)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def _drawn(path: str | Path, page: int, boxes: Sequence[Box]) -> bytes | str:
    """The picture, or why there is none: errors do not travel well between processes."""
    try:
        return picture(path, page, boxes)
    except DocumentError as error:
        return error.reason


class Painter:
    """Draws pages in one process beside this one, started at the first and ended by ``close``."""

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._pool: ProcessPoolExecutor | None = None
        self._lock = threading.Lock()

    def __call__(self, path: str | Path, page: int, boxes: Sequence[Box] = ()) -> bytes:
        """As ``picture``; also raises DocumentError where it takes too long or the process dies."""
        # Who waits behind a slow page waits no longer than for one.
        if not self._lock.acquire(timeout=self._patience):
            raise DocumentError(path, f"page {page} has to wait too long for others")
        try:
            if self._pool is None:
                self._pool = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))
            try:
                found = self._pool.submit(_drawn, path, page, tuple(boxes)).result(self._patience)
                if isinstance(found, bytes):
                    return found
                raise DocumentError(path, found)
            except Late:
                reason = f"page {page} takes longer than {self._patience:g} s to draw"
            except BrokenProcessPool:
                reason = f"page {page} cannot be drawn"
            self._end(self._pool)
            self._pool = None
            raise DocumentError(path, reason)
        finally:
            self._lock.release()

    def close(self) -> None:
        """End the process."""
        with self._lock:
            if self._pool is not None:
                self._end(self._pool)
                self._pool = None

    @staticmethod
    def _end(pool: ProcessPoolExecutor) -> None:
        # What is being drawn is given up: waiting for it is what nobody wants any more.
        for process in list((pool._processes or {}).values()):
            process.kill()
        pool.shutdown(wait=False, cancel_futures=True)
