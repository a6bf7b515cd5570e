"""Decisions about transfers, over plain values."""

from datetime import date
from enum import StrEnum

from portal.errors import Invalid
from portal.i18n import _


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
            LineState.CANCELLED: _("Cancelled"),
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
            _(
                "Only %(sent)s doses were sent. If more are in the box, ask the sender to send a "
                "second transfer for the rest.",
                sent=f"{sent:,}",
            ),
            field="doses_received",
        )
    if received < 0:
        raise Invalid(_("Enter a whole number of doses."), field="doses_received")
    if received < sent and reason not in MISSING:
        raise Invalid(
            _(
                "%(missing)s of %(sent)s doses are missing. Say what became of them.",
                missing=f"{sent - received:,}",
                sent=f"{sent:,}",
            ),
            field="difference_reason",
        )
    if received == 0 and reason == MISCOUNTED:
        raise Invalid(
            _("If nothing was in the box, refuse the transfer instead."), field="doses_received"
        )


def ensure_days(sent_on: date, received_on: date, today: date) -> None:
    """Raise `Invalid` unless the doses arrived between the day they left and today."""
    if received_on > today:
        raise Invalid(_("The date lies in the future."), field="date_received")
    if received_on < min(sent_on, today):  # west of its sender a box may arrive the day before
        raise Invalid(
            _("The doses were sent on %(day)s.", day=sent_on.strftime("%m/%d/%Y")),
            field="date_received",
        )


def came_back(sent: int, received: int, reason: str) -> int:
    """How many doses go back to the sender's record because they never left the sender."""
    return sent - received if reason == MISCOUNTED else 0
