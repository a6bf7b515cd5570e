"""Messages on their way out, to a real mail server that behaves and misbehaves."""

import logging
import ssl
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select, update

from portal import messages
from portal.db import unit_of_work
from portal.messages import claims
from portal.messages.delivery import deliver
from portal.messages.models import MailServer as ServerRow
from portal.messages.models import Message
from portal.messages.queries import faults
from tests.messages.conftest import Dripping, MailServer
from tests.personas import Personas

Mailing = Callable[..., Flask]


def promise(number: int = 1, *, start: int = 0, **options: object) -> None:
    with unit_of_work():
        for one in range(start, start + number):
            messages.queue("test", f"p{one}@example.org", context={"name": f"P{one}"}, **options)  # type: ignore[arg-type]


def rows() -> list[Message]:
    with unit_of_work(write=False) as current:
        found = list(current.scalars(select(Message).order_by(Message.id)))
        current.expunge_all()
        return found


def states() -> list[str]:
    return [row.state for row in rows()]


def server_row() -> ServerRow:
    with unit_of_work(write=False) as current:
        found = current.get_one(ServerRow, 1)
        current.expunge(found)
        return found


def test_a_message_arrives_with_all_its_headers_and_both_bodies(
    mailing: Mailing, mail_server: MailServer
) -> None:
    mail_server.start()
    with mailing(mail_reply_to="Help <help@example.org>").app_context():
        promise()
        assert deliver() == "1 sent"
        (email,) = mail_server.mails
        (row,) = rows()
        assert email["From"] == "The Portal <portal@example.org>"
        assert email["Reply-To"] == "Help <help@example.org>"
        assert email["To"] == email["X-Recipient"] == "p0@example.org"
        assert email["Subject"] == "News for P0 about nothing"
        assert email["Message-ID"] == row.message_id
        assert email["Message-ID"].endswith("@vaccines.example.org>")
        assert email["Auto-Submitted"] == "auto-generated"
        assert abs(email["Date"].datetime - datetime.now(UTC)) < timedelta(seconds=10)
        text, html = email.get_body(("plain",)), email.get_body(("html",))
        assert text is not None
        assert text.get_content().startswith("Hello P0")
        assert html is not None
        assert "<p>Hello P0</p>" in html.get_content()
        assert (row.state, row.attempts, row.last_error) == ("sent", 1, "")
        assert row.sent_at is not None
        assert deliver() is None
        assert faults() == []


def test_what_people_typed_cannot_break_a_header_or_the_page(
    mailing: Mailing, mail_server: MailServer
) -> None:
    mail_server.start()
    with mailing().app_context():
        with unit_of_work():
            messages.queue(
                "test",
                "a@example.org",
                context={"name": "X\r\nBcc: evil@example.org\r\n\r\n<script>", "what": "Ü\u2028漢"},
            )
        deliver()
    (email,) = mail_server.mails
    assert email["Bcc"] is None
    assert email["Subject"] == "News for X Bcc: evil@example.org <script> about Ü 漢"
    html = email.get_body(("html",))
    assert html is not None
    assert "<script>" not in html.get_content()


def test_links_come_from_the_base_address_and_secrets_are_wiped(
    mailing: Mailing, mail_server: MailServer, personas: Personas
) -> None:
    mail_server.start()
    with mailing().app_context():
        with unit_of_work():
            messages.queue(
                "link",
                "a@example.org",
                context={
                    "name": "x",
                    "at": datetime(2026, 7, 1, 16, 30, tzinfo=UTC),
                    "on": date(2026, 7, 2),
                    "calendar": "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n",
                },
                secret={"token": "abc"},
                location_id=personas.locations["A"],
            )
        deliver()
        assert rows()[0].secret is None
    (email,) = mail_server.mails
    text = email.get_body(("plain",))
    assert text is not None
    assert text.get_content().strip() == (
        "https://vaccines.example.org/portal/test?token=abc 07/01/2026 12:30 PM EDT 07/02/2026"
    )
    (calendar,) = list(email.iter_attachments())
    assert calendar.get_content_type() == "text/calendar"
    assert calendar.get_content().startswith("BEGIN:VCALENDAR")


