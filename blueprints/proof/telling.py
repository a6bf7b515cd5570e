"""Telling recipients where their proof of vaccination is."""

from collections.abc import Mapping
from typing import Any

from blueprints.proof.queries import Proof, proof_of
from blueprints.proof.visiting import link_to, version_of_link
from blueprints.recipients.models import Recipient
from blueprints.recipients.queries import get_recipient
from blueprints.recipients.telling import queue_to, ways_to
from portal import settings
from portal.access.scope import Scope
from portal.audit.services import record as audit
from portal.db import session
from portal.errors import Conflict
from portal.formats.numbers import record_number
from portal.i18n import _

READY = "proof_ready"


def about(recipient_id: int) -> str:
    """What the message is about, for `messages.cancel_about`."""
    return f"proof:{recipient_id}"


def may_be_told(recipient: Recipient) -> bool:
    """Whether the recipient wants messages, can get them, and would find a page."""
    return settings.current().visitors and bool(ways_to(recipient))


def tell(recipient: Recipient) -> bool:
    """Send the link to the recipient's proof, once for each state of it; whether it will be sent.

    For whoever records a dose, in the same transaction.
    """
    proof = proof_of(recipient)
    once = f"{READY}:{recipient.id}:{proof.version}:{version_of_link(recipient)}"
    return _queue(proof, once)


def send(scope: Scope, recipient_id: int) -> None:
    """Send the link because a user wishes it. Raises `Conflict` if it cannot be sent."""
    scope.require("proof.send")
    recipient = get_recipient(scope, recipient_id)
    if not _queue(proof_of(recipient), None):
        raise Conflict(
            _("No message can be sent to this recipient. Print the proof of vaccination instead.")
        )
    audit(
        scope.user,
        "proof.sent",
        subject="recipient",
        subject_id=recipient.id,
        location_id=scope.location.id if scope.location else None,
    )


def _queue(proof: Proof, once: str | None) -> bool:
    recipient, location = proof.recipient, proof.location
    if not (proof.doses and location and may_be_told(recipient)):
        return False
    return queue_to(
        recipient,
        READY,
        context={
            "version": version_of_link(recipient),
            "place": location.name,
            "phone": location.phone,
        },
        secret={"link": link_to(recipient)},
        about=about(recipient.id),
        once=once,
        location_id=location.id,
    )


def still_reached(subject: str | None, context: Mapping[str, Any]) -> bool:
    """Whether the link would still open the proof (asked at sending)."""
    number = record_number((subject or "").rpartition(":")[2])
    recipient = session().get(Recipient, number) if number else None
    return (
        recipient is not None
        and recipient.merged_into_id is None
        and version_of_link(recipient) == context.get("version")
        and bool(proof_of(recipient).doses)
    )
