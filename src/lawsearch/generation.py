"""A generation: one complete, immutable index of the store, built beside the current one and switched to at once.

index/generations/<name>/
    manifest.json   models, dimensions, counts, corpus digest, code version
    store.db        a snapshot of the store: readers never see a half-ingested law
    units.txt       ids of the units of matching, in row order (by jurisdiction and language, contiguous)
    texts.npy       the rows at which texts begin
    whole.npy       one vector a unit          title/, english/         the same for further views
    whole-*.faiss   the same in eight bits, of each large group
    parts.npy       the parts' vectors         offsets.npy              where each unit's parts begin
    concepts/       bags of legal concepts (sparse)
    hubness.npy     how close each unit is to everything, by language of the other side
    links/          weights between corresponding units of different jurisdictions (sparse, symmetric)
    topics.json     the taxonomy               topics/   how far each unit is about each topic (sparse)
    lexical/        tantivy
    former/         vectors, words and concepts of wordings that no longer stand; not there without any
    SHA256SUMS      digests of all of these, as ``sha256sum --check`` reads them
index/CURRENT       the name of the generation being served; replaced by one atomic rename
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import sqlite3
import zlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from scipy import sparse

from lawsearch import mapped
from lawsearch.bags import Bags
from lawsearch.errors import GenerationError, LawsearchError
from lawsearch.ids import Ids, text_of
from lawsearch.instrument import Instrument
from lawsearch.lexicon import Lexicon
from lawsearch.milvus import Milvus
from lawsearch.store import Store
from lawsearch.topic import taxonomy_from
from lawsearch.vectors import Nearest, Parts, VectorIndex

log = logging.getLogger(__name__)
FORMAT = 7
#: What the readers of its files raise where one is missing, cut short or something else.
_DAMAGE = (
    LawsearchError, OSError, EOFError, KeyError, TypeError, ValueError, RuntimeError, BadZipFile, sqlite3.Error,
    zlib.error,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Group:
    """The units of one jurisdiction in one language: rows ``start`` to ``stop``."""

    name: str
    jurisdiction: str
    language: str
    start: int
    stop: int


def generations_dir(index_dir: Path) -> Path:
    return index_dir / "generations"


def current_name(index_dir: Path) -> str | None:
    """Name of the generation being served, or None where none was built."""
    try:
        return (index_dir / "CURRENT").read_text("utf-8").strip() or None
    except FileNotFoundError:
        return None


def switch(index_dir: Path, name: str, engine: Milvus | None = None) -> None:
    """Make ``name`` the generation being served, by one atomic rename; the aliases of ``engine`` go before it."""
    if engine:
        engine.serve(collections(generations_dir(index_dir) / name))
    pending = index_dir / "CURRENT.pending"
    with pending.open("w", encoding="utf-8") as file:
        file.write(name + "\n")
        file.flush()
        os.fsync(file.fileno())
    os.replace(pending, index_dir / "CURRENT")


def names(index_dir: Path) -> list[str]:
    """The complete generations, oldest first."""
    # A name with a dot is what is being built right now, or was when its process was killed.
    return sorted(p.name for p in generations_dir(index_dir).glob("[!.]*") if (p / "manifest.json").exists())


def prune(index_dir: Path, keep: int, unwanted: Collection[str] = (), engine: Milvus | None = None) -> list[str]:
    """Remove all but ``keep`` generations, the ``unwanted`` and then the oldest first; the current one always stays.

    Returns the names of those removed.
    """
    worst_first = sorted(names(index_dir), key=lambda name: (name not in unwanted, name))
    removed = [name for name in worst_first[:-keep] if name != current_name(index_dir)]
    for name in removed:
        discard(generations_dir(index_dir) / name, engine)
    return removed


def discard(folder: Path, engine: Milvus | None = None) -> None:
    """Remove a generation and what ``engine`` holds of it.

    It loses its name first: killed meanwhile, what is left of it passes for none."""
    doomed = folder.with_name(f".removed-{folder.name}")
    try:
        os.replace(folder, doomed)
    except OSError:
        doomed = folder  # in use, on Windows: as much as can be
    remove(doomed, engine)


def remove(folder: Path, engine: Milvus | None) -> None:
    """Remove the folder of no generation and its collections; where ``engine`` does not answer, both stay for later."""
    try:
        if engine:
            engine.drop(collections(folder))
    except GenerationError as error:
        log.warning("%s is not removed yet: %s", folder, error)
    else:
        shutil.rmtree(folder, ignore_errors=True)


def tidy(index_dir: Path, engine: Milvus | None = None) -> None:
    """Remove what processes that were killed have left; to be called by the only one that changes the index."""
    for left in generations_dir(index_dir).glob(".*"):
        remove(left, engine)
    if engine:
        # While the next one is built, only what is served need be in the engine's memory.
        for name in set(names(index_dir)) - {current_name(index_dir)}:
            engine.release(collections(generations_dir(index_dir) / name))


def collections(folder: Path) -> dict[str, str]:
    """The collections of a generation in Milvus by view; none where it has none or its manifest cannot be read."""
    try:
        return dict(json.loads((folder / "manifest.json").read_text("utf-8")).get("collections", {}))
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


class Generation:
    """One generation opened for reading. It stays readable however many newer ones are built meanwhile."""

    def __init__(self, folder: Path, engine: Milvus | None = None) -> None:
        """Open ``folder``, to be searched by ``engine`` where it was built with one, else on this machine.

        Raises GenerationError where it is incomplete, damaged or of another format."""
        try:
            self.manifest: dict = json.loads((folder / "manifest.json").read_text("utf-8"))
            if self.manifest["format"] != FORMAT:
                raise GenerationError(
                    f"{folder}: index format {self.manifest['format']}, this version reads {FORMAT}",
                    "Build it again: lawsearch index",
                )
            self.name = folder.name
            self.store = Store(folder / "store.db", read_only=True)
            self.instruments: Mapping[str, Instrument] = self.store.instruments()
            self.ids = Ids(folder)
            self.groups = {g["name"]: Group(**g) for g in self.manifest["groups"]}
            ranges = {g.name: (g.start, g.stop) for g in self.groups.values()}
            views = {"whole": folder, "title": folder / "title", "english": folder / "english"}
            opened: dict[str, Nearest] = {view: VectorIndex(place, ranges) for view, place in views.items()}
            if engine:
                known = labels(self.ids, self.instruments)
                for view, collection in self.manifest.get("collections", {}).items():
                    opened[view] = engine.open(collection, opened[view], ranges, known)
            self.whole, self.title, self.english = opened["whole"], opened["title"], opened["english"]
            self.parts = Parts(folder / "parts.npy")
            self.offsets = mapped.array(folder / "offsets.npy")
            self.hubness = mapped.array(folder / "hubness.npy")
            self.links: sparse.csr_matrix = mapped.read(folder / "links")
            self.taxonomy = taxonomy_from(json.loads((folder / "topics.json").read_text("utf-8")))
            self.about: sparse.csr_matrix = mapped.read(folder / "topics")
            self.lexicon = Lexicon(folder / "lexical")
            self.bags = Bags(folder)
        except GenerationError:
            raise
        except _DAMAGE as error:
            raise GenerationError(f"{folder}: cannot be opened: {error}", "Build it again: lawsearch index") from error
        self.rows = self.ids.rows
        sizes = {
            len(self.ids), len(self.whole), len(self.title), len(self.offsets) - 1, self.links.shape[0],
            self.about.shape[0],
        }  # fmt: skip
        if len(sizes) != 1:
            raise GenerationError(
                f"{folder}: its files disagree on the number of units ({sorted(sizes)})",
                "Build it again: lawsearch index",
            )

    @classmethod
    def current(cls, index_dir: Path, engine: Milvus | None = None) -> Generation:
        """The generation being served. Raises GenerationError where none was built."""
        # Between reading the name and opening the folder a newer one may have replaced and pruned it.
        for _ in range(3):
            name = current_name(index_dir)
            if name is None:
                raise GenerationError(f"no index in {index_dir}", "Build one: lawsearch ingest PATH, or: make demo")
            if (generations_dir(index_dir) / name / "manifest.json").exists():
                return cls(generations_dir(index_dir) / name, engine)
        raise GenerationError(f"{index_dir}/CURRENT names {name}, which is not there", "Build it: lawsearch index")

    def close(self) -> None:
        """Let go of the store's file."""
        self.store.close()

    @property
    def languages(self) -> list[str]:
        """The columns of ``hubness``."""
        return self.manifest["languages"]

    def topics_of(self, row: int) -> list[tuple[str, float]]:
        """The topics that the unit at ``row`` is about, with their scores, best first."""
        start, stop = self.about.indptr[row : row + 2]
        names = self._topics
        found = zip(self.about.indices[start:stop].tolist(), self.about.data[start:stop].tolist(), strict=True)
        return [(names[column], score) for column, score in sorted(found, key=lambda entry: -entry[1])]

    def about_topic(self, topic: str) -> np.ndarray:
        """The scores of all units for one topic, shape (n,). Raises KeyError where the taxonomy has no such topic."""
        columns = self._by_topic
        span = slice(*columns.indptr[self._columns[topic] :][:2])
        found = np.zeros(len(self.ids), columns.dtype)
        found[columns.indices[span]] = columns.data[span]
        return found

    @cached_property
    def _columns(self) -> dict[str, int]:
        return {key: i for i, key in enumerate(self._topics)}

    @cached_property
    def _topics(self) -> list[str]:
        return list(self.taxonomy.topics)

    @cached_property
    def _by_topic(self) -> sparse.csc_matrix:
        return self.about.tocsc()

    def instrument_of(self, row: int) -> str:
        """The instrument that the unit at ``row`` is of."""
        return _instrument(self.ids[row])

    @cached_property
    def follows(self) -> np.ndarray:
        """Whether the next row is of the same text and so the next of its units, shape (n,)."""
        found = np.ones(len(self.ids), bool)
        found[self.ids.texts[1:] - 1] = False
        return found

    def text_of(self, row: int) -> tuple[int, int]:
        """Where the rows of the text that the unit at ``row`` is of begin and end."""
        texts = self.ids.texts
        place = int(np.searchsorted(texts, row, side="right"))
        return int(texts[place - 1]), int(texts[place])

    @cached_property
    def runs(self) -> list[tuple[str, int, int]]:
        """The instruments in row order, each with where the rows of one of its texts begin and end."""
        return [(self.instrument_of(start), start, stop) for start, stop in pairwise(self.ids.texts.tolist())]


def labels(ids: Ids, instruments: Mapping[str, Instrument]) -> dict[str, np.ndarray]:
    """What a filter lets through or bars as a whole, in numbers, each (n,): the instruments of one kind, force, status
    and year, and the texts."""
    seen: dict[tuple, int] = {}
    facts = []
    for first in ids.texts[:-1].tolist():
        i = instruments[_instrument(ids[first])]
        facts.append(seen.setdefault((i.kind, i.force, i.status, i.year), len(seen)))
    sizes = np.diff(ids.texts)
    return {"facts": np.repeat(facts, sizes), "text": np.repeat(np.arange(len(sizes)), sizes)}


def _instrument(key: str) -> str:
    return text_of(key).rsplit("/", 1)[0]
