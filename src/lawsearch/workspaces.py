"""Workspaces as they leave through the HTTP edge and pages, and putting provisions into one."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from lawsearch.concordances import CitedOut, Finder
from lawsearch.desk import Desk, Workspace
from lawsearch.errors import QueryError
from lawsearch.schemas import InstrumentOut
from lawsearch.service import View
from lawsearch.verdicts import COMMENT, SIGNATURE

#: Provisions put into a workspace at once.
KEPT = 200
_SECTION = "/akn/sg/act/2012/26/en/~sec_26D"


class KeptOut(BaseModel):
    """A provision in a workspace."""

    id: str = Field(description="Its id.", examples=[_SECTION])
    provision: CitedOut | None = Field(description="The provision; null where it is no longer in the corpus.")
    instrument: InstrumentOut | None = Field(description="Its instrument; null where that is gone.")
    note: str = Field(description="A note, or empty.", examples=["for the second reading"])
    name: str = Field(description="Who put it there.", examples=["A. Drafter"])
    time: str = Field(description="When, UTC.", examples=["2026-11-23T12:00:00+00:00"])
    changed: bool = Field(description="Whether it reads otherwise now, or is gone.", examples=[False])
    moved_to: str = Field(description="The id that it has now, where it was renumbered; or empty.", examples=[""])


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
                moved_to=view.store.journal.moved_to(entry.provision, entry.digest),
            )
        )  # fmt: skip
    return WorkspaceOut(**dict(WorkspaceRef.of(found)), generation=view.name, kept=kept)


def keep(view: View, desk: Desk, key: str, asked: KeepIn) -> None:
    """Put provisions into a workspace, by full or short ids. Raises NotFoundError."""
    found = [view.provision(one.strip()) for one in asked.ids if one.strip()]
    if not found:
        raise QueryError("no provision was named", "Give the ids of provisions")
    desk.keep(key, [(p.id, p.digest) for p in found], asked.note.strip(), " ".join(asked.name.split()))
