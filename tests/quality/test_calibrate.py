from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from calibrate import KINDS, Case, fit, ranked, unseen

from lawsearch.confidence import Evidence, Weights, weights


def made_up(count: int, slope: float) -> list[Case]:
    """Sections and topics of two tables; gaps have less ``core``, and ``slope`` less ``nearness``."""
    rng = np.random.default_rng(3)
    found = []
    for i in range(count):
        gap = bool(rng.random() < 0.25)
        core, about, nearness = rng.normal((-1.5 * gap, 0, -slope * gap), 1)
        found.append(
            Case(
                f"table {i % 2}", ("provision", "topic")[i // 2 % 2], frozenset("abc"[i // 4 % 3]),
                frozenset("xyz"[i // 12 % 3]), gap, (core, about, nearness),
            )
        )  # fmt: skip
    return found


def test_evidence_against_a_gap_is_weighed_and_nothing_speaks_for_one() -> None:
    found = fit(made_up(600, -2.0), range(len(KINDS)))
    assert found[0] < -0.5
    assert (found[:-1] <= 0).all()
    assert found[KINDS.index("nearness")] == 0, "it would speak for a gap"


def test_estimates_keep_their_word() -> None:
    known = made_up(1200, 0.5)
    weighed = Weights(*fit(known, range(len(KINDS))))
    said = np.array([weighed.of(Evidence(*case.evidence)) for case in known])
    gap = np.array([case.gap for case in known])
    assert said.mean() == pytest.approx(gap.mean(), abs=0.05)
    assert said[gap].mean() > said[~gap].mean() + 0.1


def test_what_was_left_out_is_ranked_by_what_the_others_taught() -> None:
    known = made_up(600, 1.0)
    for groups in (lambda case: case.laws, lambda case: case.topics, lambda case: frozenset([case.table])):
        found = unseen(known, groups)
        for table in {case.table for case in known}:
            assert all(float(value) > 0.7 for value in ranked(known, found, table).split(" / "))


def test_the_shipped_weights_are_of_the_evidence_that_there_is() -> None:
    assert [field.name for field in fields(Weights)] == [*KINDS, "bias"]
    assert set(weights()) == {"concepts", "without"}
    for row in weights().values():
        assert max(row.core, row.about, row.nearness) <= 0
        assert row.nearness < 0
