"""The journal of a store: every change of a text as a numbered event, and every wording that a provision has had.

It is written in the transaction that changes the provisions, so that neither is ever without the other. Moments are
those at which a wording was seen here, which is not when it came into force.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date

from lawsearch.answer import DAY_ENDS
from lawsearch.instrument import Instrument, instrument_from
from lawsearch.provision import Box, Provision
from lawsearch.renumbering import pairs

#: One event is one text (an instrument in a language) that came, changed or went; ``record`` holds a unit and its
#: parts once the wording has ended, and is empty while they stand among the provisions.
TABLES = (
    "create table if not exists events (number integer primary key, time text not null, kind text not null,"
    " instrument text not null, language text not null, facts text not null, source_digest text not null,"
    " same_file integer not null)",
    "create index if not exists events_of on events (instrument, language, number)",
    "create table if not exists versions (number integer primary key, line integer not null, provision text not null,"
    " instrument text not null, language text not null, position integer not null, digest text not null,"
    " began integer not null, ended integer, record text not null default '')",
    "create index if not exists versions_of on versions (provision, number)",
    "create index if not exists versions_in on versions (instrument, language)",
    "create index if not exists lines on versions (line, number)",
    "create index if not exists began on versions (began)",
    "create index if not exists ended on versions (ended)",
)
#: What may happen to a text. An instrument comes with its first language and goes with its last.
KINDS = ("instrument added", "text added", "changed", "text removed", "instrument removed")
#: Said wherever wordings of the past are shown.
SEEN = "Dates say when a text was seen here, which is not when it came into force."
_OWN = {f.name: f.default for f in fields(Provision) if f.init}
_EVENT = "number, time, kind, instrument, language, facts, source_digest, same_file"
_VERSION = (
    "select v.number, v.line, v.provision, v.instrument, v.language, v.position, v.digest, v.began, v.ended,"
    " b.time, e.time, b.same_file, v.record from versions v join events b on b.number = v.began"
    " left join events e on e.number = v.ended"
)


@dataclass(frozen=True, slots=True)
class Text:
    """What is stored of one text: the instrument's facts as JSON, the digest of its file, and how to read its units
    with their parts."""

    facts: str
    source_digest: str
    units: Sequence[tuple[Provision, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A change of one text, seen at ``time``. ``same_file``: the file is the one it was, and was read otherwise."""

    number: int
    time: str
    kind: str
    instrument: Instrument
    language: str
    source_digest: str
    same_file: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One wording of a provision under one id, ``since`` when it was seen and ``until`` when it no longer was (empty:
    it stands). All versions of a provision have its ``line``, whatever it was numbered; ``began`` and ``ended`` (0: it
    stands) are the numbers of the events."""

    number: int
    line: int
    provision: str
    instrument: str
    language: str
    position: int
    digest: str
    began: int
    ended: int
    since: str
    until: str
    same_file: bool
    record: str = ""

    @property
    def stands(self) -> bool:
        return not self.ended

    def at(self, event: int) -> bool:
        """Whether it stood once the event with that number was over."""
        return self.began <= event and (not self.ended or self.ended > event)


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one provision between two events: the version before, the one after; None where there is none."""

    before: Version | None
    after: Version | None

    @property
    def kind(self) -> str:
        """``added``, ``changed``, ``removed``; ``moved`` under another id, whether it reads otherwise or not."""
        if self.before is None:
            return "added"
        if self.after is None:
            return "removed"
        return "changed" if self.before.provision == self.after.provision else "moved"

    @property
    def version(self) -> Version:
        """The version after, or the one before where it is gone."""
        found = self.after or self.before
        assert found is not None
        return found


