"""The desk: what people decided and put aside, in one SQLite file (WAL) that belongs to no generation.

Decisions are only ever added; the last one on a pair holds, the earlier ones are its history.
"""

from __future__ import annotations

import sqlite3
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path

from lawsearch.decision import Decision
from lawsearch.errors import NotFoundError, QueryError

SCHEMA = 1
#: Most decisions on two texts, earlier ones included, and most in all: years of work of a large office.
ON_A_PAIR, DECISIONS = 20_000, 500_000
#: Most workspaces, and most provisions in one.
WORKSPACES, KEPT = 500, 1000
_TABLES = f"""
create table if not exists decisions (
  number integer primary key, source text not null, other text not null, suggested text not null,
  verdict text not null, status text not null, corresponding text not null, comment text not null,
  name text not null, time text not null, source_digest text not null, other_digest text not null,
  pivot text generated always as (substr(source, 1, instr(source, '/~') - 1)) stored);
create index if not exists decided on decisions (pivot, other, source, suggested, number);
create table if not exists workspaces (
  id text primary key, title text not null, name text not null, time text not null) without rowid;
create table if not exists kept (
  workspace text not null references workspaces (id) on delete cascade, provision text not null,
  digest text not null, note text not null, name text not null, time text not null, number integer not null,
  primary key (workspace, provision)) without rowid;
pragma user_version = {SCHEMA};
"""
_ANEW = "whoever runs this server puts the file desk.db away"
_FIELDS = ", ".join(f.name for f in fields(Decision))


@dataclass(frozen=True, slots=True)
class Kept:
    """A provision in a workspace: its id, the digest of the wording that was put there, a note, who and when."""

    provision: str
    digest: str
    note: str
    name: str
    time: str


@dataclass(frozen=True, slots=True)
class Workspace:
    """A named selection of provisions. ``id`` is made of its title and stays; ``kept`` is in the order of adding."""

    id: str
    title: str
    name: str
    time: str
    kept: tuple[Kept, ...] = ()


@dataclass(frozen=True, slots=True)
class Tally:
    """How many decisions hold between two texts, and when the last was made."""

    pivot: str
    other: str
    decisions: int
    last: str


