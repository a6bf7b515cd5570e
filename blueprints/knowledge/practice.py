"""An article of the sample installation's own, and a shipped one that staff changed."""

from sqlalchemy import select

from blueprints.knowledge import services
from blueprints.knowledge.queries import get_article
from portal.access.scope import Scope
from portal.db import session, unit_of_work
from portal.people.models import User
from portal.people.queries import actor_of
from portal.web.context import registry

OWN = """\
1. Call the supplier before noon. The number is on the packing list.
2. Ask for the driver's time.
3. Tell the colleague at the front desk who takes the box.
"""


def fill() -> None:
    """One article of our own, and one that was changed."""
    with unit_of_work():
        agent = _agent()
        services.add(
            agent,
            "en",
            title="Ask when a delivery comes",
            theme="inventory",
            audience="clinic",
            keywords="supplier, driver, late",
            text=OWN,
        )
        found = get_article(agent, "ask-for-help", "en")
        services.save(
            agent,
            found.slug,
            "en",
            title=found.title,
            theme=found.theme,
            audience=found.audience,
            keywords=found.keywords,
            text=f"{found.text}\n\nOn weekends, the answer comes on Monday.",
            seen=0,
        )


def _agent() -> Scope:
    user = session().scalars(select(User).where(User.username == "agent")).one()
    return Scope(
        user=actor_of(user),
        location=None,
        locations=(),
        capabilities=registry().capabilities_of(user.held_profile),
    )
