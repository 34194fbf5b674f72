"""The nightly run: fetch, read, build, switch, tell; recorded at every phase, to be repeated after any end.

What is done stays done: documents are stored one by one, embeddings are kept as they are made, and nothing is served
before it is whole. A run that failed or was killed leaves the generation that was served, and the next one goes on.
"""

from __future__ import annotations

import errno
import logging
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from ingest.correction import Book
from ingest.fetching import FAILED as NOT_FETCHED
from ingest.fetching import HELD, Fetched
from ingest.pipeline import UNCHANGED, Outcome, _digest, _file_digest, _maker, documents
from lawsearch import run as record
from lawsearch.catalogue import Catalogue
from lawsearch.errors import DocumentError, LawsearchError
from lawsearch.run import FAILED, OK, Document, Phase, Run
from lawsearch.store import Store

log = logging.getLogger(__name__)
Enter = Callable[[str], None]
#: What to do about errors of the system.
_REMEDIES = {
    errno.ENOSPC: "Make room on the disk", errno.EDQUOT: "Make room on the disk", errno.EFBIG: "Make room on the disk",
    errno.EROFS: "The disk can only be read", errno.EACCES: "See to its owner and its permissions",
    errno.EIO: "The disk may be failing",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a run does. ``serving`` names the generation that is served; ``fetch`` brings texts into a watched folder,
    or is None; ``read`` stores what is new in the folders; ``remove`` takes what came from a file out of the store, or
    is None where a file that is gone takes nothing with it; ``build`` makes and serves the next generation, entering
    its phases, and returns the name of the one that is served; each of ``after`` is told the run that has ended."""

    index_dir: Path
    store_path: Path
    watched: tuple[Path, ...]
    serving: Callable[[], str]
    read: Callable[[Store], Sequence[Outcome]]
    build: Callable[[Enter], str]
    fetch: Callable[[], Sequence[Fetched]] | None = None
    remove: Callable[[Store, str], object] | None = None
    after: Sequence[Callable[[Run], None]] = ()


def night(plan: Plan, enter: Enter = lambda _: None) -> Run:
    """One run, with its record kept. ``enter`` is told each phase. Whoever calls holds the lock of the index.

    A failure is in the record's result and reason and leaves what was served. Raises LawsearchError only where not even
    a record can be kept.
    """
    for killed in record.settle(plan.index_dir):
        log.warning("the run of %s did not end: %s", killed.started, killed.reason)
    recorder = _Recorder(plan, enter)
    try:
        if plan.fetch:
            recorder.enter("fetching")
            recorder.fetched(plan.fetch())
        recorder.enter("reading")
        _there(plan.watched)
        with Store(plan.store_path) as store:
            recorder.read(plan.read(store))
            recorder.gone(_gone(plan, store))
        plan.build(recorder.enter)
    except Exception as error:
        recorder.end(FAILED, _reason(error))
    except BaseException:
        recorder.end(FAILED, "it was interrupted")
        raise
    else:
        recorder.end(OK)
    for tell in plan.after:
        try:
            tell(recorder.run)
        except Exception as error:
            recorder.warn(f"the run could not be told: {_reason(error)}")
    return recorder.run


@contextmanager
def by_hand(index_dir: Path, serving: Callable[[], str]) -> Iterator[list[Outcome]]:
    """Keep the record of a run that reads what somebody names, if it finds anything; its outcomes belong into the list
    that this gives. What it raises is in the record, too."""
    run, outcomes = Run(started=_now(), result=OK, before=serving(), by_hand=True), list[Outcome]()
    try:
        yield outcomes
    except Exception as error:
        run = replace(run, result=FAILED, reason=_reason(error))
        raise
    finally:
        told = _news(outcomes)
        run = replace(
            run, finished=_now(), documents=tuple(told), unchanged=len(outcomes) - len(told), after=serving()
        )  # fmt: skip
        if outcomes:
            _keep(index_dir, run)


def waiting(
    watched: Iterable[Path], store: Store | None, catalogue: Catalogue | None, corrections: Book
) -> tuple[list[Path], int]:
    """The documents that a run would read, and how many it would not."""
    facts = _digest(repr(catalogue).encode()) if catalogue else ""
    files = documents(watched)
    found = []
    for path in files:
        known, digest = store and store.source(str(path)), _file_digest(path)
        if not known or (known.maker, known.digest) != (_maker(path, facts, corrections, digest), digest):
            found.append(path)
    return found, len(files) - len(found)


def gone(watched: Iterable[Path], store: Store) -> list[Document]:
    """The documents in the store whose files are no longer in the watched folders, one entry a file."""
    folders = [folder.absolute() for folder in watched]
    found = {}
    for entry in store.entries():
        path = Path(entry.source.path)
        if any(path.is_relative_to(folder) for folder in folders) and not path.exists():
            reason = f"gone from its folder, kept until: lawsearch remove {path}"
            found[str(path)] = Document(str(path), "gone", reason, entry.instrument.id)
    return list(found.values())


def _there(watched: Iterable[Path]) -> None:
    for folder in watched:
        if not folder.is_dir():
            raise DocumentError(folder, "is not a folder", "Is its disk there? Else correct the setting watched_dirs")


def _gone(plan: Plan, store: Store) -> list[Document]:
    """What is gone, and removed where that is wanted."""
    found = gone(plan.watched, store)
    if plan.remove is None:
        return found
    for folder in plan.watched:
        lost = sum(Path(one.path).is_relative_to(folder.absolute()) for one in found)
        # An empty folder is a disk that is not there more often than a law that is not.
        if lost and not documents([folder]):
            raise DocumentError(
                folder, f"has no PDF any more; {lost} were read from it",
                "Is its disk there? Else: lawsearch remove, for each of them",
            )  # fmt: skip
    for one in found:
        plan.remove(store, one.path)
    return [replace(one, state="removed", reason="gone from its folder") for one in found]


class _Recorder:
    """Keeps the record of the run that is going on."""

    def __init__(self, plan: Plan, enter: Enter) -> None:
        self._plan, self._enter = plan, enter
        self._since = time.monotonic()
        self.run = Run(started=_now(), before=plan.serving())
        try:
            record.save(plan.index_dir, self.run)
        except OSError as error:
            raise LawsearchError(f"{plan.index_dir} cannot be written: {error.strerror}", _remedy(error)) from error

    def enter(self, phase: str) -> None:
        """Go on to a phase, unless it is this one."""
        if self.run.phases and self.run.phases[-1].name == phase:
            return
        self.run = replace(self.run, phases=(*self._timed(), Phase(phase)))
        self._since = time.monotonic()
        record.save(self._plan.index_dir, self.run)
        self._enter(phase)

    def _timed(self) -> tuple[Phase, ...]:
        *done, last = self.run.phases or (Phase(""),)
        return (*done, replace(last, seconds=round(time.monotonic() - self._since, 3))) if last.name else ()

    def fetched(self, found: Sequence[Fetched]) -> None:
        states = {NOT_FETCHED: "not fetched", HELD: HELD}
        told = [Document(str(f.path), states[f.state], f.reason, f.instrument) for f in found if f.state in states]
        self._told(told)
        for one in found:
            if one.moved:
                self.warn(f"{one.instrument}: its address has moved to {one.moved}; correct the catalogue")

    def read(self, outcomes: Sequence[Outcome]) -> None:
        told = _news(outcomes)
        self._told(told)
        self.run = replace(self.run, unchanged=len(outcomes) - len(told))

    def gone(self, found: Sequence[Document]) -> None:
        self._told(found)

    def _told(self, documents: Sequence[Document]) -> None:
        self.run = replace(self.run, documents=(*self.run.documents, *documents))

    def warn(self, text: str) -> None:
        log.warning("%s", text)
        self.run = replace(self.run, warnings=(*self.run.warnings, text))
        if self.run.finished:
            self._kept()

    def end(self, result: str, reason: str = "") -> None:
        served = self._plan.serving()
        self.run = replace(
            self.run, finished=_now(), result=result, reason=reason, phases=self._timed(), after=served
        )  # fmt: skip
        self._kept()

    def _kept(self) -> None:
        _keep(self._plan.index_dir, self.run)


def _news(outcomes: Iterable[Outcome]) -> list[Document]:
    return [Document(str(o.path), o.state, o.reason, o.instrument) for o in outcomes if o.state != UNCHANGED]


def _keep(index_dir: Path, run: Run) -> None:
    try:
        record.save(index_dir, run)
    except OSError as error:
        log.error("the record of the run cannot be kept: %s", error)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _remedy(error: OSError) -> str:
    return _REMEDIES.get(error.errno or 0, "Try again")


def _reason(error: Exception) -> str:
    """What went wrong and what to do, in words."""
    if isinstance(error, LawsearchError):
        return str(error)
    if isinstance(error, OSError):
        return f"{error.filename or 'the index'}: {error.strerror or error}. {_remedy(error)}"
    if isinstance(error, sqlite3.Error):
        return f"the store or the cache of embeddings: {error}. See to the free space, then: lawsearch verify"
    log.error("the run failed", exc_info=error)
    return f"{type(error).__name__}: {error}. See to the free space, then: lawsearch verify; else please report this"
