from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from types import SimpleNamespace

import numpy as np
import pytest
from laws import CORPUS, SG
from scipy import sparse

from lawsearch.generation import Group
from lawsearch.linking import HUB_NEIGHBOURS, hubness, link, relink
from lawsearch.matching import Matcher
from lawsearch.ranking import Ranking, fuse
from lawsearch.search import Searcher


def test_links_are_symmetric_shares_between_jurisdictions(core: Searcher) -> None:
    g = core.generation
    links = g.links.toarray()
    assert np.allclose(links, links.T, atol=1e-6)
    assert links.min() >= 0
    assert links.max() <= 1 + 1e-6
    assert links.any(axis=1).all(), "every unit is linked to something"
    home = np.concatenate([[x.jurisdiction] * (x.stop - x.start) for x in g.groups.values()])
    assert not links[home[:, None] == home[None, :]].any()


def test_corresponding_sections_are_linked_most(core: Searcher) -> None:
    g = core.generation
    links = g.links.toarray()
    ph = g.groups["ph-en"]
    for ours, theirs in (("5", "5"), ("6", "10"), ("7", "11")):
        row = g.rows[f"{SG.id}/en/~sec_{ours}"]
        assert g.ids[ph.start + int(links[row, ph.start : ph.stop].argmax())].endswith(f"sec_{theirs}")


def test_linking_is_repeatable_and_reports_progress(core: Searcher) -> None:
    g = core.generation
    units = [g.store.provision(key) for key in g.ids]
    told: list[tuple[str, int, int]] = []
    again = link(Matcher(g), units, list(g.groups.values()), lambda *step: told.append(step))
    assert np.allclose(again.toarray(), g.links.toarray(), atol=1e-6)
    assert told[-1] == ("linking", len(units), len(units))


@pytest.mark.parametrize("new", [[], [0], [3, 9], [1, 2, 12, 13]])
def test_what_is_new_is_linked_with_what_is_there_much_as_if_all_were_linked(core: Searcher, new: list[int]) -> None:
    g, old = core.generation, np.arange(len(core.generation.ids))
    kept = np.where(np.isin(old, new), -1, old)
    units = [g.store.provision(key) for key in g.ids]
    links = relink(Matcher(g), units, list(g.groups.values()), g.links, kept)
    assert abs(links - links.T).max() < 1e-6
    was, now = g.links.toarray(), links.toarray()
    others = np.setdiff1d(old, new)
    assert np.allclose(was[np.ix_(others, others)], now[np.ix_(others, others)])
    assert now[new][was[new] > 0.5].min(initial=1) > 0.3
    assert was[new][now[new] > 0.5].min(initial=1) > 0.3


def test_links_go_with_their_units_to_other_rows(core: Searcher) -> None:
    g = core.generation
    # A unit before the first is gone: every row is one less.
    known = np.zeros((len(g.ids) + 1, len(g.ids) + 1), np.float32)
    known[1:, 1:] = g.links.toarray()
    units = [g.store.provision(key) for key in g.ids]
    links = relink(Matcher(g), units, list(g.groups.values()), sparse.csr_matrix(known), 1 + np.arange(len(g.ids)))
    assert np.allclose(links.toarray(), g.links.toarray())


class Told(Matcher):
    """A matcher that is told how near units are instead of measuring it."""

    def __init__(self, near: np.ndarray, groups: list[Group]) -> None:
        self.near = near
        self.generation = SimpleNamespace(groups=groups, follows=np.zeros(len(near), bool))  # type: ignore[assignment]

    def query_of(self, row: int, _unit: object, _languages: object = None) -> int:  # type: ignore[override]
        return row

    def ranks(self, queries: Iterable[int], groups: Sequence[Group], _mask: object = None) -> Iterator[list[Ranking]]:  # type: ignore[override]
        rows = [np.arange(group.start, group.stop) for group in groups]
        for query in queries:
            yield fuse(rows, [{"meaning": self.near[query, own]} for own in rows])


def test_a_chain_through_a_third_law_ranks_higher() -> None:
    # Three laws of three sections: a0-b0 and b0-c0 are near, a0 sees c0 and c1 alike, and everything else is far.
    groups = [Group(name, name, "en", 3 * i, 3 * i + 3) for i, name in enumerate("abc")]
    near = np.zeros((9, 9))
    pairs = {(0, 3): 1.0, (3, 6): 1.0, (1, 4): 1.0, (4, 7): 1.0, (2, 5): 1.0, (5, 8): 1.0, (0, 6): 0.5, (0, 7): 0.5}
    for (i, j), value in pairs.items():
        near[i, j] = near[j, i] = value
    matcher = Told(near, groups)
    links = link(matcher, [SimpleNamespace()] * 9, groups)
    assert links[0, 6] > 1.5 * links[0, 7]
    ((direct,),) = matcher.ranks([0], groups[2:])
    assert direct.scores[0] == direct.scores[1], "without the bridge the two are alike"
    (bridged,) = matcher.bridged([direct], next(matcher.bridges_of([0], links)))
    assert bridged.rows[0] == 6
    assert bridged.scores[0] > bridged.scores[1] + 0.1


def test_one_law_alone_has_no_links() -> None:
    group = Group("a", "a", "en", 0, 3)
    assert link(Told(np.eye(3), [group]), [SimpleNamespace()] * 3, [group]).nnz == 0


@pytest.fixture
def cloud() -> np.ndarray:
    vectors = np.random.default_rng(5).normal(size=(60, 8)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_hubness_is_the_mean_nearness_of_neighbours_abroad(cloud: np.ndarray) -> None:
    groups = [
        Group("sg-en", "sg", "en", 0, 20), Group("ph-en", "ph", "en", 20, 45), Group("id-en", "id", "en", 45, 48),
        Group("id-id", "id", "id", 48, 60),
    ]  # fmt: skip
    found = hubness(cloud, groups, ["en", "id"])
    assert found.shape == (60, 2)
    assert np.isfinite(found).all()
    for row, abroad in ((3, range(20, 48)), (30, [*range(20), 45, 46, 47]), (50, range(45))):
        nearest = sorted((float(cloud[row] @ cloud[i]) for i in abroad), reverse=True)[:HUB_NEIGHBOURS]
        assert found[row, 0] == pytest.approx(np.mean(nearest), abs=1e-5)
    # No text in Indonesian outside Indonesia: the mean over the other languages stands in.
    assert np.allclose(found[45:, 1], found[45:, 0])


def test_hubness_of_one_law_alone_is_a_number(cloud: np.ndarray) -> None:
    assert np.array_equal(hubness(cloud, [Group("a", "a", "en", 0, 60)], ["en"]), np.zeros((60, 1), np.float32))


def test_hubness_lifts_a_unit_that_is_near_to_everything(cloud: np.ndarray) -> None:
    centre = cloud.sum(axis=0)
    vectors = np.vstack([cloud, centre / np.linalg.norm(centre)]).astype(np.float32)
    found = hubness(vectors, [Group("a", "a", "en", 0, 30), Group("b", "b", "en", 30, 61)], ["en"])
    assert found[60, 0] > np.median(found[30:60, 0])


def test_the_corpus_has_what_these_tests_need() -> None:
    assert len({e.instrument.jurisdiction for e in CORPUS}) == 4
    assert len({e.language for e in CORPUS}) == 3