def now() -> str:
    """This moment as it is stored: UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def slug(title: str) -> str:
    """A title as part of an address: letters, marks and digits of any script, hyphens between."""
    kept = (c if unicodedata.category(c)[0] in "LMN" else "-" for c in unicodedata.normalize("NFC", title).lower())
    return "-".join(filter(None, "".join(kept).split("-")))[:60].strip("-")


class Desk:
    """Reads and writes the desk at ``path``. Each call opens the file for itself: safe from many threads."""

    def __init__(self, path: Path) -> None:
        self.path = path

    # -- decisions ------------------------------------------------------------------------------------------------

    def decide(self, decisions: Iterable[Decision]) -> None:
        """Add decisions, all or none. Raises QueryError where the desk is full."""
        decisions = list(decisions)
        places = ", ".join("?" * len(fields(Decision)))
        with self._open(write=True) as db:
            db.executemany(f"insert into decisions ({_FIELDS}) values ({places})", map(astuple, decisions))
            # Nothing is ever removed, so the last number is their count.
            (last,) = db.execute("select max(number) from decisions").fetchone()
            if (last or 0) > DECISIONS:
                raise QueryError(f"the desk holds {DECISIONS:,} decisions and takes no more", f"Begin another: {_ANEW}")
            for pivot, other in {(d.source.split("/~")[0], d.other) for d in decisions}:
                sql = "select count(*) from decisions where pivot = ? and other = ?"
                (made,) = db.execute(sql, [pivot, other]).fetchone()
                if made > ON_A_PAIR:
                    raise QueryError(
                        f"on {pivot} and {other} {made:,} decisions would have been made; {ON_A_PAIR:,} are the most",
                        f"Begin another desk: {_ANEW}",
                    )

    def decisions(self, pivot: str, other: str) -> list[Decision]:
        """The decisions that hold between two texts, in the order they were made."""
        with self._open() as db:
            rows = db.execute(
                f"select {_FIELDS} from decisions where number in (select max(number) from decisions"
                " where pivot = ? and other = ? group by source, suggested) order by number",
                [pivot, other],
            ).fetchall()
        return [Decision(**dict(row)) for row in rows]

    def held(self, pivot: str = "") -> list[Decision]:
        """The decisions that hold, between a text and all others, or between all texts, in the order they were made."""
        of_pivot, values = (" where pivot = ?", [pivot]) if pivot else ("", [])
        with self._open() as db:
            rows = db.execute(
                f"select {_FIELDS} from decisions where number in (select max(number) from decisions{of_pivot}"
                " group by pivot, other, source, suggested) order by number",
                values,
            ).fetchall()
        return [Decision(**dict(row)) for row in rows]

    def history(self, pivot: str, other: str) -> list[Decision]:
        """Every decision ever made between two texts, oldest first."""
        with self._open() as db:
            sql = f"select {_FIELDS} from decisions where pivot = ? and other = ? order by number"
            return [Decision(**dict(row)) for row in db.execute(sql, [pivot, other]).fetchall()]

    def tallies(self) -> list[Tally]:
        """The pairs of texts with decisions, latest first."""
        with self._open() as db:
            rows = db.execute(
                "select pivot, other, sum(verdict != 'open'), max(time) from decisions where number in"
                " (select max(number) from decisions group by pivot, other, source, suggested)"
                " group by pivot, other order by 4 desc, 1, 2"
            ).fetchall()
        return [Tally(*row) for row in rows]

    # -- workspaces -----------------------------------------------------------------------------------------------

    def workspaces(self) -> list[Workspace]:
        """All workspaces with what they keep, by title."""
        with self._open() as db:
            return [self._workspace(db, row) for row in db.execute("select * from workspaces order by title, id")]

    def workspace(self, key: str) -> Workspace:
        """The workspace with that id. Raises NotFoundError."""
        with self._open() as db:
            row = db.execute("select * from workspaces where id = ?", [key]).fetchone()
            if row is None:
                raise NotFoundError(f"no workspace {key!r}", "The workspaces are listed at /workspaces")
            return self._workspace(db, row)

    def make_workspace(self, title: str, name: str) -> Workspace:
        """A new, empty workspace. Raises QueryError where there is one of that title, or there are too many."""
        key = slug(title)
        if not key:
            raise QueryError("a workspace needs a title with letters or digits", "Give it a name")
        with self._open(write=True) as db:
            if db.execute("select 1 from workspaces where id = ?", [key]).fetchone():
                raise QueryError(f"there is a workspace {key!r} already", "Open it, or choose another title")
            (there,) = db.execute("select count(*) from workspaces").fetchone()
            if there >= WORKSPACES:
                raise QueryError(f"there are {there} workspaces, the most", "Remove one that is no longer needed")
            db.execute("insert into workspaces values (?, ?, ?, ?)", [key, title, name, now()])
        return self.workspace(key)

    def keep(self, key: str, provisions: Sequence[tuple[str, str]], note: str, name: str) -> None:
        """Put provisions (id, digest) into a workspace; those that are there get the new note and wording.

        Raises NotFoundError, QueryError where it would be too full."""
        self.workspace(key)
        with self._open(write=True) as db:
            (last,) = db.execute("select coalesce(max(number), 0) from kept where workspace = ?", [key]).fetchone()
            db.executemany(
                "insert into kept values (?, ?, ?, ?, ?, ?, ?) on conflict (workspace, provision) do update set"
                " digest = excluded.digest, note = case excluded.note when '' then note else excluded.note end,"
                " name = excluded.name, time = excluded.time",
                [[key, p, digest, note, name, now(), last + i] for i, (p, digest) in enumerate(provisions, 1)],
            )
            (kept,) = db.execute("select count(*) from kept where workspace = ?", [key]).fetchone()
            if kept > KEPT:
                raise QueryError(
                    f"the workspace would keep {kept:,} provisions; {KEPT:,} are the most",
                    "Take some out, or make another",
                )

    def drop(self, key: str, provisions: Sequence[str]) -> None:
        """Take provisions out of a workspace. Raises NotFoundError."""
        self.workspace(key)
        with self._open(write=True) as db:
            db.executemany("delete from kept where workspace = ? and provision = ?", [[key, p] for p in provisions])

    def remove_workspace(self, key: str) -> None:
        """Remove a workspace and what it keeps. Raises NotFoundError."""
        self.workspace(key)
        with self._open(write=True) as db:
            db.execute("delete from workspaces where id = ?", [key])

    # -- from here on: how ----------------------------------------------------------------------------------------

    @staticmethod
    def _workspace(db: sqlite3.Connection, row: sqlite3.Row) -> Workspace:
        sql = "select provision, digest, note, name, time from kept where workspace = ? order by number, provision"
        return Workspace(
            row["id"],
            row["title"],
            row["name"],
            row["time"],
            tuple(Kept(*k) for k in db.execute(sql, [row["id"]]).fetchall()),
        )

    @contextmanager
    def _open(self, *, write: bool = False) -> Iterator[sqlite3.Connection]:
        """A connection in one transaction; a file that is not there yet reads as an empty desk."""
        if write:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        there = write or self.path.is_file()
        db = sqlite3.connect(self.path if there else ":memory:", timeout=30, isolation_level=None)
        try:
            db.row_factory = sqlite3.Row
            self._prepare(db)
            db.execute("begin immediate" if write else "begin")
            yield db
            db.execute("commit")
        finally:
            db.close()

    def _prepare(self, db: sqlite3.Connection) -> None:
        (found,) = db.execute("pragma user_version").fetchone()
        if found == 0:
            db.execute("pragma journal_mode = wal")
            db.executescript(_TABLES)
        elif found != SCHEMA:
            raise NotFoundError(
                f"{self.path}: made by another version (schema {found}, {SCHEMA} wanted)",
                "Use that version",
            )
        db.execute("pragma foreign_keys = on")
