"""Routes of the check-in: the list of today, checking somebody in."""

from datetime import date, timedelta
from functools import partial

from flask import Blueprint, Response, flash, request, url_for

from blueprints.appointments.models import Appointment
from blueprints.appointments.pages import day_asked
from blueprints.appointments.rules import State as AppointmentState
from blueprints.checkin import pages, services
from blueprints.checkin.day import day_list, version_of
from blueprints.checkin.forms import CheckInForm, NumberForm
from blueprints.checkin.queries import (
    alike_today,
    booking_numbered,
    get_booking,
    of_appointments,
    open_arrival,
    who_checked_in,
)
from blueprints.recipients.forms import FindRecipientForm
from blueprints.recipients.models import Recipient
from blueprints.recipients.queries import get_recipient
from blueprints.recipients.words import full_name
from portal.audit.services import viewed as audit_view
from portal.db import session
from portal.errors import Conflict, Invalid
from portal.i18n import _
from portal.web.calendar import long_day
from portal.web.context import scope
from portal.web.guards import needs, quiet
from portal.web.htmx import go_to
from portal.web.requests import note
from portal.web.respond import respond

blueprint = Blueprint("checkin", __name__, url_prefix="/checkin")

ONE_DAY = timedelta(days=1)


@blueprint.get("/")
@needs("checkin.view")
def today() -> Response:
    """Who is expected, here, and done today at the present location, or was on an earlier day."""
    present = scope().today()
    day = min(day_asked(request.args.get("day"), present) or present, present)
    return _page_of(day, whole=True)


@blueprint.get("/now")
@quiet
@needs("checkin.view")
def now() -> Response:
    """The list of today for a page that shows it; nothing if it is the very one the page has."""
    if request.args.get("seen") == version_of(scope(), scope().today()):
        return Response(status=204)
    return _page_of(scope().today(), whole=request.args.get("short") is None)


def _page_of(day: date, *, whole: bool) -> Response:
    found = day_list(scope(), day)
    is_today = day == scope().today()
    if not is_today:
        summary = f"{day.isoformat()}, {len(found.lines)}"
        note(partial(audit_view, scope(), "appointments", None, summary=summary))
    return respond(
        "checkin/today.html",
        regions={"day-list": "checkin/_day.html"},
        day_name=long_day(day),
        is_today=is_today,
        earlier=url_for("checkin.today", day=(day - ONE_DAY).isoformat()),
        later="" if is_today else url_for("checkin.today", day=(day + ONE_DAY).isoformat()),
        sheet=url_for("appointments.day_sheet", day=day.isoformat()),
        form=NumberForm(formdata=None),
        found=found,
        **pages.list_context(scope(), found, whole=whole),
    )


@blueprint.route("/recipient", methods=["GET", "POST"])
@needs("checkin.handle")
def find() -> Response:
    """Find who came: by the confirmation number, or as a walk-in."""
    posted = request.method == "POST"
    form = NumberForm(formdata=request.form if posted else None)
    status = 200
    if posted:
        status = Invalid.status
        if form.validate():
            try:
                found = booking_numbered(scope(), form.number.data or "")
            except Invalid as refusal:
                form.refuse(refusal)
            else:
                return go_to(url_for("checkin.of_appointment", appointment_id=found.id))
    return respond(
        "checkin/find.html", status=status, form=form, walk_in=FindRecipientForm(formdata=None)
    )


@blueprint.route("/appointments/<int:appointment_id>", methods=["GET", "POST"])
@needs("checkin.handle")
def of_appointment(appointment_id: int) -> Response:
    """Check somebody in who has an appointment."""
    booking = get_booking(scope(), appointment_id)
    there = of_appointments(scope().location_id, [booking.id]).get(booking.id)
    if request.method == "GET" and there is not None:
        return _already(there.id)
    if request.method == "GET" and booking.state != AppointmentState.NEW:
        flash(
            _("This appointment is canceled or over. Nobody can be checked in for it."), "warning"
        )
        return go_to(url_for("appointments.record", appointment_id=booking.id))
    return _check_in(get_recipient(scope(), booking.recipient_id), booking)


@blueprint.route("/recipients/<int:recipient_id>", methods=["GET", "POST"])
@needs("checkin.handle")
def of_recipient(recipient_id: int) -> Response:
    """Check somebody in who came without an appointment."""
    return _check_in(get_recipient(scope(), recipient_id), None)


def _already(arrival_id: int) -> Response:
    flash(_("Already checked in."), "info")
    return go_to(url_for("checkin.record", arrival_id=arrival_id))


def _check_in(recipient: Recipient, booking: Appointment | None) -> Response:
    there = open_arrival(recipient.id, scope().location_id, scope().today())
    posted = request.method == "POST"
    if not posted:
        if there is not None:
            return _already(there.id)
        note(partial(audit_view, scope(), "recipient", recipient.id))
    form = CheckInForm(formdata=request.form if posted else None)
    form.offer(pages.identifiers_of(recipient))
    status = 200
    if posted:
        status = Invalid.status
        if form.validate():
            try:
                with session().begin_nested():
                    arrival = services.check_in(
                        scope(),
                        recipient_id=recipient.id,
                        appointment_id=booking.id if booking else None,
                        identified_by=form.identified_by.data or [],
                    )
            except (Invalid, Conflict) as refusal:
                form.refuse(refusal)
                status = refusal.status
            else:
                flash(_("%(name)s is checked in.", name=full_name(recipient)), "success")
                steps = pages.next_steps(scope(), arrival)
                if steps and request.form.get("go") == "on":
                    return go_to(steps[0].href)
                return go_to(url_for("checkin.record", arrival_id=arrival.id))
    other_day = booking is not None and booking.day != scope().today()
    return respond(
        "checkin/check_in.html",
        status=status,
        form=form,
        recipient=recipient,
        name=full_name(recipient),
        booked=pages.booked_for(booking, scope().today()),
        other_day=pages.booked_for(booking, scope().today()) if other_day else "",
        there=there,
        by=who_checked_in(there) if there else "",
        alike=pages.alike_lines(alike_today(scope(), recipient)),
        leads_on=pages.leads_on(scope()),
        place=scope().place,
    )
