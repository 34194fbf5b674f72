"""Fetching: texts of the catalogue from their official addresses into a folder, politely, one at a time.

Every text that comes is kept in the archive and its digest in the archive's journal before anything else happens; the
folder holds a copy of the current one, with a sidecar that says which instrument it is. Only whole PDFs are taken.
Anything else (an error, a page to log in, a page where a PDF was) is reported and changes nothing, and so does a text
in the folder that a person has changed.
"""

from __future__ import annotations

import hashlib
import json
import logging
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

import httpx2
from protego import Protego

from ingest.archive import Archive, Record, replace
from ingest.transport import PASSING, Clock, ForbiddenAddressError, Transport, distrusted
from lawsearch import __version__
from lawsearch.catalogue import Entry
from lawsearch.text import slug

log = logging.getLogger(__name__)
AGENT = "lawsearch"
#: What became of an instrument. ``held``: there is a new text, and the folder's was changed by hand; ``page``: the
#: address is of a web page and never was of a PDF, which is no fault of tonight.
NEW, CHANGED, UNCHANGED, HELD, PAGE, FAILED = "new", "changed", "unchanged", "held", "page", "failed"
#: Answers after which the same request may go well a little later.
_TEMPORARY = (408, 425, 429, 500, 502, 503, 504)
_REDIRECTS, _PERMANENT = (301, 302, 303, 307, 308), (301, 308)
#: Headers that are kept: they tell one version of a text from another.
_KEPT = ("etag", "last-modified", "content-type", "content-length")
#: Where a PDF begins to be one at the latest, where it ends to be one at the earliest, what is read of anything else.
_HEAD, _TAIL, _GLANCE = 1024, 4096, 65_536
#: Most of a robots.txt that counts (RFC 9309 asks for 500 KiB at least).
_RULES = 524_288


@dataclass(frozen=True, slots=True)
class Manners:
    """How a fetcher behaves; times are in seconds."""

    pause: float = 2.0
    """Between two requests to one host; more where its robots.txt asks for more."""
    patience: float = 60.0
    """That a server may say nothing."""
    total: float = 900.0
    """That one text may take, with all attempts, waiting out of politeness not counted."""
    attempts: int = 4
    backoff: float = 4.0
    """Before the second attempt; twice as long before each further one, give or take a half."""
    longest: float = 300.0
    """That a server may ask to wait; who asks for more is not asked again in this run."""
    largest: int = 200_000_000
    """Bytes of a text; larger files are no laws."""
    redirects: int = 5
    silent: int = 3
    """Texts in a row that a host may fail to answer for before it is left alone in this run."""
    contact: str = ""
    """An address or a site that a server's operator finds in the requests, to complain to."""
    private: bool = False
    """Whether addresses in this machine's own network may be fetched from."""
    ca_file: Path | None = None
    """Certificates (PEM) that are trusted besides those of the system."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What became of one instrument: ``state`` with the ``reason`` where there is one, the ``digest`` of its official
    text as far as there is one, and where the address has ``moved`` to for good, for the catalogue to be corrected."""

    instrument: str
    state: str
    reason: str = ""
    path: Path = Path()
    digest: str = ""
    moved: str = ""


@dataclass(slots=True)
class _Answer:
    """The last answer on a way of redirects. ``head`` is how the body begins."""

    status: int
    headers: httpx2.Headers
    address: str
    redirects: tuple[tuple[int, str], ...]
    head: bytes = b""
    reason: str = ""

    @property
    def moved(self) -> str:
        """Where the address has moved to for good: the end of the permanent redirects that the way begins with."""
        found = ""
        for status, address in self.redirects:
            if status not in _PERMANENT:
                break
            found = address
        return found


class _Failure(Exception):
    """Nothing was had, and why; ``moved`` as far as the way is known, ``silent`` where nobody answered, ``page`` where
    a web page did."""

    def __init__(self, reason: str, *, moved: str = "", silent: bool = False, page: bool = False) -> None:
        super().__init__(reason)
        self.moved, self.silent, self.page = moved, silent, page


