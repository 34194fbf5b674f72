"""The matrix as it leaves through the HTTP edge, pages and exports: what the index says, and what people decided."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import quote

from pydantic import BaseModel, Field

from lawsearch import concordance, replies
from lawsearch.answer import Answer
from lawsearch.assignment import FLOOR
from lawsearch.concordances import Finder
from lawsearch.correspondence import Side
from lawsearch.decision import Decision, doubts
from lawsearch.desk import Desk
from lawsearch.errors import NotFoundError, QueryError
from lawsearch.grading import GRADES
from lawsearch.matrix import PRESENT, SHOWN, SPREADS, STATES, Cell, Row, matrix, tally, unjudged
from lawsearch.provision import Provision
from lawsearch.schemas import JurisdictionOut, LawOut, ProvisionRef, TopicRef, rounded
from lawsearch.service import View
from lawsearch.tables import SideOut, text_of, units_of
from lawsearch.topic import Topic
from lawsearch.turns import Made, Turns
from lawsearch.vocabulary import jurisdictions

if TYPE_CHECKING:
    from lawsearch.queries import MatrixQuery

#: Said on every matrix and every sheet made of one.
NOTE = (
    "What a cell says is estimated by machine unless it is confirmed or rejected by a person; “none found” is said of "
    "the texts in the corpus alone; check every text against its official source."
)
#: What a person chose is surer than any score.
CHOSEN = 2.0
#: Columns of a comparison that a row opens.
COMPARED = 6
_ROW = "/akn/asean/framework/2016/pdp/en/~para_6"


class ScoredRef(BaseModel):
    provision: ProvisionRef
    score: float | None = Field(
        description="How surely it is about the topic, or corresponds, 0 to 1; null where a person chose it.",
        examples=[0.71],
    )


class DecidedOut(BaseModel):
    """What a person said that a cell shows."""

    verdict: str = Field(description="confirmed, corrected or rejected.", examples=["confirmed"])
    name: str = Field(description="Who.", examples=["A. Drafter"])
    time: str = Field(description="When, UTC.", examples=["2026-11-23T12:00:00+00:00"])
    comment: str = Field(description="A comment, or empty.", examples=[""])
    suspect: bool = Field(description="Whether a wording changed since; then the cell is the machine's.")

    @classmethod
    def of(cls, made: Decision, *, suspect: bool) -> DecidedOut:
        return cls(verdict=made.verdict, name=made.name, time=made.time, comment=made.comment, suspect=suspect)


class MatrixCell(BaseModel):
    jurisdiction: str = Field(description="Its code.", examples=["sg"])
    state: str = Field(
        description="confirmed: a person confirmed a counterpart; corresponds: there is one, surely (of a provision: "
        "each is the other's); partly: uncertain, or it has its own elsewhere; rejected: a person rejected what was "
        "found; none: searched, nothing found; unreadable: of its files no provisions could be told; no text.",
        examples=["corresponds"], json_schema_extra={"enum": list(STATES)},
    )  # fmt: skip
    provisions: list[ScoredRef] = Field(description="At most three, surest first.")
    more: int = Field(description="How many more there are.", examples=[0])
    decision: DecidedOut | None = Field(description="What a person said; null where nobody did.")
    compare: str = Field(
        description="Address of the comparison that it opens, or empty.", examples=["/compare?id=/akn/…&id=/akn/…"]
    )


class MatrixRow(BaseModel):
    topic: TopicRef | None = Field(description="The topic; null in rows of a pivot.")
    provision: ProvisionRef | None = Field(description="The provision of the pivot; null in rows of topics.")
    definition: str = Field(description="What a provision under the topic does.", examples=["A controller must …"])
    cells: list[MatrixCell] = Field(description="One a jurisdiction, in the order of the columns.")
    present: int = Field(description="How many member states have something.", examples=[7])
    counted: int = Field(description="Of how many that can be judged.", examples=[9])
    spread: str = Field(
        description="common baseline: all of them; widespread: more than half; fragmented: fewer; nowhere; unknown: "
        "fewer than two can be judged.",
        examples=["widespread"], json_schema_extra={"enum": list(SPREADS)},
    )  # fmt: skip
    compare: str = Field(description="Address of the comparison of its surest provisions, or empty.", examples=[""])


class ColumnOut(BaseModel):
    jurisdiction: JurisdictionOut
    states: dict[str, int] = Field(description="Its cells by state.", examples=[{"corresponds": 20, "none": 9}])
    unread: list[str] = Field(description="Files of it that the last run could not read.", examples=[[]])


class MatrixOut(BaseModel):
    generation: str = Field(description="The index that answered.", examples=["2026-11-23T120000Z"])
    note: str = Field(description="What must be known of all cells.", examples=[NOTE])
    field: str = Field(description="The field of law whose topics are the rows, or empty.", examples=["personal-data"])
    pivot: SideOut | None = Field(description="The text whose provisions are the rows, or null.")
    jurisdictions: list[JurisdictionOut] = Field(description="The columns.")
    laws: list[LawOut] = Field(description="For personal data: which member states have a law at all.")
    rows: list[MatrixRow] = Field(description="One a topic, or a provision.")
    columns: list[ColumnOut] = Field(description="What each jurisdiction has, counted.")
    spreads: dict[str, int] = Field(description="Rows by spread.", examples=[{"common baseline": 4, "fragmented": 9}])


class Matrices:
    """What the index says of topics and of the provisions of pivot texts, kept so that a page is not computed at every
    click.

    Safe to use from many threads."""

    #: Rows that are kept, with the texts in their cells some 50 kB each: a dozen large acts.
    MOST = 1_000
    #: With everything else that waits (``service.AT_ONCE``) still fewer than there are threads.
    AT_ONCE, WAITING, PATIENCE = 1, 4, 10.0

    def __init__(self) -> None:
        self._made: Made[tuple[str, Side | str, tuple[str, ...]], list[Row]] = Made(
            Turns("matrices", self.AT_ONCE, self.WAITING, self.PATIENCE), self.MOST, len
        )

    def of(self, view: View, pivot: Side) -> list[Row]:
        """The rows of a text over all other jurisdictions, made or remembered. Raises BusyError."""
        return self._made.of((view.name, pivot, ()), lambda: _rows_of(view, pivot))

    def about(self, view: View, field: str, codes: Sequence[str]) -> list[Row]:
        """The rows of the topics of a field over the jurisdictions ``codes``, made or remembered. Raises BusyError."""
        topics = view.taxonomy.of(field)
        made = partial(matrix, view.searcher.generation, view.store, topics, codes)
        return self._made.of((view.name, field, tuple(codes)), made)


def _rows_of(view: View, pivot: Side) -> list[Row]:
    units = [unit for unit in units_of(view, pivot) if unit.id in view.searcher.generation.rows]
    found = view.searcher.counterparts_of_each(units, limit=SHOWN)
    return [
        Row(unit, tuple(_cell(view, answer) for answer in view.complete(answers)))
        for unit, answers in zip(units, found, strict=True)
    ]


def _cell(view: View, answer: Answer) -> Cell:
    """What a jurisdiction answers to a provision; it corresponds as its best hit does."""
    if view.state(answer) != "found":
        return Cell(answer.jurisdiction, "none" if answer.units else "no text")
    shown = tuple((hit.provision, hit.score) for hit in answer.hits if hit.score >= FLOOR or hit is answer.hits[0])
    return Cell(answer.jurisdiction, "corresponds" if answer.hits[0].grade == GRADES[0] else "partly", shown)


def matrix_page(view: View, made: Matrices, desk: Desk, query: MatrixQuery) -> MatrixOut:
    """The matrix of a field's topics or of a pivot's provisions, by default over the member states and ASEAN.

    Raises NotFoundError where there is no such field or text, BusyError.
    """
    pivot = text_of(view, query.pivot) if query.pivot else None
    own = view.instruments[pivot.instrument].jurisdiction if pivot else ""
    codes = [code for code in query.jurisdiction or columns() if code != own]
    if pivot:
        by_code = [(row.subject, {cell.jurisdiction: cell for cell in row.cells}) for row in made.of(view, pivot)]
        rows = [Row(unit, tuple(c.get(code, Cell(code, "no text")) for code in codes)) for unit, c in by_code]
    elif query.field in view.taxonomy.fields:
        rows = made.about(view, query.field, codes)
    else:
        names = ", ".join(view.taxonomy.fields) or "none, the taxonomy is empty"
        raise NotFoundError(f"no field {query.field!r} in the taxonomy", f"Its fields: {names}")
    if not codes:
        raise QueryError("a matrix needs another jurisdiction than that of its pivot", "Choose one as jurisdiction")
    decided = _Decided(view, desk, pivot)
    dark = view.unreadable()
    shown = [decided(unjudged(row, dark)) for row in rows]
    laws = replies.laws(view) if query.field == "personal-data" and not pivot else []
    out = [_row_out(view, row, decisions) for row, decisions in shown]
    files = view.unread()
    return MatrixOut(
        generation=view.name, note=NOTE, field="" if pivot else query.field,
        pivot=pivot and SideOut.of(view, pivot, len(rows)),
        jurisdictions=[JurisdictionOut.of(code) for code in codes],
        laws=[law for law in laws if law.jurisdiction.code in codes],
        rows=out,
        columns=[
            ColumnOut(
                jurisdiction=JurisdictionOut.of(code), states=tally(row.cells[i] for row, _ in shown),
                unread=files.get(code, []),
            )
            for i, code in enumerate(codes)
        ],
        spreads=dict.fromkeys(SPREADS, 0) | Counter(row.spread for row in out),
    )  # fmt: skip


def columns() -> list[str]:
    """The columns unless others are chosen: the member states and ASEAN."""
    return [code for code, j in jurisdictions().items() if j.member or code == "asean"]


class _Decided:
    """Lays over the rows what people decided between the pivot and other texts; over topics, what was confirmed
    between two provisions of a row."""

    def __init__(self, view: View, desk: Desk, pivot: Side | None) -> None:
        self._view, self._find = view, Finder(view)
        self._digests: dict[str, str] = {}
        #: By provision: the decisions on it, with the provision of the other text that each is about.
        self._made: dict[str, list[tuple[str, Decision]]] = {}
        for one in desk.held(pivot.id if pivot else ""):
            if one.verdict == "open":
                continue
            self._made.setdefault(one.source, []).insert(0, (one.looked_at, one))
            if not pivot and one.standing and one.corresponding:
                self._made.setdefault(one.corresponding, []).insert(0, (one.source, one))

    def __call__(self, row: Row) -> tuple[Row, list[DecidedOut | None]]:
        """The row as it is after the decisions, and those that its cells show."""
        if not self._made:
            return row, [None] * len(row.cells)
        of = self._topic_cell if isinstance(row.subject, Topic) else self._pivot_cell
        found = [of(row, cell) for cell in row.cells]
        return replace(row, cells=tuple(cell for cell, _ in found)), [decision for _, decision in found]

    def _topic_cell(self, row: Row, cell: Cell) -> tuple[Cell, DecidedOut | None]:
        others = {p.id for other in row.cells if other is not cell for p, _ in other.provisions}
        for partner, made in self._made.get(cell.best.id, ()) if cell.best else ():
            if partner in others and made.standing and not self._doubted(made):
                return replace(cell, state="confirmed"), DecidedOut.of(made, suspect=False)
        return cell, None

    def _pivot_cell(self, row: Row, cell: Cell) -> tuple[Cell, DecidedOut | None]:
        assert isinstance(row.subject, Provision)
        made = [d for _, d in self._made.get(row.subject.id, ()) if self._jurisdiction(d.other) == cell.jurisdiction]
        sure = [d for d in made if not self._doubted(d)]
        rejected = {d.suggested: d for d in sure if d.verdict == "rejected"}
        chosen = {p.id: (one, p) for one in sure if one.standing and (p := self._find(one.corresponding))}
        rest = tuple(pair for pair in cell.provisions if pair[0].id not in rejected and pair[0].id not in chosen)
        if chosen:
            shown = (*((p, None) for _, p in chosen.values()), *rest)
            settled = replace(cell, state="confirmed", provisions=shown[:SHOWN], more=max(0, len(chosen) - SHOWN))
            return settled, DecidedOut.of(next(iter(chosen.values()))[0], suspect=False)
        best = cell.best.id if cell.best else ""
        nothing = [d for d in sure if d.standing and (not best or best.startswith(f"{d.other}/~"))]
        if best in rejected or nothing:
            state = "rejected" if best else cell.state
            return replace(cell, state=state), DecidedOut.of(rejected.get(best) or nothing[0], suspect=False)
        doubted = [DecidedOut.of(one, suspect=True) for one in made if one not in sure]
        return replace(cell, provisions=rest), doubted[0] if doubted else None

    def _jurisdiction(self, text: str) -> str:
        instrument = self._view.instruments.get(text.rsplit("/", 1)[0])
        return instrument.jurisdiction if instrument else ""

    def _doubted(self, made: Decision) -> bool:
        """Whether a wording that was decided on has changed, or is gone."""
        # Only that nothing was found depends on the whole of the other text.
        digest = "" if made.looked_at else self._digest(made.other)
        return bool(doubts(made, self._find, digest, self._view.store.journal.moved_to))

    def _digest(self, text: str) -> str:
        """The digest of a text; empty where it is gone."""
        if text not in self._digests:
            try:
                units = units_of(self._view, text_of(self._view, text))
                self._digests[text] = concordance.text_digest(units)
            except NotFoundError:
                self._digests[text] = ""
        return self._digests[text]


def _row_out(view: View, row: Row, decisions: Sequence[DecidedOut | None]) -> MatrixRow:
    topic = row.subject if isinstance(row.subject, Topic) else None
    provision = row.subject if isinstance(row.subject, Provision) else None
    own = [provision.id] if provision else []
    there = [c.provisions[0] for c in row.cells if c.state in PRESENT]
    surest = [p.id for p, _ in sorted(there, key=lambda pair: -(CHOSEN if pair[1] is None else pair[1]))]
    return MatrixRow(
        topic=topic and TopicRef.of(view, topic.id), provision=provision and ProvisionRef.of(provision),
        definition=topic.definition if topic else "", present=row.present, counted=len(row.counted), spread=row.spread,
        cells=[
            MatrixCell(
                jurisdiction=cell.jurisdiction, state=cell.state, more=cell.more, decision=decision,
                provisions=[ScoredRef(provision=ProvisionRef.of(p), score=rounded(s)) for p, s in cell.provisions],
                compare=_opened(own or surest, cell),
            )
            for cell, decision in zip(row.cells, decisions, strict=True)
        ],
        compare=_address([*own, *surest]),
    )  # fmt: skip


def _opened(others: Iterable[str], cell: Cell) -> str:
    """The address of the comparison of what a cell shows first with the first of ``others``; or empty."""
    best = cell.best.id if cell.best else ""
    other = next((key for key in others if key != best), "")
    return _address([other, best] if cell.best and other else [])


def _address(keys: Iterable[str]) -> str:
    """The address of the comparison of provisions, the first two to six of them; empty for fewer."""
    wanted = list(dict.fromkeys(keys))[:COMPARED]
    return "/compare?" + "&".join(f"id={quote(key, safe='/~')}" for key in wanted) if len(wanted) > 1 else ""
