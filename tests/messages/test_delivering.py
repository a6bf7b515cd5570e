"""Messages on their way out, to a real mail server."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import update

from portal import messages
from portal.db import unit_of_work
from portal.messages import Attachment, claims
from portal.messages.delivery import deliver
from portal.messages.models import Message
from portal.messages.queries import faults
from tests.messages.conftest import MailServer
from tests.messages.steps import Mailing, promise, rows, server_row, states
from tests.personas import Personas

PDF = b"%PDF-1.7 \x00\xff\r\n"


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


@pytest.mark.both_databases
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
                },
                attachments=(
                    Attachment(
                        "appointment.ics",
                        "text/calendar; method=PUBLISH",
                        b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n",
                    ),
                    Attachment("card.pdf", "application/pdf", PDF),
                ),
                secret={"token": "abc"},
                location_id=personas.locations["A"],
            )
        deliver()
        assert rows()[0].secret is None
    (email,) = mail_server.mails
    text = email.get_body(("plain",))
    assert text is not None
    assert text.get_content().partition("\r\n\r\n\r\n-- ")[0] == (
        "https://vaccines.example.org/test?token=abc 07/01/2026 12:30 PM EDT 07/02/2026"
    )
    calendar, card = list(email.iter_attachments())
    assert calendar.get_content_type() == "text/calendar"
    assert calendar["Content-Type"].params == {
        "charset": "utf-8",
        "method": "PUBLISH",
    }
    assert calendar.get_filename() == "appointment.ics"
    assert calendar.get_content().startswith("BEGIN:VCALENDAR")
    assert (card.get_content_type(), card.get_filename()) == ("application/pdf", "card.pdf")
    assert card.get_content() == PDF


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


@pytest.mark.both_databases
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


@pytest.mark.both_databases
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


@pytest.mark.both_databases
def test_a_lease_that_ran_out_is_taken_over(mailing: Mailing, mail_server: MailServer) -> None:
    mail_server.start()
    with mailing().app_context():
        promise(3)
        assert len(claims.claim("somebody who died")) == 3
        assert deliver() is None
        assert mail_server.mails == []
        with time_machine.travel(datetime.now(UTC) + claims.LEASE + timedelta(seconds=1)):
            assert deliver() == "3 sent"


@pytest.mark.both_databases
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


@pytest.mark.both_databases
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
