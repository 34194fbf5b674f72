from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ingest.fetching import CHANGED, FAILED, NEW, UNCHANGED, Fetched, Fetcher
from lawsearch.catalogue import Entry, sidecar
from lawsearch.instrument import Instrument

PDF = b"%PDF-1.4\n% a law\n"


class Site(BaseHTTPRequestHandler):
    """A site that misbehaves by address; ``texts`` are what it has, ``asked`` what was asked of it."""

    texts: dict[str, bytes]
    asked: list[tuple[str, str]]

    def do_GET(self) -> None:
        self.asked.append((self.path, self.headers.get("If-None-Match", "")))
        if self.path == "/robots.txt":
            return self._send(200, b"User-agent: *\nDisallow: /secret/", "text/plain")
        if self.path == "/gone.pdf":
            return self._send(500, b"no", "text/plain")
        if self.path == "/login.pdf":
            return self._send(200, b"<html>Please log in</html>", "text/html")
        if self.path == "/short.pdf":
            return self._send(200, PDF, "application/pdf", length=len(PDF) + 50)
        data = self.texts.get(self.path, b"")
        tag = f'"{len(data)}"'
        if data and self.headers.get("If-None-Match") == tag:
            return self._send(304, b"", "")
        return self._send(200 if data else 404, data, "application/pdf", tag=tag)

    def _send(self, status: int, data: bytes, kind: str, *, tag: str = "", length: int | None = None) -> None:
        self.send_response(status)
        for name, value in (("Content-Type", kind), ("ETag", tag)):
            if value:
                self.send_header(name, value)
        if status != 304:
            self.send_header("Content-Length", str(len(data) if length is None else length))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    Site.texts, Site.asked = {"/law.pdf": PDF, "/a%20law.pdf": PDF + b"2"}, []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


def entry(address: str, number: int = 1) -> Entry:
    return Entry(
        Instrument(
            id=f"/akn/sg/act/2041/{number}", jurisdiction="sg", title='Lamps "and" more', languages=("en",),
            address=address, year=2041,
        )
    )  # fmt: skip


def fetched(folder: Path, *entries: Entry) -> list[Fetched]:
    return Fetcher(folder, pause=0).fetch(entries)


def test_a_text_comes_once_and_again_when_it_changed(site: str, tmp_path: Path) -> None:
    law = entry(f"{site}/law.pdf")
    (one,) = fetched(tmp_path, law)
    assert (one.state, one.path.read_bytes()) == (NEW, PDF)
    described = sidecar(one.path)
    assert described
    assert (described.instrument, described.language) == (law.instrument, "en")
    assert [o.state for o in fetched(tmp_path, law)] == [UNCHANGED]
    assert Site.asked[-1] == ("/law.pdf", f'"{len(PDF)}"')
    Site.texts["/law.pdf"] = PDF + b"amended"
    (two,) = fetched(tmp_path, law)
    assert (two.state, two.path.read_bytes()) == (CHANGED, PDF + b"amended")
    (former,) = tmp_path.glob("*.former")
    assert former.read_bytes() == PDF


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/gone.pdf", "answered 500"), ("/nothing.pdf", "answered 404"), ("/login.pdf", "no PDF (text/html)"),
        ("/short.pdf", ""), ("/secret/law.pdf", "robots.txt forbids"),
    ],
)  # fmt: skip
def test_a_failure_is_named_and_changes_nothing(path: str, reason: str, site: str, tmp_path: Path) -> None:
    good = entry(f"{site}/law.pdf")
    fetched(tmp_path, good)
    bad = entry(f"{site}{path}")
    one, two = fetched(tmp_path, bad, entry(f"{site}/a law.pdf", 2))
    assert one.state == FAILED
    assert site in one.reason
    assert reason in one.reason
    assert (tmp_path / "sg-act-2041-1.pdf").read_bytes() == PDF
    assert two.state == NEW, "the others go on"


def test_a_site_that_is_not_there(tmp_path: Path) -> None:
    (one,) = fetched(tmp_path, entry("http://127.0.0.1:9/law.pdf"))
    assert one.state == FAILED
    assert fetched(tmp_path, entry("")) == []
