"""Finding where a supplier's row goes and what it is: Provider PIN to location, NDC to vaccine.

Nothing is written here; the rows may come from a file or from the form.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import select

from blueprints.shipments.rules import (
    ShipmentDetails,
    differences,
    labels_of,
    names_another_maker,
    settled,
)
from blueprints.shipments.sheets import CellAnswer, Codes, ShipmentRow
from portal.catalog.queries import ProductName, products_by_ndc
from portal.db import session
from portal.formats.codes import lot_key, number_key
from portal.i18n import _
from portal.places.models import Location
from portal.sheets.columns import CellError

Group = tuple[str, int]


@dataclass(frozen=True)
class NumberedRow:
    """A parsed row and the number its sender sees, with where its cells are in the file."""

    number: int
    row: ShipmentRow
    positions: dict[str, int]


@dataclass(frozen=True)
class Destination:
    """A location as a shipment's destination."""

    id: int
    name: str
    approved: bool


@dataclass(frozen=True)
class Placed:
    """A row whose codes have been found: where it goes and what it is."""

    number: int
    shipment_number: str
    product: ProductName
    details: ShipmentDetails
    positions: dict[str, int]
    answers: frozenset[CellAnswer] = frozenset()
    lots_of_file: Collection[str] = ()

    @property
    def group(self) -> Group:
        """The supplier's shipment of a vaccine, which may hold several lots."""
        return number_key(self.shipment_number), self.product.id

    @property
    def key(self) -> tuple[str, int, str]:
        """What makes a shipment one: its ID, the vaccine and the lot."""
        return (*self.group, lot_key(self.details.lot))

    @property
    def silent(self) -> list[str]:
        """The details of which the file says nothing, since it has no such column."""
        return [name for name in ("carrier", "tracking_number") if name not in self.positions]


class Placing:
    """Knows the catalogue and the locations as they are now, and the rows seen so far."""

    def __init__(self, row_name: Callable[[int], str] = str) -> None:
        self.row_name = row_name
        self.products = products_by_ndc()
        self.makers = frozenset(product.manufacturer for product in self.products.values())
        self.locations = {
            row.pin: Destination(row.id, row.name, row.approved)
            for row in session().execute(
                select(Location.pin, Location.id, Location.name, Location.approved)
            )
        }
        self.seen: dict[Group, dict[str, tuple[int, ShipmentDetails]]] = {}

    def place(
        self, rows: Iterable[NumberedRow]
    ) -> tuple[list[Placed], list[tuple[int, CellError]]]:
        """Find each row's location and product; needs no database, changes only what was seen."""
        placed: list[Placed] = []
        errors: list[tuple[int, CellError]] = []
        for numbered in rows:
            found, wrong = self._place(numbered)
            errors += [(numbered.number, error) for error in wrong]
            if found is None:
                continue
            double = self._seen_before(found)
            if double is not None:
                errors.append((found.number, double))
            else:
                placed.append(found)
        return placed, errors

    def _place(self, numbered: NumberedRow) -> tuple[Placed | None, list[CellError]]:
        row = numbered.row
        codes = Codes(row.provider_pin, row.ndc_candidates, row.manufacturer)
        location = self.locations.get(row.provider_pin)
        product, ndc, _problem = self._product(row.ndc_candidates)
        errors = self.wrong_codes(codes, numbered.positions)
        if errors or location is None or product is None:
            return None, errors
        details = ShipmentDetails(
            location_id=location.id,
            order_number=row.order_number,
            ndc=ndc,
            manufacturer=row.manufacturer,
            lot=row.lot,
            expiration_date=row.expiration,
            expiration_month_only=row.expiration_month_only,
            doses_shipped=row.quantity,
            date_shipped=row.date_shipped,
            carrier=row.carrier or "",
            tracking_number=row.tracking_number or "",
        )
        return (
            Placed(
                numbered.number,
                row.shipment_id,
                product,
                details,
                numbered.positions,
                row.answers,
                self.seen.setdefault((number_key(row.shipment_id), product.id), {}),
            ),
            errors,
        )

    def wrong_codes(self, codes: Codes, positions: dict[str, int]) -> list[CellError]:
        """What is wrong with the codes of a row; those that could not be read are left out."""
        errors: list[CellError] = []

        def wrong(column: str, key: str, value: str, message: str) -> None:
            errors.append(CellError(column, message, value, positions.get(key)))

        if codes.provider_pin is not None:
            location = self.locations.get(codes.provider_pin)
            if location is None or not location.approved:
                message = _("No approved location has this Provider PIN. Check the number.")
                wrong("Provider PIN", "provider_pin", codes.provider_pin, message)
        if not codes.ndc_candidates:
            return errors
        product, _ndc, problem = self._product(codes.ndc_candidates)
        if product is None:
            wrong("NDC", "ndc", codes.ndc_candidates[0], problem)
        elif codes.manufacturer is not None:
            maker = product.manufacturer
            other = names_another_maker(codes.manufacturer, maker, self.makers)
            if other is not None:
                message = _(
                    "The NDC belongs to %(maker)s, but the row says %(other)s. Correct the one "
                    "that is wrong.",
                    maker=maker,
                    other=other,
                )
                wrong("Manufacturer", "manufacturer", codes.manufacturer, message)
        return errors

    def _product(self, candidates: tuple[str, ...]) -> tuple[ProductName | None, str, str]:
        """The product, its NDC, and what is wrong. Ten bare digits can be cut in three ways."""
        known = [ndc for ndc in candidates if ndc in self.products]
        if not known:
            return None, "", _("This NDC is not in the list of vaccines. Check the code.")
        if len({self.products[ndc].id for ndc in known}) > 1:
            return (
                None,
                "",
                _("These ten digits fit several vaccines. Write the NDC with its hyphens."),
            )
        product = self.products[known[0]]
        if not product.orderable:
            return None, "", _("%(vaccine)s cannot be ordered.", vaccine=product.name)
        return product, known[0], ""

    def _seen_before(self, placed: Placed) -> CellError | None:
        """Note the row as seen; an error if an earlier row of this file says something else of the
        lot, or sends the shipment elsewhere."""
        lots = self.seen[placed.group]
        first = next(iter(lots.values()), None)
        before = lots.setdefault(placed.key[2], (placed.number, placed.details))
        if before[0] != placed.number:
            other = differences(before[1], settled(before[1], placed.details))
        else:
            elsewhere = first and first[1].location_id != placed.details.location_id
            before, other = first or before, ["location_id"] if elsewhere else []
        if not other:
            return None
        return CellError(
            "Shipment ID",
            _(
                "Row %(row)s has this vaccine under the same Shipment ID with a different "
                "%(columns)s. Correct or delete the row that is wrong.",
                row=self.row_name(before[0]),
                columns=", ".join(labels_of(other)),
            ),
            placed.shipment_number,
            placed.positions.get("shipment_id"),
        )
