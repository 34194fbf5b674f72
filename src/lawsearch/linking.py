"""What a generation knows of its units together: hubness, and links between units of different jurisdictions."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby

import numpy as np
from scipy import sparse
from threadpoolctl import threadpool_limits

from lawsearch.generation import Group
from lawsearch.matching import LINKS, Bridges, Matcher, Query
from lawsearch.provision import Provision
from lawsearch.ranking import Ranking

#: Told (what is being done, how many are done, of how many); called often.
Progress = Callable[[str, int, int], None]
#: Hubness is the mean similarity to the nearest HUB_NEIGHBOURS of the other side, of at most HUB_SAMPLE of them.
HUB_NEIGHBOURS, HUB_SAMPLE = 10, 20_000
#: Rounds of bridging: links found through third laws make better bridges; the third round still gains a little.
ROUNDS = 3
#: Share of the attention of a new unit from which another is asked what it thinks of the new one.
NOTICED = 0.01
#: Units of a group at most that are asked so: who is further down has little to say of it.
ASKED = 8
#: Candidates of a unit in a group that later rounds still look at.
REMEMBERED = 64


def silent(_what: str, _done: int, _total: int) -> None:
    """Progress that nobody watches."""


def hubness(vectors: np.ndarray, groups: Sequence[Group], languages: Sequence[str]) -> np.ndarray:
    """How near each unit is to its nearest neighbours in other jurisdictions, by the neighbours' language.

    Returns (n, len(languages)) float32: the mean cosine to the HUB_NEIGHBOURS nearest, the r(y) of CSLS. Where a
    language has no unit elsewhere, the unit's mean over the other languages stands in.
    """
    table = np.full((len(vectors), len(languages)), np.nan, np.float32)
    rng = np.random.default_rng(0)
    for column, language in enumerate(languages):
        for group in groups:
            others = [g for g in groups if g.language == language and g.jurisdiction != group.jurisdiction]
            if not others:
                continue
            rows = np.concatenate([np.arange(g.start, g.stop) for g in others])
            if len(rows) > HUB_SAMPLE:
                rows = np.sort(rng.choice(rows, HUB_SAMPLE, replace=False))
            k = min(HUB_NEIGHBOURS, len(rows))
            # Products as large as these are worth all threads.
            with threadpool_limits(os.cpu_count(), user_api="blas"):
                for at in range(group.start, group.stop, 1024):
                    stop = min(at + 1024, group.stop)
                    cosines = vectors[at:stop] @ vectors[rows].T
                    table[at:stop, column] = np.partition(cosines, -k, axis=1)[:, -k:].mean(axis=1)
    known = ~np.isnan(table)
    mean = np.where(known, table, 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    return np.where(known, table, mean[:, None]).astype(np.float32)


def link(
    matcher: Matcher,
    units: Sequence[Provision],
    groups: Sequence[Group],
    progress: Progress = silent,
) -> sparse.csr_matrix:
    """The links between the units of different jurisdictions: (n, n) float32, symmetric, weights 0..1.

    A link is the geometric mean of the shares of attention that two units give each other, so it is strong only
    where it is mutual. Each round lets the links of the round before bridge, and those of neighbours count.
    """
    rankings: list[tuple[int, Ranking]] = []
    home = {row: g for g in groups for row in range(g.start, g.stop)}
    for row, unit in enumerate(units):
        query = matcher.query_of(row, unit)
        foreign = [group for group in groups if group.jurisdiction != home[row].jurisdiction]
        rankings += [(row, ranking) for ranking in _ranked(matcher, query, foreign)]
        progress("linking", row + 1, len(units))
    links = _mutual(rankings, len(units))
    for _ in range(ROUNDS - 1):
        links = _mutual(_bridged(matcher, rankings, links), len(units))
    return links


def relink(
    matcher: Matcher,
    units: Sequence[Provision],
    groups: Sequence[Group],
    known: sparse.csr_matrix,
    kept: np.ndarray,
    progress: Progress = silent,
) -> sparse.csr_matrix:
    """As ``link`` where few units are new: ``known`` are the links of the generation before, ``kept`` (n,) the row that
    each unit had in it, -1 for one that is new or reads otherwise.

    Links between units that were there stay as they are, though what is new may have drawn a little of their attention;
    those of new units are found anew from both sides.
    """
    there = np.flatnonzero(kept >= 0)
    place = (np.ones(len(there), np.float32), (there, kept[there]))
    moved = sparse.csr_matrix(place, shape=(len(kept), known.shape[0]))
    carried = (moved @ known @ moved.T).tocsr()
    home = {row: g for g in groups for row in range(g.start, g.stop)}
    new = np.flatnonzero(kept < 0).tolist()
    rankings: list[tuple[int, Ranking]] = []
    partners: dict[int, set[Group]] = {}
    for done, row in enumerate(new, 1):
        query = matcher.query_of(row, units[row])
        foreign = [group for group in groups if group.jurisdiction != home[row].jurisdiction]
        seen = _ranked(matcher, query, foreign)
        rankings += [(row, ranking) for ranking in seen]
        # Whom bridges will bring forward is asked, too.
        attention = np.zeros(len(kept), np.float32)
        for ranking in seen:
            attention[ranking.rows[:LINKS]] = ranking.shares()[:LINKS]
        bridges = Bridges(attention, (sparse.csr_matrix(attention) @ carried).toarray().ravel())
        for ranking in (*seen, *matcher.bridged(seen, bridges)):
            for other in ranking.rows[:ASKED][ranking.shares()[:ASKED] >= NOTICED].tolist():
                if kept[other] >= 0:
                    partners.setdefault(other, set()).add(home[row])
        progress("linking", done, len(new))
    for other, asked in partners.items():
        query = matcher.query_of(other, units[other])
        rankings += [(other, own) for own in _ranked(matcher, query, sorted(asked, key=lambda g: g.start))]
    rankings.sort(key=lambda entry: entry[0])
    # Of what the partners were asked, only what they think of new units counts.
    fresh = sparse.diags((kept < 0).astype(np.float32))

    def joined(found: sparse.csr_matrix) -> sparse.csr_matrix:
        with_new = fresh @ found
        return (carried + with_new + with_new.T - with_new @ fresh).tocsr()

    links = joined(_mutual(rankings, len(units)))
    for _ in range(ROUNDS - 1):
        links = joined(_mutual(_bridged(matcher, rankings, links), len(units)))
    return links


def _ranked(matcher: Matcher, query: Query, groups: Sequence[Group]) -> list[Ranking]:
    """Groups as a unit sees them: what later rounds look at."""
    return [Ranking(r.rows[:REMEMBERED], r.scores[:REMEMBERED], {}, {}) for r in matcher.rank(query, groups)]


def _bridged(
    matcher: Matcher, rankings: Iterable[tuple[int, Ranking]], links: sparse.csr_matrix
) -> Iterator[tuple[int, Ranking]]:
    found = [(row, list(own)) for row, own in groupby(rankings, key=lambda entry: entry[0])]
    for (row, own), bridges in zip(found, matcher.bridges_of([row for row, _ in found], links), strict=True):
        for ranking in matcher.bridged([ranking for _, ranking in own], bridges):
            yield row, ranking


def _mutual(rankings: Iterable[tuple[int, Ranking]], size: int) -> sparse.csr_matrix:
    sources, targets, weights = [], [], []
    for row, ranking in rankings:
        shares = ranking.shares()[:LINKS]
        sources.append(np.full(len(shares), row))
        targets.append(ranking.rows[:LINKS])
        weights.append(shares)
    if not sources:
        return sparse.csr_matrix((size, size), dtype=np.float32)
    place = (np.concatenate(sources), np.concatenate(targets))
    forward = sparse.csr_matrix((np.concatenate(weights).astype(np.float32), place), shape=(size, size))
    return forward.multiply(forward.T).sqrt().tocsr()
