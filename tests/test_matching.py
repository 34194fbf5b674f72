from __future__ import annotations

from dataclasses import fields, replace
from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from laws import SG
from scipy import sparse

from lawsearch import confidence, matching, views
from lawsearch.bridges import STEP, TOLD, Bridges, beside, between, places
from lawsearch.confidence import CERTAIN, Evidence, doubts, no_counterpart, relative, returned, weights
from lawsearch.matching import BLOCK, NEAREST, Matcher, late
from lawsearch.provision import Provision
from lawsearch.ranking import NOTHING, WEIGHTS, Ranking, attention, fuse, standard
from lawsearch.search import Searcher

WEIGHED = weights()
finite = arrays.arrays(np.float64, st.integers(0, 30), elements=st.floats(-50, 50, width=32))


def fused(rows: np.ndarray, seen: dict[str, np.ndarray]) -> Ranking:
    """One group's candidates by themselves."""
    (found,) = fuse([rows], [seen])
    return found


def alone(values: np.ndarray) -> np.ndarray:
    """The values standardised by themselves."""
    return standard(values, np.array([len(values)]))


@given(arrays.arrays(np.float64, st.integers(1, 30), elements=st.floats(-50, 50, width=32)))
def test_standard_values_have_no_mean_and_one_deviation(values: np.ndarray) -> None:
    found = alone(values)
    assert found.shape == values.shape
    if values.std() > 1e-6:
        assert abs(found.mean()) < 1e-6
        assert abs(found.std() - 1) < 1e-6
        # Equal values may become equal, never swap.
        assert (np.diff(found[np.argsort(values, kind="stable")]) >= 0).all()
    else:
        assert not found.any()


@given(st.lists(st.integers(1, 5), min_size=1, max_size=6), st.integers(0, 2**16))
def test_many_runs_are_standardised_each_by_itself(counts: list[int], seed: int) -> None:
    values = np.random.default_rng(seed).normal(size=(3, sum(counts)))
    runs = np.split(values, np.cumsum(counts)[:-1], axis=1)
    wanted = np.concatenate([[alone(line) for line in run] for run in runs], axis=1)
    assert np.allclose(standard(values, np.array(counts)), wanted)


@given(finite)
def test_attention_is_shared_out_whole_and_in_order(scores: np.ndarray) -> None:
    found = attention(scores)
    assert found.shape == scores.shape
    if len(scores):
        assert abs(found.sum() - 1) < 1e-9
        assert (np.diff(found[np.argsort(scores)]) >= 0).all()


@given(arrays.arrays(np.float64, st.tuples(st.integers(1, 12), st.just(3)), elements=st.floats(-5, 5, width=32)))
def test_fuse_sums_the_weighted_views_and_sorts(values: np.ndarray) -> None:
    rows = np.arange(100, 100 + len(values))
    seen = dict(zip(("meaning", "title", "words"), values.T, strict=True))
    ranking = fused(rows, seen)
    assert sorted(ranking.rows) == rows.tolist()
    assert (np.diff(ranking.scores) <= 0).all()
    total = sum(WEIGHTS[name] * alone(view) for name, view in seen.items())
    assert np.allclose(ranking.scores, alone(total)[ranking.rows - 100])
    for name, view in seen.items():
        assert np.array_equal(ranking.views[name], view[ranking.rows - 100])
        assert np.allclose(ranking.contributions[name], WEIGHTS[name] * alone(view)[ranking.rows - 100])


def test_a_title_weighs_half_of_the_meaning() -> None:
    ranking = fused(np.array([7, 8]), {"meaning": np.array([0.9, 0.8]), "title": np.array([0.1, 0.9])})
    assert ranking.rows.tolist() == [7, 8]


def test_nothing_fused_is_nothing() -> None:
    ranking = fused(np.empty(0, np.int64), {"meaning": np.empty(0)})
    assert len(ranking.rows) == len(ranking.scores) == 0
    assert len(relative(ranking.scores)) == 0


