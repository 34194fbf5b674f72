"""Tables of correspondence and concordance, and workspaces, as they leave through the HTTP edge, pages and exports."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pydantic import BaseModel, Field

from lawsearch import concordance
from lawsearch.concepts import label
from lawsearch.concordance import Row
from lawsearch.correspondence import GRADES, Alignment, Choice, Correspondence, Side, align, side
from lawsearch.decision import STATUSES, VERDICTS, WITHOUT, Decision
from lawsearch.desk import Desk, Workspace, now
from lawsearch.drawing import SIGNALS
from lawsearch.errors import NotFoundError, QueryError
from lawsearch.provision import Provision
from lawsearch.schemas import InstrumentOut, ProvisionRef, SignalOut
from lawsearch.service import View
from lawsearch.text import digits

#: Said on every table and every sheet made of one.
NOTE = (
    "Correspondence and status are estimated by machine unless a row is confirmed or corrected by a named person; "
    "check every text against its official source."
)
#: Texts beside a pivot in one table of concordance, and in one table of correspondence.
OTHERS, TARGETS = 8, 100
#: Longest comment and longest name, in characters.
COMMENT, SIGNATURE = 4000, 100
#: Provisions put into a workspace at once.
KEPT = 200
_TEXT = "/akn/sg/act/2012/26/en"
_OTHER = "/akn/my/act/2010/709/en"
_SECTION = "/akn/sg/act/2012/26/en/~sec_26D"
_ARTICLE = "/akn/my/act/2010/709/en/~sec_12B"
STATES = ("open", "confirmed", "corrected", "rejected", "suspect")


# -- tables of correspondence ---------------------------------------------------------------------------------------


class SideOut(BaseModel):
    """One text: an instrument in one of its languages."""

    id: str = Field(description="Its address.", examples=[_TEXT])
    language: str = Field(description="Its language.", examples=["en"])
    units: int = Field(description="Provisions of it that were compared.", examples=[68])
    instrument: InstrumentOut

    @classmethod
    def of(cls, view: View, found: Side, units: int) -> SideOut:
        instrument = InstrumentOut.of(view.instruments[found.instrument])
        return cls(id=found.id, language=found.language, units=units, instrument=instrument)


class ChoiceOut(BaseModel):
    """What one provision says of the other."""

    rank: int = Field(description="Its place in the ranking, from 1; 0 if it was no candidate.", examples=[1])
    near: bool = Field(description="Whether it is the best or as good as the best.", examples=[True])
    no_counterpart: float = Field(description="Estimated probability of no counterpart at all.", examples=[0.07])

    @classmethod
    def of(cls, choice: Choice) -> ChoiceOut:
        return cls(rank=choice.rank, near=choice.near, no_counterpart=round(choice.doubt, 3))


class GradeOut(BaseModel):
    """How well two provisions correspond, and why."""

    grade: str = Field(
        description="corresponds: each chooses the other; partly: one of them does; related: doubtfully.",
        examples=["corresponds"], json_schema_extra={"enum": list(GRADES)},
    )  # fmt: skip
    score: float = Field(description="Geometric mean of both directions, 0 to 1.", examples=[0.86])
    there: ChoiceOut = Field(description="What the first provision says of the second.")
    back: ChoiceOut = Field(description="What the second provision says of the first.")
    signals: list[SignalOut] = Field(description="The views that spoke for it, strongest first.")
    concepts: list[str] = Field(description="Legal concepts that both name.", examples=[["data breach"]])
    why: str = Field(
        description="All of this in words.", examples=["each is the other's best · similar heading · data breach"]
    )

    @classmethod
    def of(cls, row: Correspondence) -> GradeOut:
        concepts = [label(key, "en") for key in row.concepts]
        signals = [SignalOut(name=s.name, value=round(s.value, 4), share=round(s.share, 4)) for s in row.signals]
        return cls(
            grade=row.grade, score=round(row.score, 4), there=ChoiceOut.of(row.there), back=ChoiceOut.of(row.back),
            signals=signals, concepts=concepts, why=why(row, concepts),
        )  # fmt: skip


class CorrespondenceOut(GradeOut):
    source: ProvisionRef
    target: ProvisionRef


class AlignmentOut(BaseModel):
    """The table of two texts."""

    source: SideOut
    target: SideOut
    rows: list[CorrespondenceOut] = Field(description="In the order of the source, for each provision best first.")
    unmatched: list[ProvisionRef] = Field(description="Provisions of the source without a correspondence.")
    other_unmatched: list[ProvisionRef] = Field(description="Provisions of the target without a correspondence.")


class AlignmentsOut(BaseModel):
    generation: str = Field(description="The index that answered.", examples=["2026-11-23T120000Z"])
    took_ms: float = Field(description="Milliseconds taken.", examples=[210.5])
    note: str = Field(description="What must be known of all tables.", examples=[NOTE])
    tables: list[AlignmentOut] = Field(description="One for each target.")


def why(row: Correspondence, concepts: Sequence[str]) -> str:
    """Why two provisions correspond, in words."""
    there, back = row.there, row.back
    if there.rank == back.rank == 1:
        ranks = "each is the other’s best match"
    elif there.near and back.near:
        ranks = "each is among the other’s best matches"
    elif there.near:
        ranks = f"among the best matches of the first; {_place(back)} of the second"
    else:
        ranks = f"among the best matches of the second; {_place(there)} of the first"
    strongest = [s.name for s in row.signals if s.share > 0 and s.name != "concepts"][:3]
    reasons = dict.fromkeys(SIGNALS.get(name, name) for name in strongest)
    return " · ".join(filter(None, [ranks, *reasons, f"both name: {', '.join(concepts)}" if concepts else ""]))


def _place(choice: Choice) -> str:
    return f"number {choice.rank}" if choice.rank else "no candidate"


class Tables:
    """Tables of correspondence of the generation being served, kept so that a page is not computed at every click."""

    #: Tables kept: some hundred rows each.
    MOST = 256

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, Side, Side], Alignment] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, view: View, source: Side, target: Side) -> Alignment:
        """The table of two texts, made or remembered."""
        key = (view.name, source, target)
        with self._lock:
            found = self._kept.get(key)
            if found:
                self._kept.move_to_end(key)
                return found
        found = align(view.searcher.generation, view.store, source, target)
        with self._lock:
            self._kept[key] = found
            while len(self._kept) > self.MOST:
                self._kept.popitem(last=False)
        return found


def text_of(view: View, key: str) -> Side:
    """The text that an id of an instrument or of one of its languages names. Raises NotFoundError."""
    languages: dict[str, list[str]] = {}
    for entry in view.entries:
        languages.setdefault(entry.instrument.id, []).append(entry.language)
    return side(view.instruments, languages, key)


def aligned(view: View, tables: Tables, source: str, targets: Sequence[str]) -> AlignmentsOut:
    """The tables of one text and others, all other instruments where none is named.

    Raises NotFoundError, QueryError.
    """
    started = time.perf_counter()
    first = text_of(view, source)
    wanted = [text_of(view, key) for key in targets or [key for key in view.instruments if key != first.instrument]]
    wanted = [found for found in dict.fromkeys(wanted) if found != first]
    if not wanted:
        raise QueryError("there is no other text to compare with", "Name another instrument as target")
    if len(wanted) > TARGETS:
        raise QueryError(f"{len(wanted)} texts are too many; {TARGETS} are the most", "Name them as target")
    made = [_alignment_out(view, tables.of(view, first, other)) for other in wanted]
    took = round((time.perf_counter() - started) * 1000, 1)
    return AlignmentsOut(generation=view.name, took_ms=took, note=NOTE, tables=made)


def _alignment_out(view: View, found: Alignment) -> AlignmentOut:
    refs = {u.id: ProvisionRef.of(u) for s in (found.source, found.target) for u in _units(view, s)}
    rows = [
        CorrespondenceOut(**dict(GradeOut.of(row)), source=refs[row.source], target=refs[row.target])
        for row in found.rows
    ]
    return AlignmentOut(
        source=SideOut.of(view, found.source, len(found.units)),
        target=SideOut.of(view, found.target, len(found.other_units)),
        rows=rows,
        unmatched=[refs[key] for key in found.unmatched],
        other_unmatched=[refs[key] for key in found.other_unmatched],
    )


def _units(view: View, text: Side) -> list[Provision]:
    return view.store.contents(text.instrument, text.language)


# -- tables of concordance ------------------------------------------------------------------------------------------


class CitedOut(ProvisionRef):
    """A provision with its text as printed."""

    text: str = Field(description="Everything below the heading.", examples=["(1) Where an organisation assesses …"])
    digest: str = Field(description="SHA-256 of heading and text.", examples=["9f86d081884c7d65…"])

    @classmethod
    def of(cls, p: Provision) -> CitedOut:
        return cls(**ProvisionRef.of(p).model_dump(), text=p.text, digest=p.digest)


class RowOut(BaseModel):
    """One row of a table of concordance."""

    source_id: str = Field(description="Id of the provision of the pivot.", examples=[_SECTION])
    source: CitedOut | None = Field(description="That provision; null where it is no longer in the text.")
    suggested: str = Field(
        description="The suggestion that a decision is about: an id, or empty for no counterpart.", examples=[_ARTICLE]
    )
    corresponding_id: str = Field(description="Id of what corresponds, or empty.", examples=[_ARTICLE])
    corresponding: CitedOut | None = Field(description="What corresponds; null where nothing does, or it is gone.")
    grade: GradeOut | None = Field(description="The machine's estimate; null where it sees no correspondence.")
    verdict: str = Field(
        description="open: only suggested; or what a person said.", examples=["confirmed"],
        json_schema_extra={"enum": list(VERDICTS)},
    )  # fmt: skip
    status: str = Field(
        description="How far the rule is taken over; suggested by the grade until decided.", examples=["full"],
        json_schema_extra={"enum": list(STATUSES)},
    )  # fmt: skip
    comment: str = Field(description="A comment, or empty.", examples=["The period differs."])
    name: str = Field(description="Who decided, or empty.", examples=["A. Drafter"])
    time: str = Field(description="When, UTC, or empty.", examples=["2026-11-23T12:00:00+00:00"])
    suspect: list[str] = Field(description="Why the decision must be looked at again.", examples=[[]])
    state: str = Field(
        description="The verdict, or suspect.", examples=["confirmed"], json_schema_extra={"enum": list(STATES)}
    )

    @classmethod
    def of(cls, row: Row) -> RowOut:
        return cls(
            source_id=row.source_id, source=row.source and CitedOut.of(row.source), suggested=row.suggested,
            corresponding_id=row.corresponding_id,
            corresponding=row.corresponding and CitedOut.of(row.corresponding),
            grade=row.correspondence and GradeOut.of(row.correspondence), verdict=row.verdict, status=row.status,
            comment=row.comment, name=row.name, time=row.time, suspect=list(row.suspect), state=row.state,
        )  # fmt: skip


class TableOut(BaseModel):
    other: SideOut = Field(description="The text whose provisions correspond.")
    rows: list[RowOut] = Field(description="In the order of the pivot.")
    unmatched: list[CitedOut] = Field(description="Provisions of the other text that no row names.")
    counts: dict[str, int] = Field(description="Rows by state.", examples=[{"open": 60, "confirmed": 8}])


class ConcordanceOut(BaseModel):
    """A table of concordance: a pivot text against others, with decisions."""

    generation: str = Field(description="The index that suggested.", examples=["2026-11-23T120000Z"])
    made: str = Field(description="When this table was made, UTC.", examples=["2026-11-23T12:00:00+00:00"])
    note: str = Field(description="What must be known of every row.", examples=[NOTE])
    pivot: SideOut = Field(description="The text in the first column.")
    tables: list[TableOut] = Field(description="One for each other text.")


class TallyOut(BaseModel):
    pivot: str = Field(description="The pivot text.", examples=[_TEXT])
    other: str = Field(description="The other text.", examples=[_OTHER])
    decisions: int = Field(description="Rows decided on.", examples=[12])
    last: str = Field(description="When the last decision was made, UTC.", examples=["2026-11-23T12:00:00+00:00"])


class TallyList(BaseModel):
    tables: list[TallyOut] = Field(description="Pairs of texts with decisions, latest first.")


class DecisionOut(BaseModel):
    """A decision as it was recorded."""

    source: str = Field(description="Id of the provision of the pivot.", examples=[_SECTION])
    other: str = Field(description="The other text.", examples=[_OTHER])
    suggested: str = Field(description="The suggestion it is about, or empty for no counterpart.", examples=[_ARTICLE])
    verdict: str = Field(description="What was said.", examples=["confirmed"])
    status: str = Field(description="How far the rule is taken over.", examples=["full"])
    corresponding: str = Field(description="What corresponds after it, or empty.", examples=[_ARTICLE])
    comment: str = Field(description="A comment, or empty.", examples=["The period differs."])
    name: str = Field(description="Who decided.", examples=["A. Drafter"])
    time: str = Field(description="When, UTC.", examples=["2026-11-23T12:00:00+00:00"])

    @classmethod
    def of(cls, decision: Decision) -> DecisionOut:
        return cls(**{name: getattr(decision, name) for name in cls.model_fields})


class DecisionList(BaseModel):
    decisions: list[DecisionOut] = Field(description="Oldest first; the last on a pair holds.")


class DecisionIn(BaseModel):
    """A decision on one row."""

    model_config = {
        "extra": "forbid", "str_strip_whitespace": True,
        "json_schema_extra": {
            "example": {
                "source": _SECTION, "other": _OTHER, "suggested": _ARTICLE, "verdict": "confirmed",
                "status": "partial", "comment": "The period differs.", "name": "A. Drafter",
            }
        },
    }  # fmt: skip
    source: str = Field(description="Id of the provision of the pivot.", examples=[_SECTION])
    other: str = Field(description="The other text.", examples=[_OTHER])
    suggested: str = Field("", description="The suggestion, as the row has it; empty for none.", examples=[_ARTICLE])
    verdict: str = Field(
        description="confirmed, rejected, corrected (with corresponding), or open to take it back.",
        examples=["confirmed"], json_schema_extra={"enum": list(VERDICTS)},
    )  # fmt: skip
    status: str = Field(
        "", description="full, partial, none or not applicable; empty: as suggested.", examples=["full"]
    )
    corresponding: str = Field("", description="What corresponds instead, for corrected.", examples=[""])
    comment: str = Field("", max_length=COMMENT, description="A comment.", examples=["The period differs."])
    name: str = Field(min_length=1, max_length=SIGNATURE, description="Who decides.", examples=["A. Drafter"])


class Finder:
    """Gives the provision that an id names now, each looked up once."""

    def __init__(self, view: View, *texts: Side) -> None:
        self._view = view
        self._known: dict[str, Provision | None] = {u.id: u for text in texts for u in _units(view, text)}

    def __call__(self, key: str) -> Provision | None:
        if key not in self._known:
            try:
                self._known[key] = self._view.store.provision(key)
            except NotFoundError:
                self._known[key] = None
        return self._known[key]


def concorded(view: View, tables: Tables, desk: Desk, pivot: str, others: Sequence[str]) -> ConcordanceOut:
    """The table of concordance of a pivot text and others. Raises NotFoundError, QueryError."""
    first = text_of(view, pivot)
    wanted = [found for found in dict.fromkeys(text_of(view, key) for key in others) if found != first]
    if not wanted:
        raise QueryError("a table of concordance needs a pivot and another text", "Name one as other")
    if len(wanted) > OTHERS:
        raise QueryError(f"{len(wanted)} other texts are too many; {OTHERS} are the most", "Make two tables")
    made = []
    for other in wanted:
        find = Finder(view, first, other)
        digest = concordance.text_digest(_units(view, other))
        decisions = desk.decisions(first.id, other.id)
        found = concordance.table(tables.of(view, first, other), decisions, find, digest)
        rows = [RowOut.of(row) for row in found.rows]
        counts = {state: sum(r.state == state for r in rows) for state in STATES}
        unmatched = [CitedOut.of(p) for key in found.unmatched if (p := find(key))]
        count = len(found.alignment.other_units)
        made.append(TableOut(other=SideOut.of(view, other, count), rows=rows, unmatched=unmatched, counts=counts))
    units = tables.of(view, first, wanted[0]).units
    return ConcordanceOut(
        generation=view.name, made=now(), note=NOTE, pivot=SideOut.of(view, first, len(units)), tables=made
    )


def decided(view: View, tables: Tables, asked: DecisionIn) -> Decision:
    """A decision as it is recorded, with the digests of the wordings it is about. Raises NotFoundError, QueryError."""
    if asked.verdict not in VERDICTS:
        raise QueryError(f"verdict {asked.verdict!r} is not known", f"Use one of: {', '.join(VERDICTS)}")
    if asked.status and asked.status not in STATUSES:
        raise QueryError(f"status {asked.status!r} is not known", f"Use one of: {', '.join(STATUSES)}")
    other = text_of(view, asked.other)
    name = " ".join(asked.name.split())
    if not name:
        raise QueryError("a decision needs a name", "Say who decides")
    # To take a decision back must be possible even where its provisions are gone.
    if "/~" not in asked.source:
        raise QueryError(f"{asked.source!r} is no id of a provision", "Give the id of a provision of the pivot")
    asked = asked.model_copy(update={"suggested": _suggested(view, other, asked.suggested)})
    source = view.store.provision(asked.source) if asked.verdict != "open" else None
    corresponding = _corresponding(view, other, asked)
    if source and source.id.startswith(f"{other.id}/~"):
        raise QueryError("a provision cannot be set against its own text", "Name another text as other")
    looked_at = asked.suggested if asked.verdict == "rejected" else corresponding
    if asked.verdict == "open":
        digest = ""
    elif looked_at:
        digest = view.store.provision(looked_at).digest
    else:
        digest = concordance.text_digest(_units(view, other))
    return Decision(
        source=asked.source, other=other.id, suggested=asked.suggested, verdict=asked.verdict,
        status=_status(view, tables, asked, other, corresponding), corresponding=corresponding,
        comment=_comment(asked), name=name, time=now(),
        source_digest=source.digest if source else "", other_digest=digest,
    )  # fmt: skip


def commented(view: View, tables: Tables, standing: Decision, asked: DecisionIn) -> Decision:
    """The decision that stands with another status and comment: the wordings stay those that were decided on.

    Raises NotFoundError, QueryError.
    """
    if standing.verdict == "open":
        return decided(view, tables, asked.model_copy(update={"verdict": "open", "corresponding": ""}))
    if asked.status and asked.status not in STATUSES:
        raise QueryError(f"status {asked.status!r} is not known", f"Use one of: {', '.join(STATUSES)}")
    name = " ".join(asked.name.split())
    if not name:
        raise QueryError("a decision needs a name", "Say who decides")
    asked = asked.model_copy(update={"verdict": standing.verdict})
    status = _status(view, tables, asked, text_of(view, standing.other), standing.corresponding)
    return replace(standing, status=status, comment=_comment(asked), name=name, time=now())


def alike(one: Decision, other: Decision | DecisionIn) -> bool:
    """Whether two decisions on the same row say that the same corresponds, whatever status and comment they give."""
    corresponding = other.corresponding or (other.suggested if other.verdict == "confirmed" else "")
    if one.standing and other.verdict in ("confirmed", "corrected"):
        return one.corresponding == corresponding
    return one.verdict == other.verdict


def same(one: Decision, other: Decision | DecisionIn) -> bool:
    """Whether two decisions on the same row say the same, whoever made them and of whichever wordings."""
    said = other.comment.replace("\r\n", "\n").strip()
    return alike(one, other) and (one.status, one.comment) == (other.status, said)


def _comment(asked: DecisionIn) -> str:
    return asked.comment.replace("\r\n", "\n").strip()


def _suggested(view: View, other: Side, key: str) -> str:
    """The full id of a suggestion in the other text; one that is gone may be named by its full id. Raises QueryError"""
    if not key or key.startswith(f"{other.id}/~"):
        return key
    try:
        found = view.provision(key).id
    except NotFoundError:
        found = ""
    if not found.startswith(f"{other.id}/~"):
        raise QueryError(f"the suggestion {key!r} is not in {other.id}", "Give the id of a provision of the other text")
    return found


def unit_named(view: View, text: Side, typed: str) -> str:
    """The id of the provision of ``text`` that a person means by an id, a number, a label or a citation.

    Raises NotFoundError where no or more than one provision fits.
    """
    typed = typed.strip()
    if typed.startswith("/"):
        return view.provision(typed).id
    wanted = digits(typed).casefold()
    fitting = [
        u.id for u in _units(view, text) if wanted in {digits(n).casefold() for n in (u.number, u.label, u.citation)}
    ]
    if len(fitting) != 1:
        many = f"{len(fitting)} provisions of {text.id} are" if fitting else f"no provision of {text.id} is"
        raise NotFoundError(f"{many} called {typed!r}", "Write its number as printed, or its id")
    return fitting[0]


def _corresponding(view: View, other: Side, asked: DecisionIn) -> str:
    """The id of what corresponds after a decision. Raises NotFoundError, QueryError."""
    if asked.verdict == "rejected":
        if not asked.suggested:
            raise QueryError("there is no suggestion to reject", "Confirm that there is none, or name the counterpart")
        return ""
    if asked.verdict == "open":
        return asked.suggested
    if asked.verdict == "corrected" and not asked.corresponding.strip():
        raise QueryError("a correction names what corresponds instead", "Give the id of a provision as corresponding")
    if asked.verdict == "confirmed" and asked.corresponding not in ("", asked.suggested):
        raise QueryError("what is confirmed is the suggestion", "Use the verdict corrected for another provision")
    key = asked.corresponding if asked.verdict == "corrected" else asked.suggested
    if not key:
        return ""
    found = view.provision(key)
    if not found.id.startswith(f"{other.id}/~"):
        raise QueryError(f"{found.id} is not in {other.id}", "Name a provision of the other text")
    return found.id


def _status(view: View, tables: Tables, asked: DecisionIn, other: Side, corresponding: str) -> str:
    """The status that was given, or else the one that the grade suggests; ``partial`` where a person saw what no
    machine did. Raises QueryError where it contradicts what corresponds."""
    if asked.verdict == "rejected":
        return "none"
    if not corresponding:
        if asked.status not in ("", *WITHOUT) and asked.verdict != "open":
            raise QueryError(f"nothing corresponds, so the status cannot be {asked.status}", "Use none, not applicable")
        return asked.status or "none"
    if asked.status == "none" and asked.verdict != "open":
        raise QueryError("a provision corresponds, so the status cannot be none", "Use another, or leave it empty")
    if asked.status not in ("", "none"):
        return asked.status
    pivot = text_of(view, asked.source.split("/~")[0])
    for row in tables.of(view, pivot, other).rows:
        if (row.source, row.target) == (asked.source, corresponding):
            return concordance.SUGGESTED[row.grade]
    return "partial"


# -- workspaces -----------------------------------------------------------------------------------------------------


class KeptOut(BaseModel):
    """A provision in a workspace."""

    id: str = Field(description="Its id.", examples=[_SECTION])
    provision: CitedOut | None = Field(description="The provision; null where it is no longer in the corpus.")
    instrument: InstrumentOut | None = Field(description="Its instrument; null where that is gone.")
    note: str = Field(description="A note, or empty.", examples=["for the second reading"])
    name: str = Field(description="Who put it there.", examples=["A. Drafter"])
    time: str = Field(description="When, UTC.", examples=["2026-11-23T12:00:00+00:00"])
    changed: bool = Field(description="Whether it reads otherwise now, or is gone.", examples=[False])


class WorkspaceRef(BaseModel):
    id: str = Field(description="Its id.", examples=["second-reading"])
    title: str = Field(description="Its title.", examples=["Second reading"])
    name: str = Field(description="Who made it.", examples=["A. Drafter"])
    time: str = Field(description="When, UTC.", examples=["2026-11-23T12:00:00+00:00"])
    provisions: int = Field(description="How many it keeps.", examples=[7])

    @classmethod
    def of(cls, found: Workspace) -> Any:
        return WorkspaceRef(
            id=found.id, title=found.title, name=found.name, time=found.time, provisions=len(found.kept)
        )


class WorkspaceList(BaseModel):
    workspaces: list[WorkspaceRef] = Field(description="By title.")


class WorkspaceOut(WorkspaceRef):
    generation: str = Field(description="The index that gave the texts.", examples=["2026-11-23T120000Z"])
    kept: list[KeptOut] = Field(description="In the order of adding.")


class WorkspaceIn(BaseModel):
    """A new workspace."""

    model_config = {
        "extra": "forbid", "str_strip_whitespace": True,
        "json_schema_extra": {"example": {"title": "Second reading", "name": "A. Drafter"}},
    }  # fmt: skip
    title: str = Field(min_length=1, max_length=120, description="Its title.", examples=["Second reading"])
    name: str = Field(min_length=1, max_length=SIGNATURE, description="Who makes it.", examples=["A. Drafter"])


class KeepIn(BaseModel):
    """Provisions to put into a workspace."""

    model_config = {
        "extra": "forbid", "str_strip_whitespace": True,
        "json_schema_extra": {"example": {"ids": [_SECTION], "note": "", "name": "A. Drafter"}},
    }  # fmt: skip
    ids: list[str] = Field(min_length=1, max_length=KEPT, description="Their ids.", examples=[[_SECTION]])
    note: str = Field("", max_length=COMMENT, description="A note to each.", examples=["for the second reading"])
    name: str = Field(min_length=1, max_length=SIGNATURE, description="Who puts them there.", examples=["A. Drafter"])


def workspace_out(view: View, found: Workspace) -> WorkspaceOut:
    """A workspace with the texts that it keeps, as they read now."""
    find = Finder(view)
    kept = []
    for entry in found.kept:
        p = find(entry.provision)
        instrument = view.instruments.get(entry.provision.split("/~")[0].rsplit("/", 1)[0])
        kept.append(
            KeptOut(
                id=entry.provision, provision=p and CitedOut.of(p),
                instrument=instrument and InstrumentOut.of(instrument),
                note=entry.note, name=entry.name, time=entry.time, changed=p is None or p.digest != entry.digest,
            )
        )  # fmt: skip
    return WorkspaceOut(**dict(WorkspaceRef.of(found)), generation=view.name, kept=kept)


def keep(view: View, desk: Desk, key: str, asked: KeepIn) -> None:
    """Put provisions into a workspace, by full or short ids. Raises NotFoundError."""
    found = [view.provision(one.strip()) for one in asked.ids if one.strip()]
    if not found:
        raise QueryError("no provision was named", "Give the ids of provisions")
    desk.keep(key, [(p.id, p.digest) for p in found], asked.note.strip(), " ".join(asked.name.split()))
