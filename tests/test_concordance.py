from __future__ import annotations

from dataclasses import replace

import pytest
from laws import PH, SG, expression

from lawsearch.concordance import MOST, Row, Table, suggestions, table
from lawsearch.correspondence import Alignment, Correspondence, Side
from lawsearch.decision import Decision
from lawsearch.grading import Choice

ONE, OTHER = Side(SG.id, "en"), Side(PH.id, "en")
FIRST = expression(SG, "en", [(n, f"Heading {n}", f"Text {n} of one.") for n in "123"]).provisions
SECOND = expression(PH, "en", [(n, f"Heading {n}", f"Text {n} of other.") for n in "456789"]).provisions
LAW = {p.id: p for p in (*FIRST, *SECOND)}
A, B, C = (p.id for p in FIRST)
D, E, F, *_ = (p.id for p in SECOND)
CHOICE = Choice(1, 0.0, 0.1)


def pair(source: str, target: str, grade: str = "corresponds") -> Correspondence:
    return Correspondence(source, target, grade, 0.9, CHOICE, CHOICE, (), ())


def said(source: str, suggested: str, verdict: str, **rest: str) -> Decision:
    corresponding = rest.pop("corresponding", suggested if verdict != "rejected" else "")
    looked_at = suggested if verdict == "rejected" else corresponding
    return Decision(
        source=source, other=OTHER.id, suggested=suggested, verdict=verdict, corresponding=corresponding,
        status=rest.pop("status", "full"), name="N", time="T",
        source_digest=LAW[source].digest if source in LAW else "gone",
        other_digest=LAW[looked_at].digest if looked_at in LAW else "whole", **rest,
    )  # fmt: skip


def made(*decisions: Decision, pairs: tuple[Correspondence, ...] = (pair(A, D), pair(B, E, "partly"))) -> Table:
    alignment = Alignment(ONE, OTHER, tuple(p.id for p in FIRST), tuple(p.id for p in SECOND), pairs)
    return table(alignment, decisions, LAW.get, "whole")


def of(found: Table, source: str) -> list[tuple[str, str, str, str]]:
    rows = [r for r in found.rows if r.source_id == source]
    return [(r.suggested, r.corresponding_id, r.state, r.status) for r in rows]


def test_suggestions_come_with_the_status_that_their_grade_suggests() -> None:
    found = made()
    assert of(found, A) == [(D, D, "open", "full")]
    assert of(found, B) == [(E, E, "open", "partial")]
    assert of(found, C) == [("", "", "open", "none")]
    assert D not in found.unmatched
    assert F in found.unmatched


@pytest.mark.parametrize(
    ("decisions", "expected"),
    [
        ([said(A, D, "confirmed")], [(D, D, "confirmed", "full")]),
        ([said(A, D, "confirmed", status="partial")], [(D, D, "confirmed", "partial")]),
        ([said(A, D, "rejected", status="none")], [(D, D, "rejected", "none"), ("", "", "open", "none")]),
        ([said(A, D, "corrected", corresponding=F)], [(D, F, "corrected", "full")]),
        ([said(A, F, "confirmed")], [(D, D, "open", "full"), (F, F, "confirmed", "full")]),
        ([said(A, "", "confirmed", status="not applicable")], [("", "", "confirmed", "not applicable")]),
        ([said(A, "", "corrected", corresponding=F)], [(D, D, "open", "full"), ("", F, "corrected", "full")]),
        ([said(A, "", "corrected", corresponding=D)], [("", D, "corrected", "full")]),
        ([said(A, D, "open", comment="c")], [(D, D, "open", "full")]),
        ([said(A, F, "open", comment="c")], [(D, D, "open", "full"), (F, F, "open", "full")]),
        ([said(A, F, "open")], [(D, D, "open", "full")]),
        ([said(A, "", "open", status="none")], [(D, D, "open", "full")]),
    ],
)
def test_decisions_on_a_row(decisions: list[Decision], expected: list[tuple[str, str, str, str]]) -> None:
    assert of(made(*decisions), A) == expected


def test_a_decision_outlives_its_suggestion() -> None:
    found = made(said(A, D, "confirmed"), pairs=())
    assert of(found, A) == [(D, D, "confirmed", "full")]
    (row,) = (r for r in found.rows if r.source_id == A)
    assert row.correspondence is None
    assert D not in found.unmatched


def test_a_rejected_suggestion_leaves_its_provision_unmatched() -> None:
    assert D in made(said(A, D, "rejected")).unmatched


def test_a_none_that_the_other_text_outgrew_is_suspect_and_suggestions_return() -> None:
    decision = replace(said(A, "", "confirmed", status="none"), other_digest="older")
    assert of(made(decision), A) == [(D, D, "open", "full"), ("", "", "suspect", "none")]


def test_a_changed_text_makes_a_decision_suspect_and_says_so() -> None:
    found = made(replace(said(A, D, "confirmed"), source_digest="older"))
    (row,) = (r for r in found.rows if r.source_id == A)
    assert (row.state, row.verdict) == ("suspect", "confirmed")
    assert list(map(str, row.suspect)) == ["the provision reads otherwise now"]


def test_decisions_on_provisions_that_are_gone_stand_at_the_end() -> None:
    gone = f"{ONE.id}/~sec_99"
    row: Row = made(said(gone, D, "confirmed")).rows[-1]
    assert (row.source_id, row.source, row.state) == (gone, None, "suspect")


@pytest.mark.parametrize(
    ("grades", "expected"),
    [
        (["corresponds", "partly", "related"], ["corresponds", "partly"]),
        (["related", "related"], ["related", "related"]),
        (["corresponds"] * 5, ["corresponds"] * MOST),
        ([], []),
    ],
)
def test_only_what_is_better_than_related_is_suggested_where_there_is_any(
    grades: list[str], expected: list[str]
) -> None:
    assert [r.grade for r in suggestions([pair(A, D, g) for g in grades])] == expected
