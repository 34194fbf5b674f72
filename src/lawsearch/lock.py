"""One at a time: whoever changes an index holds its lock, which ends with the process that holds it."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import ParamSpec, TypeVar

from filelock import FileLock, Timeout

from lawsearch.errors import InUseError, LawsearchError
from lawsearch.settings import load_settings

P = ParamSpec("P")
R = TypeVar("R")


@contextmanager
def alone(index_dir: Path, task: str) -> Iterator[None]:
    """Be the only one to change the index in ``index_dir``; within one thread it may be entered again.

    The system itself keeps the lock and drops it with the process, so none is ever left behind. Raises InUseError
    naming the owner, LawsearchError where the folder cannot be written.
    """
    owner = index_dir / "run.owner"
    try:
        index_dir.mkdir(parents=True, exist_ok=True)
        lock = FileLock(index_dir / "run.lock", timeout=0, is_singleton=True)
        with lock:
            if lock.lock_counter == 1:
                now = datetime.now(UTC).isoformat(timespec="seconds")
                facts = {"task": task, "pid": os.getpid(), "host": socket.gethostname(), "started": now}
                # Only read while the lock is held: what a killed process left here is replaced by the next.
                owner.write_text(json.dumps(facts), "utf-8")
            yield
    except Timeout:
        raise InUseError(f"{index_dir} is being changed by {_owner(owner)}", "Try again when it has ended") from None
    except OSError as error:
        if error.filename and Path(error.filename) in (index_dir, owner, index_dir / "run.lock"):
            raise unwritable(index_dir, error) from error
        raise


def unwritable(path: Path, error: OSError) -> LawsearchError:
    """What to say where ``path`` cannot be written."""
    return LawsearchError(f"{path} cannot be written: {error.strerror}", "See to its owner and to the free space")


def taking_turns(task: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """A command that changes the index of the settings, to be run alone."""

    def wrap(command: Callable[P, R]) -> Callable[P, R]:
        @wraps(command)
        def run(*args: P.args, **given: P.kwargs) -> R:
            with alone(load_settings().index_dir, task):
                return command(*args, **given)

        return run

    return wrap


def _owner(path: Path) -> str:
    try:
        facts = json.loads(path.read_text("utf-8"))
        return f"{facts['task']!r} (process {facts['pid']} on {facts['host']}, since {facts['started']})"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