@pytest.mark.parametrize("widths", [[1], [2], [5], [2, 0, 1, 3]])
def test_late_interaction_equals_a_plain_double_loop(widths: list[int]) -> None:
    rng = np.random.default_rng(sum(widths))
    counts = rng.permutation([0, 0, 1, 1, 1, 2, 3, 4])
    parts, asked = (rng.normal(size=(n, 6)).astype(np.float32) for n in (counts.sum(), sum(widths)))
    found = late(parts, counts, asked, np.array(widths))
    units, queries = (np.split(both, np.cumsum(n)[:-1]) for both, n in ((parts, counts), (asked, widths)))
    for i, theirs in enumerate(units):
        for j, ours in enumerate(queries):
            wanted = 0.0
            if len(theirs) and len(ours):
                wanted = float(np.mean([max(float(mine @ t) for t in theirs) for mine in ours]))
                if len(ours) > 1:
                    wanted += float(np.mean([max(float(mine @ t) for mine in ours) for t in theirs]))
            assert found[i, j] == pytest.approx(wanted, abs=1e-5)


def test_late_interaction_without_any_parts() -> None:
    nothing = np.zeros((0, 4), np.float32)
    assert late(nothing, np.array([0, 0]), np.eye(4, dtype=np.float32), np.array([4])).tolist() == [[0], [0]]
    assert late(np.eye(4, dtype=np.float32), np.array([4]), nothing, np.array([0])).tolist() == [[0]]


@pytest.mark.parametrize(
    ("path", "heading", "text", "title", "whole"),
    [
        (("PART I",), "Light", "Lamps burn.", "PART I — Light", "PART I — Light. Lamps burn."),
        ((), "", "Lamps  burn.", "Lamps burn.", "Lamps burn."),
        ((), "", "", "Section 7", "Section 7"),
        ((), "Light", "", "Light", "Light"),
    ],
)
def test_a_number_says_nothing_of_a_provision(
    path: tuple[str, ...], heading: str, text: str, title: str, whole: str
) -> None:
    unit = Provision(
        instrument=SG.id, language="en", eid="sec_7", kind="section", number="7", label="Section 7", citation="s 7",
        heading=heading, path=path, text=text,
    )  # fmt: skip
    assert (views.title(unit), views.whole(unit)) == (title, whole)


def test_a_clause_is_asked_by_its_heading(core: Searcher) -> None:
    text = "Duty to notify a breach\nThe organisation tells whoever is concerned of the consent that it had."
    matcher = Matcher(core.generation)
    headed, plain = (matcher.query_of_text(core.models, one, "en") for one in (text, text.replace("\n", ". ")))
    (alone,) = core.models.multilingual.encode(["Duty to notify a breach"])
    assert headed.title == pytest.approx(alone, abs=1e-5)
    assert len(headed.parts) == 1
    consent = core.generation.bags.keys.index("consent")
    assert 0 < headed.concepts[consent] < plain.concepts[consent]
    assert headed.about[consent] == 0 < plain.about[consent]


def test_a_hub_is_pushed_back(core: Searcher, monkeypatch: pytest.MonkeyPatch) -> None:
    g = core.generation
    group = g.groups["ph-en"]
    query = Matcher(g).query_of(g.rows[f"{SG.id}/en/~sec_6"], g.store.provision(f"{SG.id}/en/~sec_6"))
    plain = Matcher(g).rank(query, [group])[0]
    best = int(plain.rows[0])
    worse = g.hubness.copy()
    worse[best] += 1.0
    monkeypatch.setattr(g, "hubness", worse)
    pushed = Matcher(g).rank(query, [group])[0]
    before = plain.views["meaning"][plain.rows == best][0]
    after = pushed.views["meaning"][pushed.rows == best][0]
    assert after == pytest.approx(before - 1.0, abs=1e-5)
    assert pushed.scores[pushed.rows == best][0] < plain.scores[0]


def test_a_mask_bars_rows_from_every_view(core: Searcher) -> None:
    g = core.generation
    unit = g.store.provision(f"{SG.id}/en/~sec_6")
    query = Matcher(g).query_of(g.rows[unit.id], unit)
    group = g.groups["ph-en"]
    every = set(range(group.start, group.stop))
    assert set(Matcher(g).rank(query, [group])[0].rows.tolist()) == every
    mask = np.ones(len(g.ids), bool)
    mask[[group.start, group.stop - 1]] = False
    assert set(Matcher(g).rank(query, [group], mask)[0].rows.tolist()) == every - {group.start, group.stop - 1}
    assert len(Matcher(g).rank(query, [group], np.zeros(len(g.ids), bool))[0].rows) == 0


