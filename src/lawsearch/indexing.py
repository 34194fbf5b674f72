"""Building a generation: embed what is new, link, check, and switch by one rename."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import overload

import numpy as np
from scipy import sparse

import lawsearch
from lawsearch import former, history, integrity, lock, mapped, milvus, orders, topic, vectors, views
from lawsearch.assignment import assign
from lawsearch.bags import Bags, concepts_digest
from lawsearch.embedding import EmbeddingCache, Encoder, Models, spread
from lawsearch.errors import GenerationError
from lawsearch.generation import FORMAT, Generation, Group, generations_dir, labels, prune, remove, switch, tidy
from lawsearch.ids import Ids, text_of
from lawsearch.lexicon import Lexicon
from lawsearch.linking import Progress, hubness, link, relink, silent
from lawsearch.matching import Matcher
from lawsearch.nodes import Nodes
from lawsearch.provision import Provision
from lawsearch.settings import Settings
from lawsearch.store import Store
from lawsearch.topic import Taxonomy
from lawsearch.vectors import Parts, VectorIndex

#: Units of a corpus up to which they are kept in memory while it is built: 110 MB for 28,000 of Singapore's Acts.
KEPT = 30_000
#: Share of the units up to which those that changed are linked with what is there; beyond it all links are made anew.
RELINKED = 0.1
#: Texts whose vectors are in memory together.
STEP = 4096


def build(
    settings: Settings,
    models: Models,
    progress: Progress = silent,
    *,
    force: bool = False,
    embeddings: Path | None = None,
    taxonomy: Taxonomy | None = None,
    check: Callable[[Generation], None] = lambda _: None,
    nodes: Nodes | None = None,
) -> str:
    """Build the next generation of the store and serve it. Returns its name, or the current one's if nothing changed.

    ``embeddings`` is the cache of vectors and ``taxonomy`` what provisions are assigned to, by default the settings'.
    ``check`` is asked before it is served, beside the checks that every generation passes, and raises what it finds.
    ``nodes`` are where texts are embedded, by default here.
    What the operator has rolled back from is not built again of the same input unless ``force`` is given.
    Raises GenerationError where the store is empty or the built generation does not pass its checks, InUseError where
    another process is changing the index; the current one is then served as before.
    """
    if taxonomy is None:
        taxonomy = topic.load(settings.topics_dir)
    engine = milvus.engine(settings.index)
    with lock.alone(settings.index_dir, "index"), Store(settings.store_path) as store:
        facts = {**_facts(store, taxonomy, settings), **models.facts()}
        ordered = orders.load(settings.index_dir)
        current = None if force else _matching(settings.index_dir, facts, ordered, engine)
        if current:
            return current
        folder = generations_dir(settings.index_dir)
        folder.mkdir(parents=True, exist_ok=True)
        tidy(settings.index_dir, engine)
        working = folder / f".building-{os.getpid()}"
        working.mkdir()
        cache = EmbeddingCache(embeddings or settings.embeddings_path, spread(nodes, settings) if nodes else None)
        try:
            progress("snapshot", 0, 1)
            store.snapshot(working / "store.db")
            now = datetime.now(UTC)
            # From here on it is the snapshot that is read, whatever is ingested meanwhile.
            with Store(working / "store.db", read_only=True) as frozen:
                units, groups = rows(frozen)
                if not units:
                    raise GenerationError(
                        f"{settings.store_path} holds no provisions", "Ingest some: lawsearch ingest PATH"
                    )
                manifest = {
                    **facts,
                    "built": now.isoformat(timespec="seconds"),
                    "groups": [asdict(g) for g in groups],
                    "languages": sorted({g.language for g in groups}),
                    "counts": frozen.counts(),
                    # What it changed is what happened between the two numbers.
                    "events": frozen.journal.last_event(),
                    "before": history.predecessor(settings.index_dir),
                }
                if engine:
                    manifest["collections"] = engine.names(f"{now:%Y%m%dT%H%M%S%f}")
                embed = _Embedding(cache, models, settings.batch_size, progress)
                write(working, units, manifest, embed, settings)
                former.write(working / "former", frozen, models, embed)
                _link(working, units, groups, None if force else _before(settings.index_dir, manifest), progress)
            _assign(working, embed.kept(), taxonomy, groups, progress)
            if engine:
                progress("sending", 0, 1)
                _send(working, engine, settings.flat_limit)
            progress("checking", 0, 1)
            _check(working, check, engine)
            integrity.seal(working)
            progress("switching", 0, 1)
            name = f"{now:%Y%m%dT%H%M%S%f}-{str(facts['corpus_digest'])[:8]}"
            os.replace(working, folder / name)
            integrity.sync(folder)
        finally:
            cache.close()
            if working.exists():
                remove(working, engine)
        switch(settings.index_dir, name, engine)
        prune(settings.index_dir, settings.keep_generations, ordered.held, engine)
        orders.clear(settings.index_dir)
    return name


def up_to_date(settings: Settings) -> str | None:
    """The current generation's name if it is one of the store as it is now, by whatever models; else None.

    It is also where the operator has rolled back from what would be built. Serving checks the models; this saves
    loading them to find that there is nothing to do.
    """
    with Store(settings.store_path) as store:
        facts = _facts(store, topic.load(settings.topics_dir), settings)
    return _matching(settings.index_dir, facts, orders.load(settings.index_dir), milvus.engine(settings.index))


def _facts(store: Store, taxonomy: Taxonomy, settings: Settings) -> dict[str, object]:
    """What an index is made of and by, but for the models."""
    return {
        "format": FORMAT,
        "code": lawsearch.__version__,
        "backend": settings.index.backend,
        "concepts": concepts_digest(),
        "topics": taxonomy.digest,
        "corpus_digest": store.digest(),
    }


def _matching(
    index_dir: Path, facts: Mapping[str, object], ordered: orders.Orders, engine: milvus.Milvus | None
) -> str | None:
    try:
        generation = Generation.current(index_dir, engine)
    except GenerationError:
        return None
    generation.close()
    same = all(generation.manifest.get(key) == value for key, value in facts.items())
    return generation.name if same or ordered.holds(facts) else None


class Units(Sequence[Provision]):
    """The units of matching of a store that does not change, in row order; those of a large corpus are read whenever
    they are asked for: a million of them are gigabytes."""

    def __init__(self, store: Store, texts: Sequence[tuple[str, str]]) -> None:
        """``texts`` are the instruments and languages in their order."""
        self._store, self._texts = store, texts
        self._kept: list[Provision] = []
        self.ids = []
        for unit in self._read():
            self.ids.append(unit.id)
            if len(self.ids) <= KEPT:
                self._kept.append(unit)
        if len(self.ids) > KEPT:
            self._kept = []

    def __iter__(self) -> Iterator[Provision]:
        return iter(self._kept) if self._kept else self._read()

    def _read(self) -> Iterator[Provision]:
        for text in self._texts:
            yield from (unit for unit in self._store.contents(*text) if unit.is_matched)

    def __len__(self) -> int:
        return len(self.ids)

    @overload
    def __getitem__(self, row: int) -> Provision: ...
    @overload
    def __getitem__(self, row: slice) -> list[Provision]: ...
    def __getitem__(self, row: int | slice) -> Provision | list[Provision]:
        if self._kept:
            return self._kept[row]
        if isinstance(row, slice):
            return [self._store.provision(key) for key in self.ids[row]]
        return self._store.provision(self.ids[row])


def rows(store: Store) -> tuple[Units, list[Group]]:
    """The units of matching of a store that does not change, and the groups: contiguous rows of one jurisdiction in one
    language."""
    known = store.instruments()
    keyed = sorted((i.jurisdiction, language, key) for key, i in known.items() for language in i.languages)
    units = Units(store, [(key, language) for _, language, key in keyed])
    groups: list[Group] = []
    for row, key in enumerate(units.ids):
        instrument, language = text_of(key).rsplit("/", 1)
        where = known[instrument].jurisdiction
        name = f"{where}-{language}"
        if groups and groups[-1].name == name:
            groups[-1] = Group(name, where, language, groups[-1].start, row + 1)
        else:
            groups.append(Group(name, where, language, row, row + 1))
    return units, groups


class _Embedding:
    """The models with their cache and the progress to report."""

    def __init__(self, cache: EmbeddingCache, models: Models, batch_size: int, progress: Progress) -> None:
        self.models = models
        self._cache = cache
        self._batch_size = batch_size
        self._progress = progress

    def __call__(self, encoder: Encoder, texts: Sequence[str], what: str) -> np.ndarray:
        """The vectors of some texts."""
        found = list(self.pieces(encoder, texts, len(texts), what))
        return np.concatenate(found) if found else np.zeros((0, encoder.dimensions), np.float32)

    def pieces(self, encoder: Encoder, texts: Iterable[str], count: int, what: str) -> Iterator[np.ndarray]:
        """The vectors of ``count`` texts, ``STEP`` after ``STEP``."""
        done, left = 0, iter(texts)

        def step(more: int) -> None:
            nonlocal done
            done += more
            self._progress(f"embedding {what}", done, count)

        while some := list(islice(left, STEP)):
            yield self._cache.encode(encoder, some, batch_size=self._batch_size, progress=step)

    def kept(self) -> Models:
        """The models as they answer from the cache: the topics' definitions are the same every night."""
        english = self.models.english
        return Models(_Kept(self._cache, self.models.multilingual), english and _Kept(self._cache, english))  # type: ignore[arg-type]


