"""What appointments show on other modules' pages."""

from collections.abc import Collection, Sequence
from typing import Any

from flask import url_for

from blueprints.appointments.cases import carried_booking
from blueprints.appointments.inviting import is_possible, may_be_invited
from blueprints.appointments.next_dose import NotDue, dose_to_book
from blueprints.appointments.numbers import spoken
from blueprints.appointments.pages import when
from blueprints.appointments.queries import in_slots, lapsed_holds, of_recipient, promised_doses
from blueprints.appointments.record import reason_of
from blueprints.appointments.rules import State
from blueprints.appointments.told import count_to_call
from blueprints.appointments.twice import list_twice
from blueprints.appointments.words import STATES, dose_label
from blueprints.recipients.models import Recipient
from blueprints.recipients.words import full_name
from blueprints.scheduling.doses import DosesAsked
from blueprints.scheduling.models import Schedule
from blueprints.scheduling.setups import Misfit
from portal.access.scope import Scope
from portal.i18n import _
from portal.messages.templates import absolute_url
from portal.remedies import Carried


def recipient_actions(scope: Scope, recipient: Recipient) -> dict[str, Any] | None:
    """The one next right step: scheduling the dose that is due."""
    if scope.location is None:
        return None
    try:
        dose = dose_to_book(recipient)
    except NotDue:
        return None
    labels = {1: _("Schedule First Dose Appointment"), 2: _("Schedule Second Dose")}
    return {
        "label": labels.get(dose.number) or _("Schedule Dose %(number)s", number=dose.number),
        "href": url_for("appointments.schedule", recipient_id=recipient.id),
    }


def recipient_invitation(_scope: Scope, recipient: Recipient) -> dict[str, Any] | None:
    """Inviting somebody who agreed to be written to, and has still to book."""
    if not is_possible() or not may_be_invited(recipient):
        return None
    return {"address": url_for("appointments.invite", recipient_id=recipient.id)}


def of_recipient_page(scope: Scope, recipient: Recipient) -> dict[str, Any]:
    """The recipient's appointments, with why they were canceled."""
    found = of_recipient(recipient.id)
    lines = [
        {
            "when": when(booked.appointment.day, booked.appointment.minute),
            "href": url_for("appointments.record", appointment_id=booked.appointment.id),
            "dose": dose_label(booked.appointment.dose_number),
            "place": booked.location.name,
            "number": spoken(booked.number),
            "state": STATES[booked.appointment.state],  # type: ignore[index]
            "reason": reason_of(booked.appointment),
        }
        for booked in found
    ]
    return {"lines": lines}


def front_link() -> dict[str, Any] | None:
    """The page on which people book without an account, where they can."""
    if not is_possible():
        return None
    return {"label": _("Book your vaccine appointment"), "href": url_for("public_booking.begin")}


def public_address(_scope: Scope, schedule: Schedule) -> dict[str, Any] | None:
    """The address at which the public books, to copy, and as a code to scan."""
    from portal.pdf.codes import picture_of

    if not (schedule.active and schedule.public and is_possible()):
        return None
    address = absolute_url("public_booking.begin")
    return {"address": address, "picture": picture_of(address)}


def conflicts(scope: Scope, misfits: Sequence[Misfit]) -> dict[str, Any] | None:
    """The appointments at times that the schedule has no place for."""
    slots = [number for misfit in misfits for number in misfit.slot_ids]
    if scope.location is None or not slots:
        return None
    found = in_slots(scope.location_id, slots)
    handles = scope.can("appointments.handle")
    return {
        "handles": handles,
        "lines": [
            {
                "id": booked.appointment.id,
                "when": when(booked.appointment.day, booked.appointment.minute),
                "name": full_name(booked.recipient),
                "href": url_for("appointments.record", appointment_id=booked.appointment.id),
            }
            for booked in found
        ],
        "cancel": url_for("appointments.cancel"),
        "move": url_for("appointments.move_many"),
    }


def promises(_scope: None, asked: DosesAsked) -> dict[str, Any]:
    """The doses that appointments to come were promised, those of held places included."""
    return {"rows": promised_doses(asked.location_ids, asked.first)}


def lapsed(_scope: None, location_ids: Collection[int]) -> dict[str, Any]:
    """The places that are held no more although they still count as taken."""
    return {"rows": lapsed_holds(tuple(location_ids))}


def call_card(scope: Scope, _subject: object) -> dict[str, Any] | None:
    """How many people are to be called about a change; nothing if there are none."""
    if scope.location is None:
        return None
    count, round_id = count_to_call(scope)
    href = url_for("appointments.told", round_id=round_id) if count else ""
    return {"count": count, "href": href} if count else None


def twice_card(scope: Scope, _subject: object) -> dict[str, Any] | None:
    """How many people may have booked twice; nothing if there are none."""
    if scope.location is None:
        return None
    count = len(list_twice(scope))
    return {"count": count, "href": url_for("appointments.booked_twice")} if count else None


def of_case(scope: Scope, carried: Carried) -> dict[str, Any] | None:
    """The appointment, as the page of a case shows it."""
    found = carried_booking(scope, carried)
    if found is None:
        return None
    appointment = found.appointment
    return {
        "href": url_for("appointments.record", appointment_id=appointment.id),
        "title": _(
            "Appointment of %(name)s, %(when)s: %(state)s",
            name=full_name(found.recipient),
            when=when(appointment.day, appointment.minute),
            state=STATES[State(appointment.state)],
        ),
    }
