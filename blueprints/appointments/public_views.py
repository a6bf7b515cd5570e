"""Public pages on which people without an account book for themselves (SPEC F5): who they are, a
location, a day and time, a look at it, done."""

from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, flash, g, request, url_for

from blueprints.appointments import holding, services, twice
from blueprints.appointments.booking_alone import (
    KIND,
    find_public,
    find_public_of,
    first_dose,
    held_of,
    is_offered_anywhere,
    public_places,
    send_again,
)
from blueprints.appointments.forms import NearForm, OwnDetailsForm
from blueprints.appointments.models import Appointment
from blueprints.appointments.next_dose import NextDose, NotDue
from blueprints.appointments.pages import calendar_of, distance, place_address, when
from blueprints.appointments.settings import AppointmentSettings
from blueprints.appointments.telling import is_told
from blueprints.appointments.visiting import KIND as APPOINTMENT
from blueprints.appointments.visiting import open_until
from blueprints.appointments.words import dose_label
from blueprints.recipients.models import Recipient
from blueprints.recipients.self_registering import register_self
from blueprints.scheduling.services import SlotTaken
from portal import throttle
from portal.access.through import Through
from portal.clock import now
from portal.db import run_sparingly, session
from portal.errors import Invalid, NotFound
from portal.formats.numbers import record_number
from portal.i18n import _
from portal.networks import bucket
from portal.settings import of_module
from portal.visits import links
from portal.web.guards import before_transaction, for_visitors, repeatable
from portal.web.guards import visitor as for_visitor
from portal.web.htmx import go_to
from portal.web.respond import respond
from portal.web.visiting import language, visitor

blueprint = Blueprint("public_booking", __name__, url_prefix="/book")

GOOD_FOR = timedelta(hours=1)
# Of one address: a waiting room, a library or a shelter has many people behind one.
REGISTRATIONS = [(100, timedelta(hours=1))]


def _count() -> int:
    """Count a registration of the visitor's address; the seconds to wait, if there were many."""
    if not OwnDetailsForm().validate():
        return 0
    address = bucket(request.remote_addr or "")
    return run_sparingly(
        lambda: throttle.take("booking", address, REGISTRATIONS), keep=lambda _done: True
    )


