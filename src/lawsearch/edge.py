"""The outer edge of the server: security headers, its own names only, a bound on request bodies, and errors as RFC 9457
problems."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import ValidationError
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lawsearch.errors import (
    BusyError,
    GenerationError,
    LawsearchError,
    ModelError,
    NotFoundError,
    QueryError,
    StaleError,
)
from lawsearch.schemas import FieldError, Problem
from lawsearch.settings import Settings

log = logging.getLogger(__name__)
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
#: Every kind of problem: its title, and what it means (shown on the page about the service).
KINDS = {
    "not-found": ("Not found", "There is no such page, instrument or provision in the corpus being served."),
    "query": ("Request not understood", "A parameter or the text is missing, too long or outside its vocabulary."),
    "method": ("Method not allowed", "The address exists, but not for this HTTP method."),
    "too-large": ("Request too large", "The body is longer than a clause may be."),
    "not-allowed": ("Not allowed", "Writing needs the token of this server, and never comes from another site."),
    "other-name": ("Not a name of this server", "The request names another server than the one that it came to."),
    "busy": ("Busy", "More is being worked on than this machine can do at once; the same request works later."),
    "not-ready": ("No index to serve", "Nothing has been built yet, or what was built cannot be used."),
    "out-of-date": ("Out of date", "What was built is served, but no run has looked for newer texts for too long."),
    "unexpected": ("Something went wrong", "An error nobody foresaw; it is in the server's log."),
}
_BY_STATUS = {
    401: "not-allowed", 403: "not-allowed", 404: "not-found", 405: "method", 413: "too-large",
    421: "other-name", 422: "query", 429: "busy", 503: "not-ready",
}  # fmt: skip
_REMEDIES = {
    "not-found": "Check the address; the instruments of the corpus are listed at /instruments",
    "method": "The methods of every route are in /api/openapi.json",
    "too-large": "Send one clause at a time",
    "not-allowed": "Enter the token at /enter, or send it as Authorization: Bearer; whoever runs this server has it",
    "other-name": "Use the address that the server printed, or put this name into the setting hosts",
    "query": "Correct what is named here and try again; parameters are described in /api/openapi.json",
    "unexpected": "Try again; if it stays, tell whoever runs this server the time and the address",
}
#: Most bytes of a table of concordance that comes back: the texts of a few hundred articles.
TABLE = 8_000_000
#: Draws a problem as a page, for people.
Page = Callable[[Request, Problem], Response]


def problem(kind: str, status: int, detail: str, remedy: str = "", errors: list[FieldError] | None = None) -> Problem:
    """A problem of one of ``KINDS``."""
    return Problem(
        type=f"/about#problem-{kind}",
        title=KINDS[kind][0],
        status=status,
        detail=detail,
        remedy=remedy or _REMEDIES.get(kind, ""),
        errors=errors or [],
    )


def problem_of(error: Exception) -> Problem:
    """What to tell a client of an exception; of one that nobody foresaw, nothing but that it happened."""
    if isinstance(error, NotFoundError):
        return problem("not-found", 404, error.problem, error.remedy)
    if isinstance(error, QueryError):
        return problem("query", 422, error.problem, error.remedy)
    if isinstance(error, BusyError):
        return problem("busy", 429, error.problem, error.remedy)
    if isinstance(error, GenerationError | ModelError):
        return problem("not-ready", 503, error.problem, error.remedy or "Build an index: lawsearch index")
    if isinstance(error, StaleError):
        return problem("out-of-date", 503, error.problem, error.remedy)
    if isinstance(error, RequestValidationError | ValidationError):
        fields = [FieldError(field=_field(e["loc"]), message=_message(e)) for e in error.errors()]
        detail = "; ".join(f"{f.field}: {f.message}" for f in fields[:5])
        return problem("query", 422, detail, errors=fields[:20])
    if isinstance(error, HTTPException) and error.status_code == 400:
        # FastAPI's own word for a body that is not even text; for what is wrong in one it has 422.
        return problem("query", 422, str(error.detail))
    if isinstance(error, HTTPException):
        kind = _BY_STATUS.get(error.status_code, "unexpected")
        detail = "there is nothing at this address" if error.detail == "Not Found" else str(error.detail)
        return problem(kind, error.status_code, detail)
    return problem("unexpected", 500, "The server could not answer")


def headers_of(error: Exception) -> dict[str, str]:
    """What goes into the header of the answer to an exception."""
    if isinstance(error, BusyError):
        return {"Retry-After": str(error.after)}
    return dict(error.headers or {}) if isinstance(error, HTTPException) else {}


def _field(location: tuple[int | str, ...]) -> str:
    """The field as the client wrote it: without ``query`` or ``body`` before it and places in lists after it."""
    names = [str(p) for p in location if isinstance(p, str)]
    return names[-1] if names else "request"


def _message(error: Mapping[str, Any]) -> str:
    if error["type"] == "missing":
        return "is required"
    if error["type"] == "extra_forbidden":
        return "is not a parameter here"
    message = str(error["msg"])
    return message[0].lower() + message[1:]


def respond(problem: Problem) -> JSONResponse:
    """The problem as ``application/problem+json``."""
    return JSONResponse(problem.model_dump(), problem.status, media_type="application/problem+json", headers=HEADERS)


def is_api(path: str) -> bool:
    """Whether an address is for programs, which get their errors as JSON."""
    return path.startswith(("/api/", "/picture/")) or path in ("/api", "/healthz", "/metrics", "/feed.atom", "/mcp")


def install(app: FastAPI, settings: Settings, page: Page, named: Callable[[str], bool]) -> None:
    """Give the app its headers, bounds and error handlers; ``page`` draws problems for people, ``named`` says whether
    a Host header names this server."""

    def answer(request: Request, found: Problem) -> Response:
        return respond(found) if is_api(request.url.path) else page(request, found)

    async def handle(request: Request, error: Exception) -> Response:
        if not isinstance(error, LawsearchError | RequestValidationError | ValidationError | HTTPException):
            log.error("%s %s failed", request.method, pattern(request.scope), exc_info=error)
        response = answer(request, problem_of(error))
        response.headers.update(headers_of(error) | HEADERS)
        return response

    for kind in (LawsearchError, RequestValidationError, HTTPException, Exception):
        app.add_exception_handler(kind, handle)
    app.add_middleware(Names, named=named, answer=answer)
    # A character takes at most twelve bytes, as two escapes of JSON; the rest of a request is small.
    app.add_middleware(Bounds, most=16_384 + 12 * settings.max_text, tables=TABLE)


def pattern(scope: Scope) -> str:
    """The pattern of the route that answered a request: addresses hold what people ask."""
    route = getattr(scope.get("route"), "path", "")
    return route or ("/static" if scope["path"].startswith("/static/") else "none")


class Watch:
    """ASGI middleware: tells of every answer its method, the pattern of its route, its status and its seconds."""

    def __init__(self, app: ASGIApp, told: Callable[[str, str, int, float], None]) -> None:
        self.app = app
        self.told = told

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        # What fails without an answer is answered with that further out.
        started, status = time.perf_counter(), 500

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, noted)
        finally:
            self.told(scope["method"], pattern(scope), status, time.perf_counter() - started)


class Heads:
    """ASGI middleware: answers HEAD as GET, without the body."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return

        async def bare(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        await self.app({**scope, "method": "GET"}, receive, bare)


class Names:
    """ASGI middleware: answers only what is addressed to a name of this server."""

    def __init__(
        self, app: ASGIApp, named: Callable[[str], bool], answer: Callable[[Request, Problem], Response]
    ) -> None:
        self.app = app
        self.named = named
        self.answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            hosts = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
            if len(hosts) != 1 or not self.named(hosts[0]):
                detail = f"This server does not answer as {', '.join(hosts)[:100]!r}"
                await self.answer(Request(scope), problem("other-name", 421, detail))(scope, receive, send)
                return
        await self.app(scope, receive, send)


class Bounds:
    """ASGI middleware: adds ``HEADERS`` to every response and refuses bodies longer than ``most`` bytes, or than
    ``tables`` where tables come back."""

    def __init__(self, app: ASGIApp, most: int, tables: int) -> None:
        self.app = app
        self.most = most
        self.tables = tables

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        received = 0
        most = self.tables if scope["path"].endswith("/concordance/import") else self.most
        declared = dict(scope["headers"]).get(b"content-length", b"0")

        async def bounded() -> Message:
            nonlocal received
            if declared.isdigit() and int(declared) > most:
                raise HTTPException(413, f"The body has {int(declared):,} bytes; {most:,} is the most")
            message = await receive()
            received += len(message.get("body", b""))
            if received > most:
                raise HTTPException(413, f"The body has more than {most:,} bytes")
            return message

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
            await send(message)

        await self.app(scope, bounded, guarded)
