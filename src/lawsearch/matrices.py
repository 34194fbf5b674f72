"""The matrix as it leaves through the HTTP edge."""

from __future__ import annotations

from pydantic import BaseModel, Field

from lawsearch.schemas import JurisdictionOut, LawOut, ProvisionRef, TopicRef


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


class MatrixOut(BaseModel):
    generation: str = Field(description="The index that answered.", examples=["2026-11-23T120000Z"])
    field: str = Field(description="The field of law.", examples=["personal-data"])
    jurisdictions: list[JurisdictionOut] = Field(description="The columns.")
    laws: list[LawOut] = Field(description="For personal data: which member states have a law at all.")
    rows: list[MatrixRow] = Field(description="One a topic.")
