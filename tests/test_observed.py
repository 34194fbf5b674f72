"""What an operator sees of a server: its health, its metrics, its log."""

from __future__ import annotations

import json
import logging
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import nights
import pytest
from fastapi.testclient import TestClient
from nights import night_of, settings_of, write
from prometheus_client.parser import text_string_to_metric_families

from lawsearch import logs, run
from lawsearch.api import create_app
from lawsearch.errors import NotFoundError, QueryError, SettingsError
from lawsearch.generation import Generation
from lawsearch.run import FAILED, OK, Document, Phase, Run
from lawsearch.search import Searcher
from lawsearch.settings import Settings

SECRET = "a drafted clause about lanterns"


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """An index of three laws, with the record of the night that made it."""
    folder = tmp_path_factory.mktemp("observed")
    write(folder / "laws")
    settings = settings_of(folder)
    assert night_of(settings).result == OK
    return settings


@pytest.fixture
def server(indexed: Settings, tmp_path: Path) -> Iterator[Callable[..., TestClient]]:
    """A server of that index whose records of runs are those given."""
    opened = []

    def make(*runs: Run, **given: object) -> TestClient:
        for one in runs:
            run.save(tmp_path, one)
        settings = Settings(**{**indexed.model_dump(), "index_dir": tmp_path, **given})
        searcher = Searcher(settings, Generation.current(indexed.index_dir), nights.models())
        client = TestClient(create_app(settings, searcher), base_url="http://127.0.0.1:8000")
        opened.append((client, searcher))
        return client.__enter__()

    yield make
    for client, searcher in opened:
        client.__exit__(None, None, None)
        searcher.generation.close()


def ended(result: str, hours: float, **given: object) -> Run:
    moment = datetime.now(UTC) - timedelta(hours=hours)
    told = {"started": moment.isoformat(timespec="milliseconds"), "finished": moment.isoformat(), "result": result}
    return Run(**{**told, **given})  # type: ignore[arg-type]


# -- health -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("runs", "hours", "status", "says"),
    [
        ([], 0, 200, {"last_run": "unknown", "last_good_run": None}),
        ([], 1, 200, {"last_run": "unknown", "last_good_run": None}),
        ([(OK, 1)], 2, 200, {"last_run": "ok"}),
        ([(OK, 3)], 2, 503, "the last good run ended 3.0 hours ago, 2 are allowed"),
        ([(OK, 3)], 0, 200, {"last_run": "ok"}),
        ([(OK, 3), (FAILED, 1)], 4, 200, {"last_run": "failed"}),
        ([(OK, 3), (FAILED, 1)], 2, 503, "the last one failed (the disk is full)"),
        ([(OK, 1), ("running", 0)], 2, 200, {"last_run": "running"}),
        ([], 0.000_000_1, 503, "no good run is known, and the index was built 0.0 hours ago"),
    ],
)
def test_health_by_the_age_of_the_last_good_run(
    server: Callable[..., TestClient], runs: list[tuple[str, float]], hours: float, status: int, says: object
) -> None:
    reasons = {FAILED: "the disk is full"}
    client = server(*(ended(r, h, reason=reasons.get(r, "")) for r, h in runs), healthy_hours=hours)
    answer = client.get("/healthz")
    assert answer.status_code == status
    if isinstance(says, str):
        assert says in answer.json()["detail"]
        assert answer.json()["type"] == "/about#problem-out-of-date"
        assert client.get("/api/instruments").status_code == 200, "it goes on serving"
    else:
        assert says.items() <= answer.json().items()