class _Kept:
    """An encoder that embeds nothing twice."""

    def __init__(self, cache: EmbeddingCache, encoder: Encoder) -> None:
        self._cache, self._encoder = cache, encoder

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        return self._cache.encode(self._encoder, texts)


def write(folder: Path, units: Sequence[Provision], manifest: dict, embed: _Embedding, settings: Settings) -> None:
    """Everything of a generation into ``folder`` but its links and topics."""
    multilingual, english = embed.models.multilingual, embed.models.english
    n, dimensions = len(units), multilingual.dimensions
    groups = [Group(**g) for g in manifest["groups"]]
    for place, view, what in ((folder, views.whole, "provisions"), (folder / "title", views.title, "titles")):
        pieces = embed.pieces(multilingual, map(view, units), n, what)
        vectors.write(place / "whole.npy", (n, dimensions), pieces)
    counts = [len(views.parts(unit.text)) for unit in units]
    offsets = np.cumsum([0, *counts], dtype=np.int64)
    np.save(folder / "offsets.npy", offsets)
    lines = (line for unit in units for line in views.parts(unit.text))
    pieces = embed.pieces(multilingual, lines, sum(counts), "parts")
    Parts.write(folder / "parts.npy", (sum(counts), dimensions), pieces)
    spoken = [group for group in groups if english and group.language == "en"]
    in_english = np.concatenate([np.zeros(0, np.int64), *(np.arange(group.start, group.stop) for group in spoken)])
    second = vectors.zeros(folder / "english" / "whole.npy", (n, english.dimensions if english else 1))
    if english and len(in_english):
        at, wholes = 0, (views.whole(units[row]) for row in in_english.tolist())
        for piece in embed.pieces(english, wholes, len(in_english), "English"):
            second[in_english[at : at + len(piece)]] = piece
            at += len(piece)
    np.save(folder / "hubness.npy", hubness(mapped.array(folder / "whole.npy"), groups, manifest["languages"]))
    Ids.write(folder, (unit.id for unit in units))
    for place, own in ((folder, groups), (folder / "title", groups), (folder / "english", spoken)):
        VectorIndex.build(place, {g.name: (g.start, g.stop) for g in own}, settings.flat_limit)
    named = (group.name for group in groups for _ in range(group.start, group.stop))
    words = map(views.vocabulary, units)
    Lexicon.build(folder / "lexical", zip(range(n), named, words, strict=True))
    Bags.build(folder, map(views.bag, units))
    # To be opened, a generation needs all its files; these two are written anew once it can be asked.
    mapped.write(folder / "links", sparse.csr_matrix((n, n), dtype=np.float32))
    _write_topics(folder, Taxonomy({}, {}), sparse.csr_matrix((n, 0), dtype=np.float32))
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1, ensure_ascii=False), "utf-8")


