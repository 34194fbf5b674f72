"""Sums: all that a store says of a text, row by row, as one digest, so that a bit that flipped is found.

Provisions have a digest of their words; places, labels, facts and the journal are in no other.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator

TABLE = (
    "create table if not exists sums (instrument text not null, language text not null, sum text not null,"
    " primary key (instrument, language)) without rowid"
)
#: The tables whose rows are of one text (instrument, language), and what orders them.
_TABLES = {"expressions": "language", "provisions": "id", "events": "number", "versions": "number"}


def keep(db: sqlite3.Connection, key: tuple[str, str]) -> None:
    """Note the sum of a text; to be called in the transaction that changes it, at its end."""
    db.execute("insert or replace into sums values (?, ?, ?)", [*key, _sum(db, key)])


def wrong(db: sqlite3.Connection) -> Iterator[str]:
    """The texts that are not what was stored; of a store whose texts were stored without sums, none."""
    if db.execute("select 1 from sqlite_master where name = 'sums'").fetchone():
        for instrument, language, known in db.execute("select instrument, language, sum from sums").fetchall():
            if _sum(db, (instrument, language)) != known:
                yield f"{instrument} ({language})"


def _sum(db: sqlite3.Connection, key: tuple[str, str]) -> str:
    sha = hashlib.sha256()
    for table, order in _TABLES.items():
        for row in db.execute(f"select * from {table} where instrument = ? and language = ? order by {order}", key):
            sha.update(f"{table}{row!r}".encode())
    return sha.hexdigest()
