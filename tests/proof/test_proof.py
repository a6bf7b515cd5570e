"""The proof as page and paper, for staff and for the recipient; the check of a paper."""

import re
from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO

import pytest
from flask import Flask
from pypdf import PdfReader
from sqlalchemy import select

from blueprints.proof.telling import still_reached, tell
from blueprints.proof.visiting import link_to, version_of_link
from blueprints.recipients.history import withdraw
from blueprints.recipients.models import Recipient, Vaccination
from portal.access.scope import Scope
from portal.audit.models import AuditEntry
from portal.clock import now
from portal.db import unit_of_work
from portal.messages.models import Message
from portal.messages.rendering import render
from portal.visits import links
from tests.client import Browser, Page
from tests.inventory.stock import scope_for
from tests.personas import Personas
from tests.proof.people import SECOND, change, given, person, reported
from tests.recipients import people

NAMES = [
    ("Łukasz", "Żółć"),
    ("Zoë", "Noël-O’Neil"),
    ("Thị Ánh", "Nguyễn"),
    ("Иван", "Їжак"),
    ("Ελένη", "Παπαδοπούλου"),
]


@pytest.fixture
def scope(app: Flask, personas: Personas) -> Iterator[Scope]:
    """The scope of A's manager, inside the application."""
    with app.app_context():
        yield scope_for(personas, "manager_a")


@pytest.fixture
def phone(app: Flask, personas: Personas) -> Browser:
    """A browser of nobody."""
    return Browser(app, personas)


def paper(page: Page) -> str:
    """What the PDF says, in reading order."""
    assert page.status == 200
    assert page.headers["Content-Type"] == "application/pdf"
    reader = PdfReader(BytesIO(page.response.get_data()))
    return " ".join(" ".join(one.extract_text().split()) for one in reader.pages)


def address_in(text: str) -> str:
    """The path of the check that a paper names; broken lines are joined."""
    found = re.search(r"http://127.0.0.1:8000(/check/[\w-]+(?: [\w-]+)?)", text)
    assert found
    return found[1].replace(" ", "")[: len("/check/") + 44]


def own_link(recipient: int) -> str:
    """The path of the newest link that was sent."""
    with unit_of_work(write=False) as session:
        found = session.scalars(
            select(Message).where(Message.kind == "proof_ready").order_by(Message.id.desc())
        ).first()
        assert found
        assert found.about == f"proof:{recipient}"
        written = render(found, zone="America/New_York", secrets=True)
    (path,) = re.findall(r"http://127.0.0.1:8000(/p/\S+)", written.text)
    return str(path)


def told(recipient: int) -> bool:
    with unit_of_work() as session:
        return tell(session.get_one(Recipient, recipient))


def trail() -> list[tuple[str, str, str, int | None]]:
    with unit_of_work(write=False) as session:
        found = session.scalars(select(AuditEntry).order_by(AuditEntry.number.desc()).limit(3))
        return [(one.action, one.through, one.actor_username, one.subject_id) for one in found]


@pytest.mark.parametrize(("first", "last"), NAMES)
def test_names_are_printed_as_they_were_entered(
    scope: Scope, browser: Browser, first: str, last: str
) -> None:
    number = person(scope, first, last)
    browser.sign_in("provider_a")
    assert f"{first} {last}" in browser.get(f"/proof/{number}").root.text
    assert f"{first} {last}" in paper(browser.get(f"/proof/{number}/pdf"))


def test_the_paper_says_each_dose_with_product_lot_date_and_place(
    scope: Scope, browser: Browser
) -> None:
    number = person(scope)
    reported(scope, number)
    browser.sign_in("readonly_a")
    text = paper(browser.get(f"/proof/{number}/pdf"))
    for said in (
        "Proof of Vaccination Name Maria Exampleton Date of Birth 01/31/1950",
        "Dose Vaccine Lot # Date (MM/DD/YYYY) Where",
        "L1 03/01/2021 Clinic A",
        "EL1704K 04/02/2021 Reported: Sample Pharmacy",
        "“Reported” doses were given elsewhere.",
        "Issued by Clinic A Address 1 Main Street, Plymouth, NC 27962",
    ):
        assert said in text
    page = browser.get(f"/proof/{number}").root.text
    assert "04/02/2021" in page
    assert "Reported: Sample Pharmacy" in page


def test_a_dose_whose_moment_is_known_still_shows_its_day_alone(
    scope: Scope, browser: Browser
) -> None:
    number = person(scope)
    with unit_of_work() as session:
        dose = session.scalars(select(Vaccination).where(Vaccination.recipient_id == number)).one()
        dose.given_at = now()
    browser.sign_in("manager_a")
    text = paper(browser.get(f"/proof/{number}/pdf"))
    assert " 03/01/2021 " in text
    assert not re.search(r"\d\d:\d\d", text)


