"""People who book twice without an account: the page says nothing, a message and the clinic do."""

from datetime import date

import pytest
from flask import Flask
from sqlalchemy import func, select

from blueprints.appointments import twice as twice_rules
from blueprints.appointments.jobs import let_go
from blueprints.appointments.models import Appointment, BookedTwice
from blueprints.appointments.services import cancel
from blueprints.appointments.twice import are_one_person, are_two_people, list_twice
from blueprints.recipients.models import NotTheSame, Recipient
from portal.access.scope import Scope
from portal.db import unit_of_work
from portal.errors import Conflict, NotFound
from portal.messages.models import Message
from tests.appointments import booking
from tests.appointments.booking import booked, offered, person, slot_at
from tests.appointments.test_public_booking import MARIA, book, choose, people, register
from tests.client import Browser, Page
from tests.personas import Personas

BORN = date(1970, 3, 21)


@pytest.fixture
def public(scope: Scope) -> Scope:
    """A's location, where the public may book."""
    offered(scope, public=True, places=2)
    return scope


@pytest.fixture
def anybody(app: Flask, personas: Personas) -> Browser:
    """A browser of nobody."""
    return Browser(app, personas)


def twice() -> list[Message]:
    return [one for one in booking.messages() if one.kind == "appointment_twice"]


def pairs() -> int:
    with unit_of_work(write=False) as session:
        return session.scalar(select(func.count()).select_from(BookedTwice)) or 0


def open_of(email: str = MARIA["email"]) -> list[Appointment]:
    """The open appointments of people with this address, as they were booked."""
    with unit_of_work(write=False) as session:
        found = list(
            session.scalars(
                select(Appointment)
                .join(Recipient, Recipient.id == Appointment.recipient_id)
                .where(Recipient.email == email, Appointment.state == "new")
                .order_by(Appointment.id)
            )
        )
        session.expunge_all()
        return found


def list_page(browser: Browser) -> Page:
    return browser.get("/appointments/booked-twice")


def test_who_books_again_is_told_of_both_and_cancels_one(
    app: Flask, anybody: Browser, public: Scope, personas: Personas
) -> None:
    book(anybody)
    first = book(Browser(app, personas), days=4)
    # Nothing on the page differs from a first booking.
    other = book(Browser(app, personas), days=5, first_name="Nora", email="nora@example.org")
    assert [one.text for one in first.root.all("h1")] == [one.text for one in other.root.all("h1")]
    assert "other" not in first.root.text
    (message,) = twice()
    older, newer = open_of()
    assert message.about == f"appointment:{older.id}"
    assert message.address == MARIA["email"]
    assert message.context["other_id"] == newer.id
    assert message.context["other"]["place"] == "Clinic A"
    # The links of the message as it is written open each its own appointment.
    addresses = links_of(message)
    assert len(addresses) == 2
    page = anybody.get(addresses[1])
    cancel_page = anybody.get(page.root.with_text("a", "Cancel appointment").attributes["href"])
    anybody.submit(cancel_page, {}, button="Cancel appointment")
    assert [one.id for one in open_of()] == [older.id]
    let_go()
    assert pairs() == 0


def links_of(message: Message) -> list[str]:
    """The paths of the links that a message carries, as it is written when it leaves."""
    from portal.visits.links import address_of

    assert message.secret is not None
    found = [
        address_of(message.secret[key]) for key in ("link", "other_link") if key in message.secret
    ]
    return [address[address.index("/a/") :] for address in found]


def test_another_address_is_told_nothing_of_the_older_one_and_that_one_nothing_of_it(
    app: Flask, anybody: Browser, public: Scope
) -> None:
    """A stranger who types somebody's name and birth date learns nothing; the somebody does."""
    known = person(public, "Maria", "Exampleton", birth_date=BORN, email="own@example.org")
    older = booked(public, known, slot_at(public.location_id, 6))
    book(anybody, email="stranger@example.org")
    (message,) = twice()
    assert message.address == "own@example.org"
    assert message.about == f"appointment:{older}"
    assert message.context["other"] is None
    assert len(links_of(message)) == 1
    assert {one.kind for one in booking.messages() if one.address == "stranger@example.org"} == {
        "appointment_booked"
    }
    # Once a day, however often the stranger books; who booked first under the name of another is
    # not told either when the other one does.
    book(Browser(app, anybody.personas), days=4, email="stranger2@example.org")
    assert len(twice()) == 1
    assert pairs() == 3


