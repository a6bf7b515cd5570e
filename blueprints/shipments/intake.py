"""Taking placed shipments into the database, a batch at a time, each row once (SPEC C1)."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from sqlalchemy import func, select, text

from blueprints.shipments import announcements
from blueprints.shipments.lots import already_received, asks, closed, of_lot, other_lots
from blueprints.shipments.models import Order, Shipment, ShipmentClosing
from blueprints.shipments.outcomes import as_json, changes
from blueprints.shipments.placing import Group, Placed
from blueprints.shipments.rules import (
    ABOUT_THE_PARCEL,
    ClosingReason,
    ShipmentDetails,
    Status,
    differences,
    labels_of,
    settled,
)
from blueprints.shipments.sheets import CellAnswer
from portal.access.scope import Actor
from portal.audit.services import record, seal, seal_rows
from portal.bulk import insert_rows
from portal.clock import now
from portal.db import is_sqlite, session
from portal.formats.codes import number_key
from portal.i18n import _
from portal.imports.outcomes import Outcome
from portal.searching.text import join

INTAKE_LOCK = 650_001


class ShipmentIntake:
    """One file's way in, on behalf of whoever sent it (None: the portal itself)."""

    def __init__(self, actor: Actor | None) -> None:
        self.actor = actor

    def take(self, placed: Sequence[Placed]) -> Outcome:
        """Write the rows within the running unit of work: add, update, or leave as it is."""
        _one_at_a_time()
        outcome = Outcome()
        known = self._known(placed)
        orders = self._orders(placed)
        closings = _closings(shipment for lots in known.values() for shipment in lots)
        fresh: list[Placed] = []
        repeated: list[Placed] = []
        ids: dict[tuple[str, int, str], int] = {}
        asked_about: dict[tuple[str, int, str], list[Shipment]] = {}
        for one in placed:
            if one.key in ids or one.key in asked_about:
                repeated.append(one)
                continue
            lots = known.get(one.group, [])
            shipment, others = of_lot(lots, one), other_lots(lots, one)
            if shipment is None and CellAnswer.REPLACES in one.answers and len(others) == 1:
                shipment = others[0]
            if shipment is not None:
                ids[one.key] = shipment.id
                self._take_known(outcome, one, shipment, orders, closings)
            elif others and CellAnswer.IN_ADDITION not in one.answers:
                asked_about[one.key] = others
                repeated.append(one)
            else:
                ids[one.key] = 0
                fresh.append(one)
        ids |= self._add(fresh, orders)
        outcome.added = [(one.number, ids[one.key]) for one in fresh]
        for one in repeated:
            if one.key in asked_about:
                questions = asks(one, asked_about[one.key])
                outcome.errors += [(one.number, question) for question in questions]
            else:
                outcome.unchanged.append((one.number, ids[one.key]))
        return outcome

    def _take_known(
        self,
        outcome: Outcome,
        one: Placed,
        shipment: Shipment,
        orders: "Orders",
        closings: dict[int, str],
    ) -> None:
        """Update a shipment that was announced before, or say why it stays as it is."""
        before = details_of(shipment)
        details = settled(before, one.details, silent=one.silent)
        one = replace(one, shipment_number=shipment.number, details=details)
        changed = differences(before, details)
        final = [name for name in changed if name not in ABOUT_THE_PARCEL]
        if not changed:
            outcome.unchanged.append((one.number, shipment.id))
        elif final and shipment.doses_received > 0:
            outcome.errors.append((one.number, already_received(one, shipment, final)))
        elif final and shipment.closed:
            reason = closings.get(shipment.id, "")
            outcome.errors.append((one.number, closed(one, reason, final)))
        else:
            self._update(shipment, one, orders, changed)
            kept = changes(before, details, changed)
            outcome.updated.append((one.number, shipment.id, kept))

    def id_of(self, placed: Placed) -> int:
        """The id of the shipment that a taken row is now."""
        shipment = of_lot(self._known([placed])[placed.group], placed)
        assert shipment is not None
        return shipment.id

    def _known(self, placed: Sequence[Placed]) -> dict[Group, list[Shipment]]:
        """The lots of these rows' shipments that exist, locked where the database locks rows."""
        numbers = {one.group[0] for one in placed}
        found: dict[Group, list[Shipment]] = {}
        for shipment in session().scalars(
            select(Shipment)
            .where(Shipment.number_key.in_(numbers))
            .order_by(Shipment.id)
            .with_for_update()
        ):
            found.setdefault((shipment.number_key, shipment.product_id), []).append(shipment)
        return found

    def _orders(self, placed: Sequence[Placed]) -> "Orders":
        """The ids of the rows' orders, made where they are missing."""
        wanted = {
            (one.details.location_id, number_key(one.details.order_number)): (
                one.details.order_number
            )
            for one in placed
        }
        keys = {key for _location, key in wanted}

        def existing() -> Orders:
            rows = session().execute(
                select(Order.id, Order.location_id, Order.number, Order.number_key)
                .where(Order.number_key.in_(keys))
                .order_by(Order.id.desc())
            )
            found: Orders = {}
            # Of two that were spelled in different ways before, the same spelling comes first.
            for row in rows:
                there = found.get((row.location_id, row.number_key))
                exact = row.number == wanted.get((row.location_id, row.number_key))
                if there is None or exact or not there.exact:
                    found[row.location_id, row.number_key] = KnownOrder(row.id, exact)
            return found

        orders = existing()
        missing = sorted(wanted.keys() - orders.keys())
        if missing:
            insert_rows(
                Order,
                [
                    {
                        "location_id": location,
                        "number": wanted[location, key],
                        "number_key": key,
                        "created_at": now(),
                    }
                    for location, key in missing
                ],
            )
            orders = existing()
        return orders

    def _add(self, fresh: list[Placed], orders: "Orders") -> dict[tuple[str, int, str], int]:
        """Write the new shipments; their ids."""
        if not fresh:
            return {}
        added = list(zip(next_ids(Shipment.__tablename__, len(fresh)), fresh, strict=True))
        moment = now()
        rows = [
            {
                "id": number,
                "number_key": one.group[0],
                "expiration_month_only": False,
                "doses_received": 0,
                "version": 1,
                "created_at": moment,
                "updated_at": moment,
                "status": Status.ON_ITS_WAY,
                **values_of(one, orders),
            }
            for number, one in added
        ]
        insert_rows(Shipment, rows)
        seal_rows(Shipment, rows)
        for number, one in added:
            record(
                self.actor,
                "shipment.announced",
                subject="shipment",
                subject_id=number,
                location_id=one.details.location_id,
                summary=one.shipment_number,
            )
        announcements.announce(announced(number, 1, one) for number, one in added)
        return {one.key: number for number, one in added}

    def _update(
        self,
        shipment: Shipment,
        one: Placed,
        orders: "Orders",
        changed: list[str],
    ) -> None:
        before = details_of(shipment)
        for name, value in values_of(one, orders).items():
            setattr(shipment, name, value)
        shipment.version += 1
        shipment.updated_at = now()
        session().flush()
        seal(shipment)
        self._record_correction(shipment, before, one.details, changed)
        if not (shipment.closed or shipment.doses_received):
            announcements.correct(announced(shipment.id, shipment.version, one))

    def _record_correction(
        self,
        shipment: Shipment,
        before: ShipmentDetails,
        after: ShipmentDetails,
        changed: list[str],
    ) -> None:
        """Put it on record where the shipment goes, and where it went until now."""
        for location_id in dict.fromkeys((before.location_id, after.location_id)):
            record(
                self.actor,
                "shipment.corrected",
                subject="shipment",
                subject_id=shipment.id,
                location_id=location_id,
                summary=_(
                    "%(number)s: %(columns)s",
                    number=shipment.number,
                    columns=", ".join(labels_of(changed)),
                ),
                before=as_json(before),
                after=as_json(after),
            )


