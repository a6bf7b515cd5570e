"""Routes that book beyond the places of a time, on purpose, and the list of what was booked so."""

from collections.abc import Callable
from datetime import timedelta

from flask import Response, request, url_for

from blueprints.appointments import holding, services
from blueprints.appointments.forms import OverbookForm
from blueprints.appointments.pages import ensure_overbooks_at, when
from blueprints.appointments.queries import get_booked, list_overbooked
from blueprints.appointments.views import blueprint
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


def _ask(slot: Slot, name: str, back: str, act: Callable[[str], str]) -> Response:
    """Ask why; the answer leads on to where `act` says."""
    form = answered(OverbookForm)
    status = 200
    if request.method == "POST":
        status = Invalid.status
        if form.validate():
            try:
                with session().begin_nested():
                    onward = act(form.reason.data or "")
            except (Invalid, Conflict) as refusal:
                form.refuse(refusal)
                status = refusal.status
            else:
                return go_to(onward)
    question = Confirmation(
        title=_("Overbook"),
        heading=_("Book beyond the places of this time"),
        back=back,
        text=_("All places of this time are taken. People may have to wait longer."),
        about=(
            (_("Recipient"), name),
            (_("Location"), holding.place_of_slot(slot.id).name),
            (_("Date and Time"), when(slot.day, slot.minute)),
            (_("Booked"), _taken_of(slot.taken, slot.places)),
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


def _taken_of(taken: int, places: int) -> str:
    return ngettext(
        "%(taken)s of %(num)s place", "%(taken)s of %(num)s places", places, taken=taken
    )


@blueprint.route("/schedule/<int:recipient_id>/overbook/<int:slot_id>", methods=["GET", "POST"])
@needs("appointments.overbook")
@keeps_late_input(_l("Overbook"), form=OverbookForm)
def overbook(recipient_id: int, slot_id: int) -> Response:
    """Hold a place at a full time for a recipient."""
    recipient = get_recipient(scope(), recipient_id)
    slot = _slot(slot_id)

    def act(reason: str) -> str:
        held = services.hold(
            recipient_id=recipient.id,
            slot_id=slot.id,
            actor=scope().user,
            overbook_reason=reason,
        )
        return url_for("appointments.held", appointment_id=held.id)

    back = url_for(
        "appointments.availability",
        recipient_id=recipient.id,
        location_id=slot.location_id,
        day=slot.day.isoformat(),
    )
    return _ask(slot, full_name(recipient), back, act)


@blueprint.route("/<int:appointment_id>/overbook/<int:slot_id>", methods=["GET", "POST"])
@needs("appointments.overbook")
@keeps_late_input(_l("Overbook"), form=OverbookForm)
def move_beyond(appointment_id: int, slot_id: int) -> Response:
    """Put an appointment to a full time."""
    found = get_booked(scope(), appointment_id)
    slot = _slot(slot_id)

    def act(reason: str) -> str:
        moved = services.move(
            appointment_id=found.id,
            slot_id=slot.id,
            actor=scope().user,
            overbook_reason=reason,
        )
        return url_for("appointments.record", appointment_id=moved.id)

    back = url_for(
        "appointments.change",
        appointment_id=found.id,
        location=slot.location_id,
        day=slot.day.isoformat(),
    )
    name = full_name(get_recipient(scope(), found.recipient_id))
    return _ask(slot, name, back, act)


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
