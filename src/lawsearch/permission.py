"""Who may write, and who may read: a token where the server can be reached by others, and no posts from other sites."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
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


def local(host: str) -> bool:
    """Whether an address is of this machine only."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def needs_token(settings: Settings) -> bool:
    """Whether writing needs a token: always where one is set, and where others can reach the server."""
    return bool(settings.token.get_secret_value()) or not local(settings.host)


def proof(settings: Settings) -> str:
    """What a browser keeps instead of the token: worthless once the token changes, and no way back to it."""
    return hmac.new(settings.token.get_secret_value().encode(), b"lawsearch entered", hashlib.sha256).hexdigest()


def fits(settings: Settings, token: str) -> bool:
    """Whether ``token`` is the one of the settings."""
    wanted = settings.token.get_secret_value()
    return bool(wanted) and hmac.compare_digest(token.encode(), wanted.encode())


def entered(request: Request, settings: Settings) -> bool:
    """Whether a request carries the token, as a header or as the cookie of a browser where it was entered."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return fits(settings, given.strip())
    cookie = request.cookies.get(ENTERED, "")
    return bool(settings.token.get_secret_value()) and hmac.compare_digest(cookie.encode(), proof(settings).encode())


def may_write(request: Request) -> bool:
    """Whether a request may write, as far as its token goes: what pages offer forms by."""
    settings: Settings = request.app.state.service.settings
    return not needs_token(settings) or entered(request, settings)


def reading(request: Request) -> None:
    """Let pass what may be read. Raises HTTPException (401)."""
    settings: Settings = request.app.state.service.settings
    if settings.open_reading or not needs_token(settings) or request.url.path in FREE or entered(request, settings):
        return
    if request.method == "GET" and not is_api(request.url.path):
        here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        raise HTTPException(303, "Reading needs the token here", {"Location": f"/enter?next={quote(here, safe='')}"})
    raise _unknown(settings)


def writing(request: Request) -> None:
    """Let pass what may write: not from another site, and with the token where one is needed.

    Raises HTTPException (401, 403).
    """
    settings: Settings = request.app.state.service.settings
    same_site(request)
    if not needs_token(settings):
        # Without a token, the name of this machine is all that tells its user from a page that took over a name.
        # A proxy may name this machine as the host; what it adds to a request tells.
        proxied = any(name in request.headers for name in ("x-forwarded-for", "x-real-ip", "forwarded", "via"))
        if proxied or not local(_split(f"//{request.headers.get('host', '')}").hostname or ""):
            raise HTTPException(403, "Writing without a token is for this machine only; the request comes from another")
        return
    if not entered(request, settings):
        raise _unknown(settings)


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


def _unknown(settings: Settings) -> HTTPException:
    if not settings.token.get_secret_value():
        return HTTPException(403, "This server can be reached by others and has no token: nobody may write")
    return HTTPException(401, "The token is missing or wrong", {"WWW-Authenticate": "Bearer"})


def enter(request: Request, response: Response, token: str) -> bool:
    """Give a browser the cookie where ``token`` is right; says whether it is."""
    settings: Settings = request.app.state.service.settings
    if not fits(settings, token):
        return False
    _set(request, response, ENTERED, proof(settings), DAY)
    return True


def leave(response: Response) -> None:
    """Take the cookie back."""
    response.delete_cookie(ENTERED, path="/")


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
