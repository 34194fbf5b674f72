from __future__ import annotations

import tomllib
from dataclasses import fields

import numpy as np
import pytest
from calibrate import BEGIN, DOCS, KINDS, Case, fit, fitted, ranked, reliability, unseen, written

from lawsearch.confidence import Evidence, Weights, weights


def made_up(count: int, slope: float, offset: float = 0.0) -> list[Case]:
    """Sections and topics of two tables; gaps have less ``core``, and ``slope`` less ``nearness``. Of jurisdiction a
    ``offset`` more are gaps."""
    rng = np.random.default_rng(3)
    found = []
    for i in range(count):
        law = "abc"[i // 4 % 3]
        gap = bool(rng.random() < 0.25 + offset * (law == "a"))
        core, about, law_too, nearness, mutual = rng.normal((-1.5 * gap, 0, 0, -slope * gap, -gap), 1)
        mode = ("provision", "topic")[i // 2 % 2]
        found.append(
            Case(
                f"table {i % 2}", mode, frozenset(law), frozenset("xyz"[i // 12 % 3]), gap,
                (core, about, law_too, nearness, mutual if mode == "provision" else None), law, "en → th",
            )
        )  # fmt: skip
    return found


def sections(known: list[Case]) -> list[Case]:
    return [case for case in known if case.mode == "provision"]


def test_evidence_against_a_gap_is_weighed_and_nothing_speaks_for_one() -> None:
    found = fit(sections(made_up(1200, -2.0)), KINDS).weights
    assert found[0] < -0.5
    assert (found <= 0).all()
    assert found[KINDS.index("nearness")] == 0, "it would speak for a gap"


def test_estimates_keep_their_word_as_they_are_written() -> None:
    known = made_up(1200, 0.5)
    weighed = {name: Weights(**row) for name, row in tomllib.loads(written(known)).items()}
    names = {"provision": "unit", "topic": "text"}
    said = np.array([weighed[names[case.mode]].of(Evidence(*case.evidence), case.target) for case in known])
    gap = np.array([case.gap for case in known])
    assert said.mean() == pytest.approx(gap.mean(), abs=0.05)
    assert said[gap].mean() > said[~gap].mean() + 0.1
    taught = fitted(known)
    logits = [taught[case.mode].of(case) for case in known]
    assert said == pytest.approx(np.clip(1 / (1 + np.exp(-np.array(logits))), 0.04, 0.96), abs=0.002)
    assert weighed["text"].mutual == 0


def test_a_jurisdiction_with_more_gaps_is_told_and_shrunk() -> None:
    known = sections(made_up(1200, 0.5, 0.3))
    some, none = (fit(known, KINDS, shrink).offsets for shrink in (5.0, 1e6))
    assert some["a"] > 0.3 > max(some["b"], some["c"])
    assert max(map(abs, none.values())) < 0.01
    assert fit(known, KINDS, np.inf).offsets == {}


def test_what_was_left_out_is_ranked_by_what_the_others_taught() -> None:
    known = made_up(600, 1.0)
    for groups in (lambda case: case.laws, lambda case: case.topics, lambda case: frozenset([case.table])):
        found = unseen(known, groups)
        for table in {case.table for case in known}:
            said = ranked(known, found, table)
            assert all(float(value) > 0.7 for value in said.split(",")[0].removeprefix("AUROC ").split(" / "))


def test_what_was_said_is_set_against_what_was_seen() -> None:
    known = made_up(600, 1.0)
    table = reliability(known, unseen(known, lambda case: case.topics))
    shown = {line.split(" | ")[0].strip("| "): line.strip("| ").split(" | ")[1:] for line in table.splitlines()}
    gaps = sum(case.gap for case in known) / len(known)
    assert shown["all"][0] == "600"
    assert float(shown["all"][2]) == pytest.approx(gaps, abs=0.006)
    assert sum(int(shown[code][0]) for code in "abc") == 600


def test_the_shipped_weights_are_of_the_evidence_that_there_is() -> None:
    assert [field.name for field in fields(Weights)] == [*KINDS, "bias", "jurisdiction"]
    assert set(weights()) == {"unit", "text", "without"}
    for row in weights().values():
        assert max(getattr(row, kind) for kind in KINDS) <= 0
        assert row.nearness < 0
    assert weights()["unit"].jurisdiction.keys() == weights()["text"].jurisdiction.keys()


def test_the_table_of_the_documentation_is_there_and_filled() -> None:
    assert "| all |" in DOCS.read_text("utf-8").partition(BEGIN)[2]
