"""The record page of an appointment."""

from flask import url_for
from sqlalchemy import select

from blueprints.appointments.models import Appointment
from blueprints.appointments.next_dose import is_later_dose
from blueprints.appointments.numbers import spoken
from blueprints.appointments.pages import place_address, when
from blueprints.appointments.queries import Booked, booked_as
from blueprints.appointments.rules import CanceledThrough, State
from blueprints.appointments.telling import addresses_of
from blueprints.appointments.words import CANCELED_THROUGH, STATES, dose_label
from blueprints.recipients.models import Recipient
from blueprints.recipients.words import full_name
from portal.access.scope import Scope
from portal.db import session
from portal.formats.shown import day
from portal.i18n import _
from portal.people.models import User
from portal.records.page import Fact, Figure, RecordAction, RecordPage, RecordTab, Section
from portal.web.templating import moment


def appointment_page(scope: Scope, appointment: Appointment) -> RecordPage:
    """What the page of an appointment shows."""
    found = booked_as(appointment)
    state = State(appointment.state)
    return RecordPage(
        title=_("Appointment of %(name)s", name=full_name(found.recipient)),
        kind="appointment",
        subject=appointment,
        url=url_for("appointments.record", appointment_id=appointment.id),
        panel=(
            Figure(_("Appointment Status"), STATES[state]),
            Figure(_("Date and Time"), when(appointment.day, appointment.minute)),
            Figure(_("Confirmation Number"), spoken(found.number)),
            Figure(_("Dose"), dose_label(appointment.dose_number)),
        ),
        actions=tuple(_actions(scope, appointment)),
        tabs=(RecordTab("details", _("Details"), _details(found)),),
    )


def _actions(scope: Scope, appointment: Appointment) -> list[RecordAction]:
    if appointment.state != State.NEW:
        return []
    here = {"appointment_id": appointment.id}
    made = []
    if scope.can("appointments.handle"):
        made.append(
            RecordAction(_("Change Appointment"), url_for("appointments.change", **here))  # type: ignore[arg-type]
        )
        made.append(
            RecordAction(
                _("Cancel Appointment"), url_for("appointments.cancel", tick=appointment.id)
            )
        )
    elif scope.can("appointments.cancel_second") and is_later_dose(appointment.dose_number):
        made.append(
            RecordAction(_("Cancel Appointment"), url_for("appointments.cancel_later", **here))  # type: ignore[arg-type]
        )
    return made


def _details(found: Booked) -> tuple[Section, ...]:
    appointment, recipient = found.appointment, found.recipient
    person = url_for("recipients.record", recipient_id=recipient.id)
    facts = [
        Fact(_("Recipient"), full_name(recipient), href=person),
        Fact(_("Date of Birth"), day(recipient.birth_date)),
        Fact(_("Location"), found.location.name),
        Fact(_("Address"), place_address(found.location)),
        Fact(_("Scheduled"), _by(appointment.booked_at, appointment.booked_by_id)),
        Fact(
            _("Messages"),
            _ways(recipient),
        ),
    ]
    if appointment.overbook_reason:
        facts.append(Fact(_("Overbooked because"), appointment.overbook_reason))
    sections = [Section("appointment", _("Appointment"), facts=tuple(facts))]
    if appointment.state == State.CANCELED:
        sections.append(
            Section(
                "cancellation",
                _("Cancellation"),
                facts=(
                    Fact(_("Cancellation Reason"), reason_of(appointment)),
                    Fact(_("Canceled"), _by(appointment.canceled_at, appointment.canceled_by_id)),
                ),
            )
        )
    return tuple(sections)


def reason_of(appointment: Appointment) -> str:
    """Why an appointment was canceled, in words; blank unless it was."""
    if appointment.state != State.CANCELED:
        return ""
    through = CanceledThrough(appointment.canceled_through or CanceledThrough.STAFF)
    if through is CanceledThrough.STAFF:
        return appointment.cancel_reason
    said = str(CANCELED_THROUGH[through])
    return f"{said}: {appointment.cancel_reason}" if appointment.cancel_reason else said


def _by(at: object, user_id: int | None) -> str:
    text = moment(at)  # type: ignore[arg-type]
    if user_id is None:
        return _("%(moment)s, by the recipient", moment=text)
    row = session().execute(select(User.first_name, User.last_name).where(User.id == user_id)).one()
    return _("%(moment)s, by %(user)s", moment=text, user=f"{row[0]} {row[1]}")


def _ways(recipient: Recipient) -> str:
    email, number = addresses_of(recipient)
    if email and number:
        return _(
            "By e-mail to %(address)s, and by text to %(number)s", address=email, number=number
        )
    if number:
        return _("By text to %(number)s", number=number)
    if email:
        return _("By e-mail to %(address)s", address=email)
    return _("None. Tell the recipient yourself.")
