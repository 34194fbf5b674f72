from __future__ import annotations

import gzip
import hashlib
import json
import os
import ssl
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
import trustme
from site_at_fault import Site, chunked, drips, hangs_up, redirect, reply, stalls

from ingest import archive as archiving
from ingest.archive import Archive, Record
from ingest.fetching import CHANGED, FAILED, HELD, NEW, PAGE, UNCHANGED, Fetched, Fetcher, Manners
from ingest.transport import public
from lawsearch.catalogue import Entry, sidecar
from lawsearch.instrument import Instrument

PDF = b"%PDF-1.4\n% a law\n%%EOF\n"
NEWER = b"%PDF-1.4\n% a law, amended\n%%EOF\n"
LOGIN = b'<!DOCTYPE html><html><form><input type="password"></form></html>'
PLACE = "/akn/sg/act/2041/1"
QUICK = Manners(pause=0, patience=0.3, total=5, backoff=0.001, private=True)


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setenv("no_proxy", "*")
    with Site.running() as site:
        yield site


@pytest.fixture
def laws(tmp_path: Path) -> Path:
    return tmp_path / "laws"


def entry(address: str, number: int = 1, **facts: str) -> Entry:
    given = {"jurisdiction": "sg", "title": 'Lamps "and" more', "languages": ("en",), "year": 2041, **facts}
    return Entry(Instrument(id=f"/akn/sg/act/2041/{number}", address=address, **given))  # type: ignore[arg-type]


def fetched(folder: Path, *entries: Entry, manners: Manners = QUICK, slept: list[float] | None = None) -> list[Fetched]:
    return Fetcher(folder, manners, sleep=(slept if slept is not None else []).append).fetch(entries)


def only(folder: Path, one: Entry, **given: object) -> Fetched:
    (found,) = fetched(folder, one, **given)  # type: ignore[arg-type]
    return found


