"""What a generation changed against the one before: instruments, provisions, links, and what could not be read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lawsearch import mapped, run
from lawsearch.generation import current_name, generations_dir
from lawsearch.ids import Ids
from lawsearch.instrument import Instrument
from lawsearch.journal import Change, Event, facts_changed
from lawsearch.store import Store

#: Weight from which a link is one that a reader would call a counterpart, and below which it is none; what only crosses
#: one of the two has neither come nor gone.
LINKED, FAINT = 0.4, 0.2
#: Links that are named; of the others there is the number.
MOST_LINKS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class TextChange:
    """What became of one text as a whole: ``kind`` is added, removed, or facts (its instrument is described otherwise:
    ``facts`` are what each was, and is). ``whole``: the instrument came or went with it."""

    kind: str
    instrument: Instrument
    language: str
    units: int = 0
    whole: bool = False
    facts: Mapping[str, tuple[object, object]]


@dataclass(frozen=True, slots=True)
class LinkChange:
    """A link of a provision that changed, to ``other``, that came or went."""

    provision: str
    other: str
    appeared: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What changed between two states of the store: after the events ``since`` and up to ``until``.

    ``generation`` and ``before`` name the generations, with when they were built, the instruments and provisions that
    the one before had; empty and 0 where the report is of a time. ``failed`` are files that could not be read, with
    the reason; ``links`` the bounded list of those of changed provisions, ``more_links`` how many more there are, None
    where links cannot be compared.
    """

    since: int
    until: int
    generation: str = ""
    built: str = ""
    before: str = ""
    before_built: str = ""
    instruments: int = 0
    units: int = 0
    texts: tuple[TextChange, ...] = ()
    changes: tuple[Change, ...] = ()
    failed: tuple[tuple[str, str], ...] = ()
    links: tuple[LinkChange, ...] = ()
    more_links: int | None = None

    @property
    def nothing(self) -> bool:
        """Whether no text and no fact changed."""
        return not self.texts and not self.changes


def predecessor(index_dir: Path) -> dict[str, Any] | None:
    """What a generation notes of the one that is served while it is built; None where there is none, or where that
    one is of a version that kept no journal."""
    name = current_name(index_dir)
    manifest = _manifest(generations_dir(index_dir) / name) if name else {}
    if not name or "events" not in manifest:
        return None
    return {"generation": name, **{key: manifest[key] for key in ("built", "events", "counts")}}


def of_generation(folder: Path) -> Report | None:
    """What the generation in ``folder`` changed; None where it was the first, or nothing is known of the one before."""
    manifest = _manifest(folder)
    before = manifest.get("before")
    if not before:
        return None
    index_dir = folder.parent.parent
    with Store(folder / "store.db", read_only=True) as store:
        found = between(store, int(before["events"]), int(manifest["events"]))
        links, more = _links(folder.parent / str(before["generation"]), folder, found.changes)
        there = len({e.instrument.id for e in store.journal.texts(found.since)})
    return Report(
        since=found.since, until=found.until, generation=folder.name, built=str(manifest.get("built", "")),
        before=str(before["generation"]), before_built=str(before["built"]), instruments=there,
        units=int(before["counts"]["units"]), texts=found.texts, changes=found.changes,
        failed=_failed(index_dir, folder.name), links=links, more_links=more,
    )  # fmt: skip


def between(store: Store, since: int, until: int, instrument: str = "") -> Report:
    """What changed after the event ``since`` and up to ``until``, of one instrument if given."""
    journal = store.journal
    then, now = (
        {(e.instrument.id, e.language): e for e in journal.texts(event, instrument=instrument)}
        for event in (since, until)
    )
    texts = []
    for key in sorted(then.keys() | now.keys()):
        a, b = then.get(key), now.get(key)
        if a and b:
            facts = facts_changed(a.instrument, b.instrument) if a.number != b.number else {}
            if facts:
                texts.append(TextChange(kind="facts", instrument=b.instrument, language=key[1], facts=facts))
            continue
        kind, event, elsewhere, at = ("added", b, then, until) if b else ("removed", a, now, since)
        assert event is not None
        whole = all(other != key[0] for other, _ in elsewhere)
        texts.append(
            TextChange(
                kind=kind, instrument=event.instrument, language=key[1], units=journal.units(at, key), whole=whole,
                facts={},
            )
        )  # fmt: skip
    changes = journal.changes(since, until, instrument=instrument)
    return Report(since=since, until=until, texts=tuple(texts), changes=tuple(changes))


def of_event(store: Store, event: Event) -> Report:
    """What one event changed."""
    return between(store, event.number - 1, event.number, event.instrument.id)


def generations(index_dir: Path) -> list[tuple[str, str]]:
    """The generations that are kept, with when they were built, newest first."""
    folders = sorted(generations_dir(index_dir).glob("[!.]*"), reverse=True)
    return [(f.name, str(m.get("built", ""))) for f in folders if (m := _manifest(f))]


def _manifest(folder: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads((folder / "manifest.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found


def _failed(index_dir: Path, name: str) -> tuple[tuple[str, str], ...]:
    """The files that the newest run which left this generation being served could not read."""
    for one in run.runs(index_dir):
        if one.after == name:
            return tuple((d.path, d.said) for d in one.documents if d.state.endswith("failed"))
    return ()


def _links(old: Path, new: Path, changes: Iterable[Change]) -> tuple[tuple[LinkChange, ...], int | None]:
    """The links of changed provisions that came and went; (), None where one of the generations is no longer kept."""
    # By the ids they have now, so that what was renumbered on either side does not look like a loss and a gain.
    names = {c.before.provision: c.after.provision for c in changes if c.before and c.after}
    named = sorted({c.version.provision for c in changes})
    try:
        was, now = _linked(old, named, names), _linked(new, named, {})
    except (OSError, ValueError, KeyError):
        return (), None
    found = [
        LinkChange(key, other, appeared)
        for key in named
        for appeared, here, there in ((True, now[key], was[key]), (False, was[key], now[key]))
        for other, weight in sorted(here.items())
        if weight >= LINKED and there.get(other, 0.0) < FAINT
    ]
    return tuple(found[:MOST_LINKS]), max(0, len(found) - MOST_LINKS)


def _linked(folder: Path, named: Iterable[str], names: Mapping[str, str]) -> dict[str, dict[str, float]]:
    """What each of the provisions is linked with in one generation, whose ids are others now by ``names``, and how
    strongly."""
    former = {now: then for then, now in names.items()}
    ids = Ids(folder)
    links = mapped.read(folder / "links")
    found: dict[str, dict[str, float]] = {}
    for key in named:
        row = ids.rows.get(former.get(key, key))
        found[key] = {}
        if row is not None:
            place = slice(*links.indptr[row : row + 2])
            pairs = zip(links.indices[place].tolist(), links.data[place].tolist(), strict=True)
            found[key] = {names.get(ids[other], ids[other]): weight for other, weight in pairs}
    return found
