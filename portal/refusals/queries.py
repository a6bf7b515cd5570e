"""Reading what was refused: for programme administrators, over all locations."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from portal import clock
from portal.access.scope import Scope
from portal.db import session
from portal.refusals.models import Refusal
from portal.refusals.rules import LOOK_BACK, unusual_hour

CAPABILITY = "refusals.read"


@dataclass(frozen=True, kw_only=True)
class Unusual:
    """An hour with unusually many refusals, and who got most of them, how many."""

    hour: datetime
    times: int
    who: str
    address: str
    of_them: int
    is_user: bool


def find_unusual(scope: Scope) -> Unusual | None:
    """The worst hour of the last three days, if it had unusually many refusals."""
    scope.require(CAPABILITY)
    moment = clock.now()
    total = func.sum(Refusal.times)
    rows = session().execute(
        select(Refusal.hour, total)
        .where(Refusal.hour > moment - LOOK_BACK, Refusal.hour <= moment + clock.SKEW)
        .group_by(Refusal.hour)
    )
    totals = {hour: int(times) for hour, times in rows}
    hour = unusual_hour(totals, moment)
    if hour is None:
        return None
    person = (Refusal.user_id, Refusal.who, Refusal.address)
    most = (
        session()
        .execute(
            select(*person, total.label("times"))
            .where(Refusal.hour == hour)
            .group_by(*person)
            .order_by(total.desc(), *person)
            .limit(1)
        )
        .one()
    )
    return Unusual(
        hour=hour,
        times=totals[hour],
        who=most.who,
        address=most.address,
        of_them=int(most.times),
        is_user=most.user_id > 0,
    )
