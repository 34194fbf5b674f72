"""The HTTP API and the application: ``uvicorn.run(create_app(settings))``."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Header, Path, Query, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import SecretStr
from starlette.concurrency import run_in_threadpool
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware

from lawsearch import __version__, agents, changes_api, desk_api, permission, run, web
from lawsearch.drawing import prepare
from lawsearch.edge import Heads, Watch, install
from lawsearch.errors import LawsearchError
from lawsearch.findings import AnswersOut
from lawsearch.health import LISTED, Health, RunList, health, listed
from lawsearch.metrics import Metrics
from lawsearch.openapi import described
from lawsearch.pictures import Paint, Pictures
from lawsearch.queries import AsOfQuery, ClauseRequest, CompareQuery, CounterpartsQuery, SearchQuery
from lawsearch.replies import (
    about,
    catalogue_page,
    clause_answered,
    compared,
    counterparts,
    former_page,
    instrument_list,
    instrument_page,
    picture,
    provision_page,
    searched,
    topic_list,
)
from lawsearch.schemas import (
    About,
    CatalogueOut,
    InstrumentList,
    InstrumentPage,
    Problem,
    ProvisionPage,
    TopicList,
)
from lawsearch.service import Service, View
from lawsearch.settings import Settings
from lawsearch.synopsis import ComparisonOut

if TYPE_CHECKING:
    from lawsearch.search import Searcher

log = logging.getLogger(__name__)
#: One line a request, without its words.
requests = logging.getLogger("lawsearch.requests")
router = APIRouter()


def _service(request: Request) -> Service:
    return request.app.state.service


def _view(request: Request) -> View:
    return request.app.state.service.view()


Serving = Annotated[Service, Depends(_service)]
Current = Annotated[View, Depends(_view)]
ProvisionId = Annotated[
    str,
    Path(
        alias="id",
        description="Id of a provision, slashes and all; the language may be left out where one prevails.",
        examples=["/akn/sg/act/2012/26/en/~sec_26D"],
    ),
]
InstrumentId = Annotated[
    str, Path(alias="id", description="Id of an instrument, slashes and all.", examples=["/akn/sg/act/2012/26"])
]
#: Errors that a route documents besides 422 and 503, which all have.
NOT_FOUND: dict[int | str, dict[str, Any]] = {404: {"model": Problem, "description": "No such provision or instrument"}}


# -- routes ---------------------------------------------------------------------------------------------------------


@router.get("/api/search", summary="Search by words", tags=["matching"])
def get_search(service: Serving, view: Current, query: Annotated[SearchQuery, Query()]) -> AnswersOut:
    """Provisions that answer words in any language, best first in each jurisdiction; all member states are listed."""
    return searched(service, view, query)


@router.post("/api/counterparts", summary="Counterparts of a drafted clause", tags=["matching"])
def post_counterparts(service: Serving, view: Current, query: ClauseRequest) -> AnswersOut:
    """Provisions that correspond to a clause in any language, with the estimate that there is none."""
    return clause_answered(service, view, query)


@router.get(
    "/api/provisions/{id:path}/counterparts",
    summary="Counterparts of a provision",
    tags=["matching"],
    responses=NOT_FOUND,
)
def get_counterparts(
    service: Serving,
    view: Current,
    key: ProvisionId,
    query: Annotated[CounterpartsQuery, Query()],
) -> AnswersOut:
    """Provisions of the other jurisdictions that correspond to one of the corpus."""
    return counterparts(service, view, view.provision(key), query)


@router.get("/api/provisions/{id:path}", summary="One provision", tags=["corpus"], responses=NOT_FOUND)
def get_provision(
    request: Request, view: Current, key: ProvisionId, query: Annotated[AsOfQuery, Query()]
) -> ProvisionPage:
    """A provision as printed, its instrument, its parts, the provisions before and after it, pictures of its pages; of
    a former day, what is kept of that: its text and its parts."""
    if query.as_of:
        return former_page(view, key, query.as_of)
    return provision_page(view, view.provision(key), request.app.state.pictures)


@router.get(
    "/picture/{id:path}",
    summary="A page with a provision marked",
    tags=["corpus"],
    response_class=Response,
    responses={
        200: {
            "description": "PNG",
            "content": {"image/png": {"schema": {"type": "string", "format": "binary", "example": "a PNG"}}},
        },
        304: {
            "description": "As it was",
            "content": {"image/png": {"schema": {"type": "string", "format": "binary", "example": ""}}},
        },
        404: {"model": Problem, "description": "No such provision, or no picture of it: the detail says why"},
    },
)
def get_picture(
    request: Request,
    view: Current,
    key: ProvisionId,
    page: Annotated[
        int, Query(ge=0, description="Page of the source, from 1; 0 or none: the first it stands on.", examples=[14])
    ] = 0,
    known: Annotated[
        str, Header(alias="If-None-Match", description="Tag of the picture already there.", examples=['"9f86d081"'])
    ] = "",
) -> Response:
    """One page of the PDF that the provision was read from, as PNG, the place of the provision drawn on it.

    Only of a file that still is, byte for byte, the one that was read."""
    drawn, tag = picture(view, request.app.state.pictures, key, page)
    headers = {"ETag": f'"{tag}"', "Cache-Control": "private, max-age=86400"}
    if f'"{tag}"' in known:
        return Response(status_code=304, headers=headers)
    return Response(drawn, media_type="image/png", headers=headers)


@router.get("/api/instruments", summary="All instruments", tags=["corpus"])
def get_instruments(view: Current) -> InstrumentList:
    """The instruments of the corpus, by jurisdiction and year."""
    return InstrumentList(generation=view.name, instruments=instrument_list(view))


@router.get("/api/instruments/{id:path}", summary="One instrument", tags=["corpus"], responses=NOT_FOUND)
def get_instrument(view: Current, key: InstrumentId) -> InstrumentPage:
    """Its facts, and each language version with its source, parse report and contents."""
    return instrument_page(view, key)


@router.get("/api/compare", summary="Provisions side by side", tags=["matching"], responses=NOT_FOUND)
def get_compare(service: Serving, view: Current, query: Annotated[CompareQuery, Query()]) -> ComparisonOut:
    """Two to six texts with their parts in rows and, within a language, the words that differ."""
    return compared(service, view, query)


@router.get("/api/topics", summary="The taxonomy of topics", tags=["corpus"])
def get_topics(view: Current) -> TopicList:
    """What provisions can be about, with definitions, labels in the region's languages, and counts."""
    return topic_list(view)


