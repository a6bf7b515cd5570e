"""`Vaccinate`, page by page (SPEC G9): at most four screens, a lot that cannot be confused."""

import zlib
from datetime import timedelta

import pytest
from flask import Flask

from blueprints.administration.fields import usual
from blueprints.checkin.models import Arrival
from blueprints.checkin.services import undo
from blueprints.inventory.models import VaccineInventory
from blueprints.recipients.models import Recipient
from blueprints.vials.models import OpenVial
from portal.access.scope import Scope
from portal.catalog.gs1 import check_digit
from portal.catalog.models import Product
from portal.db import unit_of_work
from portal.people.models import User
from tests.administration import chair
from tests.administration.pages import answered, at_consent, at_details, at_review, form_of, sent
from tests.appointments import booking
from tests.appointments.booking import booked, offered, person, slot_at, status
from tests.client import Browser, Page
from tests.inventory import stock

GS = "\x1d"


def gtin(ndc: str) -> str:
    """The GTIN made of an NDC of ten digits."""
    digits = f"003{ndc.replace('-', '')}"
    return digits + check_digit(digits)


VIAL = gtin("80777-273-10")


def code(lot: str, expires: str = "270630", product: str = VIAL) -> str:
    """The code on a vial."""
    return f"01{product}17{expires}{GS}10{lot}"


@pytest.fixture
def nurse(browser: Browser, manager: Scope) -> Browser:
    """A provider of A at the computer."""
    return browser.sign_in("provider_a")


def test_from_the_arrival_to_saved_in_four_screens(nurse: Browser, manager: Scope) -> None:
    offered(manager)
    other, mine = chair.lot(manager, "EARLY"), chair.lot(manager, "MINE")
    recipient = person(manager)
    appointment = booked(manager, recipient, slot_at(manager.location_id, 2))
    arrival = chair.arrived(manager, recipient, appointment)
    first = nurse.get(f"/administration/{arrival}")
    second = at_consent(nurse, arrival)
    third = sent(nurse, second, "Next")
    fourth = sent(nurse, third, "Next", site="LD", lot=str(mine))
    saved = sent(nurse, fourth, "Save")
    assert saved.root.one("h1").text == "Saved"
    assert "One dose of lot MINE was taken." in saved.root.text
    book = saved.root.with_text("a", "Book Second Dose")
    assert nurse.get(book.attributes["href"]).status == 200
    assert (chair.left(mine), chair.left(other)) == ((9, 1), (10, 0))
    assert status(recipient) == "dose_1_administered"
    assert booking.appointment(appointment).state == "closed"
    for page in (first, second, third, fourth):
        assert "Maria Exampleton" in page.root.text
        assert "01/31/1950" in page.root.text


def test_the_four_screens_weigh_little(nurse: Browser, manager: Scope) -> None:
    chair.lot(manager)
    arrival = chair.arrived(manager, person(manager))
    pages = [
        nurse.get(f"/administration/{arrival}"),
        at_consent(nurse, arrival),
        at_details(nurse, arrival),
        at_review(nurse, arrival),
    ]
    whole = [len(zlib.compress(page.html.encode(), 6)) for page in pages]
    assert sum(whole) <= 12_000, whole


def test_save_twice_is_once(nurse: Browser, manager: Scope) -> None:
    record = chair.lot(manager)
    arrival = chair.arrived(manager, person(manager))
    review = at_review(nurse, arrival)
    assert sent(nurse, review, "Save").root.one("h1").text == "Saved"
    sent(nurse, review, "Save")
    assert chair.left(record) == (9, 1)
    again = nurse.get(f"/administration/{arrival}")
    assert again.status == 409
    assert "The dose of this visit was recorded already" in again.root.text


def test_everything_is_judged_again_after_a_pause(nurse: Browser, manager: Scope) -> None:
    record, other = chair.lot(manager, "HELD"), chair.lot(manager, "FREE")
    arrival = chair.arrived(manager, person(manager))
    review = at_review(nurse, arrival, record)
    with unit_of_work() as session:
        session.get_one(VaccineInventory, record).quarantined = True
    refused = sent(nurse, review, "Save")
    assert "Lot HELD is in quarantine" in refused.root.text
    offered_now = {
        radio.attributes["value"] for radio in refused.root.all("input", type="radio", name="lot")
    }
    assert offered_now == {str(other)}
    assert (chair.left(record), chair.left(other)) == ((10, 0), (10, 0))


