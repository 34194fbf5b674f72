"""Nearest vectors, and how they are found: exactly in a small range of rows and under a filter, by FAISS in eight bits
where a range is large, IVF-SQ8 where it is very large; and the vectors of parts.

All files are mapped, not read: what several processes search is in memory once.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from lawsearch import mapped

#: Vectors up to which a range is scanned as it is: beyond, reading four bytes a number is what takes the time.
PLAIN = 4096
#: The largest number of a vector as it is stored, and of how many such numbers the scale takes the place behind them.
_LARGEST, _SCALE = 2**15 - 1, 2
#: Lists probed of an IVF index, of twice the root of its size: recall .98 at k = 50 of 66,000 vectors, docs/scale.md.
PROBES = 128
#: Rows that are copied at once.
_STEP = 8192


class Nearest(Protocol):
    """One vector of every unit, in row order, of which the nearest are found group by group."""

    def __len__(self) -> int: ...

    @property
    def vectors(self) -> np.ndarray:
        """All vectors, shape (n, d)."""
        ...

    def search(
        self, query: np.ndarray, name: str, limit: int, mask: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Rows of the group ``name`` nearest to ``query`` (d,) and their cosines, best first, at most ``limit``.

        ``mask`` (n,) bool bars rows, of which then none is missed.
        """
        ...


def zeros(path: Path, shape: tuple[int, int], kind: type = np.float32) -> np.ndarray:
    """A new file of numpy's, mapped, to be filled; what stays zero takes no room on most disks."""
    path.parent.mkdir(exist_ok=True)
    return np.lib.format.open_memmap(path, "w+", kind, shape)


def write(path: Path, shape: tuple[int, int], pieces: Iterable[np.ndarray]) -> None:
    """Write vectors (n, d), float32, that come in ``pieces`` one after another, into a new file."""
    _fill(zeros(path, shape), pieces)


def _fill(rows: np.ndarray, pieces: Iterable[np.ndarray]) -> None:
    at = 0
    for piece in pieces:
        rows[at : at + len(piece)] = piece
        at += len(piece)
    if at != len(rows):
        raise ValueError(f"{at} vectors of {len(rows)}")


class Parts:
    """Vectors of unit length as integers of sixteen bits, each with a scale of its own, mapped, read as float32 (n, d).

    For a question whole laws of them are looked at. They take as much memory as in half precision, and half the time.
    """

    def __init__(self, path: Path) -> None:
        """Open what ``write`` wrote. Raises OSError, ValueError where it is damaged."""
        self._stored = mapped.array(path)
        self.shape = (len(self._stored), self._stored.shape[1] - _SCALE)

    @staticmethod
    def write(path: Path, shape: tuple[int, int], pieces: Iterable[np.ndarray]) -> None:
        """Write vectors (n, d), float32, that come in ``pieces`` one after another, into a new file."""
        _fill(zeros(path, (shape[0], shape[1] + _SCALE), np.int16), map(_stored, pieces))

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice | np.ndarray) -> np.ndarray:
        stored = self._stored[rows]
        found = stored[:, :-_SCALE].astype(np.float32)
        found *= stored[:, -_SCALE:].view(np.float32)
        return found


def _stored(vectors: np.ndarray) -> np.ndarray:
    scales = np.abs(vectors).max(axis=1, keepdims=True, initial=0.0).astype(np.float32) / _LARGEST
    numbers = np.round(vectors / np.where(scales, scales, 1)).astype(np.int16)
    return np.concatenate([numbers, scales.view(np.int16)], axis=1)