class Fetcher:
    """Fetches into ``folder``. The archive is beside it (``laws-archive`` beside ``laws``) unless given."""

    def __init__(
        self, folder: Path, manners: Manners | None = None, *, archive: Path | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:  # fmt: skip
        self.folder = folder
        beside = folder.resolve()
        self.archive = Archive(archive or beside.with_name(f"{beside.name}-archive"))
        self._manners = manners or Manners()
        self._sleep = sleep
        self._clock = Clock()
        self._last: dict[str, float] = {}
        self._rules: dict[str, Protego | str] = {}
        self._silent: Counter[str] = Counter()

    def fetch(self, entries: Iterable[Entry], tell: Callable[[Fetched], None] = lambda _: None) -> list[Fetched]:
        """Each entry that has an address; a failure stops nothing else and leaves what was there. Raises
        SettingsError where the file of further certificates cannot be used."""
        self.folder.mkdir(parents=True, exist_ok=True)
        manners = self._manners
        agent = f"{AGENT}/{__version__}" + (f" (+{manners.contact})" if manners.contact else "")
        transport = Transport(self._clock, private=manners.private, ca_file=manners.ca_file)
        found: list[Fetched] = []
        taken: dict[Path, str] = {}
        with httpx2.Client(
            transport=transport, headers={"User-Agent": agent, "Accept-Encoding": "identity"}, timeout=manners.patience
        ) as client:
            for entry in entries:
                if not entry.instrument.address:
                    continue
                one = self._one(client, entry, taken)
                log.info("fetched %s: %s %s", one.instrument, one.state, one.reason)
                found.append(one)
                tell(one)
        return found

    def _one(self, client: httpx2.Client, entry: Entry, taken: dict[Path, str]) -> Fetched:
        instrument = entry.instrument
        path = self.folder / f"{slug(instrument.id.removeprefix('/akn/'))}.pdf"
        if taken.setdefault(path, instrument.id) != instrument.id:
            return Fetched(instrument.id, FAILED, f"{path}: is the file of {taken[path]}; change one of the two ids")
        self._clock.start(self._manners.total)
        host = urlsplit(instrument.address).netloc
        known = self.archive.records(instrument.id)
        latest = known[-1] if known else None
        digest = latest.digest if latest else ""
        try:
            if self._silent[host] >= self._manners.silent:
                raise _Failure(f"{host} did not answer {self._silent[host]} times; it is left alone for now")
            record, moved = self._had(client, entry, latest, path)
            self._silent[host] = 0
            return self._placed(record, entry, path, moved)
        except _Failure as failure:
            self._silent[host] += failure.silent
            kept = "; what we have is kept" if latest or path.is_file() else ""
            state = PAGE if failure.page and not kept else FAILED
            reason = f"{instrument.address}: {failure}{kept}"
            return Fetched(instrument.id, state, reason, path if path.is_file() else Path(), digest, failure.moved)
        except OSError as error:
            reason = f"{error.filename or self.archive.folder}: {error.strerror or error}"
            return Fetched(instrument.id, FAILED, reason, path if path.is_file() else Path(), digest)

    # -- what the server has --------------------------------------------------------------------------------------

    def _had(self, client: httpx2.Client, entry: Entry, latest: Record | None, path: Path) -> tuple[Record, str]:
        """The record of the official text, in the journal and with its text in the archive; and where its address has
        moved to. Raises _Failure."""
        instrument = entry.instrument
        sidecar = hashlib.sha256(_sidecar(entry).encode()).hexdigest()
        # Asked for only where it changed, if we still have it as it was.
        known = latest if latest and latest.asked == instrument.address and self._has(latest.digest, path) else None
        with self.archive.incoming() as file:
            answer = self._answer(client, instrument.address, known, file)
            if answer.status == 304:
                if known is None:
                    raise _Failure("the server says that nothing changed, and we have nothing", moved=answer.moved)
                digest, headers = known.digest, known.headers
            else:
                _check(answer, file)
                digest = self.archive.keep(file)
                headers = {name: answer.headers[name] for name in _KEPT if name in answer.headers}
        record = Record(
            instrument=instrument.id, asked=instrument.address, address=answer.address, status=answer.status,
            time=datetime.now(UTC).isoformat(timespec="seconds"), digest=digest, sidecar=sidecar,
            redirects=answer.redirects, headers=headers,
        )  # fmt: skip
        if not record.same(latest):
            self.archive.record(record)
        return record, answer.moved

    def _has(self, digest: str, path: Path) -> bool:
        kept = self.archive.path(digest).is_file()
        return kept and (_digest(path) == digest or self.archive.text(digest) is not None)

    def _answer(self, client: httpx2.Client, address: str, known: Record | None, file: IO[bytes]) -> _Answer:
        """The answer to a request, after as many attempts as it needs. Raises _Failure."""
        manners = self._manners
        for attempt in range(1, manners.attempts + 1):
            asked, silent = 0.0, True
            try:
                answer = self._followed(client, address, known, file)
                if answer.status in (200, 304):
                    return answer
                reason, silent = f"the server answered {answer.status} {answer.reason}".rstrip(), False
                if answer.status not in _TEMPORARY:
                    raise _Failure(reason, moved=answer.moved)
                asked = _retry_after(answer.headers.get("retry-after", ""))
            except PASSING as error:
                if why := distrusted(error):
                    raise _Failure(f"its certificate is not trusted: {why}") from None
                reason = str(error) or _kind(error)
            except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, ForbiddenAddressError) as error:
                raise _Failure(str(error) or _kind(error)) from None
            if asked > manners.longest:
                raise _Failure(f"{reason}, and asks to come back in {asked:.0f} seconds")
            if self._clock.over:
                raise _Failure(f"it took longer than {manners.total:g} seconds altogether", silent=silent)
            if attempt == manners.attempts:
                raise _Failure(f"{reason} ({attempt} attempts)", silent=silent)
            pause = manners.backoff * 2 ** (attempt - 1) * random.uniform(0.5, 1.5)
            self._wait(max(asked, pause))
        raise AssertionError("there is an attempt")

    def _followed(self, client: httpx2.Client, address: str, known: Record | None, file: IO[bytes]) -> _Answer:
        """The answer at the end of the redirects; the body of a 200 is in ``file``."""
        request = client.build_request("GET", address)
        way: tuple[tuple[int, str], ...] = ()
        while True:
            self._ask_leave(client, request.url)
            # Elsewhere than where the text was they would be another page's: a page to log in that did not change
            # either would pass for an unchanged text.
            there = known.headers if known and str(request.url) == known.address else {}
            for header, name in (("If-None-Match", "etag"), ("If-Modified-Since", "last-modified")):
                request.headers.pop(header, None)
                if name in there:
                    request.headers[header] = there[name]
            answer, following = self._sent(client, request, file)
            answer.redirects = way
            if following is None:
                return answer
            way = (*way, (answer.status, str(following.url)))
            answer.redirects = way
            if len(way) > self._manners.redirects:
                raise _Failure(f"it redirects more than {self._manners.redirects} times", moved=answer.moved)
            before, after = request.url.scheme, following.url.scheme
            if after not in (before, "https"):
                raise _Failure(f"it redirects from {before} to {after}, which is not followed")
            request = following

    def _sent(
        self, client: httpx2.Client, request: httpx2.Request, file: IO[bytes], most: int = 0
    ) -> tuple[_Answer, httpx2.Request | None]:
        """The answer to one request, and the request that it redirects to. ``most`` bytes are read, what comes after
        is left; without it all are, and more than the largest text are a failure."""
        file.seek(0)
        file.truncate()
        host = request.url.netloc.decode("ascii")
        try:
            answer = client.send(request, stream=True)
            try:
                found = _Answer(answer.status_code, answer.headers, str(request.url), (), reason=answer.reason_phrase)
                if answer.status_code in _REDIRECTS:
                    return found, answer.next_request
                if answer.status_code == 200:
                    found.head = self._received(answer, file, most)
                return found, None
            finally:
                answer.close()
        finally:
            self._last[host] = time.monotonic()

    def _received(self, answer: httpx2.Response, file: IO[bytes], most: int) -> bytes:
        head, size = b"", 0
        largest = self._manners.largest
        declared = answer.headers.get("content-length", "")
        if not most and declared.isdigit() and int(declared) > largest:
            raise _Failure(f"it has {int(declared):,} bytes; {largest:,} are the most")
        for chunk in answer.iter_bytes():
            size += len(chunk)
            head = (head + chunk)[:_GLANCE] if len(head) < _GLANCE else head
            if most and size >= most:
                file.write(chunk[: len(chunk) - (size - most)])
                break
            if not most and size > largest:
                raise _Failure(f"it has more than {largest:,} bytes")
            if not most and len(head) >= _GLANCE and b"%PDF-" not in head[:_HEAD]:
                break  # no PDF, whatever follows
            file.write(chunk)
        return head

    # -- politeness -----------------------------------------------------------------------------------------------

    def _ask_leave(self, client: httpx2.Client, url: httpx2.URL) -> None:
        """Wait for our turn with a host. Raises _Failure where its robots.txt forbids the address or cannot be had."""
        site = f"{url.scheme}://{url.netloc.decode('ascii')}"
        if site not in self._rules:
            self._rules[site] = self._asked_rules(client, site)
        rules = self._rules[site]
        if isinstance(rules, str):
            raise _Failure(f"{site}/robots.txt: {rules}; nothing is fetched from there now")
        if not rules.can_fetch(str(url), AGENT):
            raise _Failure(f"the site's robots.txt forbids {url}")
        delay = float(rules.crawl_delay(AGENT) or 0)
        if delay > self._manners.longest:
            raise _Failure(f"the site's robots.txt asks for {delay:.0f} seconds between two requests")
        self._turn(url, delay)

    def _asked_rules(self, client: httpx2.Client, site: str) -> Protego | str:
        """A site's robots.txt, or why it cannot be had. What is not there forbids nothing (RFC 9309)."""
        request: httpx2.Request | None = client.build_request("GET", f"{site}/robots.txt")
        try:
            with self.archive.incoming() as file:
                for _ in range(self._manners.redirects + 1):
                    assert request
                    self._turn(request.url)
                    answer, request = self._sent(client, request, file, _RULES)
                    if request is None:
                        break
                if answer.status == 429 or answer.status >= 500:
                    return f"the server answered {answer.status}"
                file.seek(0)
                return Protego.parse(file.read().decode("utf-8", "replace") if answer.status == 200 else "")
        except PASSING as error:
            why = distrusted(error)
            return f"its certificate is not trusted: {why}" if why else str(error) or _kind(error)
        except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, ForbiddenAddressError) as error:
            return str(error) or _kind(error)

    def _turn(self, url: httpx2.URL, delay: float = 0) -> None:
        last = self._last.get(url.netloc.decode("ascii"))
        if last is not None:
            self._wait(last + max(delay, self._manners.pause) - time.monotonic())

    def _wait(self, seconds: float) -> None:
        if seconds > 0:
            self._clock.extend(seconds)
            self._sleep(seconds)

    # -- what we have ---------------------------------------------------------------------------------------------

    def _placed(self, record: Record, entry: Entry, path: Path, moved: str) -> Fetched:
        """Bring the folder to what the record says, unless a person has changed what is there."""
        known = self.archive.records(record.instrument)
        here = _digest(path)
        if here and here not in {r.digest for r in known}:
            reason = f"{path} is not what was fetched and is left alone; the official text is {self._kept(record)}"
            return Fetched(record.instrument, HELD, reason, path, record.digest, moved)
        beside = path.with_suffix(".toml")
        facts = _sidecar(entry).encode()
        now = _digest(beside)
        note = ""
        if now in {"", *(r.sidecar for r in known)}:
            if now != record.sidecar:
                replace(beside, facts)
        elif now != record.sidecar:
            note = f"{beside} was written by hand and is left alone"
        if here == record.digest:
            return Fetched(record.instrument, UNCHANGED, note, path, record.digest, moved)
        text = self.archive.text(record.digest)
        if text is None:
            raise _Failure(f"{self._kept(record)} is damaged; it will be fetched again", moved=moved)
        replace(path, text)
        return Fetched(record.instrument, CHANGED if here else NEW, note, path, record.digest, moved)

    def _kept(self, record: Record) -> Path:
        return self.archive.path(record.digest)