def test_twins_are_two_people(app: Flask, anybody: Browser, public: Scope) -> None:
    book(anybody, first_name="Anna")
    book(Browser(app, anybody.personas), days=4, first_name="Berta")
    assert twice() == []
    assert pairs() == 0


def test_a_third_booking_takes_the_place_of_the_second(
    app: Flask, anybody: Browser, public: Scope
) -> None:
    for days in (3, 4, 5, 6):
        page = book(Browser(app, anybody.personas), days=days)
        assert page.root.one("h1").text == "Your appointment"
    first, last = open_of()
    assert (first.day, last.day) == (booking.day_in(3), booking.day_in(6))
    assert [booking.taken(slot_at(public.location_id, days)) for days in (3, 4, 5, 6)] == [
        1,
        0,
        0,
        1,
    ]
    told = [one for one in booking.messages() if one.kind == "appointment_canceled"]
    assert len(told) == 2
    assert told[0].context["reason"] == "The same person booked again, at another time."
    with unit_of_work(write=False):
        assert len(list_twice(public)) == 1


def test_the_clinic_sees_both_and_someone_else_is_not_asked_again(
    app: Flask, anybody: Browser, public: Scope, browser: Browser
) -> None:
    manager = browser.sign_in("provider_a")
    assert "Booked twice?" not in manager.get("/").root.text
    assert "Booked twice?" not in manager.get("/appointments/").root.text
    assert "Nobody seems to have booked twice" in list_page(manager).root.text
    book(anybody)
    book(Browser(app, anybody.personas), days=4, first_name="Mary")
    assert "1 person may have two appointments" in manager.get("/").root.text
    assert manager.get("/appointments/").root.with_text("a", "Booked twice? (1)")
    page = list_page(manager)
    for said in ("Mary Exampleton", "Maria Exampleton", "Clinic A", "maria@example.org"):
        assert said in page.root.text
    page = manager.submit(page, {}, button="Someone else", follow=True)
    assert "Saved: they are two different people." in page.root.text
    assert len(open_of()) == 2
    with unit_of_work(write=False) as session:
        assert session.scalar(select(func.count()).select_from(NotTheSame)) == 1
    assert "Booked twice?" not in manager.get("/").root.text


def test_the_same_person_keeps_one_and_the_help_desk_is_asked_to_merge(
    app: Flask, anybody: Browser, public: Scope, browser: Browser
) -> None:
    book(anybody)
    book(Browser(app, anybody.personas), days=4)
    older, newer = open_of()
    manager = browser.sign_in("provider_a")
    page = manager.get(list_page(manager).root.with_text("a", "Same person").attributes["href"])
    (chosen,) = [one for one in page.root.all("input", type="radio") if "checked" in one.attributes]
    assert chosen.attributes["value"] == str(newer.id)
    refused = manager.submit(page, {"reason": ""}, button="Cancel this appointment")
    assert refused.status == 422
    answer = manager.submit(page, {"reason": "Booked twice"}, button="Cancel this appointment")
    assert answer.leads_to == f"/get-help?about=recipient:{older.recipient_id}"
    form = manager.get(answer.leads_to)
    assert form.status in {200, 303}
    assert [one.id for one in open_of()] == [older.id]
    assert booking.appointment(newer.id).cancel_reason == "Booked twice"
    assert "Nobody seems to have booked twice" in list_page(manager).root.text


