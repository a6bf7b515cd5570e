"""Pages for those who have not signed in, and everybody's own sessions."""

from sqlalchemy import select

from portal.db import unit_of_work
from portal.people import sessions
from portal.people.models import UserSession
from tests.samples import Access, Making, Samples, Text, Theirs, Tour, Upgrade


def make(making: Making) -> None:
    """A second browser in which each persona is signed in."""
    for who, user_id in making.personas.users.items():
        with unit_of_work() as session:
            token = sessions.start(user_id)
            found = select(UserSession.id).where(UserSession.token_hash == sessions.hashed(token))
            making.note("session", who, session.scalars(found).one())


samples = Samples(
    make=make,
    access=Access(
        arguments={"token": Text("nonsense"), "session_id": Theirs("session")},
        public={
            "people.sign_in": frozenset({200, 303}),
            "people.sign_out": frozenset({303, 200}),
            "links.forgot_password": frozenset({200}),
            "links.mail_is_on_its_way": frozenset({200}),
            "links.reset_password": frozenset({404, 410, 200}),
            "links.complete_registration": frozenset({404, 410, 200}),
            "setup.set_up": frozenset({404, 303, 200}),
        },
    ),
    tour=Tour(
        pages={
            "/switch-location": ("?q=Clinic",),
            "/register/<token>": ("/register/no-such-link",),
            "/password/reset/<token>": ("/password/reset/no-such-link",),
        },
        no_pages=("/session", "/session/stay"),
    ),
    upgrade=Upgrade(demanded={"user_account": {"profile": "manager"}}),
)
