"""Routes for moving many, for who was told of a change, and for the calls to all others."""

from datetime import date
from functools import partial
from typing import Any

from flask import Response, flash, request, url_for

from blueprints.appointments import services, told
from blueprints.appointments.call_views import call_page, to_call
from blueprints.appointments.canceling_views import ticked
from blueprints.appointments.forms import MoveManyForm
from blueprints.appointments.models import ToldLine
from blueprints.appointments.pages import when
from blueprints.appointments.queries import booked_as, get_booked, of_ids
from blueprints.appointments.rules import State, ToldWay
from blueprints.appointments.views import blueprint
from blueprints.appointments.words import CHANGES, OUTCOMES, TOLD_BY
from blueprints.recipients.words import full_name
from portal.audit.services import viewed as audit_view
from portal.db import session
from portal.errors import Conflict, Invalid
from portal.i18n import _, _l, ngettext
from portal.web.context import scope
from portal.web.guards import needs
from portal.web.htmx import go_to
from portal.web.late_forms import keeps_late_input, late_values
from portal.web.requests import note
from portal.web.respond import respond


@blueprint.route("/move", methods=["GET", "POST"])
@needs("appointments.handle")
@keeps_late_input(_l("Change Appointments"), form=MoveManyForm)
def move_many() -> Response:
    """Put the ticked appointments, up to 20, to another day."""
    posted = request.method == "POST"
    sent = request.form if posted else late_values()
    ids = ticked((request.args if sent is None else sent).getlist("tick"))
    form = MoveManyForm(formdata=sent)
    found = [booked for booked in of_ids(ids) if get_booked(scope(), booked.appointment.id)]
    to_come = [booked for booked in found if booked.appointment.state == State.NEW]
    try:
        services.check_number(len(to_come))
    except Invalid as refusal:
        flash(refusal.message, "warning")
        return go_to(url_for("appointments.index"))
    status = 200
    if posted:
        status = Invalid.status
        if form.validate() and form.day.data is not None:
            try:
                return _move([one.appointment.id for one in to_come], form.day.data)
            except (Invalid, Conflict) as refusal:
                form.refuse(refusal)
                status = refusal.status
    return respond(
        "appointments/move_many.html",
        status=status,
        form=form,
        found=to_come,
        when=when,
        full_name=full_name,
    )


def _move(ids: list[int], day: date) -> Response:
    with session().begin_nested():
        changed = services.move_many(
            appointment_ids=ids, day=day, actor=scope().user, location_id=scope().location_id
        )
    flash(
        ngettext("%(num)s appointment is moved.", "%(num)s appointments are moved.", changed.count),
        "success",
    )
    if changed.left:
        flash(
            ngettext(
                "%(num)s appointment found no free time on that day and was left as it is.",
                "%(num)s appointments found no free time on that day and were left as they are.",
                len(changed.left),
            ),
            "warning",
        )
    return go_to(url_for("appointments.told", round_id=changed.round_id))


@blueprint.get("/told")
@needs("appointments.handle")
def told_rounds() -> Response:
    """The latest changes to several appointments, and how many people are still to be called."""
    return respond(
        "appointments/told_rounds.html", rounds=told.list_rounds(scope()), changes=CHANGES
    )


@blueprint.get("/told/<int:round_id>", endpoint="told")
@needs("appointments.handle")
def told_page(round_id: int) -> Response:
    """Who was told by which way, who could not be, and the calls."""
    found = told.get_round(scope(), round_id)
    lines = told.lines_of(found)
    summary = f"told {found.id}, {len(lines)}"
    note(partial(audit_view, scope(), "appointments", None, summary=summary))
    written = _by_way(lines)
    return respond(
        "appointments/told.html",
        round=found,
        change=CHANGES[found.change],  # type: ignore[index]
        written=written,
        counted=[(label, str(len(some))) for _way, label, some in written],
        calls=[line for line in lines if line.needs_call],
        left=sum(line.is_open for line in lines),
        outcomes=OUTCOMES,
        when=when,
        full_name=full_name,
    )


def _by_way(lines: list[told.ToldRow]) -> list[tuple[ToldWay, str, list[told.ToldRow]]]:
    """Whom a message reaches, by the way it takes."""
    found = [
        (way, str(label), [one for one in lines if not one.needs_call and one.line.way == way])
        for way, label in TOLD_BY.items()
    ]
    return [one for one in found if one[2] or one[0] == ToldWay.EMAIL]


@blueprint.post("/told/<int:round_id>/next")
@needs("appointments.handle")
def next_call(round_id: int) -> Response:
    """Take the next call; it is the user's for ten minutes."""
    back = url_for("appointments.told", round_id=round_id)
    return to_call(told.claim_next(scope(), round_id), "appointments.call", back)


@blueprint.route("/calls/<int:line_id>", methods=["GET", "POST"])
@needs("appointments.handle")
def call(line_id: int) -> Response:
    """Whom to call and what to say; then what came of it."""
    line = told.get_line(scope(), line_id)
    back = url_for("appointments.told", round_id=line.round_id)
    return call_page(line, OUTCOMES, told.note_call, back, _about)


def _about(line: ToldLine) -> dict[str, Any]:
    booked = booked_as(get_booked(scope(), line.appointment_id))
    own, place = booked.appointment, booked.location
    note(partial(audit_view, scope(), "appointment", own.id, location_id=place.id))
    said = {"when": when(own.day, own.minute), "place": place.name}
    say = _("Say: your appointment is now on %(when)s at %(place)s.", **said)
    if own.state == State.CANCELED:
        say = _("Say: your appointment on %(when)s at %(place)s is canceled.", **said)
        if own.cancel_reason:
            say += f" {_('Reason: %(reason)s', reason=own.cancel_reason)}"
    href = url_for("appointments.record", appointment_id=own.id)
    return {
        "person": booked.recipient,
        "say": say,
        "more": [],
        "record": (_("Appointment"), href),
        "place": None,
    }
