"""Delivery: the report of a night to a webhook and by e-mail, as far as the settings name them.

Nothing here fails a run: each channel answers whether it worked and if not, why. No answer, log line or error repeats
the address of a webhook, which is as good as a password, or a password.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import smtplib
import ssl
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.errors import MessageError
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

import httpx2

from lawsearch import __version__
from lawsearch.errors import SettingsError
from lawsearch.settings import Settings
from lawsearch.trust import trusting

log = logging.getLogger(__name__)
# It names every address that it asks, at a level that people do turn on.
logging.getLogger("httpx2").setLevel(logging.WARNING)
#: Attempts for each channel, seconds before the second (twice as many before each further one), seconds that one takes.
ATTEMPTS, BACKOFF, PATIENCE = 3, 5.0, 30.0
#: Bytes of JSON up to which it is attached to a mail; many servers take no more than 10 MB.
ATTACHED = 5_000_000
_TEMPORARY = (408, 425, 429, 500, 502, 503, 504)
WEBHOOK, MAIL = "webhook", "e-mail"


@dataclass(frozen=True, slots=True)
class Delivered:
    """What became of a report on one channel: ``webhook`` or ``e-mail``; ``reason`` says why it failed."""

    channel: str
    ok: bool
    reason: str = ""


class _Failed(Exception):
    """It could not be delivered, and why; ``again`` where it may work a little later."""

    def __init__(self, reason: str, *, again: bool = False) -> None:
        super().__init__(reason)
        self.again = again


def deliver(
    subject: str, text: str, data: Mapping[str, object], settings: Settings, *,
    sleep: Callable[[float], None] = time.sleep,
) -> list[Delivered]:  # fmt: skip
    """Send a report on every channel that the settings name: ``subject`` in a line, ``text`` for people, ``data`` for
    programs (what JSON can hold). Returns one answer for each channel, none where none is set; raises nothing."""
    found = []
    if settings.webhook_url.get_secret_value():
        body = json.dumps({"subject": subject, "text": text, "data": data}, ensure_ascii=False, default=str).encode()
        number = str(uuid.uuid4())
        found.append(_attempted(WEBHOOK, lambda: _post(body, number, settings), sleep))
    if settings.smtp_host:
        found.append(_attempted(MAIL, lambda: _mail(subject, text, data, settings), sleep))
    return found


def signature(body: bytes, when: str, secret: str) -> str:
    """What a post is signed with: HMAC-SHA256, in hex, of the time (seconds since 1970), a full stop and the body."""
    return hmac.new(secret.encode(), when.encode() + b"." + body, hashlib.sha256).hexdigest()


def _attempted(channel: str, send: Callable[[], None], sleep: Callable[[float], None]) -> Delivered:
    for attempt in range(1, ATTEMPTS + 1):
        try:
            send()
        except _Failed as failure:
            if failure.again and attempt < ATTEMPTS:
                sleep(BACKOFF * 2 ** (attempt - 1))
                continue
            found = Delivered(channel, False, str(failure))
        except SettingsError as error:
            found = Delivered(channel, False, str(error))
        except Exception as error:
            # Whatever else goes wrong may not fail the run, and its words may repeat a secret.
            found = Delivered(channel, False, f"an error nobody foresaw ({type(error).__name__})")
        else:
            found = Delivered(channel, True)
        break
    log.log(logging.INFO if found.ok else logging.WARNING, "report by %s: %s", channel, found.reason or "sent")
    return found


def _post(body: bytes, number: str, settings: Settings) -> None:
    when = str(int(time.time()))
    headers = {
        "Content-Type": "application/json; charset=utf-8", "User-Agent": f"lawsearch/{__version__}",
        "X-Lawsearch-Delivery": number, "X-Lawsearch-Timestamp": when,
    }  # fmt: skip
    if secret := settings.webhook_secret.get_secret_value():
        headers["X-Lawsearch-Signature"] = f"sha256={signature(body, when, secret)}"
    try:
        with (
            httpx2.Client(verify=trusting(settings.ca_file), timeout=PATIENCE, follow_redirects=False) as client,
            # Of the answer only the status counts; its body may be anything.
            client.stream("POST", settings.webhook_url.get_secret_value(), content=body, headers=headers) as answer,
        ):
            status = answer.status_code
    except httpx2.TimeoutException:
        raise _Failed(f"no answer within {PATIENCE:.0f} seconds", again=True) from None
    except (httpx2.NetworkError, httpx2.ProtocolError, httpx2.ProxyError) as error:
        raise _Failed(f"it cannot be reached: {_plain(error, settings)}", again=True) from None
    if 300 <= status < 400:
        raise _Failed(f"it redirects (status {status}), which is not followed; correct webhook_url")
    if status >= 400:
        raise _Failed(f"it answered with status {status}", again=status in _TEMPORARY)


def _plain(error: Exception, settings: Settings) -> str:
    """What an error says, as far as it does not repeat the webhook's address."""
    words = str(error)
    url = httpx2.URL(settings.webhook_url.get_secret_value())
    secrets = (url.path.strip("/"), url.query.decode("ascii", "replace"), url.password)
    return type(error).__name__ if not words or any(s and s in words for s in secrets) else words


