"""An Atom feed (RFC 4287) of what changed: one entry for each change of a text, newest first."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from urllib.parse import quote
from xml.etree import ElementTree as ET

from lawsearch.changes import DiffOut, brief, shortened, spans
from lawsearch.history import Report, of_event
from lawsearch.journal import SEEN, Change, Event
from lawsearch.service import View
from lawsearch.vocabulary import jurisdictions, languages

ATOM = "http://www.w3.org/2005/Atom"
#: Entries of a feed, and events that are looked through for them; provisions named in one entry.
ENTRIES, LOOKED, NAMED = 50, 1000, 25
#: What a provision may have become, in the order and the words of a title.
_KINDS = {"changed": "changed", "moved": "renumbered or moved", "added": "new", "removed": "gone"}
_TEXTS = {
    "instrument added": "new in the corpus", "text added": "new language", "changed": "described otherwise",
    "text removed": "language gone", "instrument removed": "no longer in the corpus",
}  # fmt: skip
#: XML has no place for control characters, not even escaped.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a feed is about; an empty field is about everything. ``kept`` are ids of provisions (of a workspace)."""

    jurisdictions: tuple[str, ...] = ()
    instruments: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    kept: tuple[str, ...] | None = None

    @property
    def narrow(self) -> bool:
        """Whether it is about single provisions."""
        return bool(self.topics) or self.kept is not None


@dataclass(frozen=True, slots=True)
class Entry:
    """One event with the changes that a feed is about."""

    event: Event
    report: Report
    changes: tuple[Change, ...]


def entries(view: View, wanted: Wanted) -> list[Entry]:
    """What a feed shows, newest first."""
    journal = view.store.journal
    about = _about(view, wanted)
    found = []
    for event in journal.events(last=journal.last_event(), most=LOOKED):
        if wanted.instruments and event.instrument.id not in wanted.instruments:
            continue
        if wanted.jurisdictions and event.instrument.jurisdiction not in wanted.jurisdictions:
            continue
        if wanted.narrow and event.kind != "changed":
            text = f"{event.instrument.id}/{event.language}/~"
            if not any(key.startswith(text) for key in about):
                continue
        report = of_event(view.store, event)
        changes = tuple(c for c in report.changes if not wanted.narrow or _ids(c) & about)
        if wanted.narrow and event.kind == "changed" and not changes:
            continue
        found.append(Entry(event, report, changes))
        if len(found) == ENTRIES:
            break
    return found


def _about(view: View, wanted: Wanted) -> set[str]:
    """The units that a feed is about, by id."""
    generation = view.searcher.generation
    chosen: set[str] = set()
    for key in wanted.kept or ():
        # A part counts as the section that it stands in.
        unit = key
        while "__" in unit and unit not in generation.rows and not view.store.journal.history(unit):
            unit = unit.rpartition("__")[0]
        chosen.add(unit)
        # What was kept under a former number is followed under the present one.
        chosen |= {v.provision for v in view.store.journal.history(unit)}
    if wanted.topics:
        topical = {
            generation.ids[row]
            for topic in wanted.topics
            for row in generation.about_topic(topic).nonzero()[0].tolist()
        }
        chosen = topical if wanted.kept is None else chosen & topical
    return chosen


def _ids(change: Change) -> set[str]:
    return {v.provision for v in (change.before, change.after) if v}


def title(entry: Entry) -> str:
    """What an entry says in a line: ``PDPA 2012 (Singapore): 2 changed, 1 new``."""
    event = entry.event
    state = jurisdictions().get(event.instrument.jurisdiction)
    name = f"{event.instrument.name} ({state.name})" if state else event.instrument.name
    counts = {kind: sum(c.kind == kind for c in entry.changes) for kind in _KINDS}
    said = ", ".join(f"{n} {_KINDS[kind]}" for kind, n in counts.items() if n)
    if event.kind != "changed":
        language = languages().get(event.language)
        units = sum(t.units for t in entry.report.texts)
        said = f"{_TEXTS[event.kind]} ({language.name if language else event.language}, {units} provisions)"
    elif event.same_file and said:
        said += " (the same file, read otherwise)"
    return f"{name}: {said or _TEXTS[event.kind]}"


