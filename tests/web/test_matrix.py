"""The matrix: what its cells say, what people decided, what could not be read, summaries, files."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from docx import Document as Word
from fastapi.testclient import TestClient
from madeup import EVIL, ID, LOCAL, MY, PH, SG, TAXONOMY, TH, FakeSearcher
from openpyxl import load_workbook
from test_pages import Strict

from lawsearch import run
from lawsearch.api import create_app
from lawsearch.desk import Desk
from lawsearch.matrices import columns
from lawsearch.matrix import PRESENT, SPREADS, STATES, Cell, Row, tally
from lawsearch.run import Document, Run
from lawsearch.settings import Settings

SECTION = f"{SG.id}/en/~sec_2A"
TEN, ELEVEN = f"{PH.id}/en/~sec_10", f"{PH.id}/en/~sec_11"
PIVOT = f"/api/matrix?pivot={SG.id}"


@pytest.fixture
def client(searcher: FakeSearcher, tmp_path: Path) -> Iterator[TestClient]:
    """A server with an empty desk."""
    settings = Settings(index_dir=tmp_path, catalogue_dir=Path(__file__).parent / "catalogue")
    with TestClient(create_app(settings, searcher), base_url=LOCAL) as client:
        yield client


def cell(client: TestClient, code: str, source: str = SECTION, address: str = PIVOT) -> dict[str, Any]:
    found = client.get(f"{address}&jurisdiction={code}").json()
    return next(r for r in found["rows"] if (r["provision"] or r["topic"])["id"] == source)["cells"][0]


def decide(client: TestClient, **given: str) -> None:
    asked = {"source": SECTION, "other": PH.id, "suggested": TEN, "status": "full", "name": "A. Drafter", **given}
    assert client.post("/api/decisions", json=asked).status_code == 200


@pytest.mark.parametrize(
    ("states", "present", "counted", "spread"),
    [
        ({"sg": "corresponds", "th": "partly", "my": "confirmed"}, 3, 3, "common baseline"),
        ({"sg": "corresponds", "th": "partly", "my": "none"}, 2, 3, "widespread"),
        ({"sg": "corresponds", "th": "rejected"}, 1, 2, "fragmented"),
        ({"sg": "none", "th": "rejected", "asean": "corresponds"}, 0, 2, "nowhere"),
        ({"sg": "corresponds", "th": "no text", "my": "unreadable"}, 1, 1, "unknown"),
        ({"eu": "corresponds", "asean": "corresponds"}, 2, 2, "common baseline"),
        ({}, 0, 0, "unknown"),
    ],
)
def test_how_far_a_row_is_spread(states: dict[str, str], present: int, counted: int, spread: str) -> None:
    row = Row(TAXONOMY.topics["breaches"], tuple(Cell(code, state) for code, state in states.items()))
    assert (row.present, len(row.counted), row.spread) == (present, counted, spread)
    assert sum(tally(row.cells).values()) == len(states)


def test_the_provisions_of_a_pivot_in_rows(client: TestClient) -> None:
    found = client.get(PIVOT).json()
    assert (found["field"], found["pivot"]["id"]) == ("", f"{SG.id}/en")
    assert [r["provision"]["number"] for r in found["rows"]] == ["1", "2A", "3"]
    codes = [j["code"] for j in found["jurisdictions"]]
    assert len(codes) == 11
    assert "asean" in codes
    assert "sg" not in codes
    assert {c["state"] for r in found["rows"] for c in r["cells"]} <= set(STATES)
    # Linked in both directions; found, but what is found is not linked back; searched in vain; no text.
    expected = {"ph": "corresponds", "id": "partly", "th": "none", "kh": "no text"}
    assert {code: cell(client, code)["state"] for code in expected} == expected
    there = cell(client, "ph")
    assert there["provisions"][0]["provision"]["id"] == TEN
    assert there["provisions"][0]["score"] > 0.5
    assert there["compare"] == f"/compare?id={SECTION}&id={TEN}"


def test_rows_and_columns_are_summed_up(client: TestClient) -> None:
    found = client.get(f"{PIVOT}&jurisdiction=ph&jurisdiction=th&jurisdiction=id&jurisdiction=kh").json()
    for i, column in enumerate(found["columns"]):
        states = [r["cells"][i]["state"] for r in found["rows"]]
        assert column["states"] == {s: states.count(s) for s in STATES}
    assert found["spreads"] == {s: sum(r["spread"] == s for r in found["rows"]) for s in SPREADS}
    breach = found["rows"][1]
    assert (breach["present"], breach["counted"], breach["spread"]) == (2, 3, "widespread")
    assert breach["compare"].startswith(f"/compare?id={SECTION}&id=")
    assert unquote(breach["compare"]).count("id=") == 1 + sum(c["state"] in PRESENT for c in breach["cells"])


def test_what_a_person_decided_stands_in_the_cell(client: TestClient) -> None:
    decide(client, verdict="confirmed")
    there = cell(client, "ph")
    assert (there["state"], there["decision"]["name"]) == ("confirmed", "A. Drafter")
    assert (there["provisions"][0]["provision"]["id"], there["provisions"][0]["score"]) == (TEN, None)
    decide(client, verdict="rejected", status="")
    assert cell(client, "ph")["state"] == "rejected"
    decide(client, verdict="corrected", corresponding=ELEVEN)
    there = cell(client, "ph")
    assert (there["state"], there["provisions"][0]["provision"]["id"]) == ("confirmed", ELEVEN)
    assert there["compare"] == f"/compare?id={SECTION}&id={ELEVEN}"
    # A second counterpart, confirmed beside it, stands first; neither has a score any more.
    decide(client, suggested=ELEVEN, verdict="rejected", status="")
    decide(client, verdict="confirmed")
    decide(client, suggested=ELEVEN, verdict="confirmed")
    assert [(s["provision"]["id"], s["score"]) for s in cell(client, "ph")["provisions"]] == [
        (ELEVEN, None),
        (TEN, None),
    ]
    decide(client, suggested=ELEVEN, verdict="open")
    decide(client, verdict="open")
    assert (cell(client, "ph")["state"], cell(client, "ph")["decision"]) == ("corresponds", None)
    assert cell(client, "th")["decision"] is None


def test_what_a_person_rejected_is_not_shown_beside_what_was_confirmed(client: TestClient) -> None:
    decide(client, suggested=ELEVEN, verdict="confirmed")
    assert [s["provision"]["id"] for s in cell(client, "ph")["provisions"]] == [ELEVEN, TEN]
    decide(client, verdict="rejected", status="")
    assert [s["provision"]["id"] for s in cell(client, "ph")["provisions"]] == [ELEVEN]


def test_that_there_is_none_is_a_decision_too(client: TestClient) -> None:
    decide(client, suggested="", verdict="confirmed", status="none")
    assert (cell(client, "ph")["state"], cell(client, "ph")["decision"]["verdict"]) == ("rejected", "confirmed")
    decide(client, source=f"{SG.id}/en/~sec_1", suggested="", verdict="confirmed", status="none")
    nothing = cell(client, "ph", f"{SG.id}/en/~sec_1")
    assert (nothing["state"], nothing["decision"]["name"]) == ("none", "A. Drafter")


def test_a_topic_shows_what_was_confirmed_between_its_provisions(client: TestClient) -> None:
    decide(client, other=TH.id, suggested=f"{TH.id}/th/~sec_๗", verdict="confirmed")
    found = client.get("/api/matrix?field=data&jurisdiction=sg&jurisdiction=th&jurisdiction=ph").json()
    assert [c["state"] for c in found["rows"][0]["cells"]] == ["confirmed", "confirmed", "none"]
    assert [c["state"] for c in found["rows"][1]["cells"]] == ["partly", "none", "none"]


def test_a_decision_on_what_reads_otherwise_now_is_no_longer_the_cell(client: TestClient) -> None:
    decide(client, verdict="rejected", status="")
    desk_path = client.app.state.service.settings.desk_path  # type: ignore[attr-defined]
    desk = Desk(desk_path)
    desk.decide([replace(d, other_digest="of another wording") for d in desk.held()])
    there = cell(client, "ph")
    assert (there["state"], there["decision"]["suspect"]) == ("corresponds", True)
    assert "to be looked at again" in client.get(f"/matrix?pivot={SG.id}").text


def test_what_could_not_be_read_is_no_silence(client: TestClient, tmp_path: Path) -> None:
    failed = Document("/somewhere/la-law.pdf", "failed", "no text was found in it", "/akn/la/law/2044/4")
    run.save(tmp_path, Run(started="2031-01-02T00:00:00+00:00", finished="2031-01-02T00:01:00", documents=(failed,)))
    for address in (PIVOT, "/api/matrix?field=data"):
        found = client.get(f"{address}&jurisdiction=la&jurisdiction=kh").json()
        assert [{c["state"] for c in r["cells"]} for r in found["rows"]] == [{"unreadable", "no text"}] * 3
        assert [c["unread"] for c in found["columns"]] == [["la-law.pdf"], []]
    assert "unreadable" in client.get("/matrix?field=data").text
    assert "not read: la-law.pdf" in client.get("/about").text
    # A later night in which it could be read.
    run.save(tmp_path, Run(started="2031-01-03T00:00:00+00:00", finished="2031-01-03T00:01:00"))
    assert cell(client, "la")["state"] == "no text"


def test_pages_without_provisions_are_unreadable(client: TestClient) -> None:
    view = client.app.state.service.view()  # type: ignore[attr-defined]
    paged = tuple(
        replace(e, report=e.report | {"flags": ["page-wise"]}) if e.instrument.id in (TH.id, ID.id) else e
        for e in view.entries
    )
    object.__setattr__(view, "entries", paged)
    assert cell(client, "th")["state"] == "unreadable"
    # What is found on a page is found all the same.
    assert cell(client, "id")["state"] == "partly"


def test_files(client: TestClient) -> None:
    query = f"pivot={MY.id}&jurisdiction=sg&jurisdiction=th"
    found = client.get(f"/api/matrix?{query}").json()
    lines = list(csv.DictReader(io.StringIO(client.get(f"/api/matrix.csv?{query}").content.decode("utf-8-sig"))))
    assert [(r["jurisdiction"], r["state"]) for r in lines] == [
        (j["name"], c["state"])
        for r in found["rows"] for j, c in zip(found["jurisdictions"], r["cells"], strict=True)
    ]  # fmt: skip
    sheet = load_workbook(io.BytesIO(client.get(f"/api/matrix.xlsx?{query}").content)).active
    assert [c.value for c in sheet[1]] == ["Row", "Spread", "Singapore", "Thailand"]
    assert EVIL in sheet["A2"].value
    assert sheet["C2"].value.split("\n")[0] == found["rows"][0]["cells"][0]["state"]
    assert sheet["A3"].value == "In all"
    response = client.get(f"/api/matrix.docx?{query}")
    assert response.headers["content-disposition"] == 'attachment; filename="matrix-my-guideline-2034-1-en.docx"'
    (table,) = Word(io.BytesIO(response.content)).tables
    assert [c.text for c in table.rows[0].cells] == ["Row", "Singapore", "Thailand"]
    assert EVIL in table.rows[1].cells[0].text


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("pivot=/akn/xx/act/1", 404),
        (f"pivot={SG.id}&jurisdiction=xx", 422),
        (f"pivot={SG.id}&jurisdiction=sg", 422),
        ("field=nothing", 404),
    ],
)
def test_what_there_is_no_matrix_of(client: TestClient, query: str, status: int) -> None:
    for address in ("/matrix", "/api/matrix", "/api/matrix.csv"):
        assert client.get(f"{address}?{query}").status_code == status


def test_the_page(client: TestClient) -> None:
    page = client.get(f"/matrix?pivot={MY.id}").text
    Strict(page)
    assert "<script>alert" not in page
    page = client.get(f"/matrix?pivot={SG.id}&jurisdiction=ph").text
    assert f'href="/compare?id={SECTION}&amp;id={TEN}"' in page
    assert f'href="/api/matrix.xlsx?pivot={SG.id}/en&amp;jurisdiction=ph"' in page
    # In words too, never in colour alone.
    assert "</span> corresponds</span>" in page


@pytest.mark.parametrize(
    ("chosen", "address"),
    [
        (f"rows={SG.id}/en&jurisdiction=th", f"/matrix?pivot={SG.id}/en&jurisdiction=th"),
        ("rows=data", "/matrix?field=data"),
        ("rows=data&jurisdiction=sg&jurisdiction=eu", "/matrix?field=data&jurisdiction=sg&jurisdiction=eu"),
        (
            "rows=data&jurisdiction=eu",
            f"/matrix?field=data&{'&'.join(f'jurisdiction={c}' for c in (*columns(), 'eu'))}",
        ),
    ],
)
def test_what_the_form_chooses_has_an_address(client: TestClient, chosen: str, address: str) -> None:
    response = client.get(f"/matrix?{chosen}", follow_redirects=False)
    assert (response.status_code, response.headers["location"]) == (302, address)
    assert client.get(address).status_code == 200
