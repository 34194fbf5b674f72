"""What the HTTP edge serves from: the current generation, exchanged for a newer one while requests go on."""

from __future__ import annotations

import gc
import logging
import os
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lawsearch import views
from lawsearch.alignment import Column
from lawsearch.answer import Answer, Filters
from lawsearch.catalogue import Catalogue, load
from lawsearch.comparison import pieces_of, strengths
from lawsearch.concepts import mentions
from lawsearch.errors import LawsearchError, MetadataError, NotFoundError
from lawsearch.history import Report, of_generation
from lawsearch.instrument import Instrument
from lawsearch.parameter import parameters
from lawsearch.provision import Provision
from lawsearch.reference import cite
from lawsearch.register import Register
from lawsearch.run import unread
from lawsearch.settings import Settings
from lawsearch.store import Entry, Store
from lawsearch.text import normal
from lawsearch.topic import Taxonomy
from lawsearch.turns import Turns
from lawsearch.vocabulary import jurisdictions

if TYPE_CHECKING:
    from lawsearch.generation import Generation
    from lawsearch.search import Searcher

log = logging.getLogger(__name__)
#: Searches that are answered at once (the models take one text at a time, the ranking as many as there are cores),
#: requests that wait for their turn, and for how many seconds. With those for tables and pictures they are fewer than
#: the 40 threads that requests are answered in, so that everything else is still answered.
AT_ONCE, WAITING, PATIENCE = min(4, os.cpu_count() or 1), 12, 5.0
#: Seconds between two looks for a newer generation.
EVERY = 1.0
#: Estimated probability of "no counterpart" from which a jurisdiction is shown as having none.
UNLIKELY = 0.5
#: What the parser says of a document in which it found no provisions: its pages stand for them.
PAGE_WISE = "page-wise"
#: Most parts that are encoded for one comparison: drafted clauses, and lines too short for the index.
ENCODED = 32
#: Vectors of such parts that are kept.
KEPT = 2048
#: What the same concepts, a parameter of one kind and an equal one add to the cosine of two parts; chosen with
#: ``alignment.ABOVE_CHANCE``.
SAME_CONCEPTS, SAME_KIND, SAME_VALUE = 0.06, 0.03, 0.03
#: What an explanation may be of, by how eIds name it; those of acts that stand behind a law have numbers of their own.
_EXPLAINED, _FOREIGN = ("sec", "art"), "amend_"
Encode = Callable[[list[str]], np.ndarray]


def _explicable(unit: Provision) -> str:
    """The number by which an explanation names a section or article, in its eId; empty where nothing would."""
    name, _, number = unit.eid.rsplit("__", 1)[-1].partition("_")
    return "" if unit.parent or name not in _EXPLAINED or unit.eid.startswith(_FOREIGN) else number


