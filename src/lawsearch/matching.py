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
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy import sparse

from lawsearch import views
from lawsearch.bags import spans
from lawsearch.concepts import concepts_in
from lawsearch.embedding import Models
from lawsearch.generation import Generation, Group
from lawsearch.instrument import UNKNOWN
from lawsearch.lexicon import words
from lawsearch.provision import Provision
from lawsearch.text import normal

#: Weights of the views; equal but for the title, which many laws leave empty (Indonesian articles have none).
WEIGHTS = {"meaning": 1.0, "parts": 1.0, "title": 0.5, "english": 1.0, "words": 1.0, "concepts": 1.0}
#: Weights of the bridge and of the neighbourhood against the standardised sum of the views.
BRIDGE, NEIGHBOURS = 1.5, 0.2
#: What a link one place further on in either text counts, against one between the two themselves.
STEP = 0.5
#: Candidates of a group by meaning, and by each further view: a whole law, or the top of a whole jurisdiction.
NEAREST, FURTHER = 128, 32
#: The nearest eighth of a group tells how near it is to a question as a whole; a share, for laws differ in length.
NEIGHBOURHOOD = 8
#: Temperature at which standardised scores become shares of attention, and how many of them are kept as links.
TEMPERATURE, LINKS = 0.35, 20
#: Share of attention below which a bridge counts as none.
FAINT = 1e-3
#: Units whose bridges are found at once.
TOGETHER = 256


@dataclass(frozen=True, slots=True)
class Query:
    """What is compared: vectors (d,), parts (m, d), the telling words of ``language``, bags of concepts: of all of it,
    and what it is ``about``, of its heading where that names any."""

    meaning: np.ndarray
    title: np.ndarray
    parts: np.ndarray
    english: np.ndarray | None
    words: Sequence[str]
    concepts: np.ndarray
    about: np.ndarray
    language: str


@dataclass(frozen=True, slots=True)
class Ranking:
    """Candidates of one group, best first: standardised scores, the raw values by view, and what each view gave to
    the score, all aligned with ``rows``. ``nearness`` is the best candidate's similarity less its own hubness and that
    of the question in the group."""

    rows: np.ndarray
    scores: np.ndarray
    views: dict[str, np.ndarray]
    contributions: dict[str, np.ndarray]
    nearness: float = 0.0

    def shares(self) -> np.ndarray:
        """Softmax of the standardised scores: how attention is divided among the candidates."""
        return attention(self.scores)


@dataclass(frozen=True, slots=True)
class Bridges:
    """What links say of all units, each (n,): ``shares``, the attention that the question gives to each; ``reach``,
    what each has of it after one more step along the links; ``beside``, how much links what stands beside the question
    and beside each unit, None for a text by itself."""

    shares: np.ndarray
    reach: np.ndarray
    beside: np.ndarray | None = None


def attention(scores: np.ndarray) -> np.ndarray:
    """Softmax of standardised scores at ``TEMPERATURE``."""
    if not len(scores):
        return scores
    weights = np.exp((scores - scores.max()) / TEMPERATURE)
    return weights / weights.sum()


def standard(values: np.ndarray) -> np.ndarray:
    """Values less their mean, in standard deviations; zeros where all are alike."""
    if not len(values):
        return np.zeros(0)
    # The mean is taken once, where numpy's own deviation takes it again.
    apart = values - values.mean()
    spread = np.sqrt(apart @ apart / len(values))
    return apart / spread if spread > 1e-6 else np.zeros(len(values))


