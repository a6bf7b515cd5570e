"""Routes that put an appointment to another time or location, in one step."""

from typing import Any

from flask import Response, flash, request, url_for

from blueprints.appointments import holding, services
from blueprints.appointments.forms import PlaceForm
from blueprints.appointments.models import Appointment
from blueprints.appointments.pages import (
    beyond_address,
    calendar_of,
    find_place,
    keep_search,
    place_address,
    places_found,
    when,
)
from blueprints.appointments.queries import get_to_come
from blueprints.appointments.views import blueprint
from blueprints.appointments.words import dose_label
from blueprints.recipients.queries import get_recipient
from blueprints.recipients.words import full_name
from blueprints.scheduling.services import SlotTaken
from portal.db import session
from portal.errors import NotFound
from portal.formats.numbers import record_number
from portal.i18n import _
from portal.web.context import scope
from portal.web.guards import needs
from portal.web.htmx import go_to
from portal.web.respond import respond

REGION = "appointment-calendar"


@blueprint.route("/<int:appointment_id>/change/locations", methods=["GET", "POST"])
@needs("appointments.handle")
def change_location(appointment_id: int) -> Response:
    """Another location for an appointment."""
    found = get_to_come(scope(), appointment_id)
    here = url_for("appointments.change_location", appointment_id=found.id)
    dose = services.dose_of(found)
    form = PlaceForm()
    if request.method == "POST" and form.validate():
        return go_to(f"{here}?search={keep_search(scope(), form)}")
    shown = places_found(scope(), dose)
    if request.method == "POST":
        shown["form"] = form
    return respond(
        "appointments/locations.html",
        status=422 if request.method == "POST" else 200,
        name=full_name(get_recipient(scope(), found.recipient_id)),
        back=url_for("appointments.record", appointment_id=found.id),
        here=here,
        address=lambda location_id: url_for(
            "appointments.change", appointment_id=found.id, location=location_id
        ),
        **shown,
    )


@blueprint.get("/<int:appointment_id>/change")
@needs("appointments.handle")
def change(appointment_id: int) -> Response:
    """Another day and time for an appointment."""
    found = get_to_come(scope(), appointment_id)
    return _calendar_page(found, record_number(request.args.get("location", "")))


def _calendar_page(
    found: Appointment,
    location_id: int | None,
    *,
    status: int = 200,
    lost: str = "",
    nearest: object = (),
) -> Response:
    recipient = get_recipient(scope(), found.recipient_id)
    place = find_place(location_id or found.location_id)

    def address(**more: Any) -> str:
        return url_for("appointments.change", appointment_id=found.id, location=place.id, **more)

    return respond(
        "appointments/change.html",
        regions={REGION: "appointments/_calendar.html"},
        region=REGION,
        status=status,
        appointment=found,
        name=full_name(recipient),
        present=when(found.day, found.minute),
        location_id=place.id,
        place_name=place.name,
        place_address=place_address(place),
        dose=dose_label(found.dose_number),
        change=url_for("appointments.change_location", appointment_id=found.id),
        pick=url_for("appointments.move", appointment_id=found.id),
        lost=lost,
        nearest=nearest,
        when=when,
        **calendar_of(
            place,
            services.dose_of(found),
            address,
            moving=found,
            overbook=beyond_address(scope(), place.id, moving=found.id),
        ),
    )


@blueprint.post("/<int:appointment_id>/move")
@needs("appointments.handle")
def move(appointment_id: int) -> Response:
    """Put the appointment to the chosen time; the old one is kept if that is gone."""
    found = get_to_come(scope(), appointment_id)
    slot_id = record_number(request.form.get("slot", ""))
    if slot_id is None:
        raise NotFound
    try:
        with session().begin_nested():
            moved = services.move(appointment_id=found.id, slot_id=slot_id, actor=scope().user)
    except SlotTaken as refusal:
        session().refresh(found)
        place = holding.place_of_slot(slot_id)
        return _calendar_page(
            found,
            place.id,
            status=409,
            lost=refusal.message,
            nearest=holding.nearest_times(slot_id, services.dose_of(found)),
        )
    flash(_("The appointment is on %(when)s now.", when=when(moved.day, moved.minute)), "success")
    return go_to(url_for("appointments.record", appointment_id=moved.id))
