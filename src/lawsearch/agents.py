"""Tools for agents through the Model Context Protocol: the answers of the HTTP API, each with what it cites.

Over HTTP they are at ``/mcp`` of the server, behind the same door and bounds as everything else; a program that starts
its tools itself has them on standard input and output (``lawsearch mcp``).
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Annotated, Any, Generic, TypeVar

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from pydantic import BaseModel, Field, model_validator
from pydantic_core import PydanticCustomError
from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from lawsearch import __version__, permission
from lawsearch.desk_api import AlignQuery
from lawsearch.edge import problem_of
from lawsearch.findings import AnswersOut
from lawsearch.instrument import UNKNOWN
from lawsearch.pictures import Pictures
from lawsearch.queries import AsOfQuery, ClauseRequest, CompareQuery, CounterpartsQuery, SearchQuery
from lawsearch.replies import clause_answered, compared, counterparts, former_page, provision_page, searched
from lawsearch.schemas import InstrumentOut, ProvisionPage, ProvisionRef
from lawsearch.service import Service, View
from lawsearch.synopsis import ComparisonOut
from lawsearch.tables import AlignmentsOut, Tables, aligned

log = logging.getLogger(__name__)
router = APIRouter(include_in_schema=False)
A = TypeVar("A", bound=BaseModel)
#: Where the pages are that permalinks lead to; of a request over HTTP, the server that it came to.
SITE: ContextVar[str] = ContextVar("site", default="")
_SECTION = "/akn/sg/act/2012/26/en/~sec_26D"
INSTRUCTIONS = (
    "Provisions of South-East Asian law and what corresponds to them in the other jurisdictions. Correspondence is "
    "estimated by machine: cite every provision by the citation and permalink in `sources`, say whether it is binding "
    "(`force`) and in force (`status`), and check it against its official text. `no text` of a jurisdiction means that "
    "nothing can be said of it."
)


class SourceOut(BaseModel):
    """A provision that an answer names, as it is to be cited."""

    citation: str = Field(description="As cited abroad.", examples=["PDPA 2012 (SG) s 26D"])
    permalink: str = Field(description="Its page, an address that stays.", examples=[_SECTION])
    force: str = Field(description="Whether its instrument binds: binding, non-binding, unknown.", examples=["binding"])
    status: str = Field(description="Status of its instrument.", examples=["in force"])


class Told(BaseModel, Generic[A]):
    """An answer of the HTTP API with the provisions that it names."""

    sources: list[SourceOut] = Field(description="Every provision named in the answer, in its order.")
    answer: A


class CounterpartsOf(CounterpartsQuery):
    id: str = Field("", description="Id of a provision; or else give text.", examples=[_SECTION])
    text: str = Field("", description="A drafted clause in any language; or else give id.", examples=[""])

    @model_validator(mode="after")
    def _one_of_both(self) -> CounterpartsOf:
        if bool(self.id.strip()) == bool(self.text.strip()):
            raise PydanticCustomError("which", "give either id or text")
        return self


class ProvisionQuery(AsOfQuery):
    id: str = Field(description="Id of a provision.", examples=[_SECTION])


class Toolbox:
    """What the tools answer from: the service, and tables and pictures of the same server."""

    def __init__(self, service: Service, tables: Tables, pictures: Pictures) -> None:
        self.service, self.tables, self.pictures = service, tables, pictures

    def search(self, view: View, query: SearchQuery) -> AnswersOut:
        """Find provisions of every jurisdiction by words in any language, or by a citation such as PDPA s 26D."""
        return searched(self.service, view, query)

    def counterparts(self, view: View, query: CounterpartsOf) -> AnswersOut:
        """Find the provisions of the other jurisdictions that correspond to a provision or to a drafted clause."""
        if query.id.strip():
            return counterparts(self.service, view, view.provision(query.id), query)
        return clause_answered(self.service, view, ClauseRequest(**query.model_dump(exclude={"id"})))

    def compare(self, view: View, query: CompareQuery) -> ComparisonOut:
        """Lay two to six provisions side by side, part by part: words, duties, durations and amounts that differ."""
        return compared(self.service, view, query)

    def provision(self, view: View, query: ProvisionQuery) -> ProvisionPage:
        """Read one provision as printed, with its instrument and its parts; also as it stood on a former day."""
        if query.as_of:
            return former_page(view, query.id, query.as_of)
        return provision_page(view, view.provision(query.id), self.pictures)

    def align(self, view: View, query: AlignQuery) -> AlignmentsOut:
        """Set all provisions of one instrument against those of others: what corresponds, what has no counterpart."""
        return aligned(view, self.tables, query.source, query.target)

    def server(self) -> Any:
        """The tools as an MCP server. Imports the SDK, which takes a second that only who uses it should wait."""
        from mcp.server.mcpserver import MCPServer
        from mcp_types import ToolAnnotations

        made = MCPServer("lawsearch", version=__version__, instructions=INSTRUCTIONS, log_level="WARNING")
        kind = ToolAnnotations(read_only_hint=True, open_world_hint=False)
        for answer in (self.search, self.counterparts, self.compare, self.provision, self.align):
            made.add_tool(self._offered(answer), annotations=kind)
        return made

    def _offered(self, answer: Callable[[View, Any], Any]) -> Callable[..., Any]:
        """``answer`` as the SDK takes it: its query's fields as arguments, what it says with its sources."""
        from mcp.server.mcpserver.exceptions import ToolError

        signature = inspect.signature(answer, eval_str=True)
        asked: type[BaseModel] = signature.parameters["query"].annotation

        def tool(**given: Any) -> Any:
            try:
                query = asked.model_validate(given)
                view = self.service.view()
                found = answer(view, query)
            except Exception as error:
                problem = problem_of(error)
                if problem.status == 500:
                    log.exception("%s failed", answer.__name__)
                raise ToolError(f"{problem.detail}. {problem.remedy}") from None
            day = getattr(query, "as_of", None)
            return Told(sources=list(sources(view, found, f"?as_of={day}" if day else "")), answer=found)

        tool.__name__, tool.__doc__ = answer.__name__, answer.__doc__
        arguments = [
            inspect.Parameter(
                name, inspect.Parameter.KEYWORD_ONLY,
                annotation=Annotated[field.annotation, *field.metadata, Field(description=field.description)],
                default=inspect.Parameter.empty if field.is_required() else field.default,
            )
            for name, field in asked.model_fields.items()
        ]  # fmt: skip
        told = Told[signature.return_annotation]  # type: ignore[name-defined]
        tool.__signature__ = inspect.Signature(arguments, return_annotation=told)  # type: ignore[attr-defined]
        return tool


