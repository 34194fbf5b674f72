"""Answers as they leave through the HTTP edge (requests: ``queries``): provisions, instruments, what is served, errors.

The domain itself knows nothing of pydantic. Lists of hits are in ``findings``, comparisons in ``synopsis``, the matrix
in ``matrices``, tables of correspondence and concordance in ``tables`` and ``concordances``.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from lawsearch.coverage import TEXTS
from lawsearch.history import Report
from lawsearch.instrument import FORCES, KINDS, STATUSES, Instrument
from lawsearch.journal import SEEN
from lawsearch.provision import Provision
from lawsearch.service import View
from lawsearch.store import Entry
from lawsearch.text import normal
from lawsearch.vocabulary import jurisdictions

_PROVISION_ID = "/akn/sg/act/2012/26/en/~sec_26D"
_INSTRUMENT_ID = "/akn/sg/act/2012/26"


class JurisdictionOut(BaseModel, frozen=True):
    code: str = Field(description="ISO 3166 code in lower case, or asean, eu, int, unknown.", examples=["sg"])
    name: str = Field(description="English name.", examples=["Singapore"])
    member: bool = Field(description="Whether it is a member state of ASEAN.", examples=[True])

    @classmethod
    def of(cls, code: str) -> JurisdictionOut:
        return _jurisdiction(code)


class InstrumentOut(BaseModel, frozen=True):
    """The facts of one instrument. What nobody has a source for is ``unknown`` or empty."""

    id: str = Field(description="Akoma Ntoso work identifier.", examples=[_INSTRUMENT_ID])
    name: str = Field(description="Its shortest title.", examples=["PDPA 2012"])
    title: str = Field(description="Title in English.", examples=["Personal Data Protection Act 2012"])
    native_title: str = Field(description="Title in its own language.", examples=[""])
    short_title: str = Field(description="Title that citations carry.", examples=["PDPA 2012"])
    jurisdiction: JurisdictionOut
    kind: str = Field(description="Kind of instrument.", examples=["act"], json_schema_extra={"enum": list(KINDS)})
    force: str = Field(description="Whether it binds.", examples=["binding"], json_schema_extra={"enum": list(FORCES)})
    status: str = Field(description="Status.", examples=["in force"], json_schema_extra={"enum": list(STATUSES)})
    status_source: str = Field(description="Where the status was read.", examples=[""])
    status_date: str = Field(description="As of when that is known, or empty.", examples=["2025-12-05"])
    subjects: list[str] = Field(description="Fields of law it is filed under.", examples=[["personal-data"]])
    number: str = Field(description="Official number.", examples=["26"])
    year: int | None = Field(description="Year.", examples=[2012])
    languages: list[str] = Field(description="Languages in the corpus.", examples=[["en"]])
    authoritative: str = Field(description="Language whose text prevails, or unknown.", examples=["en"])
    enacted: str = Field(description="ISO date, or empty.", examples=["2012-10-15"])
    commenced: str = Field(description="ISO date, or empty.", examples=["2013-01-02"])
    version: str = Field(description="Date of the consolidated text, or empty.", examples=["2021-02-01"])
    address: str = Field(description="Where its official text stands, or empty.", examples=[""])
    notes: str = Field(description="Anything a reader must know.", examples=[""])

    @classmethod
    def of(cls, instrument: Instrument) -> InstrumentOut:
        return _instrument(instrument)


# A page names the same instrument beside every provision of it, and lists all of them.
@lru_cache
def _jurisdiction(code: str) -> JurisdictionOut:
    known = jurisdictions().get(code)
    return JurisdictionOut(code=code, name=known.name if known else code, member=bool(known and known.member))


@lru_cache(2048)
def _instrument(instrument: Instrument) -> InstrumentOut:
    known = {name: getattr(instrument, name) for name in InstrumentOut.model_fields if name != "jurisdiction"}
    known |= {"languages": list(instrument.languages), "subjects": list(instrument.subjects)}
    return InstrumentOut(jurisdiction=JurisdictionOut.of(instrument.jurisdiction), **known)


class TopicRef(BaseModel):
    id: str = Field(description="Id of the topic.", examples=["breach-notice-authority"])
    label: str = Field(description="Its English label.", examples=["Breach notification to the authority"])
    score: float | None = Field(None, description="How surely the provision is about it, 0 to 1.", examples=[0.71])

    @classmethod
    def of(cls, view: View, key: str, score: float | None = None) -> TopicRef:
        return cls(id=key, label=view.taxonomy.topics[key].label(), score=rounded(score))


class ProvisionRef(BaseModel):
    """A provision without its text."""

    id: str = Field(description="Permanent id; also the path of its page.", examples=[_PROVISION_ID])
    citation: str = Field(description="As cited abroad.", examples=["PDPA 2012 (SG) s 26D"])
    label: str = Field(description="As cited at home.", examples=["Section 26D"])
    number: str = Field(description="Number as printed.", examples=["26D"])
    kind: str = Field(description="What it is.", examples=["section"])
    heading: str = Field(description="Heading, or empty.", examples=["Duty to notify occurrence of data breach"])
    opening: str = Field(description="How its text begins, where it has no heading; or empty.", examples=[""])
    path: list[str] = Field(description="Titles above it, outermost first.", examples=[["PART 6A DATA BREACHES"]])
    language: str = Field(description="Language of the text.", examples=["en"])
    instrument: str = Field(description="Id of its instrument.", examples=[_INSTRUMENT_ID])
    page: int = Field(description="First page it stands on, from 1; 0 if unknown.", examples=[14])
    flags: list[str] = Field(description="Doubts about the quality of its text.", examples=[[]])

    @classmethod
    def of(cls, p: Provision) -> Any:
        values = {name: getattr(p, name) for name in _REFERRED}
        opening = "" if p.heading else shorten(p.text[:400], 90)
        return cls.model_validate(values | {"path": list(p.path), "flags": list(p.flags), "opening": opening})


#: What a reference says as the provision says it.
_REFERRED = tuple(name for name in ProvisionRef.model_fields if name != "opening")


def shorten(text: str, most: int) -> str:
    """``text`` on one line, cut at a space where there is one near the end, with an ellipsis where cut."""
    text = normal(text)
    if len(text) <= most:
        return text
    cut = text[:most]
    # Where no space is near, the script writes none: an ellipsis apart would stand on a line of its own.
    return cut.rsplit(" ", 1)[0] + " …" if " " in cut[-20:] else cut + "…"


class BoxOut(BaseModel):
    """A rectangle on a page, in points from the top left corner."""

    page: int = Field(description="Page, from 1.", examples=[14])
    x0: float = Field(description="Left.", examples=[72.0])
    y0: float = Field(description="Top.", examples=[120.5])
    x1: float = Field(description="Right.", examples=[520.0])
    y1: float = Field(description="Bottom.", examples=[340.0])


class ProvisionOut(ProvisionRef):
    """A provision with its text as printed."""

    eid: str = Field(description="Its Akoma Ntoso eId.", examples=["sec_26D"])
    parent: str = Field(description="eId of the provision it stands in, or empty.", examples=[""])
    text: str = Field(description="Everything below the heading.", examples=["(1) Where an organisation assesses …"])
    digest: str = Field(description="SHA-256 of heading and text.", examples=["9f86d081884c7d65…"])
    boxes: list[BoxOut] = Field(description="Where it stands in the source.")

    @classmethod
    def of(cls, p: Provision) -> ProvisionOut:
        boxes = [BoxOut(page=b.page, x0=b.x0, y0=b.y0, x1=b.x1, y1=b.y1) for b in p.boxes]
        ref = ProvisionRef.of(p).model_dump()
        return cls(**ref, eid=p.eid, parent=p.parent, text=p.text, digest=p.digest, boxes=boxes)


class AsOfOut(BaseModel):
    """On which day's state an answer stands."""

    date: str = Field(description="The day that was asked for; its end, UTC.", examples=["2026-11-23"])
    since: str = Field(description="When this wording was first seen here, UTC.", examples=["2026-11-23T02:15"])
    until: str = Field(description="When it was no longer there; empty: it stands.", examples=[""])
    now: str = Field(description="The id that the provision has now; empty where it is gone.", examples=[_PROVISION_ID])
    version: str = Field(
        description="The date that the text itself gave for its state then, or empty. It plays no part in the choice.",
        examples=["2026-10-01"],
    )
    note: str = Field(description="What must be known of the dates.", examples=[SEEN])