class KnownOrder(NamedTuple):
    """The id of an order, and whether its number is spelled as in the file."""

    id: int
    exact: bool


# By location and the key of the number.
Orders = dict[tuple[int, str], KnownOrder]


def _one_at_a_time() -> None:
    """Let one intake write at a time: two files may announce the same shipment.

    SQLite has one writer anyway; PostgreSQL takes a lock that ends with the transaction.
    """
    if not is_sqlite():
        session().execute(select(func.pg_advisory_xact_lock(INTAKE_LOCK)))


def next_ids(table: str, count: int) -> list[int]:
    """`count` fresh ids of `table`, for a bulk insert that need not ask which it got.

    (Asking makes PostgreSQL's driver parse statements of a megabyte; measured, it halves the rate.)
    """
    if is_sqlite():  # this unit holds the only write lock
        last = session().scalar(text(f"SELECT coalesce(max(id), 0) FROM {table}"))  # noqa: S608
        return list(range(last + 1, last + 1 + count))
    drawn = text("SELECT nextval(pg_get_serial_sequence(:table, 'id')) FROM generate_series(1, :n)")
    return list(session().scalars(drawn, {"table": table, "n": count}))


def announced(shipment_id: int, version: int, one: Placed) -> announcements.Announced:
    """The row as the messages about it need it."""
    return announcements.Announced(
        shipment_id=shipment_id,
        number=one.shipment_number,
        version=version,
        product=one.product,
        details=one.details,
    )


