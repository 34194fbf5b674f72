from __future__ import annotations

import hashlib
import hmac
import json
import logging
import smtplib
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope
from site_at_fault import Site, drips, hangs_up, redirect, reply

from lawsearch import delivery
from lawsearch.delivery import MAIL, WEBHOOK, Delivered, deliver
from lawsearch.settings import Settings

SECRET = "hook-3f9a2c"
PASSWORD = "swordfish-and-more"
DATA = {"changed": ["/akn/th/act/2041/โคม"], "failed": []}


@pytest.fixture(autouse=True)
def direct(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")


def sent(settings: Settings, subject: str = "2 laws changed", text: str = "โคม: changed\n") -> list[Delivered]:
    return deliver(subject, text, DATA, settings, sleep=lambda _: None)


# -- the webhook ------------------------------------------------------------------------------------------------------


@pytest.fixture
def receiver() -> Iterator[Site]:
    with Site.running() as receiver:
        yield receiver


def hooked(receiver: Site, **given: object) -> Settings:
    return Settings(webhook_url=f"{receiver.address}/{SECRET}", **given)  # type: ignore[arg-type]


def test_without_channels_nothing_is_sent() -> None:
    assert sent(Settings()) == []


def test_a_report_is_posted_and_signed(receiver: Site) -> None:
    receiver.at(f"/{SECRET}", reply(204))
    assert sent(hooked(receiver, webhook_secret="key")) == [Delivered(WEBHOOK, True)]
    (body,), ((_, headers),) = receiver.bodies, receiver.asked
    assert json.loads(body) == {"subject": "2 laws changed", "text": "โคม: changed\n", "data": DATA}
    assert headers["Content-Type"] == "application/json; charset=utf-8"
    when = headers["X-Lawsearch-Timestamp"]
    assert abs(int(when) - time.time()) < 60
    expected = hmac.new(b"key", f"{when}.".encode() + body, hashlib.sha256).hexdigest()
    assert headers["X-Lawsearch-Signature"] == f"sha256={expected}"


def test_without_a_secret_it_is_not_signed(receiver: Site) -> None:
    receiver.at(f"/{SECRET}", reply(200, b"ok"))
    assert sent(hooked(receiver)) == [Delivered(WEBHOOK, True)]
    assert "X-Lawsearch-Signature" not in receiver.asked[0][1]


def test_it_is_posted_again_under_the_same_number(receiver: Site) -> None:
    receiver.at(f"/{SECRET}", reply(503), hangs_up, reply(200))
    assert sent(hooked(receiver)) == [Delivered(WEBHOOK, True)]
    assert len({headers["X-Lawsearch-Delivery"] for _, headers in receiver.asked}) == 1
    assert len(set(receiver.bodies)) == 1


@pytest.mark.parametrize(
    ("behaviour", "reason", "times"),
    [
        (reply(500), "status 500", 3), (reply(429), "status 429", 3), (reply(404), "status 404", 1),
        (reply(401), "status 401", 1), (redirect("/elsewhere"), "redirects (status 302)", 1),
        (redirect("/elsewhere", 308), "redirects (status 308)", 1), (hangs_up, "cannot be reached", 3),
        (drips(b"", head=True), "no answer within", 3),
    ],
)  # fmt: skip
def test_what_a_receiver_refuses_is_told_without_its_address(
    behaviour: Callable, reason: str, times: int, receiver: Site, caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(delivery, "PATIENCE", 0.01)
    receiver.at(f"/{SECRET}", behaviour)
    with caplog.at_level(logging.DEBUG):
        (one,) = sent(hooked(receiver, webhook_secret=PASSWORD))
    assert not one.ok
    assert reason in one.reason
    assert (receiver.count(f"/{SECRET}"), receiver.count("/elsewhere")) == (times, 0)
    assert "report by webhook" in caplog.text
    for secret in (SECRET, PASSWORD):
        assert secret not in caplog.text + one.reason


def test_a_receiver_that_is_not_there() -> None:
    (one,) = sent(Settings(webhook_url=f"http://nowhere.invalid/{SECRET}"))  # type: ignore[arg-type]
    assert (one.ok, SECRET in one.reason) == (False, False)


def test_a_certificate_is_verified(tmp_path: Path) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with Site.running(context) as receiver:
        receiver.at(f"/{SECRET}", reply(200))
        (one,) = sent(hooked(receiver))
        assert not one.ok
        assert "CERTIFICATE_VERIFY_FAILED" in one.reason
        assert receiver.asked == []
        assert sent(hooked(receiver, ca_file=tmp_path / "ca.pem")) == [Delivered(WEBHOOK, True)]
        (tmp_path / "ca.pem").write_text("no certificate")
        (one,) = sent(hooked(receiver, ca_file=tmp_path / "ca.pem"))
        assert "ca_file" in one.reason


def test_an_error_that_nobody_foresaw_fails_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError(PASSWORD)

    monkeypatch.setattr(delivery, "_post", broken)
    (one,) = sent(Settings(webhook_url="http://a/"))  # type: ignore[arg-type]
    assert one == Delivered(WEBHOOK, False, "an error nobody foresaw (RuntimeError)")


# -- e-mail -----------------------------------------------------------------------------------------------------------


class Letters:
    """A mail server's box; refuses whom and what it is told to."""

    def __init__(self) -> None:
        self.box: list[Envelope] = []
        self.logins: list[tuple[bytes, bytes]] = []
        self.refused: dict[str, str] = {}
        self.answers: list[str] = []

    async def handle_RCPT(  # noqa: N802 - the name is aiosmtpd's
        self, _server: object, _session: object, envelope: Envelope, address: str, _options: object
    ) -> str:
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: object, _session: object, envelope: Envelope) -> str:  # noqa: N802
        answer = self.answers.pop(0) if self.answers else "250 OK"
        if answer.startswith("250"):
            self.box.append(envelope)
        return answer

    def authenticate(self, *given: Any) -> AuthResult:
        login, password = given[-1].login, given[-1].password
        self.logins.append((login, password))
        # Not handled: the server is to say so to the client, which would wait for an answer for ever.
        return AuthResult(success=password == PASSWORD.encode(), handled=False)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def contexts(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, Path]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return context, path


@contextmanager
def post_office(letters: Letters, context: ssl.SSLContext | None = None, *, tls: bool = False) -> Iterator[int]:
    """A mail server's port; with ``context`` it offers STARTTLS, and with ``tls`` it speaks TLS from the start."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    given = {"tls_context": context, "require_starttls": True} if context and not tls else {}
    if context:
        given |= {"authenticator": letters.authenticate, "auth_require_tls": not tls}

    class Office(Controller):
        def factory(self) -> SMTP:
            return SMTP(self.handler, **self.SMTP_kwargs)

    office = Office(letters, "127.0.0.1", port, ssl_context=context if tls else None, **given)
    office.start()
    try:
        yield port
    finally:
        office.stop()


def by_mail(port: int, **given: object) -> Settings:
    values = {
        "smtp_host": "127.0.0.1", "smtp_port": port, "smtp_tls": "none", "mail_from": "Lawsearch <laws@example.org>",
        "mail_to": ("a@example.org", "b@example.org"), **given,
    }  # fmt: skip
    return Settings(**values)  # type: ignore[arg-type]


def read(envelope: Envelope) -> EmailMessage:
    assert isinstance(envelope.content, bytes)
    message = message_from_bytes(envelope.content, policy=default)
    assert isinstance(message, EmailMessage)
    return message


def test_a_report_goes_by_mail() -> None:
    letters = Letters()
    with post_office(letters) as port:
        assert sent(by_mail(port), "2 laws\r\nBcc: x@example.org\u2028changed") == [Delivered(MAIL, True)]
    (envelope,) = letters.box
    assert (envelope.mail_from, envelope.rcpt_tos) == ("laws@example.org", ["a@example.org", "b@example.org"])
    message = read(envelope)
    assert message["Subject"] == "2 laws Bcc: x@example.org changed"
    assert message["Bcc"] is None
    assert message["To"] == "a@example.org, b@example.org"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"].strip().endswith("@example.org>")
    assert message["Date"].datetime
    body = message.get_body()
    assert body
    assert body.get_content().splitlines() == ["โคม: changed"]
    (attached,) = message.iter_attachments()
    assert (attached.get_filename(), json.loads(attached.get_content())) == ("report.json", DATA)


@pytest.mark.parametrize("tls", [True, False])
def test_the_password_goes_only_over_verified_tls(tls: bool, contexts: tuple[ssl.SSLContext, Path]) -> None:
    letters = Letters()
    context, ca_file = contexts
    given = {"smtp_tls": "tls" if tls else "starttls", "smtp_user": "laws", "smtp_password": PASSWORD}
    with post_office(letters, context, tls=tls) as port:
        (one,) = sent(by_mail(port, **given))
        assert not one.ok
        assert "certificate" in one.reason.lower()
        assert letters.logins == []
        assert sent(by_mail(port, **given, ca_file=ca_file)) == [Delivered(MAIL, True)]
        (one,) = sent(by_mail(port, **{**given, "smtp_password": "wrong"}, ca_file=ca_file))
        assert one.reason == "the mail server does not accept smtp_user and smtp_password"
    assert letters.logins[0] == (b"laws", PASSWORD.encode())
    assert len(letters.box) == 1


def test_nobody_talks_us_out_of_tls() -> None:
    letters = Letters()
    with post_office(letters) as port:
        (one,) = sent(by_mail(port, smtp_tls="starttls"))
    assert (one.ok, letters.box) == (False, [])
    assert "STARTTLS" in one.reason


def test_whom_a_server_refuses_is_named_and_the_others_have_it() -> None:
    letters = Letters()
    letters.refused = {"b@example.org": "550 no such box"}
    with post_office(letters) as port:
        (one,) = sent(by_mail(port))
        assert one == Delivered(MAIL, False, "the mail server refuses b@example.org; the others have it")
        assert len(letters.box) == 1, "it is not sent to the others again"
        letters.refused["a@example.org"] = "550 no such box"
        (one,) = sent(by_mail(port))
        assert one.reason == "the mail server refuses a@example.org, b@example.org"


def test_what_passes_is_tried_again_and_what_does_not_is_told() -> None:
    letters = Letters()
    letters.answers = ["451 later", "451 later"]
    with post_office(letters) as port:
        assert sent(by_mail(port)) == [Delivered(MAIL, True)]
        letters.answers = ["554 no", "250 OK"]
        (one,) = sent(by_mail(port))
    assert one == Delivered(MAIL, False, "the mail server answered with status 554")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (one,) = sent(by_mail(port))
    assert "cannot be reached" in one.reason


def test_details_too_long_for_a_mail_stay_on_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "ATTACHED", 10)
    letters = Letters()
    with post_office(letters) as port:
        sent(by_mail(port))
    message = read(letters.box[0])
    assert not list(message.iter_attachments())
    assert "too long for a mail" in message.get_content()


@pytest.mark.parametrize("given", [{"mail_from": "a\r\nBcc: b@example.org"}, {"mail_to": ("a\nb",)}])
def test_an_address_that_is_none(given: dict[str, object]) -> None:
    letters = Letters()
    with post_office(letters) as port:
        (one,) = sent(by_mail(port, **given))
    assert (one.ok, letters.box) == (False, [])


def test_one_channel_does_not_stop_the_other(receiver: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    receiver.at(f"/{SECRET}", reply(500), reply(500), reply(500), reply(200))

    def down(*_: object, **__: object) -> None:
        raise OSError(111, "Connection refused")

    given = {"smtp_host": "127.0.0.1", "mail_from": "a@example.org", "mail_to": ("b@example.org",)}
    monkeypatch.setattr(smtplib, "SMTP", down)
    assert [(one.channel, one.ok) for one in sent(hooked(receiver, **given))] == [(WEBHOOK, False), (MAIL, False)]
    assert [(one.channel, one.ok) for one in sent(hooked(receiver, **given))] == [(WEBHOOK, True), (MAIL, False)]
