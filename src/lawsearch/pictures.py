"""Pictures of the pages that provisions stand on: only of files that still are what was read, each drawn once."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path

from lawsearch.errors import DocumentError, NotFoundError
from lawsearch.provision import Box, Provision
from lawsearch.store import Entry

#: Draws a page (from 1) of a file as PNG, with boxes on it. Raises DocumentError.
Paint = Callable[[Path, int, Sequence[Box]], bytes]
#: So many pictures are kept.
KEPT = 24
#: No larger file is read for a picture, in bytes.
LARGEST = 300_000_000


class Pictures:
    """Draws through ``paint``; without it (None) there are no pictures. Safe to use from many threads."""

    def __init__(self, paint: Paint | None) -> None:
        self._paint = paint
        self._lock = threading.Lock()
        self._digests: dict[tuple[str, int, int], str] = {}
        self._drawn: OrderedDict[tuple[str, str, int], bytes] = OrderedDict()

    def refusal(self, entry: Entry) -> str:
        """Why there are no pictures of the text of ``entry``, in a sentence; empty where there are."""
        if self._paint is None:
            return "This server draws no pages"
        path = Path(entry.source.path)
        try:
            found = path.stat()
        except OSError:
            return "The file that the text was read from is not on this server"
        if found.st_size > LARGEST:
            return "The file that the text was read from is too large to be drawn"
        key = (str(path), found.st_size, found.st_mtime_ns)
        digest = self._digests.get(key)
        if digest is None:
            try:
                with path.open("rb") as file:
                    digest = hashlib.file_digest(file, "sha256").hexdigest()
            except OSError:
                return "The file that the text was read from cannot be read"
            with self._lock:
                self._digests[key] = digest
        if digest != entry.source.digest:
            return "The file has changed since the text was read from it"
        return ""

    def png(self, entry: Entry, provision: Provision, page: int) -> bytes:
        """A page with the place of the provision on it. Raises NotFoundError saying why there is none."""
        if not any(box.page == page for box in provision.boxes):
            pages = ", ".join(map(str, pages_of(provision))) or "no page that is known"
            raise NotFoundError(f"{provision.citation} does not stand on page {page}", f"It stands on {pages}")
        if reason := self.refusal(entry):
            raise NotFoundError(reason, "Ingest the file again, then its pages can be shown")
        key = (entry.source.digest, provision.id, page)
        with self._lock:
            if key in self._drawn:
                self._drawn.move_to_end(key)
                return self._drawn[key]
        assert self._paint is not None
        try:
            drawn = self._paint(Path(entry.source.path), page, [b for b in provision.boxes if b.page == page])
        except DocumentError as error:
            # The path on the server is nobody's business.
            raise NotFoundError(f"The page cannot be shown: {error.reason}", "Open the official text instead") from None
        with self._lock:
            self._drawn[key] = drawn
            while len(self._drawn) > KEPT:
                self._drawn.popitem(last=False)
        return drawn


def pages_of(provision: Provision) -> list[int]:
    """The pages that a provision stands on, in order."""
    return sorted({box.page for box in provision.boxes})