def _before(index_dir: Path, manifest: Mapping[str, object]) -> Generation | None:
    """The generation that is served, where its links are made as those of ``manifest`` would be; it is to be closed."""
    try:
        before = Generation.current(index_dir)
    except GenerationError:
        return None
    if all(before.manifest.get(key) == manifest[key] for key in ("code", "concepts", "models")):
        return before
    before.close()
    return None


def _link(folder: Path, units: Units, groups: Sequence[Group], before: Generation | None, progress: Progress) -> None:
    """Link the units, with the links of the generation ``before`` where little has changed since all were made."""
    opened = Generation(folder)
    try:
        kept, changed = _kept(units, before, opened)
        if before and changed <= RELINKED * len(units):
            links = relink(Matcher(opened), units, groups, before.links, kept, progress)
        else:
            links, changed = link(Matcher(opened), units, groups, progress), 0
    finally:
        opened.close()
        if before:
            before.close()
    mapped.write(folder / "links", links)
    manifest = {**opened.manifest, "relinked": changed}
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1, ensure_ascii=False), "utf-8")


def _kept(units: Units, before: Generation | None, now: Generation) -> tuple[np.ndarray, int]:
    """The row that each unit had in the generation before, -1 for what is new, reads otherwise or is another state's
    now; and how many units came, went or changed since all links were made."""
    kept = np.full(len(units), -1)
    if before is None:
        return kept, len(units)
    texts = before.store.digests()
    states = {key: i.jurisdiction for key, i in before.instruments.items()}
    for row, u in enumerate(units):
        if texts.get(u.id) == u.digest and states[u.instrument] == now.instruments[u.instrument].jurisdiction:
            kept[row] = before.rows.get(u.id, -1)
    gone = before.rows.keys() - set(units.ids)
    return kept, int(before.manifest.get("relinked", 0)) + int((kept < 0).sum()) + len(gone)