def test_of_two_who_decide_at_once_one_cancels_one(
    app: Flask, anybody: Browser, public: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both read the pair before either decided; so does who reads it before its person cancels."""
    book(anybody)
    book(Browser(app, anybody.personas), days=4)
    older, newer = open_of()
    with app.app_context():
        with unit_of_work(write=False) as session:
            (found,) = list_twice(public)
            session.expunge_all()
        monkeypatch.setattr(twice_rules, "get_twice", lambda _scope, _id: found)
        with unit_of_work():
            are_one_person(public, found.id, give_up=newer.id, reason="Booked twice")
        with pytest.raises(NotFound), unit_of_work():
            are_one_person(public, found.id, give_up=older.id, reason="Booked twice")
        with unit_of_work() as session:
            session.add(BookedTwice(id=found.id, newer_id=newer.id, older_id=older.id))
        with pytest.raises(Conflict, match="canceled meanwhile"), unit_of_work():
            are_one_person(public, found.id, give_up=older.id, reason="Booked twice")
    assert [one.id for one in open_of()] == [older.id]


def test_of_another_location_no_more_is_shown_than_a_search_shows(
    app: Flask, anybody: Browser, public: Scope, scope_b: Scope, browser: Browser
) -> None:
    offered(scope_b, places=2)
    known = person(
        scope_b,
        "Maria",
        "Exampleton",
        birth_date=BORN,
        email="b@example.org",
        mobile_phone="2525550199",
    )
    older = booked(scope_b, known, slot_at(scope_b.location_id, 6, 570))
    book(anybody)
    manager = browser.sign_in("manager_a")
    page = list_page(manager)
    assert "at another location" in page.root.text
    for hidden in ("Clinic B", "b@example.org", "252-555-0199", "9:30 AM"):
        assert hidden not in page.root.text
    # Only what the location sees can be canceled there, whatever is sent.
    same = manager.get(page.root.with_text("a", "Same person").attributes["href"])
    assert len(same.root.all("input", type="radio")) == 1
    assert "Clinic B" not in same.root.text
    sent = manager.submit(
        same, {"reason": "x", "give_up": str(older)}, button="Cancel this appointment"
    )
    assert sent.status == 422
    assert booking.appointment(older).state == "new"
    # The other location sees the same from its side.
    other = Browser(app, browser.personas).sign_in("manager_b")
    assert "Clinic A" not in list_page(other).root.text
    assert "at another location" in list_page(other).root.text
    # Whoever opens the record as a search would have sees it, and the trail says so.
    manager.submit(page, {}, button="Open the other record")
    assert "Clinic B" in list_page(manager).root.text


def test_a_similar_name_at_another_location_is_nobodys_business(
    app: Flask, anybody: Browser, public: Scope, scope_b: Scope, browser: Browser
) -> None:
    """A search for the one would not find the other: neither location sees the pair."""
    offered(scope_b, places=2)
    known = person(scope_b, "Maria", "Exampletan", birth_date=BORN, email="b@example.org")
    booked(scope_b, known, slot_at(scope_b.location_id, 6))
    book(anybody)
    assert "Nobody seems" in list_page(browser.sign_in("manager_a")).root.text
    assert twice() == []


def test_a_pair_of_others_is_not_found_and_cannot_be_decided(
    app: Flask, anybody: Browser, public: Scope, browser: Browser
) -> None:
    book(anybody)
    book(Browser(app, anybody.personas), days=4)
    with unit_of_work(write=False) as session:
        number = session.scalars(select(BookedTwice.id)).one()
    other = browser.sign_in("manager_b")
    assert other.get(f"/appointments/booked-twice/{number}/same").status == 404
    own = Browser(app, anybody.personas).sign_in("manager_a")
    page = list_page(own)
    first = open_of()[0].id
    with unit_of_work():
        cancel(appointment_id=first, reason="Ill", actor=public.user)
    # Meanwhile one was canceled: there is nothing to decide any more.
    assert own.submit(page, {}, button="Someone else").status == 404


@pytest.mark.both_databases
def test_the_message_is_dropped_if_one_was_canceled_before_it_left(
    app: Flask, anybody: Browser, public: Scope
) -> None:
    from blueprints.appointments.telling import still_twice

    book(anybody)
    book(Browser(app, anybody.personas), days=4)
    (message,) = twice()
    with unit_of_work(write=False):
        assert still_twice(message.about, message.context)
    newer = open_of()[1]
    with unit_of_work():
        cancel(appointment_id=newer.id, reason="Ill", actor=public.user)
    with unit_of_work(write=False):
        assert not still_twice(message.about, message.context)
        assert list_twice(public) == []
    let_go()
    assert pairs() == 0


@pytest.mark.both_databases
def test_who_was_kept_apart_books_again_and_nobody_is_asked(
    app: Flask, anybody: Browser, public: Scope
) -> None:
    book(anybody)
    book(Browser(app, anybody.personas), days=4, first_name="Mary")
    with unit_of_work():
        (found,) = list_twice(public)
        are_two_people(public, found.id)
    assert pairs() == 0
    assert len(people()) == 2
    page = choose(anybody, register(Browser(app, anybody.personas), first_name="Ann").leads_to, 5)
    assert page.status == 200
