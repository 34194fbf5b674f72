"""HTTP routes of what changed: the history of a provision, reports, the feed."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from lawsearch import changes, feed
from lawsearch.changes import HistoryOut, ReportOut
from lawsearch.desk import Desk
from lawsearch.desk_api import desk_of
from lawsearch.errors import QueryError
from lawsearch.queries import Code
from lawsearch.schemas import Problem
from lawsearch.service import View
from lawsearch.vocabulary import jurisdictions

router = APIRouter()
ATOM = "application/atom+xml"
NOT_FOUND: dict[int | str, dict[str, Any]] = {404: {"model": Problem, "description": "No such provision or generation"}}


class ChangesQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")
    generation: str = Field(
        "", description="Name of a generation that is kept; empty: the one being served.", examples=[""]
    )
    since: date | None = Field(
        None, description="Instead of a generation: all that was seen from this day on.", examples=["2026-11-01"]
    )
    limit: int = Field(changes.SHOWN, ge=1, le=5000, description="Most provisions that are listed.", examples=[200])


class FeedQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")
    jurisdiction: list[Code] = Field([], description="Only these jurisdictions.", examples=[["sg"]])
    instrument: list[str] = Field(
        [], max_length=100, description="Only these instruments.", examples=[["/akn/sg/act/2012/26"]]
    )
    topic: list[str] = Field(
        [], max_length=100, description="Only provisions about any of these topics.", examples=[["consent"]]
    )
    workspace: str = Field("", description="Only the provisions of this workspace.", examples=[""])


def _view(request: Request) -> View:
    return request.app.state.service.view()


Current = Annotated[View, Depends(_view)]
AtDesk = Annotated[Desk, Depends(desk_of)]
ProvisionId = Annotated[
    str,
    Path(
        alias="id", description="Id that a provision has or had, slashes and all.",
        examples=["/akn/sg/act/2012/26/en/~sec_26D"],
    ),
]  # fmt: skip


class _Atom(Response):
    media_type = ATOM


@router.get(
    "/api/provisions/{id:path}/history", summary="History of a provision", tags=["changes"], responses=NOT_FOUND
)
def get_history(view: Current, key: ProvisionId) -> HistoryOut:
    """Every wording that it has had here, with when each was seen and the words that differ, whatever its number."""
    return changes.past(view, key)


@router.get("/api/changes", summary="What changed", tags=["changes"], responses=NOT_FOUND)
def get_changes(view: Current, desk: AtDesk, query: Annotated[ChangesQuery, Query()]) -> ReportOut:
    """What a generation changed against the one before: instruments, provisions, counterparts, failures, decisions."""
    return changes.report(view, desk, generation=query.generation, since=query.since, limit=query.limit)


@router.get(
    "/feed.atom", summary="What changed, as a feed", tags=["changes"], response_class=_Atom,
    responses={
        **NOT_FOUND,
        200: {"description": "Atom", "content": {ATOM: {"schema": {"type": "string", "example": "<feed/>"}}}},
    },
)  # fmt: skip
def get_feed(request: Request, view: Current, desk: AtDesk, query: Annotated[FeedQuery, Query()]) -> Response:
    """The last changes, newest first, of everything, a jurisdiction, an instrument, a topic, or a workspace."""
    about = [jurisdictions()[code].name for code in query.jurisdiction]
    for key in query.instrument:
        # One that is gone has a history still.
        known = view.store.journal.events(last=view.store.journal.last_event(), most=1, instrument=key)
        if not known:
            raise QueryError(
                f"instrument: {key!r} was never in the corpus", "Its instruments are listed at /instruments"
            )
        about.append(known[0].instrument.name)
    for key in query.topic:
        if key not in view.taxonomy.topics:
            raise QueryError(f"topic: {key!r} is not in the taxonomy", "Its topics are listed at /topics")
        about.append(view.taxonomy.topics[key].label())
    kept = None
    if query.workspace:
        workspace = desk.workspace(query.workspace)
        kept = tuple(entry.provision for entry in workspace.kept)
        about.append(workspace.title)
    wanted = feed.Wanted(
        jurisdictions=tuple(query.jurisdiction), instruments=tuple(query.instrument), topics=tuple(query.topic),
        kept=kept,
    )  # fmt: skip
    address = "/feed.atom" + (f"?{request.url.query}" if request.url.query else "")
    body = feed.atom(view, wanted, base=str(request.base_url), address=address, name=", ".join(about) or "everything")
    return _Atom(body, headers={"Cache-Control": "private, no-cache"})


def mount(app: FastAPI) -> None:
    """Add the routes to the app: before those of provisions, whose ids take in everything behind them."""
    app.include_router(router)