@blueprint.route("", methods=["GET", "POST"])
@for_visitors("people book without an account")
@before_transaction(_count)
def begin() -> Response:
    """Ask who comes, and how to reach them."""
    form = OwnDetailsForm()
    if request.method != "POST" or not is_offered_anywhere():
        return _who(form)
    wait: int = g.prepared
    if not form.validate():
        return _who(form, status=422)
    if wait:
        response = _who(form, status=429, minutes=-(-wait // 60))
        response.headers["Retry-After"] = str(wait)
        return response
    most = of_module(AppointmentSettings).people_per_contact
    try:
        with session().begin_nested():
            details = form.details(language())
            registered = register_self(details, people_a_day=most)
            for each in registered.others:
                send_again(each)
    except Invalid as refusal:
        form.refuse(refusal)
        return _who(form, status=422)
    mine = registered.recipient.id
    token = links.fresh_token(KIND, mine, lifetime=GOOD_FOR, by=Through.PAGE)
    return go_to(url_for("public_booking.places", token=token))


def _who(form: OwnDetailsForm, *, status: int = 200, minutes: int = 0) -> Response:
    return respond(
        "appointments/book.html",
        status=status,
        form=form,
        offered=is_offered_anywhere(),
        minutes=minutes,
    )


def _recipient() -> Recipient:
    return session().get_one(Recipient, visitor().subject_id)


def _not_here(recipient: Recipient) -> Response:
    """Say that it cannot be done here, in the same words whatever the reason; an appointment that
    there is already is told by e-mail."""
    return respond("appointments/book_elsewhere.html", first_name=recipient.first_name)


@blueprint.route("/<token>", methods=["GET", "POST"])
@for_visitor(KIND)
@repeatable
def places(token: str) -> Response:
    """The locations near the visitor, or near what was typed, and the first free day of each."""
    recipient = _recipient()
    try:
        dose = first_dose(recipient)
    except NotDue:
        return _not_here(recipient)
    form = NearForm(data={"near": recipient.zip_code})
    valid = request.method != "POST" or form.validate()
    near = (form.near.data or "") if valid else ""
    return respond(
        "appointments/book_places.html",
        status=200 if valid else 422,
        token=token,
        first_name=recipient.first_name,
        form=form,
        offers=public_places(near or recipient.zip_code, dose),
        distance=distance,
    )


@blueprint.route("/<token>/times", methods=["GET", "POST"])
@for_visitor(KIND)
def times(token: str) -> Response:
    """The days and times of a location; a time that is chosen is held."""
    recipient = _recipient()
    try:
        dose = first_dose(recipient)
        if request.method != "POST":
            return _times(recipient, dose, token, record_number(request.args.get("place", "")))
        slot_id = record_number(request.form.get("slot", ""))
        if slot_id is None:
            raise NotFound
        place = find_public_of(slot_id)
        with session().begin_nested():
            services.hold(recipient_id=recipient.id, slot_id=slot_id, actor=None)
    except NotDue:
        return _not_here(recipient)
    except SlotTaken as refusal:
        return _times(recipient, dose, token, place.id, lost=refusal.message, slot_id=slot_id or 0)
    return go_to(url_for("public_booking.confirm", token=token))


def _times(
    recipient: Recipient,
    dose: NextDose,
    token: str,
    place_id: int | None,
    *,
    lost: str = "",
    slot_id: int = 0,
) -> Response:
    if place_id is None:
        return go_to(url_for("public_booking.places", token=token))
    place = find_public(place_id)

    def address(**more: Any) -> str:
        return url_for("public_booking.times", token=token, place=place.id, **more)

    return respond(
        "appointments/book_times.html",
        status=409 if lost else 200,
        token=token,
        lost=lost,
        nearest=holding.nearest_times(slot_id, dose) if lost else (),
        when=when,
        region="public-calendar",
        pick=url_for("public_booking.times", token=token),
        place_name=place.name,
        place_address=place_address(place),
        **calendar_of(place, dose, address, moving=held_of(recipient.id)),
    )


@blueprint.route("/<token>/confirm", methods=["GET", "POST"])
@for_visitor(KIND)
def confirm(token: str) -> Response:
    """The time that is held, with everything to look at; a button makes it an appointment."""
    recipient = _recipient()
    held = held_of(recipient.id)
    if held is None:
        if request.method == "POST":
            flash(holding.hold_over().message, "warning")
        return go_to(url_for("public_booking.places", token=token))
    if request.method != "POST":
        return _confirm(recipient, held, token)
    try:
        booked = services.complete(appointment_id=held.id, actor=None)
        twice.notice(booked)
    except holding.HoldOver as refusal:
        flash(refusal.message, "warning")
        return go_to(url_for("public_booking.places", token=token))
    flash(
        _("Your appointment is booked. We sent you a confirmation.")
        if is_told(recipient)
        else _("Your appointment is booked. Write down the confirmation number."),
        "success",
    )
    own = links.token_of(APPOINTMENT, booked.id, booked.version, until=open_until(booked))
    return go_to(url_for("own_appointment.show", token=own))


def _confirm(recipient: Recipient, held: Appointment, token: str) -> Response:
    place = find_public(held.location_id)
    left = (held.held_until - now()).total_seconds() if held.held_until else 0
    return respond(
        "appointments/book_confirm.html",
        token=token,
        first_name=recipient.first_name,
        dose=dose_label(held.dose_number),
        when=when(held.day, held.minute),
        place_name=place.name,
        place_address=place_address(place),
        minutes=max(0, round(left / 60)),
        times_address=url_for(
            "public_booking.times", token=token, place=place.id, day=held.day.isoformat()
        ),
    )
