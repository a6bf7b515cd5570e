"""Public pages: recipients see, change and cancel their own appointment, without an account."""

from typing import Any

from flask import Blueprint, Response, flash, request, url_for

from blueprints.appointments import holding, services
from blueprints.appointments.forms import OwnReasonForm
from blueprints.appointments.numbers import spoken
from blueprints.appointments.pages import calendar_of, place_address, when
from blueprints.appointments.settings import AppointmentSettings
from blueprints.appointments.visiting import (
    KIND,
    Visited,
    dose_of,
    may_move,
    visited,
    visited_to_come,
)
from blueprints.appointments.words import dose_label
from blueprints.scheduling.services import SlotTaken
from portal.db import session
from portal.errors import Conflict, Invalid, NotFound
from portal.formats.numbers import record_number
from portal.i18n import _
from portal.settings import of_module
from portal.visits import links
from portal.web.guards import visitor as for_visitor
from portal.web.htmx import go_to
from portal.web.respond import respond
from portal.web.visiting import visitor

blueprint = Blueprint("own_appointment", __name__)


def _about(found: Visited) -> dict[str, Any]:
    """What the public pages say of an appointment."""
    own = found.appointment
    return {
        "appointment": own,
        "first_name": found.recipient.first_name,
        "when": when(own.day, own.minute),
        "place_name": found.location.name,
        "place_address": place_address(found.location),
        "phone": found.location.phone,
        "dose": dose_label(own.dose_number),
        "number": spoken(found.number),
        "to_come": found.to_come,
    }


def _again() -> Response:
    """Lead to the appointment as it is after the change, which ended the link in use."""
    who = visitor()
    token = links.fresh_token(KIND, who.subject_id, lifetime=links.AFTERWARDS, by=who.through)
    return go_to(url_for("own_appointment.show", token=token))


@blueprint.get("/a/<token>")
@for_visitor(KIND)
def show(token: str) -> Response:
    """When and where it is, and what can be done."""
    found = visited(visitor())
    return respond(
        "appointments/own.html",
        token=token,
        may_move=may_move(found),
        instructions=of_module(AppointmentSettings).instructions,
        **_about(found),
    )


@blueprint.route("/a/<token>/cancel", methods=["GET", "POST"])
@for_visitor(KIND)
def cancel(token: str) -> Response:
    """Cancel the appointment; a reason is welcome."""
    found = visited_to_come(visitor())
    form = OwnReasonForm()
    status = 200
    if request.method == "POST":
        status = Invalid.status
        if form.validate():
            try:
                services.cancel(
                    appointment_id=found.appointment.id,
                    reason=form.reason.data or "",
                    actor=None,
                    later_doses=True,
                )
            except (Invalid, Conflict) as refusal:
                form.refuse(refusal)
                status = refusal.status
            else:
                flash(_("Your appointment is canceled."), "success")
                return _again()
    return respond(
        "appointments/own_cancel.html", status=status, token=token, form=form, **_about(found)
    )


@blueprint.route("/a/<token>/change", methods=["GET", "POST"])
@for_visitor(KIND)
def change(token: str) -> Response:
    """Choose another day and time at the same location; the old one is kept until then."""
    found = visited_to_come(visitor())
    if not may_move(found):
        raise Conflict(_("This appointment can't be changed here. Nothing was changed."))
    if request.method != "POST":
        return _calendar(found, token)
    slot_id = record_number(request.form.get("slot", ""))
    if slot_id is None or holding.place_of_slot(slot_id).id != found.location.id:
        raise NotFound
    try:
        with session().begin_nested():
            moved = services.move(appointment_id=found.appointment.id, slot_id=slot_id, actor=None)
    except SlotTaken as refusal:
        session().refresh(found.appointment)
        return _calendar(found, token, status=409, lost=refusal.message)
    flash(_("Your appointment is on %(when)s now.", when=when(moved.day, moved.minute)), "success")
    return _again()


def _calendar(found: Visited, token: str, *, status: int = 200, lost: str = "") -> Response:
    def address(**more: Any) -> str:
        return url_for("own_appointment.change", token=token, **more)

    return respond(
        "appointments/own_change.html",
        status=status,
        token=token,
        lost=lost,
        region="own-calendar",
        pick=url_for("own_appointment.change", token=token),
        **_about(found),
        **calendar_of(found.location, dose_of(found), address, moving=found.appointment),
    )
