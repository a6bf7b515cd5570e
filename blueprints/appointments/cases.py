"""Cases of the help desk that carry an appointment: what it is, what a request says, what an agent
can do about it (SPEC G6, H8)."""

from typing import Any

from blueprints.appointments import services
from blueprints.appointments.models import Appointment
from blueprints.appointments.next_dose import is_later_dose
from blueprints.appointments.numbers import spoken
from blueprints.appointments.pages import when
from blueprints.appointments.queries import Booked, booked_as, get_booked
from blueprints.appointments.rules import State
from blueprints.appointments.words import dose_label
from blueprints.recipients.words import full_name
from portal.access.scope import Scope
from portal.errors import NotFound
from portal.i18n import _
from portal.remedies import Carried, Remedy, Said

KIND = "appointment"


def carried_booking(scope: Scope, carried: Carried) -> Booked | None:
    """The appointment that is carried, if it is one and `scope` sees it."""
    if carried.about_kind != KIND or carried.about_id is None:
        return None
    try:
        return booked_as(get_booked(scope, carried.about_id))
    except NotFound:
        return None


def request_about(scope: Scope, carried: Carried) -> dict[str, Any] | None:
    """The request to cancel a second dose, filled with name and confirmation number."""
    found = carried_booking(scope, carried)
    if found is None:
        return None
    record = _("Confirmation number %(number)s", number=spoken(found.number))
    if not is_later_dose(found.appointment.dose_number):
        return {"topic": "appointments", "record": record}
    return {
        "topic": "appointments",
        "record": record,
        "subject": _("Cancel a second dose appointment"),
        "description": request_text(found),
    }


def request_text(booked: Booked) -> str:
    """What the help desk needs to cancel a second dose."""
    return _(
        "Please cancel the second dose appointment of %(name)s, confirmation number %(number)s.",
        name=full_name(booked.recipient),
        number=spoken(booked.number),
    )


def remedies(scope: Scope, carried: Carried) -> dict[str, Any] | None:
    """Canceling a second dose, which locations do not do themselves."""
    found = carried_booking(scope, carried)
    if found is None or not is_later_dose(found.appointment.dose_number):
        return None
    appointment = found.appointment

    def perform(reason: str) -> Said:
        return _cancel(scope, appointment, reason)

    return {
        "remedies": [
            Remedy(
                name="appointments.cancel_second",
                label=_("Cancel Second Dose Appointment"),
                text=_("The place is free again. The recipient is told the reason."),
                perform=perform,
                why_not=""
                if appointment.state == State.NEW
                else _("The appointment is over or canceled already."),
            )
        ]
    }


def _cancel(scope: Scope, appointment: Appointment, reason: str) -> Said:
    told = services.cancel(
        appointment_id=appointment.id, reason=reason, actor=scope.user, later_doses=True
    )
    number, place = appointment.dose_number, (appointment.day, appointment.minute)

    def said() -> str:
        canceled = _(
            "The appointment for the %(dose)s on %(when)s was canceled.",
            dose=str(dose_label(number)).lower(),
            when=when(*place),
        )
        told_text = (
            _("The recipient is told.")
            if told
            else _("The recipient gets no messages. Please call them.")
        )
        return f"{canceled} {told_text}"

    return said
