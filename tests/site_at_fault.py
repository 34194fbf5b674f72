"""A site on this machine that misbehaves as told."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Behaviour = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    server: Site
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.asked.append((self.path, dict(self.headers)))
        planned = self.server.routes.get(self.path, [reply(404, b"nothing here", "text/plain")])
        self.close_connection = True
        (planned.pop(0) if len(planned) > 1 else planned[0])(self)

    def do_POST(self) -> None:
        self.server.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Site(ThreadingHTTPServer):
    """What is at an address is a list of behaviours, one a request; the last one stays. Without a robots.txt."""

    daemon_threads = True

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.routes: dict[str, list[Behaviour]] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.bodies: list[bytes] = []
        self.closing = threading.Event()
        self.address = f"http{'s' if context else ''}://127.0.0.1:{self.server_address[1]}"
        if context:
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def at(self, path: str, *behaviours: Behaviour) -> str:
        """Behave so at ``path``; its whole address."""
        self.routes[path] = list(behaviours)
        return self.address + path

    def count(self, path: str) -> int:
        return sum(asked == path for asked, _ in self.asked)

    def handle_error(self, *_: object) -> None:
        """A client that goes away is what is tested."""

    @classmethod
    @contextlib.contextmanager
    def running(cls, context: ssl.SSLContext | None = None) -> Iterator[Site]:
        with cls(context) as site:
            thread = threading.Thread(target=site.serve_forever, args=[0.01], daemon=True)
            thread.start()
            try:
                yield site
            finally:
                site.closing.set()
                site.shutdown()
                thread.join()


def reply(
    status: int = 200, data: bytes = b"", kind: str = "application/pdf", *, length: int | None = None,
    only_if: str = "", **headers: str,
) -> Behaviour:  # fmt: skip
    """An answer; ``length`` is what it says of its length, ``only_if`` the tag with which it answers 304."""

    def behave(handler: Handler) -> None:
        unchanged = bool(only_if) and handler.headers.get("If-None-Match") == only_if
        handler.send_response(304 if unchanged else status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        if only_if:
            handler.send_header("ETag", only_if)
        if unchanged:
            handler.end_headers()
            return
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(data) if length is None else length))
        handler.end_headers()
        handler.wfile.write(data)

    return behave


def redirect(to: str, status: int = 302) -> Behaviour:
    return reply(status, b"", "text/html", Location=to)


def stalls(data: bytes = b"") -> Behaviour:
    """Says nothing at all, or nothing any more after the first half of ``data``."""

    def behave(handler: Handler) -> None:
        if data:
            reply(200, data[: len(data) // 2], length=len(data))(handler)
            handler.wfile.flush()
        handler.server.closing.wait(10)

    return behave


def drips(data: bytes, *, head: bool = False) -> Behaviour:
    """Sends byte after byte, each well within any patience, without end; with ``head`` the headers already so."""

    def behave(handler: Handler) -> None:
        if not head:
            reply(200, data, length=1_000_000)(handler)
        else:
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while not handler.server.closing.wait(0.02):
            handler.wfile.write(b"x")
            handler.wfile.flush()

    return behave


def chunked(data: bytes, *, whole: bool) -> Behaviour:
    """Sends in chunks; without ``whole`` the last one never comes."""

    def behave(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        handler.wfile.write(b"%x\r\n%s\r\n" % (len(data), data) + (b"0\r\n\r\n" if whole else b""))

    return behave


def hangs_up(handler: Handler) -> None:
    """Closes the connection without an answer."""
    handler.connection.shutdown(socket.SHUT_RDWR)
