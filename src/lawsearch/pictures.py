"""Pictures of the pages that provisions stand on: only of files that still are what was read, each drawn once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

from lawsearch.errors import DocumentError, NotFoundError
from lawsearch.provision import Box, Provision
from lawsearch.store import Entry
from lawsearch.turns import Made, Turns

#: Draws a page (from 1) of a file as PNG, with boxes on it. Raises DocumentError.
Paint = Callable[[Path, int, Sequence[Box]], bytes]
#: Bytes of pictures that are kept: some hundred pages.
KEPT = 32_000_000
#: Pages drawn at once (the painter has one process), requests that wait for theirs, and for how many seconds.
AT_ONCE, WAITING, PATIENCE = 1, 8, 10.0
#: No larger file is read for a picture, in bytes.
LARGEST = 300_000_000


class Pictures:
    """Draws through ``paint``; without it (None) there are no pictures. Safe to use from many threads."""

    def __init__(self, paint: Paint | None) -> None:
        self._paint = paint
        #: Of each file the size and time of its last change when it was read, and its digest then.
        self._digests: dict[Path, tuple[int, int, str]] = {}
        self.turns = Turns("pages", AT_ONCE, WAITING, PATIENCE)
        self._drawn: Made[tuple[str, str, int], bytes] = Made(self.turns, KEPT, len)

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
        size, time, digest = self._digests.get(path, (-1, -1, ""))
        if (size, time) != (found.st_size, found.st_mtime_ns):
            try:
                with path.open("rb") as file:
                    digest = hashlib.file_digest(file, "sha256").hexdigest()
            except OSError:
                return "The file that the text was read from cannot be read"
            self._digests[path] = (found.st_size, found.st_mtime_ns, digest)
        if digest != entry.source.digest:
            return "The file has changed since the text was read from it"
        return ""

    def png(self, entry: Entry, provision: Provision, page: int) -> bytes:
        """A page with the place of the provision on it. Raises NotFoundError saying why there is none, BusyError."""
        if not any(box.page == page for box in provision.boxes):
            pages = ", ".join(map(str, pages_of(provision))) or "no page that is known"
            raise NotFoundError(f"{provision.citation} does not stand on page {page}", f"It stands on {pages}")
        if reason := self.refusal(entry):
            raise NotFoundError(reason, "Ingest the file again, then its pages can be shown")
        paint = self._paint
        assert paint is not None
        boxes = [box for box in provision.boxes if box.page == page]
        try:
            return self._drawn.of(
                (entry.source.digest, provision.id, page), lambda: paint(Path(entry.source.path), page, boxes)
            )
        except DocumentError as error:
            # The path on the server is nobody's business.
            raise NotFoundError(f"The page cannot be shown: {error.reason}", "Open the official text instead") from None


def pages_of(provision: Provision) -> list[int]:
    """The pages that a provision stands on, in order."""
    return sorted({box.page for box in provision.boxes})
