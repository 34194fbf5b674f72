"""Who may write, and who may read: a token where the server can be reached by others, no posts from other sites, and
no names that a stranger could have given to this machine."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, unquote, urlsplit

from fastapi import HTTPException, Request, Response

from lawsearch.edge import is_api
from lawsearch.settings import Settings

#: Cookies: the proof that the token was entered, and the name that decisions are signed with.
ENTERED, NAME = "lawsearch_entered", "lawsearch_name"
#: Addresses that need no token to be read: where it is entered, and what watches the server.
FREE = ("/enter", "/healthz")
#: How long cookies last, in seconds: a working day, a year.
DAY, YEAR = 12 * 3600, 365 * 86400
#: What proxies add to a request.
_PROXIED = ("x-forwarded-for", "x-real-ip", "forwarded", "via")
_HOST = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[^\s:/?#@\[\]]+)(?::\d{1,5})?")


def local(host: str) -> bool:
    """Whether an address is of this machine only."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class Door:
    """Who may come in: made of the settings once. Of the token it keeps a digest only."""

    digest: bytes
    alone: bool
    open_reading: bool
    hosts: frozenset[str]

    @classmethod
    def of(cls, settings: Settings) -> Door:
        token = settings.token.get_secret_value()
        hosts = frozenset(name.lower().rstrip(".") for name in settings.hosts)
        return cls(_digest(token) if token else b"", local(settings.host), settings.open_reading, hosts)

    @property
    def needs_token(self) -> bool:
        """Whether writing needs a token: always where one is set, and where others can reach the server."""
        return bool(self.digest) or not self.alone

    @property
    def proof(self) -> str:
        """What a browser keeps instead of the token: worthless once the token changes, and no way back to it."""
        return hmac.new(self.digest, b"lawsearch entered", hashlib.sha256).hexdigest()

    def fits(self, token: str) -> bool:
        """Whether ``token`` is the one of the settings, in the same time whatever it is."""
        return hmac.compare_digest(_digest(token), self.digest)

    def entered(self, request: Request) -> bool:
        """Whether a request carries the token, as a header or as the cookie of a browser where it was entered."""
        if not self.digest:
            return False
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return self.fits(given.strip())
        return hmac.compare_digest(request.cookies.get(ENTERED, "").encode(), self.proof.encode())

    def named(self, host: str) -> bool:
        """Whether ``host``, the header of a request, names this server.

        A page elsewhere can have its own name point to this machine (DNS rebinding) and would then be of the same
        site as what it reads here; only the name in the header tells. Who has to show a token is safe from it.
        """
        if not self.hosts and self.needs_token:
            return True
        match = _HOST.fullmatch(host)
        return match is not None and (local(match["name"]) or match["name"].lower().rstrip(".") in self.hosts)


def door_of(request: Request) -> Door:
    """The door of the server that a request is for."""
    return request.app.state.door


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def may_write(request: Request) -> bool:
    """Whether a request may write, as far as its token goes: what pages offer forms by."""
    door = door_of(request)
    return not door.needs_token or door.entered(request)


def reading(request: Request) -> None:
    """Let pass what may be read. Raises HTTPException (401)."""
    door = door_of(request)
    if door.open_reading or not door.needs_token or request.url.path in FREE or door.entered(request):
        return
    if request.method == "GET" and not is_api(request.url.path):
        here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        raise HTTPException(303, "Reading needs the token here", {"Location": f"/enter?next={quote(here, safe='')}"})
    raise _unknown(door)


def writing(request: Request) -> None:
    """Let pass what may write: not from another site, and with the token where one is needed.

    Raises HTTPException (401, 403).
    """
    door = door_of(request)
    same_site(request)
    if not door.needs_token:
        # A proxy may name this machine as the host; what it adds to a request tells.
        if any(name in request.headers for name in _PROXIED):
            raise HTTPException(403, "Writing without a token is for this machine only; the request comes from another")
        return
    if not door.entered(request):
        raise _unknown(door)


def same_site(request: Request) -> None:
    """Refuse what a page of another site sends with a browser's cookies or from a browser's place in the network.

    Raises HTTPException (403).
    """
    fetched = request.headers.get("sec-fetch-site")
    if fetched is not None:
        foreign = fetched not in ("same-origin", "none")
    elif (origin := request.headers.get("origin")) is not None:
        foreign = _split(origin).netloc != request.headers.get("host", "")
    else:
        # No browser says neither; programs send no cookie, they have the header.
        foreign = ENTERED in request.cookies
    if foreign:
        raise HTTPException(403, "The request comes from another site")


def _split(address: str) -> SplitResult:
    try:
        return urlsplit(address)
    except ValueError:  # a bracket out of place
        return urlsplit("")


def _unknown(door: Door) -> HTTPException:
    if not door.digest:
        return HTTPException(403, "This server can be reached by others and has no token: nobody may write")
    return HTTPException(401, "The token is missing or wrong", {"WWW-Authenticate": "Bearer"})


def enter(request: Request, response: Response, token: str) -> bool:
    """Give a browser the cookie where ``token`` is right; says whether it is."""
    door = door_of(request)
    if not door.digest or not door.fits(token):
        return False
    _set(request, response, ENTERED, door.proof, DAY)
    return True


def leave(response: Response) -> None:
    """Take the cookie back."""
    response.delete_cookie(ENTERED, path="/", httponly=True, samesite="strict")


def signed(request: Request) -> str:
    """The name that this browser signs with, or empty."""
    return unquote(request.cookies.get(NAME, ""))[:100]


def sign(request: Request, response: Response, name: str) -> None:
    """Remember the name that this browser signs with."""
    _set(request, response, NAME, quote(name), YEAR)


def inward(address: str) -> str:
    """``address`` where it is one of this server, else its start: nobody is led elsewhere."""
    return address if address.startswith("/") and not address.startswith(("//", "/\\")) else "/"


def _set(request: Request, response: Response, name: str, value: str, age: int) -> None:
    secure = request.url.scheme == "https"
    response.set_cookie(name, value, max_age=age, path="/", secure=secure, httponly=True, samesite="strict")
