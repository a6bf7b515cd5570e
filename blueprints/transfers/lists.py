"""The list views of a location's transfers: those that leave it and those that come to it."""

from collections.abc import Mapping
from typing import cast

from blueprints.transfers.list_rows import INBOUND, OUTBOUND
from blueprints.transfers.models import TransferSide
from blueprints.transfers.rules import UNDER_WAY, TransferState
from portal.access.scope import Scope
from portal.i18n import _, _l
from portal.listviews.definition import Clauses, Column, ListDefinition, ListView, Tone


def status_label(state: str) -> str:
    """The words for what became of a transfer."""
    return TransferState(state).label


def status_tone(state: str) -> Tone:
    """The colour of those words."""
    return cast("Tone", TransferState(state).tone)


def on_their_way_here(_scope: Scope) -> Clauses:
    """Doses of them are still to be received."""
    return (TransferSide.direction == INBOUND, TransferSide.state.in_(UNDER_WAY))


def sent_from_here(_scope: Scope) -> Clauses:
    """They left this location, whatever became of them."""
    return (TransferSide.direction == OUTBOUND,)


def statuses(scope: Scope) -> Mapping[str, Clauses]:
    """The words for a status, as somebody may search for it, and the transfers meant."""
    of_each: dict[str, Clauses] = {
        state.label: (TransferSide.state == state,) for state in TransferState
    }
    partly = (TransferState.PARTLY_RECEIVED, TransferState.PARTLY_REFUSED)
    return of_each | {
        _("In transit"): (TransferSide.state.in_(UNDER_WAY),),
        _("Partly received"): (TransferSide.state.in_((*partly, TransferState.PARTLY_CANCELLED)),),
        _("Refused"): (
            TransferSide.state.in_((TransferState.REFUSED, TransferState.PARTLY_REFUSED)),
        ),
        _("Canceled"): (
            TransferSide.state.in_((TransferState.CANCELLED, TransferState.PARTLY_CANCELLED)),
        ),
        _("On Their Way Here"): on_their_way_here(scope),
        _("Sent From Here"): sent_from_here(scope),
    }


TRANSFERS = ListDefinition(
    name="transfers",
    title=_l("Transfers"),
    all_label=_l("All Transfers"),
    model=TransferSide,
    columns=(
        Column(
            key="number",
            label=_l("Transfer"),
            attribute=TransferSide.number,
            order=TransferSide.document_id,
        ),
        Column(key="sent", label=_l("Date Sent"), attribute=TransferSide.sent_on, kind="date"),
        Column(key="sender", label=_l("Sending Location"), attribute=TransferSide.sender),
        Column(key="receiver", label=_l("Receiving Location"), attribute=TransferSide.receiver),
        Column(key="product", label=_l("Product"), attribute=TransferSide.product),
        Column(key="lot", label=_l("Lot #"), attribute=TransferSide.lot),
        Column(key="doses", label=_l("Doses Sent"), attribute=TransferSide.doses, kind="number"),
        Column(
            key="status",
            label=_l("Status"),
            attribute=TransferSide.state,
            kind="status",
            labels=status_label,
            tone=status_tone,
        ),
    ),
    default_sort="-sent",
    endpoint="transfers.index",
    record_endpoint="transfers.record",
    leads_to=TransferSide.transfer_id,
    capability="transfers.view",
    scope_column=TransferSide.location_id,
    subject="transfer",
    search=True,
    phrases=statuses,
    brief=("sender", "receiver", "product", "doses", "status"),
    views=(
        ListView(key="inbound", label=_l("On Their Way Here"), where=on_their_way_here),
        ListView(key="outbound", label=_l("Sent From Here"), where=sent_from_here),
    ),
    count="counter",
    empty_title=_l("No transfers yet"),
    empty_text=_l("Doses that this location sends to others, or gets from them, are listed here."),
)
