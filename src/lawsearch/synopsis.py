"""Texts side by side with what they share and where they differ, as they leave through the HTTP edge."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from pydantic import BaseModel, Field

from lawsearch.alignment import Column
from lawsearch.comparison import Cell, Comparison, parameter_rows, pieces, shared_concepts, strengths
from lawsearch.concepts import label
from lawsearch.modality import STRENGTHS
from lawsearch.parameter import KINDS as PARAMETER_KINDS
from lawsearch.provision import Provision
from lawsearch.schemas import InstrumentOut, ProvisionOut, rounded
from lawsearch.service import View

#: Concepts that a comparison marks in its texts; more would mark nearly everything.
SHARED = 12


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
                same_words=rounded(comparison.same_words[i]),
                same_subject=rounded(subject[i]),
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
        same_words=rounded(cell.same_words),
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
