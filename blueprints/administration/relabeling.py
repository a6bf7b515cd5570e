"""What is known of doses whose lot number or expiration date the help desk corrected (SPEC D4, H8):
each gets a new version, and the fact about the person says what the record says."""

from collections.abc import Callable, Sequence

from sqlalchemy import select

from blueprints.administration.judging import due_after
from blueprints.administration.models import Administration
from blueprints.administration.queries import is_newest
from blueprints.administration.recording import follow, successor
from blueprints.administration.rules import RecordState
from blueprints.administration.telling import take_back, tell_given, was_told
from blueprints.inventory.models import LotCorrection, VaccineInventory
from blueprints.recipients.models import Recipient, Vaccination
from portal.access.scope import Scope
from portal.audit.services import record as audit
from portal.audit.services import seal
from portal.db import lock, session
from portal.errors import Conflict
from portal.i18n import _

Dose = tuple[Administration, Vaccination]


def relabel(scope: Scope, inventory_id: int) -> Callable[[LotCorrection], None]:
    """Keep everybody who was given a dose of a record from others, in the order of their ids; the
    function corrects what is known of their doses."""
    people = (
        select(Vaccination.recipient_id)
        .join(Administration, Administration.vaccination_id == Vaccination.id)
        .where(Administration.inventory_id == inventory_id, is_newest())
    )
    lock(select(Recipient).where(Recipient.id.in_(people)).order_by(Recipient.id))
    locked = {dose.id for _version, dose in _doses_of(inventory_id)}

    def corrected(correction: LotCorrection) -> None:
        doses = _doses_of(inventory_id)
        if {dose.id for _version, dose in doses} != locked:
            raise Conflict(
                _("Doses of this record were given just now. Nothing was changed. Try again.")
            )
        _correct(scope, correction, doses)

    return corrected


def _doses_of(inventory_id: int) -> Sequence[Dose]:
    """The doses that are recorded as of this record now, removed ones too."""
    rows = session().execute(
        select(Administration, Vaccination)
        .join(Vaccination, Vaccination.id == Administration.vaccination_id)
        .where(Administration.inventory_id == inventory_id, is_newest())
        .order_by(Vaccination.id)
        .execution_options(populate_existing=True)
    )
    return [(version, dose) for version, dose in rows]


def _correct(scope: Scope, correction: LotCorrection, doses: Sequence[Dose]) -> None:
    record = session().get_one(VaccineInventory, correction.inventory_id)
    why = _("Lot number or expiration date corrected: %(reason)s", reason=correction.reason)
    versions = []
    for before, dose in doses:
        if before.state == RecordState.REMOVED:
            # Not given at all: only what is said of the lot follows.
            dose.lot_number, dose.expiration_date = record.lot, record.expiration_date
            continue
        version = successor(scope, before, why)
        follow(dose, record, version)
        versions.append(version)
        audit(
            scope.user,
            "vaccination.lot_corrected",
            subject="recipient",
            subject_id=dose.recipient_id,
            location_id=correction.location_id,
            summary=correction.reason,
            before={"lot": correction.lot_before},
            after={"vaccination": dose.id, "lot": correction.lot},
        )
    session().add_all(versions)
    session().flush()
    seal(*versions)
    given = {version.vaccination_id: version for version in versions}
    for _before, dose in doses:
        if dose.id in given:
            recipient = session().get_one(Recipient, dose.recipient_id)
            # What is told of a dose does not name the lot: who was told before knows enough.
            if take_back(dose.id) and not was_told(dose.id):
                tell_given(recipient, dose, given[dose.id], due_after(recipient))
