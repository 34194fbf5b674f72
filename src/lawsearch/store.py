"""The store: instruments, expressions and provisions in one SQLite file (WAL).

One row an expression, keyed by (instrument, language); an instrument's facts are kept with each expression and
read from the authoritative one, so nothing depends on the order in which files were ingested.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

from lawsearch import journal, sums
from lawsearch.errors import MetadataError, NotFoundError
from lawsearch.instrument import Instrument, instrument_from
from lawsearch.journal import Journal, Text
from lawsearch.provision import Box, Expression, Provision

#: 2 has the journal; a store of schema 1 gets one when it is opened to be written.
SCHEMA = 2
_TABLES = (
    "create table if not exists expressions (instrument text not null, language text not null, facts text not null,"
    " source text not null, source_digest text not null, maker text not null, ingested text not null,"
    " report text not null, primary key (instrument, language)) without rowid",
    "create table if not exists provisions (id text primary key, instrument text not null, language text not null,"
    " position integer not null, eid text not null, parent text not null, kind text not null, number text not null,"
    " label text not null, citation text not null, heading text not null, text text not null, path text not null,"
    " boxes text not null, flags text not null, digest text not null) without rowid",
    "create index if not exists in_order on provisions (instrument, language, position)",
    "create index if not exists below on provisions (instrument, language, parent, position)",
    *journal.TABLES,
    sums.TABLE,
)
_COLUMNS = "instrument, language, eid, kind, number, label, citation, heading, text, path, parent, boxes, flags"
_READ = f"{_COLUMNS}, digest"
_NAMES = (*_COLUMNS.split(", "), "known")


@dataclass(frozen=True, slots=True)
class Source:
    """What the store knows of one ingested file: its path, the SHA-256 of its bytes, and what read it, when."""

    path: str
    digest: str
    maker: str
    ingested: str


@dataclass(frozen=True, slots=True)
class Changes:
    """What a new text of an instrument changed: ids of units that are new, that read otherwise, that are gone, and
    that were renumbered or moved (the ids they have now)."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    moved: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """An expression without its provisions: the instrument, the language, its source and its parse report."""

    instrument: Instrument
    language: str
    source: Source
    report: dict
    units: int


class Store:
    """Reads and writes one store file. Not shared between threads: open one a thread (SQLite is made for that)."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        """Open (or, unless ``read_only``, create) the store at ``path``. Raises NotFoundError where there is none."""
        self.path = path
        if read_only:
            if not path.exists():
                raise NotFoundError(f"{path}: no store there", "Ingest some documents first: lawsearch ingest PATH")
            # A generation's snapshot never changes, so it needs neither locks nor a journal.
            self._db = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False
            )
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, timeout=30)
        try:
            (found,) = self._db.execute("pragma user_version").fetchone()
            # A new file has version 0; one of another version must not be labelled as ours.
            if not read_only and found in (0, 1):
                self._db.execute("pragma journal_mode = wal")
                found = self._prepare()
            elif not read_only and found == SCHEMA:
                self._db.execute(sums.TABLE)  # a store of before there were any
        except sqlite3.DatabaseError as error:
            self._db.close()
            if isinstance(error, sqlite3.OperationalError):  # locked, or no right to read: it may well be a store
                raise
            raise NotFoundError(
                f"{path}: cannot be read as a store ({error})", "Move it away and ingest the documents again"
            ) from None
        if found != SCHEMA:
            self._db.close()
            raise NotFoundError(
                f"{path}: made by another version (schema {found}, {SCHEMA} wanted)",
                "Build the index again: lawsearch index"
                if found == 1
                else "Use that version, or move it away and ingest the documents again",
            )

    def _prepare(self) -> int:
        """Make the tables of a new store, and the journal of one that has none, as of when each text was read.

        Returns the schema. All or nothing: whoever is killed meanwhile leaves the store as it was.
        """
        with self._transaction() as db:
            (found,) = db.execute("pragma user_version").fetchone()  # another process may have been faster
            if found in (0, 1):
                for statement in _TABLES:
                    db.execute(statement)
                rows = db.execute("select instrument, language, ingested from expressions order by ingested, 1, 2")
                for instrument, language, ingested in rows.fetchall():
                    text = self._text(instrument, language)
                    self.journal.note(ingested, (instrument, language), None, text)
                    sums.keep(db, (instrument, language))
                db.execute(f"pragma user_version = {SCHEMA}")
                return SCHEMA
            return int(found)

    @property
    def journal(self) -> Journal:
        """What became of its texts."""
        return Journal(self._db, self.unit)

    def close(self) -> None:
        self._db.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        self._db.execute("begin immediate")
        try:
            yield self._db
        except BaseException:
            self._db.rollback()
            raise
        self._db.commit()

    # -- writing ------------------------------------------------------------------------------------------------

    def put(self, source: str, expressions: Iterable[Expression], maker: str) -> Changes:
        """Replace, in one transaction, everything that came from the file ``source`` by ``expressions``.

        Returns what that changed; of instruments that were not there before every unit is new. ``maker`` names the
        parser and its version. Raises MetadataError where another file that still exists already gave the same
        expression; nothing is changed then.
        """
        expressions = list(expressions)
        now = _now()
        with self._transaction() as db:
            old = db.execute("select instrument, language from expressions where source = ?", [source]).fetchall()
            before = {key: self._text(*key) for key in old}
            for instrument, language in old:
                self._delete(instrument, language)
            for e in expressions:
                row = db.execute(
                    "select source from expressions where instrument = ? and language = ?",
                    [e.instrument.id, e.language],
                ).fetchone()
                if row and Path(row[0]).exists():
                    raise MetadataError(
                        f"{source}: {e.instrument.id} in {e.language!r} was already read from {row[0]}",
                        "Give one of the two files its own id or language in a sidecar, or remove one",
                    )
                if row:
                    before[e.instrument.id, e.language] = self._text(e.instrument.id, e.language)
                    self._delete(e.instrument.id, e.language)
                facts = json.dumps(asdict(e.instrument), ensure_ascii=False, sort_keys=True)
                report = json.dumps(e.report, ensure_ascii=False)
                db.execute(
                    "insert into expressions values (?, ?, ?, ?, ?, ?, ?, ?)",
                    [e.instrument.id, e.language, facts, source, e.source_digest, maker, now, report],
                )
                db.executemany(
                    f"insert into provisions (id, position, digest, {_COLUMNS}) values ({', '.join('?' * 16)})",
                    (_row(p, position) for position, p in enumerate(e.provisions)),
                )
            after = [(e.instrument.id, e.language) for e in expressions]
            found: list[tuple[str, str]] = []
            for key in dict.fromkeys([*before, *after]):
                found += self.journal.note(now, key, before.get(key), self._text(*key) if key in after else None)
                sums.keep(db, key)
        kinds = ("added", "changed", "gone", "moved")
        return Changes(**{kind: tuple(key for k, key in found if k == kind) for kind in kinds})

    def _text(self, instrument: str, language: str) -> Text:
        """What is stored of an expression, for the journal."""
        sql = "select facts, source_digest from expressions where instrument = ? and language = ?"
        facts, source_digest = self._db.execute(sql, [instrument, language]).fetchone()
        rows = self._db.execute(
            f"select {_READ} from provisions where instrument = ? and language = ? order by position",
            [instrument, language],
        )
        units: list[list[Provision]] = []
        for p in map(_provision, rows):
            if p.is_unit:
                units.append([])
            units[-1].append(p)
        return Text(facts, source_digest, [tuple(unit) for unit in units])

    def _delete(self, instrument: str, language: str) -> None:
        for table in ("provisions", "expressions"):
            self._db.execute(f"delete from {table} where instrument = ? and language = ?", [instrument, language])

    def remove(self, source: str) -> int:
        """Remove everything that came from the file ``source``; returns how many expressions that was."""
        with self._transaction() as db:
            found = db.execute("select instrument, language from expressions where source = ?", [source]).fetchall()
            now = _now()
            for key in found:
                self.journal.note(now, key, self._text(*key), None)
                self._delete(*key)
                sums.keep(db, key)
        return len(found)

    def snapshot(self, path: Path) -> None:
        """Write a compact copy of the whole store to ``path`` (which must not exist)."""
        self._db.execute("vacuum into ?", [str(path)])
        # The copy is served read-only and immutable: no side files beside it.
        with sqlite3.connect(path) as copy:
            copy.execute("pragma journal_mode = delete")
        copy.close()

    # -- reading ------------------------------------------------------------------------------------------------

    def source(self, path: str) -> Source | None:
        """What is stored of the file ``path``, or None."""
        row = self._db.execute(
            "select source, source_digest, maker, ingested from expressions where source = ? limit 1", [path]
        ).fetchone()
        return Source(*row) if row else None

    def entries(self) -> list[Entry]:
        """Every expression, ordered by instrument and language."""
        rows = self._db.execute(
            "select instrument, language, facts, source, source_digest, maker, ingested, report,"
            " (select count(*) from provisions p where p.instrument = e.instrument and p.language = e.language"
            "  and p.parent = '') from expressions e order by instrument, language"
        )
        return [
            Entry(instrument_from(json.loads(r[2]), r[3]), r[1], Source(r[3], r[4], r[5], r[6]), json.loads(r[7]), r[8])
            for r in rows
        ]

    def instruments(self) -> dict[str, Instrument]:
        """Every instrument by id: the facts of its authoritative expression (else the first by language code)."""
        rows = self._db.execute("select instrument, language, facts, source from expressions order by 1, 2")
        merged = {}
        for key, own in groupby(rows, key=lambda row: row[0]):
            texts = [(language, json.loads(facts), source) for _, language, facts, source in own]
            chosen = next((text for text in texts if text[0] == text[1].get("authoritative")), texts[0])
            merged[key] = instrument_from({**chosen[1], "languages": [language for language, _, _ in texts]}, chosen[2])
        return merged

    def provision(self, key: str) -> Provision:
        """The provision with that id. Raises NotFoundError."""
        row = self._db.execute(f"select {_READ} from provisions where id = ?", [key]).fetchone()
        if row is None:
            raise NotFoundError(f"no provision {key!r} in the corpus", "Ids look like /akn/sg/act/2012/26/en/~sec_26D")
        return _provision(row)

    def unit(self, key: str) -> tuple[Provision, ...]:
        """A unit and everything below it, in the order of the text. Raises NotFoundError."""
        found = self.provision(key)
        below: list[Provision] = []
        for child in self.children(found):
            below += self.unit(child.id)
        return (found, *below)

    def units(self) -> Iterator[Provision]:
        """Every unit of matching, ordered by instrument, language and place in the text."""
        rows = self._db.execute(
            f"select {_READ} from provisions where parent = '' order by instrument, language, position"
        )
        return map(_provision, rows)

    def contents(self, instrument: str, language: str) -> list[Provision]:
        """The units of one expression in the order of the text."""
        rows = self._db.execute(
            f"select {_READ} from provisions where instrument = ? and language = ? and parent = '' order by position",
            [instrument, language],
        )
        return [_provision(r) for r in rows]

    def children(self, provision: Provision) -> list[Provision]:
        """The provisions directly below one, in order."""
        rows = self._db.execute(
            f"select {_READ} from provisions where instrument = ? and language = ? and parent = ? order by position",
            [provision.instrument, provision.language, provision.eid],
        )
        return [_provision(r) for r in rows]

    def beside(self, provision: Provision) -> tuple[Provision | None, Provision | None]:
        """The provision before and the one after it, on its own level."""
        place = (
            f"select {_READ} from provisions where instrument = ? and language = ? and parent = ? and position {{}}"
            " (select position from provisions where id = ?) order by position {} limit 1"
        )
        level = [provision.instrument, provision.language, provision.parent, provision.id]
        before = self._db.execute(place.format("<", "desc"), level).fetchone()
        after = self._db.execute(place.format(">", "asc"), level).fetchone()
        return before and _provision(before), after and _provision(after)

    def resolve(self, key: str) -> Provision:
        """The provision meant by a full id, or by a short one without language or with only the end of the eId.

        ``/akn/sg/act/2012/26/~sec_26D`` finds the section in the authoritative language. Raises NotFoundError
        where nothing or more than one provision fits.
        """
        work, _, eid = key.partition("/~")
        rows = self._db.execute(
            f"select {_READ} from provisions where (instrument = ? or instrument || '/' || language = ?)"
            " and (eid = ? or eid like '%\\_\\_' || ? escape '\\')",
            [work, work, eid, eid.replace("\\", "\\\\").replace("_", "\\_").replace("%", "\\%")],
        ).fetchall()
        found = [_provision(r) for r in rows]
        exact = [p for p in found if p.eid == eid] or [p for p in found if p.is_unit] or found
        if len({p.language for p in exact}) > 1:
            wanted = self.instruments()[exact[0].instrument].authoritative
            exact = [p for p in exact if p.language == wanted] or exact
        if len(exact) == 1:
            return exact[0]
        if exact:
            choices = ", ".join(p.id for p in exact[:5])
            raise NotFoundError(f"{key!r} could be {len(exact)} provisions", f"Say which: {choices}")
        raise NotFoundError(f"no provision {key!r} in the corpus", "Ids look like /akn/sg/act/2012/26/en/~sec_26D")

    def digest(self) -> str:
        """SHA-256 over all ids and text digests and facts: the same corpus gives the same digest, in any order."""
        sha = hashlib.sha256()
        for row in self._db.execute("select id, digest, heading, path from provisions order by id"):
            sha.update("\x1f".join(row).encode())
        for row in self._db.execute("select instrument, language, facts from expressions order by 1, 2"):
            sha.update("\x1f".join(row).encode())
        return sha.hexdigest()

    def digests(self) -> dict[str, str]:
        """The digest of every unit by its id."""
        return dict(self._db.execute("select id, digest from provisions where parent = ''").fetchall())

    def counts(self) -> dict[str, int]:
        """How many expressions, units and provisions the store holds."""
        (expressions,) = self._db.execute("select count(*) from expressions").fetchone()
        (units,) = self._db.execute("select count(*) from provisions where parent = ''").fetchone()
        (provisions,) = self._db.execute("select count(*) from provisions").fetchone()
        return {"expressions": expressions, "units": units, "provisions": provisions}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _row(p: Provision, position: int) -> list[object]:
    boxes = json.dumps([[b.page, b.x0, b.y0, b.x1, b.y1] for b in p.boxes])
    path, flags = json.dumps(p.path, ensure_ascii=False), json.dumps(p.flags)
    return [
        p.id, position, p.digest, p.instrument, p.language, p.eid, p.kind, p.number, p.label, p.citation, p.heading,
        p.text, path, p.parent, boxes, flags,
    ]  # fmt: skip


def _provision(row: tuple) -> Provision:
    values = dict(zip(_NAMES, row, strict=True))
    for name in ("path", "flags"):
        values[name] = () if values[name] == "[]" else tuple(json.loads(values[name]))
    values["boxes"] = tuple(Box(*b) for b in json.loads(values["boxes"]))
    return Provision(**values)
