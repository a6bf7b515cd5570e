"""What signing in leaves behind is deleted when nothing asks for it any more."""

from datetime import timedelta

from sqlalchemy import delete

from portal import clock, links, throttle
from portal.db import unit_of_work
from portal.people.models import UserSession

SESSIONS_KEPT = timedelta(days=30)


def forget_old() -> None:
    """Delete old attempts, links and sessions (a job of the platform)."""
    throttle.forget_old()
    links.forget_old()
    with unit_of_work() as current:
        current.execute(
            delete(UserSession).where(UserSession.last_seen_at < clock.now() - SESSIONS_KEPT)
        )