def journal(folder: Path) -> list[dict]:
    lines = (folder.parent / "laws-archive" / "journal.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def everything(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


# -- what is had ------------------------------------------------------------------------------------------------------


def test_a_text_comes_once_and_again_when_it_changed(site: Site, laws: Path) -> None:
    law = entry(site.at("/law.pdf", reply(200, PDF, only_if='"1"')))
    one = only(laws, law)
    assert (one.state, one.path.read_bytes(), one.digest) == (NEW, PDF, digest(PDF))
    described = sidecar(one.path)
    assert described
    assert (described.instrument, described.language) == (law.instrument, "en")
    assert only(laws, law).state == UNCHANGED
    assert site.asked[-1][1]["If-None-Match"] == '"1"'
    site.at("/law.pdf", reply(200, NEWER, only_if='"2"'))
    two = only(laws, law)
    assert (two.state, two.path.read_bytes()) == (CHANGED, NEWER)
    archive = Archive(laws.parent / "laws-archive")
    assert [archive.text(line["digest"]) for line in journal(laws)] == [PDF, NEWER]
    assert archive.path(one.digest).parent.name == one.digest[:2]
    assert only(laws, law).state == UNCHANGED
    assert len(journal(laws)) == 2, "a night without a change leaves no line"


def test_the_journal_says_where_and_when_a_text_was_had(site: Site, laws: Path) -> None:
    law = entry(site.at("/law.pdf", reply(200, PDF, ETag='"1"', Last_Modified="Sat, 01 Jan 2039 00:00:00 GMT")))
    before = datetime.now(UTC).replace(microsecond=0)
    only(laws, law)
    (line,) = journal(laws)
    assert before <= datetime.fromisoformat(line.pop("time")) <= datetime.now(UTC)
    assert line.pop("sidecar") == digest((laws / "sg-act-2041-1.toml").read_bytes())
    assert line == {
        "instrument": PLACE, "asked": law.instrument.address, "address": law.instrument.address, "status": 200,
        "digest": digest(PDF), "redirects": [],
        "headers": {
            "etag": '"1"', "last-modified": "Sat, 01 Jan 2039 00:00:00 GMT", "content-type": "application/pdf",
            "content-length": str(len(PDF)),
        },
    }  # fmt: skip
    only(laws, law)
    assert site.asked[-1][1]["If-Modified-Since"] == "Sat, 01 Jan 2039 00:00:00 GMT"


def test_who_asks_says_so(site: Site, laws: Path) -> None:
    only(laws, entry(site.at("/law.pdf", reply(200, PDF))), manners=replace(QUICK, contact="mailto:us@example.org"))
    for _, headers in site.asked:
        assert headers["User-Agent"].startswith("lawsearch/")
        assert headers["User-Agent"].endswith("(+mailto:us@example.org)")


def test_a_new_tag_on_the_same_bytes_is_no_change(site: Site, laws: Path) -> None:
    law = entry(site.at("/law.pdf", reply(200, PDF, only_if='"1"'), reply(200, PDF, only_if='"2"')))
    assert only(laws, law).state == NEW
    assert only(laws, law).state == UNCHANGED
    assert only(laws, law).state == UNCHANGED
    assert site.asked[-1][1]["If-None-Match"] == '"2"'
    assert [line["headers"]["etag"] for line in journal(laws)] == ['"1"', '"2"']


def test_an_address_with_other_letters_and_spaces(site: Site, laws: Path) -> None:
    site.at("/a%20law%E0%B8%81.pdf", reply(200, PDF))
    assert only(laws, entry(f"{site.address}/a lawก.pdf")).state == NEW
    assert only(laws, entry(f"{site.address}/a%20law%E0%B8%81.pdf", 2)).state == NEW


@pytest.mark.parametrize(
    ("behaviour", "why"),
    [
        (reply(200, gzip.compress(PDF), Content_Encoding="gzip"), "an encoding that was not asked for"),
        (chunked(PDF, whole=True), "chunks"),
        (reply(200, PDF, "text/html; charset=utf-8"), "a wrong type"),
        (reply(200, b"\xef\xbb\xbf\n" + PDF), "a few bytes before"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_whole_pdf_is_taken_however_it_is_sent(behaviour: Callable, why: str, site: Site, laws: Path) -> None:
    assert only(laws, entry(site.at("/law.pdf", behaviour))).state == NEW, why


def test_cookies_that_a_site_insists_on(site: Site, laws: Path) -> None:
    address = site.at("/law.pdf", reply(302, b"", "text/html", Location="/law.pdf", Set_Cookie="a=b"), reply(200, PDF))
    assert only(laws, entry(address)).state == NEW
    assert site.asked[-1][1]["Cookie"] == "a=b"


# -- what goes wrong --------------------------------------------------------------------------------------------------

WRONG: list[tuple[str, Callable, str, int]] = [
    ("500", reply(500, b"no"), "answered 500 Internal Server Error (4 attempts)", 4),
    ("404", reply(404, b"no"), "answered 404 Not Found", 1),
    ("204", reply(204), "answered 204", 1),
    ("304 unasked", reply(304), "nothing changed, and we have nothing", 1),
    ("301 to nowhere", reply(301), "answered 301", 1),
    ("no answer", stalls(), "(4 attempts)", 4),
    ("half a body", stalls(PDF), "(4 attempts)", 4),
    ("hangs up", hangs_up, "(4 attempts)", 4),
    ("cut short", reply(200, PDF, length=len(PDF) + 50), f"received {len(PDF)} bytes, expected {len(PDF) + 50}", 4),
    ("chunks cut short", chunked(PDF, whole=False), "incomplete chunked read", 4),
    ("length too small", reply(200, PDF, length=len(PDF) - 6), "cut short", 1),
    ("without its end", reply(200, PDF[:-6]), "cut short: 17 bytes came", 1),
    ("empty", reply(200, b""), "nothing came", 1),
    ("another type", reply(200, b"PK\x03\x04", "application/zip"), "no PDF (application/zip)", 1),
    ("called a PDF", reply(200, b"an error", "application/pdf"), "no PDF (application/pdf)", 1),
    ("a page", reply(200, b"<html>Welcome</html>", "application/pdf"), "a web page came instead of a PDF", 1),
    ("a PDF in a page", reply(200, b"<html>" + b" " * 2000 + PDF, "application/pdf"), "a web page came", 1),
    ("no gzip", reply(200, PDF, Content_Encoding="gzip"), "", 1),
    ("a huge head", reply(200, PDF, X_Long="x" * 200_000), "", 4),
    ("another scheme", redirect("ftp://127.0.0.1/law.pdf"), "from http to ftp", 1),
    ("a file", redirect("file:///etc/hosts"), "from http to file", 1),
]  # fmt: skip


@pytest.mark.parametrize(("behaviour", "reason", "times"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG])
def test_a_failure_is_named_and_changes_nothing(
    behaviour: Callable, reason: str, times: int, site: Site, laws: Path
) -> None:
    good = site.at("/good.pdf", reply(200, PDF))
    other = entry(site.at("/other.pdf", reply(200, NEWER)), 2)
    manners = replace(QUICK, patience=0.1)
    # Once where we never had it, then where we do.
    first, _ = fetched(laws, entry(site.at("/bad.pdf", behaviour)), other, manners=manners)
    assert first.state in (FAILED, PAGE)
    assert not (laws / "sg-act-2041-1.pdf").exists()
    only(laws, entry(good))
    before, lines = everything(laws), journal(laws)
    site.asked.clear()
    one, two = fetched(laws, entry(site.address + "/bad.pdf"), other, manners=manners)
    assert one.state == FAILED
    assert site.address in one.reason
    assert reason in one.reason
    assert one.reason.endswith("what we have is kept")
    assert site.count("/bad.pdf") == times
    assert two.state == UNCHANGED, "the others go on"
    assert everything(laws) == before
    assert journal(laws) == lines
    assert not list((laws.parent / "laws-archive").glob(".*")), "nothing half is left behind"


def test_what_passes_is_tried_again_after_longer_and_longer_pauses(site: Site, laws: Path) -> None:
    slept: list[float] = []
    address = site.at("/law.pdf", reply(500), hangs_up, reply(200, PDF, length=99), reply(200, PDF))
    assert only(laws, entry(address), manners=replace(QUICK, backoff=8), slept=slept).state == NEW
    assert [base / 2 <= pause <= base * 1.5 for pause, base in zip(slept, (8, 16, 32), strict=True)] == [True] * 3


def test_the_bytes_of_a_first_attempt_are_not_those_of_the_second(site: Site, laws: Path) -> None:
    address = site.at("/law.pdf", reply(200, PDF + NEWER, length=999), reply(200, PDF))
    assert only(laws, entry(address)).path.read_bytes() == PDF


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("written", ["number", "date"])
def test_a_server_that_says_when_to_come_back_is_heeded(written: str, status: int, site: Site, laws: Path) -> None:
    later = "120" if written == "number" else format_datetime(datetime.now(UTC) + timedelta(seconds=121), usegmt=True)
    slept: list[float] = []
    address = site.at("/law.pdf", reply(status, Retry_After=later), reply(200, PDF))
    assert only(laws, entry(address), slept=slept).state == NEW
    assert [110 < pause <= 121 for pause in slept] == [True]


@pytest.mark.parametrize("later", ["86400", format_datetime(datetime(2999, 1, 1, tzinfo=UTC), usegmt=True)])
def test_but_not_for_a_whole_day(later: str, site: Site, laws: Path) -> None:
    slept: list[float] = []
    one = only(laws, entry(site.at("/law.pdf", reply(503, Retry_After=later))), slept=slept)
    assert (one.state, slept, site.count("/law.pdf")) == (FAILED, [], 1)
    assert "asks to come back in" in one.reason


@pytest.mark.parametrize("later", ["soon", "-5", "", "99999999999999999999999 BC"])
def test_a_time_that_is_none_is_passed_over(later: str, site: Site, laws: Path) -> None:
    assert only(laws, entry(site.at("/law.pdf", reply(503, Retry_After=later), reply(200, PDF)))).state == NEW


@pytest.mark.parametrize("head", [True, False], ids=["headers", "body"])
def test_a_server_that_drips_does_not_hold_the_run(head: bool, site: Site, laws: Path) -> None:
    address = site.at("/law.pdf", drips(PDF, head=head))
    one = only(laws, entry(address), manners=replace(QUICK, total=0.4))
    assert one.state == FAILED
    assert "it took longer than 0.4 seconds altogether" in one.reason
    assert site.count("/law.pdf") == 1


@pytest.mark.parametrize("declared", [None, 10])
def test_a_huge_body_is_not_read_to_its_end(declared: int | None, site: Site, laws: Path) -> None:
    behaviour = chunked(PDF * 1000, whole=True) if declared is None else reply(200, PDF, length=10**9)
    one = only(laws, entry(site.at("/law.pdf", behaviour)), manners=replace(QUICK, largest=10_000))
    assert one.state == FAILED
    assert "10,000 are the most" in one.reason or "more than 10,000 bytes" in one.reason
    assert site.count("/law.pdf") == 1


def test_a_site_that_is_not_there(laws: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    one, two = fetched(laws, entry("http://127.0.0.1:9/law.pdf"), entry("https://nowhere.invalid/law.pdf", 2))
    assert (one.state, two.state) == (FAILED, FAILED)
    assert "refused" in one.reason
    assert "the name nowhere.invalid is not known" in two.reason
    assert fetched(laws, entry("")) == []


def test_a_host_that_stopped_answering_is_left_alone(site: Site, laws: Path) -> None:
    entries = [entry(site.at(f"/{i}.pdf", hangs_up), i) for i in range(5)]
    found = fetched(laws, *entries, manners=replace(QUICK, attempts=2))
    assert [one.state for one in found] == [FAILED] * 5
    assert [site.count(f"/{i}.pdf") for i in range(5)] == [2, 2, 2, 0, 0]
    assert "left alone" in found[-1].reason


# -- redirects --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("status", "moved"), [(301, True), (308, True), (302, False), (303, False), (307, False)])
def test_a_moved_address_is_told_and_followed(status: int, moved: bool, site: Site, laws: Path) -> None:
    site.at("/new.pdf", reply(200, PDF, only_if='"1"'))
    law = entry(site.at("/law.pdf", redirect("/new.pdf", status)))
    for state in (NEW, UNCHANGED):
        one = only(laws, law)
        assert (one.state, one.moved) == (state, f"{site.address}/new.pdf" if moved else "")
    assert site.asked[-1][1]["If-None-Match"] == '"1"', "asked for where the text is"
    assert journal(laws)[0]["redirects"] == [[status, f"{site.address}/new.pdf"]]


def test_a_move_is_told_even_where_the_new_place_fails(site: Site, laws: Path) -> None:
    law = entry(site.at("/law.pdf", redirect("/new", 301)))
    site.at("/new", redirect("/today", 302))
    one = only(laws, law)
    assert (one.state, one.moved) == (FAILED, f"{site.address}/new"), "the temporary part is not"


def test_a_page_to_log_in_never_replaces_a_text(site: Site, laws: Path) -> None:
    law = entry(site.at("/law.pdf", reply(200, PDF, only_if='"1"')))
    only(laws, law)
    # The page has the tag that the text had, and would say that nothing changed.
    site.at("/login", reply(200, LOGIN, "text/html", only_if='"1"'))
    site.at("/law.pdf", redirect("/login"))
    one = only(laws, law)
    assert one.state == FAILED
    assert "a page to log in came instead of a PDF, after a redirect to" in one.reason
    assert one.path.read_bytes() == PDF


def test_an_address_that_always_was_a_page_is_no_failure(site: Site, laws: Path) -> None:
    law = entry(site.at("/law", reply(200, b"<html>The law</html>", "text/html")))
    assert [only(laws, law).state for _ in range(2)] == [PAGE, PAGE]
    assert not list(laws.iterdir())


def test_redirects_in_a_circle_end(site: Site, laws: Path) -> None:
    law = entry(site.at("/law.pdf", redirect("/law2.pdf")))
    site.at("/law2.pdf", redirect("/law.pdf"))
    one = only(laws, law)
    assert one.state == FAILED
    assert "redirects more than 5 times" in one.reason


# -- politeness -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rules", "path", "allowed"),
    [
        ("User-agent: *\nDisallow: /secret/", "/secret/law.pdf", False),
        ("User-agent: *\nDisallow: /secret/", "/law.pdf", True),
        ("User-agent: *\nDisallow: /*.pdf$", "/law.pdf", False),
        ("User-agent: *\nDisallow: /\nAllow: /law", "/law.pdf", True),
        ("User-agent: lawsearch\nDisallow: /\n\nUser-agent: *\nAllow: /", "/law.pdf", False),
        ("User-agent: other\nDisallow: /", "/law.pdf", True),
        ("\x00\xff<html>no rules</html>", "/law.pdf", True),
    ],
)
def test_robots_are_obeyed_and_asked_for_once(rules: str, path: str, allowed: bool, site: Site, laws: Path) -> None:
    site.at("/robots.txt", reply(200, rules.encode("latin-1"), "text/plain"))
    law = entry(site.at(path, reply(200, PDF)))
    one, _ = fetched(laws, law, replace(law, instrument=replace(law.instrument, id="/akn/sg/act/2041/2")))
    assert one.state == (NEW if allowed else FAILED)
    assert allowed or "robots.txt forbids" in one.reason
    assert (site.count("/robots.txt"), site.count(path)) == (1, 2 if allowed else 0)


@pytest.mark.parametrize(
    ("behaviour", "allowed"),
    [
        (reply(404), True), (reply(403), True), (redirect("/rules"), True), (redirect("/robots.txt"), True),
        (reply(500), False), (reply(503), False), (reply(429), False), (stalls(), False), (hangs_up, False),
        (redirect("ftp://127.0.0.1/"), False),
    ],
)  # fmt: skip
def test_without_rules_one_may_and_with_rules_that_cannot_be_had_not(
    behaviour: Callable, allowed: bool, site: Site, laws: Path
) -> None:
    site.at("/robots.txt", behaviour)
    one = only(laws, entry(site.at("/law.pdf", reply(200, PDF))))
    assert one.state == (NEW if allowed else FAILED)
    assert allowed or "robots.txt" in one.reason
    assert site.count("/law.pdf") == allowed


def test_a_redirect_needs_leave_too(site: Site, laws: Path) -> None:
    site.at("/robots.txt", reply(200, b"User-agent: *\nDisallow: /secret", "text/plain"))
    site.at("/secret.pdf", reply(200, PDF))
    assert only(laws, entry(site.at("/law.pdf", redirect("/secret.pdf")))).state == FAILED
    assert site.count("/secret.pdf") == 0


def test_one_host_is_asked_with_pauses(site: Site, laws: Path) -> None:
    slept: list[float] = []
    entries = [entry(site.at(f"/{i}.pdf", reply(200, PDF)), i) for i in range(3)]
    assert {one.state for one in fetched(laws, *entries, manners=replace(QUICK, pause=50), slept=slept)} == {NEW}
    assert [40 < pause <= 50 for pause in slept] == [True] * 3


def test_the_pause_that_a_site_asks_for(site: Site, laws: Path) -> None:
    site.at("/robots.txt", reply(200, b"User-agent: *\nCrawl-delay: 90", "text/plain"))
    slept: list[float] = []
    law = entry(site.at("/law.pdf", reply(200, PDF)))
    assert only(laws, law, slept=slept).state == NEW
    assert [80 < pause <= 90 for pause in slept] == [True]
    one = only(laws, law, manners=replace(QUICK, longest=60))
    assert one.state == FAILED
    assert "asks for 90 seconds" in one.reason


# -- whom to trust ----------------------------------------------------------------------------------------------------


def test_a_certificate_that_nobody_vouches_for(monkeypatch: pytest.MonkeyPatch, laws: Path, tmp_path: Path) -> None:
    monkeypatch.setenv("no_proxy", "*")
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with Site.running(context) as site:
        law = entry(site.at("/law.pdf", reply(200, PDF)))
        one = only(laws, law)
        assert one.state == FAILED
        assert "certificate is not trusted" in one.reason
        authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
        assert only(laws, law, manners=replace(QUICK, ca_file=tmp_path / "ca.pem")).state == NEW
        site.at("/law.pdf", redirect("http://127.0.0.1:9/law.pdf"))
        one = only(laws, law, manners=replace(QUICK, ca_file=tmp_path / "ca.pem"))
        assert "from https to http" in one.reason


@pytest.mark.parametrize(
    ("address", "open_"),
    [
        ("8.8.8.8", True), ("2001:4860:4860::8888", True), ("127.0.0.1", False), ("::1", False), ("10.1.2.3", False),
        ("192.168.0.1", False), ("172.16.0.1", False), ("169.254.169.254", False), ("100.64.0.1", False),
        ("0.0.0.0", False), ("224.0.0.1", False), ("fe80::1%eth0", False), ("fd00::1", False),
        ("::ffff:127.0.0.1", False), ("::ffff:8.8.8.8", True), ("64:ff9b::a00:1", False), ("64:ff9b::808:808", True),
        ("2002:7f00:1::", False), ("::7f00:1", False),
    ],
)  # fmt: skip
def test_which_addresses_are_of_the_open_internet(address: str, open_: bool) -> None:
    assert public(address) is open_


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "2130706433", "0"])
def test_nothing_is_fetched_from_the_own_network_unless_allowed(host: str, site: Site, laws: Path) -> None:
    site.at("/law.pdf", reply(200, PDF))
    port = site.server_address[1]
    one = only(laws, entry(f"http://{host}:{port}/law.pdf"), manners=replace(QUICK, private=False))
    assert one.state == FAILED
    assert "own network" in one.reason or "not known" in one.reason
    assert site.asked == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "10.0.0.1"])
