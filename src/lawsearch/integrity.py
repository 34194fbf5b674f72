"""Integrity: whether a generation is what was built, byte by byte, and whether its parts belong together."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lawsearch import sums, views
from lawsearch.generation import Generation
from lawsearch.text import digest
from lawsearch.vectors import Parts

#: The digests of all files, as ``sha256sum --check`` reads them.
SUMS = "SHA256SUMS"
#: How far a vector's length may be from one.
_UNIT = 1e-3


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it should be: where, and what."""

    where: str
    problem: str

    def __str__(self) -> str:
        return f"{self.where}: {self.problem}"


def seal(folder: Path) -> None:
    """Record the digests of all files of a finished generation and bring everything to the disk. Raises OSError."""
    lines = []
    for path in _files(folder):
        with path.open("rb") as file:
            lines.append(f"{hashlib.file_digest(file, 'sha256').hexdigest()}  {path.relative_to(folder).as_posix()}\n")
            os.fsync(file.fileno())
    sums = folder / SUMS
    with sums.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(lines)
        file.flush()
        os.fsync(file.fileno())
    for place in {folder, *(path.parent for path in _files(folder))}:
        sync(place)


def sync(folder: Path) -> None:
    """Bring the names in a folder to the disk, where the system can (Windows does so by itself)."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def damages(folder: Path) -> Iterator[Finding]:
    """The files of a generation that are not as they were built: changed, gone, or never there."""
    sums = folder / SUMS
    try:
        lines = sums.read_text("utf-8").splitlines()
        wanted = {name: value for value, name in (line.split("  ", 1) for line in lines)}
    except FileNotFoundError:
        yield Finding(str(sums), "is not there: nothing says what the files should be")
        return
    except (OSError, ValueError) as error:
        yield Finding(str(sums), f"cannot be read ({error})")
        return
    there = {path.relative_to(folder).as_posix(): path for path in _files(folder)}
    for name in sorted(wanted.keys() | there.keys()):
        if name not in there:
            yield Finding(str(folder / name), "is gone")
        elif name not in wanted:
            yield Finding(str(there[name]), f"is not listed in {SUMS}")
        else:
            try:
                with there[name].open("rb") as file:
                    found = hashlib.file_digest(file, "sha256").hexdigest()
            except OSError as error:
                yield Finding(str(there[name]), f"cannot be read ({error.strerror})")
                continue
            if found != wanted[name]:
                yield Finding(str(there[name]), "is not what was built: its SHA-256 differs")


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.name != SUMS)


def disagreements(generation: Generation) -> Iterator[str]:
    """Where the parts of an opened generation do not belong together: provisions, vectors, words, concepts, links and
    topics, each against the others."""
    g, n = generation, len(generation.ids)
    matched = {u.id: len(views.parts(u.text)) for u in g.store.units() if u.is_matched}
    if len(set(g.ids)) != n:
        yield "units.txt names a unit twice"
    if missing := matched.keys() - set(g.ids):
        yield f"{len(missing)} provisions have no vector ({min(missing)})"
    if extra := set(g.ids) - matched.keys():
        yield f"{len(extra)} vectors have no provision ({min(extra)})"
    starts = [(group.start, group.stop) for group in g.groups.values()]
    if [start for start, _ in starts] != [0, *(stop for _, stop in starts)][:-1] or starts[-1:] != [(starts[-1][0], n)]:
        yield "the groups do not hold every row once"
    for row, key in enumerate(g.ids):
        group = g.groups.get(f"{_jurisdiction(g, row)}-{_language(key)}")
        if group is None or not group.start <= row < group.stop:
            yield f"{key} stands in the rows of another group"
            break
    counts = np.diff(g.offsets)
    if g.offsets[0] != 0 or (counts < 0).any() or g.offsets[-1] != len(g.parts):
        yield "offsets.npy does not fit parts.npy"
    elif n == len(matched) and any(matched.get(key, -1) != c for key, c in zip(g.ids, counts.tolist(), strict=True)):
        yield "provisions have other parts than there are vectors of"
    yield from _shapes(g, n)
    yield from _lengths(g)
    if g.manifest["counts"] != g.store.counts():
        yield f"the manifest counts {g.manifest['counts']}, the store {g.store.counts()}"


def _shapes(g: Generation, n: int) -> Iterator[str]:
    sizes = {
        "whole": len(g.whole), "title": len(g.title), "english": len(g.english), "hubness": len(g.hubness),
        "links": g.links.shape[0], "topics": g.about.shape[0], "concepts": len(g.bags), "words": len(g.lexicon),
    }  # fmt: skip
    for name, size in sizes.items():
        if size != n:
            yield f"{name} has {size} rows, there are {n} units"
    if g.hubness.shape[1:] != (len(g.languages),):
        yield "hubness has other columns than there are languages"
    if g.about.shape[1] != len(g.taxonomy.topics):
        yield f"topics.npz has {g.about.shape[1]} columns, there are {len(g.taxonomy.topics)} topics"
    if g.links.shape[0] != g.links.shape[1] or abs(g.links - g.links.T).max() > 1e-5:
        yield "the links are not symmetric"
    for name, values in (("hubness", g.hubness), ("links", g.links.data), ("topics", g.about.data)):
        if not np.isfinite(values).all():
            yield f"{name} holds what is no number"


def _lengths(g: Generation) -> Iterator[str]:
    """Vectors are of unit length; a unit that is not English has none of the English model."""
    for name, vectors in (("whole", g.whole.vectors), ("title", g.title.vectors), ("parts", g.parts)):
        if not (np.abs(_norms(vectors) - 1) < _UNIT).all():
            yield f"a vector of {name} is not of unit length"
    spoken = np.array([_language(key) == "en" for key in g.ids], bool)
    wanted = spoken & (g.manifest["models"]["english"] is not None)
    if not (np.abs(_norms(g.english.vectors) - wanted) < _UNIT).all():
        yield "a vector of english is not of unit length, or stands where none should"


def _norms(vectors: np.ndarray | Parts) -> np.ndarray:
    """The lengths of vectors, of not too many at once."""
    steps = range(0, len(vectors), 65536)
    return np.concatenate([np.zeros(0), *(np.linalg.norm(vectors[at : at + 65536], axis=1) for at in steps)])


def _jurisdiction(g: Generation, row: int) -> str:
    instrument = g.instruments.get(g.instrument_of(row))
    return instrument.jurisdiction if instrument else ""


def _language(key: str) -> str:
    return key.split("/~", 1)[0].rsplit("/", 1)[1]


def flaws(path: Path, *, read_only: bool = True) -> Iterator[str]:
    """What is wrong with a store's file: SQLite's own check, every text against the digest stored with it, all that is
    said of it against its sum, and every provision against the expression that it stands in. ``read_only`` for a
    snapshot, which never changes."""
    try:
        mode = "ro&immutable=1" if read_only else "rw"
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True)) as db:
            found = [str(row[0]) for row in db.execute("pragma integrity_check(5)")]
            if found != ["ok"]:
                yield "; ".join(found)
                return
            rows = db.execute("select id, heading, text, digest, instrument, language, eid from provisions")
            wrong = [
                row[0]
                for row in rows
                if digest(f"{row[1]}\n{row[2]}") != row[3] or row[0] != f"{row[4]}/{row[5]}/~{row[6]}"
            ]
            if wrong:
                yield f"the text of {len(wrong)} provisions is not the one that was stored ({min(wrong)})"
            if altered := list(sums.wrong(db)):
                yield f"what is stored of {len(altered)} texts is not what was ({altered[0]})"
            lost = db.execute(
                "select id from provisions p where not exists (select 1 from expressions e"
                " where e.instrument = p.instrument and e.language = p.language) limit 1"
            ).fetchone()
            if lost:
                yield f"{lost[0]} belongs to no expression"
            astray = db.execute(
                "select id from provisions p where parent = '' and (select count(*) from versions v where v.ended is"
                " null and v.provision = p.id and v.digest = p.digest) != 1 union select provision from versions v"
                " where ended is null and not exists (select 1 from provisions p where p.id = v.provision) limit 1"
            ).fetchone()
            if astray:
                yield f"the journal does not say of {astray[0]} what is stored"
    except (sqlite3.Error, OSError, UnicodeError) as error:
        yield f"cannot be read ({error})"
