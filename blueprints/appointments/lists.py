"""The list of the `Appointments` tab (SPEC G5)."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, and_, case, false, func, literal, select

from blueprints.appointments.models import Appointment, BookingSeries
from blueprints.appointments.numbers import read_number
from blueprints.appointments.pages import row_menus
from blueprints.appointments.rules import State
from blueprints.appointments.words import STATES
from blueprints.recipients.models import Recipient, RecipientWord
from blueprints.recipients.rules import DoseStatus
from blueprints.recipients.words import DOSE_STATUS
from portal.access.scope import Scope
from portal.db import session
from portal.errors import Invalid
from portal.i18n import Label, _, _l
from portal.listviews.definition import (
    Clauses,
    Column,
    Filter,
    ListDefinition,
    Ticks,
    Tone,
)
from portal.searching.text import fold, phrase_in, words

LISTED = (State.NEW, State.CLOSED, State.CANCELED)
MOST_FOUND = 2_000

_STATUS = {
    DoseStatus.DOSE_1_SCHEDULED: (State.NEW, 1),
    DoseStatus.DOSE_1_ADMINISTERED: (State.CLOSED, 1),
    DoseStatus.DOSE_2_SCHEDULED: (State.NEW, 2),
    DoseStatus.DOSE_2_ADMINISTERED: (State.CLOSED, 2),
}


def state_label(state: str) -> Label:
    """The guides' word for where an appointment is."""
    return STATES[State(state)]


def state_tone(state: str) -> Tone:
    """Its color."""
    tones: dict[State, Tone] = {State.NEW: "info", State.CLOSED: "success"}
    return tones.get(State(state), "neutral")


def vaccine_label(status: str) -> Label:
    """The guides' words for the vaccine status of an appointment; blank for a canceled one."""
    return DOSE_STATUS[DoseStatus(status)] if status else ""


def _today(scope: Scope) -> str:
    return scope.today().strftime("%m/%d/%Y")


def _in_state(_scope: Scope, state: str) -> Clauses:
    known = {str(each) for each in LISTED}
    return (Appointment.state == state,) if state in known else (false(),)


def _numbered(_scope: Scope, text: str) -> Clauses:
    number = read_number(text)
    series = select(BookingSeries.id).where(BookingSeries.number == number)
    found = session().scalars(series).all()
    if not found:
        raise Invalid(_("No appointment has this confirmation number."), field="number")
    return (Appointment.series_id.in_(found),)


def _searched(scope: Scope, text: str) -> Clauses:
    """Each word begins a name of the recipient or is in the location's name; or it is a vaccine
    status or the status of an appointment."""
    phrases: dict[str, ColumnElement[bool]] = {
        str(STATES[state]): Appointment.state == state for state in LISTED
    } | {
        str(DOSE_STATUS[status]): and_(Appointment.state == state, Appointment.dose_number == dose)
        for status, (state, dose) in _STATUS.items()
    }
    phrase, rest = phrase_in(text, phrases)
    clauses: list[ColumnElement[bool]] = [phrases[phrase]] if phrase else []
    name = fold(scope.place.name)
    for word in words(rest):
        if word not in name:
            clauses.append(_named(scope.location_id, word))
    return clauses


def _named(location_id: int, word: str) -> ColumnElement[bool]:
    people = select(RecipientWord.recipient_id).where(
        RecipientWord.location_id == location_id,
        RecipientWord.word >= word,
        RecipientWord.word < word + "\U0010ffff",
    )
    return Appointment.recipient_id.in_(people)


def _states() -> Mapping[str, Label]:
    return {"": _l("All"), **{str(state): STATES[state] for state in LISTED}}


def _of_recipient(column: Any) -> Any:
    return select(column).where(Recipient.id == Appointment.recipient_id).scalar_subquery()


NAME = Recipient.last_name + literal(", ") + Recipient.first_name
SPOKEN = (
    func.substr(BookingSeries.number, 1, 3)
    + literal("-")
    + func.substr(BookingSeries.number, 4, 3)
    + literal("-")
    + func.substr(BookingSeries.number, 7, 3)
)
STATUS = case(
    *(
        (and_(Appointment.state == state, Appointment.dose_number == dose), literal(str(status)))
        for status, (state, dose) in _STATUS.items()
    ),
    else_=literal(""),
)

APPOINTMENTS = ListDefinition(
    name="appointments",
    title=_l("Appointments"),
    all_label=_l("All Appointments"),
    model=Appointment,
    columns=(
        Column(
            key="recipient", label=_l("Recipient"), attribute=_of_recipient(NAME), sortable=False
        ),
        Column(
            key="when", label=_l("Date and Time"), attribute=Appointment.starts_at, kind="moment"
        ),
        Column(
            key="vaccine",
            label=_l("Vaccine Status"),
            attribute=STATUS,
            kind="status",
            labels=vaccine_label,
            sortable=False,
        ),
        Column(
            key="number",
            label=_l("Confirmation Number"),
            attribute=select(SPOKEN)
            .where(BookingSeries.id == Appointment.series_id)
            .scalar_subquery(),
            sortable=False,
        ),
        Column(
            key="status",
            label=_l("Appointment Status"),
            attribute=Appointment.state,
            kind="status",
            labels=state_label,
            tone=state_tone,
            sortable=False,
        ),
    ),
    default_sort="when",
    endpoint="appointments.index",
    record_endpoint="appointments.record",
    capability="appointments.view",
    scope_column=Appointment.location_id,
    where=lambda _scope: (Appointment.state.in_(LISTED),),
    private=True,
    since=_today,
    filters=(
        Filter(key="search", label=_l("Search Appointments"), where=_searched, private=True),
        Filter(
            key="number",
            label=_l("Search Confirmation Number"),
            where=_numbered,
            private=True,
            alone=True,
        ),
        Filter(
            key="state",
            label=_l("Appointment Status"),
            where=_in_state,
            kind="choice",
            choices=_states,
        ),
    ),
    extra={
        "person": Appointment.recipient_id,
        "dose": Appointment.dose_number,
        "person_status": _of_recipient(Recipient.dose_status),
    },
    menu=row_menus,
    ticks=Ticks(
        label=_l("Cancel Appointment"),
        endpoint="appointments.cancel",
        capability="appointments.handle",
        of=lambda row: row.status == State.NEW,
    ),
    empty_title=_l("No appointments from today on"),
    empty_text=_l("Schedule one on the record of a recipient."),
)
