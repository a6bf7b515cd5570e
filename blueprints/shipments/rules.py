"""Decisions about shipments, as pure functions."""

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from urllib.parse import quote


class Status(StrEnum):
    """How far a shipment has come; follows from its doses alone."""

    ON_ITS_WAY = "on_its_way"
    PARTLY_RECEIVED = "partly_received"
    RECEIVED = "received"


def status_of(doses_shipped: int, doses_received: int) -> Status:
    """The status that the doses shipped and received so far amount to."""
    if doses_received <= 0:
        return Status.ON_ITS_WAY
    return Status.RECEIVED if doses_received >= doses_shipped else Status.PARTLY_RECEIVED


def still_expected(doses_shipped: int, doses_received: int) -> int:
    """Doses that have not been added to the inventory yet; never negative."""
    return max(doses_shipped - doses_received, 0)


@dataclass(frozen=True)
class Details:
    """What a supplier says of a shipment; two equal ones are the same announcement."""

    location_id: int
    order_number: str
    ndc: str
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
    "lot": "Lot Number",
    "expiration_date": "Expiration Date",
    "expiration_month_only": "Expiration Date",
    "doses_shipped": "Quantity Shipped",
    "date_shipped": "Date Shipped",
    "carrier": "Carrier",
    "tracking_number": "Tracking Number",
}


def differences(old: Details, new: Details) -> list[str]:
    """The labels of the columns in which two announcements of one shipment differ."""
    names = [LABELS[name] for name in LABELS if getattr(old, name) != getattr(new, name)]
    return list(dict.fromkeys(names))


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