class Matcher:
    """Ranks the units of a generation against a query."""

    def __init__(self, generation: Generation) -> None:
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

    def rank(self, query: Query, group: Group, mask: np.ndarray | None = None) -> Ranking:
        """The units of ``group`` worth a closer look, by the fused views, before any bridging.

        ``mask`` (n,) bool says which rows may answer; None: all.
        """
        g = self.generation
        near, cosines = g.whole.search(query.meaning, group.name, 2 * NEAREST, mask)
        rows = near[np.argsort(self.hubness(near, query.language) - 2 * cosines, kind="stable")[:NEAREST]]
        candidates = [rows]
        if group.language == query.language:
            found, scores = g.lexicon.search(query.words, group.name, 4 * NEAREST)
            if mask is not None:
                found, scores = found[mask[found]], scores[mask[found]]
            candidates.append(found[:FURTHER])
        # In a group no larger than that every unit is a candidate already.
        if group.stop - group.start > NEAREST:
            candidates.append(g.title.search(query.title, group.name, FURTHER, mask)[0])
            if query.english is not None and group.language == "en":
                candidates.append(g.english.search(query.english, group.name, FURTHER, mask)[0])
        if len(candidates) > 1:
            rows = np.unique(np.concatenate(candidates))
        hubs = self.hubness(rows, query.language)
        seen = {
            "meaning": 2 * (g.whole.vectors[rows] @ query.meaning) - hubs,
            "title": g.title.vectors[rows] @ query.title,
        }
        if len(query.parts):
            seen["parts"] = 2 * self._late(query, rows) - directions(query.parts) * hubs
        if query.english is not None and group.language == "en":
            seen["english"] = g.english.vectors[rows] @ query.english
        if query.concepts.any():
            seen["concepts"] = g.bags.cosines(query.concepts, rows)
        if group.language == query.language:
            overlap = np.zeros(group.stop - group.start)
            overlap[found - group.start] = scores
            seen["words"] = overlap[rows - group.start]
        # The whole of CSLS: among what is near to everything in the group, or in another language, near is no news.
        around = max(1, (group.stop - group.start) // NEIGHBOURHOOD)
        own = float(cosines[:around].mean()) if len(cosines) else 0.0
        return replace(fuse(rows, seen), nearness=float(seen["meaning"].max(initial=0.0)) - own)

    def _late(self, query: Query, rows: np.ndarray) -> np.ndarray:
        """The late interaction of a query with units."""
        return late(self.generation.parts, self.generation.offsets, query.parts, rows)

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
        shares = np.zeros(len(self.generation.ids), np.float32)
        rankings = {}
        for group in self.generation.groups.values():
            if group.jurisdiction != exclude:
                ranking = rankings[group.name] = self.rank(query, group)
                shares[ranking.rows[:LINKS]] = ranking.shares()[:LINKS]
        return Bridges(shares, (sparse.csr_matrix(shares) @ self.generation.links).toarray().ravel()), rankings

    def common(self, query: Query, bridges: Bridges, jurisdiction: str) -> np.ndarray:
        """The concepts that a query and what it is linked to outside ``jurisdiction`` have in common: the unit vector
        of both together, shape (len(keys),), in which what is only said by one of them weighs little."""
        shares = bridges.shares[: len(self.generation.ids)].copy()
        for group in self.generation.groups.values():
            if group.jurisdiction == jurisdiction:
                shares[group.start : group.stop] = 0
        rows = np.flatnonzero(shares)
        both = query.concepts + self.generation.bags.mean(rows, shares[rows])
        length = float(np.linalg.norm(both))
        return both / length if length else both

    def bridged(self, ranking: Ranking, bridges: Bridges) -> Ranking:
        """The ranking with what links say of its candidates."""
        told = {"bridge": (BRIDGE, bridges.reach), "neighbours": (NEIGHBOURS, bridges.beside)}
        seen = {name: value[ranking.rows] for name, (_, value) in told.items() if value is not None and value.any()}
        if not seen:
            return ranking
        given = {name: told[name][0] * standard(np.log(value + FAINT)) for name, value in seen.items()}
        scores = standard(ranking.scores + np.sum(list(given.values()), axis=0))
        views, contributions = {**ranking.views, **seen}, {**ranking.contributions, **given}
        return _sorted(Ranking(ranking.rows, scores, views, contributions, ranking.nearness))


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


def fuse(rows: np.ndarray, seen: dict[str, np.ndarray]) -> Ranking:
    """Candidates ranked by the weighted sum of their standardised views."""
    contributions = {name: WEIGHTS[name] * standard(value) for name, value in seen.items()}
    total = standard(np.sum(list(contributions.values()), axis=0)) if len(rows) else np.zeros(0)
    return _sorted(Ranking(rows, total, seen, contributions))


def _sorted(ranking: Ranking) -> Ranking:
    order = np.argsort(-ranking.scores, kind="stable")
    return Ranking(
        ranking.rows[order],
        ranking.scores[order],
        {name: value[order] for name, value in ranking.views.items()},
        {name: value[order] for name, value in ranking.contributions.items()},
        ranking.nearness,
    )