def atom(view: View, wanted: Wanted, *, base: str, address: str, name: str) -> bytes:
    """The feed as XML. ``base`` is the address of the server, ``address`` the feed's own behind it, ``name`` what it is
    about in words."""
    ET.register_namespace("", ATOM)
    base = base.rstrip("/")
    found = entries(view, wanted)
    feed = ET.Element(f"{{{ATOM}}}feed")
    _add(feed, "id", _tag(address))
    _add(feed, "title", f"lawsearch: {name}")
    _add(feed, "subtitle", f"What changed in the corpus. {SEEN}")
    _add(feed, "updated", found[0].event.time if found else str(view.searcher.generation.manifest.get("built", "")))
    _add(feed, "link", rel="self", type="application/atom+xml", href=base + address)
    _add(feed, "link", rel="alternate", type="text/html", href=f"{base}/changes")
    _add(_add(feed, "author"), "name", "lawsearch")
    _add(feed, "generator", "lawsearch")
    for entry in found:
        event = entry.event
        item = _add(feed, "entry")
        _add(item, "id", _tag(f"{address}#{event.number}", event.time[:10]))
        _add(item, "title", title(entry))
        _add(item, "updated", event.time)
        _add(item, "published", event.time)
        _add(item, "category", term=event.instrument.jurisdiction)
        there = event.instrument.id in view.instruments
        # An entry points to one place of its own: where there is but one provision, to how that became what it is.
        page = event.instrument.id if there else "/changes"
        if len(entry.changes) == 1 and event.kind == "changed":
            page = f"/history{entry.changes[0].version.provision}"
        _add(item, "link", rel="alternate", type="text/html", href=base + quote(page, safe="/~:@"))
        _add(item, "content", _html(view, entry, base), type="html")
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(feed, encoding="utf-8")


def _tag(what: str, since: str = "2026") -> str:
    """An identifier after RFC 4151, which stays whatever the server is called."""
    return f"tag:lawsearch,{since}:{quote(what, safe='/?=&#~:@!$()*+,;')}"


def _add(parent: ET.Element, name: str, text: str = "", **attributes: str) -> ET.Element:
    child = ET.SubElement(parent, f"{{{ATOM}}}{name}", attributes)
    child.text = _CONTROL.sub("", text) or None
    return child


def _html(view: View, entry: Entry, base: str) -> str:
    """The changes of an entry as HTML, words that differ marked."""
    pieces = []
    for text in entry.report.texts:
        for fact, (was, now) in text.facts.items():
            pieces.append(f"<p>{escape(fact.replace('_', ' ').capitalize())}: {_plain(was)} → {_plain(now)}</p>")
    for change in entry.changes[:NAMED]:
        before, after = (view.store.journal.read(v)[0] if v else None for v in (change.before, change.after))
        shown = after or before
        if shown is None:
            continue
        said = _KINDS[change.kind]
        if before and change.kind == "moved":
            said += f", was {before.label}"
        href = escape(base + "/history" + quote(shown.id, safe="/~:@"))
        heading = f" <b>{escape(shown.heading)}</b>" if shown.heading else ""
        pieces.append(f'<p><a href="{href}">{escape(shown.citation)}</a>{heading}: {escape(said)}</p>')
        if found := spans(before, after):
            pieces.append(f'<blockquote lang="{escape(shown.language)}">{_marked(shortened(found))}</blockquote>')
    if len(entry.changes) > NAMED:
        pieces.append(f"<p>and {len(entry.changes) - NAMED} more</p>")
    return "\n".join(pieces) or f"<p>{escape(title(entry))}</p>"


def _marked(found: Sequence[DiffOut]) -> str:
    tags = {"added": "ins", "removed": "del"}
    marked = (f"<{tags[s.op]}>{escape(s.text)}</{tags[s.op]}>" if s.op in tags else escape(s.text) for s in found)
    return "".join(marked).replace("\n", "<br>")


def _plain(value: object) -> str:
    listed: Iterable[object] = value if isinstance(value, tuple) else [value]
    return escape(brief(", ".join(str(v) for v in listed if v not in ("", None))) or "unknown")
