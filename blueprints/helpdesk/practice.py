"""Sample cases for practice mode, and somebody who only asks."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial

from sqlalchemy import select

from blueprints.helpdesk import services
from blueprints.helpdesk.models import CaseMail, Requester
from blueprints.helpdesk.rules import MailOutcome
from portal.access.profiles import Profile
from portal.access.scope import Scope
from portal.clock import now
from portal.db import session
from portal.diary import DAYS, DiaryEvent, Past
from portal.people.models import User
from portal.places.models import Location

AGENT, REQUESTER = "agent", "requester"
# How many days ago each was asked, at which minute of the day.
ASKED = (
    (
        "inventory",
        "A box came with fewer vials than announced",
        "The shipment of this week has two vials less than its packing list. How do we receive it?",
        "Receive what came. Choose “Fewer doses than expected” and enter the number you counted.",
        True,
        5,
        9 * 60 + 25,
    ),
    (
        "sign_in",
        "A nurse cannot sign in",
        "She gets no e-mail after “Forgot your password?”. Her address changed last month.",
        "Which address should we use from now on?",
        False,
        2,
        13 * 60 + 10,
    ),
    (
        "question",
        "How do we print the list of a day?",
        "We want the appointments of tomorrow on paper.",
        "",
        False,
        0,
        0,
    ),
)


LATELY = 40


def diary(past: Past) -> Iterator[DiaryEvent]:
    """Somebody registers at the help desk, and asks a few things; an e-mail belongs to no case."""
    place = past.places[0]
    registered = past.at(past.workday(DAYS, place), 8 * 60 + 15, place)
    yield DiaryEvent(registered, _register, who=AGENT)
    for topic, subject, description, answer, solved, back, minute in ASKED:
        at = past.at(past.workday(back, place), minute, place) if back else past.ago(LATELY, place)
        ask = partial(_ask, topic, subject, description, answer, solved)
        yield DiaryEvent(at, ask, who=REQUESTER)
    mailed = past.at(past.workday(1, place), 16 * 60 + 25, place)
    yield DiaryEvent(mailed, _add_mail, who=AGENT)


def _ask(
    topic: str, subject: str, description: str, answer: str, solved: bool, scope: Scope
) -> Iterator[DiaryEvent]:
    case = services.open_case(scope, topic=topic, subject=subject, description=description)
    if answer:
        reply = partial(_answer, case.id, answer, solved)
        yield DiaryEvent(now() + timedelta(minutes=85), reply, who=AGENT)


def _answer(case_id: int, answer: str, solved: bool, scope: Scope) -> None:
    services.note(scope, case_id, "Looked up in the portal; nothing unusual.")
    if solved:
        services.resolve(scope, case_id, answer)
    else:
        services.comment(scope, case_id, answer, asks=True)


def _add_mail(_scope: Scope) -> None:
    """An e-mail that belongs to no case, as an agent finds it."""
    session().add(
        CaseMail(
            digest="0" * 64,
            outcome=MailOutcome.UNMATCHED,
            reason="no_case",
            sender="clinic@example.org",
            subject="Question",
            text="Hello, we have a question about our last shipment. Whom do we call?",
        )
    )
    session().flush()


def _register(_scope: Scope) -> None:
    colleague = session().scalars(select(User).where(User.username == AGENT)).one()
    user = User(
        username=REQUESTER,
        first_name="Rita",
        last_name="Quist",
        email="requester@example.org",
        profile=Profile.REQUESTER,
        password_hash=colleague.password_hash,
    )
    session().add(user)
    session().flush()
    place = session().scalar(select(Location.id).order_by(Location.id).limit(1))
    session().add(Requester(user_id=user.id, location_id=place))
    session().flush()
