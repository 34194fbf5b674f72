"""Sparse matrices in files that are mapped, not read: what several processes look at is in memory once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy import sparse


def write(folder: Path, matrix: sparse.csr_matrix) -> None:
    """Write a matrix into ``folder``, in place of what was there."""
    folder.mkdir(exist_ok=True)
    matrix.sort_indices()
    parts = {"indptr": matrix.indptr, "indices": matrix.indices, "data": matrix.data}
    for name, values in {**parts, "columns": np.array(matrix.shape[1])}.items():
        # Never over a file that somebody may have mapped: to look at what was cut off ends a process.
        (folder / f"{name}.npy").unlink(missing_ok=True)
        np.save(folder / f"{name}.npy", values)


def read(folder: Path) -> sparse.csr_matrix:
    """The matrix that ``write`` wrote, mapped, not to be changed. Raises OSError, ValueError where it is damaged."""
    indptr, indices, data = (array(folder / f"{name}.npy") for name in ("indptr", "indices", "data"))
    columns = int(np.load(folder / "columns.npy"))
    matrix = sparse.csr_matrix((data, indices, indptr), (len(indptr) - 1, columns), copy=False)
    # Else it would look through all of it, to find out.
    matrix.has_sorted_indices = matrix.has_canonical_format = True
    return matrix


def array(path: Path) -> np.ndarray:
    """A file of numpy's, mapped. Raises OSError, ValueError where it is damaged."""
    # As a plain array over what is mapped: numpy's own class for that costs more than a small piece of it.
    return np.load(path, mmap_mode="r").view(np.ndarray)