def test_a_dose_recorded_meanwhile_makes_this_one_too_early(nurse: Browser, manager: Scope) -> None:
    chair.lot(manager)
    recipient = person(manager)
    arrival = chair.arrived(manager, recipient)
    review = at_review(nurse, arrival)
    booking.given(manager, recipient, chair.MODERNA, days_ago=3)
    refused = sent(nurse, review, "Save")
    assert refused.status == 409
    assert "Too early" in refused.root.text
    assert "Only a location manager" in refused.root.text


def test_lots_that_may_not_be_used_are_not_offered(nurse: Browser, manager: Scope) -> None:
    usable = chair.lot(manager, "OK")
    chair.lot(manager, "OLD", expiration_date=stock.day(1))
    held, empty = chair.lot(manager, "HELD"), chair.lot(manager, "GONE1", doses=1)
    stock.post(manager, empty, stock.Kind.WASTED, 1)
    with unit_of_work() as session:
        session.get_one(VaccineInventory, held).quarantined = True
    page = at_details(nurse, chair.arrived(manager, person(manager)))
    assert [
        radio.attributes["value"] for radio in page.root.all("input", type="radio", name="lot")
    ] == [str(usable)]


def test_yours_of_today_comes_first_and_is_not_chosen(nurse: Browser, manager: Scope) -> None:
    early = chair.lot(manager, "EARLY", expiration_date=stock.day(-30))
    late = chair.lot(manager, "LATE")
    provider_arrival = chair.arrived(manager, person(manager, "Before"))
    sent(nurse, at_review(nurse, provider_arrival, late), "Save")
    page = at_details(nurse, chair.arrived(manager, person(manager, "After")))
    radios = page.root.all("input", type="radio", name="lot")
    assert [radio.attributes["value"] for radio in radios] == [str(late), str(early)]
    assert not [radio for radio in radios if "checked" in radio.attributes]
    labels = [radio.parent.text for radio in radios if radio.parent]
    assert "Yours today" in labels[0]
    assert "Yours today" not in labels[1]
    assert "red cap" in labels[0]
    assert "9 doses left" in labels[0]


def test_a_lot_of_which_a_vial_is_open_says_so_and_comes_first(
    nurse: Browser, manager: Scope
) -> None:
    early = chair.lot(manager, "EARLY", expiration_date=stock.day(-30))
    late = chair.lot(manager, "LATE")
    chair.gave(manager, chair.arrived(manager, person(manager, "Before")), late)
    page = at_details(nurse, chair.arrived(manager, person(manager, "After")))
    radios = page.root.all("input", type="radio", name="lot")
    assert [radio.attributes["value"] for radio in radios] == [str(late), str(early)]
    labels = [radio.parent.text for radio in radios if radio.parent]
    assert "Open vial here: 9 doses, use by " in labels[0]
    assert "Open vial" not in labels[1]


def test_the_scan_chooses_the_lot(nurse: Browser, manager: Scope) -> None:
    chair.lot(manager, "ONE1")
    wanted = chair.lot(manager, "TWO2")
    page = at_details(nurse, chair.arrived(manager, person(manager)))
    page = sent(nurse, page, "Choose by code", scan=code("TWO2"), assist="scan")
    assert "Lot TWO2 is chosen" in page.root.text
    radio = page.root.one("input", type="radio", name="lot", value=str(wanted))
    assert "checked" in radio.attributes


def test_a_scan_of_another_lot_than_chosen_stops(nurse: Browser, manager: Scope) -> None:
    one = chair.lot(manager, "ONE1")
    chair.lot(manager, "TWO2")
    page = at_details(nurse, chair.arrived(manager, person(manager)))
    page = sent(nurse, page, "Next", scan=code("TWO2"), site="LD", lot=str(one))
    assert page.status == 422
    assert "STOP. The code says lot TWO2, but lot ONE1 is chosen." in page.root.text
    assert not [
        radio
        for radio in page.root.all("input", type="radio", name="lot")
        if "checked" in radio.attributes
    ]