def test_the_last_runs_without_the_folders_of_the_server(server: Callable[..., TestClient]) -> None:
    document = Document("/srv/laws/a.pdf", "failed", "/srv/laws/a.pdf: is not a PDF")
    client = server(ended(OK, 30, documents=(document,)), ended(FAILED, 2, reason="no room"))
    newest, former = client.get("/api/runs").json()["runs"]
    assert (newest["result"], newest["reason"], former["result"]) == (FAILED, "no room", OK)
    assert former["documents"] == [{"file": "a.pdf", "state": "failed", "reason": "is not a PDF", "instrument": ""}]
    assert len(client.get("/api/runs?limit=1").json()["runs"]) == 1
    page = client.get("/changes").text
    assert "The last run failed" in page
    assert "a.pdf: failed – is not a PDF" in page
    assert "/srv" not in page


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("/srv/laws is not a folder. Is its disk there?", "laws is not a folder. Is its disk there?"),
        ("[Errno 28] No space left on device: '/srv/index/store.db'", "[Errno 28] No space left on device: 'store.db'"),
        ("C:\\data\\laws\\x.pdf: is empty", "x.pdf: is empty"),
        ("moved to https://laws.example/a/b.pdf", "moved to https://laws.example/a/b.pdf"),
        ("lost; lawsearch nightly --accept /akn/sg/act/2041/3", "lost; lawsearch nightly --accept /akn/sg/act/2041/3"),
        ("/srv/our laws/new/a b.pdf: is empty", "new/a b.pdf: is empty"),
        ("/srv/our laws is not a folder. Is its disk there?", "our laws is not a folder. Is its disk there?"),
    ],
)
def test_a_reason_is_told_without_folders(server: Callable[..., TestClient], reason: str, told: str) -> None:
    client = server(ended(FAILED, 2, reason=reason, warnings=(reason,)), watched_dirs=(Path("/srv/our laws"),))
    (one,) = client.get("/api/runs").json()["runs"]
    assert (one["reason"], one["warnings"]) == (told, [told])


# -- metrics ------------------------------------------------------------------------------------------------------


def read(client: TestClient) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    families = text_string_to_metric_families(client.get("/metrics").text)
    return {
        (s.name.removeprefix("lawsearch_"), tuple(sorted(s.labels.items()))): s.value
        for f in families
        for s in f.samples
    }


def test_metrics_of_the_index_the_corpus_and_the_last_run(server: Callable[..., TestClient]) -> None:
    documents = (Document("a", "failed"), Document("b", "added"), Document("c", "added"))
    phases = (Phase("reading", 2.0), Phase("linking", 1.5))
    found = read(server(ended(OK, 5), ended(FAILED, 1, documents=documents, unchanged=7, phases=phases)))
    assert 0 < found["index_age_seconds", ()] < 3600
    assert found["last_run_ok", ()] == 0
    assert found["last_good_run_age_seconds", ()] == pytest.approx(5 * 3600, abs=60)
    by_phase = {dict(labels)["phase"]: v for (name, labels), v in found.items() if name == "last_run_phase_seconds"}
    assert by_phase == {"reading": 2.0, "linking": 1.5}
    by_state = {dict(labels)["state"]: v for (name, labels), v in found.items() if name == "last_run_documents"}
    assert by_state == {"failed": 1, "added": 2, "unchanged": 7}
    for name, wanted in (("documents", 1), ("provisions", None)):
        for code, _, sections in nights.LAWS.values():
            assert found[name, (("jurisdiction", code),)] >= (wanted or len(sections))
    assert found["turns", (("state", "working"), ("work", "searches"))] == 0
    assert found["turns", (("state", "waiting"), ("work", "tables"))] == 0


def test_latencies_are_counted_by_the_pattern_of_the_route(server: Callable[..., TestClient]) -> None:
    client = server()
    provision = f"/api/provisions{nights.work('boats')}/en/~sec_1"
    for address in ("/api/search?q=lamps", "/api/search?q=oil", "/api/search", provision, "/nowhere/at/all",
                    "/static/style.css", "/healthz"):  # fmt: skip
        client.get(address)
    client.request("BREW", "/healthz")
    client.head("/healthz")
    counts = {labels: v for (name, labels), v in read(client).items() if name == "request_seconds_count"}
    by_route = {(d["method"], d["route"], d["status"]): v for labels, v in counts.items() for d in [dict(labels)]}
    assert by_route == {
        ("GET", "/api/search", "200"): 2, ("GET", "/api/search", "422"): 1, ("GET", "none", "404"): 1,
        ("GET", "/api/provisions/{id:path}", "200"): 1, ("GET", "/static", "200"): 1, ("GET", "/healthz", "200"): 2,
        ("other", "/healthz", "405"): 1,
    }  # fmt: skip