def _mail(subject: str, text: str, data: Mapping[str, object], settings: Settings) -> None:
    try:
        message = _message(subject, text, data, settings)
        refused = _sent(message, settings)
    except smtplib.SMTPAuthenticationError:
        raise _Failed("the mail server does not accept smtp_user and smtp_password") from None
    except smtplib.SMTPNotSupportedError as error:
        # Without TLS nothing is sent at all: no server can talk us out of it.
        raise _Failed(f"the mail server cannot do what is needed: {error}") from None
    except smtplib.SMTPRecipientsRefused as error:
        again = all(400 <= code < 500 for code, _ in error.recipients.values())
        raise _Failed(f"the mail server refuses {', '.join(error.recipients)}", again=again) from None
    except smtplib.SMTPResponseException as error:
        again = 400 <= error.smtp_code < 500
        raise _Failed(f"the mail server answered with status {error.smtp_code}", again=again) from None
    except smtplib.SMTPException as error:
        raise _Failed(f"the mail server hung up ({type(error).__name__})", again=True) from None
    except ssl.SSLCertVerificationError as error:
        raise _Failed(f"the mail server's certificate is not trusted: {error.verify_message}") from None
    except OSError as error:
        raise _Failed(f"the mail server cannot be reached: {error.strerror or error}", again=True) from None
    except (MessageError, UnicodeError, ValueError) as error:
        raise _Failed(f"no message can be made of mail_from and mail_to ({type(error).__name__})") from None
    if refused:
        raise _Failed(f"the mail server refuses {', '.join(refused)}; the others have it")


def _message(subject: str, text: str, data: Mapping[str, object], settings: Settings) -> EmailMessage:
    attached = json.dumps(data, ensure_ascii=False, indent=1, default=str).encode()
    message = EmailMessage()
    # A title of a law may hold anything, but a header is one line.
    message["Subject"] = " ".join(subject.split())
    message["From"] = settings.mail_from
    message["To"] = ", ".join(settings.mail_to)
    message["Date"] = formatdate()
    message["Message-ID"] = make_msgid(domain=settings.mail_from.rpartition("@")[2].strip("<> ") or "localhost")
    message["Auto-Submitted"] = "auto-generated"
    if len(attached) > ATTACHED:
        text += "\n\nThe details are too long for a mail; they are on the server.\n"
    message.set_content(text)
    if len(attached) <= ATTACHED:
        message.add_attachment(attached, maintype="application", subtype="json", filename="report.json")
    return message


def _sent(message: EmailMessage, settings: Settings) -> dict[str, tuple[int, bytes]]:
    """Hand a message to the mail server; those whom it refuses while others are served. Raises smtplib's errors."""
    context = trusting(settings.ca_file)
    place = (settings.smtp_host, settings.smtp_port)
    with (
        smtplib.SMTP_SSL(*place, timeout=PATIENCE, context=context)
        if settings.smtp_tls == "tls"
        else smtplib.SMTP(*place, timeout=PATIENCE)
    ) as server:
        if settings.smtp_tls == "starttls":
            server.starttls(context=context)
        if settings.smtp_user:
            server.login(settings.smtp_user, settings.smtp_password.get_secret_value())
        return server.send_message(message)
