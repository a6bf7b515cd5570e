"""Decisions about transfers, over plain values."""

from collections.abc import Collection
from datetime import date
from enum import StrEnum

from portal.errors import Invalid
from portal.i18n import _, ngettext


class LineState(StrEnum):
    """Where the doses of a line are."""

    IN_TRANSIT = "in_transit"
    RECEIVED = "received"
    REFUSED = "refused"
    CANCELLED = "cancelled"

    @property
    def label(self) -> str:
        """The word for it on pages."""
        return {
            LineState.IN_TRANSIT: _("In transit"),
            LineState.RECEIVED: _("Received"),
            LineState.REFUSED: _("Refused"),
            LineState.CANCELLED: _("Canceled"),
        }[self]

    @property
    def tone(self) -> str:
        """The colour of that word."""
        return {
            LineState.IN_TRANSIT: "info",
            LineState.RECEIVED: "success",
            LineState.REFUSED: "warning",
            LineState.CANCELLED: "neutral",
        }[self]


class TransferState(StrEnum):
    """What became of a transfer as a whole; `state_of` tells it from its lines."""

    IN_TRANSIT = "in_transit"
    PARTLY_RECEIVED = "partly_received"
    PARTLY_REFUSED = "partly_refused"
    PARTLY_CANCELLED = "partly_cancelled"
    RECEIVED = "received"
    REFUSED = "refused"
    CANCELLED = "cancelled"

    @property
    def label(self) -> str:
        """The words for it on pages."""
        partly = {
            TransferState.PARTLY_RECEIVED: _("Partly received, rest in transit"),
            TransferState.PARTLY_REFUSED: _("Partly received, rest refused"),
            TransferState.PARTLY_CANCELLED: _("Partly received, rest canceled"),
        }
        return partly[self] if self in partly else LineState(self).label

    @property
    def tone(self) -> str:
        """The colour of those words."""
        partly = {
            TransferState.PARTLY_RECEIVED: "info",
            TransferState.PARTLY_REFUSED: "warning",
            TransferState.PARTLY_CANCELLED: "success",
        }
        return partly[self] if self in partly else LineState(self).tone


# Doses of these are still on their way.
UNDER_WAY = (TransferState.IN_TRANSIT, TransferState.PARTLY_RECEIVED)


# What a transfer is with a line in this state, the first of these that one is in: if no line was
# received, and if some were.
BECAME = (
    (LineState.IN_TRANSIT, TransferState.IN_TRANSIT, TransferState.PARTLY_RECEIVED),
    (LineState.REFUSED, TransferState.REFUSED, TransferState.PARTLY_REFUSED),
    (LineState.CANCELLED, TransferState.CANCELLED, TransferState.PARTLY_CANCELLED),
)


def state_of(lines: Collection[LineState]) -> TransferState:
    """What became of a transfer with lines in these states.

    Who refuses or cancels does so with everything that is still under way, so that besides
    received lines there are only lines of one other state.
    """
    for state, wholly, partly in BECAME:
        if state in lines:
            return partly if LineState.RECEIVED in lines else wholly
    return TransferState.RECEIVED


def in_short(names: Collection[str]) -> str:
    """Different names where one line must do: the first, and how many more there are."""
    different = tuple(dict.fromkeys(names))
    more = len(different) - 1
    return f"{different[0]} +{more}" if more > 0 else "".join(different)


MISCOUNTED = "miscounted"
SENDING = ("surplus", "short_there", "expires_soon", "other")
# What may have become of doses that did not arrive. Those the sender never put into the box go back
# to the sender's record; all others are booked as wastage where they should have arrived.
MISSING = ("lost_transit", "damaged_transit", "transit", MISCOUNTED, "other")


def ensure_received(sent: int, received: int, reason: str) -> None:
    """Raise `Invalid`, naming the field, unless `received` of `sent` doses can be.

    Fewer need a reason; more than were sent cannot have been sent (SPEC E3).
    """
    if received > sent:
        raise Invalid(
            ngettext(
                "Only %(sent)s dose was sent. If more are in the box, ask the sender to send a "
                "second transfer for the rest.",
                "Only %(sent)s doses were sent. If more are in the box, ask the sender to send a "
                "second transfer for the rest.",
                sent,
                sent=f"{sent:,}",
            ),
            field="doses_received",
        )
    if received < 0:
        raise Invalid(_("Enter a whole number of doses."), field="doses_received")
    if received < sent and reason not in MISSING:
        raise Invalid(
            _(
                "Doses missing: %(missing)s of %(sent)s. Say what happened to them.",
                missing=f"{sent - received:,}",
                sent=f"{sent:,}",
            ),
            field="difference_reason",
        )
    if received == 0 and reason == MISCOUNTED:
        raise Invalid(
            _("If the box was empty, refuse the transfer instead."), field="doses_received"
        )


def ensure_days(sent_on: date, received_on: date, today: date) -> None:
    """Raise `Invalid` unless the doses arrived between the day they left and today."""
    if received_on > today:
        raise Invalid(_("The date is in the future."), field="date_received")
    if received_on < min(sent_on, today):  # west of its sender a box may arrive the day before
        raise Invalid(
            _("The doses were sent on %(day)s.", day=sent_on.strftime("%m/%d/%Y")),
            field="date_received",
        )


def came_back(sent: int, received: int, reason: str) -> int:
    """How many doses go back to the sender's record because they never left the sender."""
    return sent - received if reason == MISCOUNTED else 0
