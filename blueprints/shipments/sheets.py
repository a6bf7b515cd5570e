"""The supplier's file (SPEC C1): one shipped lot a row, CSV or xlsx."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import partial

from portal.errors import Invalid
from portal.formats.codes import (
    ndc_candidates,
    normalise_lot,
    parse_code,
    parse_date,
    parse_pin,
    parse_quantity,
    parse_text,
)
from portal.formats.texts import word
from portal.i18n import _
from portal.sheets.columns import BoundColumns, CellError, SheetColumn, parse_row

# Suppliers east of the clinic may already be in tomorrow; anything later is a typing error.
FUTURE_GRACE = timedelta(days=1)
# Longer than any vaccine keeps: a year that was mistyped is the likelier reason.
LONGEST_LIFE = timedelta(days=7 * 365)

ANSWER = "Your Answer"


class CellAnswer(StrEnum):
    """What a sender says to a question about a row, as it stands in the column of answers."""

    IN_ADDITION = "In addition"
    REPLACES = "Replaces the other lot"
    DATE_IS_RIGHT = "The date is right"


def parse_answer(value: object) -> frozenset[CellAnswer]:
    """The answers in a cell. Raises `Invalid`."""
    known = {word(answer): answer for answer in CellAnswer}
    given = [word(part) for part in re.split("[;,]", parse_text(value))]
    if not all(part in known for part in given):
        raise Invalid(
            _("Choose one of these answers: %(answers)s.", answers="; ".join(map(str, CellAnswer)))
        )
    answers = frozenset(known[part] for part in given)
    if {CellAnswer.IN_ADDITION, CellAnswer.REPLACES} <= answers:
        raise Invalid(_("A lot either replaces another one or comes in addition. Choose one."))
    return answers


@dataclass(frozen=True, slots=True)
class ShipmentRow:
    """One row of the supplier's file, every value in its normal form.

    ndc_candidates: 11-digit codes, 5-4-2; several if the file has ten digits without hyphens,
        then the catalogue decides.
    expiration: last day the lot may be used; the month's last day if `expiration_month_only`.
    quantity: doses.
    """

    shipment_id: str
    order_number: str
    provider_pin: str
    ndc_candidates: tuple[str, ...]
    manufacturer: str
    lot: str
    expiration: date
    expiration_month_only: bool
    quantity: int
    date_shipped: date
    carrier: str | None
    tracking_number: str | None
    answers: frozenset[CellAnswer] = frozenset()

    @property
    def ndc(self) -> str | None:
        """The NDC if it is certain without the catalogue."""
        return self.ndc_candidates[0] if len(self.ndc_candidates) == 1 else None


@dataclass(frozen=True, slots=True)
class Codes:
    """Where a row says it goes and what it brings, as far as that can be read."""

    provider_pin: str | None
    ndc_candidates: tuple[str, ...]
    manufacturer: str | None


def codes_of(bound: BoundColumns, cells: Sequence[object]) -> Codes:
    """The codes of a row in which something else is wrong, so that they are looked up too."""
    values, _errors = parse_row(bound, cells)
    return Codes(values.get("provider_pin"), values.get("ndc") or (), values.get("manufacturer"))


def shipment_columns(
    *, pin_prefix: str = "NCA", epoch_1904: bool = False
) -> tuple[SheetColumn, ...]:
    """The columns of the file. `epoch_1904` is the date system of the workbook it came in."""
    expiration = partial(parse_date, allow_month=True, epoch_1904=epoch_1904)
    shipped = partial(parse_date, epoch_1904=epoch_1904)
    pin = partial(parse_pin, prefix=pin_prefix)
    return (
        SheetColumn(
            "shipment_id",
            "Shipment ID",
            parse_code,
            ("Shipment", "Shipment #", "Shipment No", "Shipment Number"),
            text=True,
        ),
        SheetColumn(
            "order_number",
            "ExIS Order Number",
            parse_code,
            (
                "ExIS Order",
                "ExIS Order #",
                "ExIS Order No",
                "ExIS Order ID",
                "Order",
                "Order #",
                "Order No",
                "Order Number",
                "Order ID",
            ),
            text=True,
        ),
        SheetColumn(
            "provider_pin",
            "Provider PIN",
            pin,
            ("PIN", "VFC PIN", "Provider ID", "Ship To PIN", "Account PIN"),
            text=True,
        ),
        SheetColumn(
            "ndc",
            "NDC",
            ndc_candidates,
            (
                "NDC #",
                "NDC No",
                "NDC Number",
                "NDC Code",
                "NDC11",
                "Product NDC",
                "National Drug Code",
            ),
            text=True,
        ),
        SheetColumn(
            "manufacturer", "Manufacturer", parse_text, ("Mfr", "Mfg", "Manufacturer Name", "Maker")
        ),
        SheetColumn(
            "lot",
            "Lot Number",
            normalise_lot,
            ("Lot", "Lot #", "Lot No", "Lot ID", "Batch", "Batch Number", "Batch No"),
            text=True,
        ),
        SheetColumn(
            "expiration",
            "Expiration Date",
            expiration,
            (
                "Expiration",
                "Expiry",
                "Expiry Date",
                "Exp",
                "Exp Date",
                "Expires",
                "Expiration Dt",
                "Use By",
            ),
            holds="day",
        ),
        SheetColumn(
            "quantity",
            "Quantity Shipped",
            parse_quantity,
            ("Qty", "Quantity", "Qty Shipped", "Doses", "Doses Shipped", "Total Doses"),
            holds="number",
        ),
        SheetColumn(
            "date_shipped",
            "Date Shipped",
            shipped,
            (
                "Ship Date",
                "Shipped",
                "Shipped Date",
                "Shipped On",
                "Shipping Date",
                "Shipment Date",
            ),
            holds="day",
        ),
        SheetColumn(
            "carrier",
            "Carrier",
            parse_text,
            ("Carrier Name", "Shipper", "Shipped Via", "Ship Via"),
            required=False,
        ),
        SheetColumn(
            "tracking_number",
            "Tracking Number",
            parse_code,
            ("Tracking", "Tracking #", "Tracking No", "Tracking ID", "Track #"),
            required=False,
            text=True,
        ),
        SheetColumn(
            "answer",
            ANSWER,
            parse_answer,
            required=False,
            asked=True,
            choices=tuple(map(str, CellAnswer)),
        ),
    )


# Those of every file; the column of answers is only in corrected copies.
COLUMNS = tuple(column for column in shipment_columns() if not column.asked)


def parse_shipment(
    bound: BoundColumns, cells: Sequence[object], *, today: date
) -> tuple[ShipmentRow | None, list[CellError]]:
    """The row, or all that is wrong with it: cell by cell, then what does not fit together."""
    values, errors = parse_row(bound, cells)
    shipped = values.get("date_shipped")
    expires = values.get("expiration")
    if shipped is not None:
        if shipped.day > today + FUTURE_GRACE:
            errors.append(
                _error(
                    bound,
                    "date_shipped",
                    shipped.day,
                    _("The date shipped is in the future. Enter the day the shipment left."),
                )
            )
        if expires is not None and shipped.day > expires.day:
            errors.append(
                _error(
                    bound,
                    "expiration",
                    expires.day,
                    _(
                        "The lot expired before it was shipped. "
                        "Check the expiration date and the date shipped."
                    ),
                )
            )
        answers = values.get("answer") or frozenset()
        unusual = expires is not None and expires.day - shipped.day > LONGEST_LIFE
        if expires is not None and unusual and CellAnswer.DATE_IS_RIGHT not in answers:
            errors += [
                _error(
                    bound,
                    "expiration",
                    expires.day,
                    _(
                        "The lot would expire %(years)s years after it was shipped. Correct the "
                        "date that is wrong.",
                        years=str((expires.day - shipped.day).days // 365),
                    ),
                ),
                asked(bound.positions, CellAnswer.DATE_IS_RIGHT),
            ]
    if errors or shipped is None or expires is None:
        return None, errors
    return (
        ShipmentRow(
            values["shipment_id"],
            values["order_number"],
            values["provider_pin"],
            values["ndc"],
            values["manufacturer"],
            values["lot"],
            expires.day,
            expires.month_only,
            values["quantity"],
            shipped.day,
            values["carrier"],
            values["tracking_number"],
            values.get("answer") or frozenset(),
        ),
        errors,
    )


def asked(positions: Mapping[str, int], *answers: CellAnswer) -> CellError:
    """What asks for one of these answers to what is said of another cell."""
    if len(answers) == 1:
        message = _(
            "If it is right as it is, write “%(answer)s” into the column “%(column)s”.",
            answer=answers[0],
            column=ANSWER,
        )
    else:
        message = _(
            "Write “%(one)s” or “%(other)s” into the column “%(column)s”.",
            one=answers[0],
            other=answers[1],
            column=ANSWER,
        )
    return CellError(ANSWER, message, "", positions.get("answer"))


def _error(bound: BoundColumns, key: str, day: date, message: str) -> CellError:
    label = next(column.label for column in bound.columns if column.key == key)
    return CellError(label, message, f"{day:%m/%d/%Y}", bound.positions.get(key))
