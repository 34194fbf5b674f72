"""What docs/security.md promises and no other test shows; and that every test it names exists."""

from __future__ import annotations

import ast
import logging
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from madeup import EVIL, LOCAL, FakeSearcher
from mcp.client.client import Client
from test_agents import over_http, talk

from lawsearch import logs, permission
from lawsearch.api import create_app
from lawsearch.edge import HEADERS
from lawsearch.errors import MetadataError
from lawsearch.instrument import Instrument
from lawsearch.settings import Settings

ROOT = Path(__file__).parents[2]
PROMISES = (ROOT / "docs" / "security.md").read_text("utf-8")
TOKEN = "a-token-of-sixteen-characters-or-more"
CLAUSE = "The keeper of the swordfish must tell nobody of the draft."


def test_every_promise_names_a_test_that_exists() -> None:
    rows = [line for line in PROMISES.splitlines() if line.startswith("| ") and line[2:5] not in ("Pro", "---")]
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PROMISES)
    assert len(rows) > 20
    assert all("`tests/" in row for row in rows)
    for file, name in named:
        tree = ast.parse((ROOT / file).read_text("utf-8"))
        assert name in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}, f"{file}::{name}"


# -- outside -----------------------------------------------------------------------------------------------------------

CLIMBING = (
    "../../../../../../etc/passwd", "..%2f..%2f..%2f..%2f..%2fetc%2fpasswd", "%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "/etc/passwd", "%2fetc%2fpasswd", "..\\..\\windows\\win.ini", "akn/sg/act/../../../etc/passwd", "file:///etc/passwd",
    "%00/etc/passwd", "..;/..;/etc/passwd",
)  # fmt: skip
PLACES = (
    "/api/provisions/{}", "/api/provisions/{}/counterparts", "/api/provisions/{}/history", "/api/instruments/{}",
    "/picture/{}", "/static/{}", "/akn/{}", "/api/workspaces/{}", "/workspaces/{}", "/api/changes?generation={}",
    "/changes?generation={}", "/feed.atom?workspace={}", "/api/align?source={}",
    "/api/concordance.docx?pivot={0}&other={0}",
)  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
def test_no_id_leads_outside(client: TestClient, place: str) -> None:
    for climbing in CLIMBING:
        answer = client.get(place.format(climbing))
        assert answer.status_code in (404, 422), climbing
        assert "root:" not in answer.text
        assert "/etc/passwd:" not in answer.text


@pytest.mark.parametrize(
    "key", ["/akn/sg/act/../../x", "/akn/sg/act/.", "/akn/../act/1", "/akn/sg/act/1/", "/etc/passwd"]
)
def test_an_instrument_of_a_sidecar_or_the_catalogue_cannot_climb(key: str) -> None:
    with pytest.raises(MetadataError, match="is not an Akoma Ntoso work identifier"):
        Instrument(id=key)


# -- headers -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "address", "status"),
    [
        ("GET", "/", 200), ("HEAD", "/", 200), ("GET", "/api/instruments", 200), ("GET", "/static/style.css", 200),
        ("GET", "/feed.atom", 200), ("GET", "/nothing", 404), ("GET", "/api/nothing", 404),
        ("GET", "/static/no.css", 404),
        ("GET", "/picture/akn/sg/act/2031/7/en/~sec_3", 404), ("DELETE", "/api/search", 405),
        ("POST", "/api/counterparts", 422), ("GET", "/akn/sg/act/2031/7/~sec_3", 302),
    ],
)  # fmt: skip
def test_every_answer_has_the_headers(client: TestClient, method: str, address: str, status: int) -> None:
    answer = client.request(method, address, follow_redirects=False)
    assert answer.status_code == status
    assert HEADERS.items() <= dict(answer.headers).items() | {(k, answer.headers.get(k)) for k in HEADERS}
    assert "unsafe" not in answer.headers["Content-Security-Policy"]


# -- the token ---------------------------------------------------------------------------------------------------------


def test_of_the_token_only_a_digest_is_kept_and_it_is_compared_in_constant_time(
    settings: Settings, searcher: FakeSearcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[tuple[bytes, bytes]] = []
    true = permission.hmac.compare_digest

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return true(one, other)

    monkeypatch.setattr(permission.hmac, "compare_digest", compare)
    app = create_app(settings.model_copy(update=Settings(token=TOKEN).model_dump(include={"token"})), searcher)
    assert app.state.service.settings.token.get_secret_value() == ""
    assert TOKEN.encode() not in app.state.door.digest
    with TestClient(app, base_url=LOCAL) as client:
        for given in (TOKEN, TOKEN[:-1], "x"):
            client.post("/api/workspaces", json={}, headers={"Authorization": f"Bearer {given}"})
    assert len(compared) == 3
    assert {len(side) for pair in compared for side in pair} == {32}


# -- logs --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def logged(capsys: pytest.CaptureFixture[str]) -> Iterator[Any]:
    """What has been logged so far, everything that is worth a line."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    logs.configure(Settings(log_level="debug"))
    yield lambda: capsys.readouterr().err
    root.handlers[:] = handlers
    root.setLevel(level)


def test_neither_secrets_nor_drafts_are_logged(settings: Settings, searcher: FakeSearcher, logged: Any) -> None:
    class Broken(FakeSearcher):
        def search(self, *_: Any, **__: Any) -> Any:
            raise RuntimeError(f"cannot look for {CLAUSE}")

    given = Settings(token=TOKEN, open_reading=False).model_dump(include={"token", "open_reading"})
    app = create_app(settings.model_copy(update=given), Broken(searcher.generation.store))
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    with TestClient(app, base_url=LOCAL, raise_server_exceptions=False) as client:
        assert client.get("/api/search", params={"q": CLAUSE}, headers=bearer).status_code == 500
        assert client.post("/api/counterparts", json={"text": CLAUSE}, headers=bearer).status_code == 200
        assert client.post("/api/counterparts", json={"text": CLAUSE}, headers={"Authorization": "Bearer no"}).is_error
        assert client.post("/enter", data={"token": TOKEN}, follow_redirects=False).status_code == 303
        assert client.get("/", params={"q": EVIL}, headers=bearer).status_code == 500
    for name, asked in (("search", {"q": CLAUSE}), ("counterparts", {"text": CLAUSE, "topic": [CLAUSE]})):
        assert talk(over_http(app, bearer), partial(Client.call_tool, name=name, arguments=asked)).is_error
    found = logged()
    assert "failed" in found
    for secret in (TOKEN, "swordfish", permission.Door.of(Settings(token=TOKEN)).proof, "onerror"):
        assert secret not in found
