"""Taking placed shipments into the database, a batch at a time, each row once (SPEC C1)."""

from collections.abc import Iterable, Sequence
from datetime import date

from sqlalchemy import func, select, text

from blueprints.shipments import announcements
from blueprints.shipments.models import Order, Shipment, ShipmentClosing
from blueprints.shipments.outcomes import as_json, changes
from blueprints.shipments.placing import Placed
from blueprints.shipments.rules import (
    LABELS,
    ClosingReason,
    Details,
    Status,
    differences,
    labels_of,
)
from portal.access.scope import Actor
from portal.audit.services import record, seal, seal_rows
from portal.bulk import insert_rows
from portal.clock import now
from portal.db import is_sqlite, session
from portal.i18n import _
from portal.imports.outcomes import Outcome
from portal.searching.text import join
from portal.sheets.columns import CellError

INTAKE_LOCK = 650_001
# The columns of the file whose keys are not the names of the details they bring.
CELLS = {
    "location_id": "provider_pin",
    "expiration_date": "expiration",
    "expiration_month_only": "expiration",
    "doses_shipped": "quantity",
}


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
        closings = _closings(known.values())
        fresh: list[Placed] = []
        repeated: list[Placed] = []
        taken: set[tuple[str, int]] = set()
        for one in placed:
            if one.key in taken:
                repeated.append(one)
                continue
            taken.add(one.key)
            shipment = known.get(one.key)
            if shipment is None:
                fresh.append(one)
                continue
            before = details_of(shipment)
            changed = differences(before, one.details)
            if not changed:
                outcome.unchanged.append((one.number, shipment.id))
            elif shipment.doses_received > 0:
                outcome.errors.append((one.number, _already_received(one, shipment, changed)))
            elif shipment.closed:
                reason = closings.get(shipment.id, "")
                outcome.errors.append((one.number, _closed(one, reason, changed)))
            else:
                self._update(shipment, one, orders, changed)
                kept = changes(before, one.details, changed)
                outcome.updated.append((one.number, shipment.id, kept))
        ids = self._add(fresh, orders)
        outcome.added = [(one.number, ids[one.key]) for one in fresh]
        ids |= {key: shipment.id for key, shipment in known.items()}
        outcome.unchanged += [(one.number, ids[one.key]) for one in repeated]
        return outcome

    def id_of(self, placed: Placed) -> int:
        """The id of the shipment that a taken row is now."""
        return (
            session()
            .scalars(
                select(Shipment.id).where(
                    Shipment.number == placed.shipment_number,
                    Shipment.product_id == placed.product.id,
                )
            )
            .one()
        )

    def _known(self, placed: Sequence[Placed]) -> dict[tuple[str, int], Shipment]:
        """The shipments of these rows that exist, locked where the database locks rows."""
        numbers = {one.shipment_number for one in placed}
        found = session().scalars(
            select(Shipment)
            .where(Shipment.number.in_(numbers))
            .order_by(Shipment.id)
            .with_for_update()
        )
        return {(shipment.number, shipment.product_id): shipment for shipment in found}

    def _orders(self, placed: Sequence[Placed]) -> dict[tuple[int, str], int]:
        """The ids of the rows' orders, made where they are missing."""
        wanted = {(one.details.location_id, one.details.order_number) for one in placed}
        numbers = {number for _location, number in wanted}

        def existing() -> dict[tuple[int, str], int]:
            return {
                (row.location_id, row.number): row.id
                for row in session().execute(
                    select(Order.id, Order.location_id, Order.number).where(
                        Order.number.in_(numbers)
                    )
                )
            }

        orders = existing()
        missing = sorted(wanted - orders.keys())
        if missing:
            insert_rows(
                Order,
                [
                    {"location_id": location, "number": number, "created_at": now()}
                    for location, number in missing
                ],
            )
            orders = existing()
        return orders

    def _add(
        self, fresh: list[Placed], orders: dict[tuple[int, str], int]
    ) -> dict[tuple[str, int], int]:
        """Write the new shipments; their ids."""
        if not fresh:
            return {}
        added = list(zip(next_ids(Shipment.__tablename__, len(fresh)), fresh, strict=True))
        moment = now()
        rows = [
            {
                "id": number,
                "expiration_month_only": False,
                "doses_received": 0,
                "version": 1,
                "created_at": moment,
                "updated_at": moment,
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
        orders: dict[tuple[int, str], int],
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
        announcements.correct(announced(shipment.id, shipment.version, one))

    def _record_correction(
        self, shipment: Shipment, before: Details, after: Details, changed: list[str]
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


def details_of(shipment: Shipment) -> Details:
    """What the supplier has said of this shipment so far."""
    return Details(
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


def values_of(one: Placed, orders: dict[tuple[int, str], int]) -> dict[str, object]:
    """The columns of the shipment's row."""
    details = one.details
    return {
        "number": one.shipment_number,
        "location_id": details.location_id,
        "order_id": orders[details.location_id, details.order_number],
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
        "status": Status.ON_ITS_WAY,
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


def _already_received(one: Placed, shipment: Shipment, changed: list[str]) -> CellError:
    return _refused(
        one,
        changed,
        _(
            "Doses of this shipment were already received (%(received)s of %(shipped)s), so "
            "%(columns)s can no longer be changed by file. Ask the help desk.",
            received=f"{shipment.doses_received:,}",
            shipped=f"{shipment.doses_shipped:,}",
            columns=", ".join(labels_of(changed)),
        ),
    )


def _closed(one: Placed, reason: str, changed: list[str]) -> CellError:
    return _refused(
        one,
        changed,
        _(
            "The location has closed this shipment (%(reason)s), so %(columns)s can no longer "
            "be changed by file. If it does arrive, the location manager must reopen it first.",
            reason=reason,
            columns=", ".join(labels_of(changed)),
        ),
    )


def _refused(one: Placed, changed: list[str], message: str) -> CellError:
    """The error at the first cell that cannot be changed any more."""
    name = changed[0]
    value = getattr(one.details, name)
    written = f"{value:%m/%d/%Y}" if isinstance(value, date) else str(value)
    return CellError(
        LABELS[name],
        message,
        written if name != "location_id" else "",
        one.positions.get(CELLS.get(name, name)),
    )
