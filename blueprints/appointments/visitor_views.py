"""Public pages: recipients see, change and cancel their own appointment, without an account."""

from typing import Any

from flask import Blueprint, Response, flash, request, url_for

from blueprints.appointments import holding, services
from blueprints.appointments.booking_alone import later_dose
from blueprints.appointments.forms import OwnReasonForm
from blueprints.appointments.next_dose import NextDose
from blueprints.appointments.numbers import spoken
from blueprints.appointments.pages import calendar_of, place_address, when
from blueprints.appointments.settings import AppointmentSettings
from blueprints.appointments.visiting import (
    KIND,
    Visited,
    dose_of,
    may_cancel,
    may_move,
    open_until,
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
        may_cancel=may_cancel(found),
        next_dose=_book_label(later_dose(found)),
        instructions=of_module(AppointmentSettings).instructions,
        **_about(found),
    )


@blueprint.route("/a/<token>/cancel", methods=["GET", "POST"])
@for_visitor(KIND)
def cancel(token: str) -> Response:
    """Cancel the appointment; a reason is welcome."""
    found = visited_to_come(visitor())
    if not may_cancel(found):
        raise Conflict(
            _("This appointment can't be canceled here. Nothing was changed. Please call us.")
        )
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
                    later_doses=may_cancel(found),
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


def _book_label(dose: NextDose | None) -> str:
    """What the button says that books the dose after this one; blank if there is none to book."""
    return _("Book the %(dose)s", dose=str(dose_label(dose.number)).lower()) if dose else ""


@blueprint.route("/a/<token>/next", methods=["GET", "POST"])
@for_visitor(KIND)
def book_next(token: str) -> Response:
    """Book the dose after the one that was given, at the same location."""
    found = visited(visitor())
    dose = later_dose(found)
    if dose is None:
        raise Conflict(_("There is no other dose to book here now. Nothing was changed."))
    if request.method != "POST":
        return _next_calendar(found, dose, token)
    slot_id = record_number(request.form.get("slot", ""))
    if slot_id is None or holding.place_of_slot(slot_id).id != found.location.id:
        raise NotFound
    try:
        with session().begin_nested():
            held = services.hold(recipient_id=found.recipient.id, slot_id=slot_id, actor=None)
            booked = services.complete(appointment_id=held.id, actor=None)
    except SlotTaken as refusal:
        return _next_calendar(found, dose, token, status=409, lost=refusal.message)
    flash(_("Your appointment is booked."), "success")
    own = links.token_of(KIND, booked.id, booked.version, until=open_until(booked))
    return go_to(url_for("own_appointment.show", token=own))


def _next_calendar(
    found: Visited, dose: NextDose, token: str, *, status: int = 200, lost: str = ""
) -> Response:
    def address(**more: Any) -> str:
        return url_for("own_appointment.book_next", token=token, **more)

    return respond(
        "appointments/own_next.html",
        status=status,
        token=token,
        lost=lost,
        region="own-calendar",
        pick=url_for("own_appointment.book_next", token=token),
        title=_book_label(dose),
        **_about(found),
        **calendar_of(found.location, dose, address),
    )


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
