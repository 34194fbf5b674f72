"""The tools for agents, asked by the SDK's own client: in this process, over HTTP, and as a program of their own."""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from fastapi.testclient import TestClient
from laws import PH, SG
from madeup import LOCAL
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client

from lawsearch.agents import Toolbox
from lawsearch.api import create_app
from lawsearch.pictures import Pictures
from lawsearch.search import Searcher
from lawsearch.service import Service
from lawsearch.settings import Settings
from lawsearch.tables import Tables

SIX, TEN = f"{SG.id}/en/~sec_6", f"{PH.id}/en/~sec_10"
#: Every tool, a question to it, and the route of the HTTP API that says the same.
ASKED: dict[str, tuple[dict[str, Any], str]] = {
    "search": ({"q": "report a broken lamp", "jurisdiction": ["ph"], "limit": 2}, "/api/search"),
    "counterparts": ({"id": SIX, "force": ["binding"], "limit": 1}, f"/api/provisions{SIX}/counterparts"),
    "compare": ({"id": [SIX, TEN]}, "/api/compare"),
    "provision": ({"id": SIX}, f"/api/provisions{SIX}"),
    "align": ({"source": SG.id, "target": [PH.id]}, "/api/align"),
}
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def settings(built: Settings) -> Settings:
    return built.model_copy(update={"catalogue_dir": Path(__file__).parent / "catalogue"})


def talk(to: Any, said: Callable[[Client], Awaitable[Any]]) -> Any:
    """What comes of a conversation with a server."""

    async def run() -> Any:
        async with Client(to) as client:
            return await said(client)

    return anyio.run(run)


def toolbox(settings: Settings, core: Searcher) -> Any:
    return Toolbox(Service(settings, core), Tables(), Pictures(None)).server()


def timeless(found: Any) -> Any:
    return {k: v for k, v in found.items() if k != "took_ms"}


def test_every_tool_says_what_the_api_says(settings: Settings, core: Searcher) -> None:
    async def ask(client: Client) -> dict[str, Any]:
        assert {tool.name for tool in (await client.list_tools()).tools} == set(ASKED)
        return {name: await client.call_tool(name, given) for name, (given, _) in ASKED.items()}

    found = talk(toolbox(settings, core), ask)
    with TestClient(create_app(settings, core), base_url=LOCAL) as client:
        for name, (given, route) in ASKED.items():
            assert not found[name].is_error, (name, found[name].content)
            query = {k: v for k, v in given.items() if k != "id" or name == "compare"}
            assert timeless(found[name].structured_content["answer"]) == timeless(
                client.get(route, params=query).json()
            )


def test_every_answer_says_how_to_cite_what_it_names(settings: Settings, core: Searcher) -> None:
    async def ask(client: Client) -> dict[str, Any]:
        return {name: (await client.call_tool(name, given)).structured_content for name, (given, _) in ASKED.items()}

    for name, told in talk(toolbox(settings, core), ask).items():
        source = next(s for s in told["sources"] if s["permalink"] in (SIX, TEN))
        assert source in (
            {"citation": "LKA 2041 (SG) s 6", "permalink": SIX, "force": "binding", "status": "in force"},
            {"citation": "LA 2043 (PH) s 10", "permalink": TEN, "force": "binding", "status": "repealed"},
        ), name
        assert len({s["permalink"] for s in told["sources"]}) == len(told["sources"])


def test_every_tool_only_reads(settings: Settings, core: Searcher) -> None:
    before = {path: path.stat().st_mtime_ns for path in settings.index_dir.rglob("*")}

    async def ask(client: Client) -> list[Any]:
        for name, (given, _) in ASKED.items():
            await client.call_tool(name, given)
        return (await client.list_tools()).tools

    assert all(tool.annotations.read_only_hint for tool in talk(toolbox(settings, core), ask))
    assert {path: path.stat().st_mtime_ns for path in settings.index_dir.rglob("*")} == before


@pytest.mark.parametrize(
    ("name", "given", "says"),
    [
        ("search", {"q": "lamp", "jurisdiction": ["xx"]}, "'xx' is not known"),
        ("search", {"q": "lamp " * 5000}, "20,000 is the most"),
        ("counterparts", {}, "give either id or text"),
        ("counterparts", {"id": SIX, "text": "A keeper must light lamps."}, "give either id or text"),
        ("compare", {"id": [SIX]}, "two to six texts"),
        ("provision", {"id": "/akn/sg/act/2041/3/en/~sec_99"}, "sec_99"),
        ("align", {"source": "/akn/xx/act/1"}, "/akn/xx/act/1"),
    ],
)
def test_what_cannot_be_answered_says_why(
    settings: Settings, core: Searcher, name: str, given: dict[str, Any], says: str
) -> None:
    found = talk(toolbox(settings, core), lambda client: client.call_tool(name, given))
    assert found.is_error
    assert says in found.content[0].text


