"""What this module shows on the recipient's record."""

from typing import Any

from flask import url_for

from blueprints.proof.queries import has_doses
from blueprints.recipients.models import Recipient
from portal.access.scope import Scope


def recipient_actions(_scope: Scope, recipient: Recipient) -> dict[str, Any] | None:
    """`Proof of Vaccination`, once there is a dose."""
    if not has_doses(recipient.id):
        return None
    return {"href": url_for("proof.show", recipient_id=recipient.id)}
