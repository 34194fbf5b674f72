"""The pages: the same answers as the API gives, drawn on the server for people."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.types import Scope

from lawsearch import changes, changes_pages, desk_pages, replies
from lawsearch.comparison import parts, units
from lawsearch.drawing import draw
from lawsearch.edge import problem_of
from lawsearch.errors import NotFoundError, QueryError
from lawsearch.findings import AnswersOut
from lawsearch.provision import Provision
from lawsearch.queries import AsOfQuery, ClauseRequest, CompareQuery, CounterpartsQuery, SearchQuery
from lawsearch.schemas import Problem
from lawsearch.service import View
from lawsearch.synopsis import ComparisonOut

#: From this many words on, a text is read as a clause.
CLAUSE_WORDS = 26
#: Texts up to this length are put in the address, so that every result can be sent to a colleague.
ADDRESSABLE = 4000
#: Hits a jurisdiction that a page shows unless asked for more.
SHOWN = 3
_LISTS = ("jurisdiction", "force", "kind", "status", "language", "topic", "instrument")
router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the search form holds, as typed: shown again whatever comes of it."""

    text: str = ""
    mode: str = "auto"
    limit: str = ""
    year_from: str = ""
    year_to: str = ""
    as_of: str = ""
    chosen: dict[str, tuple[str, ...]]

    @classmethod
    def of(cls, items: Iterable[tuple[str, str]]) -> Asked:
        pairs = [(k, v.strip()) for k, v in items if v.strip()]
        single = dict(pairs)
        return cls(
            text=single.get("q", "").replace("\r\n", "\n"),
            mode=single["mode"] if single.get("mode") in ("words", "clause") else "auto",
            limit=single.get("limit", ""),
            year_from=single.get("year_from", ""),
            year_to=single.get("year_to", ""),
            as_of=single.get("as_of", ""),
            chosen={name: tuple(dict.fromkeys(v for k, v in pairs if k == name)) for name in _LISTS},
        )

    @property
    def is_clause(self) -> bool:
        """Whether the text is to be read as a clause and not as words to look for."""
        if self.mode != "auto":
            return self.mode == "clause"
        return sum(any(c.isalnum() for c in key) for _, key in units(self.text, "en")) >= CLAUSE_WORDS

    @property
    def filtered(self) -> int:
        """How many filters are set."""
        return sum(map(len, self.chosen.values())) + bool(self.year_from) + bool(self.year_to) + bool(self.as_of)

    @property
    def query(self) -> str:
        """As the query part of an address, without what is left at its default."""
        pairs = [("q", self.text), ("mode", self.mode if self.mode != "auto" else ""), ("limit", self.limit)]
        pairs += [(name, value) for name in _LISTS for value in self.chosen[name]]
        pairs += [("year_from", self.year_from), ("year_to", self.year_to), ("as_of", self.as_of)]
        return urlencode([(k, v) for k, v in pairs if v])

    def toggled(self, facet: str, value: str) -> str:
        """The query with one value of a facet chosen, or no longer chosen; the rest of the state stays."""
        if facet == "year":
            year = "" if self.year_from == self.year_to == value else value
            return replace(self, year_from=year, year_to=year).query
        now = self.chosen[facet]
        then = tuple(v for v in now if v != value) if value in now else (*now, value)
        return replace(self, chosen=self.chosen | {facet: then}).query

    @property
    def as_words(self) -> str:
        """The query that looks for the words of the text, whatever they look like."""
        return replace(self, mode="words").query

    @property
    def unfiltered(self) -> str:
        """The query without any filter."""
        return replace(self, chosen=dict.fromkeys(_LISTS, ()), year_from="", year_to="", as_of="").query

    @property
    def of_today(self) -> str:
        """The query over the texts as they are now."""
        return replace(self, as_of="").query

    def all_of(self, jurisdiction: str, most: int) -> str:
        """The query that asks for more hits of one jurisdiction."""
        chosen = self.chosen | {"jurisdiction": (jurisdiction,)}
        return replace(self, chosen=chosen, limit=str(most)).query

    @property
    def values(self) -> dict[str, Any]:
        """For the request models of the API: empty fields left out, so that they take their defaults."""
        values: dict[str, Any] = {k: list(v) for k, v in self.chosen.items()} | {"limit": self.limit or SHOWN}
        return values | {k: v for k in ("year_from", "year_to", "as_of") if (v := getattr(self, k))}


