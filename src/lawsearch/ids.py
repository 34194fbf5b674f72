"""The ids of units by row, and rows by id, in a mapped file: a million of them as objects are a fifth of a gigabyte."""

from __future__ import annotations

import mmap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import overload

import numpy as np


def text_of(key: str) -> str:
    """The text, an instrument in a language, that a provision is of."""
    return key.split("/~", 1)[0]


class Ids(Sequence[str]):
    """The ids of all units, in row order; those of a text stand together. ``texts`` are the rows at which texts begin,
    and last the number of rows; ``rows`` finds the row of an id."""

    def __init__(self, folder: Path) -> None:
        """Open what ``write`` wrote into ``folder``. Raises OSError, ValueError where it is damaged."""
        with (folder / "units.txt").open("rb") as file:
            self._file = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        #: Each id stands between two of these.
        self._breaks = np.flatnonzero(np.frombuffer(self._file, np.uint8) == ord("\n"))
        self.texts: np.ndarray = np.load(folder / "texts.npy")
        if self.texts[-1] != len(self):
            raise ValueError(f"units.txt and texts.npy disagree on the number of units ({len(self)}, {self.texts[-1]})")
        self.rows: Mapping[str, int] = _Rows(self)

    @staticmethod
    def write(folder: Path, ids: Iterable[str]) -> None:
        """Write ids, those of a text together, into ``folder``."""
        ids = list(ids)
        (folder / "units.txt").write_bytes("\n".join(["", *ids, ""]).encode())
        sizes = [sum(1 for _ in own) for _, own in groupby(ids, text_of)]
        np.save(folder / "texts.npy", np.cumsum([0, *sizes], dtype=np.int64))

    def __len__(self) -> int:
        return len(self._breaks) - 1

    @overload
    def __getitem__(self, row: int) -> str: ...
    @overload
    def __getitem__(self, row: slice) -> list[str]: ...
    def __getitem__(self, row: int | slice) -> str | list[str]:
        if isinstance(row, slice):
            return [self[one] for one in range(*row.indices(len(self)))]
        # Raises IndexError where there is none.
        place = range(len(self))[row]
        return self._file[self._breaks[place] + 1 : self._breaks[place + 1]].decode()

    def find(self, key: str, start: int, stop: int) -> int:
        """The row of an id from ``start`` to ``stop``, -1 where it is none of them."""
        at = self._file.find(f"\n{key}\n".encode(), self._breaks[start], self._breaks[stop] + 1)
        return int(np.searchsorted(self._breaks, at)) if at >= 0 else -1


class _Rows(Mapping[str, int]):
    def __init__(self, ids: Ids) -> None:
        self._ids = ids
        starts, stops = ids.texts[:-1].tolist(), ids.texts[1:].tolist()
        self._texts = {text_of(ids[start]): (start, stop) for start, stop in zip(starts, stops, strict=True)}

    def __getitem__(self, key: str) -> int:
        row = self._ids.find(key, *self._texts[text_of(key)])
        if row < 0 or self._ids[row] != key:
            raise KeyError(key)
        return row

    def __iter__(self) -> Iterator[str]:
        return iter(self._ids)

    def __len__(self) -> int:
        return len(self._ids)
