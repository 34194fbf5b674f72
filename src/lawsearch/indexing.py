"""Building a generation: embed what is new, link, check, and switch by one rename."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from scipy import sparse

import lawsearch
from lawsearch import former, history, integrity, lock, milvus, orders, topic, views
from lawsearch.assignment import assign
from lawsearch.bags import Bags, concepts_digest
from lawsearch.embedding import EmbeddingCache, Encoder, Models, spread
from lawsearch.errors import GenerationError
from lawsearch.generation import FORMAT, Generation, Group, generations_dir, labels, prune, remove, switch, tidy
from lawsearch.lexicon import Lexicon
from lawsearch.linking import Progress, hubness, link, relink, silent
from lawsearch.matching import Matcher
from lawsearch.nodes import Nodes
from lawsearch.provision import Provision
from lawsearch.settings import Settings
from lawsearch.store import Store
from lawsearch.topic import Taxonomy
from lawsearch.vectors import Parts, VectorIndex

#: Share of the units up to which those that changed are linked with what is there; beyond it all links are made anew.
RELINKED = 0.1


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
        units, groups = _rows(store)
        if not units:
            raise GenerationError(f"{settings.store_path} holds no provisions", "Ingest some: lawsearch ingest PATH")
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
            manifest = {
                **facts,
                "built": now.isoformat(timespec="seconds"),
                "groups": [asdict(g) for g in groups],
                "languages": sorted({g.language for g in groups}),
                "counts": store.counts(),
                # What it changed is what happened between the two numbers.
                "events": store.journal.last_event(),
                "before": history.predecessor(settings.index_dir),
            }
            if engine:
                manifest["collections"] = engine.names(f"{now:%Y%m%dT%H%M%S%f}")
            embed = _Embedding(cache, models, settings.batch_size, progress)
            _write(working, units, manifest, embed, settings)
            former.write(working / "former", store, models, embed)
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


def _rows(store: Store) -> tuple[list[Provision], list[Group]]:
    """All units of matching in row order, and the groups: contiguous rows of one jurisdiction in one language."""
    jurisdiction = {key: i.jurisdiction for key, i in store.instruments().items()}
    keyed = sorted(
        ((jurisdiction[u.instrument], u.language, u.instrument, i, u) for i, u in enumerate(store.units())),
        key=lambda entry: entry[:4],
    )
    keyed = [entry for entry in keyed if entry[-1].is_matched]
    groups: list[Group] = []
    for row, (where, language, *_) in enumerate(keyed):
        name = f"{where}-{language}"
        if groups and groups[-1].name == name:
            groups[-1] = Group(name, where, language, groups[-1].start, row + 1)
        else:
            groups.append(Group(name, where, language, row, row + 1))
    return [entry[-1] for entry in keyed], groups


class _Embedding:
    """The models with their cache and the progress to report."""

    def __init__(self, cache: EmbeddingCache, models: Models, batch_size: int, progress: Progress) -> None:
        self.models = models
        self._cache = cache
        self._batch_size = batch_size
        self._progress = progress

    def __call__(self, encoder: Encoder, texts: Sequence[str], what: str) -> np.ndarray:
        done = 0

        def step(count: int) -> None:
            nonlocal done
            done += count
            self._progress(f"embedding {what}", done, len(texts))

        return self._cache.encode(encoder, texts, batch_size=self._batch_size, progress=step)

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


def _write(folder: Path, units: Sequence[Provision], manifest: dict, embed: _Embedding, settings: Settings) -> None:
    """Everything of a generation into ``folder`` but its links."""
    multilingual, english = embed.models.multilingual, embed.models.english
    wholes = [views.whole(u) for u in units]
    vectors = embed(multilingual, wholes, "provisions")
    titles = embed(multilingual, [views.title(u) for u in units], "titles")
    lines = [views.parts(u.text) for u in units]
    parts = embed(multilingual, [line for part in lines for line in part], "parts")
    second = np.zeros((len(units), english.dimensions if english else 1), np.float32)
    spoken = [row for row, u in enumerate(units) if u.language == "en"]
    if english and spoken:
        second[spoken] = embed(english, [wholes[row] for row in spoken], "English")
    Parts.write(folder / "parts.npy", parts)
    np.save(folder / "offsets.npy", np.cumsum([0, *(len(part) for part in lines)], dtype=np.int64))
    groups = [Group(**g) for g in manifest["groups"]]
    np.save(folder / "hubness.npy", hubness(vectors, groups, manifest["languages"]))
    (folder / "units.txt").write_text("\n".join(u.id for u in units), "utf-8")
    ranges = {g.name: (g.start, g.stop) for g in groups}
    for place, view in ((folder, vectors), (folder / "title", titles), (folder / "english", second)):
        VectorIndex.build(place, view, ranges, settings.flat_limit)
    rows = ((row, g.name, views.vocabulary(units[row])) for g in groups for row in range(g.start, g.stop))
    Lexicon.build(folder / "lexical", rows)
    Bags.build(folder, [views.bag(u) for u in units])
    # To be opened, a generation needs all its files; these two are written anew once it can be asked.
    sparse.save_npz(folder / "links.npz", sparse.csr_matrix((len(units), len(units)), dtype=np.float32))
    _write_topics(folder, Taxonomy({}, {}), sparse.csr_matrix((len(units), 0), dtype=np.float32))
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


def _link(
    folder: Path, units: Sequence[Provision], groups: Sequence[Group], before: Generation | None, progress: Progress
) -> None:
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
    sparse.save_npz(folder / "links.npz", links, compressed=False)
    manifest = {**opened.manifest, "relinked": changed}
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1, ensure_ascii=False), "utf-8")


def _kept(units: Sequence[Provision], before: Generation | None, now: Generation) -> tuple[np.ndarray, int]:
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
    gone = before.rows.keys() - {u.id for u in units}
    return kept, int(before.manifest.get("relinked", 0)) + int((kept < 0).sum()) + len(gone)


def _assign(folder: Path, models: Models, taxonomy: Taxonomy, groups: Sequence[Group], progress: Progress) -> None:
    opened = Generation(folder)
    try:
        about = assign(Matcher(opened), models, list(taxonomy.topics.values()), groups, progress)
    finally:
        opened.close()
    _write_topics(folder, taxonomy, about)


def _write_topics(folder: Path, taxonomy: Taxonomy, about: sparse.csr_matrix) -> None:
    sparse.save_npz(folder / "topics.npz", about, compressed=False)
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