@pytest.mark.parametrize("block", [BLOCK, 4])
@pytest.mark.parametrize("nearest", [NEAREST, 3])
@pytest.mark.parametrize("masked", [False, True])
def test_many_groups_are_ranked_as_each_by_itself(
    core: Searcher, monkeypatch: pytest.MonkeyPatch, nearest: int, masked: bool, block: int
) -> None:
    monkeypatch.setattr(matching, "NEAREST", nearest)
    monkeypatch.setattr(matching, "BLOCK", block)
    monkeypatch.setattr(matching, "FURTHER", 2)
    g, matcher = core.generation, Matcher(core.generation)
    groups = list(g.groups.values())
    mask = None
    if masked:
        mask = np.random.default_rng(0).random(len(g.ids)) < 0.6
        mask[groups[1].start : groups[1].stop] = False
    rows = (0, 7, len(g.ids) - 1)
    several = list(matcher.ranks([matcher.query_of(row, g.store.provision(g.ids[row])) for row in rows], groups, mask))
    for row, others in zip(rows, several, strict=True):
        query, bridges = matcher.query_of(row, g.store.provision(g.ids[row])), matcher.bridges(row)
        together = matcher.rank(query, groups, mask)
        assert any(len(r.rows) < group.stop - group.start for r, group in zip(together, groups, strict=True)) == (
            masked or nearest < NEAREST
        )
        bridged = matcher.bridged(together, bridges)
        assert [len(r.rows) for r in bridged] == [len(r.rows) for r in together]
        missing = doubts(matcher, query, bridged, bridges, groups)
        for i, group in enumerate(groups):
            (lone,) = matcher.rank(query, [group], mask)
            (lone_bridged,) = matcher.bridged([lone], bridges)
            for one, other in ((together[i], lone), (others[i], lone), (bridged[i], lone_bridged)):
                assert one.rows.tolist() == other.rows.tolist()
                assert np.allclose(one.scores, other.scores, atol=1e-4)
                assert one.views.keys() == other.views.keys()
                assert one.nearness == pytest.approx(other.nearness, abs=1e-5)
            assert missing[i] == pytest.approx(doubts(matcher, query, [lone_bridged], bridges, [group])[0], abs=1e-4)


def test_views_depend_on_languages(core: Searcher) -> None:
    g = core.generation
    unit = g.store.provision(f"{SG.id}/en/~sec_6")
    query = Matcher(g).query_of(g.rows[unit.id], unit)
    english = Matcher(g).rank(query, [g.groups["ph-en"]])[0]
    thai = Matcher(g).rank(query, [g.groups["th-th"]])[0]
    assert {"meaning", "title", "parts", "english", "words"} <= set(english.views)
    assert not {"english", "words"} & set(thai.views)


def test_a_bridge_lifts_what_third_laws_lead_to(core: Searcher) -> None:
    matcher = Matcher(core.generation)
    size = len(core.generation.ids)
    ranking = fused(np.array([3, 4, 5]), {"meaning": np.array([0.9, 0.85, 0.8])})
    reach = np.zeros(size)
    reach[5] = 0.4
    (bridged,) = matcher.bridged([ranking], Bridges(reach, reach))
    assert bridged.rows[0] == 5
    assert bridged.views["bridge"][0] == pytest.approx(0.4)
    assert (np.diff(bridged.scores) <= 0).all()
    assert bridged.contributions["bridge"].max() == pytest.approx(TOLD["bridge"] * alone(np.array([0, 0, 1.0])).max())
    (untouched,) = matcher.bridged([ranking], Bridges(np.zeros(size), np.zeros(size)))
    assert untouched is ranking


@given(st.integers(0, 2**16), st.lists(st.booleans(), min_size=1, max_size=9))
def test_links_beside_equal_a_plain_double_loop(seed: int, follows: list[bool]) -> None:
    size = len(follows)
    dense = np.triu(np.random.default_rng(seed).random((size, size)).round(1), 1)
    dense += dense.T
    same = np.array([*follows[:-1], False])

    def steps(row: int, other: int) -> int | None:
        """How many places ``other`` stands from ``row``, None where that is more than one or another text."""
        return abs(row - other) if row == other or (abs(row - other) == 1 and same[min(row, other)]) else None

    for row in range(size):
        found = beside(sparse.csr_matrix(dense), [row], places(same)).toarray()[0]
        for target in range(size):
            pairs = [
                STEP ** (here + there) * dense[i, j]
                for i in range(size)
                for j in range(size)
                if (here := steps(row, i)) is not None and (there := steps(target, j)) is not None and here + there
            ]
            assert found[target] == pytest.approx(sum(pairs), abs=1e-9)


