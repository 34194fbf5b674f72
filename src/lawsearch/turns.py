"""Turns: how much heavy work is done at once, how many may wait for it, and that nothing is made twice.

A server answers requests in so many threads. Work that takes long must not take them all, or it cannot even say that it
is busy: some requests work, some wait a while, the others are told at once when to ask again.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Generic, TypeVar

from lawsearch.errors import BusyError

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Turns:
    """Lets ``at_once`` pass together and ``waiting`` more wait, each ``patience`` seconds at the longest. ``what`` is
    said to those who must come back: "searches"."""

    def __init__(self, what: str, at_once: int, waiting: int, patience: float) -> None:
        self.what = what
        self.at_once, self.waiting, self.patience = at_once, waiting, patience
        self._free = threading.BoundedSemaphore(at_once)
        self._places = threading.BoundedSemaphore(waiting)
        self._counting = threading.Lock()
        #: How many are at work now, and how many wait.
        self.working = self.queued = 0

    @contextmanager
    def turn(self) -> Iterator[None]:
        """A turn at the work. Raises BusyError where too many wait already, or it takes too long."""
        if not self._free.acquire(blocking=False):
            with self.place():
                if not self._free.acquire(timeout=self.patience):
                    raise self.busy()
        self._count(working=1)
        try:
            yield
        finally:
            self._count(working=-1)
            self._free.release()

    @contextmanager
    def place(self) -> Iterator[None]:
        """A place to wait at. Raises BusyError where all are taken."""
        if not self._places.acquire(blocking=False):
            raise self.busy()
        self._count(queued=1)
        try:
            yield
        finally:
            self._count(queued=-1)
            self._places.release()

    def _count(self, working: int = 0, queued: int = 0) -> None:
        with self._counting:
            self.working += working
            self.queued += queued

    def busy(self) -> BusyError:
        """What those are told who have to come back."""
        return BusyError(f"the server is busy with other {self.what}", "Ask again in some seconds")


class Made(Generic[K, V]):
    """What has been made, by key: each made once even where many ask for it together. Of what was made the last used
    is kept, until together it weighs more than ``most``; ``weight`` says what one weighs."""

    def __init__(self, turns: Turns, most: int, weight: Callable[[V], int] = lambda _: 1) -> None:
        self._turns = turns
        self._most, self._weight, self._weighs = most, weight, 0
        self._lock = threading.Lock()
        self._kept: OrderedDict[K, V] = OrderedDict()
        self._making: dict[K, Future[V]] = {}

    def of(self, key: K, make: Callable[[], V]) -> V:
        """What ``key`` stands for: kept, or awaited where another makes it, or made in a turn.

        Raises BusyError, and what ``make`` raises, to all who wait for it.
        """
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
            other = self._making.get(key)
            if other is None:
                mine: Future[V] = Future()
                self._making[key] = mine
        if other is not None:
            with self._turns.place():
                try:
                    return other.result(self._turns.patience)
                except TimeoutError:
                    raise self._turns.busy() from None
        try:
            with self._turns.turn():
                found = make()
        except BaseException as error:
            with self._lock:
                del self._making[key]
            mine.set_exception(error)
            raise
        self._keep(key, found)
        mine.set_result(found)
        return found

    def _keep(self, key: K, found: V) -> None:
        with self._lock:
            del self._making[key]
            weight = self._weight(found)
            if weight > self._most:
                return
            self._kept[key] = found
            self._weighs += weight
            while self._weighs > self._most:
                _, oldest = self._kept.popitem(last=False)
                self._weighs -= self._weight(oldest)