def test_each_app_counts_for_itself_and_metrics_are_guarded_and_can_be_left_out(
    server: Callable[..., TestClient],
) -> None:
    first, second = server(), server()
    first.get("/healthz")
    assert not [1 for (name, _) in read(second) if name == "request_seconds_count"]
    closed = server(token="0123456789abcdef", open_reading=False)
    assert closed.get("/metrics", follow_redirects=False).status_code == 401
    assert closed.get("/metrics", headers={"Authorization": "Bearer 0123456789abcdef"}).status_code == 200
    assert server(metrics=False).get("/metrics").status_code == 404


def test_without_an_index_what_is_known_is_told(tmp_path: Path) -> None:
    run.save(tmp_path, ended(FAILED, 1))
    with TestClient(create_app(Settings(index_dir=tmp_path)), base_url="http://127.0.0.1:8000") as client:
        found = read(client)
    assert found["last_run_ok", ()] == 0
    assert not [name for name, _ in found if name.startswith("index_age")]


# -- the log ------------------------------------------------------------------------------------------------------


@pytest.fixture
def configured() -> Iterator[Callable[..., None]]:
    """Configures the log, and puts back what was."""
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    yield lambda **given: logs.configure(Settings(**given))
    root.setLevel(level)
    root.handlers[:] = handlers


def test_a_request_is_a_line_without_its_words(
    server: Callable[..., TestClient], configured: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    client = server()
    configured(log_format="json", log_level="info")
    client.get("/api/search", params={"q": SECRET})
    client.post("/api/counterparts", json={"text": SECRET})
    client.get("/?q=" + SECRET)
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    told = [(e["method"], e["route"], e["status"]) for e in lines if e["logger"] == "lawsearch.requests"]
    assert told == [("GET", "/api/search", 200), ("POST", "/api/counterparts", 200), ("GET", "/", 200)]
    assert all(isinstance(e["ms"], float) and e["time"].endswith("+00:00") for e in lines)
    assert "lantern" not in json.dumps(lines)


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_an_error_is_told_without_its_words(
    configured: Callable[..., None], capsys: pytest.CaptureFixture[str], log_format: str
) -> None:
    configured(log_format=log_format)
    for error in (ValueError(SECRET), QueryError(SECRET), NotFoundError(SECRET), SettingsError("port: is taken")):
        try:
            raise error
        except Exception as caught:
            logging.getLogger("lawsearch.test").error("it failed", exc_info=caught, extra={"route": "/api/search"})
    logging.getLogger("lawsearch.test").info("not at this level")
    said = capsys.readouterr().err
    assert said.count("it failed") == said.count("/api/search") == 4
    assert "ValueError" in said
    assert "port: is taken" in said
    assert "test_observed.py" in said
    assert "lantern" not in said
    assert "not at this level" not in said
    if log_format == "json":
        assert [json.loads(line)["level"] for line in said.splitlines()] == ["error"] * 4


def test_configuring_again_does_not_say_everything_twice(
    configured: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    configured()
    configured()
    logging.getLogger("lawsearch.test").warning("once")
    assert capsys.readouterr().err.count("once") == 1


def test_the_command_logs_as_the_settings_say(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("no law")
    (tmp_path / "lawsearch.toml").write_text(
        f'index_dir = "{tmp_path / "index"}"\nwatched_dirs = ["{tmp_path}"]\nlog_format = "json"\nlog_level = "info"\n'
        f'catalogue_dir = "{tmp_path / "catalogue"}"\n'
    )
    run.save(tmp_path / "index", Run(started="2041-05-01T02:15:00.000+00:00"))
    environment = {"PYTHONPATH": os.pathsep.join(sys.path), "LAWSEARCH_CONFIG": str(tmp_path / "lawsearch.toml")}
    ran = subprocess.run(
        [sys.executable, "-m", "lawsearch.cli", "nightly"], cwd=tmp_path, capture_output=True, text=True, check=False,
        env={**os.environ, **environment},
    )  # fmt: skip
    assert ran.returncode == 1
    lines = [json.loads(text) for text in ran.stderr.splitlines() if text.startswith("{")]
    (event,) = [line["event"] for line in lines if line["logger"] == "ingest.nightly"]
    assert re.match(r"the run of 2041-\S+ did not end", event), lines
    assert "holds no provisions" in ran.stderr