@dataclass(frozen=True)
class View:
    """One generation as a request sees it, with the facts of its corpus that every page needs counted once."""

    searcher: Searcher
    catalogue: Catalogue = field(default_factory=Catalogue)
    index_dir: Path = Path("index")
    instruments: dict[str, Instrument] = field(init=False)
    entries: tuple[Entry, ...] = field(init=False)
    units: Counter[str] = field(init=False)
    facets: dict[str, Counter[str]] = field(init=False)
    _stores: threading.local = field(init=False, default_factory=threading.local)
    _vectors: dict[str, np.ndarray] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        entries = tuple(self.store.entries())
        instruments = self.store.instruments()
        units: Counter[str] = Counter()
        for entry in entries:
            units[instruments[entry.instrument.id].jurisdiction] += entry.units
        facets: dict[str, Counter[str]] = {
            name: Counter(getattr(i, name) for i in instruments.values())
            for name in ("jurisdiction", "force", "kind", "status")
        }
        facets["language"] = Counter(entry.language for entry in entries)
        generation = self.searcher.generation
        found = (generation.about > 0).sum(axis=0)
        facets["topic"] = Counter(dict(zip(self.taxonomy.topics, found.A1.tolist(), strict=True)))
        for name, value in (("entries", entries), ("instruments", instruments), ("units", units), ("facets", facets)):
            object.__setattr__(self, name, value)

    def rehearse(self) -> None:
        """Answer once what people ask, in every language: nobody shall wait for registers, tables of words, kernels and
        pages of files that are only there once they were needed."""
        _ = self.register, self.changes
        generation = self.searcher.generation
        self.searcher.counterparts_of_text("notify a personal data breach", limit=1)
        for group in generation.groups.values():
            unit = self.store.provision(generation.ids[group.start])
            self.searcher.counterparts(unit, Filters(topics=tuple(self.taxonomy.topics)[:1]), limit=1)
            self.searcher.counterparts(unit, limit=1)
            column = Column(language=unit.language, parts=pieces_of(unit, self.store.children(unit)))
            self.nearness([(unit, column)])
            strengths(column)
            cite(unit.citation, self.register, self.store)

    @property
    def store(self) -> Store:
        """The generation's store, opened once a thread: requests neither wait for each other nor for the searcher."""
        found = getattr(self._stores, "store", None)
        if found is None:
            try:
                found = Store(self.searcher.generation.store.path, read_only=True)
            except NotFoundError:
                # Pruned while it is still being served: the file that the generation opened stays readable.
                found = self.searcher.generation.store
            self._stores.store = found
        return found

    @property
    def taxonomy(self) -> Taxonomy:
        """The topics that the generation was made with."""
        return self.searcher.generation.taxonomy

    @cached_property
    def register(self) -> Register:
        """What its instruments and units are called in citations."""
        known = (entry.instrument for entry in self.catalogue.entries)
        return Register(self.instruments, known, self.searcher.generation.ids)

    @cached_property
    def changes(self) -> Report | None:
        """What it changed against the generation before; None where nothing is known of one before."""
        return of_generation(self.searcher.generation.store.path.parent)

    def unread(self) -> dict[str, list[str]]:
        """The names of the files that the last run could not read, by jurisdiction."""
        # Asked each time: a night in which nothing could be read makes no generation.
        found = unread(self.index_dir)
        return {code: [re.split(r"[/\\]", one.path)[-1] for one in documents] for code, documents in found.items()}

    def unreadable(self) -> list[str]:
        """The jurisdictions of which there are files, but no provisions could be told in any of them: unread, or kept
        page by page."""
        texts: dict[str, bool] = dict.fromkeys(self.unread(), False)
        for entry in self.entries:
            code = self.instruments[entry.instrument.id].jurisdiction
            texts[code] = texts.get(code, False) or PAGE_WISE not in entry.report.get("flags", ())
        return [code for code, told in texts.items() if not told]

    @property
    def main_field(self) -> str:
        """The field of law that most of the corpus is about; empty without topics."""
        sums = {f: sum(self.facets["topic"][t.id] for t in self.taxonomy.of(f)) for f in self.taxonomy.fields}
        return max(sums, key=lambda f: sums[f], default="")

    def topics_of(self, provision: Provision) -> list[tuple[str, float]]:
        """What a provision is about, with scores, surest first; of a part of a section nothing is said."""
        row = self.searcher.generation.rows.get(provision.id)
        return [] if row is None else self.searcher.generation.topics_of(row)

    @property
    def name(self) -> str:
        return self.searcher.generation.name

    def instrument(self, key: str) -> tuple[Instrument, list[Entry]]:
        """An instrument and its expressions, by its id (``/akn/sg/act/2012/26``). Raises NotFoundError."""
        key = "/" + key.strip("/")
        if key not in self.instruments:
            raise NotFoundError(f"no instrument {key!r} in the corpus", "Its list is at /instruments")
        return self.instruments[key], [e for e in self.entries if e.instrument.id == key]

    def provision(self, key: str) -> Provision:
        """A provision by its id, or by a short form that fits only one. Raises NotFoundError."""
        key = "/" + key.strip("/")
        try:
            return self.store.provision(key)
        except NotFoundError:
            return self.store.resolve(key)

    def above(self, provision: Provision) -> list[Provision]:
        """The provisions it stands in, outermost first."""
        found: list[Provision] = []
        while provision.parent:
            provision = self.store.provision(f"{provision.instrument}/{provision.language}/~{provision.parent}")
            found.insert(0, provision)
        return found

    def neighbours(self, provision: Provision) -> tuple[Provision | None, Provision | None]:
        """The provision before and the one after it, on its own level."""
        return self.store.beside(provision)

    def explanation(self, unit: Provision) -> Provision | None:
        """What the text itself says in explanation of one of its sections or articles, where it does."""
        number = _explicable(unit)
        try:
            key = f"{unit.instrument}/{unit.language}/~explanation_{number}"
            return self.store.provision(key) if number else None
        except NotFoundError:
            return None

    def explained(self, provision: Provision) -> Provision | None:
        """The section or article that a provision explains."""
        if provision.kind != "explanation":
            return None
        number = provision.eid.removeprefix("explanation_")
        units = self.store.contents(provision.instrument, provision.language)
        return next((unit for unit in units if _explicable(unit) == number), None)

    def state(self, answer: Answer) -> str:
        """What an answer says of its jurisdiction: ``found``, ``unlikely``, ``filtered`` or ``no text``."""
        if answer.units == 0:
            return "filtered" if self.units[answer.jurisdiction] else "no text"
        return "found" if answer.hits and answer.no_counterpart < UNLIKELY else "unlikely"

    def complete(self, answers: tuple[Answer, ...], *, without: str = "") -> list[Answer]:
        """The answers, and one without text for each member state that they do not name, ``without`` excepted."""
        named = {a.jurisdiction for a in answers} | {without}
        missing = [c for c, j in jurisdictions().items() if j.member and c not in named]
        return [*answers, *(Answer(jurisdiction=c, hits=(), no_counterpart=1.0, units=0) for c in missing)]

    def nearness(self, sources: Sequence[tuple[Provision | None, Column]]) -> np.ndarray:
        """How near the parts of several texts are, each of a provision or None; see the function ``nearness``."""
        units = [(p and (self.above(p) or [p])[0], column) for p, column in sources]
        return nearness(self.searcher.generation, units, self._encode)

    def _encode(self, texts: list[str]) -> np.ndarray:
        """Vectors of short texts, kept for when the same comparison is drawn again."""
        kept = dict(self._vectors)
        missing = [text for text in dict.fromkeys(texts) if text not in kept]
        if missing:
            kept.update(zip(missing, self.searcher.models.multilingual.encode(missing), strict=True))
            object.__setattr__(self, "_vectors", kept if len(kept) <= KEPT else {})
        return np.stack([kept[text] for text in texts])

    def same_subject(
        self, first: Provision | str, others: Sequence[Provision], limit: int
    ) -> tuple[list[float | None], str]:
        """The matcher's scores of ``others`` as counterparts of ``first`` (a clause, where it is a text), None where
        one is not among the ``limit`` best of its jurisdiction; and the language of ``first``."""
        # Only the jurisdictions are filtered, so that a score is the one that lists of counterparts show.
        codes = dict.fromkeys(self.instruments[p.instrument].jurisdiction for p in others)
        filters = Filters(jurisdictions=tuple(codes))
        if isinstance(first, str):
            answers = self.searcher.counterparts_of_text(first, filters, limit=limit)
        else:
            answers = self.searcher.counterparts(first, filters, limit=limit)
        scores = {h.provision.id: h.score for a in answers.answers for h in a.hits}
        return [scores.get(p.id) for p in others], answers.language


