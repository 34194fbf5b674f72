"""Logs: one line an event on standard error, for people or as JSON, without what people ask and without secrets.

Drafted clauses stand in the addresses of requests, and exceptions repeat what they were given. So addresses are logged
as the pattern of their route, and of an exception that nobody foresaw its kind and its place, not its words.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from lawsearch.errors import LawsearchError, NotFoundError, QueryError
from lawsearch.settings import Settings

#: What every record has; anything else was given as ``extra``.
_USUAL = {*vars(logging.makeLogRecord({})), "message", "asctime", "taskName", "color_message"}
#: Loggers of others that name every address they ask or are asked, secret or not, or say more than anybody wants.
_TALKATIVE = (
    "faiss.loader", "httpx2", "httpcore2", "httpx", "httpcore", "uvicorn.access", "asyncio", "filelock", "mcp",
)  # fmt: skip


class _Errors(logging.StreamHandler):
    """Writes to what standard error is at the time."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> Any:
        return sys.stderr

    @stream.setter
    def stream(self, value: Any) -> None:
        """It is never another one."""


class Lines(logging.Formatter):
    """A line for people, and the places of an exception below it."""

    def format(self, record: logging.LogRecord) -> str:
        """``2026-11-23T02:15:00+00:00 WARNING lawsearch.service: the newer generation cannot be served``."""
        given = " ".join(f"{name}={value}" for name, value in extra(record).items())
        line = f"{_time(record)} {record.levelname} {record.name}: {record.getMessage()}{given and f' ({given})'}"
        return "\n".join([line, *happened(record.exc_info)])


class Objects(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """With ``time``, ``level``, ``logger``, ``event``, what else was given, and of an exception its ``error``."""
        values: dict[str, Any] = {
            "time": _time(record), "level": record.levelname.lower(), "logger": record.name,
            "event": record.getMessage(), **extra(record),
        }  # fmt: skip
        if found := happened(record.exc_info):
            values["error"] = found
        return json.dumps(values, ensure_ascii=False, default=str)


def configure(settings: Settings) -> None:
    """Log as the settings say, from now on; what was configured before is replaced."""
    handler = _Errors()
    handler.setFormatter(Objects() if settings.log_format == "json" else Lines())
    root = logging.getLogger()
    for former in [h for h in root.handlers if isinstance(h, _Errors)]:
        root.removeHandler(former)
    root.addHandler(handler)
    root.setLevel(settings.log_level.upper())
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)


def extra(record: logging.LogRecord) -> dict[str, Any]:
    """What a record was given besides its message."""
    return {name: value for name, value in vars(record).items() if name not in _USUAL}


def happened(info: Any) -> list[str]:
    """An exception and those before it: the kind, and the places, innermost last; words only of those that name files
    and settings and never repeat what was asked."""
    error: BaseException | None = info[1] if isinstance(info, tuple) else None
    found: list[str] = []
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        silent = isinstance(error, QueryError | NotFoundError) or not isinstance(error, LawsearchError | OSError)
        words = "" if silent else f": {error}"
        found += [f"{type(error).__name__}{words}", *_places(error.__traceback__)]
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return found


def _places(trace: TracebackType | None) -> Iterator[str]:
    for frame in traceback.extract_tb(trace):
        yield f"  {frame.filename}:{frame.lineno} in {frame.name}"


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
