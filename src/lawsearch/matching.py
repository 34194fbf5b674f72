"""Matching: which units of one group correspond to a query, seen through several views and through third laws.

1. Candidates: nearest by the multilingual vectors, less their hubness (CSLS, Conneau et al. 2018), by titles, by the
   English vectors, and by words.
2. Each view is standardised over the candidates and summed with fixed weights: whole text, best-matching parts
   (late interaction), titles, an English model where both sides are English, words where both share a language.
3. Links are mutual shares of attention between two groups. Bridging: a unit whose counterparts in third jurisdictions
   are also counterparts of the candidate is likelier to correspond; two steps along links are one bridge.
   Neighbourhood: so is one between whose neighbours and those of the candidate there are links.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from scipy import sparse
from threadpoolctl import threadpool_limits

from lawsearch import views
from lawsearch.bags import spans
from lawsearch.concepts import concepts_in
from lawsearch.embedding import Models
from lawsearch.generation import Generation, Group
from lawsearch.instrument import UNKNOWN
from lawsearch.lexicon import words
from lawsearch.provision import Provision
from lawsearch.ranking import Ranking, added, fuse
from lawsearch.text import normal

#: Weights of the bridge and of the neighbourhood against the standardised sum of the views.
TOLD = {"bridge": 1.5, "neighbours": 0.2}
#: What a link one place further on in either text counts, against one between the two themselves.
STEP = 0.5
#: Candidates of a group by meaning, and by each further view: a whole law, or the top of a whole jurisdiction.
NEAREST, FURTHER = 128, 32
#: The nearest eighth of a group tells how near it is to a question as a whole; a share, for laws differ in length.
NEIGHBOURHOOD = 8
#: How many shares of attention are kept as links.
LINKS = 20
#: Share of attention below which a bridge counts as none.
FAINT = 1e-3
#: Units whose bridges are found at once.
TOGETHER = 256


@dataclass(frozen=True, slots=True)
class Query:
    """What is compared: vectors (d,), parts (m, d), the telling words of ``language``, bags of concepts: of all of it,
    and what it is ``about``, of its heading where that names any. ``row`` is that of the unit that it is, None for a
    text."""

    meaning: np.ndarray
    title: np.ndarray
    parts: np.ndarray
    english: np.ndarray | None
    words: Sequence[str]
    concepts: np.ndarray
    about: np.ndarray
    language: str
    row: int | None = None


@dataclass(frozen=True, slots=True)
class Bridges:
    """What links say of all units, each (n,): ``shares``, the attention that the question gives to each; ``reach``,
    what each has of it after one more step along the links; ``beside``, how much links what stands beside the question
    and beside each unit, None for a text by itself."""

    shares: np.ndarray
    reach: np.ndarray
    beside: np.ndarray | None = None


@cache
def _alone() -> None:
    """Let the products of this process be made by one thread: small ones take less time than threads wait for each
    other, by far where others are busy, too."""
    threadpool_limits(1, user_api="blas")


class Matcher:
    """Ranks the units of a generation against a query."""

    def __init__(self, generation: Generation) -> None:
        _alone()
        self.generation = generation
        self._column = {language: i for i, language in enumerate(generation.languages)}

    def query_of(self, row: int, unit: Provision) -> Query:
        """The query that the indexed unit at ``row`` is."""
        g = self.generation
        english = g.english.vectors[row]
        whole, heading = g.bags.row(row), g.bags.vector(concepts_in(unit.heading, unit.language))
        return Query(
            meaning=g.whole.vectors[row],
            title=g.title.vectors[row],
            parts=np.asarray(g.parts[g.offsets[row] : g.offsets[row + 1]], np.float32),
            english=english if english.any() else None,
            words=g.lexicon.rarest(views.vocabulary(unit)),
            concepts=whole,
            about=heading if heading.any() else whole,
            language=unit.language,
            row=row,
        )

    def query_of_text(self, models: Models, text: str, language: str) -> Query:
        """The query that a free text in ``language`` (or ``unknown``) is."""
        clean = normal(text)
        meaning, *parts = models.multilingual.encode([clean, *(p for p in views.parts(text) if p != clean)])
        # Too short to tell is read as English by the English signals only if it is plain ASCII.
        spoken = "en" if language == UNKNOWN and clean.isascii() else language
        english = models.english.encode([clean])[0] if models.english and spoken == "en" else None
        found = self.generation.lexicon.rarest(words(clean, spoken))
        bag = self.generation.bags.vector(concepts_in(clean, spoken))
        return Query(meaning, meaning, np.stack(parts or [meaning]), english, found, bag, bag, spoken)

    def hubness(self, rows: np.ndarray, language: str) -> np.ndarray:
        """How near units are to everything in a language; of one without texts, their mean."""
        column = self._column.get(language)
        table = self.generation.hubness[rows]
        return table[:, column] if column is not None else table.mean(axis=1)

    def rank(self, query: Query, groups: Sequence[Group], mask: np.ndarray | None = None) -> list[Ranking]:
        """The units of each of ``groups`` worth a closer look, by the fused views, before any bridging.

        ``mask`` (n,) bool says which rows may answer; None: all.
        """
        if not groups:
            return []
        g = self.generation
        overlap = np.zeros(len(g.ids), np.float32)
        found = [self._candidates(query, group, mask, overlap) for group in groups]
        counts = [len(own) for own, _ in found]
        rows = np.concatenate([own for own, _ in found])
        cosines = g.whole.vectors[rows] @ query.meaning
        hubs = self.hubness(rows, query.language)
        alike = [group.language == query.language for group in groups]
        seen = {"meaning": 2 * cosines - hubs, "title": g.title.vectors[rows] @ query.title}
        if len(query.parts):
            seen["parts"] = 2 * late(g.parts, g.offsets, query.parts, rows) - directions(query.parts) * hubs
        if query.concepts.any():
            seen["concepts"] = g.bags.cosines(query.concepts, rows)
        # Views of some groups only.
        some = {"words": alike}
        seen["words"] = overlap[rows]
        if query.english is not None:
            some["english"] = [group.language == "en" for group in groups]
            spoken = np.repeat(some["english"], counts)
            seen["english"] = np.zeros(len(rows), np.float32)
            seen["english"][spoken] = g.english.vectors[rows[spoken]] @ query.english
        own_rows, own_views, nearness, start = [], [], [], 0
        for i, (group, (own, near)) in enumerate(zip(groups, found, strict=True)):
            span = slice(start, start := start + len(own))
            views = {name: value[span] for name, value in seen.items() if name not in some or some[name][i]}
            # The whole of CSLS: among what is near to everything in the group, or in another language, near is no news.
            around = max(1, (group.stop - group.start) // NEIGHBOURHOOD)
            near = np.sort(cosines[span])[::-1] if near is None else near
            own_rows.append(own)
            own_views.append(views)
            nearness.append(float(views["meaning"].max() - near[:around].mean()) if len(own) else 0.0)
        return fuse(own_rows, own_views, nearness)

    def _candidates(
        self, query: Query, group: Group, mask: np.ndarray | None, overlap: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """The rows of a group worth a closer look, and the cosines of the nearest, best first, or None where all that
        may answer are worth it. Writes what words say of the group into ``overlap`` (n,)."""
        g = self.generation
        found = np.zeros(0, np.int64)
        if group.language == query.language:
            found, scores = g.lexicon.search(query.words, group.name, 4 * NEAREST)
            overlap[found] = scores
        if group.stop - group.start <= NEAREST:
            rows = np.arange(group.start, group.stop)
            return (rows if mask is None else rows[mask[rows]]), None
        near, cosines = g.whole.search(query.meaning, group.name, 2 * NEAREST, mask)
        best = np.argsort(self.hubness(near, query.language) - 2 * cosines, kind="stable")[:NEAREST]
        further = [near[best], g.title.search(query.title, group.name, FURTHER, mask)[0]]
        further.append((found if mask is None else found[mask[found]])[:FURTHER])
        if query.english is not None and group.language == "en":
            further.append(g.english.search(query.english, group.name, FURTHER, mask)[0])
        return np.unique(np.concatenate(further)), cosines

    def bridges(self, row: int, links: sparse.csr_matrix | None = None) -> Bridges:
        """What ``links``, by default those of the generation, say to the indexed unit at ``row``."""
        return next(self.bridges_of([row], self.generation.links if links is None else links))

    def bridges_of(self, rows: Sequence[int], links: sparse.csr_matrix) -> Iterator[Bridges]:
        """What ``links`` say to the indexed units at ``rows``, to one after another."""
        for at in range(0, len(rows), TOGETHER):
            own = links[rows[at : at + TOGETHER]]
            reach, near = own @ links, beside(links, rows[at : at + TOGETHER], self._places)
            for i in range(own.shape[0]):
                yield Bridges(_row(own, i), _row(reach, i), _row(near, i))

    @cached_property
    def _places(self) -> sparse.csr_matrix:
        return places(self.generation.follows)

    def reached(self, query: Query, exclude: str = "") -> tuple[Bridges, dict[str, Ranking]]:
        """What links say to a text, by the attention that it gives to the nearest units everywhere, the jurisdiction
        ``exclude`` left out; and the rankings by group that were made on the way."""
        groups = [group for group in self.generation.groups.values() if group.jurisdiction != exclude]
        rankings = self.rank(query, groups)
        shares = np.zeros(len(self.generation.ids), np.float32)
        for ranking in rankings:
            shares[ranking.rows[:LINKS]] = ranking.shares()[:LINKS]
        return Bridges(shares, (sparse.csr_matrix(shares) @ self.generation.links).toarray().ravel()), {
            group.name: ranking for group, ranking in zip(groups, rankings, strict=True)
        }

    def common(self, query: Query, bridges: Bridges, jurisdictions: Sequence[str]) -> np.ndarray:
        """For each of ``jurisdictions`` the concepts that a query and what it is linked to elsewhere have in common:
        unit vectors of both together, shape (len(jurisdictions), len(keys)), in which what is only said by one of them
        weighs little."""
        shares = bridges.shares[: len(self.generation.ids)]
        rows = np.flatnonzero(shares)
        asked = [self._codes.get(code, -1) for code in jurisdictions]
        elsewhere = self._home[rows] != np.array(asked)[:, None]
        both = query.concepts + self.generation.bags.means(rows, elsewhere * shares[rows])
        length = np.linalg.norm(both, axis=1, keepdims=True)
        return both / np.where(length, length, 1)

    @cached_property
    def _codes(self) -> dict[str, int]:
        found = dict.fromkeys(group.jurisdiction for group in self.generation.groups.values())
        return {code: place for place, code in enumerate(found)}

    @cached_property
    def _home(self) -> np.ndarray:
        """The place in ``_codes`` of the jurisdiction of each row, shape (n,)."""
        groups = self.generation.groups.values()
        return np.repeat([self._codes[g.jurisdiction] for g in groups], [g.stop - g.start for g in groups])

    def bridged(self, rankings: Sequence[Ranking], bridges: Bridges) -> list[Ranking]:
        """The rankings with what links say of their candidates."""
        said = {"bridge": bridges.reach, "neighbours": bridges.beside}
        seen = [
            {name: own for name, value in said.items() if value is not None and (own := value[ranking.rows]).any()}
            for ranking in rankings
        ]
        return added(rankings, seen, TOLD, lambda values: np.log(values + FAINT))


def places(follows: np.ndarray) -> sparse.csr_matrix:
    """How much each unit counts as each other's place in its text, (n, n): 1 for itself, ``STEP`` for one beside it.

    ``follows`` (n,) says of each row whether the next is of the same text.
    """
    steps = (STEP * follows[:-1]).astype(np.float32)
    return sparse.diags([steps, np.ones(len(follows), np.float32), steps], [-1, 0, 1], format="csr")


def beside(links: sparse.csr_matrix, rows: Sequence[int], near: sparse.csr_matrix) -> sparse.csr_matrix:
    """How much links what stands beside each unit at ``rows`` and beside each other unit, shape (len(rows), n).

    A link between two neighbours counts for ``STEP`` twice, one that is off on one side only once; ``near`` is what
    ``places`` makes.
    """
    return (near[rows] @ links @ near - links[rows]).tocsr()


def _row(matrix: sparse.csr_matrix, row: int) -> np.ndarray:
    """One row of a matrix, dense; many times faster than the matrix's own way."""
    found = np.zeros(matrix.shape[1], np.float32)
    span = slice(*matrix.indptr[row : row + 2])
    found[matrix.indices[span]] = matrix.data[span]
    return found


def directions(parts: np.ndarray) -> int:
    """In how many directions the late interaction of a query with ``parts`` adds up similarities."""
    # A lone sentence says nothing of how much of the other side it covers.
    return 1 + (len(parts) > 1)


def late(parts: np.ndarray, offsets: np.ndarray, asked: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Late interaction: each part's best partner on the other side, averaged, in both directions.

    The parts of row ``i`` are ``parts[offsets[i]:offsets[i + 1]]``; ``asked`` (m, d) are those of the query.
    """
    starts, stops = offsets[rows], offsets[rows + 1]
    counts = stops - starts
    owners = np.repeat(np.arange(len(rows)), counts)
    cosines = np.asarray(parts[spans(starts, counts)], np.float32) @ asked.T
    value = np.zeros(len(rows))
    filled = np.flatnonzero(counts)
    if not len(filled):
        return value
    bounds = np.concatenate(([0], np.cumsum(counts[filled])[:-1]))
    value[filled] = np.maximum.reduceat(cosines, bounds).mean(axis=1)
    if directions(asked) > 1:
        backward = np.zeros(len(rows))
        np.add.at(backward, owners, cosines.max(axis=1))
        value[filled] += backward[filled] / counts[filled]
    return value
