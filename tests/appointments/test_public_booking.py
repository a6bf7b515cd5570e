"""People without an account register themselves and book (SPEC F5)."""

from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select, update

from blueprints.appointments import public_views, visiting
from blueprints.appointments.jobs import let_go
from blueprints.appointments.models import Appointment
from blueprints.appointments.services import close
from blueprints.appointments.settings import AppointmentSettings
from blueprints.appointments.visiting import open_until
from blueprints.recipients.jobs import forget
from blueprints.recipients.models import Recipient, RecipientLocation
from portal.access.scope import Scope
from portal.clock import now
from portal.db import unit_of_work
from portal.places.models import Location
from portal.visits import links
from portal.web.calendar import long_day
from tests.appointments import booking
from tests.appointments.booking import day_in, offered, person, slot_at, taken
from tests.client import Browser, Page, fields_of, navigate
from tests.effort import some
from tests.personas import Personas
from tests.statements import put_together, watched

SPANISH = {"Accept-Language": "es-MX,es;q=0.9"}
MARIA = {
    "last_name": "Exampleton",
    "first_name": "Maria",
    "birth_date": "03/21/1970",
    "email": "maria@example.org",
    "mobile_phone": "",
    "zip_code": "27962",
}


@pytest.fixture
def phone(app: Flask, personas: Personas) -> Browser:
    """A browser of nobody."""
    return Browser(app, personas)


@pytest.fixture
def public(scope: Scope) -> Scope:
    """A's location, where the public may book."""
    offered(scope, public=True, places=1)
    return scope


def register(phone: Browser, **changes: str) -> Page:
    """Fill in the first page; the answer."""
    page = phone.get("/book")
    return phone.submit(page, {**MARIA, **changes}, button="Continue")


def choose(phone: Browser, places: str, days: int = 3, minute: str = "9:00 AM") -> Page:
    """From the page of locations to the page that asks whether it is right."""
    page = phone.get(places)
    (link,) = [each for each in page.root.all("a") if "/times?" in each.attributes["href"]]
    page = phone.get(f"{link.attributes['href']}&day={day_in(days).isoformat()}")
    (button,) = [each for each in page.root.all("button") if each.text.startswith(minute)]
    return phone.submit(
        page, {"slot": button.attributes["value"]}, action=f"{places}/times", follow=True
    )


def let_holds_end() -> None:
    """Ten minutes pass, and the places that are held are free again."""
    with unit_of_work() as session:
        session.execute(
            update(Appointment)
            .where(Appointment.state == "held")
            .values(held_until=now() - timedelta(seconds=1))
        )
    let_go()


def book(phone: Browser, days: int = 3, **changes: str) -> Page:
    """The whole way; the confirmation."""
    page = choose(phone, register(phone, **changes).leads_to, days)
    return phone.submit(page, {}, button="Book this appointment", follow=True)


# The whole way, on SQLite; each unit's beginning and savepoints included.
STATEMENTS = 121
# Those that look for a row by its number (`Session.get`): no other is put together anew.
PUT_TOGETHER = 9
OTHER = {"last_name": "Sampler", "first_name": "Otto", "email": "otto@example.org"}


def test_a_booking_asks_little_and_uses_the_statements_of_the_one_before(
    app: Flask, phone: Browser, scope: Scope
) -> None:
    offered(scope, public=True, places=2)
    book(phone)
    other = Browser(app, phone.personas)
    with watched(app) as seen:
        selects = put_together(lambda: book(other, **OTHER))
    assert len(seen) <= STATEMENTS, seen
    assert selects <= PUT_TOGETHER


def people() -> list[Recipient]:
    with unit_of_work(write=False) as session:
        found = list(session.scalars(select(Recipient).order_by(Recipient.id)))
        session.expunge_all()
        return found


