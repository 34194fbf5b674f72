"""Answers as they leave through the HTTP edge (requests: ``queries``). The domain itself knows nothing of pydantic."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from lawsearch.alignment import Column
from lawsearch.answer import Answer, Answers, Hit
from lawsearch.citation import Cited
from lawsearch.comparison import Cell, Comparison, parameter_rows, pieces, shared_concepts, strengths
from lawsearch.concepts import label
from lawsearch.coverage import TEXTS
from lawsearch.history import Changes
from lawsearch.instrument import FORCES, KINDS, STATUSES, Instrument
from lawsearch.modality import STRENGTHS
from lawsearch.parameter import KINDS as PARAMETER_KINDS
from lawsearch.provision import Provision
from lawsearch.service import View
from lawsearch.store import Entry
from lawsearch.text import normal
from lawsearch.vocabulary import jurisdictions

_PROVISION_ID = "/akn/sg/act/2012/26/en/~sec_26D"
_INSTRUMENT_ID = "/akn/sg/act/2012/26"
#: Concepts that a comparison marks in its texts; more would mark nearly everything.
SHARED = 12


class JurisdictionOut(BaseModel):
    code: str = Field(description="ISO 3166 code in lower case, or asean, eu, int, unknown.", examples=["sg"])
    name: str = Field(description="English name.", examples=["Singapore"])
    member: bool = Field(description="Whether it is a member state of ASEAN.", examples=[True])

    @classmethod
    def of(cls, code: str) -> JurisdictionOut:
        known = jurisdictions().get(code)
        return cls(code=code, name=known.name if known else code, member=bool(known and known.member))


class InstrumentOut(BaseModel):
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
        known = {name: getattr(instrument, name) for name in cls.model_fields if name != "jurisdiction"}
        known |= {"languages": list(instrument.languages), "subjects": list(instrument.subjects)}
        return cls(jurisdiction=JurisdictionOut.of(instrument.jurisdiction), **known)


class TopicRef(BaseModel):
    id: str = Field(description="Id of the topic.", examples=["breach-notice-authority"])
    label: str = Field(description="Its English label.", examples=["Breach notification to the authority"])
    score: float | None = Field(None, description="How surely the provision is about it, 0 to 1.", examples=[0.71])

    @classmethod
    def of(cls, view: View, key: str, score: float | None = None) -> TopicRef:
        return cls(id=key, label=view.taxonomy.topics[key].label(), score=_rounded(score))


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
        values = {name: getattr(p, name) for name in ProvisionRef.model_fields if name != "opening"}
        opening = "" if p.heading else shorten(p.text[:400], 90)
        return cls.model_validate(values | {"path": list(p.path), "flags": list(p.flags), "opening": opening})


def shorten(text: str, most: int) -> str:
    """``text`` on one line, cut at a space where there is one near the end, with an ellipsis where cut."""
    text = normal(text)
    if len(text) <= most:
        return text
    cut = text[:most]
    return (cut.rsplit(" ", 1)[0] if " " in cut[-20:] else cut) + " …"


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


class SignalOut(BaseModel):
    """One reason for a match."""

    name: str = Field(description="Which view: meaning, parts, title, english, words, bridge.", examples=["title"])
    value: float = Field(description="Its raw value.", examples=[0.91])
    share: float = Field(description="What it added to the score; below 0 it spoke against.", examples=[1.4])


class HitOut(BaseModel):
    provision: ProvisionRef
    instrument: InstrumentOut
    score: float = Field(description="How well it corresponds, 0 to 1.", examples=[0.83])
    signals: list[SignalOut] = Field(description="Why, strongest first.")
    terms: list[str] = Field(description="Words both sides share, as the hit has them.", examples=[["breach"]])
    concepts: list[str] = Field(
        description="Legal concepts both sides name, in the language of the question.", examples=[["data breach"]]
    )
    passage: str = Field(description="The part that matches best.", examples=["… must notify the Commission …"])
    topics: list[TopicRef] = Field(description="What the provision is about, surest first.")

    @classmethod
    def of(cls, hit: Hit, view: View) -> HitOut:
        return cls(
            provision=ProvisionRef.of(hit.provision),
            instrument=InstrumentOut.of(hit.instrument),
            score=round(hit.score, 4),
            signals=[SignalOut(name=s.name, value=round(s.value, 4), share=round(s.share, 4)) for s in hit.signals],
            terms=list(hit.terms),
            concepts=list(hit.concepts),
            passage=hit.passage,
            topics=[TopicRef.of(view, key) for key in hit.topics],
        )


class AnswerOut(BaseModel):
    jurisdiction: JurisdictionOut
    state: str = Field(
        description="found: it has a likely counterpart; unlikely: it probably has none (weaker hits may follow); "
        "filtered: your filters leave nothing of it; no text: the corpus has no text of it.",
        examples=["found"],
        json_schema_extra={"enum": ["found", "unlikely", "filtered", "no text"]},
    )
    no_counterpart: float = Field(
        description="Estimated probability that it has no counterpart; says nothing without text.", examples=[0.07]
    )
    estimate: str = Field(description="The same in words.", examples=["counterpart likely"])
    units: int = Field(description="Provisions of it that were searched.", examples=[68])
    hits: list[HitOut] = Field(description="Best first.")

    @classmethod
    def of(cls, answer: Answer, view: View) -> AnswerOut:
        state = view.state(answer)
        return cls(
            jurisdiction=JurisdictionOut.of(answer.jurisdiction),
            state=state,
            no_counterpart=round(answer.no_counterpart, 3),
            estimate=estimate(answer.no_counterpart, state),
            units=answer.units,
            hits=[HitOut.of(h, view) for h in answer.hits],
        )


def estimate(no_counterpart: float, state: str) -> str:
    """An estimated probability of "no counterpart" in words, as the pages and the API show it."""
    if state == "no text":
        return "no text in the corpus"
    if state == "filtered":
        return "left out by the filters"
    steps = ((0.9, "almost certainly"), (0.7, "very likely"), (0.5, "probably"))
    for least, words in steps:
        if no_counterpart >= least:
            return f"{words} no counterpart"
    if state == "unlikely":
        return "nothing found"
    return "counterpart uncertain" if no_counterpart >= 0.3 else "counterpart likely"


class FacetOut(BaseModel):
    value: str = Field(description="As the filter of that name takes it.", examples=["binding"])
    label: str = Field(description="For people.", examples=["binding"])
    count: int = Field(description="How many hits have it, the other filters applied.", examples=[12])
    chosen: bool = Field(description="Whether it is among the filters set.", examples=[False])


class CitedOut(BaseModel):
    """What the text cites, where it is a citation."""

    text: str = Field(description="The citation as read.", examples=["PDPA s 26D"])
    provisions: list[ProvisionOut] = Field(
        description="What it means, best first; several where it is ambiguous. Counterparts are those of the first."
    )
    instruments: list[InstrumentOut] = Field(description="The instruments it names, where it names no provision here.")
    unknown: str = Field(
        description="Which part of it is not in the corpus, in a sentence; or empty.",
        examples=["PDPA 2012 has no section 260"],
    )

    @classmethod
    def of(cls, cited: Cited) -> CitedOut:
        return cls(
            text=cited.citation.text,
            provisions=[ProvisionOut.of(p) for p in cited.provisions],
            instruments=[InstrumentOut.of(i) for i in cited.instruments],
            unknown=cited.unknown,
        )


class AnswersOut(BaseModel):
    text: str = Field(description="What was asked.", examples=["notification of a data breach"])
    language: str = Field(description="Its language.", examples=["en"])
    source: ProvisionRef | None = Field(description="The provision asked about; null for a free text.")
    generation: str = Field(description="The index that answered.", examples=["2026-11-23T120000Z"])
    took_ms: float = Field(description="Milliseconds taken.", examples=[41.2])
    answers: list[AnswerOut] = Field(description="One a jurisdiction, best first; all member states are listed.")
    cited: CitedOut | None = Field(None, description="What the text cites; null where it is no citation.")
    facets: dict[str, list[FacetOut]] = Field(
        {},
        description="By jurisdiction, force, kind, status, language, topic and year: how many hits (at most ten a "
        "jurisdiction, of a score of .25 or more) have which value. Each is counted over what the other filters leave.",
        examples=[{"force": [{"value": "binding", "label": "binding", "count": 12, "chosen": False}]}],
    )

    @classmethod
    def of(cls, answers: Answers, view: View) -> AnswersOut:
        own = view.instruments[answers.source.instrument].jurisdiction if answers.source else ""
        return cls(
            text=answers.text,
            language=answers.language,
            source=ProvisionRef.of(answers.source) if answers.source else None,
            generation=answers.generation,
            took_ms=round(answers.took_ms, 1),
            answers=[AnswerOut.of(a, view) for a in view.complete(answers.answers, without=own)],
        )


class ProvisionPage(BaseModel):
    provision: ProvisionOut
    instrument: InstrumentOut
    children: list[ProvisionOut] = Field(description="What stands directly below it, in order.")
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


class SpanOut(BaseModel):
    """A run of text that is marked alike."""

    op: str = Field(
        description="same, added (only here), removed (only in the one compared with); text where nothing is compared.",
        examples=["same"],
        json_schema_extra={"enum": ["same", "added", "removed", "text"]},
    )
    text: str = Field(description="The words.", examples=["shall notify the "])
    concept: str = Field(description="Id of the shared concept that they name, or empty.", examples=["supervisor"])
    strength: str = Field(
        description="What a word of strength does: prohibition, obligation, recommendation, permission; or empty.",
        examples=[""],
    )


class CellOut(BaseModel):
    number: str = Field(description="Number as printed.", examples=["(1)"])
    text: str = Field(description="Text of this part.", examples=["Where an organisation assesses …"])
    eid: str = Field(description="Its eId, or empty.", examples=["sec_26D__subsec_1"])
    same_words: float | None = Field(description="Ratio against the reference's cell in this row.", examples=[0.62])
    same_as: int | None = Field(
        description="Number of a column with the same words and punctuation in this row: the reference, or else an "
        "earlier one; null where there is none.",
        examples=[None],
    )
    diffed: bool = Field(
        description="Whether the spans say what differs from the reference's cell: false where there is none, where "
        "it is identical and where the wording differs throughout.",
        examples=[True],
    )
    spans: list[SpanOut] = Field(description="The text in pieces; those that are not removed joined give it again.")


class StrengthOut(BaseModel):
    """How often a text obliges, forbids, recommends or permits, by its words."""

    strength: str = Field(
        description="What they do.", examples=["obligation"], json_schema_extra={"enum": list(STRENGTHS)}
    )
    count: int = Field(description="How often in all.", examples=[3])
    words: dict[str, int] = Field(description="Each word with how often.", examples=[{"must": 2, "shall": 1}])


class ColumnOut(BaseModel):
    provision: ProvisionOut | None = Field(description="The provision; null for the drafted clause.")
    instrument: InstrumentOut | None = Field(description="Its instrument; null for the drafted clause.")
    language: str = Field(description="Its language.", examples=["en"])
    reference: int | None = Field(
        description="Number (from 0) of the column it is diffed against, the baseline of its language; null for that.",
        examples=[0],
    )
    same_words: float | None = Field(description="Same-words ratio against that column.", examples=[0.48])
    same_subject: float | None = Field(
        description="The matcher's score as a counterpart of the first column; null where it is not among its hits.",
        examples=[0.83],
    )
    placed: str = Field(
        description="How its parts found their rows: first (it made them), words or meaning in common, order (nothing "
        "better was possible), whole (whole texts are compared).",
        examples=["words"],
        json_schema_extra={"enum": ["first", "words", "meaning", "order", "whole"]},
    )
    strengths: list[StrengthOut] | None = Field(
        description="How strongly it binds, by its words; null where there is no table of its language."
    )


class ConceptOut(BaseModel):
    """A legal concept that several columns name, each in the words of its language."""

    id: str = Field(description="Its id in the vocabulary.", examples=["personal-data"])
    label: str = Field(description="Its English name.", examples=["personal data"])
    columns: list[int] = Field(description="Numbers of the columns that name it.", examples=[[0, 2]])


class ParameterOut(BaseModel):
    """A parameter that texts set, and where."""

    kind: str = Field(description="Its kind.", examples=["duration"], json_schema_extra={"enum": list(PARAMETER_KINDS)})
    shown: str = Field(description="Value and unit in words.", examples=["72 hours"])
    value: float = Field(description="Its value.", examples=[72.0])
    unit: str = Field(
        description="hours, days, working days, months; years of age; per cent; a currency, or dollars where the text "
        "does not say whose.",
        examples=["hours"],
    )
    texts: list[list[str]] = Field(
        description="For each column, the wordings in which it states this value.",
        examples=[[["72 hours"], ["3 x 24 (tiga kali dua puluh empat) jam"]]],
    )


class ComparisonOut(BaseModel):
    columns: list[ColumnOut] = Field(description="The provisions in the order asked for.")
    rows: list[list[CellOut | None]] = Field(description="Parts side by side; null where a column has none.")
    concepts: list[ConceptOut] = Field(description="Concepts that two or more columns name, in most columns first.")
    parameters: list[ParameterOut] = Field(description="Durations, ages, amounts and percentages, by kind and size.")

    @classmethod
    def of(
        cls,
        view: View,
        sources: Sequence[Provision | None],
        texts: Sequence[Column],
        comparison: Comparison,
        subject: Sequence[float | None],
    ) -> ComparisonOut:
        """``texts`` are the columns' texts in parts, ``subject`` their same-subject scores."""
        columns = [
            ColumnOut(
                provision=p and ProvisionOut.of(p),
                instrument=p and InstrumentOut.of(view.instruments[p.instrument]),
                language=texts[i].language,
                reference=comparison.references[i],
                same_words=_rounded(comparison.same_words[i]),
                same_subject=_rounded(subject[i]),
                placed=comparison.placed[i],
                strengths=_strengths(texts[i]),
            )
            for i, p in enumerate(sources)
        ]
        shared = shared_concepts(texts, SHARED)
        rows = [
            [cell and _cell(cell, texts[i].language, shared) for i, cell in enumerate(row)] for row in comparison.rows
        ]
        homes = [view.instruments[p.instrument].jurisdiction if p else "" for p in sources]
        return cls(
            columns=columns,
            rows=rows,
            concepts=[ConceptOut(id=key, label=label(key, "en"), columns=named) for key, named in shared.items()],
            parameters=[
                ParameterOut(
                    kind=row.parameter.kind,
                    shown=row.parameter.shown,
                    value=float(row.parameter.value),
                    unit=row.parameter.unit,
                    texts=[list(t) for t in row.texts],
                )
                for row in parameter_rows(texts, homes)
            ],
        )