class Journal:
    """Reads and writes the journal over a store's connection. ``standing`` gives a unit that is stored now, with its
    parts, by its id."""

    def __init__(self, db: sqlite3.Connection, standing: Callable[[str], tuple[Provision, ...]]) -> None:
        self._db = db
        self._standing = standing

    # -- writing ------------------------------------------------------------------------------------------------

    def note(self, time: str, key: tuple[str, str], before: Text | None, after: Text | None) -> list[tuple[str, str]]:
        """Enter what a text (instrument, language) was and is now; nothing where it did not change.

        To be called in the transaction that changes it. Returns what became of units, in the order of the text: added,
        changed, moved or gone, with the id.
        """
        old = {unit[0].id: unit for unit in before.units} if before else {}
        new = {unit[0].id: (place, unit[0]) for place, unit in enumerate(after.units)} if after else {}
        kept = pairs([unit[0] for unit in old.values()], [p for _, p in new.values()])
        ending = {then for now, then in kept.items() if now != then or old[then][0].digest != new[now][1].digest}
        lost = old.keys() - set(kept.values())
        ending |= lost
        beginning = [now for now in new if kept.get(now) is None or kept[now] in ending]
        said = after or before
        same = before and after and before.facts == after.facts
        if said is None or (same and not ending and not beginning):
            return []
        event = self._event(time, key, before, after, said)
        lines: dict[str, int] = {}
        for then in ending:
            number, lines[then] = self._standing_version(then)
            self._db.execute(
                "update versions set ended = ?, record = ? where number = ?", [event, dumped(old[then]), number]
            )
        for now in beginning:
            place, unit = new[now]
            line = lines[kept[now]] if now in kept else self._former_line(now, lines.values())
            self._begin(unit, place, event, line)
        gone = [("gone", then) for then in old if then in lost]
        became = {now: "added" if now not in kept else "changed" if kept[now] == now else "moved" for now in beginning}
        return [*((kind, now) for now, kind in became.items()), *gone]

    def _event(self, time: str, key: tuple[str, str], before: Text | None, after: Text | None, said: Text) -> int:
        alone = all(event.language == key[1] for event in self.texts(instrument=key[0]))
        whole = "instrument" if alone else "text"
        kind = "changed" if before and after else f"{whole} {'added' if after else 'removed'}"
        same_file = bool(before and after and before.source_digest == after.source_digest)
        row = [time, kind, *key, said.facts, said.source_digest, same_file]
        return int(
            self._db.execute(
                f"insert into events ({_EVENT.removeprefix('number, ')}) values (?, ?, ?, ?, ?, ?, ?)", row
            ).lastrowid
            or 0
        )

    def _standing_version(self, key: str) -> tuple[int, int]:
        sql = "select number, line from versions where provision = ? and ended is null"
        number, line = self._db.execute(sql, [key]).fetchone()
        return number, line

    def _former_line(self, key: str, busy: Iterable[int]) -> int | None:
        """The line of a provision that was gone and is back under its id; None where there is none, or where it went
        on under another id, as those of ``busy`` do."""
        for last in self._versions("where v.provision = ? order by v.number desc limit 1", key):
            if last.line not in busy and self.latest(last.line) == last and not last.stands:
                return last.line
        return None

    def _begin(self, unit: Provision, place: int, event: int, line: int | None) -> None:
        (number,) = self._db.execute("select coalesce(max(number), 0) + 1 from versions").fetchone()
        self._db.execute(
            "insert into versions (number, line, provision, instrument, language, position, digest, began)"
            " values (?, ?, ?, ?, ?, ?, ?, ?)",
            [number, line or number, unit.id, unit.instrument, unit.language, place, unit.digest, event],
        )

    # -- events -------------------------------------------------------------------------------------------------

    def last_event(self) -> int:
        """The number of the last event, 0 before any."""
        (number,) = self._db.execute("select coalesce(max(number), 0) from events").fetchone()
        return int(number)

    def event_at(self, moment: str) -> int:
        """The number of the last event at or before a moment (ISO, UTC), 0 where there was none."""
        (number,) = self._db.execute("select coalesce(max(number), 0) from events where time <= ?", [moment]).fetchone()
        return int(number)

    def events(self, *, last: int, most: int, instrument: str = "") -> list[Event]:
        """The events up to the number ``last``, newest first, at most so many; those of one instrument if given."""
        which = "and instrument = ?" if instrument else ""
        given = [last, *([instrument] if instrument else []), most]
        rows = self._db.execute(
            f"select {_EVENT} from events where number <= ? {which} order by number desc limit ?", given
        )
        return list(map(_event, rows))

    def texts(self, event: int | None = None, *, instrument: str = "") -> list[Event]:
        """The texts that there were once ``event`` was over (default: now), each by its last event."""
        which = "and instrument = ?" if instrument else ""
        given = [self.last_event() if event is None else event, *([instrument] if instrument else [])]
        rows = self._db.execute(
            f"select {_EVENT} from events where number in (select max(number) from events where number <= ? {which}"
            " group by instrument, language) and kind not like '%removed' order by instrument, language",
            given,
        )
        return list(map(_event, rows))

    def instrument(self, key: str) -> Instrument:
        """An instrument as it was last described, here or gone. Raises KeyError of one that never was."""
        for event in self.events(last=self.last_event(), most=1, instrument=key):
            return event.instrument
        raise KeyError(key)

    def units(self, event: int, key: tuple[str, str]) -> int:
        """How many units a text (instrument, language) had once ``event`` was over."""
        (count,) = self._db.execute(
            "select count(*) from versions where instrument = ? and language = ? and began <= ?"
            " and coalesce(ended, ?) > ?", [*key, event, event + 1, event],
        ).fetchone()  # fmt: skip
        return int(count)

    # -- versions -----------------------------------------------------------------------------------------------

    def changes(self, after: int, until: int, *, instrument: str = "") -> list[Change]:
        """What became of the provisions (of one instrument, if given) between two events, those of texts that came or
        went as a whole left out; in the order of instruments, languages and the text."""
        there = [
            {(e.instrument.id, e.language) for e in self.texts(event, instrument=instrument)}
            for event in (after, until)
        ]
        rows = self._db.execute(
            f"{_VERSION} where v.line in (select line from versions where (began > ? and began <= ?)"
            " or (ended > ? and ended <= ?)) order by v.number", [after, until, after, until],
        )  # fmt: skip
        lines: dict[int, list[Version | None]] = {}
        for version in map(_version, rows):
            if all((version.instrument, version.language) in texts for texts in there):
                pair = lines.setdefault(version.line, [None, None])
                for i, event in enumerate((after, until)):
                    if version.at(event):
                        pair[i] = version
        found = [
            Change(a, b) for a, b in lines.values()
            if (a or b) and not (a and b and (a.provision, a.digest) == (b.provision, b.digest))
        ]  # fmt: skip
        return sorted(found, key=lambda c: (c.version.instrument, c.version.language, c.version.position))

    def history(self, key: str) -> list[Version]:
        """All versions of the unit that has the id ``key``, or had it last, oldest first; none of an unknown id."""
        sql = "select line from versions where provision = ? order by ended is null desc, number desc limit 1"
        row = self._db.execute(sql, [key]).fetchone()
        return self._versions("where v.line = ? order by v.number", row[0]) if row else []

    def others(self, key: str, line: int) -> list[Version]:
        """The versions that had the id ``key`` and belong to other provisions than ``line``, oldest first."""
        return self._versions("where v.provision = ? and v.line != ? order by v.number", key, line)

    def latest(self, line: int) -> Version:
        """The last version of a line."""
        return self._versions("where v.line = ? order by v.number desc limit 1", line)[0]

    def at(self, key: str, moment: str) -> Version | None:
        """The version that stood at a moment under the id ``key``, or else of the provision that has the id now."""
        stood = "b.time <= ? and coalesce(e.time, '9') > ?"
        found = self._versions(f"where v.provision = ? and {stood}", key, moment, moment)
        if not found and (known := self.history(key)):
            found = self._versions(f"where v.line = ? and {stood}", known[-1].line, moment, moment)
        return found[-1] if found else None

    def former(self) -> list[Version]:
        """Every version that no longer stands, in the order of instruments, languages and numbers."""
        return self._versions("where v.ended is not null order by v.instrument, v.language, v.number")

    def since(self) -> dict[str, str]:
        """When each unit that stands was first seen as it reads and is numbered now, by id."""
        sql = "select v.provision, b.time from versions v join events b on b.number = v.began where v.ended is null"
        return dict(self._db.execute(sql).fetchall())

    def lines(self) -> dict[int, str]:
        """The id that each provision which stands has now, by its line."""
        return dict(self._db.execute("select line, provision from versions where ended is null").fetchall())

    def read(self, version: Version) -> tuple[Provision, ...]:
        """The unit as it read then, and its parts in order."""
        return loaded(version.record) if version.record else self._standing(version.provision)

    def wording(self, key: str, digest: str) -> tuple[Version, Provision] | None:
        """The version in which a provision (a unit or a part of one) had a wording, with that provision as it read;
        None where it is not known to have had it."""
        unit = key
        while unit:
            found = self._versions("where v.provision = ? order by v.number desc", unit)
            for version in found:
                for p in self.read(version):
                    if p.id == key and p.digest == digest:
                        return version, p
            if found or "__" not in unit:
                return None
            unit = unit.rpartition("__")[0]
        return None

    def moved_to(self, key: str, digest: str) -> str:
        """The id that a provision which had that id and wording has now; empty where it is unknown, gone, or the same.

        Where the wording is not known, that of the last provision that had the id.
        """
        unit, tail = key, ""
        while "__" in unit and not self._versions("where v.provision = ? limit 1", unit):
            unit, _, last = unit.rpartition("__")
            tail = f"__{last}{tail}"
        known = self.wording(key, digest)
        if known is None and self._versions("where v.provision = ? and v.ended is null", unit):
            return ""
        line = known[0].line if known else next((v.line for v in reversed(self.history(unit))), 0)
        now = self._versions("where v.line = ? and v.ended is null", line)
        return now[0].provision + tail if now and now[0].provision != unit else ""

    def _versions(self, which: str, *given: object) -> list[Version]:
        return list(map(_version, self._db.execute(f"{_VERSION} {which}", given)))


