"""What a generation knows of its units together: hubness, and links between units of different jurisdictions."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, groupby, islice

import numpy as np
from scipy import sparse
from threadpoolctl import threadpool_limits

from lawsearch.bridges import LINKS, attended, lifted, said
from lawsearch.generation import Group
from lawsearch.matching import CROSSING, Matcher
from lawsearch.provision import Provision
from lawsearch.ranking import Ranking

#: Told (what is being done, how many are done, of how many); called often.
Progress = Callable[[str, int, int], None]
#: Hubness is the mean similarity to the nearest HUB_NEIGHBOURS of the other side, of at most HUB_SAMPLE of them.
HUB_NEIGHBOURS, HUB_SAMPLE = 10, 2048
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
    for group in groups:
        foreign = [g for g in groups if g.jurisdiction != group.jurisdiction]
        rows = range(group.start, group.stop)
        for row, seen in zip(rows, _ranked(matcher, units, rows, foreign), strict=True):
            rankings += [(row, ranking) for ranking in seen]
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
    asked: dict[tuple[Group, ...], list[tuple[int, Ranking]]] = {}
    partners: dict[int, list[Group]] = {}
    done, news = 0, int((kept < 0).sum())
    for group in groups:
        foreign = tuple(g for g in groups if g.jurisdiction != group.jurisdiction)
        new = [row for row in range(group.start, group.stop) if kept[row] < 0]
        for row, seen in zip(new, _ranked(matcher, units, new, foreign), strict=True):
            asked.setdefault(foreign, []).extend((row, ranking) for ranking in seen)
            for other in _noticed(matcher, seen, carried):
                if kept[other] >= 0 and group not in (found := partners.setdefault(other, [])):
                    found.append(group)
            done += 1
            progress("linking", done, news)
    for homes in dict.fromkeys(map(tuple, partners.values())):
        rows = [other for other, found in partners.items() if tuple(found) == homes]
        for row, seen in zip(rows, _ranked(matcher, units, rows, homes), strict=True):
            asked.setdefault(homes, []).extend((row, ranking) for ranking in seen)
    # Of what the partners were asked, only what they think of new units counts.
    fresh = sparse.diags((kept < 0).astype(np.float32))

    def joined(found: sparse.csr_matrix) -> sparse.csr_matrix:
        with_new = fresh @ found
        return (carried + with_new + with_new.T - with_new @ fresh).tocsr()

    links = joined(_mutual(chain.from_iterable(asked.values()), len(units)))
    for _ in range(ROUNDS - 1):
        again = chain.from_iterable(_bridged(matcher, own, links, seen) for seen, own in asked.items())
        links = joined(_mutual(again, len(units)))
    return links


def _ranked(
    matcher: Matcher, units: Sequence[Provision], rows: Sequence[int], groups: Sequence[Group]
) -> Iterator[list[Ranking]]:
    """Groups as each of the units at ``rows`` sees them: what later rounds look at."""
    languages = {group.language for group in groups}
    for found in matcher.ranks((matcher.query_of(row, units[row], languages) for row in rows), groups):
        # Copies: a piece would keep the whole in memory, for every provision.
        yield [Ranking(r.rows[:REMEMBERED].copy(), r.scores[:REMEMBERED].copy(), {}, {}) for r in found]


def _noticed(matcher: Matcher, seen: Sequence[Ranking], links: sparse.csr_matrix) -> set[int]:
    """Whom a unit that sees groups so gives its attention, or will once bridges bring them forward."""
    found: set[int] = set()
    for ranking in (*seen, *matcher.bridged(seen, attended(seen, links))):
        found.update(ranking.rows[:ASKED][ranking.shares()[:ASKED] >= NOTICED].tolist())
    return found


def _bridged(
    matcher: Matcher, rankings: Sequence[tuple[int, Ranking]], links: sparse.csr_matrix, groups: Sequence[Group] = ()
) -> Iterator[tuple[int, Ranking]]:
    """The rankings with what ``links`` say; all are of ``groups``, if that is given."""
    own = groupby(rankings, key=lambda entry: entry[0])
    while some := [(row, [ranking for _, ranking in found]) for row, found in islice(own, CROSSING)]:
        seen = []
        for (_, found), bridges in zip(some, matcher.bridges_of([row for row, _ in some], links, groups), strict=True):
            seen += [said(ranking, bridges) for ranking in found]
        asking = [row for row, found in some for _ in found]
        yield from zip(asking, lifted([ranking for _, found in some for ranking in found], seen), strict=True)


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
