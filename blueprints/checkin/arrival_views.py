"""Routes of one arrival: what is known of it, and what becomes of it."""

from collections.abc import Callable
from functools import partial

from flask import Response, flash, request, url_for

from blueprints.appointments.models import Appointment
from blueprints.checkin import pages, services
from blueprints.checkin.forms import LeaveForm
from blueprints.checkin.models import Arrival
from blueprints.checkin.queries import alike_today, get_arrival, who_checked_in
from blueprints.checkin.rules import ArrivalState, ArrivalStep, Identifier, may, standing_of
from blueprints.checkin.views import blueprint
from blueprints.checkin.words import IDENTIFIERS, STANDINGS, STATES
from blueprints.recipients.models import Recipient
from blueprints.recipients.words import full_name
from portal.access.scope import Scope
from portal.audit.services import viewed as audit_view
from portal.clock import now
from portal.confirmation import Confirmation, answered, ask
from portal.db import session
from portal.errors import Conflict
from portal.formats.shown import day
from portal.i18n import _, _l
from portal.web.context import scope
from portal.web.guards import needs
from portal.web.htmx import go_to
from portal.web.late_forms import keeps_late_input
from portal.web.requests import note
from portal.web.respond import respond
from portal.web.templating import moment


@blueprint.get("/<int:arrival_id>")
@needs("checkin.view")
def record(arrival_id: int) -> Response:
    """Somebody who came, and what is next."""
    arrival = get_arrival(scope(), arrival_id)
    note(partial(audit_view, scope(), "recipient", arrival.recipient_id))
    return _show(arrival)


def _show(arrival: Arrival, refusal: str = "") -> Response:
    recipient = session().get_one(Recipient, arrival.recipient_id)
    booking = session().get(Appointment, arrival.appointment_id) if arrival.appointment_id else None
    handles = scope().can("checkin.handle")
    is_here = arrival.done_at is None
    return respond(
        "checkin/arrival.html",
        status=Conflict.status if refusal else 200,
        arrival=arrival,
        recipient=recipient,
        name=full_name(recipient),
        refusal=refusal,
        figures=_figures(arrival, recipient, booking),
        facts=_facts(arrival),
        alike=pages.alike_lines(alike_today(scope(), recipient)) if is_here else [],
        steps=pages.next_steps(scope(), arrival) if is_here else [],
        can={str(step): handles and _offered(step, arrival) for step in ArrivalStep},
        place=scope().place,
    )


def _offered(step: ArrivalStep, arrival: Arrival) -> bool:
    return may(step, arrival.state) and (is_today(arrival) or arrival.done_at is None)


def is_today(arrival: Arrival) -> bool:
    """Whether the arrival is of today."""
    return arrival.day == scope().today()


def _figures(
    arrival: Arrival, recipient: Recipient, booking: Appointment | None
) -> list[dict[str, object]]:
    state = (
        STATES[ArrivalState.UNDONE]
        if arrival.state == ArrivalState.UNDONE
        else STANDINGS[standing_of(arrival.state, arrival.observe_until, now())]
    )
    figures: list[dict[str, object]] = [
        {"label": _("Status"), "value": state},
        {"label": _("Date of Birth"), "value": day(recipient.birth_date)},
        {"label": _("Appointment"), "value": pages.booked_for(booking, arrival.day)},
    ]
    if arrival.observe_until is not None:
        figures.append({"label": _("Observe until"), "value": moment(arrival.observe_until)})
    return figures


def _facts(arrival: Arrival) -> list[tuple[str, object]]:
    known = ", ".join(str(IDENTIFIERS[Identifier(code)]) for code in arrival.identified_by.split())
    came = _(
        "%(moment)s, by %(user)s",
        moment=moment(arrival.checked_in_at),
        user=who_checked_in(arrival),
    )
    facts: list[tuple[str, object]] = [(_("Checked in"), came), (_("Identified by"), known)]
    if arrival.note:
        facts.append((_("Reason"), arrival.note))
    return facts


def _do(arrival_id: int, service: Callable[[Scope, int], Arrival], done: str) -> Response:
    """Do one step with an arrival; what happened meanwhile is said on its page."""
    try:
        with session().begin_nested():
            arrival = service(scope(), arrival_id)
    except Conflict as refusal:
        return _show(get_arrival(scope(), arrival_id), refusal.message)
    recipient = session().get_one(Recipient, arrival.recipient_id)
    flash(f"{full_name(recipient)}: {done}", "success")
    if arrival.done_at is None:
        return go_to(url_for("checkin.record", arrival_id=arrival.id))
    return go_to(url_for("checkin.today"))


@blueprint.post("/<int:arrival_id>/chair")
@needs("checkin.handle")
def to_chair(arrival_id: int) -> Response:
    """Call to the chair."""
    return _do(arrival_id, services.to_chair, _("at the chair."))


@blueprint.post("/<int:arrival_id>/waiting")
@needs("checkin.handle")
def back_to_waiting(arrival_id: int) -> Response:
    """Back to waiting, from the chair or after having left."""
    return _do(arrival_id, services.back_to_waiting, _("waiting again."))


@blueprint.post("/<int:arrival_id>/finish")
@needs("checkin.handle")
def finish(arrival_id: int) -> Response:
    """The observation is over."""
    return _do(arrival_id, services.finish, _("the visit is finished."))


@blueprint.post("/<int:arrival_id>/undo")
@needs("checkin.handle")
def undo(arrival_id: int) -> Response:
    """Take the check-in back."""
    return _do(arrival_id, services.undo, _("the check-in was undone."))


@blueprint.route("/<int:arrival_id>/leave", methods=["GET", "POST"])
@needs("checkin.handle")
@keeps_late_input(_l("Left Without a Dose"), form=LeaveForm)
def leave(arrival_id: int) -> Response:
    """Somebody left without a dose."""
    arrival = get_arrival(scope(), arrival_id)
    name = full_name(session().get_one(Recipient, arrival.recipient_id))
    return ask(
        answered(LeaveForm),
        Confirmation(
            title=_("Left Without a Dose"),
            heading=_("%(name)s left without a dose", name=name),
            text=_("The appointment stays open, so it can be changed or canceled."),
            back=url_for("checkin.today")
            if request.method == "POST"
            else url_for("checkin.record", arrival_id=arrival.id),
        ),
        act=lambda form: services.leave_without_dose(scope(), arrival.id, form.reason.data or ""),
        done=_("%(name)s left without a dose.", name=name),
    )