@pytest.mark.both_databases
def test_from_the_first_page_to_the_confirmation(
    app: Flask, phone: Browser, public: Scope, browser: Browser
) -> None:
    page = choose(phone, register(phone).leads_to)
    assert page.root.one("h1").text == "Is this right?"
    slot = slot_at(public.location_id, 3)
    assert taken(slot) == 1
    (maria,) = people()
    assert maria.created_by_id is None
    with unit_of_work(write=False) as session:  # nobody sees her before she has booked
        assert session.scalar(select(func.count()).select_from(RecipientLocation)) == 0
    page = phone.submit(page, {}, button="Book this appointment", follow=True)
    assert page.root.one("h1").text == "Your appointment"
    assert "We sent you a confirmation." in page.root.text
    with unit_of_work(write=False) as session:
        made = session.scalars(select(Appointment)).one()
        assert (made.state, made.booked_by_id, made.slot_id) == ("new", None, slot)
        number = made.id
    spoken = booking.number_of(number)
    assert "-".join((spoken[:3], spoken[3:6], spoken[6:])) in page.root.text
    assert [message.kind for message in booking.messages()] == ["appointment_booked"]
    # The address of the page is the link: it works in any browser, for weeks.
    assert "Exampleton" not in page.root.text
    with time_machine.travel(now() + timedelta(days=2)):
        assert phone.get(page.response.request.path).status == 200
    # The clinic sees who comes.
    row = browser.sign_in("provider_a").get("/appointments/").root.text
    assert "Exampleton" in row


def test_in_spanish_throughout(app: Flask, phone: Browser, public: Scope) -> None:
    page = phone.get("/book", headers=SPANISH)
    assert page.root.one("h1").text == "Reserve su cita para la vacuna"
    phone.get("/book?lang=es")
    page = phone.submit(page, MARIA, button="Continuar")
    places = phone.get(page.leads_to)
    assert "Elija un lugar" in places.root.text
    assert people()[0].language == "es"


def test_where_the_public_may_not_book_nothing_is_offered(phone: Browser, scope: Scope) -> None:
    offered(scope)
    page = phone.get("/book")
    assert "cannot be booked online right now" in page.root.text
    assert page.root.all("input", name="last_name") == []
    offered(scope, public=True)
    token = register(phone).leads_to
    offered(scope)
    page = phone.get(token)
    assert "Clinic A" not in page.root.text
    slot = slot_at(scope.location_id, 3)
    page = phone.get(f"{token}/times?place={scope.location_id}")
    assert page.status == 404
    offered(scope, public=True)
    page = phone.get(f"{token}/times?place={scope.location_id}&day={day_in(3).isoformat()}")
    offered(scope)
    assert phone.submit(page, {"slot": str(slot)}, action=f"{token}/times").status == 404
    assert taken(slot) == 0


def test_whether_somebody_is_known_is_not_said(
    app: Flask, phone: Browser, personas: Personas, public: Scope
) -> None:
    """Whom staff registered, with an appointment or a dose or not, books like anybody else."""
    booked = person(public, "Booked", "Known", email="known@example.org")
    booking.booked(public, booked, slot_at(public.location_id, 5))
    given = person(public, "Given", "Known", email="known@example.org")
    booking.given(public, given, booking.PFIZER, days_ago=2)
    texts = []
    for first in ("Booked", "Given", "Nobody"):
        browser = Browser(app, personas)
        answer = register(
            browser,
            first_name=first,
            last_name="Known",
            birth_date="04/05/1960",
            email="known@example.org",
        )
        page = browser.get(answer.leads_to)
        texts.append((answer.status, page.status, page.root.text.replace(first, "X")))
        done = choose(browser, answer.leads_to, days=7)
        texts[-1] += (done.root.one("h1").text,)
        let_holds_end()
    assert texts[0] == texts[1] == texts[2]


def test_staff_see_whom_somebody_looks_like_who_registered_alone(
    phone: Browser, public: Scope, browser: Browser
) -> None:
    known = person(public, "Maria", "Exampleton", birth_date=date(1970, 3, 21))
    book(phone)
    alone = next(one.id for one in people() if one.created_by_id is None)
    provider = browser.sign_in("provider_a")
    section = provider.get(f"/recipients/{alone}").root.one("details", id="section-alike")
    assert [link.attributes["href"] for link in section.all("a")] == [f"/recipients/{known}"]
    assert not provider.get(f"/recipients/{known}").root.all("details", id="section-alike")


