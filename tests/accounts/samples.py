"""Somebody to look after at each location who is no persona."""

from portal.access.profiles import Profile
from portal.db import unit_of_work
from portal.people.models import User, UserLocation
from tests.samples import Access, Canaries, Making, Own, Samples, Tour


def make(making: Making) -> None:
    """Add them, with an account each."""
    for place in making.places:
        letter, sign = place.letter, place.sign
        name = f"victim.{letter.lower()}{sign.lower()}"
        with unit_of_work() as session:
            user = User(
                username=name,
                first_name=f"Victim{sign}",
                last_name=f"Of{letter}{sign}",
                email=f"{name}@example.org",
                profile=Profile.PROVIDER,
                current_location_id=place.scope.location_id,
            )
            session.add(user)
            session.flush()
            session.add(UserLocation(user_id=user.id, location_id=place.scope.location_id))
            making.note("user", letter, user.id)


samples = Samples(
    make=make,
    access=Access(
        arguments={"user_id": Own("user")},
        everywhere={"user_id": ("admin", "admin_at_a")},
        elsewhere=("/accounts/{user}",),
    ),
    canaries=Canaries(
        searches=("victim",), shown=("/lists/accounts/search q=victim", "/accounts/{user}")
    ),
    tour=Tour(
        pages={
            "/accounts": ("?view=all",),
            "/accounts/<id>": ("/accounts/2",),
            "/accounts/<id>/profile": ("/accounts/2/profile?profile=manager",),
            "/accounts/<id>/deactivate": ("/accounts/2/deactivate",),
        }
    ),
)
