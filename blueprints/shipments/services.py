"""Use cases that write shipments."""

from datetime import date
from typing import Any

from sqlalchemy import case, update

from blueprints.shipments.intake import ShipmentIntake
from blueprints.shipments.models import Shipment
from blueprints.shipments.placing import NumberedRow, Placing
from blueprints.shipments.rules import Status
from blueprints.shipments.sheets import codes_of, parse_shipment, shipment_columns
from portal.access.scope import Scope
from portal.clock import now
from portal.db import session
from portal.errors import Conflict, Invalid, NotFound
from portal.i18n import _
from portal.sheets.columns import CellError, bind
from portal.sheets.survey import survey_row


class RowRefused(Invalid):
    """A shipment entered by form cannot be taken in; `errors` belong to its fields."""

    def __init__(self, errors: list[tuple[str | None, str]]) -> None:
        super().__init__(_("Please correct the fields marked below."))
        self.errors = errors


def announce_by_form(scope: Scope, *, cells: dict[str, Any], pin_prefix: str, today: date) -> int:
    """Take in one shipment entered by form, by the checks that rows of a file pass.

    `cells` are the texts by column key. Returns the shipment's id. Raises `RowRefused`.
    """
    scope.require("shipments.import")
    columns = shipment_columns(pin_prefix=pin_prefix)
    bound = bind(columns, [column.label for column in columns])
    keys = {column.label: column.key for column in columns}

    def refuse(errors: list[CellError]) -> RowRefused:
        return RowRefused([(keys.get(error.column), error.message) for error in errors])

    values = [cells.get(column.key) for column in columns]
    bound = survey_row(bound, values)
    row, wrong = parse_shipment(bound, values, today=today)
    placing, intake = Placing(), ShipmentIntake(scope.user)
    if row is None:
        raise refuse(wrong + placing.wrong_codes(codes_of(bound, values), bound.positions))
    placed, errors = placing.place([NumberedRow(1, row, bound.positions)])
    if errors:
        raise refuse([error for _number, error in errors])
    outcome = intake.take(placed)
    if outcome.errors:
        raise refuse([error for _number, error in outcome.errors])
    if outcome.unchanged:
        raise Conflict(_("This shipment was entered before, with the same details."))
    if outcome.updated:  # undone with this request: by form nobody overwrites by mistake
        known = _(
            "This Shipment ID already exists for this vaccine, with different details. Check "
            "the number. To correct the shipment, import a file with the corrected row."
        )
        raise RowRefused([("shipment_id", known)])
    return intake.id_of(placed[0])


def note_received(shipment_id: int, doses: int) -> None:
    """Count `doses` (negative to take back) as received of a shipment and move its status, unless
    it is closed: then it stays so.

    Raises `NotFound`, or `Conflict` if fewer were received than are taken back.
    """
    received = Shipment.doses_received + doses
    moved = session().execute(
        update(Shipment)
        .where(Shipment.id == shipment_id, received >= 0)
        .values(
            doses_received=received,
            status=case(
                (Shipment.status == Status.CLOSED, Status.CLOSED),
                (received <= 0, Status.ON_ITS_WAY),
                (received >= Shipment.doses_shipped, Status.RECEIVED),
                else_=Status.PARTLY_RECEIVED,
            ),
            updated_at=now(),
        )
        .execution_options(synchronize_session=False)
    )
    if moved.rowcount != 1:  # type: ignore[attr-defined]
        if session().get(Shipment, shipment_id) is None:
            raise NotFound
        raise Conflict(_("You cannot take back more doses than were received of this shipment."))