def test_a_lot_number_that_is_typed_instead_of_a_code_chooses_the_lot(
    nurse: Browser, manager: Scope
) -> None:
    chair.lot(manager, "ONE1")
    wanted = chair.lot(manager, "TWO2")
    page = at_details(nurse, chair.arrived(manager, person(manager)))
    chosen = sent(nurse, page, "Choose by code", scan="two2", assist="scan")
    assert "Lot TWO2 is chosen" in chosen.root.text
    radio = chosen.root.one("input", type="radio", name="lot", value=str(wanted))
    assert "checked" in radio.attributes
    refused = sent(nurse, page, "Choose by code", scan="TWO3", assist="scan")
    assert "not the number of a lot that can be used here" in refused.root.text


def test_a_site_that_was_not_chosen_is_asked_for(nurse: Browser, manager: Scope) -> None:
    chair.lot(manager)
    page = at_details(nurse, chair.arrived(manager, person(manager)))
    refused = sent(nurse, page, "Next")
    assert refused.status == 422
    assert "Choose one of these." in refused.root.text
    assert "Not a valid choice" not in refused.root.text


def test_a_dose_comes_from_the_vial_that_was_chosen(nurse: Browser, manager: Scope) -> None:
    record = chair.lot(manager)
    chair.gave(manager, chair.arrived(manager, person(manager, "First")), record)
    form = at_details(nurse, chair.arrived(manager, person(manager, "Second")))
    options = [each.text for each in form.root.one("select", name="vial").all("option")]
    assert options[:2] == [
        "Your open vial, or the one in use",
        "A new vial, opened for this dose",
    ]
    assert "by Manager A" in options[2]
    review = sent(nurse, form, "Next", site="LD", lot=str(record), vial="new")
    sent(nurse, review, "Save")
    with unit_of_work(write=False) as session:
        vials = [(vial.taken, vial.punctured_by_id) for vial in session.query(OpenVial)]
    assert [taken for taken, _by in vials] == [1, 1]
    assert len({by for _taken, by in vials}) == 2
    # From now on the provider's own is the usual one.
    again = at_details(nurse, chair.arrived(manager, person(manager, "Third")))
    sent(nurse, sent(nurse, again, "Next", site="LD", lot=str(record)), "Save")
    with unit_of_work(write=False) as session:
        assert [vial.taken for vial in session.query(OpenVial).order_by(OpenVial.id)] == [1, 2]


def test_a_vial_of_another_lot_is_refused(nurse: Browser, manager: Scope) -> None:
    one, other = chair.lot(manager, "ONE1"), chair.lot(manager, "TWO2")
    chair.gave(manager, chair.arrived(manager, person(manager, "First")), one)
    with unit_of_work(write=False) as session:
        vial = session.query(OpenVial).one().id
    form = at_details(nurse, chair.arrived(manager, person(manager, "Second")))
    refused = sent(nurse, form, "Next", site="LD", lot=str(other), vial=str(vial))
    assert refused.status == 422
    assert "This vial is of another lot" in refused.root.text


def test_a_form_that_is_resumed_on_another_day_leads_to_a_new_check_in(
    nurse: Browser, manager: Scope
) -> None:
    record, recipient = chair.lot(manager), person(manager)
    arrival = chair.arrived(manager, recipient)
    form = at_review(nurse, arrival)
    with unit_of_work() as session:
        found = session.get_one(Arrival, arrival)
        found.day = stock.day(1)
        found.checked_in_at -= timedelta(hours=20)
    address = form_of(form).attributes["action"]
    for page in (sent(nurse, form, "Save"), nurse.get(address)):
        assert "Check the person in again today." in page.root.text
        link = page.root.one("div", id="wizard").with_text("a", "Check In")
        assert link.attributes["href"] == f"/checkin/recipients/{recipient}"
    assert chair.left(record) == (10, 0)
    assert nurse.get(f"/administration/{arrival}").status == 409


def test_an_undone_check_in_says_what_to_do(nurse: Browser, manager: Scope) -> None:
    record, recipient = chair.lot(manager), person(manager)
    arrival = chair.arrived(manager, recipient)
    form = at_review(nurse, arrival)
    with unit_of_work():
        undo(manager, arrival)
    refused = sent(nurse, form, "Save")
    assert "was undone, perhaps in another tab. Check the person in again." in refused.root.text
    assert chair.left(record) == (10, 0)


