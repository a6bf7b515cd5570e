"""What the check-in shows on other modules' pages."""

from collections.abc import Sequence
from typing import Any

from flask import url_for

from blueprints.appointments.models import Appointment
from blueprints.appointments.rules import State as AppointmentState
from blueprints.checkin.day import day_list
from blueprints.checkin.forms import NumberForm
from blueprints.checkin.pages import list_context
from blueprints.checkin.queries import of_appointments, open_arrival
from blueprints.recipients.models import Recipient
from portal.access.scope import Scope
from portal.clock import local
from portal.i18n import _
from portal.listviews.definition import Action


def home_list(scope: Scope, _subject: object) -> dict[str, Any] | None:
    """`Today's Appointments` and `Recipient Check In` on `Home`."""
    if scope.location is None:
        return None
    found = day_list(scope, scope.today())
    return {"form": NumberForm(formdata=None), **list_context(scope, found, whole=False)}


def row_menus(scope: Scope, rows: Sequence[Any]) -> dict[str, Any]:
    """`Check In` in the menus of the list of appointments: today's and missed ones."""
    if scope.location is None:
        return {"links": [[] for _row in rows]}
    today, zone = scope.today(), scope.location.time_zone
    offered = [
        row.status == AppointmentState.NEW and local(row.when, zone).date() <= today for row in rows
    ]
    ids = [row.id for row, may in zip(rows, offered, strict=True) if may]
    there = of_appointments(scope.location.id, ids) if ids else {}
    return {
        "links": [
            [_link(row.id, row.id in there)] if may else []
            for row, may in zip(rows, offered, strict=True)
        ]
    }


def _link(appointment_id: int, is_there: bool, kind: str = "secondary") -> Action:
    return Action(
        kind=kind,
        label=_("Open Check-in") if is_there else _("Check In"),
        href=url_for("checkin.of_appointment", appointment_id=appointment_id),
    )


def appointment_actions(scope: Scope, appointment: Appointment) -> dict[str, Any] | None:
    """`Check In` on the record of an appointment of the present location."""
    here = scope.location is not None and appointment.location_id == scope.location.id
    if not here or appointment.state != AppointmentState.NEW or appointment.day > scope.today():
        return None
    is_there = bool(of_appointments(appointment.location_id, [appointment.id]))
    return {"link": _link(appointment.id, is_there, "primary")}


def recipient_actions(scope: Scope, recipient: Recipient) -> dict[str, Any] | None:
    """`Check In` on the record of a recipient: also of a walk-in."""
    if scope.location is None:
        return None
    there = open_arrival(recipient.id, scope.location.id, scope.today())
    if there is not None:
        href = url_for("checkin.record", arrival_id=there.id)
        return {"link": Action(label=_("Open Check-in"), href=href)}
    href = url_for("checkin.of_recipient", recipient_id=recipient.id)
    return {"link": Action(label=_("Check In"), href=href)}