def sources(view: View, answer: BaseModel, query: str) -> Iterator[SourceOut]:
    """The provisions that an answer names, each once; ``query`` is put behind their addresses."""
    named = list(_named(answer))
    # Of a former day the answer itself may know an instrument that is gone.
    instruments = {i.id: i for i in named if isinstance(i, InstrumentOut)} | dict(view.instruments)
    for ref in {p.id: p for p in named if isinstance(p, ProvisionRef)}.values():
        instrument = instruments.get(ref.instrument)
        yield SourceOut(
            citation=ref.citation, permalink=f"{SITE.get()}{ref.id}{query}",
            force=instrument.force if instrument else UNKNOWN, status=instrument.status if instrument else UNKNOWN,
        )  # fmt: skip


def _named(value: object) -> Iterator[ProvisionRef | InstrumentOut]:
    if isinstance(value, ProvisionRef | InstrumentOut):
        yield value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _named(getattr(value, name))
    elif isinstance(value, list):
        for item in value:
            yield from _named(item)


class _Session(Response):
    """The answer of an MCP server to a request whose body has been read."""

    def __init__(self, server: Any, body: bytes) -> None:
        super().__init__()
        self.server, self.given = server, [{"type": "http.request", "body": body, "more_body": False}]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        from mcp.server.transport_security import TransportSecuritySettings

        async def again() -> Any:
            return self.given.pop() if self.given else await receive()

        # The edge has looked at the host already. Without sessions nothing is kept, and any process may answer.
        security = TransportSecuritySettings(enable_dns_rebinding_protection=False)
        self.server.streamable_http_app(json_response=True, stateless_http=True, transport_security=security)
        manager = self.server.session_manager
        async with manager.run():
            await manager.handle_request(scope, again, send)


@router.post("/mcp", dependencies=[Depends(permission.same_site)])
async def post_mcp(request: Request) -> Response:
    state = request.app.state
    body = await request.body()
    if state.agents is None:
        box = Toolbox(state.service, state.tables, state.pictures)
        state.agents = await run_in_threadpool(box.server)
    SITE.set(str(request.base_url).rstrip("/"))
    return _Session(state.agents, body)


def mount(app: FastAPI) -> None:
    """Add the tools to the app."""
    app.state.agents = None
    app.include_router(router)


def converse(service: Service, site: str) -> None:
    """Answer the program on standard input and output until it leaves; ``site`` is where the pages are."""
    SITE.set(site.rstrip("/"))
    Toolbox(service, Tables(), Pictures(None)).server().run("stdio")
