"""Decisions about doses and expiry, as pure functions over plain values."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from enum import StrEnum

from portal.errors import Invalid
from portal.formats.codes import MOST_DOSES
from portal.i18n import _


class Kind(StrEnum):
    """Why doses came or went: the kinds of ledger entries.

    Doses that leave a record are what the guides call vaccine deprecation: administered, wasted,
    returned, and (as the specification adds) transferred out.
    """

    RECEIVED = "received"
    TRANSFERRED_IN = "transferred_in"
    ADJUSTED = "adjusted"
    ADMINISTERED = "administered"
    WASTED = "wasted"
    RETURNED = "returned"
    TRANSFERRED_OUT = "transferred_out"
    ARRIVED = "arrived"

    @property
    def label(self) -> str:
        """The word for it on pages."""
        return {
            Kind.RECEIVED: _("Received"),
            Kind.TRANSFERRED_IN: _("Transferred in"),
            Kind.ADJUSTED: _("Adjusted"),
            Kind.ADMINISTERED: _("Administered"),
            Kind.WASTED: _("Wasted"),
            Kind.RETURNED: _("Returned"),
            Kind.TRANSFERRED_OUT: _("Transferred out"),
            Kind.ARRIVED: _("Arrived at the receiver"),
        }[self]


AVAILABLE = "doses_available"

# How one dose of a kind changes the counters of its record. Doses on their way to another location
# are in transit from the moment they leave until the receiver has them.
EFFECTS: Mapping[Kind, Mapping[str, int]] = {
    Kind.RECEIVED: {AVAILABLE: +1, "doses_total": +1},
    Kind.TRANSFERRED_IN: {AVAILABLE: +1, "doses_total": +1, "doses_transferred_in": +1},
    Kind.ADJUSTED: {AVAILABLE: +1, "doses_total": +1, "doses_adjusted": +1},
    Kind.ADMINISTERED: {AVAILABLE: -1, "doses_administered": +1},
    Kind.WASTED: {AVAILABLE: -1, "doses_wasted": +1},
    Kind.RETURNED: {AVAILABLE: -1, "doses_returned": +1},
    Kind.TRANSFERRED_OUT: {AVAILABLE: -1, "doses_in_transit": +1},
    Kind.ARRIVED: {"doses_in_transit": -1, "doses_transferred": +1},
}

COUNTERS = (
    "doses_total",
    "doses_transferred_in",
    "doses_adjusted",
    "doses_available",
    "doses_administered",
    "doses_wasted",
    "doses_returned",
    "doses_in_transit",
    "doses_transferred",
)

# What an expired lot, or one in quarantine, cannot be used for (SPEC D8, D12).
NEEDS_USABLE = frozenset({Kind.ADMINISTERED, Kind.TRANSFERRED_OUT})


def changes(kind: Kind, doses: int) -> dict[str, int]:
    """What an entry of `doses` (negative for a reversal) adds to each column of its record."""
    return {counter: sign * doses for counter, sign in EFFECTS[kind].items()}


def on_hand(kind: Kind, doses: int) -> int:
    """What an entry of `doses` (negative for a reversal) adds to the doses available."""
    return EFFECTS[kind].get(AVAILABLE, 0) * doses


class DocumentKind(StrEnum):
    """What was submitted."""

    WASTAGE = "wastage"
    RETURN = "return"
    ADJUSTMENT = "adjustment"
    COUNT = "count"
    TRANSFER = "transfer"

    @property
    def label(self) -> str:
        """The word for it on pages."""
        return {
            DocumentKind.WASTAGE: _("Wastage"),
            DocumentKind.RETURN: _("Return"),
            DocumentKind.ADJUSTMENT: _("Adjustment"),
            DocumentKind.COUNT: _("Count"),
            DocumentKind.TRANSFER: _("Transfer"),
        }[self]


LETTERS = {
    DocumentKind.WASTAGE: "W",
    DocumentKind.RETURN: "R",
    DocumentKind.ADJUSTMENT: "A",
    DocumentKind.COUNT: "C",
    DocumentKind.TRANSFER: "T",
}


def document_number(kind: str, document_id: int) -> str:
    """The number printed on slips: a letter for the kind, and the document's own number."""
    return f"{LETTERS[DocumentKind(kind)]}-{document_id:06d}"