@dataclass(frozen=True)
class Node:
    """A piece of a provision as it is indented: its number, heading and text, and the pieces below it."""

    number: str
    heading: str
    text: str
    address: str
    below: tuple[Node, ...]


def tree(below_of: Callable[[Provision], Sequence[Provision]], provision: Provision) -> tuple[Node, ...]:
    """The text of a provision as nested pieces, nothing lost and nothing twice; ``below_of`` gives what is directly
    below a provision."""
    children = {c.eid: c for c in below_of(provision)}
    nodes = []
    for part in parts(provision, list(children.values())):
        child = children.get(part.eid)
        if child is None:
            nodes.append(Node(part.number, "", part.text, "", ()))
            continue
        below = tree(below_of, child)
        plain = len(below) == 1 and not below[0].number and not below[0].below
        text = below[0].text if plain else ""
        nodes.append(Node(part.number or child.number, child.heading, text, child.id, () if plain else below))
    return tuple(nodes)


def error_page(request: Request, problem: Problem) -> Response:
    """A problem as a page; its address is not repeated in it."""
    if request.url.path.startswith("/static/"):
        return Response(f"{problem.title}. {problem.detail}", problem.status, media_type="text/plain")
    return draw("problem.html", problem.status, problem=problem)


# -- pages ----------------------------------------------------------------------------------------------------------


def _search(request: Request, asked: Asked) -> HTMLResponse:
    service = request.app.state.service
    view = service.view()
    shared = {
        "view": view,
        "asked": asked,
        "most": service.settings.max_results,
        "longest": service.settings.max_text,
        "clause_words": CLAUSE_WORDS,
    }
    if not asked.text:
        return draw("home.html", **shared, coverage=replies.coverage(view))
    is_clause = asked.is_clause
    # A citation with the full title of a law has as many words as a short clause.
    if is_clause and asked.mode == "auto" and replies.cited(view, asked.text):
        is_clause = False
    shared |= {"is_clause": is_clause, "addressable": len(asked.text) <= ADDRESSABLE}
    try:
        if is_clause:
            answers = replies.clause_answered(service, view, ClauseRequest(text=asked.text, **asked.values))
        else:
            query = SearchQuery(q=asked.text, **asked.values)
            answers = replies.searched(service, view, query, citing=asked.mode == "auto")
    except (ValidationError, QueryError) as error:
        return draw("results.html", 422, **shared, problem=problem_of(error), answers=None)
    clause = asked.text if is_clause and len(asked.text) <= ADDRESSABLE else ""
    return draw("results.html", **shared, problem=None, answers=answers, clause=clause)


@router.get("/")
def get_home(request: Request) -> Response:
    return _search(request, Asked.of(request.query_params.multi_items()))


@router.post("/")
async def post_home(request: Request) -> Response:
    """The form comes here; whatever fits in an address is sent on to it, so that it can be shared."""
    body = (await request.body()).decode("utf-8", "replace")
    asked = Asked.of(parse_qsl(body))
    if len(asked.text) <= ADDRESSABLE:
        return RedirectResponse(f"/?{asked.query}" if asked.query else "/", 303)
    return await run_in_threadpool(_search, request, asked)


@router.get("/akn/{rest:path}")
def get_work(request: Request, rest: str) -> Response:
    view = request.app.state.service.view()
    key = "/akn/" + rest.strip("/")
    if "/~" not in key:
        return _instrument(view, key)
    day = request.query_params.get("as_of", "")
    return _former(view, key, day) if day else _provision(request, view, key)


def _former(view: View, key: str, day: str) -> Response:
    try:
        query = AsOfQuery.model_validate({"as_of": day})
    except ValidationError as error:
        return draw("problem.html", 422, problem=problem_of(error))
    assert query.as_of is not None
    found = changes.stood(view, key, query.as_of)
    return draw("former.html", found=found, v=found.provision, tree=tree(found.below, found.provision))


def _provision(request: Request, view: View, key: str) -> Response:
    service = request.app.state.service
    provision = view.provision(key)
    if provision.id != key:
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(provision.id + query, 302)
    asked = Asked.of(request.query_params.multi_items())
    answers: AnswersOut | None = None
    problem = None
    try:
        answers = replies.counterparts(service, view, provision, CounterpartsQuery(**asked.values))
    except (ValidationError, QueryError, NotFoundError) as error:
        problem = problem_of(error)
    page = replies.provision_page(view, provision, request.app.state.pictures)
    return draw(
        "provision.html", 422 if problem and problem.status == 422 else 200,
        view=view, asked=asked, most=service.settings.max_results, page=page,
        tree=tree(view.store.children, provision), above=view.above(provision), answers=answers, problem=problem,
    )  # fmt: skip


