"""What changed, as it is answered: history, reports, the feed, former days, and decisions that no longer fit."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree as ET

import pytest
from desk_site import HOSTILE, corresponding, indexed
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from laws import BOATS, CORPUS, PH, SG, Section, expression
from madeup import EVIL, LOCAL
from test_pages import Strict, text_of

from lawsearch import history, run
from lawsearch import store as storing
from lawsearch.api import create_app
from lawsearch.changes import AROUND, DiffOut, shortened, spans
from lawsearch.embedding import Models
from lawsearch.feed import ATOM
from lawsearch.provision import Expression
from lawsearch.search import Searcher
from lawsearch.settings import Settings
from lawsearch.store import Store
from lawsearch.tables import Tables

SIX, FIVE, NINE, SIX_A = (f"{SG.id}/en/~sec_{n}" for n in ("6", "5", "9", "6A"))
THERE = f"{PH.id}/en/~sec_5"
FIRST, SECOND = "2031-01-10", "2031-02-10"
TEXTS = {p.number: p for p in CORPUS[0].provisions if p.is_unit}
HOSTILE_TEXT = [("1", f"Lamps {EVIL}", f"A keeper should light lamps {EVIL} at dusk \x07 and not later than that.")]


def _rows(**changed: str | None) -> list[Section]:
    """The sections of the Act on lamps, some with another text (by number) or left out."""
    given = {n: changed.get(f"s{n}", p.text) for n, p in TEXTS.items()}
    return [(n, TEXTS[n].heading, text) for n, text in given.items() if text]


def later() -> list[Expression]:
    """The next month: section 5 reads otherwise, 6 is 6A, 9 is gone, 10 is new; one law is gone, one is in force no
    longer, one is new."""
    rows = _rows(s5=TEXTS["5"].text.replace("at dusk", "half an hour before dusk"), s9=None)
    rows = [("6A" if n == "6" else n, heading, text) for n, heading, text in rows]
    rows.append(("10", "Lamp days", "The first of May is a holiday of all who keep lamps in a town."))
    amended = replace(expression(SG, "en", rows), source_digest="1" * 64)
    boats = replace(CORPUS[1], instrument=replace(BOATS, status="repealed"))
    return [amended, boats, *CORPUS[3:], expression(HOSTILE, "en", HOSTILE_TEXT)]


def _put_apart(folder: Path, today: str, expressions: list[Expression], gone: str = "") -> None:
    with pytest.MonkeyPatch.context() as patched, Store(folder / "store.db") as store:
        patched.setattr(storing, "_now", lambda: f"{today}T02:15:00+00:00")
        if gone:
            store.remove(gone)
        for e in expressions:
            store.put(e.source, [e], "test")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("changes")


@pytest.fixture(scope="module")
def searcher(folder: Path, built: Settings, models: Models) -> Iterator[Searcher]:
    """The second of two generations, a month after the first."""
    _put_apart(folder, FIRST, list(CORPUS))
    first = indexed(folder, built, models, [])
    first.generation.close()
    _put_apart(folder, SECOND, later(), gone=CORPUS[2].source)
    found = indexed(folder, built, models, [])
    failed = run.Document("/laws/torn.pdf", "failed", "it is cut short")
    run.save(folder, run.Run(started="2031-02-10T02:00:00+00:00", result=run.OK, documents=(failed,),
                             before=first.generation.name, after=found.generation.name))  # fmt: skip
    yield found
    found.generation.close()


@pytest.fixture
def client(searcher: Searcher, tmp_path: Path) -> Iterator[TestClient]:
    """A server on this machine, its desk empty."""
    with TestClient(create_app(Settings(index_dir=tmp_path), searcher), base_url=LOCAL) as client:
        yield client


@pytest.fixture(autouse=True)
def _in_march(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lawsearch.changes._today", lambda: date(2031, 3, 1))


def get(client: TestClient, address: str, status: int = 200, **params: Any) -> Any:
    response = client.get(address, params=params)
    assert response.status_code == status, response.text
    return response.json()


# -- history --------------------------------------------------------------------------------------------------------


def test_the_history_of_a_provision_shows_each_wording_and_what_differs(client: TestClient) -> None:
    found = get(client, f"/api/provisions{FIVE}/history")
    assert [(v["change"], v["since"][:10], v["until"][:10]) for v in found["versions"]] == [
        ("changed", SECOND, ""), ("added", FIRST, SECOND),
    ]  # fmt: skip
    new, old = found["versions"]
    assert "".join(s["text"] for s in new["spans"] if s["op"] != "removed").endswith(new["text"])
    assert [s["text"].strip() for s in new["spans"] if s["op"] == "added"] == ["half an hour before"]
    assert old["spans"] == []
    assert not new["same_file"]


@pytest.mark.parametrize("asked", [SIX, SIX_A, f"{SG.id}/~sec_6A", f"{SIX}__subsec_1", f"{SIX_A}__subsec_1"])
def test_a_renumbered_provision_keeps_its_history(client: TestClient, asked: str) -> None:
    found = get(client, f"/api/provisions{asked}/history")
    assert found["now"] == SIX_A
    assert [(v["change"], v["id"]) for v in found["versions"]] == [("moved", SIX_A), ("added", SIX)]


def test_the_history_of_what_is_gone_and_of_what_never_was(client: TestClient) -> None:
    assert get(client, f"/api/provisions{NINE}/history")["now"] == ""
    gone = get(client, f"/api/provisions{THERE}/history")
    assert (gone["now"], gone["instrument"], len(gone["versions"])) == ("", None, 1)
    assert get(client, f"/api/provisions{SG.id}/en/~sec_99/history", 404)["detail"].startswith("no provision")


@pytest.mark.parametrize("asked", [FIVE, SIX, NINE, THERE])
def test_the_page_of_a_history(client: TestClient, asked: str) -> None:
    html = client.get(f"/history{asked}").text
    Strict(html)
    said = text_of(html)
    assert FIRST in said
    assert "not when it came into force" in said
    if asked == FIVE:
        assert "<ins>half an hour before</ins>" in html
    if asked == SIX:
        assert "Renumbered or moved: was Section 6, the same wording" in said
    if asked in (NINE, THERE):
        assert "is no longer in the text" in said
    assert client.get(f"/history{asked}", params={"as_of": FIRST}, follow_redirects=False).headers["location"] == (
        f"{asked}?as_of={FIRST}"
    )


def test_a_provision_links_to_its_history(client: TestClient) -> None:
    assert f'href="/history{FIVE}"' in client.get(FIVE).text


# -- former days ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "day", "citation", "until", "now"),
    [
        (FIVE, "2031-01-10", "s 5", SECOND, FIVE),
        (FIVE, "2031-02-09", "s 5", SECOND, FIVE),
        (FIVE, "2031-02-10", "s 5", "", FIVE),
        (SIX, "2031-01-31", "s 6", SECOND, SIX_A),
        (SIX_A, "2031-01-31", "s 6", SECOND, SIX_A),
        (f"{SG.id}/~sec_6A", "2031-01-31", "s 6", SECOND, SIX_A),
        (f"{SIX_A}__subsec_2", "2031-01-31", "s 6(2)", SECOND, SIX_A),
        (NINE, "2031-01-31", "s 9", SECOND, ""),
        (THERE, "2031-01-31", "s 5", SECOND, ""),
    ],
)
def test_a_provision_as_it_stood_on_a_day(
    client: TestClient, asked: str, day: str, citation: str, until: str, now: str
) -> None:
    found = get(client, f"/api/provisions{asked}", as_of=day)
    assert found["provision"]["citation"].endswith(citation)
    facts = found["as_of"]
    assert (facts["date"], facts["until"][:10], facts["now"]) == (day, until, now)
    assert "not when it came into force" in facts["note"]
    if "__" not in asked and now != "":
        assert [c["number"] for c in found["children"]][:2] == ["1", "2"]
    page = client.get(found["provision"]["id"], params={"as_of": day}).text
    Strict(page)
    assert f"As it stood here on {day}" in text_of(page)
    if "half an hour" not in found["provision"]["text"]:
        assert "half an hour" not in page


@pytest.mark.parametrize(
    ("asked", "day", "status", "said"),
    [
        (FIVE, "2031-01-09", 404, f"first seen here on {FIRST}"),
        (NINE, "2031-02-11", 404, "was not in the text on 2031-02-11"),
        (FIVE, "2099-01-01", 422, "is in the future"),
        (FIVE, "yesterday", 422, "as_of"),
        (f"{FIVE}__subsec_9", "2031-01-31", 404, "had no part"),
    ],
)
def test_a_day_of_which_nothing_is_known(client: TestClient, asked: str, day: str, status: int, said: str) -> None:
    assert said in get(client, f"/api/provisions{asked}", status, as_of=day)["detail"]
    assert client.get(asked, params={"as_of": day}).status_code == status


def _hits(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {h["provision"]["id"]: h for a in found["answers"] for h in a["hits"]}


def test_a_search_as_of_a_day_finds_what_stood_then(client: TestClient) -> None:
    ask = {"q": "light every lamp at dusk and keep it lit until sunrise", "limit": 10}
    now, then, never = (
        get(client, "/api/search", **ask, **day) for day in ({}, {"as_of": "2031-01-31"}, {"as_of": "2030-12-31"})
    )
    assert {SIX_A, f"{SG.id}/en/~sec_10"} <= set(_hits(now))
    assert not {SIX_A, f"{SG.id}/en/~sec_10", f"{HOSTILE.id}/en/~sec_1"} & set(_hits(then))
    assert {FIVE, SIX, NINE, THERE} <= set(_hits(then))
    five = _hits(then)[FIVE]
    assert five["until"].startswith(SECOND)
    assert "half an hour" not in five["passage"]
    assert "half an hour" in _hits(now)[FIVE]["passage"]
    # What has not changed since is of today.
    assert _hits(then)[f"{SG.id}/en/~sec_7"]["until"] == ""
    units = {a["jurisdiction"]["code"]: a["units"] for a in then["answers"]}
    # Six sections of the Act and two of the guideline for boats, by their group; the law that is gone, too.
    assert (units["sg"], units["ph"]) == (6 + 2 * (BOATS.jurisdiction == "sg"), 5)
    assert _hits(never) == {}


def test_a_former_wording_scores_as_it_would_if_it_stood(
    client: TestClient, built: Settings, models: Models, tmp_path: Path
) -> None:
    """What the question is about comes first, whether it stands or not, as in the index of that day."""
    before = indexed(tmp_path / "then", built, models, CORPUS)
    clause = TEXTS["5"].text
    then = get(client, "/api/search", q=clause, as_of="2031-01-31", jurisdiction="sg", limit=3)["answers"][0]["hits"]
    stood = next(a for a in before.counterparts_of_text(clause).answers if a.jurisdiction == "sg").hits
    before.generation.close()
    assert then[0]["provision"]["id"] == stood[0].provision.id == FIVE
    views = {s["name"]: s["value"] for s in then[0]["signals"]}
    for signal in stood[0].signals:
        # The others lean on what is near to everything, or rare, today.
        if signal.name in ("title", "english"):
            assert views[signal.name] == pytest.approx(signal.value, abs=2e-3)


def test_counterparts_as_of_a_day(client: TestClient) -> None:
    posted = {"text": TEXTS["6"].text, "as_of": "2031-01-31", "limit": 10}
    response = client.post("/api/counterparts", json=posted)
    assert response.status_code == 200, response.text
    assert SIX in _hits(response.json())
    assert f"{PH.id}/en/~sec_10" in _hits(response.json())
    found = get(client, f"/api/provisions{SIX_A}/counterparts", as_of="2031-01-31", limit=10)
    assert f"{PH.id}/en/~sec_10" in _hits(found)
    assert not any(key.startswith(SG.id) for key in _hits(found))
    assert get(client, "/api/search", 422, q="oil", as_of="2099-01-01")["detail"].startswith("as_of")


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"force": "binding"}, True),
        ({"status": PH.status}, True),
        ({"status": "bill"}, False),
        ({"jurisdiction": "sg"}, False),
        ({"language": "en"}, True),
        ({"language": "id"}, False),
        ({"year_to": PH.year or 0}, True),
        ({"year_to": (PH.year or 0) - 1}, False),
        ({"topic": "lighting"}, False),  # what is gone is about nothing that is known
    ],
)
def test_filters_hold_for_former_wordings(client: TestClient, filters: dict[str, Any], found: bool) -> None:
    asked = {"q": "lamp oil", "as_of": "2031-01-31", "limit": 10, **filters}
    keys = set(_hits(client.get("/api/search", params=asked).json()))
    assert (THERE in keys) == found


# -- reports --------------------------------------------------------------------------------------------------------


def test_the_report_of_a_generation(client: TestClient) -> None:
    found = get(client, "/api/changes")
    assert found["known"]
    assert {(c["kind"], c["provision"]["id"], c["was"]) for c in found["provisions"]} == {
        ("changed", FIVE, ""), ("moved", SIX_A, SIX), ("removed", NINE, ""), ("added", f"{SG.id}/en/~sec_10", ""),
    }  # fmt: skip
    assert {(t["kind"], t["instrument"]["id"], t["units"]) for t in found["texts"]} == {
        ("added", HOSTILE.id, 1), ("removed", PH.id, 5), ("facts", BOATS.id, 0),
    }  # fmt: skip
    facts = next(t for t in found["texts"] if t["kind"] == "facts")["facts"]
    assert facts == [{"name": "status", "was": BOATS.status, "now": "repealed"}]
    s = found["summary"]
    assert (s["added"], s["changed"], s["moved"], s["removed"], s["failed"]) == (2, 1, 1, 6, 1)
    assert ([i["id"] for i in s["new"]], [i["id"] for i in s["gone"]]) == ([HOSTILE.id], [PH.id])
    assert found["failed"] == [{"file": "torn.pdf", "reason": "it is cut short"}]
    assert found["more_links"] is not None
    assert all(link["provision"] in {FIVE, SIX_A, NINE, f"{SG.id}/en/~sec_10"} for link in found["links"])
    assert get(client, "/api/about")["changes"] == s


def test_the_report_of_a_time_and_of_another_generation(client: TestClient) -> None:
    everything = get(client, "/api/changes", since="2031-01-10")
    assert (everything["provisions"], everything["summary"]["removed"]) == ([], 0)
    assert SG.id in {t["instrument"]["id"] for t in everything["texts"]}
    assert len(get(client, "/api/changes", since=SECOND)["provisions"]) == 4
    assert get(client, "/api/changes", since="2031-02-11")["provisions"] == []
    cut = get(client, "/api/changes", since=SECOND, limit=1)
    assert (len(cut["provisions"]), cut["more"]) == (1, 3)
    names = [
        name for name, _ in history.generations(Path(str(client.app.state.service.view().searcher.settings.index_dir)))
    ]
    assert len(names) == 2
    assert not get(client, "/api/changes", generation=names[1])["known"]
    for wrong in ("20990101T0", "../../etc", "."):
        assert get(client, "/api/changes", 404, generation=wrong)["detail"].startswith("no generation")
    assert get(client, "/api/changes", 422, generation=names[0], since=SECOND)["detail"].startswith("since and gen")


def test_a_report_when_the_generation_before_is_gone(searcher: Searcher, tmp_path: Path) -> None:
    folder = searcher.generation.store.path.parent
    alone = tmp_path / "index" / "generations" / folder.name
    alone.mkdir(parents=True)
    shutil.copytree(folder / "links", alone / "links")
    for name in ("manifest.json", "store.db", "units.txt", "texts.npy"):
        (alone / name).write_bytes((folder / name).read_bytes())
    found = history.of_generation(alone)
    assert found is not None
    assert len(found.changes) == 4
    assert (found.links, found.more_links, found.failed) == ((), None, ())
    manifest = json.loads((alone / "manifest.json").read_text())
    (alone / "manifest.json").write_text(json.dumps({**manifest, "before": None}))
    assert history.of_generation(alone) is None


def test_the_page_of_changes(client: TestClient) -> None:
    html = client.get("/changes").text
    Strict(html)
    said = text_of(html)
    for words in (
        "1 new instrument, 1 instrument gone", "torn.pdf: it is cut short", "described otherwise: status",
        f"Status: {BOATS.status} repealed", "renumbered or moved, was sec_6, the same wording",
        "gone, with 5 provisions",
    ):  # fmt: skip
        assert words in said
    assert "<ins>half an hour before</ins>" in html
    assert "<script>alert" not in html
    assert client.get("/changes", params={"since": "", "generation": ""}).status_code == 200
    assert client.get("/changes", params={"since": "soon"}).status_code == 422
    assert 'href="/changes"' in client.get("/about").text


# -- decisions ------------------------------------------------------------------------------------------------------


@pytest.fixture
def decided(
    searcher: Searcher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, built: Settings, models: Models
) -> TestClient:
    """A server whose desk holds decisions made before the laws changed."""
    monkeypatch.setattr(Tables, "of", corresponding)
    settings = Settings(index_dir=tmp_path)
    before = indexed(tmp_path / "then", built, models, CORPUS)
    other = f"{CORPUS[3].instrument.id}/{CORPUS[3].language}"
    with TestClient(create_app(settings, before), base_url=LOCAL) as client:
        for source, number in ((FIVE, 5), (SIX, 6), (NINE, 8)):
            given = {"source": source, "other": other, "suggested": f"{other}/~sec_{number}", "verdict": "confirmed",
                     "status": "full", "name": "A. Drafter"}  # fmt: skip
            assert client.post("/api/decisions", json=given).status_code == 200
        client.post("/api/workspaces", json={"title": "Lamps", "name": "A"})
        kept = {"ids": [FIVE, f"{SIX}__subsec_1"], "name": "A"}
        assert client.post("/api/workspaces/lamps/provisions", json=kept).status_code == 200
    before.generation.close()
    return TestClient(create_app(settings, searcher), base_url=LOCAL)


def test_a_decision_on_what_changed_is_suspect_and_shows_what_differs(decided: TestClient) -> None:
    other = CORPUS[3].instrument.id
    found = get(decided, "/api/concordance", pivot=SG.id, other=f"{other}/{CORPUS[3].language}")
    rows = {r["source_id"]: r for r in found["tables"][0]["rows"] if r["verdict"] == "confirmed"}
    assert {r["state"] for r in rows.values()} == {"suspect"}
    (five,), (six,), (nine,) = (rows[key]["alerts"] for key in (FIVE, SIX, NINE))
    assert (five["side"], five["now"], five["known"], five["since"][:10]) == ("source", FIVE, True, SECOND)
    assert [s["text"].strip() for s in five["spans"] if s["op"] == "added"] == ["half an hour before"]
    assert (six["now"], six["spans"]) == (SIX_A, [])
    assert six["says"].endswith("s 6A now")
    assert (nine["now"], nine["says"]) == ("", "the provision is no longer in the text")
    html = decided.get("/concordance", params={"pivot": SG.id, "other": f"{other}/id", "show": "suspect"}).text
    Strict(html)
    assert "<ins>half an hour before</ins>" in html
    report = get(decided, "/api/changes")
    assert {(d["source"], d["name"]) for d in report["suspect"]} == {(k, "A. Drafter") for k in (FIVE, SIX, NINE)}
    assert "Decisions to be looked at again" in decided.get("/changes").text


def test_a_workspace_says_where_its_provisions_went(decided: TestClient) -> None:
    five, six = get(decided, "/api/workspaces/lamps")["kept"]
    assert (five["changed"], five["moved_to"]) == (True, "")
    assert six["moved_to"] == f"{SIX_A}__subsec_1"
    html = decided.get("/workspaces/lamps").text
    assert f'href="{SIX_A}__subsec_1"' in html
    titles = [e.findtext(f"{{{ATOM}}}title") for e in _entries(decided.get("/feed.atom?workspace=lamps"))]
    assert titles[0] == f"{SG.name} (Singapore): 1 changed, 1 renumbered or moved"


# -- the feed -------------------------------------------------------------------------------------------------------


def _entries(response: Any) -> list[ET.Element]:
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].startswith("application/atom+xml")
    feed = ET.fromstring(response.content)
    assert feed.tag == f"{{{ATOM}}}feed"
    return feed.findall(f"{{{ATOM}}}entry")


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("", {"instrument removed": PH.name, "changed": SG.name}),
        ("?jurisdiction=ph", {"removed": PH.name}),
        (f"?instrument={SG.id}", {"changed": SG.name}),
        ("?jurisdiction=sg&jurisdiction=my", {"changed": SG.name}),
    ],
)
def test_the_feed_is_valid_atom(client: TestClient, query: str, said: dict[str, str]) -> None:
    response = client.get(f"/feed.atom{query}")
    entries = _entries(response)
    feed = ET.fromstring(response.content)
    for element in (feed, *entries):
        for name in ("id", "title", "updated"):
            assert len(element.findall(f"{{{ATOM}}}{name}")) == 1
            assert element.findtext(f"{{{ATOM}}}{name}")
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", element.findtext(f"{{{ATOM}}}updated") or "")
        assert re.fullmatch(r"tag:lawsearch,\d{4}(-\d\d-\d\d)?:\S+", element.findtext(f"{{{ATOM}}}id") or "")
        links = element.findall(f"{{{ATOM}}}link")
        assert all(urlsplit(link.attrib["href"]).netloc == "localhost" for link in links)
    assert feed.findtext(f"{{{ATOM}}}author/{{{ATOM}}}name")
    assert {link.attrib["rel"] for link in feed.findall(f"{{{ATOM}}}link")} == {"self", "alternate"}
    self_link = next(link for link in feed.findall(f"{{{ATOM}}}link") if link.attrib["rel"] == "self")
    assert parse_qs(urlsplit(self_link.attrib["href"]).query) == parse_qs(query[1:])
    ids = [e.findtext(f"{{{ATOM}}}id") for e in entries]
    assert len(set(ids)) == len(ids)
    titles = " ".join(e.findtext(f"{{{ATOM}}}title") or "" for e in entries)
    for name in said.values():
        assert name in titles
    updated = [e.findtext(f"{{{ATOM}}}updated") for e in entries]
    assert updated == sorted(updated, reverse=True)
    # The same entries have the same ids tomorrow, whatever the server is called.
    again = client.get(f"/feed.atom{query}", headers={"host": "127.0.0.1"})
    assert [e.findtext(f"{{{ATOM}}}id") for e in _entries(again)] == ids


def test_the_feed_shows_the_words_that_differ_and_escapes_the_rest(client: TestClient) -> None:
    (changed,) = [
        e for e in _entries(client.get(f"/feed.atom?instrument={SG.id}"))
        if "changed" in (e.findtext(f"{{{ATOM}}}title") or "")
    ]  # fmt: skip
    content = changed.find(f"{{{ATOM}}}content")
    assert content is not None
    assert content.attrib["type"] == "html"
    assert "<ins>half an hour before " in (content.text or "")
    assert f"{LOCAL}/history{SIX_A.replace('~', '~')}" in (content.text or "")
    hostile = client.get(f"/feed.atom?instrument={HOSTILE.id}")
    (entry,) = _entries(hostile)
    assert EVIL in (entry.findtext(f"{{{ATOM}}}title") or "")
    assert "<script>" not in (entry.findtext(f"{{{ATOM}}}content") or "")


def test_the_feed_of_a_topic_has_only_what_is_about_it(client: TestClient) -> None:
    view = client.app.state.service.view()
    row = view.searcher.generation.rows[FIVE]
    about = [key for key, _ in view.searcher.generation.topics_of(row)]
    for topic in view.taxonomy.topics:
        entries = _entries(client.get("/feed.atom", params={"topic": topic}))
        told = [e for e in entries if f"/history{FIVE}" in (e.findtext(f"{{{ATOM}}}content") or "")]
        assert bool(told) == (topic in about)


@pytest.mark.parametrize(
    ("query", "status"),
    [("?jurisdiction=xx", 422), ("?topic=none", 422), ("?instrument=/akn/xx/act/1", 422), ("?workspace=none", 404),
     ("?other=1", 422)],
)  # fmt: skip
def test_a_feed_of_nothing_is_refused(client: TestClient, query: str, status: int) -> None:
    assert client.get(f"/feed.atom{query}").status_code == status


@pytest.mark.parametrize(
    ("pieces", "shown"),
    [
        ([("same", "a " * 200), ("added", "new"), ("same", " b" * 200)], r"….{,95}new.{,95}…"),
        ([("same", "short "), ("removed", "old"), ("same", " end")], r"short old end"),
        ([("removed", "x " * 300)], r"(x ){300}"),
    ],
)
def test_a_long_wording_is_shortened_around_what_differs(pieces: list[tuple[str, str]], shown: str) -> None:
    found = shortened(DiffOut(op=op, text=text) for op, text in pieces)
    assert re.fullmatch(shown, "".join(s.text for s in found))
    assert [s for s in found if s.op != "same"] == [DiffOut(op=o, text=t) for o, t in pieces if o != "same"]
    assert all(len(s.text) <= 2 * AROUND + 40 for s in found if s.op == "same")


def test_the_page_of_a_search_as_of_a_day(client: TestClient) -> None:
    asked = {"q": "light lamps at dusk", "as_of": "2031-01-31"}
    html = client.get("/", params=asked).text
    Strict(html)
    assert "Texts as they stood here on 2031-01-31" in text_of(html)
    assert f'href="{FIVE}?as_of=2031-01-31"' in html
    assert f'value="{FIVE}"' not in html  # what reads otherwise now is not laid beside texts of today
    assert 'name="as_of" value="2031-01-31"' in html
    assert "?as_of=" not in client.get("/", params={"q": "light lamps"}).text
    wrong = client.get("/", params={"q": "light lamps", "as_of": "soon"})
    assert wrong.status_code == 422
    assert "As it stood here on:" in text_of(wrong.text)
    assert client.get("/", params={"q": "light lamps", "as_of": "2099-01-01"}).status_code == 422


def test_a_feed_is_bounded(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lawsearch.feed.ENTRIES", 2)
    monkeypatch.setattr("lawsearch.feed.NAMED", 1)
    assert len(_entries(client.get("/feed.atom"))) == 2
    contents = [e.findtext(f"{{{ATOM}}}content") or "" for e in _entries(client.get(f"/feed.atom?instrument={SG.id}"))]
    assert "<p>and 3 more</p>" in contents[0]
    assert contents[0].count("/history/") == 1


def test_a_feed_needs_the_token_where_reading_does(searcher: Searcher, tmp_path: Path) -> None:
    token = "a-token-of-sixteen-characters-or-more"
    settings = Settings(index_dir=tmp_path, token=token, open_reading=False)
    with TestClient(create_app(settings, searcher), base_url=LOCAL) as client:
        assert client.get("/feed.atom", follow_redirects=False).status_code == 401
        assert client.get("/feed.atom", headers={"Authorization": f"Bearer {token}"}).status_code == 200


def test_a_file_that_is_read_otherwise_is_no_change_of_the_law(tmp_path: Path, built: Settings, models: Models) -> None:
    first = indexed(tmp_path, built, models, CORPUS[:2])
    first.generation.close()
    again = indexed(tmp_path, built, models, [expression(SG, "en", _rows(s9="Lamps are free of any fee from now on."))])
    with TestClient(create_app(Settings(index_dir=tmp_path), again), base_url=LOCAL) as client:
        assert [v["same_file"] for v in get(client, f"/api/provisions{NINE}/history")["versions"]] == [True, False]
        (found,) = get(client, "/api/changes")["provisions"]
        assert (found["kind"], found["same_file"]) == ("changed", True)
        for address in ("/changes", f"/history{NINE}"):
            assert "the same file, read otherwise" in text_of(client.get(address).text)
        title = _entries(client.get("/feed.atom"))[0].findtext(f"{{{ATOM}}}title")
        assert title == f"{SG.name} (Singapore): 1 changed (the same file, read otherwise)"
    again.generation.close()


PHRASES = st.lists(st.sampled_from(["a lamp", "at dusk\n", "ต้องจุดตะเกียง ", "(1) ", "x", " ", "oil. "]), max_size=12)


@given(PHRASES, PHRASES)
def test_what_differs_makes_either_wording(was: list[str], now: list[str]) -> None:
    """Without what was removed it is the new wording, without what was added the old one, whatever they are."""
    before, after = (
        replace(TEXTS["5"], heading="", text=f"(1) {''.join(words)} keeper".strip()) for words in (was, now)
    )
    found = spans(before, after)
    if before.digest == after.digest:
        assert found == []
    else:
        assert "".join(s.text for s in found if s.op != "removed") == after.text
        # Spaces between words that stay are those of the new one.
        old = "".join(s.text for s in found if s.op != "added")
        assert "".join(old.split()) == "".join(before.text.split())


def test_a_long_wording_is_compared_in_a_moment_where_little_differs() -> None:
    words = [f"word{n}" for n in range(6000)]
    before, after = (replace(TEXTS["5"], text=" ".join([*words[:3000], middle, *words[3000:]])) for middle in "ab")
    assert [s for s in spans(before, after) if s.op != "same"] == [
        DiffOut(op="removed", text="a "), DiffOut(op="added", text="b "),
    ]  # fmt: skip
