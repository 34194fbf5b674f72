"""The commands that tell what changed and what a provision was."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from laws import CORPUS, SG, expression
from test_cli import Run, lawsearch  # noqa: F401 - the fixture is used by name

from lawsearch.decision import Decision
from lawsearch.desk import Desk, now
from lawsearch.embedding import Models
from lawsearch.indexing import build
from lawsearch.settings import Settings
from lawsearch.store import Store

FIVE, SIX, SIX_A = (f"{SG.id}/en/~sec_{n}" for n in ("5", "6", "6A"))


@pytest.fixture
def changed(
    index_of: Callable[..., Settings], models: Models, built: Settings, monkeypatch: pytest.MonkeyPatch,
    lawsearch: Run,  # noqa: F811
) -> Run:  # fmt: skip
    """The command line on an index whose last build took over another section 5 and a renumbered section 6."""
    settings = index_of(CORPUS[:3])
    before = {p.number: p for p in CORPUS[0].provisions if p.is_unit}
    Desk(settings.desk_path).decide([
        Decision(source=SIX, other=f"{CORPUS[2].instrument.id}/en", suggested="", verdict="confirmed", status="none",
                 name="A. Drafter", time=now(), source_digest=before["6"].digest, other_digest="x"),
    ])  # fmt: skip
    rows = [("6A" if n == "6" else n, p.heading, p.text.replace("at dusk", "[b]early[/]")) for n, p in before.items()]
    with Store(settings.store_path) as store:
        store.put(CORPUS[0].source, [replace(expression(SG, "en", rows), source_digest="1" * 64)], "test")
    build(settings, models, embeddings=built.embeddings_path)
    monkeypatch.setenv("LAWSEARCH_INDEX_DIR", str(settings.index_dir))
    return lawsearch


def test_changes(changed: Run) -> None:
    ran = changed("changes")
    assert ran.code == 0, ran.err
    for line in ("provisions: 0 new, 1 changed, 1 moved, 0 gone; files not read: 0",
                 "[-at dusk -]{+[b]early[/] +}", f"moved LKA 2041 (SG) s 6A {SIX_A}, was {SIX}",
                 "to be looked at again: " + SIX, "the provision is LKA 2041 (SG) s 6A now"):  # fmt: skip
        assert line in ran.out
    found: Any = json.loads(changed("changes", "--json").out)
    assert {c["kind"] for c in found["provisions"]} == {"changed", "moved"}
    assert changed("changes", "--limit", 1).out.count("and 1 more provisions") == 1


def test_changes_of_another_time(changed: Run) -> None:
    day = json.loads(changed("changes", "--json").out)["built"][:10]
    assert "instruments: 3 new" in changed("changes", "--since", day).out
    for arguments, said in (
        (("--since", "soon"), "no day"),
        (("--generation", "none"), "no generation 'none' is kept"),
    ):
        ran = changed("changes", *arguments)
        assert ran.code == 1
        assert said in ran.err


def test_changes_where_there_is_nothing_to_compare_with(lawsearch: Run) -> None:  # noqa: F811
    assert "nothing to compare with" in lawsearch("changes").out


def test_as_of(changed: Run) -> None:
    built = json.loads(changed("changes", "--json").out)["built"][:10]
    ran = changed("show", SIX_A, "--as-of", built)
    assert (ran.code, "s 6A" in ran.out, "not when it came into force" in ran.err) == (0, True, True)
    for command in (["search", "lamp"], ["counterparts", SIX_A]):
        found: Any = json.loads(changed(*command, "--as-of", built, "--json").out)
        assert found["filters"]["as_of"] == f"{built}T23:59:59+00:00"
        assert SIX not in {h["provision"]["id"] for a in found["answers"] for h in a["hits"]}
        past = changed(*command, "--as-of", "2020-01-01")
        assert (past.code, "first seen here on" in past.err) == ((0, False) if command[0] == "search" else (1, True))
    for wrong in ("soon", "2199-01-01"):
        assert changed("search", "lamp", "--as-of", wrong).code == 1


def test_history(changed: Run) -> None:
    out = changed("history", SIX).out
    assert out.index("s 6A  moved") < out.index("s 6  added")
    assert "[-at dusk -]{+[b]early[/] +}" in changed("history", f"{SG.id}/~sec_5").out
    found: Any = json.loads(changed("history", SIX, "--json").out)
    assert (found["now"], len(found["versions"])) == (SIX_A, 2)
    ran = changed("history", f"{SG.id}/~sec_99")
    assert (ran.code, "no provision" in ran.err) == (1, True)
