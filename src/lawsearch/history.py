"""What the current generation changed against the one before it, as long as that one is kept."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from lawsearch.errors import LawsearchError
from lawsearch.instrument import Instrument
from lawsearch.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """The generation ``before`` this one, when it was ``built``, how many ``instruments`` and ``units`` it had; which
    instruments are new and gone, and how many sections and articles are new, read otherwise, or are gone."""

    before: str
    built: str
    instruments: int
    units: int
    new: tuple[Instrument, ...]
    gone: tuple[Instrument, ...]
    added: int
    changed: int
    removed: int


def changes(folder: Path) -> Changes | None:
    """What the generation in ``folder`` changed; None where none before it can be read."""
    if not (folder / "manifest.json").is_file():
        return None
    before = [p for p in folder.parent.glob("[!.]*") if p.name < folder.name and (p / "manifest.json").is_file()]
    if not before:
        return None
    last = max(before)
    try:
        manifest = json.loads((last / "manifest.json").read_text("utf-8"))
        with Store(last / "store.db", read_only=True) as old, Store(folder / "store.db", read_only=True) as new:
            was, now = old.instruments(), new.instruments()
            then, there = old.digests(), new.digests()
    except (LawsearchError, sqlite3.Error, OSError, ValueError):
        return None
    return Changes(
        before=last.name,
        built=str(manifest.get("built", "")),
        instruments=len(was),
        units=len(then),
        new=tuple(i for key, i in now.items() if key not in was),
        gone=tuple(i for key, i in was.items() if key not in now),
        added=sum(key not in then for key in there),
        changed=sum(key in then and then[key] != digest for key, digest in there.items()),
        removed=sum(key not in there for key in then),
    )