def day(moment: date) -> str:
    """The last moment of a day (UTC), to be compared with those of events."""
    return f"{moment.isoformat()}{DAY_ENDS}"


def dumped(unit: Iterable[Provision]) -> str:
    """A unit and its parts as the journal keeps them."""
    rows = [{name: _plain(v) for name, default in _OWN.items() if (v := getattr(p, name)) != default} for p in unit]
    return json.dumps(rows, ensure_ascii=False)


def loaded(record: str) -> tuple[Provision, ...]:
    """What ``dumped`` wrote."""
    return tuple(map(_provision, json.loads(record)))


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return [[v.page, v.x0, v.y0, v.x1, v.y1] if isinstance(v, Box) else v for v in value]
    return value


def _provision(values: dict) -> Provision:
    plural = {"path": tuple(values.get("path", ())), "flags": tuple(values.get("flags", ()))}
    return Provision(**{**values, **plural, "boxes": tuple(Box(*b) for b in values.get("boxes", ()))})


def _event(row: Sequence) -> Event:
    number, time, kind, key, language, facts, digest, same_file = row
    instrument = instrument_from(json.loads(facts), key)
    return Event(
        number=number, time=time, kind=kind, instrument=instrument, language=language, source_digest=digest,
        same_file=bool(same_file),
    )  # fmt: skip


def _version(row: Sequence) -> Version:
    number, line, provision, instrument, language, position, digest, began, ended, since, until, same, record = row
    return Version(
        number=number, line=line, provision=provision, instrument=instrument, language=language, position=position,
        digest=digest, began=began, ended=ended or 0, since=since, until=until or "", same_file=bool(same),
        record=record,
    )  # fmt: skip


def facts_changed(before: Instrument, after: Instrument) -> Mapping[str, tuple[object, object]]:
    """The facts of an instrument that are others now: what each was, and is."""
    names = (f.name for f in fields(Instrument))
    return {n: (getattr(before, n), getattr(after, n)) for n in names if getattr(before, n) != getattr(after, n)}
