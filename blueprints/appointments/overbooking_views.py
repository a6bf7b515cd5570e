"""Booking beyond the places of a time, on purpose, and the list of what was booked so."""

from datetime import timedelta

from flask import Response, request, url_for

from blueprints.appointments import holding, services
from blueprints.appointments.forms import OverbookForm
from blueprints.appointments.models import Appointment
from blueprints.appointments.next_dose import NotDue, next_dose
from blueprints.appointments.pages import (
    ensure_overbooks_at,
    schedule_address,
    when,
)
from blueprints.appointments.queries import get_to_come, list_overbooked
from blueprints.appointments.views import blueprint
from blueprints.recipients.models import Recipient
from blueprints.recipients.queries import get_recipient
from blueprints.recipients.words import full_name
from blueprints.scheduling.models import Slot
from portal.clock import now
from portal.confirmation import Confirmation, answered
from portal.db import session
from portal.errors import Conflict, Invalid, NotFound
from portal.i18n import _, _l, ngettext
from portal.web.context import scope
from portal.web.guards import needs
from portal.web.htmx import go_to
from portal.web.late_forms import keeps_late_input
from portal.web.respond import respond

REVIEWED = timedelta(days=30)


def _slot(slot_id: int) -> Slot:
    found = session().get(Slot, slot_id)
    if found is None:
        raise NotFound
    ensure_overbooks_at(scope(), found.location_id)
    return found


@blueprint.route("/schedule/<int:recipient_id>/overbook/<int:slot_id>", methods=["GET", "POST"])
@needs("appointments.overbook")
@keeps_late_input(_l("Overbook"), form=OverbookForm)
def overbook(recipient_id: int, slot_id: int) -> Response:
    """Ask why, and put the recipient's appointment to a full time; who has none gets a place held
    there."""
    recipient = get_recipient(scope(), recipient_id)
    return _asked(recipient, _to_come(recipient), _slot(slot_id))


@blueprint.route("/<int:appointment_id>/overbook/<int:slot_id>", methods=["GET", "POST"])
@needs("appointments.overbook")
@keeps_late_input(_l("Overbook"), form=OverbookForm)
def overbook_change(appointment_id: int, slot_id: int) -> Response:
    """Ask why, and put this appointment to a full time."""
    present = get_to_come(scope(), appointment_id)
    return _asked(get_recipient(scope(), present.recipient_id), present, _slot(slot_id))


def _asked(recipient: Recipient, present: Appointment | None, slot: Slot) -> Response:
    form = answered(OverbookForm)
    status = 200
    if request.method == "POST":
        status = Invalid.status
        if form.validate():
            try:
                with session().begin_nested():
                    onward = _book(recipient, present, slot, form.reason.data or "")
            except (Invalid, Conflict) as refusal:
                form.refuse(refusal)
                status = refusal.status
            else:
                return go_to(onward)
    question = Confirmation(
        title=_("Overbook"),
        heading=_("Book beyond the places of this time"),
        back=_calendar(recipient, present, slot),
        text=_("All places of this time are taken. People may have to wait longer."),
        about=(
            (_("Recipient"), full_name(recipient)),
            (_("Location"), holding.place_of_slot(slot.id).name),
            (_("Date and Time"), when(slot.day, slot.minute)),
            (_("Booked"), _taken_of(slot.taken, slot.places)),
            *([(_("Instead of"), when(present.day, present.minute))] if present else []),
        ),
        danger=True,
    )
    return respond(
        "layouts/question.html",
        status=status,
        form=form,
        question=question,
        late=status == Conflict.status,
    )


def _to_come(recipient: Recipient) -> Appointment | None:
    """The recipient's appointment that is put to another time: the one from today on for the dose
    that is due, or else the first of them."""
    coming = [each for each in holding.to_come(recipient.id) if each.day >= scope().today()]
    try:
        due = next_dose(recipient).number
    except NotDue:
        due = 0
    return min(coming, key=lambda each: (each.dose_number != due, each.starts_at), default=None)


def _book(recipient: Recipient, present: Appointment | None, slot: Slot, reason: str) -> str:
    """Take the place; the address to go on at."""
    if present is None:
        held = services.hold(
            recipient_id=recipient.id,
            slot_id=slot.id,
            actor=scope().user,
            overbook_reason=reason,
        )
        return url_for("appointments.held", appointment_id=held.id)
    moved = services.move(
        appointment_id=present.id,
        slot_id=slot.id,
        actor=scope().user,
        overbook_reason=reason,
    )
    return url_for("appointments.record", appointment_id=moved.id)


def _calendar(recipient: Recipient, present: Appointment | None, slot: Slot) -> str:
    """The calendar on which the time was chosen."""
    day = slot.day.isoformat()
    if present is None:
        return schedule_address(recipient.id, slot.location_id)(day=day)
    return url_for(
        "appointments.change", appointment_id=present.id, location=slot.location_id, day=day
    )


def _taken_of(taken: int, places: int) -> str:
    return ngettext(
        "%(taken)s of %(num)s place", "%(taken)s of %(num)s places", places, taken=taken
    )


@blueprint.get("/overbooked")
@needs("appointments.overbook")
def overbooked() -> Response:
    """What was booked beyond the places, by whom and why: to come, and of the last 30 days."""
    found = list_overbooked(scope(), now() - REVIEWED)
    return respond(
        "appointments/overbooked.html",
        found=found,
        when=when,
        full_name=full_name,
        taken_of=_taken_of,
    )