def _cell(cell: Cell, language: str, shared: Collection[str]) -> CellOut:
    return CellOut(
        number=cell.part.number,
        text=cell.part.text,
        eid=cell.part.eid,
        same_words=_rounded(cell.same_words),
        same_as=cell.same_as,
        diffed=bool(cell.spans),
        spans=[
            SpanOut(op=s.op, text=s.text, concept=s.concept, strength=s.strength)
            for s in pieces(cell, language, shared)
        ],
    )  # fmt: skip


def _strengths(text: Column) -> list[StrengthOut] | None:
    found = strengths(text)
    if found is None:
        return None
    return [StrengthOut(strength=s, count=words.total(), words=dict(words.most_common())) for s, words in found.items()]


def _rounded(value: float | None) -> float | None:
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


class ScoredRef(BaseModel):
    provision: ProvisionRef
    score: float = Field(description="How surely it is about the topic, 0 to 1.", examples=[0.71])


class MatrixCell(BaseModel):
    jurisdiction: str = Field(description="Its code.", examples=["sg"])
    state: str = Field(
        description="found, none (searched, nothing about the topic) or no text.", examples=["found"],
        json_schema_extra={"enum": ["found", "none", "no text"]},
    )  # fmt: skip
    provisions: list[ScoredRef] = Field(description="At most three, surest first.")
    more: int = Field(description="How many more there are.", examples=[0])