def _assign(folder: Path, models: Models, taxonomy: Taxonomy, groups: Sequence[Group], progress: Progress) -> None:
    opened = Generation(folder)
    try:
        about = assign(Matcher(opened), models, list(taxonomy.topics.values()), groups, progress)
    finally:
        opened.close()
    _write_topics(folder, taxonomy, about)


def _write_topics(folder: Path, taxonomy: Taxonomy, about: sparse.csr_matrix) -> None:
    mapped.write(folder / "topics", about)
    (folder / "topics.json").write_text(json.dumps(taxonomy.as_json(), ensure_ascii=False), "utf-8")


def _send(folder: Path, engine: milvus.Milvus, flat_limit: int) -> None:
    """The vectors into the collections that the manifest names. Raises GenerationError."""
    opened = Generation(folder)
    try:
        ranges = {g.name: (g.start, g.stop) for g in opened.groups.values()}
        views_of = {"whole": opened.whole, "title": opened.title, "english": opened.english}
        known = labels(opened.ids, opened.instruments)
        with ThreadPoolExecutor() as pool:  # most of it is waiting
            sent = [
                pool.submit(engine.build, collection, views_of[view].vectors, ranges, known, flat_limit)
                for view, collection in opened.manifest["collections"].items()
            ]
        for one in sent:
            one.result()
    finally:
        opened.close()


def _check(folder: Path, check: Callable[[Generation], None], engine: milvus.Milvus | None) -> None:
    """Whether its parts belong together, and what else is asked. Raises GenerationError, and what ``check`` raises."""
    opened = Generation(folder, engine)
    try:
        wrong = list(integrity.disagreements(opened))
        if wrong:
            raise GenerationError(f"the index that was built is not sound: {'; '.join(wrong)}", "Please report this")
        check(opened)
    finally:
        opened.close()