def test_nor_through_a_proxy(host: str, site: Site, laws: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("no_proxy")
    monkeypatch.setenv("http_proxy", site.address)
    one = only(laws, entry(f"http://{host}/law.pdf"), manners=replace(QUICK, private=False))
    assert "own network" in one.reason
    assert site.asked == []


def test_a_proxy_is_used_where_there_is_one(site: Site, laws: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("no_proxy")
    monkeypatch.setenv("http_proxy", site.address)
    site.routes["http://law.example/law.pdf"] = [reply(200, PDF)]
    assert only(laws, entry("http://law.example/law.pdf"), manners=replace(QUICK, private=False)).state == NEW


@pytest.mark.parametrize(
    "address", ["ftp://127.0.0.1/x.pdf", "file:///etc/hosts", "www.example.org/law.pdf", "http://"]
)
def test_other_schemes_are_named(address: str, laws: Path) -> None:
    one = only(laws, entry(address))
    assert (one.state, bool(one.reason)) == (FAILED, True)


def test_an_address_with_a_password_is_not_used(site: Site, laws: Path) -> None:
    site.at("/law.pdf", reply(200, PDF))
    one = only(laws, entry(site.address.replace("://", "://us:secret@") + "/law.pdf"))
    assert one.state == FAILED
    assert "password in the address" in one.reason
    assert site.count("/law.pdf") == 0
    assert not any("Authorization" in headers for _, headers in site.asked)


# -- what we have -----------------------------------------------------------------------------------------------------


def test_a_text_that_a_person_changed_is_left_alone(site: Site, laws: Path) -> None:
    law = entry(site.at("/law.pdf", reply(200, PDF)))
    path = only(laws, law).path
    path.write_bytes(PDF + b"by hand")
    site.at("/law.pdf", reply(200, NEWER))
    one = only(laws, law)
    assert (one.state, path.read_bytes()) == (HELD, PDF + b"by hand")
    kept = Archive(laws.parent / "laws-archive").path(digest(NEWER))
    assert str(kept) in one.reason
    assert kept.read_bytes() == NEWER
    path.unlink()
    assert only(laws, law).state == NEW
    assert path.read_bytes() == NEWER


def test_a_text_that_a_person_put_there_is_left_alone(site: Site, laws: Path) -> None:
    laws.mkdir()
    (laws / "sg-act-2041-1.pdf").write_bytes(b"%PDF-1.4 mine")
    assert only(laws, entry(site.at("/law.pdf", reply(200, PDF)))).state == HELD
    assert everything(laws) == {"sg-act-2041-1.pdf": b"%PDF-1.4 mine"}


def test_a_sidecar_follows_the_catalogue_unless_a_person_wrote_it(site: Site, laws: Path) -> None:
    address = site.at("/law.pdf", reply(200, PDF, only_if='"1"'))
    beside = laws / "sg-act-2041-1.toml"
    only(laws, entry(address))
    assert only(laws, entry(address, title="Lamps")).state == UNCHANGED
    assert 'title = "Lamps"' in beside.read_text("utf-8")
    beside.write_text('id = "/akn/sg/act/2041/1"\n', "utf-8")
    one = only(laws, entry(address, title="Lanterns"))
    assert (one.state, beside.read_text("utf-8")) == (UNCHANGED, 'id = "/akn/sg/act/2041/1"\n')
    assert "written by hand" in one.reason


def test_a_text_that_was_lost_is_put_back_without_asking_for_it(site: Site, laws: Path) -> None:
    law = entry(site.at("/law.pdf", reply(200, PDF, only_if='"1"')))
    path = only(laws, law).path
    path.unlink()
    assert only(laws, law).state == NEW
    assert path.read_bytes() == PDF
    assert "If-None-Match" in site.asked[-1][1]


@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_bytes(b"%PDF-bits flipped")])
def test_a_text_that_is_lost_altogether_is_fetched_again(damage: Callable, site: Site, laws: Path) -> None:
    law = entry(site.at("/law.pdf", reply(200, PDF, only_if='"1"')))
    one = only(laws, law)
    kept = Archive(laws.parent / "laws-archive").path(one.digest)
    damage(kept)
    one.path.unlink()
    assert only(laws, law).state == NEW
    assert (one.path.read_bytes(), kept.read_bytes()) == (PDF, PDF)
    assert "If-None-Match" not in site.asked[-1][1]