class ProvisionPage(BaseModel):
    provision: ProvisionOut
    instrument: InstrumentOut
    children: list[ProvisionOut] = Field(description="What stands directly below it, in order.")
    explanation: ProvisionOut | None = Field(
        None, description="What the text itself says in explanation of it (Penjelasan, explanatory statement)."
    )
    explains: ProvisionRef | None = Field(None, description="The section or article that it explains itself.")
    previous: ProvisionRef | None = Field(description="The one before it on its level.")
    next: ProvisionRef | None = Field(description="The one after it on its level.")
    topics: list[TopicRef] = Field(description="What it is about, surest first.")
    pictures: list[str] = Field(
        [],
        description="Addresses of pictures of the pages it stands on, with its place marked; empty where the file it "
        "was read from is not at hand.",
        examples=[["/picture/akn/sg/act/2012/26/en/~sec_26D?page=14"]],
    )
    no_picture: str = Field("", description="Why there are none; or empty.", examples=[""])
    as_of: AsOfOut | None = Field(None, description="Of which day it is, where one was asked for.")


class ExpressionOut(BaseModel):
    """One language version and how it was read."""

    language: str = Field(description="Its language.", examples=["en"])
    units: int = Field(description="Its sections or articles.", examples=[68])
    source_file: str = Field(description="Name of the file it was read from.", examples=["pdpa-2012.pdf"])
    source_digest: str = Field(description="SHA-256 of that file.", examples=["2c26b46b68ffc68f…"])
    maker: str = Field(description="The parser and its version.", examples=["lawsearch 1"])
    ingested: str = Field(description="When.", examples=["2026-11-23T12:00:00+00:00"])
    report: dict[str, Any] = Field(description="Parse report.", examples=[{"pages": 66}])
    contents: list[ProvisionRef] = Field(description="Its units in order.")

    @classmethod
    def of(cls, entry: Entry, contents: list[Provision]) -> ExpressionOut:
        return cls(
            language=entry.language,
            units=entry.units,
            source_file=re.split(r"[/\\]", entry.source.path)[-1],
            source_digest=entry.source.digest,
            maker=entry.source.maker,
            ingested=entry.source.ingested,
            report=entry.report,
            contents=[ProvisionRef.of(p) for p in contents],
        )


