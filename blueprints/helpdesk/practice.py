"""Sample cases for practice mode, and somebody who only asks."""

from sqlalchemy import select

from blueprints.helpdesk import services
from blueprints.helpdesk.models import CaseMail, Requester
from blueprints.helpdesk.rules import MailOutcome
from portal.access.profiles import Profile
from portal.access.scope import Scope
from portal.db import session, unit_of_work
from portal.people.models import User
from portal.people.queries import actor_of
from portal.places.models import Location
from portal.web.context import registry

ASKED = (
    (
        "inventory",
        "A box came with fewer vials than announced",
        "The shipment of this week has two vials less than its packing list. How do we receive it?",
        "Receive what came. Choose “Fewer doses than expected” and enter the number you counted.",
        True,
    ),
    (
        "sign_in",
        "A nurse cannot sign in",
        "She gets no e-mail after “Forgot your password?”. Her address changed last month.",
        "Which address should we use from now on?",
        False,
    ),
    (
        "question",
        "How do we print the list of a day?",
        "We want the appointments of tomorrow on paper.",
        "",
        False,
    ),
)


def fill() -> None:
    """Somebody who registered at the help desk, and a few cases in every stage."""
    with unit_of_work():
        requester = _requester()
        _add_mail()
        agent = _scope(session().scalars(select(User).where(User.username == "agent")).one())
        for topic, subject, description, answer, solved in ASKED:
            case = services.open_case(
                requester, topic=topic, subject=subject, description=description
            )
            if not answer:
                continue
            services.note(agent, case.id, "Looked up in the portal; nothing unusual.")
            if solved:
                services.resolve(agent, case.id, answer)
            else:
                services.comment(agent, case.id, answer, asks=True)


def _add_mail() -> None:
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


def _requester() -> Scope:
    colleague = session().scalars(select(User).where(User.username == "agent")).one()
    user = User(
        username="requester",
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
    return _scope(user)


def _scope(user: User) -> Scope:
    return Scope(
        user=actor_of(user),
        location=None,
        locations=(),
        capabilities=registry().capabilities_of(user.held_profile),
    )
