"""Giving a dose, and correcting what was recorded: each in one transaction (SPEC G9, G10)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from blueprints.administration.correcting import change_lot, edit, remove
from blueprints.administration.judging import due_after, judged
from blueprints.administration.models import Administration
from blueprints.administration.queries import get_lot
from blueprints.administration.recording import (
    LONGEST_NAME,
    Injection,
    Overriding,
    announce,
    checked,
    ensure_allowed,
    ensure_two,
    is_countersigned,
    note_authorized,
    screening_text,
    take_dose,
    write,
)
from blueprints.administration.rules import (
    ConsentBy,
    ensure_happened,
    local_day,
    observe_minutes,
    sheet_day_fits,
)
from blueprints.administration.telling import tell_given
from blueprints.administration.visits import why_over
from blueprints.appointments import services as appointments
from blueprints.appointments.holding import follow_status
from blueprints.appointments.models import Appointment
from blueprints.appointments.rules import State
from blueprints.checkin.models import Arrival
from blueprints.checkin.queries import get_arrival
from blueprints.checkin.rules import are_enough, identifiers
from blueprints.checkin.services import note_vaccinated
from blueprints.inventory.models import VaccineInventory
from blueprints.recipients.models import Recipient, Vaccination
from blueprints.recipients.services import lock_recipient
from portal.access.scope import Scope
from portal.audit.services import record as audit
from portal.catalog.models import Product
from portal.catalog.screening import ScreeningAnswer
from portal.clock import now
from portal.db import session
from portal.errors import Conflict, Invalid
from portal.i18n import _
from portal.signing_in.countersigning import COUNTERSIGNER

__all__ = ["Giving", "Injection", "Overriding", "change_lot", "edit", "give", "remove"]


@dataclass(frozen=True, kw_only=True)
class Giving:
    """A dose to record: for whom, of which lot, how, and what was asked and agreed before.

    `vial` is one of `queries.vial_choices`; blank leaves it to the module that knows of vials."""

    arrival_id: int
    inventory_id: int
    injection: Injection
    identified_by: tuple[str, ...]
    language: str = "en"
    answers: Sequence[ScreeningAnswer] = ()
    consent_by: str = ConsentBy.RECIPIENT
    consent_name: str = ""
    fact_sheet: str = ""
    fact_sheet_on: date | None = None
    fact_sheet_language: str = ""
    vial: str = ""
    overriding: Overriding = field(default_factory=Overriding)


def give(scope: Scope, giving: Giving) -> Vaccination:
    """Record a dose that was given to somebody who is here.

    One dose leaves exactly the chosen lot, the appointment is closed, the dose status follows, what
    is booked and no longer fits is canceled, the arrival goes on to observation, the recipient is
    told: all of it or nothing. Raises `Invalid` on a field, and `Conflict` if somebody else was
    faster or the rules stop it (`portal.catalog.stops`).
    """
    scope.require("administration.give")
    arrival = get_arrival(scope, giving.arrival_id)
    _ensure_visit(scope, arrival)
    recipient = lock_recipient(arrival.recipient_id)
    _check_agreed(giving)
    injection = checked(scope, giving.injection)
    zone, at = scope.place.time_zone, injection.given_at or now()
    ensure_happened(at, now(), recipient.birth_date, zone)
    day = local_day(at, zone)
    if giving.fact_sheet_on is not None:
        _check_sheet(giving.fact_sheet_on, day, recipient)
    minutes = observe_minutes((one.code, one.answer) for one in giving.answers)
    minutes = minutes if day == scope.today() else 0
    try:
        note_vaccinated(scope, arrival.id, observe_minutes=minutes)
    except Conflict:
        _ensure_visit(scope, arrival)
        raise
    record = get_lot(scope, giving.inventory_id)
    product = session().get_one(Product, record.product_id)
    found = judged(
        recipient,
        product,
        number=injection.dose_number,
        day=day,
        answers={one.code: one.answer for one in giving.answers},
        lot=record,
    )
    overridden = ensure_allowed(scope, found, giving.overriding)
    ensure_two(scope, overridden["overridden_by_id"], injection, field=COUNTERSIGNER)
    # With the record kept from others: what it says of its lot is true from here on.
    entry_id = take_dose(scope, record, day)
    dose = Vaccination(
        recipient_id=recipient.id,
        product_id=record.product_id,
        dose_number=injection.dose_number,
        given_on=day,
        given_at=at,
        location_id=scope.location_id,
        lot_number=record.lot,
        expiration_date=record.expiration_date,
        source="here",
        recorded_at=now(),
        recorded_by_id=scope.user.id,
    )
    session().add(dose)
    session().flush()
    version = write(_first_version(scope, giving, injection, arrival, dose, entry_id, overridden))
    _settle(scope, recipient, arrival, dose)
    tell_given(recipient, dose, version, due_after(recipient), here=scope.place)
    _note(scope, dose, record, version)
    announce("administration.given", scope, version, giving.vial)
    return dose


def _ensure_visit(scope: Scope, arrival: Arrival) -> None:
    """Raise `Conflict` for a check-in of another day, or one that is over."""
    said = why_over(arrival, scope.today())
    if said:
        raise Conflict(_("%(why)s Nothing was saved.", why=said))


def _check_agreed(giving: Giving) -> None:
    try:
        known = identifiers(giving.identified_by)
    except ValueError:
        known = ()
    if not are_enough(known):
        raise Invalid(
            _("Confirm two things that tell who this is, for example name and date of birth."),
            field="identified_by",
        )
    if giving.consent_by not in {str(one) for one in ConsentBy}:
        raise Invalid(_("Choose who agreed to the dose."), field="consent_by")
    name = giving.consent_name.strip()
    if len(name) > LONGEST_NAME or (giving.consent_by != ConsentBy.RECIPIENT and not name):
        raise Invalid(_("Enter the name of whoever agreed."), field="consent_name")


def _check_sheet(sheet_on: date, day: date, recipient: Recipient) -> None:
    if not sheet_day_fits(sheet_on, day, recipient.birth_date):
        raise Invalid(
            _("The fact sheet is given before the dose. Enter that day."), field="fact_sheet_on"
        )


def _first_version(
    scope: Scope,
    giving: Giving,
    injection: Injection,
    arrival: Arrival,
    dose: Vaccination,
    entry_id: int,
    overridden: dict[str, object],
) -> Administration:
    assert dose.given_at is not None
    return Administration(
        vaccination_id=dose.id,
        version=1,
        location_id=scope.location_id,
        arrival_id=arrival.id,
        appointment_id=arrival.appointment_id,
        inventory_id=giving.inventory_id,
        entry_id=entry_id,
        dose_number=injection.dose_number,
        site=injection.site,
        route=injection.route,
        volume_ml=injection.volume_ml,
        given_at=dose.given_at,
        time_zone=scope.place.time_zone,
        back_dated=dose.given_on < scope.today(),
        given_by=injection.given_by,
        given_by_id=injection.given_by_id,
        funding=injection.funding,
        identified_by=" ".join(identifiers(giving.identified_by)),
        screening=screening_text(giving.language, giving.answers),
        consent_by=giving.consent_by,
        consent_name=giving.consent_name.strip(),
        fact_sheet=giving.fact_sheet,
        fact_sheet_on=giving.fact_sheet_on,
        fact_sheet_language=giving.fact_sheet_language,
        recorded_at=dose.recorded_at,
        recorded_by_id=scope.user.id,
        **overridden,
    )


def _settle(scope: Scope, recipient: Recipient, arrival: Arrival, dose: Vaccination) -> None:
    """Close the appointment, and bring dose status and other bookings in line with the dose."""
    booked = arrival.appointment_id
    if booked is not None and session().get_one(Appointment, booked).state == State.NEW:
        appointments.close(appointment_id=booked, actor=scope.user)
    else:
        follow_status(recipient.id)
    appointments.cancel_unfitting(recipient_id=recipient.id, actor=scope.user)


def _note(
    scope: Scope, dose: Vaccination, record: VaccineInventory, version: Administration
) -> None:
    countersigned = is_countersigned(scope, version.overridden_by_id)
    audit(
        scope.user,
        "vaccination.overridden" if version.override_of else "vaccination.given",
        subject="recipient",
        subject_id=dose.recipient_id,
        location_id=scope.location_id,
        summary=version.override_reason,
        after={
            "vaccination": dose.id,
            "dose": dose.dose_number,
            "inventory": record.id,
            "override": version.override_of,
            **({"authorized_by": version.overridden_by_id} if countersigned else {}),
        },
    )
    if countersigned:
        note_authorized(scope, version)
