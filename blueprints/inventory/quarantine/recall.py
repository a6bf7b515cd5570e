"""A recall: a lot is held at all locations, and with it what may be the same lot (SPEC D12).

Nobody types a lot number twice alike, and a recall that passes over doses is worse than one that
holds too many: lots that look like the one named are held, too, unless somebody decides otherwise.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace

from sqlalchemy import func, select

from blueprints.inventory.models import Quarantine, VaccineInventory
from blueprints.inventory.quarantine import services as quarantine
from portal.access.scope import Scope
from portal.audit.services import record as audit
from portal.db import session
from portal.errors import Invalid
from portal.formats.codes import look_alike_key, lot_key
from portal.formats.shown import number
from portal.i18n import _, ngettext
from portal.places.models import Location

PLACES_NAMED = 20


@dataclass(frozen=True)
class There:
    """The doses of a lot at one location, under the number that was typed there."""

    location: str
    lot: str
    doses: int
    in_transit: int

    @property
    def in_words(self) -> str:
        """Where the doses are, and how many."""
        found = []
        if self.doses:
            found.append(
                ngettext("%(doses)s dose", "%(doses)s doses", self.doses, doses=number(self.doses))
            )
        if self.in_transit:
            found.append(_("%(doses)s in transit", doses=number(self.in_transit)))
        doses = ", ".join(found) or _("no doses left")
        return _("%(location)s (%(doses)s)", location=self.location, doses=doses)


@dataclass(frozen=True)
class Alike:
    """A lot that may be the one named, and where it is or was."""

    product_id: int
    product_name: str
    key: str
    places: list[There]

    @property
    def reference(self) -> str:
        """What tells it apart from the others."""
        return f"{self.product_id}:{self.key}"

    @property
    def lot(self) -> str:
        """The number as it was typed; all ways, if there are several."""
        return ", ".join(dict.fromkeys(place.lot for place in self.places))

    @property
    def in_words(self) -> str:
        """The lot, its product and its doses."""
        places = [place.in_words for place in self.places[:PLACES_NAMED]]
        more = len(self.places) - PLACES_NAMED
        if more > 0:
            places.append(ngettext("%(num)s more location", "%(num)s more locations", more))
        return _(
            "Lot %(lot)s of %(vaccine)s: %(places)s",
            lot=self.lot,
            vaccine=self.product_name,
            places=", ".join(places),
        )


@dataclass(frozen=True)
class Recalled:
    """What a recall holds, the lot that was named first; and what may be the same, but was left
    out."""

    held: list[Quarantine]
    left_out: list[Alike]


def list_alike(hold: quarantine.Hold) -> list[Alike]:
    """The lots that locations have or had, under this product or another, whose number looks like
    that of the lot named; not the lot itself, nor what is held everywhere for this very reason."""
    record = VaccineInventory
    known = session().scalars(select(record.lot_key).where(record.doses_total > 0).distinct())
    wanted = look_alike_key(hold.lot)
    keys = [key for key in known if look_alike_key(key) == wanted]
    held = select(Quarantine.id).where(
        Quarantine.product_id == record.product_id,
        Quarantine.lot_key == record.lot_key,
        Quarantine.location_id.is_(None),
        Quarantine.released_at.is_(None),
        Quarantine.reason == hold.reason,
        Quarantine.note == hold.note,
    )
    what = (record.product_id, record.product_name, record.lot_key)
    rows = session().execute(
        select(
            *what,
            Location.name,
            record.lot,
            func.sum(record.doses_available),
            func.sum(record.doses_in_transit),
        )
        .join(Location, Location.id == record.location_id)
        .where(record.lot_key.in_(keys), record.doses_total > 0, ~held.exists())
        .group_by(*what, Location.id, Location.name, record.lot)
        .order_by(record.product_name, record.lot_key, Location.name, Location.id, record.lot)
    )
    found: dict[tuple[int, str], Alike] = {}
    for product, name, key, location, typed, doses, in_transit in rows:
        if (product, key) != (hold.product_id, lot_key(hold.lot)):
            one = found.setdefault((product, key), Alike(product, name, key, []))
            one.places.append(There(location, typed, int(doses), int(in_transit)))
    return list(found.values())


def hold_everywhere(
    scope: Scope, hold: quarantine.Hold, *, asked: Collection[str], chosen: Collection[str]
) -> Recalled:
    """Hold a lot at all locations, and of the lots that may be the same those that were chosen.

    `asked` and `chosen` are references of lots that somebody was asked about, and decided to hold.
    Raises `Invalid` (field "alike") while there are others, and what `quarantine.place` raises.
    """
    scope.require("inventory.quarantine_everywhere")
    _hold_lots(hold)
    held = [quarantine.place(scope, hold)]
    left_out = []
    for one in _ensure_asked(hold, asked):
        if one.reference in chosen:
            own = replace(hold, product_id=one.product_id, lot=one.places[0].lot, confirmed=True)
            held.append(quarantine.place(scope, own))
        else:
            left_out.append(one)
            _audit(scope, held[0], one)
    return Recalled(held, left_out)


def _hold_lots(hold: quarantine.Hold) -> None:
    """Keep all these lots as they are; in one order, so that two recalls do not wait for each
    other."""
    alike = list_alike(hold)
    named = (hold.product_id, lot_key(hold.lot))
    for product_id, key in sorted({named, *((one.product_id, one.key) for one in alike)}):
        quarantine.hold_lot(product_id, key)


def _ensure_asked(hold: quarantine.Hold, asked: Collection[str]) -> list[Alike]:
    alike = list_alike(hold)
    if any(one.reference not in asked for one in alike):
        raise Invalid(
            _(
                "This lot may also be in the inventory under another number or product. Check "
                "the list, then press “Quarantine at all locations” again."
            ),
            field="alike",
        )
    return alike


def _audit(scope: Scope, recalled: Quarantine, left_out: Alike) -> None:
    audit(
        scope.user,
        "inventory.left_out",
        subject="quarantine",
        subject_id=recalled.id,
        location_id=None,
        summary=f"{left_out.product_name}, {left_out.lot}",
        after={"recalled": recalled.lot},
    )