def nearness(
    generation: Generation, sources: Sequence[tuple[Provision | None, Column]], encode: Encode | None = None
) -> np.ndarray:
    """How near the parts of several texts are to each other in meaning, all parts in order, NaN where unknown.

    Cosines of vectors, and a little more where two parts name the same concepts or set the same parameter. Each text
    comes with the indexed provision that it stands in, or None. The vectors of the index serve where a part is made
    of lines that it holds; the others are encoded by ``encode``, as many as ``ENCODED``.
    """
    vectors: list[np.ndarray | None] = []
    for unit, column in sources:
        lines = _lines(generation, unit)
        for part in column.parts:
            known = [lines[line] for line in views.parts(part.text) if line in lines]
            vectors.append(np.mean(known, axis=0) if known else None)
    texts = [normal(part.text) for _, column in sources for part in column.parts]
    missing = [i for i, v in enumerate(vectors) if v is None and any(map(str.isalnum, texts[i]))][:ENCODED]
    if missing and encode:
        for i, vector in zip(missing, encode([texts[i] for i in missing]), strict=True):
            vectors[i] = vector
    found = np.full((len(vectors), generation.parts.shape[1]), np.nan, np.float32)
    for i, given in enumerate(vectors):
        if given is not None:
            found[i] = given / max(float(np.linalg.norm(given)), 1e-9)
    spoken = [(part.text, column.language) for _, column in sources for part in column.parts]
    bags = np.stack([generation.bags.vector(Counter(key for _, _, key in mentions(*one))) for one in spoken])
    values = [{(p.kind, p.value, p.unit) for p in parameters(*one)} for one in spoken]
    kinds = [{kind for kind, _, _ in row} for row in values]
    alike = SAME_VALUE * _meeting(values) + SAME_KIND * _meeting(kinds)
    return found @ found.T + SAME_CONCEPTS * (bags @ bags.T) + alike


