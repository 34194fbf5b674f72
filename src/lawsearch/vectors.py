"""Nearest vectors, and how FAISS finds them: exact in a small range of rows and under a filter, in eight bits where a
range is large, IVF-SQ8 where it is very large; and the vectors of parts.

All files are mapped, not read: what several processes search is in memory once.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import faiss
import numpy as np

#: Vectors up to which a range is scanned as it is: beyond, reading four bytes a number is what takes the time.
PLAIN = 4096
#: The largest number of a vector as it is stored, and of how many such numbers the scale takes the place behind them.
_LARGEST, _SCALE = 2**15 - 1, 2
#: Lists probed of an IVF index: recall .96 at a million vectors, a hundredth of the time of a full scan.
PROBES = 32


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


class Parts:
    """Vectors of unit length as integers of sixteen bits, each with a scale of its own, mapped, read as float32 (n, d).

    For a question whole laws of them are looked at. They take as much memory as in half precision, and half the time.
    """

    def __init__(self, path: Path) -> None:
        """Open what ``write`` wrote. Raises OSError, ValueError where it is damaged."""
        # As a plain array over what is mapped: numpy's own class for that costs more than a small piece of it.
        self._stored = np.load(path, mmap_mode="r").view(np.ndarray)
        self.shape = (len(self._stored), self._stored.shape[1] - _SCALE)

    @staticmethod
    def write(path: Path, vectors: np.ndarray) -> None:
        """Write vectors (n, d), float32, into a new file."""
        scales = np.abs(vectors).max(axis=1, keepdims=True, initial=0.0).astype(np.float32) / _LARGEST
        numbers = np.round(vectors / np.where(scales, scales, 1)).astype(np.int16)
        np.save(path, np.concatenate([numbers, scales.view(np.int16)], axis=1))

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice | np.ndarray) -> np.ndarray:
        stored = self._stored[rows]
        found = stored[:, :-_SCALE].astype(np.float32)
        found *= stored[:, -_SCALE:].view(np.float32)
        return found


class VectorIndex:
    """One vector of every unit, in row order. ``ranges`` names contiguous rows that are searched on their own."""

    def __init__(self, folder: Path, ranges: Mapping[str, tuple[int, int]]) -> None:
        """Open what ``build`` wrote into ``folder``, mapped, not read. Raises RuntimeError where it is damaged."""
        self._flat: Any = faiss.read_index(str(folder / "whole.faiss"), faiss.IO_FLAG_MMAP_IFC)
        self._ranges = dict(ranges)
        self._coarse = {
            name: faiss.read_index(str(folder / f"whole-{name}.faiss"), faiss.IO_FLAG_MMAP_IFC)
            for name in ranges
            if (folder / f"whole-{name}.faiss").exists()
        }

    @staticmethod
    def build(folder: Path, vectors: np.ndarray, ranges: Mapping[str, tuple[int, int]], flat_limit: int) -> None:
        """Write the index of ``vectors`` (n, d), unit length, float32; beside it one in eight bits for each range above
        ``PLAIN`` (or the limit, where that is less), from the limit on by lists."""
        folder.mkdir(exist_ok=True)
        faiss.omp_set_num_threads(os.cpu_count() or 1)
        flat = faiss.IndexFlatIP(vectors.shape[1])
        flat.add(vectors)
        faiss.write_index(flat, str(folder / "whole.faiss"))
        for name, (start, stop) in ranges.items():
            if stop - start <= min(PLAIN, flat_limit):
                continue
            # FAISS wants 39 vectors to place a list by; that only bounds small ranges.
            lists = max(1, min(int(4 * np.sqrt(stop - start)), (stop - start) // 39))
            kind = f"IVF{lists},SQ8" if stop - start > flat_limit else "SQ8"
            index = faiss.index_factory(vectors.shape[1], kind, faiss.METRIC_INNER_PRODUCT)
            part = vectors[start:stop]
            rng = np.random.default_rng(0)
            index.train(part[rng.permutation(len(part))[: 64 * lists]])
            index.add(part)
            faiss.write_index(index, str(folder / f"whole-{name}.faiss"))

    def __len__(self) -> int:
        return int(self._flat.ntotal)

    @property
    def vectors(self) -> np.ndarray:
        """All vectors, shape (n, d), as a view of the mapped file."""
        return faiss.rev_swig_ptr(self._flat.get_xb(), self._flat.ntotal * self._flat.d).reshape(-1, self._flat.d)

    def search(
        self, query: np.ndarray, name: str, limit: int, mask: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Rows of the range ``name`` nearest to ``query`` (d,) and their cosines, best first, at most ``limit``.

        ``mask`` (n,) bool bars rows; a filtered search is exact, whatever the size.
        """
        # For the calling thread: more of them wait for each other longer than one takes, where others are busy, too.
        faiss.omp_set_num_threads(1)
        start, stop = self._ranges[name]
        limit = min(limit, stop - start)
        if mask is None and name in self._coarse:
            coarse = self._coarse[name]
            parameters: Any = None
            if isinstance(coarse, faiss.IndexIVF):
                parameters = faiss.SearchParametersIVF(nprobe=PROBES)  # type: ignore[call-arg]
            # Eight bits a number misplace what is nearly alike: of twice as many the exact cosines decide.
            _, rows = coarse.search(query[None], 2 * limit, params=parameters)
            rows = rows[0][rows[0] >= 0] + start
            cosines = self.vectors[rows] @ query
            best = np.argsort(-cosines, kind="stable")[:limit]
            return rows[best], cosines[best]
        selector: faiss.IDSelector = faiss.IDSelectorRange(start, stop)
        if mask is not None:
            # The bitmap outlives the call: FAISS keeps only its address.
            bits = np.packbits(mask, bitorder="little")
            selector = faiss.IDSelectorAnd(selector, faiss.IDSelectorBitmap(len(mask), faiss.swig_ptr(bits)))
        parameters = faiss.SearchParameters(sel=selector)  # type: ignore[call-arg]
        cosines, rows = self._flat.search(query[None], limit, params=parameters)
        found = rows[0] >= 0
        return rows[0][found].astype(np.int64), cosines[0][found]
