"""The archive: every text ever fetched, under the digest of its bytes, and a journal of where and when each was had.

archive/<first two of the digest>/<SHA-256>.pdf
archive/journal.jsonl                             one line a change, oldest first; never rewritten

The text is kept before its line is written, and the line before anything else changes: whatever is in use has a
recorded digest, and a crash leaves at worst a text that the journal does not name.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import IO

log = logging.getLogger(__name__)
#: Seconds after which what came in half and was left behind by a killed process is removed.
ABANDONED = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One line of the journal: ``asked`` is the catalogue's address, ``address`` where the text was in the end, after
    ``redirects`` (status, address); ``headers`` are those that tell versions apart; ``digest`` is of the text,
    ``sidecar`` of the facts that were put beside it; ``time`` is UTC, ISO 8601."""

    instrument: str
    asked: str
    address: str
    time: str
    status: int
    digest: str
    sidecar: str = ""
    redirects: tuple[tuple[int, str], ...] = ()
    headers: dict[str, str] = field(default_factory=dict)

    def same(self, other: Record | None) -> bool:
        """Whether the two say the same, but for the time and the status (200, or 304 later on)."""
        return other is not None and all(
            getattr(self, f.name) == getattr(other, f.name) for f in fields(self) if f.name not in ("time", "status")
        )


class Archive:
    """The archive in ``folder``, which is made where it is missing."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._journal = folder / "journal.jsonl"
        folder.mkdir(parents=True, exist_ok=True)
        for left in folder.glob(".incoming-*"):
            if time.time() - left.stat().st_mtime > ABANDONED:
                left.unlink(missing_ok=True)
        self._records: dict[str, list[Record]] = {}
        for record in self._read():
            self._records.setdefault(record.instrument, []).append(record)

    def records(self, instrument: str) -> list[Record]:
        """What the journal says of an instrument, oldest first."""
        return self._records.get(instrument, [])

    def path(self, digest: str) -> Path:
        """Where the text with that digest lies, or would."""
        return self.folder / digest[:2] / f"{digest}.pdf"

    def text(self, digest: str) -> bytes | None:
        """The text with that digest; None where it is missing or no longer what it was."""
        try:
            data = self.path(digest).read_bytes()
        except OSError:
            return None
        if hashlib.sha256(data).hexdigest() != digest:
            log.warning("%s: is damaged; it will be fetched again", self.path(digest))
            return None
        return data

    @contextmanager
    def incoming(self) -> Iterator[IO[bytes]]:
        """A file that a text is received into; it is gone afterwards unless ``keep`` took it."""
        handle, name = tempfile.mkstemp(prefix=".incoming-", dir=self.folder)
        try:
            with os.fdopen(handle, "w+b") as file:
                yield file
        finally:
            Path(name).unlink(missing_ok=True)

    def keep(self, file: IO[bytes]) -> str:
        """Keep what was received and return its digest. The same text is kept once."""
        file.flush()
        file.seek(0)
        digest = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
        if self.text(digest) is None:
            file.seek(0)
            replace(self.path(digest), file.read())
        return digest

    def record(self, record: Record) -> None:
        """Add a line to the journal; it is on the disk when this returns."""
        line = json.dumps(asdict(record), ensure_ascii=False).encode() + b"\n"
        with self._journal.open("a+b") as file:
            # A line that a crash cut short is ended, so that it spoils no other.
            if file.tell() and not _ends_in_newline(file):
                line = b"\n" + line
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
        self._records.setdefault(record.instrument, []).append(record)

    def _read(self) -> Iterator[Record]:
        if not self._journal.is_file():
            return
        with self._journal.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if not line.strip():
                    continue
                try:
                    values = json.loads(line)
                    values["redirects"] = tuple((int(s), str(a)) for s, a in values["redirects"])
                    yield Record(**values)
                except (ValueError, TypeError, KeyError):
                    log.warning("%s, line %d: cannot be read and is passed over", self._journal, number)


def _ends_in_newline(file: IO[bytes]) -> bool:
    file.seek(-1, os.SEEK_END)
    return file.read(1) == b"\n"


def replace(path: Path, data: bytes) -> None:
    """Put ``data`` at ``path`` in one step: whoever reads it sees all of the old or all of the new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", suffix=".pending", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
