"""Routes that schedule an appointment: location, day, time, details, done (SPEC G3, G4)."""

from typing import Any

from flask import Response, flash, request, url_for

from blueprints.appointments import holding, services
from blueprints.appointments.forms import PlaceForm
from blueprints.appointments.models import Appointment
from blueprints.appointments.next_dose import NextDose, NotDue, dose_to_book, is_later_dose
from blueprints.appointments.numbers import spoken
from blueprints.appointments.pages import (
    beyond_address,
    calendar_of,
    find_place,
    keep_search,
    place_address,
    places_found,
    schedule_address,
    when,
)
from blueprints.appointments.queries import booked_as, get_appointment, get_booked
from blueprints.appointments.rules import State
from blueprints.appointments.telling import addresses_of, is_told
from blueprints.appointments.views import blueprint
from blueprints.appointments.words import dose_label
from blueprints.recipients.models import Recipient
from blueprints.recipients.queries import get_recipient
from blueprints.recipients.words import full_name, phone
from blueprints.scheduling.services import SlotTaken
from portal.clock import now
from portal.db import session
from portal.errors import NotFound
from portal.formats.numbers import record_number
from portal.formats.shown import day as day_text
from portal.i18n import _
from portal.web.context import scope
from portal.web.guards import needs
from portal.web.htmx import go_to
from portal.web.respond import respond

REGION = "appointment-calendar"


@blueprint.get("/schedule/<int:recipient_id>")
@needs("appointments.handle")
def schedule(recipient_id: int) -> Response:
    """Where scheduling begins: the dose that is due, or why none is."""
    recipient = get_recipient(scope(), recipient_id)
    try:
        dose = dose_to_book(recipient)
    except NotDue as refusal:
        return respond(
            "appointments/schedule.html",
            recipient=recipient,
            dose=None,
            why=refusal.message,
            name=full_name(recipient),
            href="",
            status=200,
        )
    href = url_for("appointments.locations", recipient_id=recipient.id)
    if is_later_dose(dose.number):
        # The guides: the location that gives the second dose books it.
        href = schedule_address(recipient.id, scope().location_id)()
    return respond(
        "appointments/schedule.html",
        recipient=recipient,
        dose=dose,
        why="",
        name=full_name(recipient),
        label=schedule_label(dose.number),
        contact=is_told(recipient),
        window=_window_text(dose),
        href=href,
    )


def schedule_label(number: int) -> str:
    """The guides' name of the button that schedules a dose."""
    if number == 1:
        return _("Schedule First Dose")
    if number == 2:  # noqa: PLR2004
        return _("Schedule Second Dose")
    return _("Schedule Dose %(number)s", number=number)


def _window_text(dose: NextDose) -> str:
    if dose.window is None or dose.not_before is None:
        return ""
    return _(
        "First possible day: %(first)s. Recommended day: %(best)s.",
        first=day_text(dose.not_before),
        best=day_text(dose.window.recommended),
    )


def _due(recipient: Recipient) -> NextDose | Response:
    """The dose to book; a redirect to where it is said why there is none."""
    try:
        return dose_to_book(recipient)
    except NotDue:
        return go_to(url_for("appointments.schedule", recipient_id=recipient.id))


@blueprint.route("/schedule/<int:recipient_id>/locations", methods=["GET", "POST"])
@needs("appointments.handle")
def locations(recipient_id: int) -> Response:
    """Locations that give appointments, the nearest first."""
    recipient = get_recipient(scope(), recipient_id)
    here = url_for("appointments.locations", recipient_id=recipient.id)
    dose = _due(recipient)
    if isinstance(dose, Response):
        return dose
    if request.method == "POST":
        form = PlaceForm()
        if not form.validate():
            found = {**places_found(scope(), dose), "form": form}
            return _locations_page(recipient, here, found, status=422)
        return go_to(f"{here}?search={keep_search(scope(), form)}")
    return _locations_page(recipient, here, places_found(scope(), dose))


def _locations_page(
    recipient: Recipient, here: str, found: dict[str, Any], status: int = 200
) -> Response:
    return respond(
        "appointments/locations.html",
        status=status,
        name=full_name(recipient),
        back=url_for("recipients.record", recipient_id=recipient.id),
        here=here,
        address=lambda location_id: schedule_address(recipient.id, location_id)(),
        **found,
    )


@blueprint.get("/schedule/<int:recipient_id>/at/<int:location_id>")
@needs("appointments.handle")
def availability(recipient_id: int, location_id: int) -> Response:
    """The days and times of a location."""
    recipient = get_recipient(scope(), recipient_id)
    place = find_place(location_id)
    dose = _due(recipient)
    if isinstance(dose, Response):
        return dose
    return _calendar_page(recipient, location_id, dose, place_name=place.name)