def _meeting(sets: Sequence[set]) -> np.ndarray:
    """1 where two of the sets have something in common, else 0, shape (n, n)."""
    places = {key: i for i, key in enumerate(set().union(*sets))}
    held = np.zeros((len(sets), len(places)), np.float32)
    for row, found in enumerate(sets):
        held[row, [places[key] for key in found]] = 1
    return (held @ held.T > 0).astype(np.float32)


def _lines(generation: Generation, unit: Provision | None) -> dict[str, np.ndarray]:
    """The vectors of the lines of an indexed provision."""
    row = generation.rows.get(unit.id) if unit else None
    if unit is None or row is None:
        return {}
    lines = views.parts(unit.text)
    start, stop = generation.offsets[row : row + 2]
    if stop - start != len(lines):
        return {}
    return dict(zip(lines, generation.parts[start:stop], strict=True))


def _settle() -> None:
    """Set what has been loaded apart from what the garbage collector looks through: models and tables are a million
    objects that stay, and looking at all of them now and then kept a request waiting for a quarter of a second."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def _warm(view: View) -> None:
    try:
        view.rehearse()
        _settle()
    except Exception:
        log.exception("the rehearsal ended early")


class Service:
    """Holds the view being served. Safe to use from many threads."""

    def __init__(self, settings: Settings, searcher: Searcher | None = None) -> None:
        """Serve ``searcher``, or else what ``settings`` name, opened at the first request."""
        self.settings = settings
        self.turns = Turns("searches", AT_ONCE, WAITING, PATIENCE)
        self._view = self._rehearsed(searcher) if searcher else None
        self._looked = 0.0
        self._opening = threading.Lock()
        self._refreshing = threading.Lock()

    def view(self) -> View:
        """The current generation; a newer one is opened beside it and takes over for later requests.

        Raises GenerationError where nothing has been built yet.
        """
        view = self._view
        if view is None:
            with self._opening:
                if self._view is None:
                    self._view = self._viewed(self._open())
                    # Who asks at once is answered at once, if a little later than those after the rehearsal.
                    threading.Thread(target=_warm, args=[self._view], name="lawsearch-rehearsal", daemon=True).start()
                return self._view
        now = time.monotonic()
        if now - self._looked >= EVERY and self._refreshing.acquire(blocking=False):
            self._looked = now
            threading.Thread(target=self._refresh, args=[view], name="lawsearch-refresh", daemon=True).start()
        return view

    def _refresh(self, view: View) -> None:
        try:
            if view.searcher.stale():
                self._view = self._rehearsed(view.searcher.renewed())
                _settle()
                log.info("now serving generation %s", self._view.name)
        except LawsearchError as error:
            log.warning("the newer generation cannot be served: %s", error)
        except Exception:
            log.exception("the newer generation cannot be served")
        finally:
            self._refreshing.release()

    def _viewed(self, searcher: Searcher) -> View:
        # The catalogue belongs to no generation; a new one is the time to look at it again.
        try:
            catalogue = load(self.settings.catalogue_dir)
        except MetadataError as error:
            log.warning("the catalogue cannot be shown: %s", error)
            catalogue = Catalogue()
        return View(searcher, catalogue, self.settings.index_dir)

    def _rehearsed(self, searcher: Searcher) -> View:
        view = self._viewed(searcher)
        view.rehearse()
        return view

    def _open(self) -> Searcher:
        # Imported here: it loads the models' libraries, which the edge itself does not need.
        from lawsearch.search import Searcher

        return Searcher.open(self.settings)