class InstrumentPage(BaseModel):
    instrument: InstrumentOut
    expressions: list[ExpressionOut] = Field(description="One a language.")


class InstrumentList(BaseModel):
    generation: str = Field(description="The index that answered.", examples=["2026-11-23T120000Z"])
    instruments: list[InstrumentOut] = Field(description="By jurisdiction, then year.")


def rounded(value: float | None) -> float | None:
    """A score to three places."""
    return None if value is None else round(value, 3)


class TopicOut(BaseModel):
    """A topic of the taxonomy."""

    id: str = Field(description="Its id.", examples=["breach-notice-authority"])
    field: str = Field(description="Id of the field of law it belongs to.", examples=["personal-data"])
    definition: str = Field(description="What a provision under it does.", examples=["A controller must notify …"])
    labels: dict[str, str] = Field(description="What it is called, by language.", examples=[{"en": "Consent"}])
    provisions: int = Field(description="Sections and articles about it.", examples=[9])


class TopicList(BaseModel):
    generation: str = Field(description="The index that answered.", examples=["2026-11-23T120000Z"])
    topics: list[TopicOut] = Field(description="By field.")


class LawOut(BaseModel):
    """Whether a member state has a general data protection law, as the catalogue knows it."""

    jurisdiction: JurisdictionOut
    law: InstrumentOut | None = Field(description="That law; null where it has none, or none is known.")
    instead: list[InstrumentOut] = Field(description="What it has instead.")
    says: str = Field(description="In a sentence.", examples=["General law since 2012."])
    source: str = Field(description="Who says so.", examples=[""])
    status_date: str = Field(description="As of when.", examples=["2025-12-05"])


class CatalogueRow(BaseModel):
    instrument: InstrumentOut
    text: str = Field(
        description="Whether its text is in the corpus.", examples=["text"],
        json_schema_extra={"enum": list(TEXTS)},
    )  # fmt: skip
    here: str = Field(description="Id of what is in the corpus, or empty.", examples=[_INSTRUMENT_ID])
    listed: bool = Field(description="False where the corpus has it and the catalogue does not.", examples=[True])


class CatalogueOut(BaseModel):
    instruments: list[CatalogueRow] = Field(description="By jurisdiction, then year.")
    data_protection: list[LawOut] = Field(description="Which member states have a data protection law.")


class Coverage(BaseModel):
    jurisdiction: JurisdictionOut
    instruments: int = Field(description="Instruments in the corpus.", examples=[4])
    units: int = Field(description="Sections and articles.", examples=[310])
    languages: list[str] = Field(description="Languages of their texts.", examples=[["en"]])
    expected: int = Field(0, description="Sections and articles that their numbering lets expect.", examples=[312])
    found: int = Field(0, description="How many of them were found.", examples=[310])
    missing: int = Field(0, description="Numbers that were not found.", examples=[2])
    unassigned: float = Field(0, description="Share of the characters that belong to no provision.", examples=[0.002])
    ocr_pages: int = Field(0, description="Pages read by optical character recognition.", examples=[0])
    pages: int = Field(0, description="Pages of all their files.", examples=[140])
    unread: list[str] = Field([], description="Files of it that the last run could not read.", examples=[[]])


