"""A dose at each location that was given against a rule and corrected."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from blueprints.administration.adverse import note_event
from blueprints.administration.services import Giving, Injection, Overriding, edit, give
from blueprints.checkin.models import Arrival
from blueprints.checkin.services import check_in
from blueprints.recipients.rules import Details
from blueprints.recipients.services import register
from portal.catalog.screening import ScreeningAnswer
from portal.clock import now
from portal.db import session, unit_of_work
from tests.browser.steps import second_step
from tests.recipients.people import BORN
from tests.samples import Access, Begun, Canaries, Filled, Making, Own, Samples, Tour, Upgrade

if TYPE_CHECKING:
    from playwright.sync_api import Page

KNOWN = ("name", "birth_date")


def injection(sign: str, site: str = "LD") -> Injection:
    """How the dose was given; the sign is in the name of who gave it."""
    return Injection(
        dose_number=1,
        site=site,
        route="IM",
        volume_ml="0.5",
        funding="V01",
        given_by=f"Vaccinator {sign}".strip(),
    )


def make(making: Making) -> None:
    """The sign is in names and reasons."""
    for place in making.places:
        scope, sign, letter = place.scope, place.sign, place.letter
        with unit_of_work():
            person = register(
                scope,
                Details(
                    first_name=f"Given{letter} {sign}".strip(),
                    last_name=f"Dose {sign}".strip(),
                    birth_date=BORN,
                ),
            )
            arrival = check_in(scope, recipient_id=person.id, identified_by=KNOWN)
            answer = ScreeningAnswer(
                code="severe_allergy", edition="1", text=f"Allergy {sign}?", answer="yes"
            )
            dose = give(
                scope,
                Giving(
                    arrival_id=arrival.id,
                    inventory_id=making.ids["inventory"][letter],
                    injection=injection(sign),
                    identified_by=KNOWN,
                    answers=(answer,),
                    consent_by="other",
                    consent_name=f"Aunt {sign}".strip(),
                    fact_sheet=f"Sheet {sign}".strip(),
                    overriding=Overriding(
                        reason=f"Ordered {sign}".strip(), seen=("contraindicated", "precaution")
                    ),
                ),
            )
            edit(scope, dose.id, injection(sign, "RD"), why=f"Typed wrong {sign}".strip(), seen=1)
            note_event(scope, dose.id, f"Hives {sign}".strip(), now())
        making.note("given_dose", letter, dose.id)


def begun(making: Making, letter: str, _sign: str) -> Begun:
    """The dose of somebody who is here."""
    return Begun(args={"arrival_id": str(making.ids["arrival"][letter])})


def begin(signed_in: "Callable[[str], Page]") -> Iterator[tuple[str, str]]:
    """The newest dose of the list, its corrections, and the second page of `Vaccinate`."""
    page = signed_in("manager.a")
    page.goto("/administration/?view=all")
    address = page.locator("tbody a").first.get_attribute("href")
    assert address
    rule = "/administration/vaccinations/<id>"
    yield rule, address
    yield rule, f"{address}?tab=related"
    for part in ("saved", "edit", "lot", "remove", "adverse-event"):
        yield f"{rule}/{part}", f"{address}/{part}"
    page.goto("/checkin/")
    vaccinate = page.locator('a[href^="/administration/"]', has_text="Vaccinate").first
    waiting = vaccinate.get_attribute("href")
    assert waiting
    page.goto(waiting)
    page.locator("input[name=product]").first.check()
    for question in page.locator("fieldset.ask").all():
        if question.is_visible():
            question.get_by_label("No", exact=True).check()
    yield "/administration/<id>/<id>/<step>", second_step(page, waiting)


def find() -> Iterator[tuple[str, str]]:
    """Somebody who waits for a dose."""
    waiting = select(func.max(Arrival.id)).where(
        Arrival.location_id == 1, Arrival.state == "waiting"
    )
    yield "/administration/<id>", f"/administration/{session().scalar(waiting)}"


samples = Samples(
    make=make,
    access=Access(
        arguments={
            "administration:arrival_id": Own("arrival"),
            "administration:vaccination_id": Own("given_dose"),
        },
        everywhere={"administration.record": ("agent", "admin")},
        elsewhere=("/administration/vaccinations/{given_dose}",),
        drafts={"administration.give": begun},
    ),
    canaries=Canaries(
        shown=(
            "/administration/",
            "/administration/{arrival}",
            "/administration/vaccinations/{given_dose}",
            "/administration/vaccinations/{given_dose}?tab=related",
            "/administration/vaccinations/{given_dose}/saved",
            "/administration/vaccinations/{given_dose}/edit",
            "/administration/day-end",
        ),
    ),
    wizards={
        "administration.give": Filled(
            args=lambda ids: {"arrival_id": str(ids["arrival"])}, last=46, whole=140
        )
    },
    tour=Tour(find=find, begin=begin),
    upgrade=Upgrade(
        demanded={
            "administration": {
                "state": "given",
                "dose_number": 1,
                "version": 1,
                "override_of": "",
                "override_reason": "",
                "overridden_by_id": None,
            },
            "adverse_event": {"what": "Hives"},
        }
    ),
)