def test_who_has_booked_and_comes_again_is_told_by_e_mail_alone(
    app: Flask, phone: Browser, personas: Personas, public: Scope
) -> None:
    book(phone)
    again = Browser(app, personas)
    page = again.get(register(again, first_name="maría", birth_date="3-21-1970").leads_to)
    other = Browser(app, personas)
    same = other.get(register(other, first_name="Nora").leads_to)
    assert page.root.one("h1").text == "Choose a place"
    assert page.root.text.replace("maría", "X") == same.root.text.replace("Nora", "X")
    kinds = [message.kind for message in booking.messages()]
    assert kinds == ["appointment_booked", "appointment_booked"]
    # Once a day, and with one record for what is not finished.
    register(again)
    assert len(booking.messages()) == 2
    assert len(people()) == 3


def test_a_page_from_before_the_booking_leads_to_the_message(phone: Browser, public: Scope) -> None:
    places = register(phone).leads_to
    phone.submit(choose(phone, places), {}, button="Book this appointment", follow=True)
    assert phone.get(places).root.one("h1").text == "Please look at your messages"


def test_places_are_found_by_city_and_address_too(
    app: Flask, phone: Browser, public: Scope, scope_b: Scope
) -> None:
    offered(scope_b, public=True)
    with unit_of_work() as session:
        for scope, city in ((public, "Plymouth"), (scope_b, "Raleigh")):
            assert scope.location is not None
            place = session.get_one(Location, scope.location.id)
            place.city, place.zip_code, place.state = city, "", "NC"
    places = register(phone, zip_code="99999").leads_to
    for typed, first in (("Raleigh", "Clinic B"), ("12 Main Street, plymouth NC", "Clinic A")):
        page = phone.submit(phone.get(places), {"near": typed}, button="Search")
        assert page.status == 200
        assert page.root.all("strong")[0].text == first
        assert page.response.request.query_string == b""


def test_pages_before_signing_in_lead_to_the_booking_where_there_is_one(
    phone: Browser, scope: Scope, browser: Browser
) -> None:
    offered(scope)
    manager = browser.sign_in("manager_a")
    for where in ("/sign-in", "/help/"):
        assert not phone.get(where).root.all("a", href="/book")
    assert not manager.get("/scheduling/").root.all(
        "section", **{"aria-labelledby": "public-address"}
    )
    offered(scope, public=True)
    for where in ("/sign-in", "/help/"):
        (link,) = phone.get(where).root.all("a", href="/book")
        assert link.text == "Book your vaccine appointment"
    section = manager.get("/scheduling/").root.one(
        "section", **{"aria-labelledby": "public-address"}
    )
    assert section.one("a").attributes["href"].endswith("/book")
    assert section.one("svg").attributes["role"] == "img"


def test_who_holds_a_place_and_comes_again_moves_it(phone: Browser, public: Scope) -> None:
    places = register(phone).leads_to
    choose(phone, places)
    choose(phone, places, minute="9:30 AM")
    assert taken(slot_at(public.location_id, 3)) == 0
    assert taken(slot_at(public.location_id, 3, 570)) == 1


def test_a_lost_time_and_a_hold_that_is_over(
    app: Flask, phone: Browser, personas: Personas, public: Scope
) -> None:
    places = register(phone).leads_to
    mine = f"{places}/times?place={public.location_id}&day={day_in(3).isoformat()}"
    page = phone.get(mine)
    slot = slot_at(public.location_id, 3)
    other = Browser(app, personas)
    confirm = choose(other, register(other, first_name="Ann").leads_to)
    lost = phone.submit(page, {"slot": str(slot)}, action=f"{places}/times")
    assert lost.status == 409
    assert "just taken" in lost.root.text
    assert "The nearest free times" in lost.root.text
    # The day that was looked at is still there, not the first month with a free day.
    assert long_day(day_in(3)) in [heading.text for heading in lost.root.all("h3")]
    let_holds_end()
    choose(phone, places)
    over = other.submit(confirm, {}, button="Book this appointment", follow=True)
    assert "is free again" in over.root.text
    assert over.root.one("h1").text == "Choose a place"


@pytest.mark.both_databases
def test_a_contact_is_for_so_many_people_a_day(app: Flask, phone: Browser, public: Scope) -> None:
    for number in range(6):
        assert register(phone, first_name=f"Child{'ABCDEF'[number]}").status == 303
    assert register(phone, first_name="ChildA").status == 303  # known: not one more
    page = register(phone, first_name="ChildG")
    assert page.status == 422
    assert "used for many people today" in page.root.text
    assert register(phone, first_name="ChildG", email="MARIA@example.org").status == 422
    assert register(phone, first_name="ChildG", email="other@example.org").status == 303
    with time_machine.travel(now() + timedelta(days=1, minutes=1)):
        assert register(phone, first_name="ChildH").status == 303