@pytest.mark.parametrize(
    "scanned",
    [
        code("ELSE9"),
        code("ONE1", expires="280131"),
        code("ONE1", product=gtin("59267-1000-1")),
        code("HELD1"),
        code("OLD1", expires="260101"),
    ],
    ids=["not here", "another date", "another product", "in quarantine", "expired"],
)
def test_a_scan_that_names_no_usable_lot_stops(
    nurse: Browser, manager: Scope, scanned: str
) -> None:
    chair.lot(manager, "ONE1")
    held = chair.lot(manager, "HELD1")
    chair.lot(manager, "OLD1", expiration_date=stock.day(1))
    with unit_of_work() as session:
        session.get_one(VaccineInventory, held).quarantined = True
    page = at_details(nurse, chair.arrived(manager, person(manager)))
    page = sent(nurse, page, "Next", scan=scanned, site="LD")
    assert page.status == 422
    assert "cannot be used here" in page.root.text


def test_answers_are_kept_as_they_were_asked(nurse: Browser, manager: Scope) -> None:
    chair.lot(manager)
    arrival = chair.arrived(manager, person(manager, language="es"))
    page = nurse.get(f"/administration/{arrival}")
    assert "¿Se siente enfermo hoy?" in page.root.text
    page = sent(nurse, page, "Next", **answered(page, sick="yes"))
    assert "Answered Yes: Are you feeling sick today?" in page.root.text
    page = sent(nurse, sent(nurse, page, "Next"), "Next", site="LD")
    saved = sent(nurse, page, "Save")
    number = int(saved.root.with_text("a", "Record of this dose").attributes["href"].split("/")[-1])
    (version,) = chair.versions(number)
    assert '["sick","COVID-19, July 2021","¿Se siente enfermo hoy?","yes"]' in version.screening
    shown = nurse.get(f"/administration/vaccinations/{number}")
    assert "¿Se siente enfermo hoy?" in shown.root.text


def test_a_question_that_was_not_answered_holds(nurse: Browser, manager: Scope) -> None:
    chair.lot(manager)
    arrival = chair.arrived(manager, person(manager))
    page = nurse.get(f"/administration/{arrival}")
    unanswered = answered(page)
    unanswered.popitem()
    page = sent(nurse, page, "Next", **unanswered)
    assert page.status == 422
    assert "Ask this question." in page.root.text


def test_a_stop_is_overridden_on_the_last_page_by_a_manager(
    browser: Browser, manager: Scope
) -> None:
    record = chair.lot(manager)
    arrival = chair.arrived(manager, person(manager))
    boss = browser.sign_in("manager_a")
    page = boss.get(f"/administration/{arrival}")
    page = sent(boss, page, "Next", **answered(page, severe_allergy="yes"))
    assert "STOP" in page.root.text
    page = sent(boss, sent(boss, page, "Next"), "Next", site="LD")
    refused = sent(boss, page, "Save")
    assert "enter the reason" in refused.root.text
    assert chair.left(record) == (10, 0)
    saved = sent(boss, refused, "Save", override_reason="Allergist agreed")
    assert saved.root.one("h1").text == "Saved"
    home = boss.get("/")
    review = home.root.with_text("a", "Review").attributes["href"]
    assert "Given against a rule" in boss.get(review).root.text


def beginning(page: Page) -> tuple[list[str], str]:
    """The site and the vaccinator that the details begin with."""
    sites = page.root.all("input", type="radio", name="site")
    givers = page.root.one("select", name="given_by").all("option")
    return (
        [one.attributes["value"] for one in sites if "checked" in one.attributes],
        next(one.text for one in givers if "selected" in one.attributes),
    )


