"""Bridges: what links between units of different jurisdictions say of a question and its candidates, and how they are
walked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from lawsearch.bags import spans
from lawsearch.ranking import Ranking, added

#: Weights of the bridge and of the neighbourhood against the standardised sum of the views.
TOLD = {"bridge": 1.5, "neighbours": 0.2}
#: What a link one place further on in either text counts, against one between the two themselves.
STEP = 0.5
#: How many shares of attention are kept as links.
LINKS = 20
#: Share of attention below which a bridge counts as none.
FAINT = 1e-3


@dataclass(frozen=True, slots=True)
class Bridges:
    """What links say of all units, each (n,): ``shares``, the attention that the question gives to each; ``reach``,
    what each has of it after one more step along the links; ``beside``, how much links what stands beside the question
    and beside each unit, None for a text by itself."""

    shares: np.ndarray
    reach: np.ndarray
    beside: np.ndarray | None = None


def attended(rankings: Sequence[Ranking], links: sparse.csr_matrix) -> Bridges:
    """What ``links`` (n, n) say to a question that ranks groups so."""
    none = np.zeros(0, np.int64)
    rows = np.concatenate([none, *(ranking.rows[:LINKS] for ranking in rankings)])
    shares = np.concatenate([none, *(ranking.shares()[:LINKS] for ranking in rankings)]).astype(np.float32)
    size = links.shape[0]
    return Bridges(summed(rows, shares, size), summed(*along(links, rows, shares), size))


def said(ranking: Ranking, bridges: Bridges) -> dict[str, np.ndarray]:
    """What links say of the candidates of a ranking, by view; nothing where they say nothing."""
    views = {"bridge": bridges.reach, "neighbours": bridges.beside}
    return {name: own for name, value in views.items() if value is not None and (own := value[ranking.rows]).any()}


def lifted(rankings: Sequence[Ranking], seen: Sequence[Mapping[str, np.ndarray]]) -> list[Ranking]:
    """Rankings with what links ``said`` of the candidates of each."""
    return added(rankings, seen, TOLD, lambda values: np.log(values + FAINT))


def places(follows: np.ndarray) -> sparse.csr_matrix:
    """How much each unit counts as each other's place in its text, (n, n): 1 for itself, ``STEP`` for one beside it.

    ``follows`` (n,) says of each row whether the next is of the same text.
    """
    steps = (STEP * follows[:-1]).astype(np.float32)
    return sparse.diags([steps, np.ones(len(follows), np.float32), steps], [-1, 0, 1], format="csr")


def beside(links: sparse.csr_matrix, rows: Sequence[int], near: sparse.csr_matrix) -> sparse.csr_matrix:
    """How much links what stands beside each unit at ``rows`` and beside each other unit, shape (len(rows), n).

    A link between two neighbours counts for ``STEP`` twice, one that is off on one side only once; ``near`` is what
    ``places`` makes.
    """
    return (near[rows] @ links @ near - links[rows]).tocsr()


def along(links: sparse.csr_matrix, rows: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where the links of ``rows`` lead, and how much of the weight of each row goes there; some places twice."""
    starts = links.indptr[rows]
    counts = links.indptr[rows + 1] - starts
    places = spans(starts, counts)
    return links.indices[places], links.data[places] * np.repeat(weights, counts)


def summed(rows: np.ndarray, weights: np.ndarray, size: int) -> np.ndarray:
    """The weights of each of ``size`` rows together."""
    found = np.zeros(size, np.float32)
    np.add.at(found, rows, weights)
    return found


def row_of(matrix: sparse.csr_matrix, row: int) -> np.ndarray:
    """One row of a matrix, dense; many times faster than the matrix's own way."""
    found = np.zeros(matrix.shape[1], np.float32)
    span = slice(*matrix.indptr[row : row + 2])
    found[matrix.indices[span]] = matrix.data[span]
    return found


def between(links: sparse.csr_matrix, rows: np.ndarray, start: int, stop: int) -> np.ndarray:
    """The links of ``rows`` to the rows from ``start`` to ``stop``, dense, shape (len(rows), stop - start)."""
    starts = links.indptr[rows]
    counts = links.indptr[rows + 1] - starts
    found = np.zeros((len(rows), stop - start), np.float32)
    owners, at = np.repeat(np.arange(len(rows)), counts), spans(starts, counts)
    inside = (start <= links.indices[at]) & (links.indices[at] < stop)
    found[owners[inside], links.indices[at[inside]] - start] = links.data[at[inside]]
    return found