def test_two_instruments_whose_file_would_be_the_same(site: Site, laws: Path) -> None:
    one = entry(site.at("/1.pdf", reply(200, PDF)))
    site.at("/2.pdf", reply(200, NEWER))
    two = Entry(replace(one.instrument, id="/akn/sg/act/2041-1", address=f"{site.address}/2.pdf"))
    assert [o.state for o in fetched(laws, one, two)] == [NEW, FAILED]
    assert (laws / "sg-act-2041-1.pdf").read_bytes() == PDF


class Crash(BaseException):
    """The process ends here."""


def crashing(monkeypatch: pytest.MonkeyPatch, at: int) -> list[str]:
    """Crash at the ``at``-th step that reaches the disk, counted from 0; what steps there were."""
    steps: list[str] = []

    def faulty(name: str, real: Callable) -> Callable:
        def step(*given: object) -> object:
            steps.append(name)
            if len(steps) == at + 1:
                raise Crash
            return real(*given)

        return step

    for name in ("fsync", "replace", "chmod"):
        monkeypatch.setattr(archiving.os, name, faulty(name, getattr(os, name)))
    return steps


def test_a_crash_at_any_step_leaves_what_the_next_run_completes(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = site.at("/law.pdf", reply(200, PDF, only_if='"1"'))
    fetched(tmp_path / "clean" / "laws", entry(address))
    site.at("/law.pdf", reply(200, NEWER, only_if='"2"'))
    fetched(tmp_path / "clean" / "laws", entry(address, title="Lamps"))
    clean = everything(tmp_path / "clean" / "laws")
    at, crashed = 0, True
    while crashed:
        laws = tmp_path / str(at) / "laws"
        site.at("/law.pdf", reply(200, PDF, only_if='"1"'))
        fetched(laws, entry(address))
        site.at("/law.pdf", reply(200, NEWER, only_if='"2"'))
        with monkeypatch.context() as patch:
            crashing(patch, at)
            try:
                fetched(laws, entry(address, title="Lamps"))
                crashed = False
            except Crash:
                pass
        text = (laws / "sg-act-2041-1.pdf").read_bytes()
        assert text in (PDF, NEWER)
        assert digest(text) in {line["digest"] for line in journal(laws)}, "no change without a recorded digest"
        one = only(laws, entry(address, title="Lamps"))
        assert one.state in (CHANGED, UNCHANGED)
        assert everything(laws) == clean
        assert [line["digest"] for line in journal(laws)] == [digest(PDF), digest(NEWER)]
        at += 1
    assert at > 8


def test_a_full_disk_is_named_and_the_others_go_on(site: Site, laws: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = entry(site.at("/law.pdf", reply(200, PDF)))
    two = entry(site.at("/other.pdf", reply(200, NEWER)), 2)
    real, calls = os.fsync, []

    def full(handle: int) -> None:
        calls.append(handle)
        if len(calls) == 1:
            raise OSError(28, "No space left on device")
        real(handle)

    monkeypatch.setattr(archiving.os, "fsync", full)
    first, second = fetched(laws, one, two)
    assert (first.state, second.state) == (FAILED, NEW)
    assert "No space left" in first.reason
    assert only(laws, one).state == NEW


# -- the archive ------------------------------------------------------------------------------------------------------


def record(number: int = 1) -> Record:
    return Record(
        instrument=f"/akn/sg/act/2041/{number}", asked="http://a/", address="http://a/", time="", status=200, digest="0"
    )


def test_a_line_cut_short_spoils_no_other(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    Archive(tmp_path).record(record(1))
    with (tmp_path / "journal.jsonl").open("ab") as file:
        file.write(b'{"instrument": "/akn/sg/act/2041/2", "as')
    Archive(tmp_path).record(record(3))
    again = Archive(tmp_path)
    assert [len(again.records(f"/akn/sg/act/2041/{n}")) for n in (1, 2, 3)] == [1, 0, 1]
    assert "line 2" in caplog.text


def test_what_a_killed_process_left_is_removed_in_time(tmp_path: Path) -> None:
    old, new = tmp_path / ".incoming-1", tmp_path / ".incoming-2"
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))
    Archive(tmp_path)
    assert (old.exists(), new.exists()) == (False, True)