def _check(answer: _Answer, file: IO[bytes]) -> None:
    """Raise _Failure where what came is not a whole PDF, whatever its header calls it."""
    size = file.seek(0, 2)
    file.seek(max(0, size - _TAIL))
    tail = file.read()
    moved = answer.moved
    if not size:
        raise _Failure("nothing came", moved=moved)
    if b"%PDF-" in answer.head[:_HEAD]:
        if b"%%EOF" not in tail:
            raise _Failure(f"the PDF is cut short: {size:,} bytes came, without its end", moved=moved)
        return
    to = f", after a redirect to {answer.address}" if answer.redirects else ""
    opening = answer.head.lower()
    if b"<html" in opening or b"<!doctype html" in opening:
        kind = "a page to log in" if b'type="password"' in opening or b"type='password'" in opening else "a web page"
        raise _Failure(f"{kind} came instead of a PDF{to}", moved=moved, page=True)
    kind = answer.headers.get("content-type", "unknown")
    raise _Failure(f"what came is no PDF ({kind}){to}", moved=moved)


def _retry_after(value: str) -> float:
    """Seconds that a Retry-After header asks for: a number or a date; 0 where it is neither."""
    if value.strip().isdigit():
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return 0.0


def _kind(error: Exception) -> str:
    """What an error without words is about: ``ReadTimeout`` as ``read timeout``."""
    name = type(error).__name__
    return "".join(f" {c.lower()}" if c.isupper() else c for c in name).strip()


def _digest(path: Path) -> str:
    """The digest of a file, or empty where there is none."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        return ""


def _sidecar(entry: Entry) -> str:
    """Which instrument the file is, as ingest reads it. JSON's texts, numbers and lists of texts are TOML's."""
    values = {k: v for k, v in asdict(entry.instrument).items() if v not in ("", None, (), "unknown")}
    spoken = entry.language or (entry.instrument.languages[0] if len(entry.instrument.languages) == 1 else "")
    values |= {k: v for k, v in (("language", spoken), ("family", entry.family)) if v}
    return "".join(f"{k} = {json.dumps(v, ensure_ascii=False)}\n" for k, v in values.items())
