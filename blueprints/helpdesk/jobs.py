"""What the help desk does by itself: tells of cases that wait too long, closes what is resolved."""

from sqlalchemy import update

from blueprints.helpdesk import services, telling
from blueprints.helpdesk.models import Case
from blueprints.helpdesk.queries import agents, breached
from portal.access.profiles import Profile
from portal.clock import now
from portal.db import session, unit_of_work
from portal.people.models import User

BATCH = 100


def tell_breaches() -> str:
    """Mail once for each case whose time for an answer, or a solution, is over: to whom it is
    assigned, otherwise to all agents."""
    count = 0
    for clock in ("answer", "solution"):
        while True:
            with unit_of_work():
                told = _tell_some(clock)
            count += told
            if told < BATCH:
                break
    return f"{count} cases"


def _tell_some(clock: str) -> int:
    cases = breached(clock, now(), most=BATCH)
    staff: list[User] | None = None
    told = 0
    for case in cases:
        mark = Case.answer_breach_at if clock == "answer" else Case.solution_breach_at
        # Whoever sets the mark tells it: two jobs at once tell once.
        marked = session().execute(
            update(Case)
            .where(Case.id == case.id, mark.is_(None))
            .values({mark: now()})
            .returning(Case.id)
        )
        told += 1
        if marked.first() is None:
            continue
        if case.assigned_to_id is not None:
            people = [session().get_one(User, case.assigned_to_id)]
        else:
            staff = staff if staff is not None else agents()
            people = [user for user in staff if user.profile == Profile.AGENT]
        telling.tell_breach(case, people, clock=clock)
    return told


def close_resolved() -> str:
    """Close cases that were resolved some days ago."""
    with unit_of_work():
        return services.close_old()
