from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from madeup import LOCAL, FakeSearcher

from lawsearch import operating
from lawsearch.api import create_app
from lawsearch.settings import Settings
from lawsearch.vocabulary import jurisdictions

SECTION = "/akn/sg/act/2031/7/en/~sec_2A"
OTHER = "/akn/ph/act/2033/11/en/~sec_10"
THAI = "/akn/th/act/2574/3/th/~sec_๗"
DOCS = Path(__file__).parents[2] / "docs"
MEMBERS = {code for code, j in jurisdictions().items() if j.member}


def problem(response: Any, status: int) -> dict[str, Any]:
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    found = response.json()
    assert {"type", "title", "status", "detail", "remedy", "errors"} == set(found)
    assert found["status"] == status
    return found


def test_search_lists_every_member_state_and_says_what_each_answers(client: TestClient) -> None:
    found = client.get("/api/search", params={"q": "notify data breach", "limit": 2}).json()
    states = {a["jurisdiction"]["code"]: a for a in found["answers"]}
    assert set(states) >= MEMBERS
    assert states["sg"]["state"] == "found"
    assert states["sg"]["hits"][0]["provision"]["id"] == SECTION
    assert states["sg"]["hits"][0]["provision"]["citation"] == "DCA 2031 (SG) s 2A"
    assert states["bn"] | {"no_counterpart": 0} == {
        "jurisdiction": {"code": "bn", "name": "Brunei Darussalam", "member": True}, "state": "no text",
        "no_counterpart": 0, "estimate": "no text in the corpus", "units": 0, "hits": [],
    }  # fmt: skip
    assert all(len(a["hits"]) <= 2 for a in found["answers"])


def test_a_jurisdiction_that_filters_leave_out_is_told_from_one_without_text(client: TestClient) -> None:
    found = client.get("/api/search", params={"q": "breach", "force": "non-binding"}).json()
    states = {a["jurisdiction"]["code"]: a["state"] for a in found["answers"]}
    assert states["my"] == "found"
    assert states["sg"] == "filtered"
    assert states["kh"] == "no text"


def test_an_unlikely_counterpart_keeps_its_weaker_hits(client: TestClient) -> None:
    found = client.get(
        "/api/search", params={"q": "a net of fishing gear without withdrawal of reefs and coral"}
    ).json()
    answer = next(a for a in found["answers"] if a["jurisdiction"]["code"] == "ph")
    assert answer["state"] == "unlikely"
    assert answer["no_counterpart"] >= 0.5
    assert "no counterpart" in answer["estimate"]
    assert answer["hits"]


@pytest.mark.parametrize("key", [SECTION, "/akn/sg/act/2031/7/~sec_2A", "akn/sg/act/2031/7/en/~sec_2A"])
def test_a_provision_by_its_long_and_short_id(client: TestClient, key: str) -> None:
    found = client.get(f"/api/provisions/{key}").json()
    assert found["provision"]["id"] == SECTION
    assert found["provision"]["page"] == 3
    assert [c["number"] for c in found["children"]] == ["(1)", "(2)"]
    assert (found["previous"]["number"], found["next"]["number"]) == ("1", "3")
    assert found["instrument"]["status"] == "in force"


def test_the_part_of_a_section(client: TestClient) -> None:
    found = client.get(f"/api/provisions{SECTION}__subsec_2").json()
    assert found["provision"]["parent"] == "sec_2A"
    assert found["previous"]["id"] == SECTION + "__subsec_1"
    assert found["next"] is None


def test_counterparts_of_a_provision_leave_its_own_jurisdiction_out(client: TestClient) -> None:
    found = client.get(f"/api/provisions{SECTION}/counterparts", params={"limit": 1}).json()
    assert found["source"]["id"] == SECTION
    assert {a["jurisdiction"]["code"] for a in found["answers"]} == MEMBERS - {"sg"}
    assert found["answers"][0]["hits"][0]["provision"]["id"] == OTHER


