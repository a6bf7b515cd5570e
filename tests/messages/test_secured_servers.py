"""Mail servers with certificates and passwords."""

import logging
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from portal.messages.delivery import deliver
from tests.messages.conftest import MailServer
from tests.messages.steps import Mailing, promise, rows, server_row, states


@pytest.fixture
def trusted(certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """The mail server's certificate is one that this machine trusts."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))


def secured(server_tls: ssl.SSLContext) -> dict[str, object]:
    return {"tls_context": server_tls, "require_starttls": True, "auth_required": True}


LOGIN = {
    "smtp_host": "localhost",
    "smtp_security": "starttls",
    "smtp_username": "portal",
    "smtp_password": "s3cret-word",
}


@pytest.mark.usefixtures("trusted")
def test_starttls_and_login(
    mailing: Mailing,
    mail_server: MailServer,
    server_tls: ssl.SSLContext,
) -> None:
    mail_server.start(**secured(server_tls))
    with mailing(**LOGIN).app_context():
        promise(3)
        assert deliver() == "3 sent"
    assert mail_server.logins == [("portal", "s3cret-word")]


@pytest.mark.usefixtures("trusted")
def test_tls_from_the_first_byte(
    mailing: Mailing,
    mail_server: MailServer,
    server_tls: ssl.SSLContext,
) -> None:
    mail_server.start(ssl_context=server_tls, server_hostname="localhost")
    with mailing(smtp_host="localhost", smtp_security="tls").app_context():
        promise(2)
        assert deliver() == "2 sent"


def test_a_certificate_nobody_vouches_for_keeps_everything_waiting(
    mailing: Mailing, mail_server: MailServer, server_tls: ssl.SSLContext
) -> None:
    mail_server.start(**secured(server_tls))
    with mailing(**LOGIN).app_context():
        promise(2)
        deliver()
        server = server_row()
        assert "self-signed certificate" in server.last_error
        assert server.paused_until is not None
        assert server.paused_until > datetime.now(UTC) + timedelta(minutes=4)
        assert states() == ["waiting", "waiting"]
    assert mail_server.logins == []


@pytest.mark.usefixtures("trusted")
def test_a_certificate_of_another_name_keeps_everything_waiting(
    mailing: Mailing,
    mail_server: MailServer,
    server_tls: ssl.SSLContext,
) -> None:
    mail_server.start(**secured(server_tls))
    with mailing(**{**LOGIN, "smtp_host": "127.0.0.1"}).app_context():
        promise()
        deliver()
        assert "IP address mismatch" in server_row().last_error
    assert mail_server.logins == []


def test_a_server_without_starttls_gets_no_password(
    mailing: Mailing, mail_server: MailServer
) -> None:
    mail_server.start()
    with mailing(**{**LOGIN, "smtp_host": "127.0.0.1"}).app_context():
        promise()
        deliver()
        assert "does not offer the encryption" in server_row().last_error
        assert states() == ["waiting"]


@pytest.mark.usefixtures("trusted")
def test_a_wrong_password_is_shown_and_never_written_down(
    mailing: Mailing,
    mail_server: MailServer,
    server_tls: ssl.SSLContext,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    mail_server.start(**secured(server_tls))
    with mailing(**{**LOGIN, "smtp_password": "wr0ng-word"}).app_context():
        promise(2)
        deliver()
        assert server_row().last_error == "Login refused (535)."
        assert [(row.state, row.attempts) for row in rows()] == [("waiting", 0)] * 2
        assert not any("wr0ng-word" in row.last_error for row in rows())
    assert "wr0ng-word" not in caplog.text
    assert "p0@example.org" not in caplog.text


def test_a_server_that_repeats_our_password_does_not_get_it_into_the_books(
    mailing: Mailing, mail_server: MailServer, caplog: pytest.LogCaptureFixture
) -> None:
    mail_server.refuse = lambda address: "550 you said s3cret-word and portal"
    mail_server.start()
    app = mailing()
    settings = app.extensions["portal"].settings
    object.__setattr__(settings, "smtp_password", "s3cret-word")
    with app.app_context():
        promise()
        deliver()
        assert (
            rows()[0].last_error == "The server refused the recipient (550 you said … and portal)."
        )
    assert "s3cret-word" not in caplog.text
