"""Routes of the day end, and of noting what happened after a dose."""

from datetime import date
from functools import partial

from flask import Response, flash, request, url_for

from blueprints.administration import fields
from blueprints.administration.adverse import VAERS, VAERS_PHONE, note_event
from blueprints.administration.day import day_end
from blueprints.administration.forms import AdverseEventForm
from blueprints.administration.queries import get_given, recipient_of
from blueprints.administration.views import blueprint
from blueprints.appointments.pages import day_asked
from blueprints.appointments.words import dose_label
from blueprints.checkin.day import day_list
from blueprints.checkin.rules import DayState
from blueprints.recipients.words import full_name
from portal.audit.services import viewed as audit_view
from portal.clock import local, now
from portal.db import session
from portal.errors import Conflict, Invalid
from portal.formats.shown import moment_in
from portal.i18n import _, _l
from portal.web.calendar import long_day
from portal.web.context import scope
from portal.web.guards import needs
from portal.web.htmx import go_to
from portal.web.late_forms import keeps_late_input, late_values
from portal.web.requests import note
from portal.web.respond import respond

CLOCK = "%I:%M %p"


@blueprint.get("/day-end", endpoint="day_end")
@needs("checkin.view")
def day_end_page() -> Response:
    """What was given on a day and how the doses changed, to print and sign."""
    present = scope().today()
    day = min(day_asked(request.args.get("day"), present) or present, present)
    found = day_end(scope(), day)
    people = day_list(scope(), day)
    return respond(
        "administration/day_end.html",
        day=day,
        day_name=long_day(day),
        is_today=day == present,
        found=found,
        people=people.counts,
        states=DayState,
        still_here=sum(line.is_to_do and line.arrival_id is not None for line in people.lines),
        printed=moment_in(now(), scope().place.time_zone),
        back=_day_address(day),
    )


def _day_address(day: date) -> str:
    if day == scope().today():
        return url_for("checkin.today")
    return url_for("checkin.today", day=day.isoformat())


def _about(vaccination_id: int) -> str:
    return full_name(recipient_of(get_given(scope(), vaccination_id)))


@blueprint.route("/vaccinations/<int:vaccination_id>/adverse-event", methods=["GET", "POST"])
@needs("administration.give")
@keeps_late_input(_l("Note Adverse Event"), form=AdverseEventForm, about=_about)
def adverse_event(vaccination_id: int) -> Response:
    """Note an adverse event after a dose."""
    given = get_given(scope(), vaccination_id)
    posted = request.method == "POST"
    zone = scope().place.time_zone
    present = local(now(), zone)
    form = AdverseEventForm(
        formdata=request.form if posted else late_values(),
        data={"began_on": present.date(), "began_time": present.strftime(CLOCK).lstrip("0")},
    )
    status = 200
    if posted:
        status = Invalid.status
        if form.validate():
            try:
                with session().begin_nested():
                    began = fields.moment(
                        scope(),
                        form.began_on.data,
                        form.began_time.data or "",
                        field="began_time",
                        on="began_on",
                    )
                    note_event(scope(), vaccination_id, form.what.data or "", began)
            except (Invalid, Conflict) as refusal:
                form.refuse(refusal)
                status = refusal.status
            else:
                flash(_("The note is saved. Report it to VAERS, too."), "success")
                return go_to(url_for("administration.record", vaccination_id=vaccination_id))
    else:
        person = given.vaccination.recipient_id
        note(partial(audit_view, scope(), "recipient", person))
    return respond(
        "administration/adverse_event.html",
        status=status,
        form=form,
        about=[
            (_("Recipient"), full_name(recipient_of(given))),
            (_("Dose"), dose_label(given.newest.dose_number)),
            (_("Date and Time"), moment_in(given.newest.given_at, given.newest.time_zone)),
        ],
        back=url_for("administration.record", vaccination_id=vaccination_id),
        zone=fields.zone_name(scope()),
        vaers=VAERS,
        vaers_phone=VAERS_PHONE,
        place=scope().place,
    )