def test_counterparts_of_a_clause(client: TestClient) -> None:
    body = {"text": "A keeper shall notify the data breach to the Board.", "jurisdiction": ["ph"], "limit": 1}
    found = client.post("/api/counterparts", json=body).json()
    answer = next(a for a in found["answers"] if a["hits"])
    assert answer["hits"][0]["provision"]["id"] == OTHER


def test_instruments(client: TestClient) -> None:
    listed = client.get("/api/instruments").json()["instruments"]
    assert [i["jurisdiction"]["code"] for i in listed] == ["id", "my", "ph", "sg", "th", "vn"]
    one = client.get("/api/instruments/akn/id/law/2030/9").json()
    assert [e["language"] for e in one["expressions"]] == ["en", "id"]
    assert [p["number"] for p in one["expressions"][1]["contents"]] == ["4", "Penjelasan Pasal 4"]
    assert one["expressions"][0]["report"]["pages"] == 9
    assert "/somewhere" not in client.get("/api/instruments/akn/id/law/2030/9").text


def test_compare(client: TestClient) -> None:
    found = client.get("/api/compare", params={"id": [SECTION, OTHER, THAI]}).json()
    first, second, third = found["columns"]
    assert (first["reference"], second["reference"], third["reference"]) == (None, 0, None)
    assert 0.5 < second["same_words"] < 1
    assert second["same_subject"] > 0.5
    assert third["same_words"] is None
    assert [c["placed"] for c in found["columns"]] == ["first", "words", "meaning"]
    identical = [row for row in found["rows"] if row[1] and row[1]["same_as"] == 0]
    assert identical[-1][0]["number"] == "(2)"
    ops = {s["op"] for row in found["rows"] if row[1] for s in row[1]["spans"]}
    assert ops == {"same", "added", "removed", "text"}
    for row in found["rows"]:
        for cell in filter(None, row):
            assert "".join(s["text"] for s in cell["spans"] if s["op"] != "removed") == cell["text"]


def test_compare_shows_strength_and_parameters(client: TestClient) -> None:
    found = client.get("/api/compare", params={"id": [SECTION, OTHER, THAI]}).json()
    counts = [{s["strength"]: s["count"] for s in c["strengths"]} for c in found["columns"]]
    assert counts[0]["obligation"] == 3
    assert counts[2]["obligation"] == 2
    assert {"strength": "obligation", "count": 3, "words": {"shall": 2, "must": 1}} in found["columns"][1]["strengths"]
    shown = {p["shown"]: p["texts"] for p in found["parameters"]}
    assert shown["3 days"] == [["3 days"], [], ["สามวัน"]]
    assert shown["72 hours"] == [[], ["72 hours"], []]


def test_compare_from_a_chosen_baseline(client: TestClient) -> None:
    query = {"id": [SECTION, OTHER, THAI], "baseline": OTHER}
    assert [c["reference"] for c in client.get("/api/compare", params=query).json()["columns"]] == [1, None, None]
    problem(client.get("/api/compare", params=query | {"baseline": "/akn/id/law/2030/9/id/~art_4"}), 422)
    clause = {"id": [SECTION, OTHER], "baseline": OTHER, "text": "A keeper must notify the Board."}
    assert [c["reference"] for c in client.get("/api/compare", params=clause).json()["columns"]] == [2, 2, None]


def test_compare_a_clause_with_a_provision(client: TestClient) -> None:
    found = client.get("/api/compare", params={"id": SECTION, "text": "A keeper must notify the Board."}).json()
    assert found["columns"][0]["provision"] is None
    assert found["columns"][1]["same_subject"] is not None


def test_health_and_about(client: TestClient) -> None:
    known = {"status": "ok", "generation": "made-up-1", "last_good_run": None, "last_run": "unknown"}
    assert client.get("/healthz").json() == known
    about = client.get("/api/about").json()
    counts = {c["jurisdiction"]["code"]: (c["instruments"], c["units"]) for c in about["jurisdictions"]}
    assert set(counts) >= MEMBERS
    assert counts["sg"] == (1, 3)
    assert counts["kh"] == (0, 0)
    assert about["manifest"]["models"] == {"e5": "x"}


