"""Routes of the `Appointments` tab: the list, one appointment, the sheet of a day."""

from functools import partial

from flask import Blueprint, Response, request, url_for

from blueprints.appointments.lists import APPOINTMENTS
from blueprints.appointments.numbers import spoken
from blueprints.appointments.pages import day_asked
from blueprints.appointments.queries import get_booked, of_day
from blueprints.appointments.record import appointment_page
from blueprints.appointments.twice import list_twice
from blueprints.appointments.words import dose_label
from portal.audit.services import viewed as audit_view
from portal.i18n import _
from portal.listviews.definition import Action
from portal.listviews.views import list_page
from portal.records.views import record_response
from portal.web.context import scope
from portal.web.guards import needs
from portal.web.requests import note
from portal.web.respond import respond

blueprint = Blueprint("appointments", __name__, url_prefix="/appointments")

blueprint.add_app_template_filter(spoken, "spoken")
blueprint.add_app_template_filter(dose_label, "dose")


@blueprint.get("/")
@needs("appointments.view")
def index() -> Response:
    """The appointments of the present location, from today on unless the filters say otherwise."""
    actions = [
        Action(label=_("Calendar"), href=url_for("appointments.calendar"), icon="calendar"),
        Action(label=_("Day Sheet"), href=url_for("appointments.day_sheet"), icon="print"),
    ]
    if scope().can("appointments.overbook"):
        actions.append(Action(label=_("Overbooked"), href=url_for("appointments.overbooked")))
    if scope().can("appointments.handle"):
        actions.append(Action(label=_("Who was told"), href=url_for("appointments.told_rounds")))
        count = len(list_twice(scope())) if scope().location else 0
        if count:
            label = _("Booked twice? (%(number)s)", number=count)
            actions.append(Action(label=label, href=url_for("appointments.booked_twice")))
    return list_page(APPOINTMENTS, scope(), actions=actions)


@blueprint.get("/<int:appointment_id>")
@needs("appointments.view")
def record(appointment_id: int) -> Response:
    """The record of an appointment."""
    found = get_booked(scope(), appointment_id)
    note(partial(audit_view, scope(), "appointment", found.id, location_id=found.location_id))
    return record_response(appointment_page(scope(), found))


@blueprint.get("/day-sheet")
@needs("appointments.view")
def day_sheet() -> Response:
    """The appointments of a day, to print."""
    day = day_asked(request.args.get("day"), scope().today()) or scope().today()
    found = of_day(scope(), day)
    note(
        partial(
            audit_view, scope(), "appointments", None, summary=f"{day.isoformat()}, {len(found)}"
        )
    )
    return respond("appointments/day_sheet.html", day=day, booked=found, place=scope().place)
