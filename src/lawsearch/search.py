"""Search and counterparts over one generation: the questions people ask, answered by jurisdiction."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from heapq import merge
from itertools import islice, repeat

import numpy as np

from lawsearch import milvus, views
from lawsearch.answer import Answer, Answers, Filters, Hit, Reasons
from lawsearch.bags import spans
from lawsearch.bridges import Bridges, between
from lawsearch.concepts import concepts_in, label
from lawsearch.confidence import Evidence, doubts, evidence, no_counterpart, returned
from lawsearch.embedding import Models, load_models
from lawsearch.errors import GenerationError, QueryError
from lawsearch.former import Former
from lawsearch.generation import Generation, Group, current_name
from lawsearch.grading import Choice, grade, linked, unasked
from lawsearch.instrument import Instrument
from lawsearch.integrity import damages
from lawsearch.journal import Version
from lawsearch.language import detect
from lawsearch.lexicon import held
from lawsearch.matching import Matcher, Query
from lawsearch.provision import Provision
from lawsearch.ranking import NOTHING, Ranking
from lawsearch.settings import Settings
from lawsearch.text import digits, normal
from lawsearch.vocabulary import jurisdictions

#: Words that two sides share are shown up to this many, rarest first.
TERMS = 6
#: So many provisions are kept as read.
UNITS = 4096
#: So many texts are kept as understood: the same text is asked again with other filters.
KEPT = 16


def _sound(generation: Generation) -> Generation:
    """The generation where its files are what was built. Raises GenerationError naming those that are not."""
    wrong = list(damages(generation.store.path.parent))
    if wrong:
        generation.close()
        raise GenerationError(f"the index is damaged: {'; '.join(map(str, wrong))}", "Try: lawsearch verify --repair")
    return generation


@dataclass(frozen=True, slots=True)
class _Found:
    """What may become a hit: its row, what the question says of it, and its ranking."""

    row: int
    there: Choice
    ranking: Ranking


@dataclass(frozen=True, slots=True)
class _Unit:
    """A provision with its parts, its words as they are looked for, and its topics."""

    provision: Provision
    lines: list[str]
    lowered: str
    topics: tuple[str, ...]


class Searcher:
    """Answers over one generation. Safe to use from several threads."""

    def __init__(self, settings: Settings, generation: Generation, models: Models) -> None:
        """Raises GenerationError where the generation was made by other models than the ones given."""
        made_with, given = generation.manifest["models"], models.facts()["models"]
        if made_with != given:
            raise GenerationError(
                f"index {generation.name} was made with the models {made_with}, the settings give {given}",
                "Build it again with these settings (lawsearch index), or go back to the former ones",
            )
        self.settings = settings
        self.generation = generation
        self.models = models
        self._matcher = Matcher(generation)
        self._store = threading.Lock()
        #: A generation does not change: what was read of it is kept.
        self._unit = lru_cache(UNITS)(self._read)
        self._mask = lru_cache(KEPT)(self._allowed)
        self._texts: OrderedDict[tuple[str, str], tuple[str, Query, Bridges, dict[str, Ranking]]] = OrderedDict()
        self._keeping = threading.Lock()

    @classmethod
    def open(cls, settings: Settings) -> Searcher:
        """The current generation with its models loaded. Raises GenerationError, ModelError."""
        generation = _sound(Generation.current(settings.index_dir, milvus.engine(settings.index)))
        with ThreadPoolExecutor(2) as pool:
            models = pool.submit(load_models, settings)
            # The files of models are read outside of Python's lock; the tables of words meanwhile.
            pool.submit(detect, "The breach of a duty.")
            concepts_in("breach", "en")
            return cls(settings, generation, models.result())

    def stale(self) -> bool:
        """Whether a newer generation is current."""
        return current_name(self.settings.index_dir) not in (None, self.generation.name)

    def renewed(self) -> Searcher:
        """A searcher over the current generation with the models already loaded. Raises GenerationError."""
        engine = milvus.engine(self.settings.index)
        return Searcher(self.settings, _sound(Generation.current(self.settings.index_dir, engine)), self.models)

    def search(self, text: str, filters: Filters = Filters(), *, limit: int = 5) -> Answers:
        """Provisions of every jurisdiction that answer ``text``: words, a question, a topic. Raises QueryError."""
        return self.counterparts_of_text(text, filters, limit=limit)

    def counterparts_of_text(self, clause: str, filters: Filters = Filters(), *, limit: int = 5) -> Answers:
        """Provisions of every jurisdiction that correspond to a drafted clause. Raises QueryError.

        Words and clauses are matched alike: a clause only has more parts for the late interaction to compare.
        """
        if not any(c.isalnum() for c in clause):
            raise QueryError("the query has no words", "Type some words or paste a clause")
        if len(clause) > self.settings.max_text:
            raise QueryError(
                f"the text has {len(clause)} characters, {self.settings.max_text} are accepted", "Paste one clause"
            )
        return self._of_text(clause, filters, limit)

    def counterparts(self, source: Provision, filters: Filters = Filters(), *, limit: int = 5) -> Answers:
        """Provisions of every other jurisdiction that correspond to one of the corpus.

        A part of a section (a subsection, a paragraph) is asked about by its own words.
        """
        started = time.perf_counter()
        row = self.generation.rows.get(source.id)
        if filters.as_of and row is not None:
            # What stood under the id then may read otherwise now: it is asked about by the words it had.
            with self._store:
                row = row if self.generation.store.provision(source.id).digest == source.digest else None
        instruments = self._former.instruments if filters.as_of else self.generation.instruments
        home = instruments[source.instrument].jurisdiction
        if row is None:
            text = source.text or source.heading or source.label
            return replace(self._of_text(text, filters, limit, exclude=home), source=source)
        query = self._matcher.query_of(row, source)
        answers = self._answers(query, self._matcher.bridges(row), {}, filters, limit, home)
        return self._result(views.whole(source), source.language, answers, filters, started, source)

    def counterparts_of_each(self, sources: Sequence[Provision], *, limit: int = 5) -> Iterator[tuple[Answer, ...]]:
        """As ``counterparts``, the answers to one indexed unit of an instrument after another: less work than alone,
        and hits without their reasons: no signals, terms, concepts or passage."""
        if not sources:
            return
        g = self.generation
        home = g.instruments[sources[0].instrument].jurisdiction
        groups = [group for group in g.groups.values() if group.jurisdiction != home]
        rows = [g.rows[source.id] for source in sources]
        queries = [self._matcher.query_of(row, source) for row, source in zip(rows, sources, strict=True)]
        ranked, bridged = self._matcher.ranks(queries, groups), self._matcher.bridges_of(rows, g.links)
        for query, rankings, bridges in zip(queries, ranked, bridged, strict=True):
            known = {group.name: ranking for group, ranking in zip(groups, rankings, strict=True)}
            yield tuple(self._answers(query, bridges, known, Filters(), limit, home, reasons=False))

    def ranked(self, asked: Provision | str, instrument: str, language: str) -> tuple[list[str], float]:
        """All provisions of one expression that were considered, best first, and the estimate that none corresponds.

        ``asked`` is an indexed provision or a free text. This is what accuracy is measured on; people get hits.
        """
        query, ranking, bridges, group = self._ranked(asked, instrument, language)
        ids = [self.generation.ids[row] for row in ranking.rows]
        return ids, doubts(self._matcher, query, [ranking], bridges, [group])[0]

    def evidence(self, asked: Provision | str, instrument: str, language: str) -> tuple[bool, Evidence]:
        """What that estimate is made of, for an expression that is not empty: whether the question names concepts, and
        the evidence. This is what the estimate is fitted on."""
        query, ranking, bridges, group = self._ranked(asked, instrument, language)
        return bool(query.concepts.any()), evidence(self._matcher, query, [ranking], bridges, [group])[0]

    def _ranked(self, asked: Provision | str, instrument: str, language: str) -> tuple[Query, Ranking, Bridges, Group]:
        if isinstance(asked, Provision):
            row = self.generation.rows[asked.id]
            query = self._matcher.query_of(row, asked)
            bridges = self._matcher.bridges(row)
        else:
            query = self._matcher.query_of_text(self.models, asked, detect(asked))
            bridges, _ = self._matcher.reached(query)
        mask = self._mask(Filters(instruments=(instrument,), languages=(language,)))
        home = self.generation.instruments[instrument].jurisdiction
        group = self.generation.groups[f"{home}-{language}"]
        (ranking,) = self._matcher.bridged(self._matcher.rank(query, [group], mask), bridges)
        return query, ranking, bridges, group

    # -- from here on: how ---------------------------------------------------------------------------------------

    def _of_text(self, text: str, filters: Filters, limit: int, exclude: str = "") -> Answers:
        started = time.perf_counter()
        language, query, bridges, rankings = self._understood(text, exclude)
        answers = self._answers(query, bridges, rankings, filters, limit, exclude)
        return self._result(normal(text), language, answers, filters, started)

    def _understood(self, text: str, exclude: str) -> tuple[str, Query, Bridges, dict[str, Ranking]]:
        """The language of a text, the query it is, and what ``reached`` says of that."""
        key = (text, exclude)
        with self._keeping:
            if key in self._texts:
                self._texts.move_to_end(key)
                return self._texts[key]
        language = detect(normal(text))
        query = self._matcher.query_of_text(self.models, text, language)
        found = (language, query, *self._matcher.reached(query, exclude))
        with self._keeping:
            self._texts[key] = found
            if len(self._texts) > KEPT:
                self._texts.popitem(last=False)
        return found

    def _answers(
        self,
        query: Query,
        bridges: Bridges,
        rankings: Mapping[str, Ranking],
        filters: Filters,
        limit: int,
        exclude: str,
        *,
        reasons: bool = True,
    ) -> list[Answer]:
        """An answer for each jurisdiction asked for; ``rankings`` are unfiltered ones already made."""
        mask = self._mask(filters)
        groups = list(self.generation.groups.values())
        standing: list[int] = []
        if filters.as_of:
            standing = self._standing(filters)
            groups += self._former.groups()
            bridges = self._former.through(bridges)
        there = {group.jurisdiction for group in groups}
        wanted = filters.jurisdictions or tuple(
            code for code, j in jurisdictions().items() if j.member or code in there
        )
        asked = [code for code in wanted if code != exclude]
        units = dict.fromkeys(asked, 0)
        found: dict[str, list[tuple[Ranking, float]]] = {code: [] for code in asked}
        least = dict.fromkeys(asked, 1.0)
        groups = [group for group in groups if group.jurisdiction in units]
        ranked = self._rankings(query, groups, rankings, mask)
        for i, group in enumerate(groups):
            units[group.jurisdiction] += int(
                mask[group.start : group.stop].sum() if mask is not None else group.stop - group.start
            )
            if standing:
                ranked[i], more = self._former.joined(self._matcher, query, group, ranked[i], standing)
                units[group.jurisdiction] += more
        ranked = self._matcher.bridged(ranked, bridges)
        for group, ranking, missing in zip(groups, ranked, self._doubts(query, ranked, bridges, groups), strict=True):
            least[group.jurisdiction] = min(least[group.jurisdiction], missing)
            found[group.jurisdiction].append((ranking, missing))
        hits = self._hits(query, [self._best(own, limit) for own in found.values()], reasons)
        answers = [
            Answer(jurisdiction=code, hits=own, no_counterpart=least[code], units=units[code])
            for code, own in zip(asked, hits, strict=True)
        ]
        answers.sort(key=lambda a: -(a.hits[0].score if a.hits else -1.0))
        return answers

    def _rankings(
        self, query: Query, groups: Sequence[Group], known: Mapping[str, Ranking], mask: np.ndarray | None
    ) -> list[Ranking]:
        """The groups' rankings, those that are ``known`` without a mask, and nothing of a group that has nothing."""
        found = dict(known) if mask is None else {}
        # A group of former wordings has no rows of today.
        filled = [group for group in groups if group.stop > group.start]
        new = [g for g in filled if g.name not in found and (mask is None or mask[g.start : g.stop].any())]
        found |= {group.name: own for group, own in zip(new, self._matcher.rank(query, new, mask), strict=True)}
        return [found.get(group.name, NOTHING) for group in groups]

    @cached_property
    def _former(self) -> Former:
        with self._store:
            return Former(self.generation)

    def _standing(self, filters: Filters) -> list[int]:
        """The former wordings that a question as of a day is answered from."""
        about = None
        if filters.topics:
            about = np.any([self.generation.about_topic(topic) > 0 for topic in filters.topics], axis=0)

        def fits(version: Version, instrument: Instrument) -> bool:
            return _fits(filters, instrument) and (not filters.languages or version.language in filters.languages)

        return self._former.standing(filters.as_of, fits, about)

    def _doubts(
        self, query: Query, rankings: Sequence[Ranking], bridges: Bridges, groups: Sequence[Group]
    ) -> list[float]:
        """The estimates that there is no counterpart, whether the candidates are of today or not."""
        past = [bool((ranking.rows >= len(self.generation.ids)).any()) for ranking in rankings]
        today = [NOTHING if of_then else ranking for of_then, ranking in zip(past, rankings, strict=True)]
        found = doubts(self._matcher, query, today, bridges, groups)
        for i in np.flatnonzero(past).tolist():
            found[i] = self._doubt_then(query, rankings[i], bridges, groups[i])
        return found

    def _doubt_then(self, query: Query, ranking: Ranking, bridges: Bridges, group: Group) -> float:
        """The estimate where there are former wordings among the candidates."""
        past = ranking.rows >= len(self.generation.ids)
        former, bags = self._former, self.generation.bags
        (common,) = self._matcher.common(query, bridges, [group.jurisdiction])
        core = [*former.cosines(common, ranking.rows[past]), *bags.cosines(common, ranking.rows[~past])]
        best = int(ranking.rows[0])
        named = former.bag(best) if past[0] else bags.row(best)
        about = float(((named > 0) * query.about**2).sum())
        g = self.generation
        at = former.now(best) if past[0] else best
        law = max(about, bags.named(query.about, *g.text_of(at))) if at >= 0 else about
        (mutual,) = returned(self._matcher, query.row, [at], [group]) if query.row is not None and at >= 0 else [None]
        found = Evidence(float(max(core)), about, law, ranking.nearness, mutual)
        return no_counterpart(query, found, group.jurisdiction)

    def _allowed(self, filters: Filters) -> np.ndarray | None:
        """Which rows the filters allow; None where they allow all that is asked of the jurisdictions."""
        f = replace(filters, jurisdictions=())
        if f == Filters():
            return None
        g = self.generation
        fits = {key: _fits(f, i) for key, i in g.instruments.items()}
        mask = np.repeat([fits[key] for key, _, _ in g.runs], np.diff(g.ids.texts))
        if f.topics:
            for topic in f.topics:
                if topic not in g.taxonomy.topics:
                    raise QueryError(f"topic {topic!r} is not known", "Those of the index: lawsearch topics")
            mask &= np.any([g.about_topic(topic) > 0 for topic in f.topics], axis=0)
        if f.as_of:
            mask &= self._former.since <= f.as_of
        if f.languages:
            for group in g.groups.values():
                if group.language not in f.languages:
                    mask[group.start : group.stop] = False
        return mask

    def _best(self, rankings: Sequence[tuple[Ranking, float]], limit: int) -> list[_Found]:
        """The best of rankings, each with the estimate that there is no counterpart in its group; no section twice."""
        chosen: dict[tuple[str, str], _Found] = {}
        for one in merge(*(_offered(*own, 2 * limit) for own in rankings), key=lambda one: -one.there.score):
            now = one.row < len(self.generation.ids)
            key = self.generation.ids[one.row] if now else self._former.version(one.row).provision
            work, eid = key.split("/~", 1)
            # The same section in two languages is one counterpart; the language that answers best shows it.
            chosen.setdefault((work.rsplit("/", 1)[0], eid), one)
            if len(chosen) == limit:
                break
        return list(chosen.values())

    def _hits(self, query: Query, chosen: Sequence[Sequence[_Found]], reasons: bool) -> list[tuple[Hit, ...]]:
        """The hits of each jurisdiction, of what was ``chosen`` in it."""
        every = [one for own in chosen for one in own]
        rows = np.array([one.row for one in every], np.int64)
        units = [self._unit(row) for row in rows.tolist()]
        why = self._reasons(query, every, rows, units) if reasons else repeat(Reasons())
        hits = map(self._hit, every, units, self._back(query, every, rows), why)
        return [tuple(islice(hits, len(own))) for own in chosen]

    def _hit(self, one: _Found, unit: _Unit, back: Choice, reasons: Reasons) -> Hit:
        former = None if one.row < len(self.generation.ids) else self._former.version(one.row)
        instruments = self._former.instruments if former else self.generation.instruments
        return Hit(
            provision=unit.provision,
            instrument=instruments[unit.provision.instrument],
            score=one.there.score,
            grade=grade(one.there, back),
            topics=unit.topics,
            until=former.until if former else "",
            **reasons,
        )

    def _reasons(
        self, query: Query, found: Sequence[_Found], rows: np.ndarray, units: Sequence[_Unit]
    ) -> Iterator[Reasons]:
        """Why each of what was found answers."""
        # Words worth naming where both sides share them: any within one language, those with digits (hours, amounts)
        # across languages.
        numbers = [w for w in query.words if any(map(str.isdigit, w))]
        telling = [w for w in query.words if len(w) > 3 or not w.isascii() or w in numbers]
        passages, shared = self._passages(query, rows, units), self._shared(query, rows)
        for one, unit, passage, keys in zip(found, units, passages, shared, strict=True):
            yield Reasons(
                signals=one.ranking.signals(one.there.rank - 1),
                terms=held(telling if unit.provision.language == query.language else numbers, unit.lowered, TERMS),
                concepts=tuple(label(key, query.language) for key in keys),
                passage=passage,
            )

    def _back(self, query: Query, found: Sequence[_Found], rows: np.ndarray) -> list[Choice]:
        """What each hit says of the question, by its links to the question's own text."""
        if query.row is None:
            named = bool(query.concepts.any())
            return [unasked(one.there, named) for one in found]
        g = self.generation
        now = np.array([row if row < len(g.ids) else self._former.now(row) for row in rows.tolist()], np.int64)
        start, stop = g.text_of(query.row)
        # Links are of both directions: what a unit says of others is in its row.
        links = iter(between(g.links, now[now >= 0], start, stop))
        return [
            unasked(one.there) if row < 0 else linked(next(links), query.row - start, one.there.doubt)
            for one, row in zip(found, now.tolist(), strict=True)
        ]

    def _read(self, row: int) -> _Unit:
        with self._store:
            store = self.generation.store
            now = row < len(self.generation.ids)
            if now:
                provision = store.provision(self.generation.ids[row])
            else:
                provision = store.journal.read(self._former.version(row))[0]
        topics = tuple(key for key, _ in self.generation.topics_of(row)) if now else ()
        return _Unit(provision, views.parts(provision.text), digits(views.whole(provision)).lower(), topics)

    def _passages(self, query: Query, rows: np.ndarray, units: Sequence[_Unit]) -> list[str]:
        """The part of each provision that is nearest to any part of the query."""
        # What is too short for parts is compared as a whole.
        asked = query.parts if len(query.parts) else query.meaning[None]
        vectors, counts = self._parts(rows)
        nearest = (vectors @ asked.T).max(axis=1)
        found, stops = [], np.cumsum(counts)
        for unit, count, stop in zip(units, counts.tolist(), stops.tolist(), strict=True):
            if unit.lines and len(unit.lines) == count:
                found.append(unit.lines[int(nearest[stop - count : stop].argmax())])
            else:
                found.append(normal(unit.provision.text))
        return found

    def _parts(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The vectors of the parts of units, one after another, and how many each has."""
        g = self.generation
        if (rows < len(g.ids)).all():
            counts = g.offsets[rows + 1] - g.offsets[rows]
            return g.parts[spans(g.offsets[rows], counts)], counts
        each = [g.parts[slice(*g.offsets[row : row + 2])] if row < len(g.ids) else self._former.lines(row)
                for row in rows.tolist()]  # fmt: skip
        return np.concatenate(each), np.array([len(own) for own in each])

    def _shared(self, query: Query, rows: np.ndarray) -> list[list[str]]:
        """The concepts that the query and each of the units share."""
        today = rows < len(self.generation.ids)
        found = iter(self.generation.bags.shared(query.concepts, rows[today], TERMS))
        return [
            next(found) if now else self._former.shared(query.concepts, row, TERMS)
            for now, row in zip(today.tolist(), rows.tolist(), strict=True)
        ]

    def _result(
        self,
        text: str,
        language: str,
        answers: Sequence[Answer],
        filters: Filters,
        started: float,
        source: Provision | None = None,
    ) -> Answers:
        return Answers(
            text=text,
            language=language,
            answers=tuple(answers),
            generation=self.generation.name,
            took_ms=(time.perf_counter() - started) * 1000,
            source=source,
            filters=filters,
        )


def _offered(ranking: Ranking, doubt: float, most: int) -> Iterator[_Found]:
    """The first of a ranking, at most so many."""
    gaps = (ranking.scores[:1] - ranking.scores[:most]).tolist()
    for place, (row, gap) in enumerate(zip(ranking.rows[:most].tolist(), gaps, strict=True), 1):
        yield _Found(row, Choice(place, gap, doubt), ranking)


def _fits(filters: Filters, instrument: Instrument) -> bool:
    """Whether an instrument is one that the filters let through."""
    tests = (
        (filters.forces, "force"), (filters.kinds, "kind"), (filters.statuses, "status"), (filters.instruments, "id"),
    )  # fmt: skip
    year = instrument.year
    return (
        all(not allowed or getattr(instrument, name) in allowed for allowed, name in tests)
        and (filters.year_from is None or (year is not None and year >= filters.year_from))
        and (filters.year_to is None or (year is not None and year <= filters.year_to))
    )
