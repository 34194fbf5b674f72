"""The run: files and folders in, provisions in the store out, one outcome a file. Nothing is ever half stored."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from ingest.catalogue import Catalogue
from ingest.parsing import parse
from lawsearch.errors import DocumentError, LawsearchError
from lawsearch.provision import Expression
from lawsearch.store import Store

#: Raised with every change of the parser that changes what it finds, so that stored documents are read again.
PARSER = "1"
ADDED, CHANGED, UNCHANGED, FAILED = "added", "changed", "unchanged", "failed"
#: Told (the outcome, how many files are done, of how many).
Progress = Callable[["Outcome", int, int], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file: ``state`` is added, changed, unchanged or failed; ``reports`` by language."""

    path: Path
    state: str
    reason: str = ""
    instrument: str = ""
    reports: tuple[tuple[str, dict], ...] = ()


def documents(paths: Iterable[Path]) -> list[Path]:
    """The files meant by ``paths``: each file itself, and every PDF in and below each folder, in order of name."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += sorted(p for p in path.rglob("*") if p.suffix.lower() == ".pdf" and p.is_file())
        else:
            found.append(path)
    return list(dict.fromkeys(Path(os.path.abspath(p)) for p in found))


def ingest(
    paths: Iterable[Path],
    store: Store,
    catalogue: Catalogue | None,
    progress: Progress | None = None,
    *,
    workers: int = 0,
) -> list[Outcome]:
    """Parse every document and store its provisions; a failure stops nothing else and leaves what was stored before.

    A file whose bytes, sidecar, catalogue and parser are those of last time is not read again. ``workers`` is the
    number of processes, 0 for one a core.
    """
    files = documents(paths)
    facts = _digest(repr(catalogue).encode()) if catalogue else ""
    makers = {path: _maker(path, facts) for path in files}
    waiting, outcomes = [], []

    def finish(outcome: Outcome) -> None:
        outcomes.append(outcome)
        if progress:
            progress(outcome, len(outcomes), len(files))

    for path in files:
        known = store.source(str(path))
        if known and known.maker == makers[path] and known.digest == _file_digest(path):
            finish(Outcome(path, UNCHANGED))
        else:
            waiting.append(path)
    for path, result in _parsed(waiting, catalogue, workers):
        finish(_stored(path, result, store, makers[path]))
    return outcomes


def _stored(path: Path, result: tuple[Expression, ...] | tuple[str, str], store: Store, maker: str) -> Outcome:
    if not result:
        return Outcome(path, FAILED, f"{path}: no text was found in it")
    if isinstance(result[0], str):
        return Outcome(path, FAILED, " ".join(str(part) for part in result if part))
    expressions = [e for e in result if isinstance(e, Expression)]
    before = store.source(str(path))
    try:
        store.put(str(path), expressions, maker)
    except LawsearchError as error:
        return Outcome(path, FAILED, str(error))
    reports = tuple((e.language, e.report) for e in expressions)
    return Outcome(path, CHANGED if before else ADDED, "", expressions[0].instrument.id, reports)


def _parsed(
    files: Sequence[Path], catalogue: Catalogue | None, workers: int
) -> Iterator[tuple[Path, tuple[Expression, ...] | tuple[str, str]]]:
    """Each file with its expressions, or with (problem, remedy)."""
    count = min(workers or os.cpu_count() or 1, len(files))
    if count <= 1:
        for path in files:
            yield path, _attempt(path, catalogue)
        return
    # Spawned, not forked: the caller may hold threads (a progress bar, a model) that a fork would tear.
    with ProcessPoolExecutor(count, mp_context=get_context("spawn")) as pool:
        jobs = {path: pool.submit(_attempt, path, catalogue) for path in files}
        for path, job in jobs.items():
            try:
                yield path, job.result()
            except Exception as error:
                # A worker that died takes the pool with it; each file then says so instead of the run ending.
                yield path, (f"{path}: the parser stopped ({type(error).__name__}: {error}).", "Try this file alone")


def _attempt(path: Path, catalogue: Catalogue | None) -> tuple[Expression, ...] | tuple[str, str]:
    try:
        return parse(path, catalogue=catalogue)
    except LawsearchError as error:
        return (f"{error.problem}.", error.remedy)
    except Exception as error:
        unexpected = DocumentError(path, f"the parser failed on it ({type(error).__name__}: {error})")
        return (f"{unexpected.problem}.", "Please report this file")


def _maker(path: Path, facts: str) -> str:
    """Everything but the file itself that decides what is found in it."""
    beside = path.with_suffix(".toml")
    own = _digest(beside.read_bytes()) if beside.is_file() else ""
    return f"parser {PARSER} catalogue {facts[:12]} sidecar {own[:12]}"


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _file_digest(path: Path) -> str:
    try:
        return _digest(path.read_bytes())
    except OSError:
        return ""
