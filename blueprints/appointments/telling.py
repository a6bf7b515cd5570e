"""What recipients are told of their appointments: booked, changed, canceled, soon (SPEC G8).

Each message is about `appointment:<id>` and knows the version of the appointment it was written
for; whoever sends it asks whether that is still the present one.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import bindparam, select

from blueprints.appointments.calendar_file import Entry, calendar_file, method
from blueprints.appointments.models import Appointment, BookingSeries
from blueprints.appointments.next_dose import is_later_dose
from blueprints.appointments.numbers import spoken
from blueprints.appointments.rules import State, ToldWay
from blueprints.appointments.settings import AppointmentSettings
from blueprints.appointments.visiting import link_to
from blueprints.recipients.models import Recipient
from blueprints.recipients.telling import EMAIL, SMS, is_reached, queue_to, ways_to
from blueprints.recipients.words import phone
from blueprints.scheduling.hours import clock_text
from blueprints.scheduling.models import Schedule
from portal import messages, settings
from portal.clock import now
from portal.db import session
from portal.formats.numbers import record_number
from portal.i18n import _, speaking
from portal.messages import Attachment
from portal.places.models import Location
from portal.settings import of_module

BOOKED = "appointment_booked"
CHANGED = "appointment_changed"
CANCELED = "appointment_canceled"
REMINDER = "appointment_reminder"
TWICE = "appointment_twice"
USUAL_MINUTES = 15
# Made once: every message asks for it.
SLOT_MINUTES = select(Schedule.slot_minutes).where(Schedule.location_id == bindparam("location_id"))


def about(appointment_id: int) -> str:
    """What the messages of an appointment are about, for `messages.cancel_about`."""
    return f"appointment:{appointment_id}"


def is_told(recipient: Recipient) -> bool:
    """Whether the recipient wants messages and can get them."""
    return bool(ways_to(recipient))


def way_of(recipient: Recipient) -> ToldWay:
    """By which way the recipient is told."""
    channels = {way.channel for way in ways_to(recipient)}
    if len(channels) > 1:
        return ToldWay.BOTH
    return ToldWay(channels.pop()) if channels else ToldWay.NONE


def addresses_of(recipient: Recipient) -> tuple[str, str]:
    """The e-mail address and the phone number that messages go to, for people; each may be
    empty."""
    found = {way.channel: way.address for way in ways_to(recipient)}
    return found.get(EMAIL, ""), phone(found.get(SMS, ""))


def tell_booked(appointment: Appointment) -> bool:
    """Confirm a new appointment, and plan its reminders; whether the recipient will be told."""
    return _tell(BOOKED, appointment)


def tell_again(appointment: Appointment) -> bool:
    """Send the confirmation of an appointment once more, at most once a day."""
    return _tell(BOOKED, appointment, again=f"{now():%Y-%m-%d}")


def tell_twice(older: Appointment, newer: Appointment) -> bool:
    """Tell whom the older appointment belongs to that it may have been booked a second time, at
    most once a day and by e-mail only: two appointments are no text. Who gets it learns what the
    newer one is only if that has the same e-mail address: else it may be somebody else's.

    An address that was typed on the public page is told of that address alone: whoever books under
    another's name would else hear of it when the other one books.
    """
    recipient = session().get_one(Recipient, older.recipient_id)
    address = addresses_of(recipient)[0]
    if not address:
        return False
    other = session().get_one(Recipient, newer.recipient_id)
    both = other.email.casefold() == recipient.email.casefold()
    if not both and recipient.created_by_id is None:
        return False
    secret = _secret(older)
    if both:
        secret |= {"other_link": _secret(newer)["link"]}
    return messages.queue(
        TWICE,
        address,
        context={
            **_context(older),
            "other": _context(newer) if both else None,
            "other_id": newer.id,
        },
        secret=secret,
        about=about(older.id),
        once=f"{TWICE}:{older.id}:{now():%Y-%m-%d}",
        location_id=older.location_id,
        language=recipient.language,
        not_after=older.starts_at,
    )


def tell_changed(appointment: Appointment) -> bool:
    """Tell of a new time or place; what was said of the old one is taken back."""
    _take_back(appointment, _("The appointment was changed."))
    return _tell(CHANGED, appointment)


def tell_canceled(appointment: Appointment) -> bool:
    """Tell that the appointment is canceled, and why; nothing is said of it any more."""
    _take_back(appointment, _("The appointment was canceled."))
    return _tell(CANCELED, appointment)


def take_back(appointment: Appointment) -> None:
    """Say nothing more of an appointment that is over."""
    _take_back(appointment, _("The appointment is over."))


def promise_anew(recipient: Recipient) -> None:
    """Take back what goes to a former address of the recipient, and tell by the present ways what
    was not told yet; reminders are planned again."""
    coming = select(Appointment).where(
        Appointment.recipient_id == recipient.id,
        Appointment.starts_at > now(),
        Appointment.state.in_((State.NEW, State.CANCELED)),
    )
    again = f"to:{recipient.id}:{recipient.version}"
    why = _("The recipient’s contact details were changed.")
    for appointment in session().scalars(coming.order_by(Appointment.id)):
        for kind in (BOOKED, CHANGED, CANCELED):
            if messages.cancel_about(about(appointment.id), reason=why, kinds=(kind,)):
                _tell(kind, appointment, again=again)
        messages.cancel_about(about(appointment.id), reason=why, kinds=(REMINDER,))
        if appointment.state == State.NEW and recipient.reminders_agreed_at is not None:
            _plan_reminders(appointment, recipient, _context(appointment), again=again)


def _take_back(appointment: Appointment, reason: str) -> None:
    messages.cancel_about(about(appointment.id), reason=reason)


def _tell(kind: str, appointment: Appointment, *, again: str = "") -> bool:
    recipient = session().get_one(Recipient, appointment.recipient_id)
    if not is_told(recipient):
        return False
    context = _context(appointment)
    with speaking(recipient.language):
        attached = _attached(appointment, context)
    queued = queue_to(
        recipient,
        kind,
        context=context,
        secret=_secret(appointment),
        about=about(appointment.id),
        once=":".join(filter(None, (kind, f"{appointment.id}", f"{appointment.version}", again))),
        location_id=appointment.location_id,
        not_after=None if kind == CANCELED else appointment.starts_at,
        attachments=(attached,),
    )
    if kind != CANCELED and not again and recipient.reminders_agreed_at is not None:
        _plan_reminders(appointment, recipient, context)
    return queued


def _plan_reminders(
    appointment: Appointment, recipient: Recipient, context: Mapping[str, Any], *, again: str = ""
) -> None:
    for hours in of_module(AppointmentSettings).remind_hours:
        at = appointment.starts_at - timedelta(hours=record_number(hours) or 0)
        if not record_number(hours) or at <= now():
            continue
        queue_to(
            recipient,
            REMINDER,
            context=context,
            secret=_secret(appointment),
            about=about(appointment.id),
            once=":".join(
                filter(
                    None,
                    (REMINDER, f"{appointment.id}", f"{appointment.version}", f"{hours}", again),
                )
            ),
            location_id=appointment.location_id,
            not_before=at,
            not_after=appointment.starts_at,
        )


def _secret(appointment: Appointment) -> dict[str, Any]:
    """The link to the appointment, if there are public pages."""
    return {"link": link_to(appointment) if settings.current().visitors else ""}


def _context(appointment: Appointment) -> dict[str, Any]:
    place, own = (
        session().get_one(Location, appointment.location_id),
        of_module(AppointmentSettings),
    )
    region = " ".join(part for part in (place.state, place.zip_code) if part)
    series = session().get(BookingSeries, appointment.series_id) if appointment.series_id else None
    return {
        "version": appointment.version,
        "number": spoken(series.number if series else ""),
        "dose": appointment.dose_number,
        "may_cancel": not is_later_dose(appointment.dose_number) or own.cancel_second_doses,
        "day": appointment.day,
        "time": clock_text(appointment.minute),
        "place": place.name,
        "address": ", ".join(part for part in (place.street, place.city, region) if part),
        "phone": place.phone,
        "instructions": own.instructions,
        "reason": appointment.cancel_reason,
    }


def _attached(appointment: Appointment, context: Mapping[str, Any]) -> Attachment:
    host = urlsplit(settings.current().base_url).hostname or "localhost"
    minutes = session().scalar(SLOT_MINUTES, {"location_id": appointment.location_id})
    entry = Entry(
        uid=f"appointment-{appointment.id}@{host}",
        sequence=appointment.version,
        made_at=now(),
        starts_at=appointment.starts_at,
        minutes=minutes or USUAL_MINUTES,
        summary=_("Vaccine appointment"),
        place=", ".join(part for part in (context["place"], context["address"]) if part),
        text=_("Confirmation number: %(number)s", number=context["number"]),
        canceled=appointment.state == State.CANCELED,
    )
    return Attachment(
        "appointment.ics", f"text/calendar; method={method(entry)}", calendar_file(entry)
    )


def still_to_come(subject: str | None, context: Mapping[str, Any]) -> bool:
    """Whether the appointment is as the message says, and to come (asked at sending)."""
    row = _state_of(subject)
    return row is not None and row == (State.NEW, context.get("version"))


def still_twice(subject: str | None, context: Mapping[str, Any]) -> bool:
    """Whether both appointments are still to come (asked at sending)."""
    other = _state_of(about(context.get("other_id", 0)))
    return still_to_come(subject, context) and other is not None and other[0] == State.NEW


def still_reminded(subject: str | None, context: Mapping[str, Any]) -> bool:
    """Whether a reminder is still true, and still wished (asked at sending)."""
    if not still_to_come(subject, context):
        return False
    return (
        session().scalar(
            select(Recipient.id)
            .join(Appointment, Appointment.recipient_id == Recipient.id)
            .where(
                Appointment.id == _number(subject),
                Recipient.contact_by != "none",
                Recipient.reminders_agreed_at.is_not(None),
            )
        )
        is not None
    )


def still_reaches(subject: str | None, channel: str, address: str) -> bool:
    """Whether a message to this address goes to whom the appointment belongs (asked at
    sending)."""
    owner = session().scalar(
        select(Appointment.recipient_id).where(Appointment.id == _number(subject))
    )
    return is_reached(owner, channel, address)


def still_canceled(subject: str | None, context: Mapping[str, Any]) -> bool:
    """Whether the appointment is canceled as the message says (asked at sending)."""
    row = _state_of(subject)
    return row is not None and row == (State.CANCELED, context.get("version"))


def _state_of(subject: str | None) -> tuple[str, int] | None:
    row = (
        session()
        .execute(
            select(Appointment.state, Appointment.version).where(Appointment.id == _number(subject))
        )
        .one_or_none()
    )
    return (row.state, row.version) if row else None


def _number(subject: str | None) -> int:
    return record_number((subject or "").rpartition(":")[2]) or 0
