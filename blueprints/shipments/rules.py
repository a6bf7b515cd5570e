"""Decisions about shipments, as pure functions."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from urllib.parse import quote

from portal.errors import Conflict, Invalid
from portal.formats.codes import lot_key, number_key
from portal.i18n import _, ngettext


class Status(StrEnum):
    """How far a shipment has come; follows from its doses, unless somebody closed it."""

    ON_ITS_WAY = "on_its_way"
    PARTLY_RECEIVED = "partly_received"
    RECEIVED = "received"
    CLOSED = "closed"


# Of these shipments doses are expected.
TO_BE_RECEIVED = (Status.ON_ITS_WAY, Status.PARTLY_RECEIVED)


def status_of(doses_shipped: int, doses_received: int, *, closed: bool = False) -> Status:
    """The status that the doses shipped and received so far amount to."""
    if closed:
        return Status.CLOSED
    if doses_received <= 0:
        return Status.ON_ITS_WAY
    return Status.RECEIVED if doses_received >= doses_shipped else Status.PARTLY_RECEIVED


def still_expected(doses_shipped: int, doses_received: int) -> int:
    """Doses that have not been added to the inventory yet; never negative."""
    return max(doses_shipped - doses_received, 0)


class ClosingReason(StrEnum):
    """Why no more doses of a shipment are expected."""

    NEVER_ARRIVED = "never_arrived"
    FEWER = "fewer"
    OTHER = "other"

    @property
    def label(self) -> str:
        """The words for it on pages."""
        return {
            ClosingReason.NEVER_ARRIVED: _("Never arrived"),
            ClosingReason.FEWER: _("Fewer in the box than announced"),
            ClosingReason.OTHER: _("Other"),
        }[self]


def ensure_may_close(
    reason: ClosingReason, note: str, *, doses_shipped: int, doses_received: int, closed: bool
) -> None:
    """Raise `Conflict` if nothing is expected of the shipment, `Invalid` (naming the field) if
    the reason contradicts what was received, or says nothing."""
    if closed:
        raise Conflict(_("This shipment is already closed."))
    if still_expected(doses_shipped, doses_received) == 0:
        raise Conflict(_("All doses of this shipment were received. There is nothing to close."))
    if reason is ClosingReason.NEVER_ARRIVED and doses_received > 0:
        raise Invalid(
            ngettext(
                "%(received)s dose of this shipment was received. Choose another reason.",
                "%(received)s doses of this shipment were received. Choose another reason.",
                doses_received,
                received=f"{doses_received:,}",
            ),
            field="reason",
        )
    if reason is ClosingReason.FEWER and doses_received <= 0:
        raise Invalid(
            _(
                "No doses of this shipment were added yet. Add those that were in the box first, "
                "or choose another reason."
            ),
            field="reason",
        )
    if reason is ClosingReason.OTHER and not note:
        raise Invalid(_("Write the reason in the note."), field="note")


@dataclass(frozen=True)
class ShipmentDetails:
    """What a supplier says of a shipment; two equal ones are the same announcement."""

    location_id: int
    order_number: str
    ndc: str
    manufacturer: str
    lot: str
    expiration_date: date
    expiration_month_only: bool
    doses_shipped: int
    date_shipped: date
    carrier: str
    tracking_number: str


LABELS = {
    "location_id": "Provider PIN",
    "order_number": "ExIS Order Number",
    "ndc": "NDC",
    "manufacturer": "Manufacturer",
    "lot": "Lot Number",
    "expiration_date": "Expiration Date",
    "expiration_month_only": "Expiration Date",
    "doses_shipped": "Quantity Shipped",
    "date_shipped": "Date Shipped",
    "carrier": "Carrier",
    "tracking_number": "Tracking Number",
}


def differences(old: ShipmentDetails, new: ShipmentDetails) -> list[str]:
    """The names of the details in which two announcements of one shipment differ."""
    return [name for name in LABELS if getattr(old, name) != getattr(new, name)]


# What may be corrected after doses were received: it says nothing about them.
ABOUT_THE_PARCEL = frozenset({"carrier", "tracking_number"})


def settled(
    old: ShipmentDetails, new: ShipmentDetails, *, silent: Iterable[str] = ()
) -> ShipmentDetails:
    """What a further announcement of a known shipment says: nothing where the file has no column
    for it (`silent`), and nothing new where only the spelling of a number differs."""
    kept = {name: getattr(old, name) for name in silent}
    if lot_key(old.lot) == lot_key(new.lot):
        kept["lot"] = old.lot
    if number_key(old.order_number) == number_key(new.order_number):
        kept["order_number"] = old.order_number
    return replace(new, **kept)


def labels_of(names: list[str]) -> list[str]:
    """The labels of the columns that bring these details."""
    return list(dict.fromkeys(LABELS[name] for name in names))


def names_another_maker(written: str, maker: str, makers: frozenset[str]) -> str | None:
    """The other known manufacturer that `written` names, if it does not name `maker` at all.

    "Pfizer", "Pfizer Inc." and "PFIZER-BIONTECH" all name Pfizer-BioNTech; a name nobody knows
    contradicts nothing.
    """
    words = _words(written)
    if words & _words(maker):
        return None
    return next((other for other in sorted(makers) if words & _words(other)), None)


def _words(text: str) -> set[str]:
    return {word for word in re.split(r"[^a-z]+", text.casefold()) if len(word) > 2}


# Where each carrier lets anybody follow a parcel, by the carrier's name as suppliers write it.
TRACKING = {
    "ups": "https://www.ups.com/track?tracknum={}",
    "fedex": "https://www.fedex.com/fedextrack/?trknbr={}",
    "federalexpress": "https://www.fedex.com/fedextrack/?trknbr={}",
    "usps": "https://tools.usps.com/go/TrackConfirmAction?tLabels={}",
    "dhl": "https://www.dhl.com/us-en/home/tracking.html?tracking-id={}",
}


def tracking_link(carrier: str, number: str) -> str | None:
    """The carrier's page for the parcel, or None for a carrier or number we cannot link."""
    if not re.fullmatch(r"[A-Za-z0-9 -]{6,40}", number):
        return None
    name = re.sub(r"[^a-z]", "", carrier.casefold())
    for known, address in TRACKING.items():
        if name.startswith(known):
            return address.format(quote(number.replace(" ", ""), safe=""))
    return None
