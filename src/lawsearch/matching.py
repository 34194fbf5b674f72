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

import os
from collections.abc import Container, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import islice

import numpy as np
from scipy import sparse
from threadpoolctl import threadpool_limits

from lawsearch import views
from lawsearch.bags import spans
from lawsearch.bridges import STEP, Bridges, along, attended, beside, lifted, places, row_of, said, summed
from lawsearch.citation import headed
from lawsearch.concepts import concepts_in
from lawsearch.embedding import Models
from lawsearch.generation import Generation, Group
from lawsearch.instrument import UNKNOWN
from lawsearch.lexicon import words
from lawsearch.provision import Provision
from lawsearch.ranking import Ranking, fuse
from lawsearch.text import normal

#: Candidates of a group by meaning, and by each further view: a whole law, or the top of a whole jurisdiction.
NEAREST, FURTHER = 128, 32
#: The nearest eighth of a group tells how near it is to a question as a whole; a share, for laws differ in length.
NEIGHBOURHOOD = 8
#: Queries that are compared at once, and units whose bridges are found at once.
TOGETHER, CROSSING = 32, 256
#: Units up to which a group is looked at as a whole; of a larger one the indexes say what is near.
BLOCK = 1024


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

    def has(self, view: str) -> bool:
        """Whether it can be compared in a view at all."""
        if view == "concepts":
            return bool(self.concepts.any())
        return len(self.parts) > 0 if view == "parts" else view != "english" or self.english is not None


class Asked:
    """Queries side by side, as they are multiplied with the vectors of units: (q, d) each, zeros where one has none;
    ``parts`` one after another, of each query as many as ``widths`` (q,) says."""

    def __init__(self, queries: Sequence[Query]) -> None:
        self.queries = queries
        self.meaning, self.title, self.concepts = (
            np.stack([getattr(query, name) for query in queries]) for name in ("meaning", "title", "concepts")
        )
        self.parts = np.concatenate([query.parts for query in queries])
        self.widths = np.array([len(query.parts) for query in queries])
        spoken = [query.english for query in queries if query.english is not None]
        nothing = np.zeros_like(spoken[0]) if spoken else np.zeros(1, np.float32)
        self.english = np.stack([nothing if query.english is None else query.english for query in queries])


#: Rows of a group that hold words of a query, best first, and how well; None where they are of another language.
_Words = tuple[np.ndarray, np.ndarray] | None
#: Searches under way: rows of a group that are nearest by a view, best first, and their cosines.
_Sought = Sequence[Future[tuple[np.ndarray, np.ndarray]]]


