"""Closing a shipment of which no more doses will come, and opening it again."""

from sqlalchemy import delete, select

from blueprints.shipments.models import Shipment, ShipmentClosing
from blueprints.shipments.queries import get_shipment
from blueprints.shipments.rules import ClosingReason, Status, ensure_may_close, status_of
from portal.access.scope import Actor, Scope
from portal.audit.services import record
from portal.clock import now
from portal.db import session
from portal.errors import Conflict
from portal.i18n import _


def close_shipment(
    scope: Scope, shipment_id: int, *, reason: ClosingReason, note: str, seen_received: int
) -> Shipment:
    """Say that no more doses of the shipment are expected.

    `seen_received` are the doses that were received as far as the user knows. Raises `Invalid`
    for a reason that cannot be right, `Conflict` if nothing is expected, or if doses were added
    since.
    """
    scope.require("shipments.close")
    shipment = _held(scope, shipment_id)
    expected = shipment.doses_expected
    ensure_may_close(
        reason,
        note,
        doses_shipped=shipment.doses_shipped,
        doses_received=shipment.doses_received,
        closed=shipment.closed,
    )
    if shipment.doses_received != seen_received:
        raise Conflict(
            _(
                "Someone else changed the doses received of this shipment. Received now: "
                "%(received)s of %(shipped)s. Check the shipment before you close it.",
                received=f"{shipment.doses_received:,}",
                shipped=f"{shipment.doses_shipped:,}",
            )
        )
    before = shipment.status
    shipment.status = Status.CLOSED
    shipment.updated_at = now()
    session().add(
        ShipmentClosing(
            shipment_id=shipment.id, reason=reason, note=note, closed_by_id=scope.user.id
        )
    )
    session().flush()
    record(
        scope.user,
        "shipment.closed",
        subject="shipment",
        subject_id=shipment.id,
        location_id=shipment.location_id,
        summary=shipment.number,
        before={"status": before},
        after={
            "status": shipment.status,
            "reason": reason,
            "note": note,
            "doses_not_expected": expected,
        },
    )
    return shipment


def reopen_shipment(scope: Scope, shipment_id: int) -> Shipment:
    """Expect the rest of a closed shipment again. Raises `Conflict` if it is not closed."""
    scope.require("shipments.close")
    shipment = _held(scope, shipment_id)
    if not shipment.closed:
        raise Conflict(_("This shipment is already open."))
    reopen(scope.user, shipment)
    return shipment


def reopen(actor: Actor, shipment: Shipment) -> None:
    """Open a closed shipment that the caller holds, because its doses came after all."""
    session().execute(delete(ShipmentClosing).where(ShipmentClosing.shipment_id == shipment.id))
    shipment.status = status_of(shipment.doses_shipped, shipment.doses_received)
    shipment.updated_at = now()
    session().flush()
    record(
        actor,
        "shipment.reopened",
        subject="shipment",
        subject_id=shipment.id,
        location_id=shipment.location_id,
        summary=shipment.number,
        before={"status": Status.CLOSED},
        after={"status": shipment.status},
    )


def _held(scope: Scope, shipment_id: int) -> Shipment:
    """The shipment as it is now; deliveries and corrections of it wait until this unit ends."""
    query = select(Shipment).where(Shipment.id == shipment_id)
    session().execute(
        query.with_for_update(key_share=True).execution_options(populate_existing=True)
    )
    return get_shipment(scope, shipment_id)
