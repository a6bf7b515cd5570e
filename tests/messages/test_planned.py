"""Messages for later, and messages that are no longer true when their moment comes."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select, update

from portal import messages
from portal.db import session, unit_of_work
from portal.messages import Attachment, claims
from portal.messages.delivery import deliver
from portal.messages.models import Message, MessageAttachment
from portal.messages.queries import faults
from portal.messages.upkeep import CONTENTS_KEPT, forget_contents
from portal.module import MessageKind, Module
from portal.places.models import Location
from tests.messages.conftest import TEMPLATES, MailServer
from tests.messages.steps import Mailing, promise, rows, server_row, states
from tests.personas import Personas
from tests.processes import together

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
TEMPLATES["booking/messages/reminder.html"] = TEMPLATES["test/messages/test.html"]


def still_booked(about: str | None, context: Mapping[str, Any]) -> bool:
    """Booked is who stands in the name of the location."""
    if context["name"] == "fault":
        raise LookupError("nobody knows")
    assert about is not None
    place = session().get_one(Location, int(about.partition(":")[2]))
    return str(context["name"]) in place.name


booking = Module(
    name="booking",
    title="Booking",
    messages=(MessageKind("reminder", still_true="tests.messages.test_planned:still_booked"),),
)


def remind(place: int, *names: str, **options: Any) -> None:
    with unit_of_work():
        for name in names:
            messages.queue(
                "reminder",
                f"{name}@example.org",
                context={"name": name},
                about=f"booking:{place}",
                **options,
            )


def rename(place: int, name: str) -> None:
    with unit_of_work() as current:
        current.execute(update(Location).where(Location.id == place).values(name=name))


@pytest.mark.both_databases
@pytest.mark.parametrize("ahead", [timedelta(hours=3), timedelta(hours=72), timedelta(days=200)])
def test_a_message_leaves_at_its_moment_and_not_before(
    mailing: Mailing, mail_server: MailServer, ahead: timedelta
) -> None:
    mail_server.start()
    with time_machine.travel(NOW, tick=False) as clock, mailing().app_context():
        promise(1, not_before=NOW + ahead)
        promise(1, start=1)
        assert deliver() == "1 sent"
        assert states() == ["planned", "sent"]
        clock.move_to(NOW + ahead - timedelta(seconds=1))
        assert deliver() is None
        assert claims.claim("somebody") == []
        clock.move_to(NOW + ahead)
        assert deliver() == "1 sent"
        assert faults() == []
    assert [str(one["To"]) for one in mail_server.mails] == ["p1@example.org", "p0@example.org"]


def test_what_was_refused_at_its_moment_is_tried_like_any_other(
    mailing: Mailing, mail_server: MailServer
) -> None:
    mail_server.answer = lambda _email: "451 later"
    mail_server.start()
    moment = NOW + timedelta(days=90)
    with time_machine.travel(NOW, tick=False) as clock, mailing().app_context():
        promise(1, not_before=moment)
        clock.move_to(moment + timedelta(days=100))
        assert deliver() == "1 to be tried again"
        mail_server.answer = lambda _email: ""
        # The clock had run ahead: the retry that it put off is not waited for.
        clock.move_to(moment)
        assert deliver() == "1 sent"


def test_a_moment_that_has_passed_is_no_plan(mailing: Mailing) -> None:
    with time_machine.travel(NOW, tick=False), mailing().app_context():
        promise(1, not_before=NOW)
        promise(1, not_before=NOW - timedelta(days=9))
        assert states() == ["waiting", "waiting"]
        assert [row.not_before for row in rows()] == [None, None]


def test_what_is_planned_is_cancelled_by_its_subject(mailing: Mailing) -> None:
    with mailing().app_context():
        later = datetime.now(UTC) + timedelta(days=3)
        promise(1, not_before=later, about="booking:1")
        promise(1, not_before=later, about="booking:2")
        with unit_of_work():
            assert messages.cancel_about("booking:1", reason="Moved", kinds=["test"]) == 1
        assert states() == ["cancelled", "planned"]


def test_after_an_outage_what_became_due_leaves_at_the_usual_pace(
    mailing: Mailing, mail_server: MailServer
) -> None:
    with (
        time_machine.travel(NOW, tick=False) as clock,
        mailing(mail_per_minute=10).app_context(),
    ):
        promise(30, not_before=NOW + timedelta(hours=1))
        clock.move_to(NOW + timedelta(hours=2))
        deliver()
        assert server_row().recovering
        mail_server.start()
        clock.shift(timedelta(minutes=1))
        deliver()
        assert len(mail_server.mails) == 10


def release(_index: int) -> int:
    claims.begin_planned("email")
    return len(claims.claim(f"owner {_index}"))


@pytest.mark.both_databases
def test_many_processes_take_what_becomes_due_once(
    mailing: Mailing, mail_server: MailServer
) -> None:
    app = mailing()
    with app.app_context():
        promise(40, not_before=datetime.now(UTC) + timedelta(milliseconds=1))
        taken = together(app, 4, release)
        assert sum(taken) == 40
        assert set(states()) == {"sending"}


@pytest.mark.both_databases
def test_what_is_no_longer_true_is_dropped_with_its_secret(
    mailing: Mailing, mail_server: MailServer, personas: Personas
) -> None:
    mail_server.start()
    place = personas.locations["A"]
    later = NOW + timedelta(days=60)
    with time_machine.travel(NOW, tick=False) as clock, mailing(booking).app_context():
        rename(place, "ann bob")
        remind(place, "ann", "bob", not_before=later, secret={"token": "t"})
        rename(place, "bob")
        clock.move_to(later)
        assert deliver() == "1 no longer wanted, 1 sent"
        found = {row.address: (row.state, row.reason, row.secret) for row in rows()}
        assert found == {
            "ann@example.org": ("obsolete", claims.NOT_TRUE, None),
            "bob@example.org": ("sent", "", None),
        }
        assert faults() == []
    assert [str(one["To"]) for one in mail_server.mails] == ["bob@example.org"]


def test_it_is_asked_as_late_as_can_be(
    mailing: Mailing, mail_server: MailServer, personas: Personas
) -> None:
    """While the first of a batch is handed over, the second stops being true."""
    place = personas.locations["A"]
    app = mailing(booking)

    def move(_email: object) -> str:
        with app.app_context():
            rename(place, "nobody")
        return ""

    mail_server.answer = move
    mail_server.start()
    with app.app_context():
        rename(place, "ann bob")
        remind(place, "ann", "bob")
        assert deliver() == "1 sent, 1 no longer wanted"
        assert states() == ["sent", "obsolete"]


def test_a_question_that_fails_sends_nothing_and_is_asked_again(
    mailing: Mailing, mail_server: MailServer, personas: Personas
) -> None:
    mail_server.start()
    with time_machine.travel(NOW, tick=False) as clock, mailing(booking).app_context():
        rename(personas.locations["A"], "ann")
        remind(personas.locations["A"], "fault", "ann")
        assert deliver() == "1 to be tried again, 1 sent"
        clock.shift(timedelta(days=3))
        for _try in range(claims.TRIES):
            deliver()
            clock.shift(timedelta(hours=1, minutes=7))
        (fault, _ann) = rows()
        assert (fault.state, fault.attempts) == ("failed", claims.TRIES)
        assert fault.last_error.startswith("Whether it is still true cannot be asked: LookupError")
    assert len(mail_server.mails) == 1


def test_a_kind_leaves_by_its_channels_only(app: Flask) -> None:
    with app.app_context(), pytest.raises(ValueError, match="does not leave by"), unit_of_work():
        messages.queue("welcome", "555", context={}, channel="pigeon")


def test_a_channel_that_no_module_brings_any_more_keeps_its_messages(
    mailing: Mailing, mail_server: MailServer
) -> None:
    mail_server.start()
    with mailing().app_context():
        with unit_of_work():
            messages.queue("gone", "555", context={}, channel="pigeon")
        promise(1)
        assert deliver() == "1 sent"
        assert states() == ["waiting", "sent"]


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("", "application/pdf"),
        ("a/b.pdf", "application/pdf"),
        ("a\r\nBcc: x", "application/pdf"),
        ("a.pdf", "pdf"),
        ("a.eml", "message/rfc822"),
        ("a.ics", "text/calendar\r\nX: y"),
    ],
)
def test_what_is_no_file_is_no_attachment(name: str, content_type: str) -> None:
    with pytest.raises(ValueError, match="attachment|type"):
        Attachment(name, content_type, b"")


@pytest.mark.both_databases
def test_attachments_have_a_bound_and_are_wiped_with_the_rest(
    mailing: Mailing, mail_server: MailServer
) -> None:
    mail_server.start()
    one = Attachment("a.pdf", "application/pdf", b"x" * 100)
    with mailing().app_context():
        with pytest.raises(ValueError, match="at most"):
            promise(1, attachments=(Attachment("b", "application/pdf", b"x" * 8 * 2**20),))
        promise(1, attachments=(one, one), once="o")
        with unit_of_work():
            assert not messages.queue(
                "test", "p@example.org", context={}, once="o", attachments=(one,)
            )
        with unit_of_work(write=False) as current:
            assert len(current.scalars(select(MessageAttachment.id)).all()) == 2
        deliver()
        with time_machine.travel(datetime.now(UTC) + CONTENTS_KEPT + timedelta(days=1)):
            assert forget_contents() == "1 wiped"
        with unit_of_work(write=False) as current:
            assert current.scalars(select(MessageAttachment.id)).all() == []
            assert current.scalars(select(Message.state)).all() == ["sent"]
    assert len(list(mail_server.mails[0].iter_attachments())) == 2