def _instrument(view: View, key: str) -> Response:
    language = ""
    if key not in view.instruments:
        work, _, language = key.rpartition("/")
        if work not in view.instruments or language not in view.instruments[work].languages:
            raise NotFoundError(f"no instrument {key!r} in the corpus", "The instruments are listed at /instruments")
        key = work
    page = replies.instrument_page(view, key)
    if not language:
        available = [e.language for e in page.expressions]
        language = page.instrument.authoritative if page.instrument.authoritative in available else available[0]
    shown = next(e for e in page.expressions if e.language == language)
    return draw("instrument.html", page=page, shown=shown)


@router.get("/instruments")
def get_instruments(request: Request) -> Response:
    view = request.app.state.service.view()
    found = replies.instrument_list(view)
    return draw("instruments.html", view=view, instruments=found, coverage=replies.coverage(view))


@router.get("/compare")
def get_compare(request: Request) -> Response:
    service = request.app.state.service
    view = service.view()
    ids, bases = (list(dict.fromkeys(filter(None, request.query_params.getlist(n)))) for n in ("id", "baseline"))
    text = request.query_params.get("text", "").strip()
    try:
        comparison = replies.compared(service, view, CompareQuery(id=ids, text=text, baseline=bases))
    except (ValidationError, QueryError) as error:
        return draw("problem.html", 422, problem=problem_of(error), hint="compare")
    return draw("compare.html", comparison=comparison, links=_compare_links(comparison, text))


def _compare_links(comparison: ComparisonOut, text: str) -> list[dict[str, str]]:
    """For each column the queries that put it first, make it the baseline of its language, and leave it out; empty
    where that changes nothing or cannot be."""
    columns = comparison.columns
    names = [c.provision.id if c.provision else replies.CLAUSE for c in columns]
    # What is the baseline without being the first of its language was chosen, and stays so.
    firsts = {c.language: i for i, c in reversed(list(enumerate(columns)))}
    chosen = [i for i, c in enumerate(columns) if c.reference is None and firsts[c.language] != i]

    def query(order: list[int], bases: list[int]) -> str:
        pairs = [("text", text)] if text else []
        pairs += [("id", names[i]) for i in order if columns[i].provision]
        return urlencode([*pairs, *(("baseline", names[i]) for i in bases)])

    found = []
    for i, column in enumerate(columns):
        others = [o for o in range(len(columns)) if o != i]
        alone = sum(c.language == column.language for c in columns) == 1
        kept = [o for o in chosen if columns[o].language != column.language]
        link = {"first": "", "baseline": "", "without": ""}
        if i > 0 and not text:
            link["first"] = query([i, *others], chosen)
        if not alone and column.reference is not None:
            link["baseline"] = query(list(range(len(columns))), [*kept, i])
        if len(columns) > 2 and column.provision:
            link["without"] = query(others, [o for o in chosen if o != i])
        found.append(link)
    return found


@router.get("/topics")
def get_topics(request: Request) -> Response:
    view = request.app.state.service.view()
    return draw("topics.html", view=view, topics=replies.topic_list(view).topics)


@router.get("/catalogue")
def get_catalogue(request: Request) -> Response:
    view = request.app.state.service.view()
    return draw("catalogue.html", view=view, page=replies.catalogue_page(view))


@router.get("/about")
def get_about(request: Request) -> Response:
    view = request.app.state.service.view()
    return draw("about.html", view=view, about=replies.about(view))


class Assets(StaticFiles):
    """What pages load. An address with a version (``?v=``) never changes what it gives, so a browser keeps it; of
    any other it asks by the ETag whether it is still the same."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        lasting = scope["query_string"].startswith(b"v=")
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if lasting else "no-cache"
        return response


def mount(app: FastAPI) -> None:
    """Add the pages and what they load to the app."""
    app.include_router(router)
    desk_pages.mount(app)
    changes_pages.mount(app)
    app.mount("/static", Assets(directory=Path(__file__).parent / "static"), name="static")
