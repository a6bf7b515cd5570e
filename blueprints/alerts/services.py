"""Changing thresholds, and one's own wish for the daily e-mail."""

from sqlalchemy import delete

from blueprints.alerts.models import DigestRefusal
from blueprints.inventory.models import StockThreshold
from blueprints.inventory.settings import Thresholds, thresholds
from portal.access.scope import Scope
from portal.audit.services import record as audit
from portal.db import insert, session


def wants_digest(scope: Scope) -> bool:
    """Whether the user gets the daily e-mail."""
    return session().get(DigestRefusal, scope.user.id) is None


def save(scope: Scope, wished: Thresholds, *, wanted: bool) -> None:
    """Set the present location's thresholds and the user's own wish."""
    scope.require("alerts.set")
    before = thresholds(scope.location_id)
    values = {"expiry_days": wished.expiry_days, "low_doses": wished.low_doses}
    if before != wished:
        session().execute(
            insert(StockThreshold)
            .values(location_id=scope.location_id, **values)
            .on_conflict_do_update(index_elements=["location_id"], set_=values)
        )
        audit(
            scope.user,
            "alerts.changed",
            subject="location",
            subject_id=scope.location_id,
            location_id=scope.location_id,
            before={"expiry_days": before.expiry_days, "low_doses": before.low_doses},
            after=values,
        )
    if wanted:
        session().execute(delete(DigestRefusal).where(DigestRefusal.user_id == scope.user.id))
    else:
        session().execute(
            insert(DigestRefusal).values(user_id=scope.user.id).on_conflict_do_nothing()
        )