def test_one_address_that_registers_many_is_stopped(
    phone: Browser, public: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(public_views, "REGISTRATIONS", [(3, timedelta(hours=1))])
    for number in range(3):
        register(phone, last_name=f"Sample{'ABC'[number]}", email=f"x{number}@example.org")
    page = register(phone, last_name="SampleD", email="x4@example.org")
    assert page.status == 429
    assert int(page.response.headers["Retry-After"]) > 3_000
    assert len(people()) == 3


@pytest.mark.parametrize(
    ("changes", "said"),
    some(
        [
            (
                {"email": "", "mobile_phone": ""},
                "Enter an e-mail address or a mobile phone number.",
            ),
            ({"email": "maria@"}, "Enter an e-mail address such as"),
            ({"mobile_phone": "12"}, "Enter a phone number of ten digits"),
            ({"zip_code": "abc"}, "A ZIP code has five digits"),
            ({"birth_date": "03/21/1850"}, "1900"),
            ({"last_name": ""}, "Last name"),
            ({"first_name": "123"}, "at least one letter"),
        ],
        short=3,
    ),
)
def test_what_is_missing_is_said_and_what_was_typed_is_kept(
    phone: Browser, public: Scope, changes: dict[str, str], said: str
) -> None:
    page = register(phone, **changes)
    assert page.status == 422
    assert said in page.root.text
    kept = page.root.one("input", name="zip_code").attributes["value"]
    assert kept == changes.get("zip_code", "27962")
    assert people() == []


def test_registrations_that_were_not_finished_are_deleted(phone: Browser, public: Scope) -> None:
    register(phone)
    book(phone, first_name="Ann")
    kept = person(public, "Staff", "Entered")
    assert forget() is None
    with time_machine.travel(now() + timedelta(days=1, minutes=5)):
        assert forget() == "1 records deleted"
    assert {one.first_name for one in people()} == {"Ann", "Staff"}
    assert kept in {one.id for one in people()}


class Line:
    """What a browser with an empty cache asks for and gets: requests, and bytes on the line."""

    def __init__(self, app: Flask) -> None:
        self.client = app.test_client()
        self.cached: set[str] = set()
        self.bytes = self.requests = 0

    def ask(self, method: str, path: str, **options: Any) -> Page:
        headers = {"Accept-Encoding": "br, gzip"}
        answer = self.client.open(path, method=method, headers=headers, **options)
        self.requests += 1
        self.bytes += len(answer.data) + sum(len(k) + len(v) + 4 for k, v in answer.headers)
        if answer.status_code == 303:
            return self.ask("GET", answer.headers["Location"])
        plain = self.client.get(path) if method == "GET" else answer
        page = Page(plain)
        for link in page.root.all("link"):
            if link.attributes["href"] not in self.cached:
                self.cached.add(link.attributes["href"])
                self.ask_file(link.attributes["href"])
        return page

    def ask_file(self, path: str) -> None:
        answer = self.client.get(path, headers={"Accept-Encoding": "br, gzip"})
        assert answer.status_code == 200
        self.requests += 1
        self.bytes += len(answer.data) + sum(len(k) + len(v) + 4 for k, v in answer.headers)


def test_the_second_dose_is_booked_by_the_link_of_the_first(
    phone: Browser, public: Scope, personas: Personas
) -> None:
    page = book(phone, days=1)
    link = page.response.request.path
    assert "Book the second dose" not in page.root.text
    (maria,) = people()
    with unit_of_work(write=False) as session:
        number = session.scalars(select(Appointment.id)).one()
    booking.given(public, maria.id, booking.PFIZER, days_ago=0)
    with unit_of_work():
        close(appointment_id=number, actor=public.user)
    page = phone.get(link)
    page = phone.get(page.root.with_text("a", "Book the second dose").attributes["href"])
    assert f"Recommended day: {day_in(21):%m/%d/%Y}" in page.root.text
    early = slot_at(public.location_id, 16)
    page = phone.get(f"{link}/next?day={day_in(17).isoformat()}")
    assert phone.submit(page, {"slot": str(early)}, action=f"{link}/next").status == 409
    page = phone.submit(
        page, {"slot": str(slot_at(public.location_id, 17))}, action=f"{link}/next", follow=True
    )
    assert "Your appointment is booked." in page.root.text
    assert "Second dose" in page.root.text
    # One number for both, one open booking, and no second dose canceled but by the help desk.
    spoken = booking.number_of(number)
    assert "-".join((spoken[:3], spoken[3:6], spoken[6:])) in page.root.text
    assert "Book the" not in phone.get(link).root.text
    own = page.response.request.path
    assert "To cancel this appointment, please call us." in page.root.text
    assert phone.get(f"{own}/cancel").status == 409
    assert taken(slot_at(public.location_id, 17)) == 1


def test_the_setting_lets_recipients_cancel_second_doses(
    phone: Browser, public: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    maria = person(public)
    booking.given(public, maria, booking.PFIZER, days_ago=20)
    number = booking.booked(public, maria, slot_at(public.location_id, 3))
    with unit_of_work(write=False) as session:
        found = session.get_one(Appointment, number)
        token = links.token_of("appointment", number, found.version, until=open_until(found))
    own = f"/a/{token}"
    assert "Cancel appointment" not in phone.get(own).root.text
    page = phone.get(f"{own}/change?day={day_in(4).isoformat()}")
    sent = {**fields_of(page.form(action=f"{own}/change")), "reason": "x"}
    assert phone.post(f"{own}/cancel", sent).status == 409
    assert booking.appointment(number).state == "new"
    monkeypatch.setattr(
        visiting, "of_module", lambda _kind: AppointmentSettings(cancel_second_doses=True)
    )
    page = phone.get(f"{own}/cancel")
    phone.submit(page, {}, button="Cancel appointment")
    assert booking.appointment(number).state == "canceled"


def test_the_journey_is_light(app: Flask, public: Scope) -> None:
    """First visit ≤ 26 kB; from the link to the confirmation ≤ 45 kB in ≤ 14 requests."""
    line = Line(app)
    page = line.ask("GET", "/book")
    assert line.bytes <= 26_000
    page = line.ask("POST", "/book", data={**fields_of(page.form()), **MARIA})
    (link,) = [each for each in page.root.all("a") if "/times?" in each.attributes["href"]]
    page = line.ask("GET", link.attributes["href"])
    day = next(each for each in page.root.one("ol", **{"data-calendar": ""}).all("a")).attributes[
        "href"
    ]
    page = line.ask("GET", day)
    button = page.root.all("button", name="slot")[0]
    form = next(each for each in page.root.all("form") if each.all("button", name="slot"))
    data = {**fields_of(form), "slot": button.attributes["value"]}
    page = line.ask("POST", form.attributes["action"], data=data)
    page = line.ask("POST", page.form().attributes["action"], data=fields_of(page.form()))
    assert page.root.one("h1").text == "Your appointment"
    assert line.bytes <= 45_000
    assert line.requests <= 14


def test_the_next_person_at_the_screen_does_not_see_what_was_corrected(
    phone: Browser, public: Scope
) -> None:
    onward = register(navigate(phone), zip_code="2796").leads_to
    page = phone.get(onward)
    assert page.status == 422
    assert "maria@example.org" in page.html
    assert phone.submit(page, {"zip_code": "27962"}, button="Continue").status == 303
    page = phone.get(onward)
    assert page.status == 200
    assert "maria@example.org" not in page.html


def test_a_lost_time_is_said_on_the_page_that_a_browser_is_led_on_to(
    phone: Browser, public: Scope
) -> None:
    """Asked for without a location, that page leads back to the locations."""
    places = register(phone).leads_to
    page = phone.get(places)
    (link,) = [each for each in page.root.all("a") if "/times?" in each.attributes["href"]]
    page = phone.get(f"{link.attributes['href']}&day={day_in(3).isoformat()}")
    slot = slot_at(public.location_id, 3)
    booking.held(public, person(public), slot)
    lost = navigate(phone).submit(page, {"slot": str(slot)}, action=f"{places}/times", follow=True)
    assert lost.status == 409
    assert "just taken" in lost.root.text
