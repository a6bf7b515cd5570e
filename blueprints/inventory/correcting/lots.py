"""Correcting lot number and expiration date of a record, as the help desk does from a case (SPEC
D4, H8).

The record says what is true from then on, and a row of its own what it said before. Where doses of
it were given, somebody else has proposed it, and other modules bring in line what they know of it.
"""

from dataclasses import dataclass
from datetime import date
from functools import partial

from sqlalchemy import func, select

from blueprints.inventory.ledger.entries import lock_record
from blueprints.inventory.models import DoseEntry, LotCorrection, VaccineInventory
from blueprints.inventory.quarantine import services as quarantine
from blueprints.inventory.queries import corrections_of, get_inventory
from blueprints.inventory.rules import Kind, name_of_lot
from blueprints.inventory.services import put_name
from portal.access.scope import Scope
from portal.audit.services import record as audit
from portal.audit.services import seal
from portal.clock import now
from portal.db import session
from portal.errors import Conflict, Invalid
from portal.formats.codes import lot_key, normalise_lot
from portal.formats.shown import day
from portal.i18n import _, ngettext
from portal.module import current, load
from portal.remedies import Said

RIGHT = "inventory.correct_lot"


@dataclass(frozen=True)
class LotFacts:
    """What is printed on the package."""

    lot: str
    expiration_date: date
    month_only: bool = False

    @property
    def words(self) -> str:
        """As people read it."""
        return _("lot %(lot)s, expires %(day)s", lot=self.lot, day=day(self.expiration_date))


class LotCorrecting:
    """A record that is kept from all who change it or its doses until the unit ends, and what its
    lot is to be. Raises `NotFound`, `Forbidden`, and `Invalid` if nothing is to be corrected."""

    def __init__(self, scope: Scope, inventory_id: int, facts: LotFacts) -> None:
        scope.require(RIGHT)
        record = get_inventory(scope, inventory_id)
        self.scope = scope
        # Whoever gives a dose holds the recipient before the record, and so do these.
        self._follow = [
            load(fill.function)(scope, record.id) for fill in current().fills("inventory.corrected")
        ]
        self.record = record
        self.facts = LotFacts(
            normalise_lot(facts.lot), facts.expiration_date, month_only=facts.month_only
        )
        self.before = _facts(record)
        for key in sorted({lot_key(self.facts.lot), record.lot_key}):
            quarantine.hold_lot(record.product_id, key)
        lock_record(record.id)
        self._ensure_same()
        if (self.facts.lot, self.facts.expiration_date) == (
            record.lot,
            record.expiration_date,
        ):
            raise Invalid(_("The record says this already. Nothing was changed."), field="lot")

    def _ensure_same(self) -> None:
        session().refresh(self.record)
        if _facts(self.record) != self.before:
            raise Conflict(_("Someone else changed this record. Nothing was changed."))

    @property
    def doses_given(self) -> int:
        """How many doses recipients were given."""
        return self.record.doses_administered

    def said(self) -> str:
        """What will be corrected, and what to know before."""
        sentences = [
            _(
                "“%(name)s”: %(before)s is corrected to %(after)s.",
                name=self.record.name,
                before=self.before.words,
                after=self.facts.words,
            )
        ]
        if self.doses_given:
            sentences.append(
                ngettext(
                    "%(num)s dose of it was given. That record is corrected, too.",
                    "%(num)s doses of it were given. Those records are corrected, too.",
                    self.doses_given,
                )
            )
        late = _given_after(self.record.id, self.facts.expiration_date)
        if late:
            sentences.append(
                ngettext(
                    "%(num)s dose was given after this expiration date.",
                    "%(num)s doses were given after this expiration date.",
                    late,
                )
            )
        if self._is_recalled():
            sentences.append(_("Lot %(lot)s is in quarantine.", lot=self.facts.lot))
        return " ".join(sentences)

    def _is_recalled(self) -> bool:
        record = self.record
        return quarantine.is_held(record.location_id, record.product_id, lot_key(self.facts.lot))

    def correct(self, reason: str, proposed_by_id: int | None) -> Said:
        """Correct it. Raises `Conflict` if doses were given and nobody else proposed it."""
        record, before, after = self.record, self.before, self.facts
        if not reason.strip():
            raise Invalid(_("Please fill in this field."), field="reason")
        alone = proposed_by_id is None or proposed_by_id == self.scope.user.id
        if self.doses_given and alone:
            raise Conflict(
                _("Doses of this record were given. Somebody else has to confirm the correction.")
            )
        own_holds = [
            hold for hold in quarantine.quarantines_of(record) if hold.location_id is not None
        ]
        correction = LotCorrection(
            inventory_id=record.id,
            location_id=record.location_id,
            lot_before=before.lot,
            lot=after.lot,
            expiration_before=before.expiration_date,
            expiration=after.expiration_date,
            doses_given=self.doses_given,
            reason=reason.strip(),
            at=now(),
            by_id=self.scope.user.id,
            proposed_by_id=proposed_by_id,
        )
        session().add(correction)
        record.lot, record.lot_key = after.lot, lot_key(after.lot)
        record.expiration_date = after.expiration_date
        record.expiration_month_only = after.month_only
        record.quarantined = self._is_recalled()
        put_name(record, name_of_lot(record.name, record.product_name, before.lot, after.lot))
        session().flush()
        seal(correction, record)
        # What was held here is the vaccine in the refrigerator, whatever its number is.
        for hold in own_holds:
            quarantine.hold_there(self.scope, record, reason=hold.reason, note=hold.note)
        for follow in self._follow:
            follow(correction)
        audit(
            self.scope.user,
            "inventory.lot_corrected",
            subject="inventory",
            subject_id=record.id,
            location_id=record.location_id,
            summary=reason.strip(),
            before=_noted(before),
            after={
                **_noted(after),
                "doses_given": correction.doses_given,
                "proposed_by": proposed_by_id,
            },
        )
        return partial(_done, record.name, before, after)


def _facts(record: VaccineInventory) -> LotFacts:
    return LotFacts(record.lot, record.expiration_date, month_only=record.expiration_month_only)


def _noted(facts: LotFacts) -> dict[str, object]:
    return {"lot": facts.lot, "expiration_date": facts.expiration_date.isoformat()}


def _done(name: str, before: LotFacts, after: LotFacts) -> str:
    return _(
        "“%(name)s” was corrected from %(before)s to %(after)s. All records of its doses now say "
        "so, and what they said before stays readable.",
        name=name,
        before=before.words,
        after=after.words,
    )


def _given_after(inventory_id: int, expires: date) -> int:
    """How many doses were given after a day."""
    doses = session().scalar(
        select(func.sum(DoseEntry.doses)).where(
            DoseEntry.inventory_id == inventory_id,
            DoseEntry.kind == Kind.ADMINISTERED,
            DoseEntry.happened_on > expires,
        )
    )
    return int(doses or 0)


def state_of(record: VaccineInventory) -> str:
    """What the record says of its lot, for whoever decides on a correction: another text after
    each correction."""
    corrections = corrections_of(record.id)
    newest = corrections[-1].row.id if corrections else 0
    return f"{record.lot} {record.expiration_date.isoformat()} {newest}"
