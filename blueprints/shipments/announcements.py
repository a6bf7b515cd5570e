"""The e-mail to a location's vaccine coordinators about a shipment on its way (SPEC C4).

One message for each shipment and vaccine type and each coordinator, queued in the transaction that
announces the shipment. A correction replaces what has not been sent yet.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select

from blueprints.shipments.rules import ShipmentDetails
from portal import messages
from portal.catalog.queries import ProductName
from portal.db import session
from portal.i18n import _
from portal.messages.models import Message, MessageState
from portal.people.queries import list_managers
from portal.places.models import Location

ANNOUNCED = "shipment_announced"
CORRECTED = "shipment_corrected"
WITHDRAWN = "shipment_withdrawn"
# What the withdrawal repeats of the message it takes back; nothing of where the shipment goes now.
REPEATED = ("date_shipped", "quantity", "ndc", "lot", "order_number", "tracking_number")


@dataclass(frozen=True)
class Announced:
    """A shipment as the message describes it; `version` counts its corrections from 1."""

    shipment_id: int
    number: str
    version: int
    product: ProductName
    details: ShipmentDetails


def announce(shipments: Iterable[Announced]) -> None:
    """Queue the messages about new shipments."""
    shipments = list(shipments)
    readers = coordinators({one.details.location_id for one in shipments})
    messages.queue_many(
        [
            _message(ANNOUNCED, one, address, user_id)
            for one in shipments
            for address, user_id in readers.get(one.details.location_id, {}).items()
        ]
    )


def correct(shipment: Announced) -> None:
    """Replace the messages that still wait; whoever was sent an older version is told that this
    one corrects it, or that the shipment goes elsewhere now."""
    told = _told(shipment)
    messages.cancel_about(_about(shipment), reason=_("The supplier corrected the shipment."))
    location_id = shipment.details.location_id
    readers = coordinators({location_id}).get(location_id, {})
    messages.queue_many(
        [
            _message(CORRECTED if address in told else ANNOUNCED, shipment, address, user_id)
            for address, user_id in readers.items()
        ]
        + [
            _withdrawal(shipment, last)
            for address, last in told.items()
            if address not in readers and last.location_id != location_id
        ]
    )


def _told(shipment: Announced) -> dict[str, Message]:
    """The last message about the shipment that each address was sent, or is just being sent; who
    was told that it goes elsewhere counts as not told."""
    sent = session().scalars(
        select(Message)
        .where(
            Message.about == _about(shipment),
            Message.state.in_((MessageState.SENT, MessageState.SENDING)),
            Message.address != "",
        )
        .order_by(Message.id)
    )
    last = {message.address: message for message in sent}
    return {address: one for address, one in last.items() if one.kind != WITHDRAWN}


def coordinators(location_ids: set[int]) -> dict[int, dict[str, int | None]]:
    """The addresses of each location's primary and backup vaccine coordinator.

    A location without either is told through its active location managers, whose ids are kept
    beside their addresses; one without any registered manager is not told.
    """
    found: dict[int, dict[str, int | None]] = {}
    for number, primary, backup in session().execute(
        select(Location.id, Location.coordinator_email, Location.backup_email).where(
            Location.id.in_(location_ids)
        )
    ):
        addresses = dict.fromkeys(address for address in (primary, backup) if address)
        found[number] = addresses or {user.email: user.id for user in list_managers(number)}
    return found


def _about(shipment: Announced) -> str:
    return f"shipment:{shipment.shipment_id}"


def _digest(address: str) -> str:
    """Stands for an address of any length."""
    return hashlib.sha256(address.encode()).hexdigest()[:32]


def _once(kind: str, shipment: Announced, address: str) -> str:
    return f"{kind}:{shipment.shipment_id}:{shipment.version}:{_digest(address)}"


def _withdrawal(shipment: Announced, last: Message) -> messages.NewMessage:
    """What takes the message `last` back."""
    return messages.NewMessage(
        kind=WITHDRAWN,
        to=last.address,
        location_id=last.location_id,
        about=_about(shipment),
        once=_once(WITHDRAWN, shipment, last.address),
        context={
            "vaccine": shipment.product.name,
            **{name: last.context.get(name, "") for name in REPEATED},
        },
    )


def _message(
    kind: str, shipment: Announced, address: str, user_id: int | None
) -> messages.NewMessage:
    details = shipment.details
    return messages.NewMessage(
        kind=kind,
        to=address,
        user_id=user_id,
        location_id=details.location_id,
        about=_about(shipment),
        once=_once(kind, shipment, address),
        context={
            "shipment_id": shipment.shipment_id,
            "number": shipment.number,
            "vaccine": shipment.product.name,
            "date_shipped": details.date_shipped.strftime("%m/%d/%Y"),
            "quantity": details.doses_shipped,
            "manufacturer": details.manufacturer,
            "ndc": details.ndc,
            "lot": details.lot,
            "order_number": details.order_number,
            "carrier": details.carrier,
            "tracking_number": details.tracking_number,
        },
    )
