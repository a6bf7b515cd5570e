"""Recipients who chose texts are told by text: what it says, when it leaves, and who is called."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask

from blueprints.appointments.inviting import invite
from blueprints.appointments.models import ToldLine
from blueprints.appointments.services import cancel, cancel_many, move, move_many
from blueprints.recipients.merging import merge, undo
from blueprints.recipients.models import Recipient
from blueprints.recipients.services import edit
from portal import messages
from portal.access.scope import Scope
from portal.clock import now
from portal.db import unit_of_work
from portal.messages import stops
from portal.messages.delivery import deliver
from portal.messages.models import Message, MessageState
from portal.messages.rendering import render
from portal.messages.segments import size
from tests.appointments import booking
from tests.appointments.booking import booked, day_in, offered, person, slot_at
from tests.appointments.test_public_booking import choose, register
from tests.client import Browser
from tests.effort import some
from tests.inventory.stock import scope_for
from tests.messages.text_gateway import TextGateway
from tests.personas import Personas
from tests.recipients.people import details

NUMBER = "+12525550100"
TEXTS = {"contact_by": "sms", "mobile_phone": NUMBER, "email": ""}


@pytest.fixture
def gateway(app: Flask) -> Iterator[TextGateway]:
    """A gateway that the application sends texts to; it is not started yet."""
    made = TextGateway()
    settings = app.extensions["portal"].settings
    object.__setattr__(settings, "text_gateway", made.described(settings.instance))
    object.__setattr__(settings, "text_secret", "s3cret")
    yield made
    made.stop()


def written() -> list[tuple[str, str, str]]:
    return [
        (one.kind.removeprefix("appointment_"), one.channel, one.address)
        for one in booking.messages()
    ]


def as_read(one: Message) -> str:
    return render(one, zone=booking.ZONE, secrets=True).parts["sms"]


def test_who_chose_texts_gets_confirmation_change_and_cancellation_by_text(
    scope: Scope, gateway: TextGateway
) -> None:
    offered(scope)
    number = booked(scope, person(scope, **TEXTS), slot_at(scope.location_id, 5))
    assert written() == [("booked", "sms", NUMBER), *[("reminder", "sms", NUMBER)] * 2]
    said = as_read(booking.messages()[0])
    other = slot_at(scope.location_id, 6)
    with unit_of_work():
        move(appointment_id=number, slot_id=other, actor=scope.user)
    with unit_of_work():
        cancel(appointment_id=number, reason="A secret illness", actor=scope.user)
    told = [one for one in booking.messages() if one.state == MessageState.WAITING]
    assert [one.kind for one in told] == ["appointment_canceled"]
    last = told[0]
    code = booking.number_of(number)
    spoken = f"{code[:3]}-{code[3:6]}-{code[6:]}"
    assert said.startswith(f"CVMS: Your appointment: {day_in(5):%m/%d/%Y} at 9:00 AM, Clinic A.")
    assert f"Number {spoken}." in said
    assert "http" in said
    assert said.endswith("Reply STOP to end texts.")
    assert size(said).parts == 2, "with its link"
    assert as_read(last).startswith(f"CVMS: Your appointment on {day_in(6):%m/%d/%Y} at 9:00 AM")
    assert size(as_read(last)).parts == 1
    for one in booking.messages():
        for hidden in ("Maria", "Exampleton", "illness", "vaccin", "COVID"):
            assert hidden not in as_read(one)


def test_texts_are_in_the_recipients_language_without_letters_that_cost(
    scope: Scope, gateway: TextGateway
) -> None:
    offered(scope)
    booked(scope, person(scope, **TEXTS, language="es"), slot_at(scope.location_id, 5))
    said = as_read(booking.messages()[0])
    assert said.startswith(f"CVMS: Su cita: {day_in(5):%m/%d/%Y} a las 9:00 AM, Clinic A. Numero")
    assert said.endswith("Responda STOP para no recibir mas.")
    found = size(said)
    assert (found.plain, found.parts) == (True, 2)


WORDS: dict[str, Any] = {
    "version": 1,
    "place": "Hyde County Health Department",
    "phone": "252-555-0199",
    "day": date(2026, 11, 30),
    "dose": 1,
    "product": "Comirnaty",
    "next_dose": 2,
    "next_best": date(2026, 12, 21),
    "next_first": date(2026, 12, 17),
    "first_name": "Maria",
    "time": "9:00 AM",
    "number": "K7M-4QX-9TQ",
    "reason": "x",
    "link": "",
}


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize(
    ("kind", "said", "parts"),
    [
        ("appointment_booked", "K7M-4QX-9TQ", 1),
        ("appointment_changed", "K7M-4QX-9TQ", 1),
        ("appointment_reminder", "K7M-4QX-9TQ", 1),
        ("appointment_canceled", "252-555-0199", 2),
        ("vaccination_given", "12/21/2026", 2),
        ("vaccination_removed", "252-555-0199", 2),
    ],
)
def test_every_kind_says_what_is_needed_and_no_more(
    scope: Scope, gateway: TextGateway, kind: str, said: str, parts: int, language: str
) -> None:
    with unit_of_work():
        messages.queue(kind, NUMBER, channel="sms", context=WORDS, language=language)
    text = as_read(booking.messages()[0])
    assert said in text
    assert "STOP" in text
    assert not {"Maria", "Comirnaty"} & set(text.replace(".", " ").split())
    assert size(text).plain
    assert size(text).parts <= parts, text


@pytest.mark.parametrize(
    ("given", "ways"),
    [
        ({"contact_by": "both", "mobile_phone": NUMBER}, ["email", "sms"]),
        ({"contact_by": "both", "mobile_phone": "+12521550100"}, ["email"]),
        ({"contact_by": "sms", "mobile_phone": NUMBER}, ["sms"]),
        # A number that cannot be read, of our country and of another.
        ({"contact_by": "sms", "mobile_phone": "+12521550100"}, ["email"]),
        ({"contact_by": "sms", "mobile_phone": "+442079460000"}, ["email"]),
        ({"contact_by": "sms", "mobile_phone": "+12521550100", "email": ""}, []),
        ({"contact_by": "email", "mobile_phone": NUMBER}, ["email"]),
        ({"contact_by": "none", "mobile_phone": NUMBER, "agrees_to_reminders": False}, []),
    ],
)
def test_each_is_told_by_the_ways_they_chose(
    scope: Scope, gateway: TextGateway, given: dict[str, Any], ways: list[str]
) -> None:
    offered(scope)
    booked(scope, person(scope, **given), slot_at(scope.location_id, 5))
    assert [channel for kind, channel, _to in written() if kind == "booked"] == ways


def test_who_answered_stop_is_called_and_gets_no_e_mail_instead(
    scope: Scope, gateway: TextGateway
) -> None:
    offered(scope)
    stops.note("sms", NUMBER)
    silent = person(scope, contact_by="sms", mobile_phone=NUMBER)
    booked(scope, silent, slot_at(scope.location_id, 5))
    assert written() == []
    both = person(scope, "José", "Madeup", contact_by="both", mobile_phone=NUMBER)
    booked(scope, both, slot_at(scope.location_id, 5))
    assert {channel for _kind, channel, _to in written()} == {"email"}


@pytest.mark.both_databases
def test_a_reminder_leaves_once_at_its_time_and_none_of_what_is_over(
    scope: Scope, gateway: TextGateway
) -> None:
    gateway.start()
    offered(scope)
    slot = slot_at(scope.location_id, 5)
    kept = booked(scope, person(scope, **TEXTS), slot)
    gone = {**TEXTS, "mobile_phone": "+12525550101"}
    canceled = booked(scope, person(scope, "José", "Madeup", **gone), slot)
    changed_mind = person(scope, "Ann", "Sample", **{**TEXTS, "mobile_phone": "+12525550102"})
    booked(scope, changed_mind, slot)
    with unit_of_work() as session:
        session.query(Message).filter(Message.state == "waiting").update({"state": "cancelled"})
        # Behind the back of the services: whoever sends must find out.
        session.get_one(booking.Appointment, canceled).version += 1
        session.get_one(Recipient, changed_mind).reminders_agreed_at = None
    starts = booking.appointment(kept).starts_at
    for hours in (72, 71, 24, 23):
        with time_machine.travel(starts - timedelta(hours=hours) + timedelta(minutes=1)):
            deliver("sms")
    assert [asked.json["to"] for asked in gateway.asked] == [NUMBER, NUMBER]
    assert all("Reminder of your appointment" in asked.json["text"] for asked in gateway.asked)
    assert len({asked.json["id"] for asked in gateway.asked}) == 2
    left = [one.state for one in booking.messages() if one.kind == "appointment_reminder"]
    assert sorted(left) == ["obsolete"] * 4 + ["sent"] * 2


def open_to() -> list[tuple[str, str]]:
    """What has not left yet, and where it goes."""
    return sorted(
        (one.kind.removeprefix("appointment_"), one.address)
        for one in booking.messages()
        if one.state in {MessageState.WAITING, MessageState.PLANNED}
    )


def corrected(scope: Scope, number: int, **given: Any) -> None:
    with unit_of_work() as session:
        seen = session.get_one(Recipient, number).version
        edit(scope, number, details(**{**booking.TOLD, **given}), seen=seen)


@pytest.mark.both_databases
def test_what_was_promised_to_a_wrong_number_goes_to_the_right_one(
    scope: Scope, gateway: TextGateway
) -> None:
    offered(scope)
    maria = person(scope, **TEXTS)
    slot = slot_at(scope.location_id, 5)
    kept = booked(scope, maria, slot)
    canceled = booked(scope, person(scope, "José", "Madeup", **TEXTS), slot)
    with unit_of_work():
        cancel(appointment_id=canceled, reason="Ill", actor=scope.user)
    right = "+12525550109"
    corrected(scope, maria, **{**TEXTS, "mobile_phone": right})
    expected = [("booked", right), ("reminder", right), ("reminder", right)]
    assert open_to() == sorted([*expected, ("canceled", NUMBER)])
    told = [one for one in booking.messages() if one.about == f"appointment:{kept}"]
    assert len({one.not_before for one in told if one.kind == "appointment_reminder"}) == 2
    corrected(scope, maria, **{**TEXTS, "mobile_phone": right, "street": "1 Oak Street"})
    assert len(booking.messages()) == 3 + 3 + 1 + 3, "nothing else was changed"
    corrected(scope, maria)
    mail = "maria@example.org"
    expected = [("booked", mail), ("reminder", mail), ("reminder", mail)]
    assert open_to() == sorted([*expected, ("canceled", NUMBER)])
    corrected(scope, maria, contact_by="none", agrees_to_reminders=False)
    assert open_to() == [("canceled", NUMBER)]


@pytest.mark.parametrize(
    "kind", some(["booked", "changed", "canceled", "reminder", "invitation"], short=3)
)
def test_whoever_sends_finds_out_that_the_address_is_another_one(
    scope: Scope, gateway: TextGateway, kind: str
) -> None:
    gateway.start()
    offered(scope, public=True)
    maria, moment = person(scope, **TEXTS), now() + timedelta(minutes=1)
    if kind == "invitation":
        with unit_of_work():
            assert invite(scope, maria)
    else:
        number = booked(scope, maria, slot_at(scope.location_id, 5))
        if kind == "reminder":
            moment = booking.appointment(number).starts_at - timedelta(hours=23)
        other = slot_at(scope.location_id, 6)
        with unit_of_work():
            if kind == "changed":
                move(appointment_id=number, slot_id=other, actor=scope.user)
            elif kind == "canceled":
                cancel(appointment_id=number, reason="Ill", actor=scope.user)
    with unit_of_work() as session:
        # Behind the back of the services.
        session.get_one(Recipient, maria).mobile_phone = "+12525550109"
        others = session.query(Message).filter(Message.kind != f"appointment_{kind}")
        others.update({"state": "cancelled"})
    with time_machine.travel(moment):
        deliver("sms")
    assert gateway.asked == []
    assert {one.state for one in booking.messages() if one.kind == f"appointment_{kind}"} == {
        "obsolete"
    }


@pytest.mark.both_databases
def test_who_is_merged_is_told_at_the_address_that_is_kept(
    scope: Scope, gateway: TextGateway, personas: Personas
) -> None:
    offered(scope)
    gone = person(scope, **TEXTS)
    kept = person(scope, "Mary")
    booked(scope, gone, slot_at(scope.location_id, 5))
    agent = scope_for(personas, "agent")
    with unit_of_work():
        made = merge(agent, kept, gone, reason="Same person").id
    mail = "maria@example.org"
    assert open_to() == [("booked", mail), ("reminder", mail), ("reminder", mail)]
    with unit_of_work():
        undo(agent, made)
    assert open_to() == [("booked", NUMBER), ("reminder", NUMBER), ("reminder", NUMBER)]


@pytest.mark.both_databases
def test_the_page_counts_texts_as_a_way_of_its_own(
    scope: Scope, gateway: TextGateway, app: Flask, personas: Personas
) -> None:
    offered(scope, places=20)
    slot = slot_at(scope.location_id, 3)
    people = [
        person(scope, "Mail", "Sample"),
        person(scope, "Text", "Sample", **TEXTS),
        person(scope, "Twice", "Sample", contact_by="both", mobile_phone="+12525550103"),
        person(scope, "Silent", "Sample", email="", contact_by="none", agrees_to_reminders=False),
    ]
    numbers = [booked(scope, one, slot) for one in people]
    with unit_of_work():
        done = cancel_many(
            appointment_ids=numbers,
            reason="No power",
            actor=scope.user,
            location_id=scope.location_id,
        )
    assert done.told == 3
    with unit_of_work(write=False) as session:
        assert sorted(line.way for line in session.query(ToldLine)) == [
            *("both", "email", "none", "sms")
        ]
    browser = Browser(app, personas).sign_in("manager_a")
    page = browser.get(f"/appointments/told/{done.round_id}")
    text = " ".join(page.root.text.split())
    assert "Told by e-mail 1 Told by text 1 Told by e-mail and text 1" in text
    assert "No message reaches them 1" in text

    def fail(channel: str) -> str:
        with unit_of_work() as session:
            session.query(Message).filter(
                Message.kind == "appointment_canceled", Message.channel == channel
            ).update({"state": "failed", "last_error": "x"})
        return " ".join(browser.get(f"/appointments/told/{done.round_id}").root.text.split())

    text = fail("sms")
    assert "No message reaches them 2" in text, "the e-mail still reaches the one with both"
    assert "The message did not arrive" in text
    assert "No message reaches them 4" in fail("email")


def test_moving_many_tells_by_text(scope: Scope, gateway: TextGateway) -> None:
    offered(scope, places=20)
    number = booked(scope, person(scope, **TEXTS), slot_at(scope.location_id, 3))
    with unit_of_work():
        done = move_many(
            appointment_ids=[number],
            day=day_in(4),
            actor=scope.user,
            location_id=scope.location_id,
        )
    assert done.told == 1
    waiting = [one for one in booking.messages() if one.state == "waiting"]
    assert [(one.kind, one.channel) for one in waiting] == [("appointment_changed", "sms")]
    assert as_read(waiting[0]).startswith("CVMS: Your appointment was changed:")


def test_an_invitation_goes_by_text_and_says_no_name(
    scope: Scope, gateway: TextGateway, app: Flask, personas: Personas
) -> None:
    offered(scope, public=True)
    maria = person(scope, **TEXTS)
    both = person(scope, "José", "Madeup", contact_by="both", mobile_phone="+12525550103")
    browser = Browser(app, personas).sign_in("manager_a")
    for one in (maria, maria, both):
        page = browser.get(f"/recipients/{one}")
        browser.submit(page, button="Invite to Book")
    assert [each[1] for each in written()] == ["sms", "email", "sms"]
    said = as_read(booking.messages()[0])
    assert said.startswith("CVMS: You can book your appointment now: http")
    assert "Maria" not in said
    assert size(said).parts == 1


def test_the_public_chooses_texts_where_there_are_any(
    scope: Scope, gateway: TextGateway, app: Flask, personas: Personas
) -> None:
    offered(scope, public=True)
    phone = Browser(app, personas)
    page = register(phone, email="", wants_texts="y", agrees_to_reminders="y")
    assert page.status == 422, "without a number"
    given = {"email": "", "mobile_phone": "252-555-0100", "agrees_to_reminders": "y"}
    page = register(phone, **given, wants_texts="y")
    page = choose(phone, page.leads_to, 5)
    phone.submit(page, {}, button="Book this appointment", follow=True)
    assert written() == [("booked", "sms", NUMBER), *[("reminder", "sms", NUMBER)] * 2]
    with unit_of_work(write=False) as session:
        assert session.query(Recipient).one().reminders_agreed_at is not None


def test_the_public_is_not_asked_where_there_are_none(
    scope: Scope, app: Flask, personas: Personas
) -> None:
    offered(scope, public=True)
    assert "Send me text messages" not in Browser(app, personas).get("/book").root.text


def test_practice_mode_shows_texts_and_opens_their_links_without_a_gateway(
    scope: Scope, app: Flask, personas: Personas
) -> None:
    object.__setattr__(app.extensions["portal"].settings, "practice", True)
    offered(scope)
    booked(scope, person(scope, **TEXTS), slot_at(scope.location_id, 5))
    mailed = person(scope, "José", "Madeup")
    booked(scope, mailed, slot_at(scope.location_id, 5))
    administrator = Browser(app, personas).sign_in("admin")
    page = administrator.get("/operations?channel=sms")
    rows = page.root.all("tbody")[0].all("tr")
    assert len(rows) == 3
    assert all("Text (SMS)" in row.text and NUMBER in row.text for row in rows)
    assert "Your appointment:" in rows[-1].text
    assert len(administrator.get("/operations").root.all("tbody")[0].all("tr")) == 6
    for channel in ("sms", "email"):
        number = next(one.id for one in booking.messages() if one.channel == channel)
        page = administrator.get(f"/operations/messages/{number}")
        link = page.root.with_text("a", "Open the link").attributes["href"]
        assert "Your appointment" in administrator.get(link).root.text
    first = administrator.get(f"/operations/messages/{booking.messages()[0].id}")
    assert "Reply STOP to end texts." in first.root.text