def test_doses_entered_in_error_are_not_proven(scope: Scope, browser: Browser) -> None:
    number = people.add(scope)
    dose = reported(scope, number)
    with unit_of_work():
        withdraw(scope, number, dose, reason="another person")
    browser.sign_in("manager_a")
    assert "No doses recorded yet." in browser.get(f"/proof/{number}").root.text
    assert browser.get(f"/proof/{number}/pdf").status == 404
    assert "Proof of Vaccination" not in browser.get(f"/recipients/{number}").root.text


def test_in_spanish_on_demand_and_for_who_speaks_it(scope: Scope, browser: Browser) -> None:
    number = person(scope, language="es")
    browser.sign_in("manager_a")
    text = paper(browser.get(f"/proof/{number}/pdf"))
    assert "Comprobante de vacunación" in text
    assert "Fecha (MM/DD/AAAA)" in text
    assert "Proof" not in text
    assert "Proof of Vaccination" in paper(browser.get(f"/proof/{number}/pdf?language=en"))


@pytest.mark.parametrize(
    ("first", "last", "letters"),
    [("李", "Li", "李"), ("מרים", "Cohen", "מרים"), ("محمد", "A", "محد")],
)
def test_letters_that_would_be_boxes_are_told_and_not_printed(
    scope: Scope, browser: Browser, phone: Browser, first: str, last: str, letters: str
) -> None:
    number = person(scope, first, last, email="maria@example.org", contact_by="email")
    browser.sign_in("manager_a")
    page = browser.get(f"/proof/{number}")
    assert (
        f"The PDF cannot show these letters: {letters}. Print this page instead." in page.root.text
    )
    assert first in page.root.text
    assert "PDF in English" not in page.root.text
    refused = browser.get(f"/proof/{number}/pdf")
    assert refused.status == 409
    assert "Print this page instead." in refused.root.text
    assert told(number)
    own = phone.get(own_link(number))
    assert "Print this page instead." in own.root.text
    assert own.root.all("svg", role="img")


def test_reading_and_printing_are_noted(scope: Scope, browser: Browser) -> None:
    number = person(scope)
    browser.sign_in("provider_a")
    browser.get(f"/proof/{number}")
    assert trail()[0] == ("recipient.viewed", "signed_in", "provider.a", number)
    browser.get(f"/proof/{number}/pdf")
    assert trail()[0] == ("proof.printed", "signed_in", "provider.a", number)


def test_another_locations_recipient_is_not_found(scope: Scope, browser: Browser) -> None:
    number = person(scope)
    browser.sign_in("manager_b")
    for path in (f"/proof/{number}", f"/proof/{number}/pdf"):
        assert browser.get(path).status == 404


def test_the_link_of_the_message_opens_the_own_proof(scope: Scope, phone: Browser) -> None:
    number = person(scope, email="maria@example.org", contact_by="email", language="es")
    assert told(number)
    assert not told(number), "once for each state of the proof"
    path = own_link(number)
    page = phone.get(path)
    assert page.root.one("html").attributes["lang"] == "es"
    assert "Maria Exampleton" in page.root.text
    assert trail()[0] == ("proof.viewed", "link", "", number)
    assert "Comprobante de vacunación" in paper(phone.get(f"{path}/pdf?lang=es"))
    assert "Proof of Vaccination" in paper(phone.get(f"{path}/pdf?lang=en"))
    given(scope, number, 2, SECOND)
    assert told(number), "there is more to see"


def test_the_message_says_nothing_personal(scope: Scope, phone: Browser) -> None:
    number = person(scope, email="maria@example.org", contact_by="email")
    assert told(number)
    with unit_of_work(write=False) as session:
        found = session.scalars(select(Message).where(Message.kind == "proof_ready")).one()
        written = render(found, zone="America/New_York", secrets=False)
    assert written.subject == "Your proof of vaccination"
    assert "Maria" not in f"{written.subject}{written.text}{written.html}"
    assert "/p/" not in written.text


@pytest.mark.parametrize(
    "who",
    [
        {"contact_by": "none"},
        {"contact_by": "sms", "mobile_phone": "252-555-0100"},
    ],
)
def test_nobody_is_told_by_a_way_they_did_not_choose(
    scope: Scope, browser: Browser, who: dict[str, object]
) -> None:
    number = person(scope, **who)
    assert not told(number)
    browser.sign_in("manager_a")
    assert "Send Link" not in browser.get(f"/proof/{number}").root.text