def test_an_unforeseen_error_gives_nothing_away(
    settings: Settings, core: Searcher, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("the password is swordfish")

    monkeypatch.setattr("lawsearch.agents.searched", broken)
    found = talk(toolbox(settings, core), lambda client: client.call_tool("search", {"q": "lamp"}))
    assert found.is_error
    assert "swordfish" not in found.content[0].text
    assert "search failed" in caplog.text


# -- over HTTP ------------------------------------------------------------------------------------------------------


def over_http(app: Any, headers: dict[str, str] | None = None, address: str = LOCAL) -> Any:
    http = httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url=address, headers=headers)
    return streamable_http_client(f"{address}/mcp", http_client=http)


def test_over_http_permalinks_lead_to_the_server(settings: Settings, core: Searcher) -> None:
    app = create_app(settings, core)
    told = talk(over_http(app), lambda client: client.call_tool("provision", {"id": SIX})).structured_content
    assert told["sources"][0]["permalink"] == LOCAL + SIX


def test_over_http_the_door_and_the_bounds_are_those_of_the_server(settings: Settings, core: Searcher) -> None:
    token = "a-token-of-sixteen-characters-or-more"
    closed = create_app(Settings(**settings.model_dump() | {"token": token, "open_reading": False}), core)
    asked = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    heads = {"Accept": "application/json, text/event-stream"}
    with TestClient(closed, base_url=LOCAL) as client:
        assert client.post("/mcp", json=asked, headers=heads).status_code == 401
    bearer = {"Authorization": f"Bearer {token}"}
    assert len(talk(over_http(closed, bearer), lambda client: client.list_tools()).tools) == len(ASKED)
    with TestClient(create_app(settings, core), base_url=LOCAL) as client:
        foreign = client.post("/mcp", json=asked, headers=heads | {"Origin": "https://example.org"})
        assert foreign.status_code == 403
        assert client.post("/mcp", content=b"x" * 400_000, headers=heads).status_code == 413
        assert client.post("/mcp", json=asked, headers=heads | {"Host": "example.org"}).status_code == 421
        assert client.get("/mcp", headers=heads).status_code == 405


# -- programs -------------------------------------------------------------------------------------------------------


def test_the_program_of_the_documentation_prints_what_corresponds(
    settings: Settings, core: Searcher, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (program,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "agents.md").read_text("utf-8"), re.DOTALL)
    with TestClient(create_app(settings, core), base_url=LOCAL) as client:

        def urlopen(request: Any) -> Any:
            answer = client.request(
                request.get_method(), request.full_url, content=request.data, headers=dict(request.header_items())
            )
            return io.BytesIO(answer.content)

        monkeypatch.setattr("urllib.request.urlopen", urlopen)
        exec(compile(program, "agents.md", "exec"), {})
    printed = capsys.readouterr().out
    assert re.search(
        r"^(found|unlikely) LA 2043 \(PH\) s \d+ binding http://localhost:8000/akn/ph/", printed, re.MULTILINE
    )


# -- on standard input and output -----------------------------------------------------------------------------------


def test_as_a_program_of_its_own(built: Settings, model_folders: tuple[Path, Path]) -> None:
    given = {
        "INDEX_DIR": built.index_dir, "MULTILINGUAL_MODEL": model_folders[0], "ENGLISH_MODEL": model_folders[1],
        "CATALOGUE_DIR": ROOT / "corpus" / "catalogue", "TOPICS_DIR": built.topics_dir, "THREADS": 1,
        "PRECISION": "float32",
    }  # fmt: skip
    environment = {**os.environ, **{f"LAWSEARCH_{name}": str(value) for name, value in given.items()}}
    command = StdioServerParameters(
        command=sys.executable, env=environment, cwd=ROOT,
        args=["-c", "from lawsearch.cli import main; main()", "mcp", "--site", "https://laws.example.org/"],
    )  # fmt: skip
    told = talk(stdio_client(command), lambda client: client.call_tool(*("provision", {"id": SIX}))).structured_content
    assert told["sources"][0]["permalink"] == f"https://laws.example.org{SIX}"
