"""Tables of correspondence as they leave through the HTTP edge, pages and exports."""

from __future__ import annotations

import time
from collections.abc import Sequence

from pydantic import BaseModel, Field

from lawsearch.concepts import label
from lawsearch.correspondence import Alignment, Correspondence, Side, align, side
from lawsearch.drawing import SIGNALS
from lawsearch.errors import QueryError
from lawsearch.findings import SignalOut
from lawsearch.grading import GRADES, Choice
from lawsearch.provision import Provision
from lawsearch.schemas import InstrumentOut, ProvisionRef
from lawsearch.service import View
from lawsearch.turns import Made, Turns

#: Said on every table and every sheet made of one.
NOTE = (
    "Correspondence and status are estimated by machine unless a row is confirmed or corrected by a named person; "
    "check every text against its official source."
)
#: Texts beside the first in one answer.
TARGETS = 100
_TEXT = "/akn/sg/act/2012/26/en"


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
    """Tables of correspondence of the generation being served, kept so that a page is not computed at every click, and
    each made once however many ask for it together. Safe to use from many threads."""

    #: Rows of tables that are kept, about 2 kB each: some hundred tables.
    MOST = 100_000
    #: Tables made at once, requests that wait for one, and for how many seconds.
    AT_ONCE, WAITING, PATIENCE = 1, 8, 10.0

    def __init__(self) -> None:
        self.turns = Turns("tables", self.AT_ONCE, self.WAITING, self.PATIENCE)
        self._made: Made[tuple[str, Side, Side], Alignment] = Made(
            self.turns, self.MOST, lambda table: len(table.rows) + 1
        )

    def of(self, view: View, source: Side, target: Side) -> Alignment:
        """The table of two texts, made or remembered. Raises BusyError."""
        return self._made.of(
            (view.name, source, target), lambda: align(view.searcher.generation, view.store, source, target)
        )


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
    refs = {u.id: ProvisionRef.of(u) for s in (found.source, found.target) for u in units_of(view, s)}
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


def units_of(view: View, text: Side) -> list[Provision]:
    """The sections or articles of a text, in its order."""
    return view.store.contents(text.instrument, text.language)