def test_staff_send_the_link_as_often_as_they_are_asked(scope: Scope, browser: Browser) -> None:
    number = person(scope, email="maria@example.org", contact_by="email")
    for who, times in (("provider_a", 1), ("manager_a", 2)):
        browser.sign_in(who)
        page = browser.get(f"/proof/{number}")
        assert browser.submit(page, button="Send Link").status == 303
        with unit_of_work(write=False) as session:
            assert session.query(Message).filter_by(kind="proof_ready").count() == times
    browser.sign_in("readonly_a")
    assert "Send Link" not in browser.get(f"/proof/{number}").root.text


def test_links_end_with_the_address_they_went_to(scope: Scope, phone: Browser) -> None:
    number = person(scope, email="old@example.org", contact_by="email")
    assert told(number)
    path = own_link(number)
    with unit_of_work(write=False) as session:
        context = {"version": links.standing_of("proof", number).version}  # type: ignore[union-attr]
        assert still_reached(f"proof:{number}", context)
        assert session.get_one(Recipient, number)
    change(number, city="Greenville")
    assert phone.get(path).status == 200
    change(number, email="new@example.org")
    assert phone.get(path).status == 410
    assert phone.get(f"{path}/pdf").status == 410
    with unit_of_work(write=False):
        assert not still_reached(f"proof:{number}", context)


def works(scope: Scope, phone: Browser, given: dict[str, object], then: dict[str, object]) -> bool:
    """Whether a link still opens the proof after the record was changed."""
    number = person(scope, **given)
    with unit_of_work(write=False) as session:
        recipient = session.get_one(Recipient, number)
        path = links.address_of(link_to(recipient)).removeprefix("http://127.0.0.1:8000")
        context = {"version": version_of_link(recipient)}
    assert phone.get(path).status == 200
    change(number, **then)
    with unit_of_work(write=False):
        still = still_reached(f"proof:{number}", context)
    assert still == (phone.get(path).status == 200)
    return still


@pytest.mark.parametrize("way", ["sms", "both"])
def test_a_link_that_was_texted_ends_with_the_number(
    scope: Scope, phone: Browser, way: str
) -> None:
    texts = {"email": "m@example.org", "contact_by": way, "mobile_phone": "+12525550100"}
    assert not works(scope, phone, texts, {"mobile_phone": "+12525550109"})
    mailed = {**texts, "contact_by": "email"}
    assert works(scope, phone, mailed, {"mobile_phone": "+12525550109"})


def test_a_paper_is_checked_with_as_little_as_it_takes(
    scope: Scope, browser: Browser, phone: Browser
) -> None:
    number = person(scope, "Łucja", "Żak")
    reported(scope, number)
    browser.sign_in("manager_a")
    path = address_in(paper(browser.get(f"/proof/{number}/pdf")))
    page = phone.get(path)
    assert page.status == 200
    text = page.root.text
    assert "This proof was issued here and is current." in text
    assert "Ł. Ż." in text
    assert "1950" in text
    assert "03/01/2021" in text
    assert "Reported by the recipient" in text
    for private in ("Łucja", "Żak", "01/31", "L1", "EL1704K", "Sample Pharmacy", "Main Street"):
        assert private not in text
    assert trail()[0] == ("proof_check.viewed", "link", "", number)
    assert "This link" in phone.get(path.replace("/check/", "/p/")).root.text


@pytest.mark.parametrize("what", ["dose added", "dose removed", "name", "birth date", "lot"])
def test_a_paper_that_says_something_else_by_now_is_no_proof(
    scope: Scope, browser: Browser, phone: Browser, what: str
) -> None:
    number = people.add(scope)
    dose = reported(scope, number)
    given(scope, number, 1)
    browser.sign_in("manager_a")
    path = address_in(paper(browser.get(f"/proof/{number}/pdf")))
    assert phone.get(path).status == 200
    if what == "dose added":
        given(scope, number, 3, SECOND + timedelta(days=60))
    elif what == "dose removed":
        with unit_of_work():
            withdraw(scope, number, dose, reason="another person")
    elif what == "lot":
        with unit_of_work() as session:
            session.get_one(Vaccination, dose).lot_number = "EL1704L"
    else:
        new = {"last_name": "Other"} if what == "name" else {"birth_date": SECOND}
        change(number, **new)
    page = phone.get(path)
    assert page.status == 410
    assert (
        "Doses or details were added or corrected since this proof was printed." in page.root.text
    )
    assert "Exampleton" not in page.root.text
    assert "1950" not in page.root.text


def test_a_forged_code_is_not_ours(scope: Scope, browser: Browser, phone: Browser) -> None:
    number = person(scope)
    browser.sign_in("manager_a")
    path = address_in(paper(browser.get(f"/proof/{number}/pdf")))
    other = "B" if path[20] != "B" else "C"
    assert phone.get(f"{path[:20]}{other}{path[21:]}").status == 404
