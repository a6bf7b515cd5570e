"""What recipients are told of a dose that was recorded (SPEC G8, G9)."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import exists, func, select

from blueprints.administration.models import Administration
from blueprints.appointments.next_dose import NextDose
from blueprints.appointments.telling import is_told
from blueprints.recipients.models import Recipient, Vaccination
from blueprints.recipients.telling import is_reached, queue_to
from portal import messages
from portal.access.scope import Place
from portal.catalog.models import Product
from portal.db import session
from portal.formats.numbers import record_number
from portal.i18n import _
from portal.messages.models import Message, MessageState
from portal.places.models import Location

GIVEN, REMOVED = "vaccination_given", "vaccination_removed"


def about(vaccination_id: int) -> str:
    """What the messages of a dose are about, for `messages.cancel_about`."""
    return f"vaccination:{vaccination_id}"


def tell_given(
    recipient: Recipient,
    dose: Vaccination,
    version: Administration,
    due: NextDose | None,
    *,
    here: Place | None = None,
) -> bool:
    """Tell what was given, and from when the next dose is due; whether the recipient is told.
    `here` is the location, if that is known."""
    if not is_told(recipient):
        return False
    place: Place | Location | None = here
    if place is None or place.id != version.location_id:
        place = session().get_one(Location, version.location_id)
    window = due.window if due is not None else None
    return queue_to(
        recipient,
        GIVEN,
        context={
            "version": version.version,
            "product": session().get_one(Product, dose.product_id).name,
            "dose": dose.dose_number,
            "day": dose.given_on,
            "place": place.name,
            "phone": place.phone,
            "next_dose": due.number if due is not None and window is not None else None,
            "next_best": window.recommended if window is not None else None,
            "next_first": due.not_before if due is not None else None,
        },
        about=about(dose.id),
        once=f"{GIVEN}:{dose.id}:{version.version}",
        location_id=version.location_id,
    )


def was_told(vaccination_id: int) -> bool:
    """Whether a message about the dose has left, or is leaving now."""
    return bool(
        session().scalar(
            select(
                exists().where(
                    Message.about == about(vaccination_id),
                    Message.kind == GIVEN,
                    Message.state.in_((MessageState.SENT, MessageState.SENDING)),
                )
            )
        )
    )


def tell_removed(recipient: Recipient, dose: Vaccination, version: Administration) -> bool:
    """Tell that the dose of which the recipient was told was not given; whether the recipient is
    told."""
    if not is_told(recipient):
        return False
    place = session().get_one(Location, version.location_id)
    return queue_to(
        recipient,
        REMOVED,
        context={
            "version": version.version,
            "dose": dose.dose_number,
            "day": dose.given_on,
            "place": place.name,
            "phone": place.phone,
        },
        about=about(dose.id),
        once=f"{REMOVED}:{dose.id}",
        location_id=version.location_id,
    )


def take_back(vaccination_id: int) -> int:
    """Say nothing more of what a dose was recorded as until now; how many messages had not left."""
    return messages.cancel_about(
        about(vaccination_id), reason=_("The record of the dose was changed.")
    )


def still_reaches(subject: str | None, channel: str, address: str) -> bool:
    """Whether a message to this address goes to whom the dose was given (asked at sending)."""
    number = record_number((subject or "").rpartition(":")[2]) or 0
    owner = session().scalar(select(Vaccination.recipient_id).where(Vaccination.id == number))
    return is_reached(owner, channel, address)


def still_removed(subject: str | None, _context: Mapping[str, Any]) -> bool:
    """Whether the record of the dose is still removed (asked at sending)."""
    number = record_number((subject or "").rpartition(":")[2]) or 0
    state = session().scalar(select(Vaccination.state).where(Vaccination.id == number))
    return state == "entered_in_error"


def still_true(subject: str | None, context: Mapping[str, Any]) -> bool:
    """Whether the dose is still recorded as the message says (asked at sending)."""
    number = record_number((subject or "").rpartition(":")[2]) or 0
    state = session().scalar(select(Vaccination.state).where(Vaccination.id == number))
    newest = session().scalar(
        select(func.max(Administration.version)).where(Administration.vaccination_id == number)
    )
    return state == "given" and newest == context.get("version")
