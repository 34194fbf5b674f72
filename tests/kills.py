"""What the kill test lets run and kills: a process that forks one night after another, and a server.

``kills.py night FOLDER ADDRESS`` forks a night for each line of its input, and writes the number of its process, the
phases as it enters them, and its exit status, each on a line. A line names the phase in which the night is to kill
itself at once: some are too short to be hit from outside. ``kills.py serve FOLDER`` serves and writes its port.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import traceback
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import nights
import numpy as np
from nights import Hashed, settings_of

import ingest.pipeline
from ingest.fetching import Fetched, Fetcher, Manners
from ingest.nightly import night
from lawsearch import service, views
from lawsearch.catalogue import Entry
from lawsearch.embedding import Models
from lawsearch.instrument import Instrument
from lawsearch.lock import alone
from lawsearch.settings import Settings
from lawsearch.store import Store

#: The law that is fetched; the others lie in a watched folder.
FETCHED = "boats"


class Told:
    """Writes a line at once: what was written before a kill can be read after it."""

    def __init__(self, path: Path) -> None:
        self._handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def __call__(self, *words: str) -> None:
        os.write(self._handle, (json.dumps(words) + "\n").encode())


class Telling(Hashed):
    """A model that tells what it embeds."""

    def __init__(self, name: str, told: Told) -> None:
        super().__init__(name)
        self.told = told

    def encode(self, texts: Sequence[str], **given: Any) -> np.ndarray:
        for text in texts:
            self.told("embedded", self.name, text)
        return super().encode(texts, **given)


def settings(folder: Path) -> Settings:
    return settings_of(folder, watched_dirs=(folder / "laws", folder / "fetched"))


def one_night(folder: Path, address: str, say: Callable[[str], None]) -> None:
    """A night as the command runs it, in this process."""
    given, told = settings(folder), Told(folder / "told.jsonl")
    parse, put = ingest.pipeline.parse, Store.put

    def parsing(path: Path, **how: Any) -> Any:
        told("read", str(path))
        return parse(path, **how)

    def putting(store: Store, source: str, expressions: Any, maker: str) -> Any:
        found = put(store, source, expressions, maker)
        told("stored", source)
        return found

    ingest.pipeline.parse, Store.put = parsing, putting  # type: ignore[assignment]

    def fetch() -> list[Fetched]:
        code = nights.LAWS[FETCHED][0]
        entry = Entry(Instrument(id=nights.work(FETCHED), jurisdiction=code, title=FETCHED, address=address))
        return Fetcher(folder / "fetched", Manners(pause=0, private=True)).fetch([entry])

    def enter(phase: str) -> None:
        told("phase", phase)
        say(phase)

    models = Models(Telling("all", told), Telling("en", told))  # type: ignore[arg-type]
    with alone(given.index_dir, "nightly"):
        found = night(nights.plan(given, models, fetch=fetch), enter)
    told("ended", found.result, found.reason)


@cache
def prepare(folder: Path) -> None:
    """What every night would look up anew is inherited: what tesseract can, how documents are read, tables of words."""
    ingest.pipeline.ocr.engine()
    for path in (folder / "laws").glob("*.pdf"):
        for text in ingest.pipeline.parse(path):
            for unit in text.provisions:
                views.bag(unit)
                views.vocabulary(unit)


def run_nights(folder: Path, address: str) -> None:
    for line in sys.stdin:
        prepare(folder)
        child = os.fork()
        if child == 0:

            def say(phase: str, last: str = line.strip()) -> None:
                print("phase", phase, flush=True)
                if phase == last:
                    os.kill(os.getpid(), signal.SIGKILL)

            try:
                print("process", os.getpid(), flush=True)
                one_night(folder, address, say)
            except BaseException:
                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        print("over", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def serve(folder: Path) -> None:
    import uvicorn

    import lawsearch.search
    from lawsearch.api import create_app

    lawsearch.search.load_models = lambda _: nights.models()
    service.EVERY = 0.05
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    app = create_app(settings(folder))
    uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listener])


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(Path(sys.argv[2]))
    else:
        run_nights(Path(sys.argv[2]), sys.argv[3])
