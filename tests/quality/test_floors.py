from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import floors
import pytest


@pytest.fixture
def gate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The gate "structure" with made-up measures, in a folder of its own."""
    gate = SimpleNamespace(rows={"a": {"digest": "1", "recall": 0.9, "heading": None}}, path=tmp_path)
    monkeypatch.setattr(floors, "HERE", tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setitem(sys.modules, "test_structure", SimpleNamespace(measured_rows=lambda: gate.rows))
    assert floors.main(["structure", "--update"]) == 0
    assert floors.read("structure") == gate.rows
    return gate


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ({"digest": "1", "recall": 0.8, "heading": None}, "a: recall fell from 0.9 to 0.8"),
        ({"digest": "1", "recall": None, "heading": None}, "a: recall fell from 0.9 to None"),
        ({"digest": "2", "recall": 0.9, "heading": None}, "the data changed"),
        (None, "a was not measured"),
    ],
)
def test_a_floor_is_never_lowered_silently(
    gate: SimpleNamespace, capsys: pytest.CaptureFixture[str], now: dict | None, said: str
) -> None:
    before = dict(gate.rows)
    gate.rows = {"b": {"digest": "1", "recall": 1.0}} | ({"a": now} if now else {})
    assert floors.main(["structure", "--update"]) == 1
    printed = capsys.readouterr().out
    assert said in printed
    assert "not updated; --allow-regression" in printed
    assert floors.read("structure") == before
    assert floors.main(["structure", "--update", "--allow-regression"]) == 0
    assert said in capsys.readouterr().out
    assert floors.read("structure") == gate.rows


def test_a_floor_is_raised_by_update_only(gate: SimpleNamespace) -> None:
    gate.rows = {"a": {"digest": "1", "recall": 0.95, "heading": 0.5}}
    assert floors.main(["structure"]) == 0
    assert floors.read("structure")["a"]["recall"] == 0.9
    assert floors.main(["structure", "--update"]) == 0
    assert json.loads((gate.path / "structure_floors.json").read_text()) == gate.rows


def test_a_wrong_argument_explains(capsys: pytest.CaptureFixture[str]) -> None:
    assert floors.main(["--udpate"]) == 2
    assert "--allow-regression" in capsys.readouterr().out


def test_slack_is_for_the_last_digits_only() -> None:
    row = {"digest": "1", "mrr": 0.6}
    assert floors.fallen("x", row, {"digest": "1", "mrr": 0.596}, 0.005) == []
    assert floors.fallen("x", row, {"digest": "1", "mrr": 0.594}, 0.005)