def test_without_a_mail_server_everything_waits_and_nothing_errs(
    mailing: Mailing, mail_server: MailServer
) -> None:
    mail_server.start()
    for options in ({"smtp_host": ""}, {"practice": True}):
        with mailing(**options).app_context():
            promise()
            assert deliver() is None
            assert set(states()) == {"waiting"}
    assert mail_server.connections == 0


def test_a_refused_address_fails_at_once_and_stops_nobody(
    mailing: Mailing, mail_server: MailServer
) -> None:
    mail_server.refuse = lambda address: "550 no such user" if address.startswith("p1@") else ""
    mail_server.answer = lambda email: "554 spam" if email["To"].startswith("p3@") else ""
    mail_server.start()
    with mailing().app_context():
        promise(5)
        deliver()
        found = rows()
        assert [row.state for row in found] == ["sent", "failed", "sent", "failed", "sent"]
        assert found[1].last_error == "The server refused the recipient (550 no such user)."
        assert found[3].last_error == "The server refused the message (554 spam)."
        assert mail_server.connections == 1
        assert server_row().failing_since is None
        with time_machine.travel(datetime.now(UTC) + timedelta(days=3)):
            deliver()
        assert found[1].attempts == 1
        assert len(mail_server.mails) == 3


def test_a_passing_refusal_is_tried_again_with_growing_gaps_for_two_days(
    mailing: Mailing, mail_server: MailServer
) -> None:
    tries: list[datetime] = []

    def greylisted(address: str) -> str:
        tries.append(datetime.now(UTC))
        return "451 try later"

    mail_server.refuse = greylisted
    mail_server.start()
    moment = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
    with time_machine.travel(moment, tick=False) as travel, mailing().app_context():
        promise()
        while states() == ["waiting"]:
            deliver()
            (row,) = rows()
            if row.state == "waiting":
                assert row.last_error == "The server refused the recipient (451 try later)."
                travel.move_to(row.next_try_at)
        assert states() == ["failed"]
        gaps = [(b - a).total_seconds() / 60 for a, b in zip(tries, tries[1:], strict=False)]
        for gap, least in zip(gaps, [1, 5, 15, 30, 60, 60, 60], strict=False):
            assert least <= gap <= least * 1.1 + 0.01
        assert tries[-1] - tries[0] >= timedelta(hours=48)
        assert len(tries) == claims.TRIES


def test_a_greylisted_message_arrives_later(mailing: Mailing, mail_server: MailServer) -> None:
    refusals = iter(["451 later", "450 later"])
    mail_server.refuse = lambda address: next(refusals, "")
    mail_server.start()
    with time_machine.travel(datetime.now(UTC), tick=False) as travel, mailing().app_context():
        promise()
        for _try in range(3):
            deliver()
            travel.shift(timedelta(minutes=6))
        assert states() == ["sent"]
        assert rows()[0].attempts == 3
    assert len(mail_server.mails) == 1


def test_a_server_that_is_down_loses_and_blames_no_message(
    mailing: Mailing, mail_server: MailServer
) -> None:
    with time_machine.travel(datetime.now(UTC), tick=False) as travel, mailing().app_context():
        promise(30)
        for _tick in range(360):
            deliver()
            travel.shift(timedelta(seconds=10))
        server = server_row()
        assert server.failing_since is not None
        assert server.last_error == "The server cannot be reached (connection refused)."
        assert {(row.state, row.attempts) for row in rows()} == {("waiting", 0)}
        assert 55 < server.failures < 80, "about once a minute"
        mail_server.start()
        for _tick in range(7):
            travel.shift(timedelta(seconds=10))
            deliver()
        assert set(states()) == {"sent"}
        assert [str(email["To"]) for email in mail_server.mails] == [
            f"p{one}@example.org" for one in range(30)
        ]
        assert server_row().failing_since is None
        assert server_row().last_error == ""


def test_after_an_outage_no_more_than_so_many_a_minute(
    mailing: Mailing, mail_server: MailServer
) -> None:
    app = mailing(mail_per_minute=25)
    with time_machine.travel(datetime.now(UTC), tick=False) as travel, app.app_context():
        promise(90)
        deliver()
        mail_server.start()
        arrived = [0]
        for _tick in range(40):
            travel.shift(timedelta(seconds=10))
            deliver()
            arrived.append(len(mail_server.mails))
        assert arrived[-1] == 90
        for at in range(len(arrived) - 6):
            assert arrived[at + 6] - arrived[at] <= 25 + 1
        assert arrived[-1] - arrived[1] > 25
        # The outage is over: what comes now leaves at once.
        travel.shift(timedelta(minutes=2))
        deliver()
        assert not server_row().recovering
        promise(60, start=90)
        deliver()
        assert len(mail_server.mails) == 150


