"""Staff invite people to book: by choice, those who agreed, once a day (SPEC F3, F5)."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from blueprints.appointments import inviting
from blueprints.appointments.inviting import still_wanted, together
from blueprints.appointments.models import Appointment
from blueprints.recipients.models import Recipient, RecipientLocation
from blueprints.recipients.registered import Together
from portal.access.scope import Scope
from portal.clock import now
from portal.db import unit_of_work
from portal.errors import Conflict, NotFound
from portal.messages.models import Message
from portal.messages.templates import render_block
from portal.visits import links
from tests.appointments import booking
from tests.appointments.booking import offered, person, slot_at
from tests.appointments.test_public_booking import choose
from tests.client import Browser
from tests.personas import Personas


@pytest.fixture
def public(scope: Scope) -> Scope:
    """A's location, where the public may book."""
    offered(scope, public=True, places=1)
    return scope


def sent() -> list[Message]:
    return [one for one in booking.messages() if one.kind == "appointment_invitation"]


def invite(scope: Scope, recipient_id: int) -> bool:
    with unit_of_work():
        return inviting.invite(scope, recipient_id)


def test_a_button_on_the_record_sends_a_link_that_books(
    app: Flask, personas: Personas, browser: Browser, public: Scope
) -> None:
    maria = person(public)
    nurse = browser.sign_in("provider_a")
    page = nurse.get(f"/recipients/{maria}")
    page = nurse.submit(page, action=f"/appointments/invite/{maria}", follow=True)
    assert "The invitation is on its way." in page.root.text
    page = nurse.submit(page, action=f"/appointments/invite/{maria}", follow=True)
    assert "invited today already" in page.root.text
    (one,) = sent()
    assert (one.address, one.language) == ("maria@example.org", "en")
    assert set(one.context) == {"first_name"}
    phone = Browser(app, personas)
    until = now() + timedelta(days=1)
    page = choose(phone, f"/book/{links.token_of('registration', maria, 0, until=until)}")
    page = phone.submit(page, {}, button="Book this appointment", follow=True)
    assert page.root.one("h1").text == "Your appointment"
    with unit_of_work(write=False) as session:
        assert session.scalars(select(Appointment.recipient_id)).all() == [maria]
        assert session.scalars(select(Recipient.id)).all() == [maria]
    assert f"/appointments/invite/{maria}" not in nurse.get(f"/recipients/{maria}").response.text


def test_the_next_day_it_may_be_sent_again(public: Scope) -> None:
    maria = person(public)
    assert [invite(public, maria), invite(public, maria)] == [True, False]
    with time_machine.travel(now() + timedelta(days=1, minutes=1)):
        assert invite(public, maria)
    assert len(sent()) == 2


@pytest.mark.parametrize(
    "given",
    [
        {"agrees_to_reminders": False},
        {"contact_by": "none", "agrees_to_reminders": False},
        {"contact_by": "sms", "mobile_phone": "252-555-0100"},
    ],
)
def test_who_did_not_agree_to_e_mails_is_not_invited(
    browser: Browser, public: Scope, given: dict[str, Any]
) -> None:
    maria = person(public, **given)
    with pytest.raises(Conflict):
        invite(public, maria)
    page = browser.sign_in("provider_a").get(f"/recipients/{maria}")
    assert "Invite to Book" not in page.root.text
    assert sent() == []


def test_who_has_an_appointment_or_a_dose_is_not_invited(public: Scope) -> None:
    has, given = person(public, "Has"), person(public, "Given")
    booking.booked(public, has, slot_at(public.location_id, 5))
    booking.given(public, given, booking.PFIZER, days_ago=2)
    for one in (has, given):
        with pytest.raises(Conflict):
            invite(public, one)
    assert sent() == []


def test_nobody_is_invited_where_the_public_may_not_book(scope: Scope) -> None:
    offered(scope)
    with pytest.raises(Conflict):
        invite(scope, person(scope))


def test_another_location_s_recipient_is_not_found(public: Scope, scope_b: Scope) -> None:
    with pytest.raises(NotFound):
        invite(public, person(scope_b, "Other"))


def test_who_has_booked_before_it_is_sent_does_not_get_it(public: Scope) -> None:
    maria = person(public)
    invite(public, maria)
    (one,) = sent()
    with unit_of_work(write=False):
        assert still_wanted(one.about, one.context)
    booking.booked(public, maria, slot_at(public.location_id, 5))
    with unit_of_work(write=False):
        assert not still_wanted(one.about, one.context)


@pytest.mark.both_databases
def test_many_at_once_are_those_of_the_location_who_agreed(
    public: Scope, scope_b: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inviting, "MOST_IDS", 2)
    ids = [person(public, f"Guest{letter}") for letter in "ABC"]
    ids.append(person(public, "No", contact_by="none", agrees_to_reminders=False))
    ids.append(person(scope_b, "Elsewhere"))
    many = Together(ids=ids, location_id=public.location_id)
    acting = Together(ids=ids, location_id=public.location_id, act=True)
    with unit_of_work():
        assert together(public, many) == 3
        assert [together(public, acting), together(public, acting)] == [3, 0]
    assert [one.location_id for one in sent()] == [public.location_id] * 3
    with unit_of_work(write=False) as session:
        assert session.scalar(select(RecipientLocation.id).limit(1)) is not None


@pytest.mark.parametrize(
    ("language", "said"), [("en", "You can book your"), ("es", "Ya puede reservar su")]
)
def test_the_invitation_is_in_the_recipient_s_language(
    app: Flask, public: Scope, language: str, said: str
) -> None:
    maria = person(public, language=language)
    invite(public, maria)
    (one,) = sent()
    context = {**one.context, **(one.secret or {})}
    text, subject = (
        render_block(one.kind, block, context, language=language, zone="America/New_York")
        for block in ("text", "subject")
    )
    assert said in text
    assert "/book/" in text
    assert "Exampleton" not in text + subject
