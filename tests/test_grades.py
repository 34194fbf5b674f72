from __future__ import annotations

from math import inf, log

import numpy as np
import pytest
from laws import BOATS, ID, PH, SG, TH

from lawsearch import correspondence, service
from lawsearch.correspondence import Side, align, side
from lawsearch.errors import NotFoundError
from lawsearch.grading import EVEN, FAINT, GRADES, NEAR, UNSEEN, Choice, grade, linked, mutual, unasked
from lawsearch.ranking import TEMPERATURE
from lawsearch.search import Searcher

SURE, UNSURE = Choice(1, 0.0, 0.1), Choice(1, 0.0, 0.6)
SECOND, FAR = Choice(2, NEAR, 0.1), Choice(9, 2.0, 0.1)


@pytest.mark.parametrize(
    ("there", "back", "expected"),
    [
        (SURE, SURE, "corresponds"),
        (SURE, SECOND, "corresponds"),
        (SECOND, SECOND, "corresponds"),
        (SURE, Choice(3, NEAR + 0.1, 0.1), "partly"),
        (Choice(3, NEAR + 0.1, 0.1), SURE, "partly"),
        (SURE, UNSURE, "partly"),
        (UNSURE, UNSURE, "related"),
        (SURE, FAR, "partly"),
        (SURE, Choice(30, 4.0, 0.1), "partly"),
        (SURE, UNSEEN, "partly"),
        (SECOND, Choice(5, 1.5, 0.1), "related"),
        (SECOND, Choice(30, 4.0, 0.1), ""),
        (UNSURE, Choice(5, 1.5, 0.6), ""),
        (Choice(3, 0.5, 0.1), Choice(3, 0.5, 0.1), ""),
        (UNSEEN, UNSEEN, ""),
    ],
)
def test_grades(there: Choice, back: Choice, expected: str) -> None:
    assert grade(there, back) == expected
    assert grade(back, there) == expected


def test_a_score_is_high_only_where_both_directions_are() -> None:
    assert mutual(SURE, SURE) == pytest.approx(0.9)
    assert mutual(SURE, UNSEEN) == 0
    assert mutual(SURE, FAR) == mutual(FAR, SURE) < EVEN
    assert mutual(SURE, FAR) > FAINT


@pytest.mark.parametrize(
    ("links", "place", "rank", "gap"),
    [
        ([0.1, 0.8, 0.4], 1, 1, 0.0),
        ([0.1, 0.8, 0.4], 2, 2, TEMPERATURE * log(2)),
        ([0.1, 0.8, 0.4], 0, 3, TEMPERATURE * log(8)),
        ([0.0, 0.8, 0.4], 0, 0, inf),
        ([0.0, 0.0, 0.0], 1, 0, inf),
    ],
)
def test_links_tell_a_choice(links: list[float], place: int, rank: int, gap: float) -> None:
    found = linked(np.array(links), place, 0.25)
    assert (found.rank, found.gap) == (rank, pytest.approx(gap))
    assert found == UNSEEN if rank == 0 else found.doubt == 0.25


@pytest.mark.parametrize(
    ("there", "named", "grades"),
    [(SURE, True, "corresponds"), (SURE, False, "partly"), (Choice(1, 0.0, 0.4), True, "partly"), (FAR, False, "")],
)
def test_a_text_that_names_nothing_corresponds_partly_at_most(there: Choice, named: bool, grades: str) -> None:
    assert grade(there, unasked(there, named)) == grades


def test_even_odds_are_those_of_the_pages() -> None:
    assert EVEN == service.UNLIKELY


LANGUAGES = {SG.id: ["en"], ID.id: ["en", "id"], PH.id: ["en"]}
INSTRUMENTS = {i.id: i for i in (SG, ID, PH)}


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (SG.id, Side(SG.id, "en")),
        (SG.id.strip("/") + "/", Side(SG.id, "en")),
        (f"{ID.id}/en", Side(ID.id, "en")),
        (ID.id, Side(ID.id, "id")),
    ],
)
def test_a_text_by_the_id_of_its_instrument_or_its_own(key: str, expected: Side) -> None:
    assert side(INSTRUMENTS, LANGUAGES, key) == expected


@pytest.mark.parametrize("key", ["", "/akn/xx/act/1/1", f"{ID.id}/th", f"{SG.id}/en/en", TH.id])
def test_an_unknown_text_is_named(key: str) -> None:
    with pytest.raises(NotFoundError, match="no instrument"):
        side(INSTRUMENTS, LANGUAGES, key)


def test_two_laws_are_aligned_both_ways(core: Searcher) -> None:
    g = core.generation
    found = align(g, g.store, Side(SG.id, "en"), Side(PH.id, "en"))
    assert "~preamble" not in "".join(found.units)
    assert len(found.units) == 6
    pairs = {(r.source.split("~")[1], r.target.split("~")[1]): r for r in found.rows}
    # The tiny model knows no law, so nearly everything is in doubt; what shares its words is still the best both ways.
    assert pairs["sec_5", "sec_5"].there.rank == pairs["sec_5", "sec_5"].back.rank == 1
    assert pairs["sec_6", "sec_10"].there.rank == 1
    assert {r.grade for r in found.rows} <= set(GRADES)
    for row in found.rows:
        assert 0 < row.score <= 1
        assert row.signals == tuple(sorted(row.signals, key=lambda s: -s.share))
    order = [found.units.index(r.source) for r in found.rows]
    assert order == sorted(order)
    assert set(found.unmatched) == set(found.units) - {r.source for r in found.rows}
    assert set(found.other_unmatched) == set(found.other_units) - {r.target for r in found.rows}


def test_the_other_way_round_the_same_pairs_correspond(core: Searcher) -> None:
    g = core.generation
    one = align(g, g.store, Side(SG.id, "en"), Side(TH.id, "th"))
    other = align(g, g.store, Side(TH.id, "th"), Side(SG.id, "en"))
    assert {(r.source, r.target, r.grade) for r in one.rows} == {(r.target, r.source, r.grade) for r in other.rows}


def test_one_jurisdiction_and_one_instrument_can_be_aligned_too(core: Searcher) -> None:
    g = core.generation
    found = align(g, g.store, Side(SG.id, "en"), Side(BOATS.id, "en"))
    assert set(found.other_units) == {f"{BOATS.id}/en/~sec_4", f"{BOATS.id}/en/~sec_5"}
    languages = align(g, g.store, Side(ID.id, "id"), Side(ID.id, "en"))
    assert len(languages.units) == len(languages.other_units) == 4


def test_a_text_whose_jurisdiction_has_none_in_its_language_matches_nothing(core: Searcher) -> None:
    g = core.generation
    assert "th-en" not in g.groups
    found = align(g, g.store, Side(SG.id, "en"), Side(TH.id, "en"))
    assert (found.rows, found.other_units) == ((), ())
    assert found.unmatched == found.units


def test_a_text_without_units_matches_nothing(core: Searcher, monkeypatch: pytest.MonkeyPatch) -> None:
    g = core.generation
    store = g.store
    contents = store.contents
    monkeypatch.setattr(store, "contents", lambda i, language: [] if i == PH.id else contents(i, language))
    found = correspondence.align(g, store, Side(SG.id, "en"), Side(PH.id, "en"))
    assert found.rows == ()
    assert found.unmatched == found.units
