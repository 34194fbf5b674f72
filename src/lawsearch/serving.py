"""Serving in several processes behind one address."""

from __future__ import annotations

import atexit
import os
import socket
from typing import Any

import uvicorn
from fastapi import FastAPI
from uvicorn.supervisors import Multiprocess

from lawsearch.console import err, out
from lawsearch.logs import configure
from lawsearch.settings import Settings, load_settings

#: Seconds that an idle connection is kept: longer than proxies (60) and clients (5, and uvicorn's own default) keep
#: theirs, which would else find it closed at the moment that they use it.
KEPT = 75
#: Seconds that a process may say nothing, as it may while it loads the models, before it is replaced.
SILENT = 60


def configured(application: Any, **more: Any) -> uvicorn.Config:
    """How the application is served. Lines of the log go where ours go; what uvicorn would log of requests names
    addresses in full."""
    return uvicorn.Config(application, log_config=None, access_log=False, timeout_keep_alive=KEPT, **more)


def application() -> FastAPI:
    """The application of one of several processes, which find their settings in the environment."""
    from ingest.picture import Painter
    from lawsearch.api import create_app

    settings = load_settings()
    configure(settings)
    painter = Painter()
    atexit.register(painter.close)
    return create_app(settings, picture=painter)


class Processes(Multiprocess):
    """So many servers behind one socket; one that dies is replaced. ``address`` is printed once all answer."""

    def __init__(self, settings: Settings, listener: socket.socket, count: int, address: str) -> None:
        # What the command line said must reach them, and together they use no more cores than there are.
        threads = settings.threads or max(1, (os.cpu_count() or 1) // count)
        given = {"HOST": settings.host, "PORT": settings.port, "THREADS": threads}
        os.environ.update({f"LAWSEARCH_{name}": str(value) for name, value in given.items()})
        self.address = address
        config = configured(
            "lawsearch.serving:application", factory=True, workers=count, timeout_worker_healthcheck=SILENT
        )
        super().__init__(config, [listener])

    def init_processes(self) -> None:
        """Start them, and wait until all answer, one is dead or somebody stops the server."""
        with err.status(f"loading the index and the models in {self.processes_num} processes"):
            super().init_processes()
            while not (ready := all(process.is_ready(1) for process in self.processes)):
                self.handle_signals()
                if self.should_exit.wait(0.1) or not all(one.process.is_alive() for one in self.processes):
                    break
        if ready:
            out.print(f"lawsearch is at [bold]{self.address}[/]  (stop with Ctrl-C)")
