"""Work spread over several machines by Ray, a piece at a time.

A piece is a function and what it is called with, nothing else: whichever node takes it finds the same. What a lost node
was at is done again on another.
"""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any

import lawsearch
from lawsearch.errors import LawsearchError, SettingsError

#: How often a piece is tried again whose node or process was lost: it may be what brings them down.
AGAIN = 3
#: Pieces that wait for each processor of the nodes beside the one it is at.
AHEAD = 1


@dataclass(frozen=True, slots=True)
class Lost:
    """What stands in the place of a result that there is none of, and why."""

    reason: str


@contextmanager
def connected(address: str) -> Iterator[Nodes | None]:
    """The nodes of the Ray cluster at ``address`` (HOST:PORT, or ``auto`` on one of them); None without an address.

    Raises SettingsError where there is no such cluster or the package is not installed.
    """
    if not address:
        yield None
        return
    _reach(address)
    # Ray would tell its makers.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ImportError:
        raise SettingsError("--ray needs the package ray", "Install it: pip install 'lawsearch[ray]'") from None
    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise SettingsError(f"no Ray cluster at {address}: {error}", "Start one: ray start --head") from error
    try:
        yield Nodes(ray)
    finally:
        ray.shutdown()


def _reach(address: str) -> None:
    """Ray itself would wait for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host or not port.isdecimal():
        return
    try:
        socket.create_connection((host, int(port)), timeout=5).close()
    except (OSError, OverflowError) as error:
        raise SettingsError(f"no Ray cluster at {address}: {error}", "Start one: ray start --head") from None


class Nodes:
    """The nodes of a cluster that this process is connected to."""

    def __init__(self, ray: Any) -> None:
        self._ray = ray

    def each(
        self, function: Callable[..., Any], pieces: Iterable[Sequence[Any]], common: Sequence[Any] = ()
    ) -> Iterator[Any]:
        """``function(*common, *piece)`` for each piece, in their order, each where a processor is free.

        The function is imported there, so that every node needs the same version of this package. Raises what it
        raises. A piece that is lost with its node is done again, ``AGAIN`` times; then it is ``Lost``.
        """
        ray = self._ray
        remote = ray.remote(num_cpus=1, max_retries=AGAIN)(_done)
        shared = [ray.put(value) for value in common]
        room = max(1, int(ray.cluster_resources().get("CPU", 1))) * (1 + AHEAD)
        waiting = iter(enumerate(pieces))
        running: dict[Any, int] = {}
        results: dict[int, Any] = {}
        shown = 0
        while True:
            for i, piece in islice(waiting, room - len(running)):
                running[remote.remote(lawsearch.__version__, function, piece, *shared)] = i
            if not running:
                return
            # Fetched at once: what is still on a node when it is lost would have to be done again.
            for one in ray.wait(list(running))[0]:
                results[running.pop(one)] = self._result(one)
            while shown in results:
                yield results.pop(shown)
                shown += 1

    def _result(self, one: Any) -> Any:
        errors = self._ray.exceptions
        try:
            return self._ray.get(one)
        except errors.RayTaskError as error:
            if isinstance(error.cause, LawsearchError):
                raise error.cause from None
            if isinstance(error.cause, errors.RaySystemError):  # it could not even be read there
                last = str(error.cause).strip().splitlines()[-1]
                raise SettingsError(f"a node cannot begin: {last}", "Install lawsearch on all nodes") from error
            raise
        except errors.RayError as error:
            return Lost(f"the node or process that was at it was lost {AGAIN + 1} times ({type(error).__name__})")


def _done(version: str, function: Callable[..., Any], piece: Sequence[Any], *common: Any) -> Any:
    if version != lawsearch.__version__:
        raise SettingsError(
            f"{socket.gethostname()} has lawsearch {lawsearch.__version__}, not {version}",
            "Install the same on all nodes",
        )
    return function(*common, *piece)
