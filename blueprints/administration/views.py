"""Routes of the `Vaccinations` tab: the list, one dose, `Vaccinate`, `Saved`."""

from functools import partial

from flask import Blueprint, Response

from blueprints.administration import fields
from blueprints.administration.judging import due_after
from blueprints.administration.lists import VACCINATIONS
from blueprints.administration.queries import get_given, recipient_of
from blueprints.administration.record import vaccination_page
from blueprints.administration.rules import RecordState
from blueprints.administration.wizard import VACCINATE
from blueprints.appointments.next_dose import NextDose, is_later_dose, open_booking
from blueprints.appointments.pages import schedule_address
from blueprints.appointments.rules import State
from blueprints.appointments.words import dose_label
from blueprints.checkin.models import Arrival
from blueprints.inventory.models import VaccineInventory
from blueprints.recipients.models import Recipient
from blueprints.recipients.words import full_name
from portal.audit.services import viewed as audit_view
from portal.catalog.models import Product
from portal.db import session
from portal.errors import NotFound
from portal.formats.shown import moment_in
from portal.i18n import _
from portal.listviews.views import list_page
from portal.records.views import record_response
from portal.web.context import scope
from portal.web.guards import needs
from portal.web.requests import note
from portal.web.respond import respond

blueprint = Blueprint("administration", __name__, url_prefix="/administration")


@blueprint.get("/")
@needs("administration.view")
def index() -> Response:
    """The doses that were given at the present location, the newest first."""
    return list_page(VACCINATIONS, scope())


@blueprint.get("/vaccinations/<int:vaccination_id>")
@needs("administration.view")
def record(vaccination_id: int) -> Response:
    """The record of a dose."""
    given = get_given(scope(), vaccination_id)
    note(
        partial(
            audit_view,
            scope(),
            "recipient",
            given.vaccination.recipient_id,
            location_id=given.newest.location_id,
        )
    )
    return record_response(vaccination_page(scope(), given))


@blueprint.get("/vaccinations/<int:vaccination_id>/saved")
@needs("administration.give")
def saved(vaccination_id: int) -> Response:
    """What was saved, and what comes next: observation, and the second dose."""
    given = get_given(scope(), vaccination_id)
    if given.newest.state != RecordState.GIVEN:
        raise NotFound
    person, dose = recipient_of(given), given.vaccination
    note(partial(audit_view, scope(), "recipient", person.id))
    record = session().get_one(VaccineInventory, given.newest.inventory_id)
    arrival = session().get(Arrival, given.newest.arrival_id or 0)
    due = due_after(person)
    booked = open_booking(person.id, due.number) if due is not None else None
    return respond(
        "administration/saved.html",
        given=given,
        name=full_name(person),
        person=person,
        dose=dose_label(dose.dose_number),
        product=fields.product_label(session().get_one(Product, record.product_id)),
        record=record,
        when=moment_in(given.newest.given_at, given.newest.time_zone),
        observe=moment_in(arrival.observe_until, given.newest.time_zone)
        if arrival is not None and arrival.observe_until is not None
        else "",
        due=due,
        booked=booked if booked is not None and booked.state == State.NEW else None,
        book_label=book_label(due),
        book=_book_address(person, due),
    )


def book_label(due: NextDose | None) -> str:
    """The guides' name of the button that books the next dose."""
    if due is None:
        return ""
    if due.number == 2:  # noqa: PLR2004
        return _("Book Second Dose")
    return _("Book Dose %(number)s", number=due.number)


def _book_address(person: Recipient, due: NextDose | None) -> str:
    """Where the next dose is booked: at this location, around the recommended day."""
    if due is None or not is_later_dose(due.number):
        return ""
    address = schedule_address(person.id, scope().location_id)
    best = due.window.recommended if due.window else None
    return address(day=best.isoformat()) if best and best > scope().today() else address()


VACCINATE.register(blueprint, "/<int:arrival_id>", "give")
