"""Correcting the record of a dose: its details, its lot, or that it was given at all (SPEC G9)."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from blueprints.administration.judging import due_after, judged
from blueprints.administration.models import Administration
from blueprints.administration.queries import Given, get_given, get_lot
from blueprints.administration.recording import (
    Injection,
    Overriding,
    announce,
    checked,
    ensure_allowed,
    ensure_two,
    follow,
    is_countersigned,
    note_authorized,
    put_back,
    successor,
    take_dose,
    write,
)
from blueprints.administration.rules import (
    RecordState,
    ensure_happened,
    ensure_reason,
    local_day,
    may_correct,
)
from blueprints.administration.telling import take_back, tell_given, tell_removed, was_told
from blueprints.appointments import services as appointments
from blueprints.appointments.holding import follow_status
from blueprints.appointments.models import Appointment
from blueprints.appointments.telling import is_told
from blueprints.checkin.services import note_dose_removed
from blueprints.inventory.ledger.entries import lock_records
from blueprints.inventory.models import VaccineInventory
from blueprints.inventory.quarantine.queries import was_before_hold
from blueprints.recipients.models import Recipient, Vaccination
from blueprints.recipients.services import lock_recipient
from portal.access.scope import Scope
from portal.audit.services import record as audit
from portal.catalog.models import Product
from portal.catalog.stops import Objection, StopCode, final
from portal.clock import now
from portal.db import session
from portal.errors import Conflict, Invalid
from portal.i18n import _
from portal.signing_in.countersigning import COUNTERSIGNER

# Answers are judged when the dose is given, and not again.
JUDGED_ONCE = (StopCode.CONTRAINDICATED, StopCode.PRECAUTION)


@dataclass(frozen=True)
class Corrected:
    """A dose after a correction, and the appointments that were canceled because of it. `to_call`
    says that the recipient has to know, and gets no message."""

    vaccination: Vaccination
    newest: Administration
    canceled: tuple[Appointment, ...] = ()
    to_call: bool = False


def may_be_corrected(scope: Scope, given: Given) -> bool:
    """Whether this user may correct the dose: managers any of the location, providers what they
    recorded today."""
    if not scope.can("administration.correct") or given.newest.state != RecordState.GIVEN:
        return False
    if scope.location is None or given.newest.location_id != scope.location_id:
        return False
    dose = given.vaccination
    return may_correct(
        handles_all=scope.can("administration.override"),
        own=dose.recorded_by_id == scope.user.id,
        recorded_on=local_day(dose.recorded_at, given.newest.time_zone),
        today=scope.today(),
    )


def _to_correct(scope: Scope, vaccination_id: int, seen: int) -> tuple[Given, Recipient]:
    """The dose, its person kept from others. Raises `NotFound` and `Conflict`."""
    scope.require("administration.correct")
    dose = get_given(scope, vaccination_id).vaccination
    recipient = lock_recipient(dose.recipient_id)
    session().refresh(dose)
    given = get_given(scope, vaccination_id)
    scope.require_location(given.newest.location_id)
    if given.newest.state != RecordState.GIVEN:
        raise Conflict(_("This record was removed already. Nothing was changed."))
    if not may_be_corrected(scope, given):
        raise Conflict(_("Providers correct their own records of today. Ask a location manager."))
    if given.newest.version != seen:
        raise Conflict(
            _("Someone else changed this record. Your changes aren’t saved yet. Look at it again.")
        )
    return given, recipient


def edit(
    scope: Scope,
    vaccination_id: int,
    injection: Injection,
    *,
    why: str,
    seen: int,
    overriding: Overriding | None = None,
) -> Corrected:
    """Change the details of a dose. `seen` is the version that was looked at.

    A dose that moves to another day leaves its lot on that day. Raises `Invalid` on a field, and
    `Conflict` if somebody else was faster, or the rules stop what is new.
    """
    given, recipient = _to_correct(scope, vaccination_id, seen)
    why = ensure_reason(why, field="why")
    record = session().get_one(VaccineInventory, given.newest.inventory_id)
    return _change(scope, given, recipient, record, checked(scope, injection), why, overriding)


def change_lot(
    scope: Scope,
    vaccination_id: int,
    inventory_id: int,
    *,
    why: str,
    seen: int,
    overriding: Overriding | None = None,
) -> Corrected:
    """Say that the dose was of another lot: one goes back to the old one, one leaves the new one,
    on the day on which it was given. Raises what `edit` raises."""
    given, recipient = _to_correct(scope, vaccination_id, seen)
    why = ensure_reason(why, field="why")
    record = get_lot(scope, inventory_id)
    if record.id == given.newest.inventory_id:
        raise Invalid(_("This is the lot it has already. Nothing was changed."), field="lot")
    return _change(scope, given, recipient, record, injection_of(given), why, overriding)


def injection_of(given: Given) -> Injection:
    """How, when and by whom the dose was given, as it is recorded."""
    newest = given.newest
    return Injection(
        dose_number=newest.dose_number,
        site=newest.site,
        route=newest.route,
        volume_ml=newest.volume_ml,
        funding=newest.funding,
        given_at=newest.given_at,
        given_by_id=newest.given_by_id,
        given_by=newest.given_by,
    )


def found_against(
    given: Given, recipient: Recipient, record: VaccineInventory, injection: Injection
) -> tuple[Objection, ...]:
    """What speaks against the dose as corrected; answers were judged when it was given."""
    at = injection.given_at or now()
    return judged(
        recipient,
        session().get_one(Product, record.product_id),
        number=injection.dose_number,
        day=local_day(at, given.newest.time_zone),
        answers=None,
        lot=record,
        but=given.vaccination.id,
    )


def _change(
    scope: Scope,
    given: Given,
    recipient: Recipient,
    record: VaccineInventory,
    injection: Injection,
    why: str,
    overriding: Overriding | None,
) -> Corrected:
    before, dose = given.newest, given.vaccination
    at = injection.given_at or now()
    ensure_happened(at, now(), recipient.birth_date, before.time_zone)
    day = local_day(at, before.time_zone)
    moves = record.id != before.inventory_id or day != dose.given_on
    found = found_against(given, recipient, record, injection)
    before_hold = record.id == before.inventory_id and was_before_hold(record, at)
    if not moves:
        # The dose left this lot long ago, whatever has become of the lot since.
        found = tuple(one for one in found if one not in final(found))
    elif before_hold:
        found = tuple(one for one in found if one.code is not StopCode.HELD)
    known = (dose.product_id, dose.dose_number, dose.given_on)
    overridden = _overridden(
        scope,
        before,
        found,
        overriding or Overriding(),
        is_same_dose=known == (record.product_id, injection.dose_number, day),
    )
    authorized = is_countersigned(scope, overridden.get("overridden_by_id"))
    if authorized:
        ensure_two(scope, overridden["overridden_by_id"], injection, field=COUNTERSIGNER)
    if (injection.given_by_id, injection.given_by) != (before.given_by_id, before.given_by):
        decided_by = overridden.get("overridden_by_id", before.overridden_by_id)
        ensure_two(scope, decided_by, injection, field="given_by")
    entry_id = before.entry_id
    if moves:
        lock_records(
            select(VaccineInventory.id).where(
                VaccineInventory.id.in_([before.inventory_id, record.id])
            )
        )
        put_back(scope, before.entry_id, dose.given_on, why)
        entry_id = take_dose(scope, record, day, before_hold=before_hold)
    version = write(
        successor(
            scope,
            before,
            why,
            inventory_id=record.id,
            entry_id=entry_id,
            given_at=at,
            back_dated=before.back_dated or day < local_day(dose.recorded_at, before.time_zone),
            **{
                name: getattr(injection, name)
                for name in (
                    *("dose_number", "site", "route", "volume_ml", "funding"),
                    *("given_by", "given_by_id"),
                )
            },
            **overridden,
        )
    )
    follow(dose, record, version)
    session().flush()
    canceled = _settle(scope, recipient)
    take_back(dose.id)
    tell_given(recipient, dose, version, due_after(recipient))
    _note(
        scope,
        "vaccination.edited" if record.id == before.inventory_id else "vaccination.lot_changed",
        dose,
        why,
    )
    if authorized:
        note_authorized(scope, version)
    if record.id != before.inventory_id:
        announce("administration.taken_back", scope, before)
        announce("administration.given", scope, version, "")
    return Corrected(dose, version, canceled, to_call=_are_to_call(recipient, canceled))


def _overridden(
    scope: Scope,
    before: Administration,
    found: Sequence[Objection],
    overriding: Overriding,
    *,
    is_same_dose: bool,
) -> dict[str, object]:
    """The columns that say what is overridden now. What was overridden before need not be decided
    on once more while it is the same dose: of that product, number and day. What does not speak
    against the dose any more is left out."""
    old = set(before.override_of.split())
    standing = {str(one.code) for one in found if one.stops} if is_same_dose else set()
    kept = old & (standing | set(JUDGED_ONCE))
    news = [one for one in found if str(one.code) not in kept]
    columns = ensure_allowed(scope, news, overriding)
    if not kept:
        return columns
    if not columns["override_of"]:
        return {"override_of": " ".join(sorted(kept))}
    codes = kept | set(str(columns["override_of"]).split())
    return {**columns, "override_of": " ".join(sorted(codes))}


def remove(scope: Scope, vaccination_id: int, *, reason: str, seen: int) -> Corrected:
    """Remove the record of a dose that was not given: the dose goes back to its lot, the
    appointment is open again, dose status and further bookings follow. All versions stay readable.
    """
    given, recipient = _to_correct(scope, vaccination_id, seen)
    reason = ensure_reason(reason, field="reason")
    before, dose = given.newest, given.vaccination
    record = session().get_one(VaccineInventory, before.inventory_id)
    put_back(scope, before.entry_id, dose.given_on, reason)
    version = write(successor(scope, before, reason, state=RecordState.REMOVED))
    follow(dose, record, version)
    session().flush()
    if before.arrival_id is not None:
        note_dose_removed(before.arrival_id)
    if before.appointment_id is not None:
        appointments.reopen(appointment_id=before.appointment_id, actor=scope.user)
    canceled = _settle(scope, recipient)
    knows = was_told(dose.id)
    take_back(dose.id)
    to_call = knows and not tell_removed(recipient, dose, version)
    _note(scope, "vaccination.removed", dose, reason)
    announce("administration.taken_back", scope, before)
    return Corrected(dose, version, canceled, to_call=to_call or _are_to_call(recipient, canceled))


def _are_to_call(recipient: Recipient, canceled: Sequence[Appointment]) -> bool:
    return bool(canceled) and not is_told(recipient)


def _settle(scope: Scope, recipient: Recipient) -> tuple[Appointment, ...]:
    follow_status(recipient.id)
    return tuple(appointments.cancel_unfitting(recipient_id=recipient.id, actor=scope.user))


def _note(scope: Scope, action: str, dose: Vaccination, why: str) -> None:
    audit(
        scope.user,
        action,
        subject="recipient",
        subject_id=dose.recipient_id,
        location_id=scope.location_id,
        summary=why,
        after={"vaccination": dose.id, "dose": dose.dose_number},
    )
