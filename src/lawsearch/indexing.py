"""Building a generation: embed what is new, compute hubness and links, check, and switch by one rename."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from scipy import sparse

import lawsearch
from lawsearch import views
from lawsearch.embedding import EmbeddingCache, Encoder
from lawsearch.errors import GenerationError
from lawsearch.generation import FORMAT, Generation, Group, current_name, generations_dir, prune, switch
from lawsearch.lexicon import Lexicon
from lawsearch.matching import LINKS, Matcher, Ranking
from lawsearch.provision import Provision
from lawsearch.settings import Settings
from lawsearch.store import Store
from lawsearch.vectors import VectorIndex

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


def build(
    settings: Settings,
    multilingual: Encoder,
    english: Encoder | None,
    progress: Progress = silent,
    *,
    force: bool = False,
    embeddings: Path | None = None,
) -> str:
    """Build the next generation of the store and serve it; returns its name, or the current one's if nothing changed.

    ``embeddings`` is the cache of vectors, by default the settings'. Raises GenerationError where the store is empty or the built generation does not pass its checks; the current
    one is then served as before.
    """
    with Store(settings.store_path) as store:
        made_with = {
            "multilingual": {"name": multilingual.name, "dimensions": multilingual.dimensions},
            "english": {"name": english.name, "dimensions": english.dimensions} if english else None,
        }
        digest = store.digest()
        name = current_name(settings.index_dir)
        if name and not force:
            try:
                manifest = Generation.current(settings.index_dir).manifest
            except GenerationError:
                manifest = {}
            same = {"corpus_digest": digest, "models": made_with, "code": lawsearch.__version__}
            if all(manifest.get(key) == value for key, value in same.items()):
                return name
        units, groups = _rows(store)
        if not units:
            raise GenerationError(f"{settings.store_path} holds no provisions", "Ingest some: lawsearch ingest PATH")
        folder = generations_dir(settings.index_dir)
        folder.mkdir(parents=True, exist_ok=True)
        working = folder / f".building-{os.getpid()}"
        shutil.rmtree(working, ignore_errors=True)
        working.mkdir()
        try:
            store.snapshot(working / "store.db")
            manifest = {
                "format": FORMAT,
                "code": lawsearch.__version__,
                "built": datetime.now(UTC).isoformat(timespec="seconds"),
                "corpus_digest": digest,
                "models": made_with,
                "groups": [asdict(g) for g in groups],
                "languages": sorted({g.language for g in groups}),
                "counts": store.counts(),
            }
            _write(working, units, groups, manifest, settings, multilingual, english, progress, embeddings)
            _check(working, units)
            name = f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{digest[:8]}"
            os.replace(working, folder / name)
        finally:
            shutil.rmtree(working, ignore_errors=True)
    switch(settings.index_dir, name)
    prune(settings.index_dir, settings.keep_generations)
    return name


def _rows(store: Store) -> tuple[list[Provision], list[Group]]:
    """All units in row order, and the groups: contiguous rows of one jurisdiction in one language."""
    jurisdiction = {key: i.jurisdiction for key, i in store.instruments().items()}
    keyed = sorted(
        ((jurisdiction[u.instrument], u.language, u.instrument, i, u) for i, u in enumerate(store.units())),
        key=lambda entry: entry[:4],
    )
    groups: list[Group] = []
    for row, (where, language, *_) in enumerate(keyed):
        name = f"{where}-{language}"
        if groups and groups[-1].name == name:
            groups[-1] = Group(name, where, language, groups[-1].start, row + 1)
        else:
            groups.append(Group(name, where, language, row, row + 1))
    return [entry[-1] for entry in keyed], groups


def _write(
    folder: Path,
    units: Sequence[Provision],
    groups: Sequence[Group],
    manifest: dict,
    settings: Settings,
    multilingual: Encoder,
    english: Encoder | None,
    progress: Progress,
    embeddings: Path | None,
) -> None:
    """Everything of a generation into ``folder``; the manifest first without, at the end with the links."""
    cache = EmbeddingCache(embeddings or settings.embeddings_path)
    try:

        def embed(encoder: Encoder, texts: Sequence[str], what: str) -> np.ndarray:
            done = 0

            def step(count: int) -> None:
                nonlocal done
                done += count
                progress(what, done, len(texts))

            return cache.encode(encoder, texts, batch_size=settings.batch_size, progress=step)

        wholes = [views.whole(u) for u in units]
        vectors = embed(multilingual, wholes, "embedding provisions")
        np.save(
            folder / "title.npy",
            embed(multilingual, [views.title(u) for u in units], "embedding titles").astype(np.float16),
        )
        lines = [views.parts(u.text) for u in units]
        flat = [line for part in lines for line in part]
        np.save(folder / "parts.npy", embed(multilingual, flat, "embedding parts").astype(np.float16))
        np.save(folder / "offsets.npy", np.concatenate(([0], np.cumsum([len(part) for part in lines]))).astype(np.int64))
        second = np.zeros((len(units), english.dimensions if english else 1), np.float16)
        spoken = [row for row, u in enumerate(units) if u.language == "en"]
        if english and spoken:
            second[spoken] = embed(english, [wholes[row] for row in spoken], "embedding English")
        np.save(folder / "english.npy", second)
    finally:
        cache.close()
    (folder / "units.txt").write_text("\n".join(u.id for u in units), "utf-8")
    VectorIndex.build(folder, vectors, {g.name: (g.start, g.stop) for g in groups}, settings.flat_limit)
    np.save(folder / "hubness.npy", hubness(vectors, groups, manifest["languages"]))
    vocabulary = [views.vocabulary(u) for u in units]
    named = {row: g.name for g in groups for row in range(g.start, g.stop)}
    Lexicon.build(folder / "lexical", ((row, named[row], found) for row, found in enumerate(vocabulary)))
    sparse.save_npz(folder / "links.npz", sparse.csr_matrix((len(units), len(units)), dtype=np.float32))
    _dump(folder, manifest)
    opened = Generation(folder)
    links = link(Matcher(opened), units, vocabulary, groups, progress)
    sparse.save_npz(folder / "links.npz", links)
    opened.store.close()


def _dump(folder: Path, manifest: dict) -> None:
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1, ensure_ascii=False), "utf-8")


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
    vocabulary: Sequence[Sequence[str]],
    groups: Sequence[Group],
    progress: Progress = silent,
) -> sparse.csr_matrix:
    """The links between the units of different jurisdictions: (n, n) float32, symmetric, weights 0..1.

    A link is the geometric mean of the shares of attention that two units give each other, so it is strong only
    where it is mutual. Each round lets the links of the round before bridge.
    """
    rankings: list[tuple[int, Ranking]] = []
    home = {row: g for g in groups for row in range(g.start, g.stop)}
    for row, unit in enumerate(units):
        query = matcher.query_of(row, vocabulary[row], unit.language)
        for group in groups:
            if group.jurisdiction != home[row].jurisdiction:
                ranking = matcher.rank(query, group)
                rankings.append((row, Ranking(ranking.rows[:REMEMBERED], ranking.scores[:REMEMBERED], {}, {})))
        progress("linking", row + 1, len(units))
    links = _mutual(rankings, len(units))
    for _ in range(ROUNDS - 1):
        reach = (links @ links).tocsr()
        links = _mutual(((row, matcher.bridged(ranking, reach[row])) for row, ranking in rankings), len(units))
    return links


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


def _check(folder: Path, units: Sequence[Provision]) -> None:
    """Every vector has its provision and the other way round. Raises GenerationError."""
    opened = Generation(folder)
    try:
        stored = {u.id for u in opened.store.units()}
        if set(opened.ids) != stored or len(opened.ids) != len(units):
            raise GenerationError(f"{folder}: vectors and provisions do not belong together", "Build it again")
        if not np.isfinite(opened.whole.vectors[:1]).all():
            raise GenerationError(f"{folder}: vectors are not numbers", "Check the embedding model")
    finally:
        opened.store.close()