def ensure_doses(doses: int) -> None:
    """Raise `Invalid` unless `doses` is a number of doses somebody can have handled."""
    if doses < 1:
        raise Invalid(_("Enter a whole number of doses, 1 or more."), field="doses")
    if doses > MOST_DOSES:
        most = f"{MOST_DOSES:,}"
        raise Invalid(_("Enter %(most)s or fewer.", most=most), field="doses")


def ensure_shipment(shipment_id: int | None, *, unable_to_locate: bool) -> None:
    """Raise `Invalid` unless either a shipment is named or the box says that none is found."""
    if shipment_id is None and not unable_to_locate:
        raise Invalid(
            _("Choose the shipment record, or check “Unable to locate shipment record”."),
            field="shipment",
        )
    if shipment_id is not None and unable_to_locate:
        raise Invalid(
            _("Choose a shipment record or check this box, not both."),
            field="unable_to_locate_shipment",
        )


def ensure_not_in_future(day: date, today: date, *, field: str = "happened_on") -> None:
    """Raise `Invalid` on `field` if `day` lies after `today` (both in the location's time zone)."""
    if day > today:
        raise Invalid(_("The date is in the future."), field=field)


def first_negative_day(movements: Iterable[tuple[date, int]]) -> tuple[date, int] | None:
    """The first day on whose evening more doses had left than had come, and the balance then.

    `movements` are (day it happened, change of availability), in any order. A back-dated entry is
    refused if it makes any later day negative.
    """
    by_day: dict[date, int] = {}
    for day, change in movements:
        by_day[day] = by_day.get(day, 0) + change
    balance = 0
    for day in sorted(by_day):
        balance += by_day[day]
        if balance < 0:
            return day, balance
    return None


def usable_on(expiration_date: date, day: date) -> bool:
    """Whether a lot may be used on `day`: through the printed day, included.

    A month-only date is kept as that month's last day. Source: Immunize.org, "Ask the Experts":
    vaccine may be used through the last day of the month (or the day) on the label.
    """
    return day <= expiration_date


def why_unusable(name: str, *, quarantined: bool, expiration_date: date, day: date) -> str:
    """Why the doses of the record `name` cannot be used on `day` (SPEC D8, D12); empty if they
    can."""
    if quarantined:
        return _("“%(name)s” is in quarantine; its doses cannot be used.", name=name)
    if not usable_on(expiration_date, day):
        return _(
            "“%(name)s” expired on %(day)s; its doses cannot be used. Record them as wastage or "
            "return.",
            name=name,
            day=expiration_date.strftime("%m/%d/%Y"),
        )
    return ""


class Expiry(StrEnum):
    """What to say of a lot's expiration date today."""

    USABLE = "usable"
    EXPIRING = "expiring"
    EXPIRED = "expired"


def expiry_of(expiration_date: date, today: date, *, warn_days: int) -> Expiry:
    """Whether the lot is expired, expires within `warn_days` days, or neither."""
    if not usable_on(expiration_date, today):
        return Expiry.EXPIRED
    if not usable_on(expiration_date, today + timedelta(days=warn_days)):
        return Expiry.EXPIRING
    return Expiry.USABLE


def proposed_name(product: str, lot: str) -> str:
    """The name proposed for a record, the lot in it.

    Source: receiving guide, tip on adding inventory: the lot in the name helps staff who
    administer vaccine to choose the right record. A long product name is cut, never the lot.
    """
    short = product.replace(" COVID-19 Vaccine", "").strip()
    end = f" – {lot}"
    return short[: 120 - len(end)].rstrip() + end


def names_another_lot(name: str, product: str, lot: str) -> bool:
    """Whether `name` is as one is proposed for the product, but for another lot."""
    begin = proposed_name(product, "")
    return name.startswith(begin) and name.casefold() != proposed_name(product, lot).casefold()


def name_of_lot(name: str, product: str, before: str, lot: str) -> str:
    """The name of a record whose lot number was corrected from `before` to `lot`: where it names
    the wrong one, the right one."""
    if name == proposed_name(product, before):
        return proposed_name(product, lot)
    changed = name.replace(before, lot)
    return changed if len(changed) <= 120 else proposed_name(product, lot)


def still_named(name: str) -> str:
    """`name` without needless white space. Raises `Invalid` for none or a longer one than 120."""
    name = " ".join(name.split())
    if not name:
        raise Invalid(_("Enter a name for the record."), field="name")
    if len(name) > 120:
        raise Invalid(_("A name has at most 120 characters."), field="name")
    return name