class MatrixRow(BaseModel):
    topic: TopicRef
    definition: str = Field(description="What a provision under it does.", examples=["A controller must notify …"])
    cells: list[MatrixCell] = Field(description="One a jurisdiction, in the order of the columns.")


class LawOut(BaseModel):
    """Whether a member state has a general data protection law, as the catalogue knows it."""

    jurisdiction: JurisdictionOut
    law: InstrumentOut | None = Field(description="That law; null where it has none, or none is known.")
    instead: list[InstrumentOut] = Field(description="What it has instead.")
    says: str = Field(description="In a sentence.", examples=["General law since 2012."])
    source: str = Field(description="Who says so.", examples=[""])
    status_date: str = Field(description="As of when.", examples=["2025-12-05"])


class MatrixOut(BaseModel):
    generation: str = Field(description="The index that answered.", examples=["2026-11-23T120000Z"])
    field: str = Field(description="The field of law.", examples=["personal-data"])
    jurisdictions: list[JurisdictionOut] = Field(description="The columns.")
    laws: list[LawOut] = Field(description="For personal data: which member states have a law at all.")
    rows: list[MatrixRow] = Field(description="One a topic.")


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


class Health(BaseModel):
    status: str = Field(description="ok", examples=["ok"])
    generation: str = Field(description="The index being served.", examples=["2026-11-23T120000Z"])


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
    removed: int = Field(description="Those that went.", examples=[0])

    @classmethod
    def of(cls, changes: Changes) -> ChangesOut:
        plain = {name: getattr(changes, name) for name in cls.model_fields if name not in ("new", "gone")}
        new, gone = ([InstrumentOut.of(i) for i in found] for found in (changes.new, changes.gone))
        return cls(**plain, new=new, gone=gone)


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
