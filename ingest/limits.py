"""Work on a document in a process of its own that may take so much time and memory, and whose end ends nothing else.

A PDF is written by others. One that loops, swells or brings a library down costs its process, which is replaced, and
is named with the limit that it met; the documents beside it go on.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

import pypdfium2 as pdfium

from lawsearch.errors import LawsearchError

#: Pages that lengthen the time; no file buys more by claiming more of them.
_MOST_PAGES = 5000
#: What a thread may reserve without using it, in MiB: its stack and its share of the heap.
_THREAD = 160
_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """What one document may take: ``seconds``, ``seconds_a_page`` more for each of its pages, and ``memory`` in MiB.

    The memory is what its process may map beyond what it holds when it starts. It is enforced where the system can
    do that (Linux); the time is enforced everywhere.
    """

    seconds: float = 300.0
    seconds_a_page: float = 20.0
    memory: int = 4096

    def time(self, pages: int) -> float:
        """The seconds that a document of so many pages may take."""
        return self.seconds + self.seconds_a_page * min(pages, _MOST_PAGES)


@dataclass(frozen=True, slots=True)
class Job:
    """``function(*arguments)``, to be called in another process, and the file that it reads."""

    path: Path
    function: Callable[..., Any]
    arguments: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Failure:
    """A job without a result: the ``problem``, which names the file and the limit that it met, and what to do."""

    problem: str
    remedy: str


def attempts(jobs: Sequence[Job], count: int, limits: Limits, threads: int = 1) -> Iterator[Any]:
    """The result of each job, in their order, or a Failure; ``count`` are worked on at once.

    ``threads`` is how many threads a job uses: each reserves memory that it does not take.
    """
    results: dict[int, Any] = {}
    waiting = iter(enumerate(jobs))
    workers = [_Worker(limits, threads) for _ in range(min(count, len(jobs)))]
    shown = 0
    try:
        for worker in workers:
            worker.take(next(waiting, None))
        while shown < len(jobs):
            for worker in _ready(workers):
                ended = worker.step()
                if ended is not None:
                    results[worker.index] = ended
                    worker.take(next(waiting, None))
            while shown in results:
                yield results.pop(shown)
                shown += 1
    finally:
        for worker in workers:
            worker.stop()


def attempt(job: Job, limits: Limits, threads: int = 1) -> Any:
    """The result of one job. Raises LawsearchError where it has none."""
    (result,) = attempts([job], 1, limits, threads)
    if isinstance(result, Failure):
        raise LawsearchError(result.problem, result.remedy)
    return result


def _ready(workers: Iterable[_Worker]) -> list[_Worker]:
    """The workers that have said something, died or run out of time; waits until there is one."""
    busy = [worker for worker in workers if worker.busy]
    patience = min(worker.deadline for worker in busy) - time.monotonic()
    heard = set(wait([handle for worker in busy for handle in worker.handles], max(patience, 0)))
    now = time.monotonic()
    return [worker for worker in busy if heard & set(worker.handles) or now >= worker.deadline]


@dataclass(eq=False)
class _Worker:
    """One process, started when it has something to do, and again after it was ended."""

    limits: Limits
    threads: int
    index: int = -1
    path: Path = Path()
    deadline: float = 0.0
    busy: bool = False
    _budget: float = 0.0
    _folder: str = ""
    _process: Any = None
    _pipe: Connection | None = None
    _began: float = 0.0

    @property
    def handles(self) -> tuple[Any, ...]:
        return self._pipe, self._process.sentinel

    def take(self, item: tuple[int, Job] | None) -> None:
        """Begin a job, if there is one."""
        self.busy = item is not None
        if item is None:
            return
        self.index, job = item
        self.path = job.path
        if self._process is None or not self._process.is_alive():
            self.stop()
            self._start()
        assert self._pipe is not None
        # The process may be a second in starting: its time begins when it says that it is there.
        self._set(self.limits.seconds + 60)
        try:
            self._pipe.send(job)
        except OSError:  # it died between two jobs
            self.stop()
            self._start()
            self._pipe.send(job)

    def _start(self) -> None:
        # Spawned, not forked: the caller may hold threads (a progress bar, a model) that a fork would tear.
        context = get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._folder = tempfile.mkdtemp(prefix="lawsearch-")
        given = (theirs, self.limits.memory, self.threads, self._folder)
        self._process = context.Process(target=_serve, args=given, daemon=True)
        self._process.start()
        theirs.close()

    def _set(self, seconds: float) -> None:
        self._began = time.monotonic()
        self._budget, self.deadline = seconds, self._began + seconds

    def step(self) -> Any:
        """What came of the job: its result, a Failure, or None while it goes on."""
        assert self._pipe is not None
        if self._pipe.poll():
            with contextlib.suppress(EOFError, OSError):
                said, value = self._pipe.recv()
                if said == "begins":
                    self._set(self.limits.seconds)
                    return None
                if said == "pages":
                    self._budget = self.limits.time(value)
                    self.deadline = self._began + self._budget
                    return None
                if said == "memory":
                    self.stop()
                    return Failure(
                        f"{self.path}: needs more than the {self.limits.memory} MiB of memory that a document may take",
                        "Raise --memory if you trust the file, or leave it out",
                    )
                return value
        elif self._process.is_alive() and time.monotonic() >= self.deadline:
            self.stop()
            return Failure(
                f"{self.path}: takes longer than the {self._budget:g} seconds that it may",
                "Raise --seconds if you trust the file, or leave it out",
            )
        elif self._process.is_alive():
            return None
        self._process.join()
        died = _signal(self._process.exitcode)
        self.stop()
        return Failure(
            f"{self.path}: ends the process that reads it ({died}; it may take {self._budget:g} seconds and "
            f"{self.limits.memory} MiB of memory)",
            "Raise --memory if you trust the file, or leave it out",
        )

    def stop(self) -> None:
        """End the process and what it has started."""
        # One that could not be started has no number.
        if self._process is not None and self._process.pid is not None:
            if hasattr(os, "killpg"):
                # The group that it leads, once it does: tesseract goes with it, even where it died by itself.
                with contextlib.suppress(OSError):
                    os.killpg(self._process.pid, signal.SIGKILL)
            self._process.kill()
            self._process.join()
            self._process.close()
        if self._pipe is not None:
            self._pipe.close()
        # What a killed process had no time to remove.
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = ""
        self._process = self._pipe = None


def _signal(code: int | None) -> str:
    if code is None or code >= 0:
        return f"exit status {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


def _serve(pipe: Connection, memory: int, threads: int, folder: str) -> None:
    """The other process: one job after the other until nobody asks any more; its temporary files go to ``folder``."""
    tempfile.tempdir = folder
    if hasattr(os, "setpgid"):
        os.setpgid(0, 0)
    limited = False
    while True:
        try:
            # Unpickling the job imports what it needs: that is no part of what the document takes.
            job: Job = pipe.recv()
        except (EOFError, OSError):
            return
        limited = limited or _limit(memory, threads)
        try:
            pipe.send(("begins", None))
            pipe.send(("pages", _pages(job.path)))
            said: tuple[str, Any] = ("done", job.function(*job.arguments))
        except MemoryError:
            said = ("memory", None)
        except LawsearchError as error:
            said = ("done", Failure(error.problem, error.remedy))
        except Exception as error:
            reason = f"{job.path}: the parser failed on it ({type(error).__name__}: {error})"
            said = ("done", Failure(reason, "Please report this file"))
        try:
            pipe.send(said)
        except OSError:
            return


def _limit(memory: int, threads: int) -> bool:
    """Let this process map no more than that beyond what it has, where the system knows how."""
    if sys.platform != "linux":
        return False
    import resource

    mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    most = mapped + (memory + _THREAD * threads) * _MIB
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard != resource.RLIM_INFINITY:
        most = min(most, hard)
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    # A crash is expected now and then: no image of the memory is worth its space on the disk.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    return True


def _pages(path: Path) -> int:
    """How many pages the file says that it has, 0 where it cannot be opened."""
    try:
        document = pdfium.PdfDocument(path)
    except (pdfium.PdfiumError, OSError):
        return 0
    try:
        return len(document)
    finally:
        document.close()
