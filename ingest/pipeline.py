"""The run: files and folders in, provisions in the store out, one outcome a file. Nothing is ever half stored."""

from __future__ import annotations

import hashlib
import os
import socket
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from ingest import limits, ocr
from ingest.correction import Book
from ingest.description import named
from ingest.limits import Failure, Job, Limits
from ingest.parsing import parse
from lawsearch.catalogue import Catalogue
from lawsearch.errors import DocumentError, LawsearchError
from lawsearch.nodes import Lost, Nodes
from lawsearch.provision import Expression
from lawsearch.store import Changes, Store

#: Raised with every change of the parser that changes what it finds, so that stored documents are read again.
PARSER = "5"
ADDED, CHANGED, UNCHANGED, FAILED = "added", "changed", "unchanged", "failed"
#: Told (the outcome, how many files are done, of how many).
Progress = Callable[["Outcome", int, int], None]
#: What is in a file: its expressions, or (problem, remedy).
Result = tuple[Expression, ...] | tuple[str, str]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file: ``state`` is added, changed, unchanged or failed; ``reports`` by language; ``changes``
    say which provisions of a changed file are new, read otherwise, or are gone."""

    path: Path
    state: str
    reason: str = ""
    instrument: str = ""
    reports: tuple[tuple[str, dict], ...] = ()
    changes: Changes = field(default_factory=Changes)


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
    cache: Path | None = None,
    corrections: Book | None = None,
    allowed: Limits | None = None,
    nodes: Nodes | None = None,
) -> list[Outcome]:
    """Parse every document and store its provisions; a failure stops nothing else and leaves what was stored before.

    A file whose bytes, sidecar, catalogue, corrections and parser are those of last time is not read again.
    ``workers`` is the number of processes, 0 for one a core; ``cache`` keeps what OCR has read (the user's cache
    directory unless given). ``allowed`` is what each document may take; without it a single worker is this process,
    which nothing limits. With ``nodes`` the documents are read there instead, each by one processor.
    """
    files = documents(paths)
    facts = _digest(repr(catalogue).encode()) if catalogue else ""
    book = corrections or Book()
    waiting, outcomes = [], []
    makers: dict[Path, str] = {}

    def finish(outcome: Outcome) -> None:
        outcomes.append(outcome)
        if progress:
            progress(outcome, len(outcomes), len(files))

    for path in files:
        known = store.source(str(path))
        digest = _file_digest(path)
        makers[path] = _maker(path, facts, book, digest)
        if known and known.maker == makers[path] and known.digest == digest:
            finish(Outcome(path, UNCHANGED))
        else:
            waiting.append(path)
    found = (
        _parsed_on(nodes, waiting, catalogue, book, allowed or Limits())
        if nodes
        else _parsed(waiting, catalogue, workers, cache, book, allowed)
    )
    for path, result in found:
        finish(_stored(path, result, store, makers[path]))
    return outcomes


def _stored(path: Path, result: Result, store: Store, maker: str) -> Outcome:
    if not result:
        return Outcome(path, FAILED, f"{path}: no text was found in it", named(path))
    if isinstance(result[0], str):
        return Outcome(path, FAILED, " ".join(str(part) for part in result if part), named(path))
    expressions = [e for e in result if isinstance(e, Expression)]
    before = store.source(str(path))
    try:
        changes = store.put(str(path), expressions, maker)
    except LawsearchError as error:
        return Outcome(path, FAILED, str(error), named(path))
    reports = tuple((e.language, e.report) for e in expressions)
    identifier = expressions[0].instrument.id
    return (
        Outcome(path, CHANGED, "", identifier, reports, changes)
        if before
        else Outcome(path, ADDED, "", identifier, reports)
    )


def parsed(
    path: Path, catalogue: Catalogue | None, allowed: Limits, *, cache: Path | None = None,
    corrections: Book | None = None,
) -> tuple[Expression, ...]:  # fmt: skip
    """As ``parsing.parse``, in a process of its own that is allowed so much. Raises LawsearchError."""
    reader = partial(parse, path, catalogue=catalogue, cache=cache, corrections=corrections)
    found: tuple[Expression, ...] = limits.attempt(Job(path, reader), allowed, os.cpu_count() or 1)
    return found


def _parsed(
    files: Sequence[Path], catalogue: Catalogue | None, workers: int, cache: Path | None, book: Book,
    allowed: Limits | None,
) -> Iterator[tuple[Path, Result]]:  # fmt: skip
    """Each file with its expressions, or with (problem, remedy)."""
    count = min(workers or os.cpu_count() or 1, len(files))
    if count <= 1 and allowed is None:
        for path in files:
            try:
                yield path, _attempt(path, catalogue, cache, 0, book)
            except MemoryError:
                yield path, (f"{path}: needs more memory than there is.", "Try it where there is more")
        return
    # The processes share the cores for OCR.
    share = max(1, (os.cpu_count() or 1) // max(count, 1))
    jobs = [Job(path, _attempt, (path, catalogue, cache, share, book)) for path in files]
    for path, result in zip(files, limits.attempts(jobs, count, allowed or Limits(), share), strict=True):
        yield path, ((f"{result.problem}.", result.remedy) if isinstance(result, Failure) else result)


def _parsed_on(
    nodes: Nodes, files: Sequence[Path], catalogue: Catalogue | None, book: Book, allowed: Limits
) -> Iterator[tuple[Path, Result]]:
    """As ``_parsed``, on other machines: they are sent the files, and keep what OCR has read where they keep it."""
    pieces = ((path, _content(path), _content(path.with_suffix(".toml"))) for path in files)
    for path, result in zip(files, nodes.each(_copied, pieces, (catalogue, book, allowed, _reads())), strict=True):
        yield path, ((f"{path}: {result.reason}.", "Try it alone") if isinstance(result, Lost) else result)


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _copied(
    catalogue: Catalogue | None, book: Book, allowed: Limits, reads: str, path: Path, data: bytes | None,
    beside: bytes | None,
) -> Result:  # fmt: skip
    """On a node: what is in the file that elsewhere is at ``path``, ``beside`` being its sidecar."""
    if _reads() != reads:
        return (
            f"{path}: {socket.gethostname()} has other OCR than the machine that asks.",
            "Install the same on all nodes",
        )
    with tempfile.TemporaryDirectory(prefix="lawsearch-") as folder:
        copy = Path(folder) / path.name
        for place, content in ((copy, data), (copy.with_suffix(".toml"), beside)):
            if content is not None:
                place.write_bytes(content)
        (result,) = limits.attempts([Job(copy, _attempt, (copy, catalogue, None, 1, book))], 1, allowed)
    if isinstance(result, Failure):
        result = (f"{result.problem}.", result.remedy)
    if isinstance(result[0], str):  # nobody else knows the copy
        problem, remedy = result
        return problem.replace(folder, str(path.parent)), remedy
    return tuple(replace(expression, source=str(path)) for expression in result)


def _attempt(path: Path, catalogue: Catalogue | None, cache: Path | None, share: int, book: Book) -> Result:
    ocr.workers = share
    try:
        return parse(path, catalogue=catalogue, cache=cache, corrections=book)
    except MemoryError:
        raise
    except LawsearchError as error:
        return (f"{error.problem}.", error.remedy)
    except Exception as error:
        unexpected = DocumentError(path, f"the parser failed on it ({type(error).__name__}: {error})")
        return (f"{unexpected.problem}.", "Please report this file")


def _maker(path: Path, facts: str, book: Book, digest: str) -> str:
    """Everything but the file itself that decides what is found in it."""
    beside = path.with_suffix(".toml")
    own = _digest(beside.read_bytes()) if beside.is_file() else ""
    told = f"parser {PARSER} {_reads()} catalogue {facts[:12]} sidecar {own[:12]}"
    right = book.about(digest)
    return f"{told} corrections {_digest(repr(right).encode())[:12]}" if right else told


def _reads() -> str:
    """What OCR there is: what it could not read is read again once there is other."""
    found = ocr.engine()
    return f"ocr {_digest(repr((found.version, sorted(found.models))).encode())[:8]}" if found else "no ocr"


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _file_digest(path: Path) -> str:
    try:
        return _digest(path.read_bytes())
    except OSError:
        return ""