def test_what_was_refused_before_is_tried_at_the_same_pace(
    mailing: Mailing, mail_server: MailServer
) -> None:
    mail_server.refuse = lambda address: "451 later"
    mail_server.start()
    app = mailing(mail_per_minute=10)
    with time_machine.travel(datetime.now(UTC), tick=False) as travel, app.app_context():
        promise(40)
        deliver()
        assert {row.attempts for row in rows()} == {1}
        mail_server.refuse = lambda address: ""
        travel.shift(timedelta(minutes=2))
        deliver()
        deliver()
        assert len(mail_server.mails) == 10
        promise(5, start=40)
        deliver()
        assert len(mail_server.mails) == 15, "new ones do not queue behind them"
        for _minute in range(4):
            travel.shift(timedelta(seconds=61))
            deliver()
        assert set(states()) == {"sent"}


@pytest.mark.usefixtures("quick")
def test_a_server_that_hangs_is_given_up(mailing: Mailing, mail_server: MailServer) -> None:
    mail_server.delay = 3
    mail_server.start()
    with mailing().app_context():
        promise(10)
        started = time.monotonic()
        deliver()
        assert time.monotonic() - started < 6
        found = rows()
        assert {row.state for row in found} == {"waiting"}
        assert [row.attempts for row in found] == [1, 1, 1, *[0] * 7]
        assert "no answer in time" in found[0].last_error
        assert server_row().failing_since is not None


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("greeting", [b"", b"220 x\r\n"])
def test_a_server_that_drips_bytes_is_cut_off(mailing: Mailing, greeting: bytes) -> None:
    dripping = Dripping(greeting, b"2", 0.1)
    try:
        with mailing(smtp_port=dripping.port).app_context():
            promise()
            started = time.monotonic()
            deliver()
            assert time.monotonic() - started < 4
            assert server_row().failing_since is not None
            assert states() == ["waiting"]
    finally:
        dripping.stop()


def test_a_connection_reset_while_sending_costs_one_message_one_try(
    mailing: Mailing, mail_server: MailServer
) -> None:
    mail_server.reset = lambda email: email["To"] == "p2@example.org"
    mail_server.start()
    with time_machine.travel(datetime.now(UTC), tick=False) as travel, mailing().app_context():
        promise(5)
        deliver()
        found = rows()
        assert [row.state for row in found] == ["sent", "sent", "waiting", "sent", "sent"]
        assert found[2].last_error.startswith("The connection was lost while sending")
        assert mail_server.connections == 2
        mail_server.reset = lambda email: False
        travel.shift(timedelta(minutes=2))
        deliver()
        assert states() == ["sent"] * 5
    assert set(mail_server.repeats.values()) == {1}


def test_a_sender_the_server_will_not_have_keeps_everything_waiting(
    mailing: Mailing, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_arguments: object) -> str:
        return "550 not you"

    mail_server.handle_MAIL = refuse  # type: ignore[attr-defined]
    mail_server.start()
    with mailing().app_context():
        promise(3)
        deliver()
        assert states() == ["waiting"] * 3
        assert server_row().last_error == "The server refuses our sender address (550)."


def secured(server_tls: ssl.SSLContext) -> dict[str, object]:
    return {"tls_context": server_tls, "require_starttls": True, "auth_required": True}


LOGIN = {
    "smtp_host": "localhost",
    "smtp_security": "starttls",
    "smtp_username": "portal",
    "smtp_password": "s3cret-word",
}