def test_links_between_are_a_piece_of_all() -> None:
    rng = np.random.default_rng(4)
    dense = (rng.random((9, 9)) * (rng.random((9, 9)) < 0.4)).astype(np.float32)
    rows = np.array([7, 0, 7, 3])
    assert between(sparse.csr_matrix(dense), rows, 2, 6).tolist() == dense[rows, 2:6].tolist()
    assert between(sparse.csr_matrix(dense), rows[:0], 2, 6).shape == (0, 4)


@pytest.mark.parametrize("group", ["sg-en", "ph-en", "th-th"])
def test_the_bridges_of_one_unit_are_those_of_many(core: Searcher, group: str) -> None:
    g, matcher = core.generation, Matcher(core.generation)
    span = g.groups[group]
    rows = range(span.start, span.stop)
    assert g.links[span.start : span.stop].nnz
    for row, wanted in zip(rows, matcher.bridges_of(rows, g.links), strict=True):
        found = matcher.bridges(row)
        for name in ("shares", "reach", "beside"):
            assert np.allclose(getattr(found, name), getattr(wanted, name), atol=1e-6), (row, name)


def test_neighbours_that_correspond_lift_a_candidate(core: Searcher) -> None:
    matcher = Matcher(core.generation)
    ranking = fused(np.array([3, 4, 5]), {"meaning": np.array([0.8, 0.8, 0.8])})
    said = np.zeros(len(core.generation.ids))
    said[4] = 0.5
    nothing = np.zeros(len(said))
    (found,) = matcher.bridged([ranking], Bridges(nothing, nothing, said))
    assert found.rows[0] == 4
    assert set(found.contributions) == {"meaning", "neighbours"}


def test_what_follows_is_the_next_section_of_the_same_text(core: Searcher) -> None:
    g = core.generation
    texts = [key.split("/~")[0] for key in g.ids]
    assert g.follows.sum() == len(texts) - len(set(texts))
    assert not g.follows[-1]
    for row in np.flatnonzero(g.follows):
        assert texts[row] == texts[row + 1]


@given(st.builds(Evidence, *[st.floats(0, 1)] * 3, st.floats(-1, 1), st.floats(0, 1)), st.sampled_from(sorted(WEIGHED)))
def test_doubt_is_a_probability_that_falls_with_all_evidence(said: Evidence, named: str) -> None:
    weighed = replace(WEIGHED[named], jurisdiction={"more": 1.0, "less": -1.0})
    found = weighed.of(said, "xx")
    assert 1 - CERTAIN <= found <= CERTAIN
    for field in fields(Evidence):
        assert weighed.of(replace(said, **{field.name: getattr(said, field.name) + 0.1}), "xx") <= found
    assert weighed.of(said, "less") <= found <= weighed.of(said, "more")


@pytest.mark.parametrize("named", ["unit", "text"])
def test_doubt_is_high_where_nothing_is_shared_and_low_where_all_is(named: str) -> None:
    estimate = WEIGHED[named].of
    assert estimate(Evidence(0, 0, 0, -0.2, 0), "xx") > 0.5 > estimate(Evidence(1, 1, 1, 0.1, 1), "xx")


def test_a_candidate_that_gives_attention_back_is_doubted_less() -> None:
    named, found = mock.Mock(concepts=np.ones(1)), Evidence(0.4, 0.5, 0.5, 0.0)
    unseen, chosen = (no_counterpart(named, replace(found, mutual=share), "my") for share in (0.0, 1.0))
    assert chosen < unseen == WEIGHED["unit"].of(replace(found, mutual=0.0), "my")
    assert no_counterpart(named, found, "my") == WEIGHED["text"].of(found, "my")


def test_concepts_tell_only_of_a_question_that_names_some(core: Searcher) -> None:
    matcher = Matcher(core.generation)
    unit = core.generation.store.provision(f"{SG.id}/en/~sec_6")
    query = matcher.query_of(core.generation.rows[unit.id], unit)
    silent = replace(query, concepts=np.zeros_like(query.concepts))
    little, much = Evidence(0.2, 0.1, 0.1, 0.0, 0.5), Evidence(0.9, 0.1, 0.1, 0.0, 0.5)
    for found in (little, much):
        assert no_counterpart(silent, found, "my") == WEIGHED["without"].of(Evidence(0, 0, 0, 0.0), "xx")
    named = replace(query, concepts=np.ones_like(query.concepts))
    assert no_counterpart(named, little, "my") > no_counterpart(named, much, "my")