def details_of(shipment: Shipment) -> ShipmentDetails:
    """What the supplier has said of this shipment so far."""
    return ShipmentDetails(
        location_id=shipment.location_id,
        order_number=shipment.order_number,
        ndc=shipment.ndc,
        manufacturer=shipment.manufacturer,
        lot=shipment.lot,
        expiration_date=shipment.expiration_date,
        expiration_month_only=shipment.expiration_month_only,
        doses_shipped=shipment.doses_shipped,
        date_shipped=shipment.date_shipped,
        carrier=shipment.carrier,
        tracking_number=shipment.tracking_number,
    )


def values_of(one: Placed, orders: "Orders") -> dict[str, object]:
    """The columns of the shipment's row."""
    details = one.details
    return {
        "number": one.shipment_number,
        "location_id": details.location_id,
        "order_id": orders[details.location_id, number_key(details.order_number)].id,
        "order_number": details.order_number,
        "product_id": one.product.id,
        "product_name": one.product.name,
        "manufacturer": details.manufacturer,
        "ndc": details.ndc,
        "lot": details.lot,
        "expiration_date": details.expiration_date,
        "expiration_month_only": details.expiration_month_only,
        "doses_shipped": details.doses_shipped,
        "date_shipped": details.date_shipped,
        "carrier": details.carrier,
        "tracking_number": details.tracking_number,
        "search": search_text(one),
    }


def search_text(one: Placed) -> str:
    """What the search bar finds this shipment by."""
    details = one.details
    return join(
        (
            one.shipment_number,
            details.order_number,
            one.product.name,
            details.manufacturer,
            details.ndc,
            details.ndc.replace("-", ""),
            details.lot,
            details.tracking_number,
            details.carrier,
        )
    )


def _closings(shipments: Iterable[Shipment]) -> dict[int, str]:
    """Why those of the shipments that are closed are, in words."""
    closed = [shipment.id for shipment in shipments if shipment.closed]
    if not closed:
        return {}
    rows = session().execute(
        select(ShipmentClosing.shipment_id, ShipmentClosing.reason).where(
            ShipmentClosing.shipment_id.in_(closed)
        )
    )
    return {row.shipment_id: ClosingReason(row.reason).label for row in rows}
