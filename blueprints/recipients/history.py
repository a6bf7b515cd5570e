"""What a recipient was given elsewhere: recorded, or marked as entered in error."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from blueprints.recipients import rules
from blueprints.recipients.models import Vaccination
from blueprints.recipients.queries import doses_in_series, get_recipient, get_vaccination
from blueprints.recipients.services import lock_recipient, set_dose_status
from portal.access.scope import Scope
from portal.audit.services import record as audit
from portal.db import session
from portal.errors import Conflict, Invalid
from portal.i18n import _


@dataclass(frozen=True, kw_only=True)
class DoseElsewhere:
    """A dose that was given elsewhere, as somebody tells it or shows it on a card."""

    product_id: int
    dose_number: int
    given_on: date
    where: str
    lot_number: str = ""


def record_elsewhere(scope: Scope, recipient_id: int, dose: DoseElsewhere) -> Vaccination:
    """Enter a dose given elsewhere; the dose status follows. Raises `Invalid` on a field."""
    scope.require("recipients.handle")
    recipient = lock_recipient(get_recipient(scope, recipient_id).id)
    if not recipient.birth_date <= dose.given_on <= scope.today():
        raise Invalid(
            _("Enter a date from the date of birth to today."),
            field="given_on",
        )
    _refuse_doubled(recipient.id, dose)
    given = Vaccination(
        recipient_id=recipient.id,
        product_id=dose.product_id,
        dose_number=dose.dose_number,
        given_on=dose.given_on,
        elsewhere=dose.where,
        lot_number=dose.lot_number,
        source="elsewhere",
        recorded_by_id=scope.user.id,
    )
    session().add(given)
    session().flush()
    _note(scope, "vaccination.recorded", given)
    follow(recipient.id, recipient.dose_status)
    return given


def withdraw(scope: Scope, recipient_id: int, vaccination_id: int, *, reason: str) -> Vaccination:
    """Mark a dose given elsewhere as entered in error; it stays in the history.

    Raises `Conflict` if it is marked already, or was given here.
    """
    scope.require("recipients.handle")
    recipient = lock_recipient(get_recipient(scope, recipient_id).id)
    given = get_vaccination(scope, recipient.id, vaccination_id)
    session().refresh(given)
    if given.source != "elsewhere" or given.state != "given":
        raise Conflict(_("This dose cannot be marked as entered in error. Nothing was changed."))
    given.state = "entered_in_error"
    given.reason = reason
    session().flush()
    _note(scope, "vaccination.withdrawn", given)
    follow(recipient.id, recipient.dose_status)
    return given


def _refuse_doubled(recipient_id: int, dose: DoseElsewhere) -> None:
    same = session().scalar(
        select(Vaccination.id).where(
            Vaccination.recipient_id == recipient_id,
            Vaccination.state == "given",
            Vaccination.product_id == dose.product_id,
            (Vaccination.dose_number == dose.dose_number) | (Vaccination.given_on == dose.given_on),
        )
    )
    if same is not None:
        raise Invalid(
            _("This dose of this product, or one on this day, is recorded already."),
            field="dose_number",
        )


def _note(scope: Scope, action: str, given: Vaccination) -> None:
    audit(
        scope.user,
        action,
        subject="recipient",
        subject_id=given.recipient_id,
        location_id=scope.location.id if scope.location else None,
        after={"vaccination": given.id, "dose": given.dose_number},
    )


def follow(recipient_id: int, status: str) -> None:
    """Bring the dose status in line with the doses that were given."""
    numbers = [dose.dose_number for dose in doses_in_series([recipient_id]).get(recipient_id, ())]
    set_dose_status(
        recipient_id=recipient_id, status=rules.status_after(rules.DoseStatus(status), numbers)
    )
