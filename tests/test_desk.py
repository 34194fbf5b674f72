from __future__ import annotations

import sqlite3
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from laws import PH, SG, expression

from lawsearch.decision import Decision, doubts
from lawsearch.desk import Desk, slug
from lawsearch.errors import NotFoundError, QueryError

ONE, OTHER = f"{SG.id}/en", f"{PH.id}/en"
LAW = {p.id: p for p in expression(SG, "en", [("5", "Light", "A keeper must light lamps.")]).provisions}
LAW |= {p.id: p for p in expression(PH, "en", [("8", "Dark", "Nobody may dim a lamp.")]).provisions}
FIVE, EIGHT = LAW[f"{ONE}/~sec_5"], LAW[f"{OTHER}/~sec_8"]
MADE = Decision(
    source=FIVE.id, other=OTHER, suggested=EIGHT.id, verdict="confirmed", status="full", corresponding=EIGHT.id,
    comment="ตรงกัน", name="A", time="2041-01-01T00:00:00+00:00", source_digest=FIVE.digest,
    other_digest=EIGHT.digest,
)  # fmt: skip
NONE = replace(MADE, suggested="", corresponding="", status="none", other_digest="whole")
REJECTED = replace(MADE, verdict="rejected", corresponding="", status="none")
GONE = replace(MADE, source=f"{ONE}/~sec_9")


@pytest.mark.parametrize(
    ("decision", "expected"),
    [
        (MADE, []),
        (NONE, []),
        (REJECTED, []),
        (replace(MADE, source_digest="x"), ["the provision reads otherwise now"]),
        (replace(MADE, other_digest="x"), ["the corresponding provision reads otherwise now"]),
        (replace(REJECTED, other_digest="x"), ["the corresponding provision reads otherwise now"]),
        (replace(NONE, other_digest="x"), ["the other text has changed since nothing was found in it"]),
        (GONE, ["the provision is no longer in the text"]),
        (replace(MADE, corresponding=f"{OTHER}/~sec_9"), ["the corresponding provision is no longer in the text"]),
        (replace(GONE, verdict="open"), []),
    ],
)
def test_a_decision_is_doubted_where_a_wording_is_another(decision: Decision, expected: list[str]) -> None:
    assert list(map(str, doubts(decision, LAW.get, "whole"))) == expected


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "there" / "desk.db")


def test_a_desk_that_is_not_there_reads_as_empty_and_is_not_made(desk: Desk) -> None:
    assert (desk.decisions(ONE, OTHER), desk.history(ONE, OTHER), desk.tallies(), desk.workspaces()) == ([], [], [], [])
    assert desk.held() == []
    assert not desk.path.exists()


def test_the_last_decision_on_a_pair_holds_and_all_are_kept(desk: Desk) -> None:
    desk.decide([MADE, NONE])
    later = replace(MADE, verdict="rejected", name="B")
    desk.decide([later])
    again = Desk(desk.path)
    assert again.decisions(ONE, OTHER) == [NONE, later]
    assert again.history(ONE, OTHER) == [MADE, NONE, later]
    assert again.decisions(OTHER, ONE) == []
    back = replace(MADE, source=EIGHT.id, other=ONE, suggested=FIVE.id, corresponding=FIVE.id)
    elsewhere = replace(MADE, other=f"{PH.id}/tl")
    again.decide([back, elsewhere])
    assert again.held(ONE) == [NONE, later, elsewhere]
    assert again.held() == [NONE, later, back, elsewhere]
    tallies = {(t.pivot, t.other): t.decisions for t in again.tallies()}
    assert tallies == {(ONE, OTHER): 2, (OTHER, ONE): 1, (ONE, elsewhere.other): 1}


def test_what_was_taken_back_is_not_counted(desk: Desk) -> None:
    desk.decide([MADE, NONE, replace(MADE, verdict="open", time="2041-01-02T00:00:00+00:00")])
    (tally,) = desk.tallies()
    assert (tally.decisions, tally.last) == (1, "2041-01-02T00:00:00+00:00")


def test_of_several_decisions_all_or_none_are_recorded(desk: Desk) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        desk.decide([MADE, replace(MADE, name=None)])  # type: ignore[arg-type]
    assert desk.history(ONE, OTHER) == []


def test_many_write_at_once(desk: Desk) -> None:
    threads = [threading.Thread(target=desk.decide, args=[[replace(MADE, suggested=str(i))]]) for i in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(desk.decisions(ONE, OTHER)) == 12


def test_a_desk_of_another_version_is_not_touched(desk: Desk) -> None:
    desk.path.parent.mkdir()
    with sqlite3.connect(desk.path) as db:
        db.execute("pragma user_version = 7")
    db.close()
    with pytest.raises(NotFoundError, match="schema 7"):
        desk.decide([MADE])


def test_workspaces(desk: Desk) -> None:
    made = desk.make_workspace("Second reading: data", "A")
    assert made.id == "second-reading-data"
    with pytest.raises(QueryError, match="already"):
        desk.make_workspace("second reading – DATA", "B")
    desk.keep(made.id, [("b", "1"), ("a", "2")], "first", "A")
    desk.keep(made.id, [("c", "3"), ("b", "9")], "", "B")
    kept = desk.workspace(made.id).kept
    assert [(k.provision, k.digest, k.note, k.name) for k in kept] == [
        ("b", "9", "first", "B"), ("a", "2", "first", "A"), ("c", "3", "", "B"),
    ]  # fmt: skip
    desk.drop(made.id, ["a", "nothing"])
    assert [k.provision for k in Desk(desk.path).workspaces()[0].kept] == ["b", "c"]
    desk.remove_workspace(made.id)
    assert desk.workspaces() == []
    with sqlite3.connect(desk.path) as db:
        assert db.execute("select count(*) from kept").fetchone() == (0,)
    db.close()
    for write in (lambda: desk.keep("x", [], "", ""), lambda: desk.drop("x", []), lambda: desk.remove_workspace("x")):
        with pytest.raises(NotFoundError, match="no workspace"):
            write()


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("A b", "a-b"),
        (" ข้อมูล ๒ ", "ข้อมูล-๒"),
        ("ទិន្នន័យ", "ទិន្នន័យ"),
        ("<script>", "script"),
        ("…", ""),
        ("x" * 99, "x" * 60),
    ],
)
def test_the_address_of_a_title(title: str, expected: str) -> None:
    assert slug(title) == expected


def test_a_workspace_needs_a_title(desk: Desk) -> None:
    with pytest.raises(QueryError, match="title"):
        desk.make_workspace("!!", "A")
