"""Pages of what changed: the history of a provision, and the report of a generation."""

from __future__ import annotations

from urllib.parse import urlencode

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import ValidationError

from lawsearch import changes, history
from lawsearch.changes_api import ChangesQuery
from lawsearch.desk_api import desk_of
from lawsearch.drawing import draw
from lawsearch.edge import problem_of
from lawsearch.errors import QueryError
from lawsearch.health import listed
from lawsearch.service import View

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


def _view(request: Request) -> View:
    return request.app.state.service.view()


@router.get("/history/{rest:path}")
def get_history(request: Request, rest: str) -> Response:
    key = "/" + rest.strip("/")
    # The form that asks for a day comes here, for the provision may have had another number then.
    if day := request.query_params.get("as_of"):
        return RedirectResponse(f"{key}?{urlencode({'as_of': day})}", 303)
    found = changes.past(_view(request), key)
    return draw("history.html", found=found, shortened=changes.shortened)


@router.get("/changes")
def get_changes(request: Request) -> Response:
    view = _view(request)
    given = {name: value for name, value in request.query_params.items() if value}
    kept = history.generations(view.searcher.generation.store.path.parent.parent.parent)
    try:
        query = ChangesQuery.model_validate(given)
        found = changes.report(
            view, desk_of(request), generation=query.generation, since=query.since, limit=query.limit
        )
    except (ValidationError, QueryError) as error:
        return draw("problem.html", 422, problem=problem_of(error))
    runs = listed(request.app.state.service.settings)
    return draw(
        "changes.html", view=view, found=found, query=query, kept=kept, runs=runs, shortened=changes.shortened,
        brief=changes.brief, address=urlencode(given),
    )  # fmt: skip


def mount(app: FastAPI) -> None:
    """Add the pages to the app."""
    app.include_router(router)
