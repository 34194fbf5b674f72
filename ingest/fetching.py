"""Fetching: texts of the catalogue from their official addresses into a folder, politely, one at a time.

What comes must be a PDF; anything else (a page to log in, an error) is reported and changes nothing.
A sidecar beside each file says which instrument it is. ``fetched.json`` keeps what a server said of each file, so that
an unchanged one is not sent twice; a text that changed replaces the former one, which is kept beside it.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import quote, urlsplit
from urllib.request import Request, urlopen
from urllib.robotparser import RobotFileParser

from lawsearch.catalogue import Entry
from lawsearch.text import slug

AGENT = "lawsearch"
#: Seconds between two requests to one host, and seconds that one may take.
PAUSE, PATIENCE = 2.0, 60.0
#: Larger files are no laws.
LARGEST = 200_000_000
NEW, CHANGED, UNCHANGED, FAILED = "new", "changed", "unchanged", "failed"


@dataclass(frozen=True, slots=True)
class Fetched:
    """What became of one instrument: ``state`` is new, changed, unchanged or failed, with the reason."""

    instrument: str
    state: str
    reason: str = ""
    path: Path = Path()


class Fetcher:
    """Fetches into ``folder``; ``pause`` is the time between two requests to one host, in seconds."""

    def __init__(self, folder: Path, *, pause: float = PAUSE) -> None:
        self.folder = folder
        self._pause = pause
        self._book = folder / "fetched.json"
        self._last: dict[str, float] = {}
        self._robots: dict[str, RobotFileParser] = {}

    def fetch(self, entries: Iterable[Entry], tell: Callable[[Fetched], None] = lambda _: None) -> list[Fetched]:
        """Each entry that has an address; a failure stops nothing else and leaves what was there."""
        self.folder.mkdir(parents=True, exist_ok=True)
        told = json.loads(self._book.read_text("utf-8")) if self._book.is_file() else {}
        found = []
        for entry in entries:
            if not entry.instrument.address.startswith(("http://", "https://")):
                continue
            try:
                one = self._one(entry, told)
            except (OSError, HTTPException, ValueError) as error:
                reason = f"{entry.instrument.address}: {error or type(error).__name__}"
                one = Fetched(entry.instrument.id, FAILED, reason)
            found.append(one)
            tell(one)
            _replace(self._book, json.dumps(told, indent=1).encode())
        return found

    def _one(self, entry: Entry, told: dict[str, dict[str, str]]) -> Fetched:
        instrument = entry.instrument
        path = self.folder / f"{slug(instrument.id.removeprefix('/akn/'))}.pdf"
        known = told.get(instrument.id, {}) if path.is_file() else {}
        # Addresses are written as people read them; a space or a letter of another script is sent as its code.
        address = quote(instrument.address, safe=":/?#[]@!$&'()*+,;=%~")
        if not self._allowed(address):
            return Fetched(instrument.id, FAILED, f"{address}: the site's robots.txt forbids it")
        asked = {"If-None-Match": known.get("etag", ""), "If-Modified-Since": known.get("modified", "")}
        try:
            data, headers = self._get(address, {k: v for k, v in asked.items() if v})
        except HTTPError as error:
            if error.code == 304:
                return Fetched(instrument.id, UNCHANGED, path=path)
            return Fetched(instrument.id, FAILED, f"{address}: the server answered {error.code} {error.reason}")
        if b"%PDF-" not in data[:1024]:
            kind = headers.get("Content-Type", "unknown")
            return Fetched(instrument.id, FAILED, f"{address}: what came is no PDF ({kind})")
        digest = hashlib.sha256(data).hexdigest()
        told[instrument.id] = {
            "address": address, "digest": digest, "etag": headers.get("ETag", ""),
            "modified": headers.get("Last-Modified", ""), "fetched": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        }  # fmt: skip
        before = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        if before == digest:
            return Fetched(instrument.id, UNCHANGED, path=path)
        if before:
            os.replace(path, path.with_name(f"{path.name}.{before[:12]}.former"))
        _replace(path.with_suffix(".toml"), _sidecar(entry).encode())
        _replace(path, data)
        return Fetched(instrument.id, CHANGED if before else NEW, path=path)

    def _get(self, address: str, headers: dict[str, str]) -> tuple[bytes, dict[str, str]]:
        host = urlsplit(address).netloc
        wait = self._last.get(host, 0.0) + self._pause - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        try:
            with urlopen(Request(address, headers={"User-Agent": AGENT, **headers}), timeout=PATIENCE) as answer:
                data = answer.read(LARGEST + 1)
                said = dict(answer.headers.items())
        finally:
            self._last[host] = time.monotonic()
        if len(data) > LARGEST:
            raise ValueError(f"more than {LARGEST // 1_000_000} MB")
        if said.get("Content-Length", str(len(data))) != str(len(data)):
            raise ValueError(f"cut short: {len(data)} of {said['Content-Length']} bytes came")
        return data, said

    def _allowed(self, address: str) -> bool:
        parts = urlsplit(address)
        site = f"{parts.scheme}://{parts.netloc}"
        if site not in self._robots:
            rules = self._robots[site] = RobotFileParser()
            try:
                rules.parse(self._get(f"{site}/robots.txt", {})[0].decode("utf-8", "replace").splitlines())
            except HTTPError:
                rules.parse([])  # a site without rules
        return self._robots[site].can_fetch(AGENT, address)


def _sidecar(entry: Entry) -> str:
    """Which instrument the file is, as ingest reads it. JSON's texts, numbers and lists of texts are TOML's."""
    values = {k: v for k, v in asdict(entry.instrument).items() if v not in ("", None, (), "unknown")}
    spoken = entry.language or (entry.instrument.languages[0] if len(entry.instrument.languages) == 1 else "")
    values |= {k: v for k, v in (("language", spoken), ("family", entry.family)) if v}
    return "".join(f"{k} = {json.dumps(v, ensure_ascii=False)}\n" for k, v in values.items())


def _replace(path: Path, data: bytes) -> None:
    pending = path.with_name(path.name + ".pending")
    pending.write_bytes(data)
    os.replace(pending, path)
