"""Lists of hits by jurisdiction, with their reasons, as they leave through the HTTP edge."""

from __future__ import annotations

from pydantic import BaseModel, Field

from lawsearch.answer import UNCERTAIN, Answer, Answers, Hit
from lawsearch.grading import GRADES
from lawsearch.reference import Cited
from lawsearch.schemas import InstrumentOut, JurisdictionOut, ProvisionOut, ProvisionRef, TopicRef
from lawsearch.service import View


class SignalOut(BaseModel):
    """One reason for a match."""

    name: str = Field(description="Which view: meaning, parts, title, english, words, bridge.", examples=["title"])
    value: float = Field(description="Its raw value.", examples=[0.91])
    share: float = Field(description="What it added to the score; below 0 it spoke against.", examples=[1.4])


class HitOut(BaseModel):
    provision: ProvisionRef
    instrument: InstrumentOut
    score: float = Field(description="How well it corresponds, 0 to 1.", examples=[0.83])
    grade: str = Field(
        description="corresponds: each chooses the other; partly: one of them does; related: doubtfully; empty: it is "
        "only among the nearest. Of a free text, which nothing chooses in return, its own choice stands for both, "
        "but where it is uncertain it corresponds partly at most.",
        examples=["corresponds"], json_schema_extra={"enum": [*GRADES, ""]},
    )  # fmt: skip
    signals: list[SignalOut] = Field(description="Why, strongest first.")
    terms: list[str] = Field(description="Words both sides share, as the hit has them.", examples=[["breach"]])
    concepts: list[str] = Field(
        description="Legal concepts both sides name, in the language of the question.", examples=[["data breach"]]
    )
    passage: str = Field(description="The part that matches best.", examples=["… must notify the Commission …"])
    topics: list[TopicRef] = Field(description="What the provision is about, surest first.")
    until: str = Field(
        "", description="Of a former wording (as_of), when it was no longer there, UTC; else empty.", examples=[""]
    )

    @classmethod
    def of(cls, hit: Hit, view: View) -> HitOut:
        return cls(
            provision=ProvisionRef.of(hit.provision),
            instrument=InstrumentOut.of(hit.instrument),
            score=round(hit.score, 4),
            grade=hit.grade,
            signals=[SignalOut(name=s.name, value=round(s.value, 4), share=round(s.share, 4)) for s in hit.signals],
            terms=list(hit.terms),
            concepts=list(hit.concepts),
            passage=hit.passage,
            topics=[TopicRef.of(view, key) for key in hit.topics],
            until=hit.until,
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
    return "counterpart uncertain" if no_counterpart >= UNCERTAIN else "counterpart likely"


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