def test_starttls_and_login(
    mailing: Mailing,
    mail_server: MailServer,
    server_tls: ssl.SSLContext,
    certificate: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    mail_server.start(**secured(server_tls))
    with mailing(**LOGIN).app_context():
        promise(3)
        assert deliver() == "3 sent"
    assert mail_server.logins == [("portal", "s3cret-word")]


def test_tls_from_the_first_byte(
    mailing: Mailing,
    mail_server: MailServer,
    server_tls: ssl.SSLContext,
    certificate: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
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


def test_a_certificate_of_another_name_keeps_everything_waiting(
    mailing: Mailing,
    mail_server: MailServer,
    server_tls: ssl.SSLContext,
    certificate: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
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


def test_a_wrong_password_is_shown_and_never_written_down(
    mailing: Mailing,
    mail_server: MailServer,
    server_tls: ssl.SSLContext,
    certificate: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
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


def test_stale_messages_are_cancelled_and_superseded_ones_not_sent(
    mailing: Mailing, mail_server: MailServer
) -> None:
    mail_server.start()
    with time_machine.travel(datetime.now(UTC), tick=False) as travel, mailing().app_context():
        promise(1, not_after=datetime.now(UTC) + timedelta(hours=1))
        promise(1, start=1, not_after=datetime.now(UTC) + timedelta(hours=40))
        promise(1, start=2, about="booking:1")
        with unit_of_work():
            messages.cancel_about("booking:1", reason="The appointment was cancelled.")
        promise(1, start=3, about="booking:1")
        travel.shift(timedelta(hours=30))
        deliver()
        assert [(row.state, row.reason) for row in rows()] == [
            ("cancelled", claims.TOO_LATE),
            ("sent", ""),
            ("cancelled", "The appointment was cancelled."),
            ("sent", ""),
        ]
        assert faults() == []


def test_a_message_cancelled_after_it_was_taken_does_not_leave(
    mailing: Mailing, mail_server: MailServer
) -> None:
    mail_server.start()
    with mailing().app_context():
        promise(2, about="booking:1")

        def cancel_the_second(email: object) -> str:
            with mailing().app_context(), unit_of_work():
                messages.cancel_about("booking:1", reason="Cancelled meanwhile.")
            return ""

        mail_server.answer = cancel_the_second
        deliver()
        assert len(mail_server.mails) == 1
        first, second = rows()
        assert (first.state, second.state) == ("sent", "cancelled")
        assert second.reason == "Cancelled meanwhile."


def test_a_message_that_cannot_be_written_fails_visibly(
    mailing: Mailing, mail_server: MailServer
) -> None:
    mail_server.start()
    with mailing().app_context():
        with unit_of_work():
            messages.queue("test", "a@example.org", context={})
            messages.queue("nothing", "a@example.org", context={})
            messages.queue("test", "a@example.org", context={"name": "x"})
        deliver()
        found = rows()
        assert [row.state for row in found] == ["failed", "failed", "sent"]
        assert found[0].last_error.startswith("Cannot be written: UndefinedError at ")
        assert found[1].last_error.startswith("Cannot be written: TemplateNotFound")


def test_a_lease_that_ran_out_is_taken_over(mailing: Mailing, mail_server: MailServer) -> None:
    mail_server.start()
    with mailing().app_context():
        promise(3)
        assert len(claims.claim("somebody who died")) == 3
        assert deliver() is None
        assert mail_server.mails == []
        with time_machine.travel(datetime.now(UTC) + claims.LEASE + timedelta(seconds=1)):
            assert deliver() == "3 sent"


def test_a_forgotten_lease_is_a_fault(mailing: Mailing) -> None:
    with mailing().app_context():
        promise(2)
        claims.claim("somebody who died")
        assert faults() == []
        with unit_of_work() as current:
            current.execute(
                update(Message).values(lease_until=datetime.now(UTC) - timedelta(hours=2))
            )
        assert faults() == [
            "2 messages are being sent, yet their lease ran out more than an hour ago."
        ]


def test_a_message_whose_mark_failed_is_sent_again_only_after_its_lease(
    mailing: Mailing, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_message: Message) -> None:
        raise OSError("the disk is full")

    mail_server.start()
    with mailing().app_context():
        promise(3)
        with monkeypatch.context() as patch:
            patch.setattr(claims, "mark_sent", fail)
            with pytest.raises(OSError, match="disk"):
                deliver()
        assert states() == ["sending", "waiting", "waiting"]
        assert deliver() == "2 sent"
        assert states() == ["sending", "sent", "sent"]
        assert len(mail_server.mails) == 3
        with time_machine.travel(datetime.now(UTC) + claims.LEASE + timedelta(seconds=1)):
            assert deliver() == "1 sent"
    assert sorted(mail_server.repeats.values()) == [1, 1, 2]