class ChangesOut(BaseModel):
    """What the last re-index changed against the generation before."""

    before: str = Field(description="The generation before.", examples=["2026-11-22T120000Z"])
    built: str = Field(description="When that was built.", examples=["2026-11-22T12:00:00+00:00"])
    instruments: int = Field(description="Instruments it had.", examples=[11])
    units: int = Field(description="Sections and articles it had.", examples=[300])
    new: list[InstrumentOut] = Field(description="Instruments that came.")
    gone: list[InstrumentOut] = Field(description="Instruments that went.")
    added: int = Field(description="Sections and articles that came.", examples=[10])
    changed: int = Field(description="Those that read otherwise.", examples=[3])
    moved: int = Field(description="Those that were renumbered or moved.", examples=[1])
    removed: int = Field(description="Those that went.", examples=[0])
    failed: int = Field(description="Files that could not be read.", examples=[0])

    @classmethod
    def of(cls, report: Report) -> ChangesOut:
        kinds = [c.kind for c in report.changes]
        whole = {kind: [t for t in report.texts if t.kind == kind] for kind in ("added", "removed")}
        new, gone = (
            list({t.instrument.id: InstrumentOut.of(t.instrument) for t in texts if t.whole}.values())
            for texts in whole.values()
        )
        added, removed = (kinds.count(kind) + sum(t.units for t in texts) for kind, texts in whole.items())
        return cls(
            before=report.before, built=report.before_built, instruments=report.instruments, units=report.units,
            new=new, gone=gone, added=added, changed=kinds.count("changed"), moved=kinds.count("moved"),
            removed=removed, failed=len(report.failed),
        )  # fmt: skip


class FigureOut(BaseModel):
    """Accuracy on one kind of question."""

    of: str = Field(description="Kind of question.", examples=["provision"])
    asked: str = Field(description="What is asked.", examples=["a provision, for its counterpart in another law"])
    questions: int = Field(description="How many questions.", examples=[1115])
    mrr: float = Field(description="Mean reciprocal rank.", examples=[0.79])
    p1: float = Field(description="Share of questions whose first answer is right.", examples=[0.68])
    auroc: float = Field(description="How well “no counterpart” is told, .5 is chance.", examples=[0.77])


class AccuracyOut(BaseModel):
    """Measured accuracy and its limits."""

    measured: str = Field(description="When, an ISO date.", examples=["2026-11-24"])
    command: str = Field(description="By which command.", examples=["lawsearch eval GOLD --corpus FOLDER"])
    basis: str = Field(description="On what.", examples=["25 topics of data protection law"])
    limits: list[str] = Field(description="How far the figures carry.", examples=[["Development figures."]])
    figure: list[FigureOut] = Field(description="One a kind of question.")
    assignment: dict[str, float] = Field(
        description="Precision and recall of the assignment to topics.", examples=[{"precision": 0.66, "recall": 0.65}]
    )


class About(BaseModel):
    generation: str = Field(description="The index being served.", examples=["2026-11-23T120000Z"])
    manifest: dict[str, Any] = Field(
        description="What it was built from: models, counts, digest of the corpus, date.", examples=[{"units": 4100}]
    )
    version: str = Field(description="Version of lawsearch.", examples=["0.1.0"])
    jurisdictions: list[Coverage] = Field(description="What is in the corpus; all member states are listed.")
    accuracy: AccuracyOut
    changes: ChangesOut | None = Field(description="What the last re-index changed; null where nothing is known of it.")


class FieldError(BaseModel):
    field: str = Field(description="Which field.", examples=["jurisdiction"])
    message: str = Field(description="What is wrong with it.", examples=["'xx' is not known; use one of: bn, kh, id"])


class Problem(BaseModel):
    """An error, after RFC 9457."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "type": "/about#problem-not-found",
                "title": "Not found",
                "status": 404,
                "detail": "no provision '/akn/sg/act/2012/26/en/~sec_999' in the corpus",
                "remedy": "Ids look like /akn/sg/act/2012/26/en/~sec_26D",
                "errors": [],
            }
        }
    )
    type: str = Field(description="Names the kind of error.", examples=["/about#problem-not-found"])
    title: str = Field(description="The kind in words.", examples=["Not found"])
    status: int = Field(description="HTTP status.", examples=[404])
    detail: str = Field(description="What is wrong, where.", examples=["no provision … in the corpus"])
    remedy: str = Field(description="What to do.", examples=["Ids look like /akn/sg/act/2012/26/en/~sec_26D"])
    errors: list[FieldError] = Field([], description="Which fields are wrong, where it is about fields.")
