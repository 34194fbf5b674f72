"""Provisions as bags of legal concepts: the one view in which all languages share their words."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np
from scipy import sparse

from lawsearch import mapped
from lawsearch.concepts import concepts

#: So many texts are remembered by what they name.
TEXTS = 1024


def concepts_digest() -> str:
    """A short digest of the vocabulary, so that a changed one makes a new index."""
    return hashlib.sha256(repr(concepts()).encode()).hexdigest()[:12]


def spans(starts: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """The numbers from each start on, as many as its count, one after another: (2, 7), (3, 1) -> 2 3 4 7."""
    before = np.cumsum(counts) - counts
    return np.repeat(starts - before, counts) + np.arange(counts.sum())


class Bags:
    """The bags of all units, and the rarity of each concept among them."""

    def __init__(self, folder: Path) -> None:
        """Open what ``build`` wrote into ``folder``. Raises OSError, ValueError."""
        self._matrix: sparse.csr_matrix = mapped.read(folder / "concepts")
        self._rarity: np.ndarray = np.load(folder / "concepts" / "rarity.npy")
        self.keys: list[str] = np.load(folder / "concepts" / "keys.npy").tolist()
        self._place = {key: i for i, key in enumerate(self.keys)}
        #: The concepts of a law are asked for by every question that one of its provisions answers.
        self._concepts_of = lru_cache(TEXTS)(self._named)

    @staticmethod
    def build(folder: Path, counts: Iterable[Mapping[str, int]]) -> None:
        """Write the bags of units whose concepts occur ``counts`` times, in row order, into ``folder``."""
        keys = list(concepts())
        place = {key: i for i, key in enumerate(keys)}
        # Only numbers are kept of each: a million bags are gigabytes.
        places, times, ends = array("i"), array("i"), array("q", [0])
        for bag in counts:
            places.extend(place[key] for key in bag)
            times.extend(bag.values())
            ends.append(len(places))
        named, shape = np.array(places), (len(ends) - 1, len(keys))
        found = np.bincount(named, minlength=len(keys))
        # A concept in every second unit ("personal data" in a data protection law) tells nothing apart.
        rarity = np.log((shape[0] + 1) / (found + 1)).astype(np.float32)
        weights = ((1 + np.log(np.array(times))) * rarity[named]).astype(np.float32)
        matrix = sparse.csr_matrix((weights, named, np.array(ends)), shape)
        lengths = np.sqrt(matrix.multiply(matrix).sum(axis=1)).A1
        matrix.data /= np.repeat(np.where(lengths, lengths, 1), np.diff(matrix.indptr))
        matrix.eliminate_zeros()
        mapped.write(folder / "concepts", matrix)
        np.save(folder / "concepts" / "rarity.npy", rarity)
        np.save(folder / "concepts" / "keys.npy", np.array(keys))

    def __len__(self) -> int:
        return int(self._matrix.shape[0])

    def vector(self, bag: Mapping[str, int]) -> np.ndarray:
        """The unit vector of one bag, shape (len(keys),); zeros where it holds no known concept."""
        return _weighted({k: n for k, n in bag.items() if k in self._place}, self._place, self._rarity)

    def row(self, row: int) -> np.ndarray:
        """The vector of the unit at ``row``, shape (len(keys),)."""
        vector = np.zeros(len(self.keys), np.float32)
        start, stop = self._matrix.indptr[row : row + 2]
        vector[self._matrix.indices[start:stop]] = self._matrix.data[start:stop]
        return vector

    def cosines(self, query: np.ndarray, rows: np.ndarray, asked: np.ndarray | None = None) -> np.ndarray:
        """How much the units at ``rows`` and a query's vector (len(keys),) name the same concepts, 0..1, shape
        (len(rows),). ``asked`` says for each row which line of ``query`` (k, len(keys)) is meant, where there are
        several."""
        owners, places = self._spread(rows)
        named = self._matrix.indices[places]
        weights = query[named] if asked is None else query[asked[owners], named]
        return np.bincount(owners, self._matrix.data[places] * weights, len(rows))

    def table(self, queries: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """As ``cosines``, of each of ``queries`` (q, len(keys)) with every unit, shape (len(rows), q)."""
        owners, places = self._spread(rows)
        products = self._matrix.data[places, None] * queries.T[self._matrix.indices[places]]
        found = np.zeros((len(rows), len(queries)), products.dtype)
        filled, starts = np.unique(owners, return_index=True)
        if len(filled):
            found[filled] = np.add.reduceat(products, starts, axis=0)
        return found

    def means(self, rows: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Weighted means of the vectors of the units at ``rows``, one for each line of ``weights`` (k, len(rows)),
        shape (k, len(keys)); zeros where nothing weighs."""
        owners, places = self._spread(rows)
        vectors = np.zeros((len(rows), len(self.keys)), np.float32)
        vectors[owners, self._matrix.indices[places]] = self._matrix.data[places]
        total = np.maximum(weights.sum(axis=1, keepdims=True), 1e-9)
        return np.asarray((weights / total) @ vectors, np.float32)

    def covered(self, query: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """The share of a query's concepts, by weight, that each of the units at ``rows`` names, 0..1."""
        owners, places = self._spread(rows)
        return np.bincount(owners, query[self._matrix.indices[places]] ** 2, len(rows))

    def named(self, query: np.ndarray, start: int, stop: int) -> float:
        """The share of a query's concepts, by weight, that units from row ``start`` to ``stop`` name between them."""
        return float((query[self._concepts_of(start, stop)] ** 2).sum())

    def _named(self, start: int, stop: int) -> np.ndarray:
        return np.unique(self._matrix.indices[slice(*self._matrix.indptr[[start, stop]])])

    def _spread(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Where the concepts of the units at ``rows`` are kept, and which of ``rows`` each is of."""
        starts = self._matrix.indptr[rows]
        counts = self._matrix.indptr[rows + 1] - starts
        return np.repeat(np.arange(len(rows)), counts), spans(starts, counts)

    def shared(self, query: np.ndarray, rows: np.ndarray, limit: int) -> list[list[str]]:
        """The concepts that a query's vector and each of the units at ``rows`` share, most telling first."""
        owners, places = self._spread(rows)
        named = self._matrix.indices[places]
        both = self._matrix.data[places] * query[named]
        told = np.flatnonzero(both > 0)
        found: list[list[str]] = [[] for _ in rows]
        for place in told[np.lexsort((named[told], -both[told], owners[told]))].tolist():
            if len(own := found[owners[place]]) < limit:
                own.append(self.keys[named[place]])
        return found


def _weighted(bag: Mapping[str, int], place: Mapping[str, int], rarity: np.ndarray) -> np.ndarray:
    vector = np.zeros(len(rarity), np.float32)
    for key, count in bag.items():
        vector[place[key]] = (1 + np.log(count)) * rarity[place[key]]
    length = float(np.linalg.norm(vector))
    return vector / length if length else vector