@router.get("/api/catalogue", summary="Which instruments exist", tags=["corpus"])
def get_catalogue(view: Current) -> CatalogueOut:
    """The catalogue of the region's instruments: status with its source, and whether the text is in the corpus."""
    return catalogue_page(view)


@router.get("/healthz", summary="Whether it serves", tags=["service"])
def get_health(service: Serving, view: Current) -> Health:
    """200 with the generation being served, 503 where there is none or the last good run is too long ago."""
    return health(view, service.settings)


@router.get("/api/runs", summary="The last runs, nightly or by hand", tags=["service"])
def get_runs(
    service: Serving, limit: Annotated[int, Query(ge=1, le=run.KEPT, description="How many.", examples=[14])] = LISTED
) -> RunList:
    """What each did, phase by phase, which documents it has something to say of, and why it failed."""
    return RunList(runs=listed(service.settings, limit))


def get_metrics(request: Request) -> Response:
    """The state of the server and its latencies for Prometheus; not part of the described API."""
    return Response(request.app.state.metrics.text(), media_type=CONTENT_TYPE_LATEST)


@router.get("/api/about", summary="What it serves", tags=["service"])
def get_about(view: Current) -> About:
    """The corpus by jurisdiction with how well it was read, the models, measured accuracy, and what changed last."""
    return about(view)


# -- the application ------------------------------------------------------------------------------------------------


def create_app(settings: Settings, searcher: Searcher | None = None, picture: Paint | None = None) -> FastAPI:
    """The application, API and pages; it serves ``searcher``, or else the newest generation that ``settings`` name.
    ``picture`` draws the pages of the files that texts were read from; without it none are shown.

    Without a generation it starts nevertheless, answers 503 saying how to build one, and serves it once it is there.
    """
    # Of the token only its digest stays.
    door = permission.Door.of(settings)
    settings = settings.model_copy(update={"token": SecretStr("")})
    service = Service(settings, searcher)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        try:
            await run_in_threadpool(service.view)
        except LawsearchError as error:
            log.warning("nothing to serve yet: %s", error)
        # Who asks for a page at once waits for that page's template only.
        preparing = asyncio.get_running_loop().run_in_executor(None, prepare)
        yield
        await preparing

    app = FastAPI(
        title="lawsearch",
        version=__version__,
        summary="Corresponding provisions of South-East Asian law, side by side",
        docs_url=None,  # Its page loads scripts from elsewhere, which the security policy rightly forbids.
        redoc_url=None,
        openapi_url="/api/openapi.json",
        lifespan=lifespan,
        dependencies=[Depends(permission.reading)],
    )
    app.state.service = service
    app.state.door = door
    app.state.pictures = Pictures(picture)
    changes_api.mount(app)
    app.include_router(router)
    desk_api.mount(app)
    agents.mount(app)
    web.mount(app)
    app.add_middleware(GZipMiddleware, minimum_size=2000)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware, allow_origins=list(settings.cors_origins), allow_methods=["GET", "POST"],
            allow_headers=["Content-Type"],
        )  # fmt: skip
    # Outside what may answer by itself: every answer has the headers of the edge.
    install(app, settings, web.error_page, door.named)
    # Heads is outermost, so that its headers are those of the answer as it would be sent.
    metrics = Metrics(service, lambda: (service.turns, app.state.tables.turns, app.state.pictures.turns))
    if settings.metrics:
        app.state.metrics = metrics
        app.add_api_route("/metrics", get_metrics, include_in_schema=False)

    def told(method: str, route: str, status: int, seconds: float) -> None:
        metrics.observe(method, route, status, seconds)
        facts = {"method": method, "route": route, "status": status, "ms": round(seconds * 1000, 1)}
        requests.info("request", extra=facts)

    app.add_middleware(Watch, told=told)
    app.add_middleware(Heads)
    app.openapi = lambda: described(app)  # type: ignore[method-assign]
    return app
