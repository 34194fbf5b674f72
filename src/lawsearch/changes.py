"""What changed, and what a provision was, as it leaves through the HTTP edge, pages, the feed and the command line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from pathlib import Path

from pydantic import BaseModel, Field
from rapidfuzz.distance import Postfix, Prefix

from lawsearch import concordance, history
from lawsearch.comparison import diff
from lawsearch.decision import Doubt, doubts
from lawsearch.desk import Desk
from lawsearch.errors import NotFoundError, QueryError
from lawsearch.history import LinkChange, Report, TextChange
from lawsearch.instrument import Instrument
from lawsearch.journal import SEEN, Change, Version, day
from lawsearch.provision import Provision
from lawsearch.schemas import AsOfOut, ChangesOut, InstrumentOut, ProvisionRef
from lawsearch.service import View

#: Provisions whose wordings a report compares, and decisions that it names, unless asked for other numbers.
SHOWN, DECISIONS = 200, 200
#: Characters between the common beginning and end of two wordings up to which single words are marked.
ALIGNED = 8000
#: Characters of unchanged text that are left on each side of a change where it is shown in short.
AROUND = 90
_SECTION = "/akn/sg/act/2012/26/en/~sec_26D"
_TIME = "2026-11-23T02:15:00+00:00"
_SPANS = "The words that differ; empty where nothing can be compared."


class DiffOut(BaseModel):
    """A run of a wording against another."""

    op: str = Field(
        description="same in both, added (only now), removed (only then).", examples=["same"],
        json_schema_extra={"enum": ["same", "added", "removed"]},
    )  # fmt: skip
    text: str = Field(description="The words.", examples=["shall notify the "])


def spans(before: Provision | None, after: Provision | None) -> list[DiffOut]:
    """The wording of a provision against its former one, headings included; where little is left of that, the whole
    of it removed and the new one added; empty where both are the same or one is unknown."""
    if before is None or after is None or before.digest == after.digest:
        return []
    was, now = (f"{p.heading}\n{p.text}".strip() for p in (before, after))
    return [DiffOut(op=op, text=text) for op, text in _differing(was, now, after.language)]


@lru_cache(maxsize=1024)
def _differing(was: str, now: str, language: str) -> tuple[tuple[str, str], ...]:
    """The runs of ``spans``; kept, for a report or a feed is asked for again and again."""
    # Most amendments leave the beginning and the end as they are; what is between is all that must be aligned.
    head = was[: Prefix.similarity(was, now)]
    head = head[: max(head.rfind(" "), head.rfind("\n")) + 1]
    was, now = was[len(head) :], now[len(head) :]
    tail = now[len(now) - Postfix.similarity(was, now) :]
    tail = tail[next((i + 1 for i, c in enumerate(tail) if c.isspace()), len(tail)) :]
    was, now = was[: len(was) - len(tail)], now[: len(now) - len(tail)]
    found = [(s.op, s.text) for s in diff(was, now, language)] if max(len(was), len(now)) <= ALIGNED else []
    if all(op == "same" for op, _ in found):
        # Too different to be laid side by side, or different in nothing but marks.
        found = [("removed", was), ("added", now)]
    return tuple((op, text) for op, text in [("same", head), *found, ("same", tail)] if text)


def shortened(found: Iterable[DiffOut]) -> list[DiffOut]:
    """Spans with the unchanged text between them cut down to what stands around the changes."""
    listed = list(found)
    short = []
    for place, span in enumerate(listed):
        first, last = place == 0, place == len(listed) - 1
        if span.op != "same" or len(span.text) <= (2 - first - last) * AROUND + 40:
            short.append(span)
            continue
        head = "" if first else span.text[:AROUND].rsplit(None, 1)[0] + " "
        tail = "" if last else " " + span.text[-AROUND:].split(None, 1)[-1]
        short.append(DiffOut(op="same", text=f"{head}…{tail}"))
    return short


# -- the history of a provision -------------------------------------------------------------------------------------


class VersionOut(ProvisionRef):
    """One wording of a provision."""

    text: str = Field(description="Everything below the heading.", examples=["(1) Where an organisation assesses …"])
    digest: str = Field(description="SHA-256 of heading and text.", examples=["9f86d081884c7d65…"])
    since: str = Field(description="When it was first seen here, UTC.", examples=[_TIME])
    until: str = Field(description="When it was no longer there; empty: it stands.", examples=[""])
    change: str = Field(
        description="How it began: added, changed, moved (also where it reads otherwise), or back after it was gone.",
        examples=["changed"], json_schema_extra={"enum": ["added", "changed", "moved", "back"]},
    )  # fmt: skip
    same_file: bool = Field(
        description="Whether the file was the same as before and only read otherwise: no change of the law.",
        examples=[False],
    )
    spans: list[DiffOut] = Field(description=f"Against the version before. {_SPANS}")


class NamesakeOut(BaseModel):
    """Another provision that had the same id in the past."""

    since: str = Field(description="From when, UTC.", examples=[_TIME])
    until: str = Field(description="Until when, UTC.", examples=[_TIME])
    heading: str = Field(description="Its heading.", examples=["Notification"])
    now: str = Field(description="The id that it has now, or empty where it is gone.", examples=[_SECTION])


class HistoryOut(BaseModel):
    """Every wording that a provision has had here."""

    id: str = Field(description="The id that was asked for.", examples=[_SECTION])
    now: str = Field(description="The id that the provision has now; empty where it is gone.", examples=[_SECTION])
    note: str = Field(description="What must be known of the dates.", examples=[SEEN])
    instrument: InstrumentOut | None = Field(description="Its instrument; null where that is gone.")
    versions: list[VersionOut] = Field(description="Newest first.")
    namesakes: list[NamesakeOut] = Field(description="Other provisions that had this id, oldest first.")


def past(view: View, key: str) -> HistoryOut:
    """The history of a provision, by an id that it has or had; of a part, that of the section that it stands in.

    Raises NotFoundError.
    """
    journal = view.store.journal
    unit = _unit(view, key)
    versions = journal.history(unit)
    found: list[VersionOut] = []
    before: tuple[Version, Provision] | None = None
    for version in versions:
        p = journal.read(version)[0]
        change = "added"
        if before:
            gap = before[0].ended != version.began
            change = "back" if gap else "changed" if before[1].id == p.id else "moved"
        found.append(
            VersionOut(
                **ProvisionRef.of(p).model_dump(), text=p.text, digest=p.digest, since=version.since,
                until=version.until, change=change, same_file=version.same_file, spans=spans(before and before[1], p),
            )
        )  # fmt: skip
        before = version, p
    namesakes = []
    for version in journal.others(unit, versions[-1].line):
        latest = journal.latest(version.line)
        heading = journal.read(version)[0].heading
        now = latest.provision if latest.stands else ""
        namesakes.append(NamesakeOut(since=version.since, until=version.until, heading=heading, now=now))
    instrument = view.instruments.get(versions[-1].instrument)
    return HistoryOut(
        id=unit, now=versions[-1].provision if versions[-1].stands else "", note=SEEN,
        instrument=instrument and InstrumentOut.of(instrument), versions=found[::-1], namesakes=namesakes,
    )  # fmt: skip


def _unit(view: View, key: str) -> str:
    """The id of the unit that an id means, which may be a short one, one of a part, or of what is gone."""
    key = "/" + key.strip("/")
    try:
        provision = view.provision(key)
        return (view.above(provision) or [provision])[0].id
    except NotFoundError:
        unit = key
        while True:
            if view.store.journal.history(unit):
                return unit
            if "__" not in unit:
                raise
            unit = unit.rpartition("__")[0]


def _today() -> date:
    return datetime.now(UTC).date()


def checked(as_of: date) -> date:
    """A day that something can be known of. Raises QueryError."""
    if as_of > _today() + timedelta(days=1):
        raise QueryError(f"as_of: {as_of} is in the future", "Give a day up to today")
    return as_of


@dataclass(frozen=True, slots=True)
class Stood:
    """A provision as it read on a day: ``facts`` say of which day that is, ``inside`` are its parts in order,
    ``instrument`` is as it was described then."""

    facts: AsOfOut
    provision: Provision
    inside: tuple[Provision, ...]
    instrument: Instrument

    def below(self, provision: Provision) -> list[Provision]:
        """The parts directly below a provision."""
        return [p for p in self.inside if p.parent == provision.eid]


def stood(view: View, key: str, as_of: date) -> Stood:
    """A provision as it read at the end of a day. Raises NotFoundError, QueryError."""
    journal, moment = view.store.journal, day(checked(as_of))
    unit = _unit(view, key)
    version = journal.at(unit, moment)
    if version is None:
        first = journal.history(unit)[0]
        if moment < first.since:
            raise NotFoundError(
                f"{unit} was first seen here on {first.since[:10]}; how it read on {as_of} is not known",
                "Ask for a later day",
            )
        raise NotFoundError(f"{unit} was not in the text on {as_of}", f"See /history{unit}")
    found, *parts = journal.read(version)
    full = "/" + key.strip("/")
    if full.startswith(f"{unit}__"):
        wanted = found.id + full.removeprefix(unit)
        inside = [p for p in parts if p.id == wanted]
        if not inside:
            raise NotFoundError(f"{unit} had no part {full.removeprefix(unit + '__')} on {as_of}", "Ask for all of it")
        found = inside[0]
    latest = journal.latest(version.line)
    texts = journal.texts(journal.event_at(moment), instrument=version.instrument)
    described = next(e.instrument for e in texts if e.language == version.language)
    facts = AsOfOut(
        date=as_of.isoformat(), since=version.since, until=version.until,
        now=latest.provision if latest.stands else "", version=described.version, note=SEEN,
    )  # fmt: skip
    below = tuple(p for p in parts if p.id.startswith(f"{found.id}__"))
    return Stood(facts, found, below, described)


# -- reports --------------------------------------------------------------------------------------------------------


class ChangedOut(BaseModel):
    """What became of one provision."""

    kind: str = Field(
        description="added, changed, removed, or moved (another id, whether it reads otherwise or not).",
        examples=["changed"], json_schema_extra={"enum": ["added", "changed", "moved", "removed"]},
    )  # fmt: skip
    provision: ProvisionRef = Field(description="The provision as it is now; one that is gone, as it was.")
    instrument: str = Field(description="Name of its instrument.", examples=["PDPA 2012"])
    was: str = Field(description="The id that it had, of one that moved; else empty.", examples=[""])
    time: str = Field(description="When that was seen here, UTC.", examples=[_TIME])
    same_file: bool = Field(
        description="Whether the file was the same as before and only read otherwise: no change of the law.",
        examples=[False],
    )
    spans: list[DiffOut] = Field(description=_SPANS)

    @classmethod
    def of(cls, view: View, change: Change) -> ChangedOut:
        before, after = (view.store.journal.read(v)[0] if v else None for v in (change.before, change.after))
        shown = after or before
        assert shown is not None
        version = change.version
        instrument = view.instruments.get(version.instrument)
        return cls(
            kind=change.kind, provision=ProvisionRef.of(shown),
            instrument=instrument.name if instrument else version.instrument,
            was=before.id if before and change.kind == "moved" else "",
            time=version.since if change.after else version.until, same_file=bool(after) and version.same_file,
            spans=spans(before, after),
        )  # fmt: skip


class FactOut(BaseModel):
    """A fact of an instrument that is another now."""

    name: str = Field(description="Which fact.", examples=["status"])
    was: str = Field(description="What it was.", examples=["not yet in force"])
    now: str = Field(description="What it is.", examples=["in force"])


class TextOut(BaseModel):
    """What became of a whole text."""

    kind: str = Field(
        description="added, removed, or facts: it is described otherwise.", examples=["added"],
        json_schema_extra={"enum": ["added", "removed", "facts"]},
    )  # fmt: skip
    instrument: InstrumentOut
    language: str = Field(description="Language of the text.", examples=["en"])
    whole: bool = Field(description="Whether the instrument came or went with it.", examples=[True])
    units: int = Field(description="Sections and articles that came or went with it.", examples=[68])
    facts: list[FactOut] = Field(description="The facts that are others now.")

    @classmethod
    def of(cls, text: TextChange) -> TextOut:
        facts = [FactOut(name=name, was=_said(was), now=_said(now)) for name, (was, now) in text.facts.items()]
        return cls(
            kind=text.kind, instrument=InstrumentOut.of(text.instrument), language=text.language, whole=text.whole,
            units=text.units, facts=facts,
        )  # fmt: skip


class LinkOut(BaseModel):
    """A counterpart that a changed provision has gained or lost."""

    provision: str = Field(description="Id of the provision that changed.", examples=[_SECTION])
    citation: str = Field(description="How it is cited; its id where it is gone.", examples=["PDPA 2012 (SG) s 26D"])
    other: str = Field(description="Id of the counterpart.", examples=["/akn/my/act/2010/709/en/~sec_12B"])
    other_citation: str = Field(description="How that is cited.", examples=["PDPA 2010 (MY) s 12B"])
    appeared: bool = Field(description="Whether it came; else it went.", examples=[True])

    @classmethod
    def of(cls, view: View, link: LinkChange) -> LinkOut:
        here, there = (_cited(view, key) for key in (link.provision, link.other))
        return cls(
            provision=link.provision, citation=here, other=link.other, other_citation=there, appeared=link.appeared
        )


class FailedOut(BaseModel):
    """A file that could not be read; what was stored of it before stays."""

    file: str = Field(description="Its name.", examples=["pdpa.pdf"])
    reason: str = Field(description="Why.", examples=["it is encrypted"])


class SuspectOut(BaseModel):
    """A decision that must be looked at again."""

    pivot: str = Field(description="The pivot text of its table.", examples=["/akn/sg/act/2012/26/en"])
    other: str = Field(description="The other text.", examples=["/akn/my/act/2010/709/en"])
    source: str = Field(description="Id of the provision of the pivot.", examples=[_SECTION])
    citation: str = Field(description="How it is cited; its id where it is gone.", examples=["PDPA 2012 (SG) s 26D"])
    corresponding: str = Field(description="Id of what corresponds, or empty.", examples=[""])
    other_citation: str = Field(description="How that is cited, or empty.", examples=[""])
    verdict: str = Field(description="What was decided.", examples=["confirmed"])
    name: str = Field(description="Who decided.", examples=["A. Drafter"])
    says: list[str] = Field(description="Why it must be looked at.", examples=[["the provision reads otherwise now"]])


class ReportOut(BaseModel):
    """What changed between two states of the corpus."""

    generation: str = Field(description="The index that changed it; empty: since a day.", examples=["20261123T021500"])
    built: str = Field(description="When it was built, UTC.", examples=[_TIME])
    since: str = Field(description="Since when: when the index before was built, or a day.", examples=[_TIME])
    known: bool = Field(description="False where nothing is known of a state before.", examples=[True])
    note: str = Field(description="What must be known of the dates.", examples=[SEEN])
    summary: ChangesOut | None = Field(description="How much changed; null where nothing is known.")
    texts: list[TextOut] = Field(description="Instruments and languages that came, went, or are described otherwise.")
    provisions: list[ChangedOut] = Field(description="Provisions of the other texts, in their order.")
    more: int = Field(description="Further provisions, which are not listed.", examples=[0])
    links: list[LinkOut] = Field(description="Counterparts that changed provisions have gained or lost.")
    more_links: int | None = Field(
        description="Further ones; null where that is not known: the index before is no longer kept.", examples=[0]
    )
    failed: list[FailedOut] = Field(description="Files that could not be read.")
    suspect: list[SuspectOut] = Field(description="Decisions on what changed that must be looked at again.")


def report(view: View, desk: Desk, *, generation: str = "", since: date | None = None, limit: int = SHOWN) -> ReportOut:
    """What the generation being served changed, or the one named, or what changed since a day.

    Raises NotFoundError where that generation is not kept, QueryError.
    """
    if since and generation:
        raise QueryError("since and generation ask for two different reports", "Give one of them")
    name = generation or view.name
    folder = view.searcher.generation.store.path.parent
    if since:
        journal = view.store.journal
        begun = journal.event_at(day(checked(since) - timedelta(days=1)))
        found: Report | None = history.between(view.store, begun, journal.last_event())
        return _report(view, desk, found, since=since.isoformat(), limit=limit)
    if name != view.name:
        if name not in dict(history.generations(folder.parent.parent)):
            raise NotFoundError(f"no generation {name!r} is kept", "Those that are kept: /changes")
        folder = folder.parent / name
    found = view.changes if name == view.name else history.of_generation(folder)
    return _report(view, desk, found, since=found.before_built if found else "", limit=limit, generation=name)


def _report(view: View, desk: Desk, found: Report | None, *, since: str, limit: int, generation: str = "") -> ReportOut:
    changes = found.changes if found else ()
    return ReportOut(
        generation=generation,
        built=found.built if found else "",
        since=since,
        known=found is not None,
        note=SEEN,
        summary=found and ChangesOut.of(found),
        texts=[TextOut.of(t) for t in found.texts] if found else [],
        provisions=[ChangedOut.of(view, c) for c in changes[:limit]],
        more=max(0, len(changes) - limit),
        links=[LinkOut.of(view, link) for link in found.links] if found else [],
        more_links=found.more_links if found else None,
        failed=[FailedOut(file=Path(path).name, reason=reason) for path, reason in found.failed] if found else [],
        suspect=suspects(view, desk, found) if found else [],
    )


def suspects(view: View, desk: Desk, found: Report) -> list[SuspectOut]:
    """The decisions that no longer fit because of what changed, at most ``DECISIONS``."""
    changed = {v.provision for c in found.changes for v in (c.before, c.after) if v}
    texts = {f"{c.version.instrument}/{c.version.language}" for c in found.changes}
    whole = {f"{t.instrument.id}/{t.language}" for t in found.texts if t.kind != "facts"}
    named: list[SuspectOut] = []
    for tally in desk.tallies():
        if {tally.pivot, tally.other} & (texts | whole):
            named += _suspects(view, desk, tally.pivot, tally.other, changed, whole, texts)
    return named[:DECISIONS]


def _suspects(
    view: View, desk: Desk, pivot: str, other: str, changed: set[str], whole: set[str], texts: set[str]
) -> Iterator[SuspectOut]:
    instrument, _, language = other.rpartition("/")
    digest = concordance.text_digest(view.store.contents(instrument, language))

    def concerned(doubt: Doubt) -> bool:
        if doubt.side == "text":
            return other in texts | whole
        unit = doubt.provision.split("/~")[0]
        return unit in whole or any(doubt.provision == key or doubt.provision.startswith(f"{key}__") for key in changed)

    for decision in desk.decisions(pivot, other):
        said = doubts(decision, lambda key: provision(view, key), digest, view.store.journal.moved_to)
        if any(map(concerned, said)):
            yield SuspectOut(
                pivot=pivot, other=other, source=decision.source, citation=_cited(view, decision.source),
                corresponding=decision.corresponding, other_citation=_cited(view, decision.corresponding),
                verdict=decision.verdict, name=decision.name, says=list(map(str, said)),
            )  # fmt: skip


def provision(view: View, key: str) -> Provision | None:
    """The provision that has an id now, or None."""
    try:
        return view.store.provision(key)
    except NotFoundError:
        return None


def _cited(view: View, key: str) -> str:
    """How a provision is cited; its id where it is gone."""
    found = provision(view, key) if key else None
    return found.citation if found else key


def brief(text: str) -> str:
    """The beginning of a fact, for lists that people read."""
    return text if len(text) <= 90 else text[:80].rsplit(None, 1)[0] + " …"


def _said(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else "" if value is None else str(value)


# -- decisions ------------------------------------------------------------------------------------------------------


class AlertOut(BaseModel):
    """One side of a decision that is no longer what was decided on."""

    side: str = Field(
        description="Which side: source, corresponding, or text (all of the other text).", examples=["source"],
        json_schema_extra={"enum": ["source", "corresponding", "text"]},
    )  # fmt: skip
    says: str = Field(description="What happened to it.", examples=["the provision reads otherwise now"])
    now: str = Field(description="The id that the provision has now; empty where it is gone.", examples=[_SECTION])
    since: str = Field(description="When that was seen here, UTC; empty where it is not known.", examples=[_TIME])
    known: bool = Field(description="Whether the wording that was decided on is kept.", examples=[True])
    spans: list[DiffOut] = Field(description=f"Today’s wording against the one decided on. {_SPANS}")

    @classmethod
    def of(cls, view: View, doubt: Doubt) -> AlertOut:
        found = view.store.journal.wording(doubt.provision, doubt.digest) if doubt.provision else None
        then = found[1] if found else None
        return cls(
            side=doubt.side, says=doubt.says, now=doubt.now, since=found[0].until if found else "",
            known=found is not None, spans=spans(then, provision(view, doubt.now) if doubt.now else None),
        )  # fmt: skip