class VectorIndex:
    """One vector of every unit, in row order. ``ranges`` names contiguous rows that are searched on their own."""

    def __init__(self, folder: Path, ranges: Mapping[str, tuple[int, int]]) -> None:
        """Open what ``write`` and ``build`` wrote into ``folder``. Raises OSError, ValueError, RuntimeError where it is
        damaged."""
        self.vectors = mapped.array(folder / "whole.npy")
        self._ranges = dict(ranges)
        paths = {name: folder / f"whole-{name}.faiss" for name in ranges}
        self._coarse = {name: _faiss(path) for name, path in paths.items() if path.exists()}

    @staticmethod
    def build(folder: Path, ranges: Mapping[str, tuple[int, int]], flat_limit: int) -> None:
        """Write, beside the vectors ``whole.npy`` in ``folder``, all of unit length, an index in eight bits for each
        range above ``PLAIN`` (or the limit, where that is less), from the limit on by lists."""
        vectors = mapped.array(folder / "whole.npy")
        for name, (start, stop) in ranges.items():
            if stop - start <= min(PLAIN, flat_limit):
                continue
            import faiss

            faiss.omp_set_num_threads(os.cpu_count() or 1)
            # FAISS wants 39 vectors to place a list by; that only bounds small ranges.
            lists = max(1, min(int(2 * np.sqrt(stop - start)), (stop - start) // 39))
            kind = f"IVF{lists},SQ8" if stop - start > flat_limit else "SQ8"
            index = faiss.index_factory(vectors.shape[1], kind, faiss.METRIC_INNER_PRODUCT)
            part = vectors[start:stop]
            rng = np.random.default_rng(0)
            index.train(part[np.sort(rng.permutation(len(part))[: 64 * lists])])
            for at in range(0, len(part), _STEP):
                index.add(part[at : at + _STEP])
            faiss.write_index(index, str(folder / f"whole-{name}.faiss"))

    def __len__(self) -> int:
        return len(self.vectors)

    def search(
        self, query: np.ndarray, name: str, limit: int, mask: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Rows of the range ``name`` nearest to ``query`` (d,) and their cosines, best first, at most ``limit``.

        ``mask`` (n,) bool bars rows; a filtered search is exact, whatever the size.
        """
        start, stop = self._ranges[name]
        limit = min(limit, stop - start)
        if mask is None and name in self._coarse:
            # Eight bits a number misplace what is nearly alike: of twice as many the exact cosines decide.
            rows = _roughly(self._coarse[name], query, 2 * limit) + start
            cosines = self.vectors[rows] @ query
        elif mask is None:
            rows = np.arange(start, stop)
            cosines = self.vectors[start:stop] @ query
        else:
            rows = np.flatnonzero(mask[start:stop]) + start
            cosines = self._cosines(query, rows, start, stop)
        if limit < len(rows):
            best = np.sort(np.argpartition(-cosines, limit)[:limit])
            rows, cosines = rows[best], cosines[best]
        best = np.argsort(-cosines, kind="stable")
        return rows[best], cosines[best]

    def _cosines(self, query: np.ndarray, rows: np.ndarray, start: int, stop: int) -> np.ndarray:
        """The cosines of some rows of a range, whichever way fewer bytes are touched."""
        if 2 * len(rows) > stop - start:
            return (self.vectors[start:stop] @ query)[rows - start]
        steps = (rows[at : at + _STEP] for at in range(0, len(rows), _STEP))
        return np.concatenate([np.zeros(0, np.float32), *(self.vectors[some] @ query for some in steps)])


def _faiss(path: Path) -> Any:
    # Imported here: it takes a while to import, and small corpora need none of it.
    import faiss

    return faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)


def _roughly(index: Any, query: np.ndarray, limit: int) -> np.ndarray:
    """The places of what is nearest, as far as eight bits and the lists that are looked into can tell."""
    import faiss

    # For the calling thread: more of them wait for each other longer than one takes, where others are busy, too.
    faiss.omp_set_num_threads(1)
    parameters: Any = None
    if isinstance(index, faiss.IndexIVF):
        parameters = faiss.SearchParametersIVF(nprobe=PROBES)  # type: ignore[call-arg]
    _, rows = index.search(query[None], limit, params=parameters)
    found: np.ndarray = rows[0][rows[0] >= 0]
    return found