# -- errors ---------------------------------------------------------------------------------------------------------


def test_an_unknown_value_is_refused_with_the_allowed_ones(client: TestClient) -> None:
    found = problem(client.get("/api/search", params={"q": "x", "jurisdiction": "xx"}), 422)
    assert found["errors"][0]["field"] == "jurisdiction"
    assert "bn, kh, id" in found["errors"][0]["message"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("q=", "q"), ("", "q"), ("q=x&juristiction=sg", "juristiction"), ("q=x&limit=0", "limit"),
        ("q=x&limit=many", "limit"), ("q=x&year_from=12", "year_from"), ("q=x&status=dead", "status"),
        ("q=x&language=xx", "language"), ("q=x&instrument=sg", "instrument"), ("q=x&kind=thing", "kind"),
    ],
)  # fmt: skip
def test_a_wrong_parameter_is_named(client: TestClient, query: str, field: str) -> None:
    found = problem(client.get(f"/api/search?{query}"), 422)
    assert [e["field"] for e in found["errors"]] == [field]


def test_years_in_the_wrong_order(client: TestClient) -> None:
    assert "after" in problem(client.get("/api/search?q=x&year_from=2020&year_to=2010"), 422)["detail"]


def test_bounds(client: TestClient, settings: Settings) -> None:
    long = "word " * (settings.max_text // 5 + 1)
    assert "20,000" in problem(client.post("/api/counterparts", json={"text": long}), 422)["detail"]
    assert "50" in problem(client.get("/api/search?q=x&limit=51"), 422)["detail"]
    assert problem(client.post("/api/counterparts", content=b"x" * 400_000), 413)["remedy"]


def test_a_long_body_that_does_not_say_its_length(client: TestClient) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(50):
            yield b"x" * 10_000

    problem(client.post("/api/counterparts", content=chunks()), 413)


def test_the_longest_clause_fits_in_a_body(client: TestClient, settings: Settings) -> None:
    escaped = "\\ud835\\udcb3 " * (settings.max_text // 2 - 1)
    json = {"Content-Type": "application/json"}
    response = client.post("/api/counterparts", content=f'{{"text": "{escaped}"}}', headers=json)
    assert response.status_code == 200


def test_unknown_things(client: TestClient) -> None:
    assert "sec_9" in problem(client.get("/api/provisions/akn/sg/act/2031/7/en/~sec_9"), 404)["detail"]
    problem(client.get("/api/instruments/akn/sg/act/1/1"), 404)
    problem(client.get("/api/nothing"), 404)
    problem(client.delete("/api/search"), 405)
    problem(client.get("/api/search?q=x&instrument=/akn/sg/act/1/1"), 422)
    problem(client.get("/api/compare", params={"id": [SECTION]}), 422)
    problem(client.get("/api/compare", params={"id": [SECTION] * 2}), 422)
    problem(client.get("/api/compare", params={"id": [SECTION] * 7}), 422)


def test_a_body_that_is_not_json(client: TestClient) -> None:
    problem(client.post("/api/counterparts", content=b"{", headers={"Content-Type": "application/json"}), 422)
    assert problem(client.post("/api/counterparts", content=b'{"text": "x"}'), 422)["detail"]


def test_an_unforeseen_error_gives_nothing_away(settings: Settings, searcher: FakeSearcher) -> None:
    class Broken(FakeSearcher):
        def search(self, *_: Any, **__: Any) -> Any:
            raise RuntimeError("the password is swordfish")

    broken = Broken(searcher.generation.store)
    with TestClient(create_app(settings, broken), base_url=LOCAL, raise_server_exceptions=False) as client:
        response = client.get("/api/search?q=x")
        assert "swordfish" not in response.text
        problem(response, 500)
        assert "default-src 'none'" in response.headers["content-security-policy"]
        page = client.get("/?q=x")
        assert page.status_code == 500
        assert "swordfish" not in page.text


def test_without_an_index_it_says_how_to_build_one(settings: Settings) -> None:
    pytest.importorskip("lawsearch.search")
    with TestClient(create_app(settings), base_url=LOCAL) as client:
        assert "lawsearch" in problem(client.get("/healthz"), 503)["remedy"]
        page = client.get("/")
        assert page.status_code == 503
        assert "lawsearch ingest" in page.text


def test_cors_is_off_unless_set(client: TestClient, settings: Settings, searcher: FakeSearcher) -> None:
    origin = {"Origin": "https://example.org"}
    assert "access-control-allow-origin" not in client.get("/healthz", headers=origin).headers
    opened = create_app(settings.model_copy(update={"cors_origins": ("https://example.org",)}), searcher)
    with TestClient(opened, base_url=LOCAL) as other:
        assert other.get("/healthz", headers=origin).headers["access-control-allow-origin"] == "https://example.org"


# -- generations ----------------------------------------------------------------------------------------------------


def test_a_newer_generation_takes_over(settings: Settings, searcher: FakeSearcher) -> None:
    newer = threading.Event()
    first = FakeSearcher(searcher.generation.store, stale=newer.is_set)
    with TestClient(create_app(settings, first), base_url=LOCAL) as client:
        assert client.get("/healthz").json()["generation"] == "made-up-1"
        newer.set()
        deadline = time.monotonic() + 5
        while client.get("/healthz").json()["generation"] != "made-up-1-renewed":
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_answers_from_many_threads(client: TestClient) -> None:
    seen: list[int] = []

    def ask() -> None:
        seen.extend(client.get(f"/api/provisions{SECTION}").status_code for _ in range(5))

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [200] * 30


# -- description ----------------------------------------------------------------------------------------------------


def test_the_handbook_is_what_the_command_prints(capsys: pytest.CaptureFixture[str]) -> None:
    operating.show_api(markdown=True)
    printed = capsys.readouterr().out
    assert (DOCS / "api.md").read_text("utf-8") == printed, "lawsearch api --markdown has changed"
    # A link for every model that there is, and none that is not.
    titles = {line.removeprefix("### ").lower() for line in printed.splitlines() if line.startswith("### ")}
    assert set(re.findall(r"\]\(#([a-z]+)\)", printed)) <= titles


def test_openapi_describes_every_route_with_examples(client: TestClient) -> None:
    schema = client.get("/api/openapi.json").json()
    assert set(schema["paths"]) == {
        "/api/search", "/api/counterparts", "/api/provisions/{id}/counterparts", "/api/provisions/{id}",
        "/api/instruments", "/api/instruments/{id}", "/api/compare", "/healthz", "/api/about",
        "/api/topics", "/api/catalogue", "/api/matrix", "/api/matrix.docx", "/api/matrix.xlsx", "/api/matrix.csv",
        "/picture/{id}",
        "/api/align", "/api/align.csv", "/api/concordance", "/api/concordance.docx", "/api/concordance.xlsx",
        "/api/concordance.csv", "/api/concordance/import", "/api/concordances", "/api/decisions", "/api/workspaces",
        "/api/workspaces/{id}", "/api/workspaces/{id}/provisions",
        "/api/provisions/{id}/history", "/api/changes", "/feed.atom", "/api/runs",
    }  # fmt: skip
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            where = f"{method} {path}"
            assert operation["summary"], where
            assert operation["description"], where
            for parameter in operation.get("parameters", []):
                assert parameter["description"], (where, parameter["name"])
                assert parameter["schema"].get("examples") or parameter.get("examples"), (where, parameter["name"])
            if "requestBody" in operation:
                assert schema["components"]["schemas"]["ClauseRequest"]["example"]
            for status, response in operation["responses"].items():
                (media,) = response["content"]
                assert response["content"][media]["example"] is not None, (where, status)
                assert (media == "application/problem+json") == (status >= "400"), (where, status)
            assert {"422", "503"} <= set(operation["responses"]), where
    assert "HTTPValidationError" not in client.get("/api/openapi.json").text