def test_site_and_vaccinator_are_those_of_the_dose_before(nurse: Browser, manager: Scope) -> None:
    record = chair.lot(manager)
    first = at_details(nurse, chair.arrived(manager, person(manager, "First")))
    assert beginning(first) == ([], "Provider A")
    boss = {"site": "RD", "lot": str(record), "given_by": str(manager.user.id)}
    sent(nurse, sent(nurse, first, "Next", **boss), "Save")
    second = at_details(nurse, chair.arrived(manager, person(manager, "Second")))
    assert beginning(second) == (["RD"], "Manager A")
    somebody = {**boss, "given_by": "0", "given_by_name": "Nora Nurse"}
    sent(nurse, sent(nurse, second, "Next", **somebody), "Save")
    third = at_details(nurse, chair.arrived(manager, person(manager, "Third")))
    assert beginning(third) == (["RD"], "Somebody else")
    assert third.root.one("input", name="given_by_name").attributes["value"] == "Nora Nurse"
    sent(nurse, sent(nurse, third, "Next", **boss), "Save")
    with unit_of_work() as session:
        session.get_one(User, manager.user.id).active = False
    fourth = at_details(nurse, chair.arrived(manager, person(manager, "Fourth")))
    assert beginning(fourth) == (["RD"], "Provider A"), "who is gone is not offered"


def test_an_arm_is_not_proposed_for_a_baby(manager: Scope, provider: Scope) -> None:
    chair.gave(provider, chair.arrived(manager, person(manager)), chair.lot(manager))
    people = [person(manager, "Baby", birth_date=stock.day(365)), person(manager, "Grown")]
    vaccine = chair.product()
    with unit_of_work(write=False) as session:
        product = session.get_one(Product, vaccine)
        begins = [
            usual(provider, session.get_one(Recipient, one), product, manager.today())
            for one in people
        ]
    assert [one["site"] for one in begins] == [None, "LD"]


def test_a_provider_cannot_override(nurse: Browser, manager: Scope) -> None:
    record = chair.lot(manager)
    page = at_details(nurse, chair.arrived(manager, person(manager)), severe_allergy="yes")
    page = sent(nurse, page, "Next", site="LD")
    assert "Only a location manager can authorize this dose" in page.root.text
    refused = sent(nurse, page, "Save", override_reason="I think so")
    assert refused.status == 409
    assert chair.left(record) == (10, 0)


def test_an_earlier_dose_needs_day_and_time(nurse: Browser, manager: Scope) -> None:
    record = chair.lot(manager)
    consent = at_consent(nurse, chair.arrived(manager, person(manager)))
    yesterday = f"{stock.day(1):%m/%d/%Y}"
    page = sent(nurse, consent, "Next")
    refused = sent(nurse, page, "Next", site="LD", when="earlier")
    assert refused.status == 422
    late = {"when": "earlier", "given_on": f"{stock.day(-2):%m/%d/%Y}", "given_time": "9:00 AM"}
    assert "in the future" in sent(nurse, page, "Next", site="LD", **late).root.text
    early = {"when": "earlier", "given_on": yesterday, "given_time": "2:05 PM"}
    refused = sent(nurse, page, "Next", site="LD", **early)
    assert "after the dose. Go back" in refused.root.text
    consent = sent(nurse, page, "Previous")
    page = sent(nurse, consent, "Next", fact_sheet_on=yesterday)
    review = sent(nurse, page, "Next", site="LD", **early)
    assert f"{yesterday} 02:05 PM" in review.root.text
    sent(nurse, review, "Save")
    assert chair.left(record) == (9, 1)
    assert "Given, entered later" in nurse.get("/administration/?view=all").root.text


def test_no_vaccine_no_way_on(nurse: Browser, manager: Scope) -> None:
    page = nurse.get(f"/administration/{chair.arrived(manager, person(manager))}")
    assert "No vaccine to give" in page.root.text
    assert not [button for button in page.root.all("button") if button.text == "Next"]


def test_home_of_a_provider_has_tasks(nurse: Browser, manager: Scope) -> None:
    page = nurse.get("/")
    assert "There are no tasks for you yet" not in page.root.text
    assert "0 doses given here today." in page.root.text


def test_read_only_sees_and_changes_nothing(app: Flask, browser: Browser, manager: Scope) -> None:
    record = chair.lot(manager)
    arrival = chair.arrived(manager, person(manager))
    made = chair.gave(manager, arrival, record)
    reader = browser.sign_in("readonly_a")
    page = reader.get(f"/administration/vaccinations/{made}")
    assert page.status == 200
    for label in ("Edit Details", "Change Lot", "Remove"):
        assert not [link for link in page.root.all("a") if link.text == label]
    for path in (f"/administration/{arrival}", f"/administration/vaccinations/{made}/edit"):
        assert reader.get(path).status == 403
