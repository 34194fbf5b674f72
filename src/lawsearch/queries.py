"""Requests as they come in through the HTTP edge: every field described, bounded, and checked."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from lawsearch.answer import Filters
from lawsearch.instrument import FORCES, KINDS, STATUSES
from lawsearch.journal import day
from lawsearch.vocabulary import jurisdictions, languages

_PROVISION_ID = "/akn/sg/act/2012/26/en/~sec_26D"
_INSTRUMENT_ID = "/akn/sg/act/2012/26"


def _one_of(allowed: tuple[str, ...]) -> Any:
    def check(value: str) -> str:
        if value not in allowed:
            raise PydanticCustomError(
                "vocabulary", "{value} is not known; use one of: {allowed}",
                {"value": repr(value[:40]), "allowed": ", ".join(allowed)},
            )  # fmt: skip
        return value

    return Annotated[str, AfterValidator(check), Field(json_schema_extra={"enum": list(allowed)})]


# The allowed values come from tables, which a type checker cannot follow into an alias.
if TYPE_CHECKING:
    Code = str
    Force = str
    Kind = str
    Status = str
    LanguageCode = str
else:
    Code = _one_of(tuple(jurisdictions()))
    Force = _one_of(FORCES)
    Kind = _one_of(KINDS)
    Status = _one_of(STATUSES)
    LanguageCode = _one_of(tuple(languages()))


class FilterFields(BaseModel):
    """Which provisions may answer. Every list may be repeated; an empty one allows everything."""

    model_config = ConfigDict(extra="forbid")

    jurisdiction: list[Code] = Field(
        [], description="Only these jurisdictions, by ISO 3166 code, or asean, eu, int.", examples=[["sg", "my"]]
    )
    force: list[Force] = Field([], description="Only binding or only non-binding instruments.", examples=[["binding"]])
    kind: list[Kind] = Field([], description="Only these kinds of instrument.", examples=[["act", "law"]])
    status: list[Status] = Field([], description="Only instruments of this status.", examples=[["in force"]])
    language: list[LanguageCode] = Field(
        [], description="Only texts in these languages, by ISO 639 code.", examples=[["en"]]
    )
    instrument: list[str] = Field(
        [], max_length=100, description="Only these instruments, by id.", examples=[[_INSTRUMENT_ID]]
    )
    year_from: int | None = Field(
        None, ge=1000, le=3000, description="Only instruments of this year or later.", examples=[2010]
    )
    year_to: int | None = Field(
        None, ge=1000, le=3000, description="Only instruments of this year or earlier.", examples=[2025]
    )

    topic: list[str] = Field(
        [], max_length=100, description="Only provisions about any of these topics, by id.", examples=[["consent"]]
    )

    @field_validator("instrument")
    @classmethod
    def _well_formed(cls, values: list[str]) -> list[str]:
        for value in values:
            if not re.fullmatch(r"/akn(/[A-Za-z0-9._-]+){2,8}", value):
                raise PydanticCustomError(
                    "instrument", "{value} is not an instrument id; ids look like {example}",
                    {"value": repr(value[:60]), "example": _INSTRUMENT_ID},
                )  # fmt: skip
        return values

    @model_validator(mode="after")
    def _ordered(self) -> FilterFields:
        if self.year_from and self.year_to and self.year_from > self.year_to:
            raise PydanticCustomError("years", "year_from is after year_to")
        return self

    def filters(self) -> Filters:
        """The same as the domain has it."""
        return Filters(
            jurisdictions=tuple(self.jurisdiction), forces=tuple(self.force), kinds=tuple(self.kind),
            statuses=tuple(self.status), languages=tuple(self.language), instruments=tuple(self.instrument),
            year_from=self.year_from, year_to=self.year_to, topics=tuple(self.topic),
        )  # fmt: skip


class AsOfQuery(BaseModel):
    """A day to which the past of the texts is asked."""

    model_config = ConfigDict(extra="forbid")
    as_of: date | None = Field(
        None, description="Texts as they stood at the end of this day (UTC), by when they were seen here.",
        examples=["2026-11-23"],
    )  # fmt: skip


class CounterpartsQuery(AsOfQuery, FilterFields):
    limit: int = Field(5, ge=1, description="Most hits for each jurisdiction.", examples=[3])

    def filters(self) -> Filters:
        """The same as the domain has it."""
        return replace(super().filters(), as_of=day(self.as_of) if self.as_of else "")


class SearchQuery(CounterpartsQuery):
    q: str = Field(
        min_length=1, description="Words to look for, in any language.", examples=["notification of a data breach"]
    )


class ClauseRequest(CounterpartsQuery):
    """A drafted clause whose counterparts are wanted."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "text": "A data controller shall notify the Authority of a personal data breach within 72 hours.",
                "jurisdiction": ["sg", "th", "vn"],
                "limit": 3,
            }
        }
    )
    text: str = Field(
        min_length=1,
        description="The clause, in any language.",
        examples=["A data controller shall notify the Authority of a personal data breach within 72 hours."],
    )


class MatrixQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")
    field: str = Field(
        "personal-data", description="Id of the field of the taxonomy whose topics are the rows.",
        examples=["personal-data"],
    )  # fmt: skip
    pivot: str = Field(
        "", description="Id of an instrument, or of one of its languages, whose provisions are the rows instead.",
        examples=[""],
    )  # fmt: skip
    jurisdiction: list[Code] = Field(
        [], description="The columns; by default the member states and ASEAN.", examples=[["sg", "vn"]]
    )


class CompareQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")
    id: list[str] = Field(
        min_length=1,
        max_length=6,
        description="Ids of the provisions; the first column is the one the others are compared with.",
        examples=[[_PROVISION_ID, "/akn/ph/act/2012/10173/en/~sec_20"]],
    )
    text: str = Field("", description="A drafted clause to stand in the first column.", examples=[""])
    baseline: list[str] = Field(
        [],
        description="Ids of the columns, or clause, that the others in their language are diffed against; by default "
        "the first of each language.",
        examples=[[]],
    )

    @model_validator(mode="after")
    def _two_to_six(self) -> CompareQuery:
        if not 2 <= len(self.id) + bool(self.text.strip()) <= 6:
            raise PydanticCustomError("columns", "two to six texts can be compared")
        return self
