"""Tables of concordance as they leave through the HTTP edge, pages and exports."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, Field

from lawsearch import concordance
from lawsearch.changes import AlertOut
from lawsearch.concordance import Row
from lawsearch.correspondence import Side
from lawsearch.decision import STATUSES, VERDICTS
from lawsearch.desk import Desk, now
from lawsearch.errors import NotFoundError, QueryError
from lawsearch.provision import Provision
from lawsearch.schemas import ProvisionRef
from lawsearch.service import View
from lawsearch.tables import NOTE, GradeOut, SideOut, Tables, text_of, units_of

#: Texts beside a pivot in one table.
OTHERS = 8
_TEXT = "/akn/sg/act/2012/26/en"
_OTHER = "/akn/my/act/2010/709/en"
_SECTION = "/akn/sg/act/2012/26/en/~sec_26D"
_ARTICLE = "/akn/my/act/2010/709/en/~sec_12B"
STATES = ("open", "confirmed", "corrected", "rejected", "suspect")


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
    alerts: list[AlertOut] = Field(description="The same by side, with the words that differ since.")
    state: str = Field(
        description="The verdict, or suspect.", examples=["confirmed"], json_schema_extra={"enum": list(STATES)}
    )

    @classmethod
    def of(cls, view: View, row: Row) -> RowOut:
        return cls(
            source_id=row.source_id, source=row.source and CitedOut.of(row.source), suggested=row.suggested,
            corresponding_id=row.corresponding_id,
            corresponding=row.corresponding and CitedOut.of(row.corresponding),
            grade=row.correspondence and GradeOut.of(row.correspondence), verdict=row.verdict, status=row.status,
            comment=row.comment, name=row.name, time=row.time, suspect=list(map(str, row.suspect)),
            alerts=[AlertOut.of(view, doubt) for doubt in row.suspect], state=row.state,
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


class Finder:
    """Gives the provision that an id names now, each looked up once."""

    def __init__(self, view: View, *texts: Side) -> None:
        self._view = view
        self._known: dict[str, Provision | None] = {u.id: u for text in texts for u in units_of(view, text)}

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
        digest = concordance.text_digest(units_of(view, other))
        decisions = desk.decisions(first.id, other.id)
        found = concordance.table(tables.of(view, first, other), decisions, find, digest, view.store.journal.moved_to)
        rows = [RowOut.of(view, row) for row in found.rows]
        counts = {state: sum(r.state == state for r in rows) for state in STATES}
        unmatched = [CitedOut.of(p) for key in found.unmatched if (p := find(key))]
        count = len(found.alignment.other_units)
        made.append(TableOut(other=SideOut.of(view, other, count), rows=rows, unmatched=unmatched, counts=counts))
    units = tables.of(view, first, wanted[0]).units
    return ConcordanceOut(
        generation=view.name, made=now(), note=NOTE, pivot=SideOut.of(view, first, len(units)), tables=made
    )