@pytest.mark.parametrize("nearest", [NEAREST, 3, 1])
def test_a_candidate_returns_attention_to_units_of_the_same_text(
    core: Searcher, monkeypatch: pytest.MonkeyPatch, nearest: int
) -> None:
    monkeypatch.setattr(confidence, "NEAREST", nearest)
    matcher, g = Matcher(core.generation), core.generation
    group = g.groups["ph-en"]
    start, stop = g.text_of(g.rows[f"{SG.id}/en/~sec_6"])
    shares = [returned(matcher, row, [group.start], [group])[0] for row in range(start, stop)]
    assert all(0 < share <= 1 for share in shares)
    assert sum(shares) == pytest.approx(1) if nearest > stop - start else sum(shares) >= 1


def test_the_text_of_a_unit_ends_where_its_instrument_or_its_language_does(core: Searcher) -> None:
    g = core.generation
    texts = [key.split("/~")[0] for key in g.ids]
    for row, text in enumerate(texts):
        start, stop = g.text_of(row)
        assert [i for i, other in enumerate(texts) if other == text] == list(range(start, stop))


def test_a_group_without_units_has_no_counterpart(core: Searcher) -> None:
    matcher = Matcher(core.generation)
    unit = core.generation.store.provision(f"{SG.id}/en/~sec_6")
    row = core.generation.rows[unit.id]
    groups = [core.generation.groups[name] for name in ("ph-en", "th-th")]
    query, bridges = matcher.query_of(row, unit), matcher.bridges(row)
    rankings = [NOTHING, *matcher.rank(query, groups[1:])]
    nothing, something = doubts(matcher, query, rankings, bridges, groups)
    assert nothing == 1 > something
    assert doubts(matcher, query, rankings[1:], bridges, groups[1:]) == [something]


def test_what_is_common_is_told_by_other_jurisdictions_only(core: Searcher) -> None:
    g = core.generation
    matcher = Matcher(g)
    row = g.rows[f"{SG.id}/en/~sec_6"]
    query = matcher.query_of(row, g.store.provision(g.ids[row]))
    one, two = np.eye(len(g.bags.keys), dtype=np.float32)[:2]
    query = replace(query, concepts=one)
    shares = np.zeros(len(g.ids), np.float32)
    shares[g.groups["ph-en"].start] = 0.3
    with mock.patch.object(g.bags, "means", lambda _, weights: weights.any(axis=1, keepdims=True) * two):
        found = matcher.common(query, Bridges(shares, shares), ["id", "ph", "none of today"])
        assert np.allclose(found, [(one + two) / np.sqrt(2), one, (one + two) / np.sqrt(2)])


def test_the_mean_of_bags_is_that_of_their_vectors(core: Searcher) -> None:
    bags = core.generation.bags
    rows, shares = np.array([0, 3, 5]), np.array([[0.5, 0.25, 0.25], [0, 0.2, 0], [0, 0, 0]])
    vectors = np.stack([bags.row(row) for row in rows])
    assert np.allclose(bags.means(rows, shares), [shares[0] @ vectors, vectors[1], 0 * vectors[0]], atol=1e-6)
    assert not bags.means(rows[:0], shares[:, :0]).any()


def test_bags_say_the_same_of_many_units_as_of_each(core: Searcher) -> None:
    bags = core.generation.bags
    rows, asked = np.array([4, 0, 7, 5]), np.array([0, 1, 1, 0])
    queries = np.stack([bags.row(2), bags.row(9)])
    vectors = np.stack([bags.row(row) for row in rows])
    assert np.allclose(bags.cosines(queries[0], rows), vectors @ queries[0], atol=1e-6)
    assert np.allclose(bags.cosines(queries, rows, asked), (vectors * queries[asked]).sum(axis=1), atol=1e-6)
    assert np.allclose(bags.table(queries, rows), vectors @ queries.T, atol=1e-6)
    assert np.allclose(bags.covered(queries[1], rows), (vectors > 0) @ queries[1] ** 2, atol=1e-6)


@given(arrays.arrays(np.float64, st.integers(1, 20), elements=st.floats(-9, 9)))
def test_relative_scores_begin_at_one_and_fall(scores: np.ndarray) -> None:
    found = relative(np.sort(scores)[::-1])
    assert found[0] == 1
    assert ((found > 0) & (found <= 1)).all()
    assert (np.diff(found) <= 0).all()