@dataclass(frozen=True, slots=True)
class _Candidates:
    """What of a group each query is to be compared with: the rows ``chosen`` for it, what ``words`` say of the group,
    and the cosines of the nearest, best first, or None where all that may answer are chosen; ``rows`` are those of all
    queries together."""

    group: Group
    rows: np.ndarray
    words: Sequence[_Words]
    chosen: Sequence[np.ndarray]
    near: Sequence[np.ndarray | None]


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
        #: Asks the indexes of large groups, all of them at once. No thread starts before there is such a group.
        self._pool = ThreadPoolExecutor(os.cpu_count(), "index")

    def query_of(self, row: int, unit: Provision, languages: Container[str] | None = None) -> Query:
        """The query that the indexed unit at ``row`` is; its words, which take the most time, only where its language
        is one of ``languages``, those that are asked, if these are given."""
        g = self.generation
        english = g.english.vectors[row]
        whole, heading = g.bags.row(row), g.bags.vector(concepts_in(unit.heading, unit.language))
        return Query(
            meaning=g.whole.vectors[row],
            title=g.title.vectors[row],
            parts=g.parts[g.offsets[row] : g.offsets[row + 1]],
            english=english if english.any() else None,
            words=g.lexicon.rarest(views.vocabulary(unit)) if languages is None or unit.language in languages else (),
            concepts=whole,
            about=heading if heading.any() else whole,
            language=unit.language,
            row=row,
        )

    def query_of_text(self, models: Models, text: str, language: str) -> Query:
        """The query that a free text in ``language`` (or ``unknown``) is."""
        clean, (heading, body) = normal(text), headed(text)
        lines = [line for line in views.parts(body) if line != clean]
        vectors = models.multilingual.encode([clean, *filter(None, [heading]), *lines])
        first = 1 + bool(heading)
        parts = vectors[first:] if lines else vectors[:1]
        # Too short to tell is read as English by the English signals only if it is plain ASCII.
        spoken = "en" if language == UNKNOWN and clean.isascii() else language
        english = models.english.encode([clean])[0] if models.english and spoken == "en" else None
        found = self.generation.lexicon.rarest(words(clean, spoken))
        bags = self.generation.bags
        whole, about = bags.vector(views.named(clean, heading, spoken)), bags.vector(concepts_in(heading, spoken))
        about = about if about.any() else whole
        return Query(vectors[0], vectors[first - 1], parts, english, found, whole, about, spoken)

    def hubness(self, rows: np.ndarray, language: str) -> np.ndarray:
        """How near units are to everything in a language; of one without texts, their mean."""
        column = self._column.get(language)
        table = self.generation.hubness[rows]
        return table[:, column] if column is not None else table.mean(axis=1)

    def rank(self, query: Query, groups: Sequence[Group], mask: np.ndarray | None = None) -> list[Ranking]:
        """The units of each of ``groups`` worth a closer look, by the fused views, before any bridging.

        ``mask`` (n,) bool says which rows may answer; None: all.
        """
        (found,) = self.ranks([query], groups, mask)
        return found

    def ranks(
        self, queries: Iterable[Query], groups: Sequence[Group], mask: np.ndarray | None = None
    ) -> Iterator[list[Ranking]]:
        """As ``rank``, for one query after another; a group that is not large is compared with many at once."""
        # What many queries are to be compared with in a large group has little in common, and is all in memory at once.
        large = sum(group.stop - group.start > BLOCK for group in groups)
        left = iter(queries)
        while some := list(islice(left, max(1, TOGETHER // (1 + large)))):
            asked = Asked(some)
            # Small groups are looked through while the indexes of the large ones are searched.
            sought = [[self._sought(query, group, mask) for query in some] for group in groups]
            held = [self._held(query, groups) for query in some]
            looked = [
                self._candidates(asked, group, [own.get(group.name) for own in held], searches, mask)
                for group, searches in zip(groups, sought, strict=True)
            ]
            yield from self._compared(asked, looked)

    def _held(self, query: Query, groups: Sequence[Group]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """By name of each group of the query's language: its rows that hold words of the query, and how well."""
        own = [group for group in groups if group.language == query.language]
        # To look for many words takes about as long in all small groups together as in one of them.
        small = [group for group in own if group.stop - group.start <= BLOCK]
        size = sum(group.stop - group.start for group in small)
        search = self.generation.lexicon.search
        rows, scores = search(query.words, [group.name for group in small], size)
        found = {}
        for group in small:
            there = np.flatnonzero((group.start <= rows) & (rows < group.stop))[: 4 * NEAREST]
            found[group.name] = rows[there], scores[there]
        return found | {g.name: search(query.words, [g.name], 4 * NEAREST) for g in own if g not in small}

    def _candidates(
        self,
        asked: Asked,
        group: Group,
        words: Sequence[_Words],
        sought: Sequence[_Sought],
        mask: np.ndarray | None,
    ) -> _Candidates:
        """The units of a group that each of the queries is to be compared with."""
        size = group.stop - group.start
        if size <= NEAREST:
            # Every unit is a candidate.
            rows = np.arange(group.start, group.stop)
            rows = rows if mask is None else rows[mask[rows]]
            return _Candidates(group, rows, words, [rows] * len(words), [None] * len(words))
        if size <= BLOCK:
            found = self._sifted(asked, group, words, mask)
        else:
            found = [self._nearest(*one, mask=mask) for one in zip(asked.queries, words, sought, strict=True)]
        chosen = [own for own, _ in found]
        rows = chosen[0] if len(chosen) == 1 else np.unique(np.concatenate(chosen))
        return _Candidates(group, rows, words, chosen, [near for _, near in found])

    def _compared(self, asked: Asked, looked: Sequence[_Candidates]) -> Iterator[list[Ranking]]:
        """For each of the queries, its candidates in each group ranked by all views."""
        if not looked:
            yield from ([] for _ in asked.queries)
            return
        rows = np.concatenate([own.rows for own in looked])
        cosines = self.generation.whole.vectors[rows] @ asked.meaning.T
        tables = self._tables(asked, rows, cosines)
        starts = np.cumsum([0, *(len(own.rows) for own in looked)]).tolist()
        rankings, seen, nearness = [], [], []
        for i, query in enumerate(asked.queries):
            overlap = np.zeros(len(self.generation.ids), np.float32)
            has = {name: table[:, i] for name, table in tables.items() if query.has(name)}
            for own, start in zip(looked, starts, strict=False):
                group, chosen = own.group, own.chosen[i]
                place: slice | np.ndarray = slice(start, start + len(own.rows))
                if len(chosen) < len(own.rows):
                    place = start + np.searchsorted(own.rows, chosen)
                views = {
                    name: table[place] for name, table in has.items() if name != "english" or group.language == "en"
                }
                if (words := own.words[i]) is not None:
                    overlap[words[0]] = words[1]
                    views["words"] = overlap[chosen]
                near = own.near[i]
                if near is None:
                    near = np.sort(cosines[place, i])[::-1]
                rankings.append(chosen)
                seen.append(views)
                # The whole of CSLS: among what is near to everything in the group, or in another language, near is no
                # news.
                around = near[: max(1, (group.stop - group.start) // NEIGHBOURHOOD)]
                nearness.append(float(views["meaning"].max() - around.mean()) if len(chosen) else 0.0)
        fused = fuse(rankings, seen, nearness)
        for at in range(0, len(fused), len(looked)):
            yield fused[at : at + len(looked)]

    def _tables(self, asked: Asked, rows: np.ndarray, cosines: np.ndarray) -> dict[str, np.ndarray]:
        """What each view says of units and queries, but for words, each (len(rows), len(queries))."""
        g = self.generation
        hubs = self._hubs(asked, rows)
        tables = {"meaning": 2 * cosines - hubs, "title": g.title.vectors[rows] @ asked.title.T}
        if asked.widths.any():
            counts = g.offsets[rows + 1] - g.offsets[rows]
            parts = g.parts[spans(g.offsets[rows], counts)]
            tables["parts"] = 2 * late(parts, counts, asked.parts, asked.widths) - directions(asked.widths) * hubs
        if asked.english.any():
            tables["english"] = g.english.vectors[rows] @ asked.english.T
        return {**tables, "concepts": g.bags.table(asked.concepts, rows)}

    def _hubs(self, asked: Asked, rows: np.ndarray) -> np.ndarray:
        """The hubness of units as each of the queries sees it, shape (len(rows), len(queries))."""
        known = {language: self.hubness(rows, language) for language in {q.language for q in asked.queries}}
        return np.stack([known[query.language] for query in asked.queries], axis=1)

    def _sifted(
        self, asked: Asked, group: Group, words: Sequence[_Words], mask: np.ndarray | None
    ) -> list[tuple[np.ndarray, np.ndarray]]:
        """As ``_nearest``, of all queries at once, by a look at all units of a group."""
        g, span = self.generation, slice(group.start, group.stop)
        barred = 0.0 if mask is None else np.where(mask[span], 0.0, -np.inf)[:, None]
        cosines = g.whole.vectors[span] @ asked.meaning.T + barred
        hubs = self._hubs(asked, np.arange(group.start, group.stop))
        titles = g.title.vectors[span] @ asked.title.T + barred
        spoken = group.language == "en" and asked.english.any()
        english = g.english.vectors[span] @ asked.english.T + barred if spoken else None
        chosen = []
        for i, (query, found) in enumerate(zip(asked.queries, words, strict=True)):
            near = _top(cosines[:, i], 2 * NEAREST)
            best = near[np.argsort(hubs[near, i] - 2 * cosines[near, i], kind="stable")[:NEAREST]]
            further = [best, _top(titles[:, i], FURTHER)]
            if english is not None and query.has("english"):
                further.append(_top(english[:, i], FURTHER))
            rows = [group.start + own for own in further]
            if found is not None:
                rows.append((found[0] if mask is None else found[0][mask[found[0]]])[:FURTHER])
            chosen.append((np.unique(np.concatenate(rows)), cosines[near, i]))
        return chosen

    def _sought(self, query: Query, group: Group, mask: np.ndarray | None) -> _Sought:
        """The searches of what is nearest to a query in a large group, by meaning and by each further view; none of a
        group that is looked at as a whole."""
        if group.stop - group.start <= BLOCK:
            return ()
        g = self.generation
        wanted = [(g.whole, query.meaning, 2 * NEAREST), (g.title, query.title, FURTHER)]
        if query.english is not None and group.language == "en":
            wanted.append((g.english, query.english, FURTHER))
        return [self._pool.submit(index.search, vector, group.name, most, mask) for index, vector, most in wanted]

    def _nearest(
        self, query: Query, words: _Words, sought: _Sought, mask: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray]:
        """The rows of a large group that are nearest to a query by any view, and the cosines of the nearest, best
        first."""
        (near, cosines), *others = [search.result() for search in sought]
        best = np.argsort(self.hubness(near, query.language) - 2 * cosines, kind="stable")[:NEAREST]
        further = [near[best], *(rows for rows, _ in others)]
        if words is not None:
            further.append((words[0] if mask is None else words[0][mask[words[0]]])[:FURTHER])
        return np.unique(np.concatenate(further)), cosines

    def bridges(self, row: int) -> Bridges:
        """What the links of the generation say to the indexed unit at ``row``.

        As ``bridges_of``; for one unit, steps along links take less time than products of matrices of all units.
        """
        links, follows = self.generation.links, self.generation.follows
        own, shares = along(links, np.array([row]), np.ones(1, np.float32))
        around = [there for there, same in ((row - 1, row and follows[row - 1]), (row + 1, follows[row])) if same]
        near = np.array([row, *around])
        rows, weights = along(links, near, np.where(near == row, 1, STEP).astype(np.float32))
        before, after = np.append(False, follows)[rows], follows[rows]
        spread = [(own, -shares), (rows, weights)]
        spread += [(rows[before] - 1, STEP * weights[before]), (rows[after] + 1, STEP * weights[after])]
        places, given = (np.concatenate(both) for both in zip(*spread, strict=True))
        beside = summed(places, given, len(follows))
        return Bridges(summed(own, shares, len(follows)), summed(*along(links, own, shares), len(follows)), beside)

    def bridges_of(
        self, rows: Sequence[int], links: sparse.csr_matrix, groups: Sequence[Group] = ()
    ) -> Iterator[Bridges]:
        """What ``links`` say to the indexed units at ``rows``, to one after another; of units of ``groups`` only, where
        that is enough: it takes less time."""
        there = links
        if groups:
            wanted = np.zeros(links.shape[0], np.float32)
            for group in groups:
                wanted[group.start : group.stop] = 1
            there = (links @ sparse.diags(wanted)).tocsr()
            there.eliminate_zeros()
        for at in range(0, len(rows), CROSSING):
            some = rows[at : at + CROSSING]
            shares, reach, near = links[some], links[some] @ there, beside(there, some, self._places)
            for i in range(len(some)):
                yield Bridges(row_of(shares, i), row_of(reach, i), row_of(near, i))

    @cached_property
    def _places(self) -> sparse.csr_matrix:
        return places(self.generation.follows)

    def reached(self, query: Query, exclude: str = "") -> tuple[Bridges, dict[str, Ranking]]:
        """What links say to a text, by the attention that it gives to the nearest units everywhere, the jurisdiction
        ``exclude`` left out; and the rankings by group that were made on the way."""
        groups = [group for group in self.generation.groups.values() if group.jurisdiction != exclude]
        rankings = self.rank(query, groups)
        found = {group.name: ranking for group, ranking in zip(groups, rankings, strict=True)}
        return attended(rankings, self.generation.links), found

    def common(self, query: Query, bridges: Bridges, jurisdictions: Sequence[str]) -> np.ndarray:
        """For each of ``jurisdictions`` the concepts that a query and what it is linked to elsewhere have in common:
        unit vectors of both together, shape (len(jurisdictions), len(keys)), in which what is only said by one of them
        weighs little."""
        shares = bridges.shares[: len(self.generation.ids)]
        rows = np.flatnonzero(shares > 0)
        asked = [self._codes.get(code, -1) for code in jurisdictions]
        elsewhere = self._homes(rows) != np.array(asked)[:, None]
        both = query.concepts + self.generation.bags.means(rows, elsewhere * shares[rows])
        length = np.linalg.norm(both, axis=1, keepdims=True)
        return both / np.where(length, length, 1)

    @cached_property
    def _codes(self) -> dict[str, int]:
        found = dict.fromkeys(group.jurisdiction for group in self.generation.groups.values())
        return {code: place for place, code in enumerate(found)}

    def _homes(self, rows: np.ndarray) -> np.ndarray:
        """The place in ``_codes`` of the jurisdiction of each of ``rows``."""
        groups = self.generation.groups.values()
        codes, stops = np.array([self._codes[g.jurisdiction] for g in groups]), [g.stop for g in groups]
        return codes[np.searchsorted(stops, rows, side="right")]

    def bridged(self, rankings: Sequence[Ranking], bridges: Bridges) -> list[Ranking]:
        """The rankings with what links say of their candidates."""
        return lifted(rankings, [said(ranking, bridges) for ranking in rankings])


def _top(values: np.ndarray, limit: int) -> np.ndarray:
    """The places of the largest values, best first, at most ``limit``; none that is barred."""
    best = np.argpartition(-values, limit)[:limit] if limit < len(values) else np.arange(len(values))
    best = best[np.argsort(-values[best], kind="stable")]
    return best[values[best] > -np.inf]


def directions(widths: np.ndarray) -> np.ndarray:
    """In how many directions the late interaction of a query of so many parts adds up similarities."""
    # A lone sentence says nothing of how much of the other side it covers.
    return 1 + (widths > 1)


def late(parts: np.ndarray, counts: np.ndarray, asked: np.ndarray, widths: np.ndarray) -> np.ndarray:
    """Late interaction, shape (len(counts), len(widths)): each part's best partner on the other side, averaged, in both
    directions; 0 where a side has no parts.

    ``parts`` (p, d) are those of units, as many as ``counts`` says of each; ``asked`` (m, d) those of queries, of each
    as many as ``widths``.
    """
    value = np.zeros((len(counts), len(widths)))
    filled, asking = np.flatnonzero(counts), np.flatnonzero(widths)
    if not len(filled) or not len(asking):
        return value
    counts, widths = counts[filled], widths[asking]
    theirs, ours = np.cumsum(counts) - counts, np.cumsum(widths) - widths
    cosines = parts @ asked.T
    forward = np.add.reduceat(np.maximum.reduceat(cosines, theirs, axis=0), ours, axis=1) / widths
    backward = np.add.reduceat(np.maximum.reduceat(cosines, ours, axis=1), theirs, axis=0) / counts[:, None]
    value[np.ix_(filled, asking)] = forward + (directions(widths) - 1) * backward
    return value
