"""Transport: HTTP to addresses that others wrote, with a bound on the whole time and none into the own network.

An official site may redirect anywhere, and a name may resolve to anything. So what is checked is the very address that
is connected to; and because a server that drips bytes never runs into a time-out between two of them, every wait is
also held to what is left of the whole.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.request import getproxies, proxy_bypass

import httpcore2
import httpx2

from lawsearch.trust import trusting

#: What goes wrong on the way to a server and back, and may go well the next time.
PASSING = (httpcore2.TimeoutException, httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.ProxyError)
#: IPv6 addresses that carry an IPv4 address in their last four bytes (RFC 6052).
_CARRIERS = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("::/96"))


class ForbiddenAddressError(Exception):
    """An address that nothing is fetched from: another scheme, a password in it, or this machine's own network."""


def public(address: str) -> bool:
    """Whether a numeric address is of the open internet: not this machine, a private network, a link, a group."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour
        if inner is None and any(ip in network for network in _CARRIERS):
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return public(str(inner))
    return ip.is_global and not ip.is_multicast


class Clock:
    """What is left of a time that several waits share, in seconds."""

    def __init__(self) -> None:
        self.until = float("inf")

    def start(self, seconds: float) -> None:
        self.until = time.monotonic() + seconds

    def extend(self, seconds: float) -> None:
        """Waiting out of politeness does not count."""
        self.until += seconds

    @property
    def over(self) -> bool:
        return time.monotonic() >= self.until

    def left(self, most: float | None) -> float:
        """Seconds that the next wait may take. Raises httpcore2.ReadTimeout where the time is over."""
        left = self.until - time.monotonic()
        if left <= 0:
            raise httpcore2.ReadTimeout("it took too long altogether")
        return left if most is None else min(left, most)


class _Stream(httpcore2.NetworkStream):
    """A connection whose waits are held to what is left of the whole time."""

    def __init__(self, inner: httpcore2.NetworkStream, clock: Clock) -> None:
        self._inner = inner
        self._clock = clock

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, self._clock.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, self._clock.left(timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, self._clock.left(timeout)), self._clock)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _Backend(httpcore2.NetworkBackend):
    """Connects to public addresses only, unless ``private`` ones are allowed."""

    def __init__(self, clock: Clock, private: bool) -> None:
        self._clock = clock
        self._private = private
        self._plain = httpcore2.SyncBackend()

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:  # fmt: skip
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise httpcore2.ConnectError(f"the name {host} is not known") from None
        numeric = list(dict.fromkeys(str(place[0]) for *_, place in found))
        allowed = [a for a in numeric if self._private or public(a)]
        if not allowed:
            raise ForbiddenAddressError(f"{host} is in this machine's own network ({', '.join(numeric)})")
        for last, address in enumerate(allowed, start=1 - len(allowed)):
            try:
                # Connected to by number: asked again, the name may mean another machine.
                plain = self._plain.connect_tcp(
                    address, port, self._clock.left(timeout), local_address, socket_options or ()
                )
                return _Stream(plain, self._clock)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                if last == 0:
                    raise
        raise AssertionError("there is an address")


class _Body(httpx2.SyncByteStream):
    """The body of an answer, as it comes."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __iter__(self) -> Iterator[bytes]:
        yield from self._inner

    def close(self) -> None:
        self._inner.close()


class Transport(httpx2.BaseTransport):
    """One connection a request, verified TLS, through the proxy of the environment where there is one.

    Behind a proxy the proxy resolves names and decides what can be reached; only numbers and this machine's own
    name are checked here.
    """

    def __init__(self, clock: Clock, *, private: bool = False, ca_file: Path | None = None) -> None:
        """``ca_file`` holds certificates (PEM) that are trusted besides those of the system. Raises SettingsError."""
        self._clock = clock
        self._private = private
        self._context = trusting(ca_file)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        url = request.url
        if url.scheme not in ("http", "https") or not url.host or url.userinfo:
            raise ForbiddenAddressError("only http and https are fetched, without a name or password in the address")
        proxy = None if proxy_bypass(url.host) else getproxies().get(url.scheme)
        if proxy and not self._private and _inward(url.host):
            raise ForbiddenAddressError(f"{url.host} is in this machine's own network")
        pool = httpcore2.ConnectionPool(
            ssl_context=self._context, max_keepalive_connections=0, proxy=_proxy(proxy) if proxy else None,
            network_backend=_Backend(self._clock, self._private or bool(proxy)),
        )  # fmt: skip
        inner = httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        answer = pool.handle_request(
            httpcore2.Request(request.method, inner, headers=request.headers.raw, extensions=request.extensions)
        )
        return httpx2.Response(answer.status, headers=answer.headers, stream=_Body(answer.stream))


def distrusted(error: BaseException) -> str:
    """Why a certificate was not trusted, or empty where an error is of another kind."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ssl.SSLCertVerificationError):
            return seen.verify_message
        seen = seen.__cause__ or seen.__context__
    return ""


def _inward(host: str) -> bool:
    try:
        return not public(host)
    except ValueError:
        return host.lower().rstrip(".").endswith("localhost")


def _proxy(address: str) -> httpcore2.Proxy:
    proxy = httpx2.Proxy(address)
    url = proxy.url
    place = httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
    return httpcore2.Proxy(url=place, auth=proxy.raw_auth)