def _calendar_page(
    recipient: Recipient,
    location_id: int,
    dose: NextDose,
    *,
    place_name: str,
    status: int = 200,
    lost: str = "",
    nearest: object = (),
) -> Response:
    place = find_place(location_id)
    return respond(
        "appointments/availability.html",
        regions={REGION: "appointments/_calendar.html"},
        region=REGION,
        status=status,
        name=full_name(recipient),
        recipient_id=recipient.id,
        location_id=location_id,
        place_name=place_name,
        place_address=place_address(place),
        dose=dose_label(dose.number),
        change=url_for("appointments.locations", recipient_id=recipient.id),
        pick=url_for("appointments.hold", recipient_id=recipient.id),
        lost=lost,
        nearest=nearest,
        when=when,
        **calendar_of(
            place,
            dose,
            schedule_address(recipient.id, location_id),
            overbook=beyond_address(scope(), place.id, recipient_id=recipient.id),
        ),
    )


@blueprint.post("/schedule/<int:recipient_id>/hold")
@needs("appointments.handle")
def hold(recipient_id: int) -> Response:
    """Hold a place for ten minutes."""
    recipient = get_recipient(scope(), recipient_id)
    slot_id = record_number(request.form.get("slot", ""))
    if slot_id is None:
        raise NotFound
    try:
        with session().begin_nested():
            held = services.hold(recipient_id=recipient.id, slot_id=slot_id, actor=scope().user)
    except NotDue as refusal:
        flash(refusal.message, "warning")
        return go_to(url_for("appointments.schedule", recipient_id=recipient.id))
    except SlotTaken as refusal:
        return _lost(recipient, slot_id, refusal.message)
    return go_to(url_for("appointments.held", appointment_id=held.id))


def _lost(recipient: Recipient, slot_id: int, message: str) -> Response:
    """Say that the time is gone, and offer the nearest ones."""
    dose = _due(recipient)
    if isinstance(dose, Response):
        return dose
    place = holding.place_of_slot(slot_id)
    return _calendar_page(
        recipient,
        place.id,
        dose,
        place_name=place.name,
        status=409,
        lost=message,
        nearest=holding.nearest_times(slot_id, dose),
    )


def _held(appointment_id: int) -> Appointment | Response:
    """The appointment that is held; a redirect where it is booked already, or no more held."""
    try:
        found = get_appointment(scope(), appointment_id)
    except NotFound:
        raise
    if found.state != State.HELD:
        return go_to(url_for("appointments.confirmation", appointment_id=found.id))
    return found


@blueprint.get("/held/<int:appointment_id>")
@needs("appointments.handle")
def held(appointment_id: int) -> Response:
    """The appointment as chosen: place with `Change`, time with `X`, `Continue`."""
    found = _held(appointment_id)
    if isinstance(found, Response):
        return found
    return respond("appointments/held.html", **_details(found))


def _details(found: Appointment) -> dict[str, Any]:
    recipient = get_recipient(scope(), found.recipient_id)
    place = find_place(found.location_id)
    minutes = (
        max(0, round((found.held_until - now()).total_seconds() / 60)) if found.held_until else 0
    )
    return {
        "appointment": found,
        "recipient": recipient,
        "name": full_name(recipient),
        "phone": phone(recipient.mobile_phone or recipient.other_phone),
        "place": place,
        "place_address": place_address(place),
        "when": when(found.day, found.minute),
        "dose": dose_label(found.dose_number),
        "minutes": minutes,
        "told": is_told(recipient),
        "change_place": url_for("appointments.locations", recipient_id=recipient.id),
        "change_time": schedule_address(recipient.id, place.id)(day=found.day.isoformat()),
    }


@blueprint.route("/held/<int:appointment_id>/complete", methods=["GET", "POST"])
@needs("appointments.handle")
def complete(appointment_id: int) -> Response:
    """The recipient's details, from the record, and `Complete Appointment`."""
    found = _held(appointment_id)
    if isinstance(found, Response):
        return found
    if request.method == "GET":
        return respond("appointments/complete.html", **_details(found))
    services.complete(appointment_id=found.id, actor=scope().user)
    return go_to(url_for("appointments.confirmation", appointment_id=found.id))


@blueprint.get("/<int:appointment_id>/confirmation")
@needs("appointments.view")
def confirmation(appointment_id: int) -> Response:
    """What the recipient should note: number, place and time."""
    found = booked_as(get_booked(scope(), appointment_id))
    appointment = found.appointment
    return respond(
        "appointments/confirmation.html",
        appointment=appointment,
        recipient=found.recipient,
        name=full_name(found.recipient),
        number=spoken(found.number),
        place=found.location,
        place_address=place_address(found.location),
        when=when(appointment.day, appointment.minute),
        dose=dose_label(appointment.dose_number),
        told=_(" and ").join(filter(None, addresses_of(found.recipient))),
    )
