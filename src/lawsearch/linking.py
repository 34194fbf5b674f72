"""What a generation knows of its units together: hubness, and links between units of different jurisdictions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby

import numpy as np
from scipy import sparse

from lawsearch.generation import Group
from lawsearch.matching import LINKS, Matcher, Ranking
from lawsearch.provision import Provision

#: Told (what is being done, how many are done, of how many); called often.
Progress = Callable[[str, int, int], None]
#: Hubness is the mean similarity to the nearest HUB_NEIGHBOURS of the other side, of at most HUB_SAMPLE of them.
HUB_NEIGHBOURS, HUB_SAMPLE = 10, 20_000
#: Rounds of bridging: links found through third laws make better bridges; the third round still gains a little.
ROUNDS = 3
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
        for group in groups:
            if group.jurisdiction != home[row].jurisdiction:
                ranking = matcher.rank(query, group)
                rankings.append((row, Ranking(ranking.rows[:REMEMBERED], ranking.scores[:REMEMBERED], {}, {})))
        progress("linking", row + 1, len(units))
    links = _mutual(rankings, len(units))
    for _ in range(ROUNDS - 1):
        links = _mutual(_bridged(matcher, rankings, links), len(units))
    return links


def _bridged(
    matcher: Matcher, rankings: Iterable[tuple[int, Ranking]], links: sparse.csr_matrix
) -> Iterator[tuple[int, Ranking]]:
    for row, own in groupby(rankings, key=lambda entry: entry[0]):
        bridges = matcher.bridges(row, links)
        for _, ranking in own:
            yield row, matcher.bridged(ranking, bridges)


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
