"""The people every test speaks of (DESIGN 8).

Location A and C belong to one organization, B to another. `manager_ab` works at A and B.
"""

from dataclasses import dataclass

from sqlalchemy import select

from portal.access.profiles import Profile
from portal.db import unit_of_work
from portal.people.models import User, UserLocation
from portal.places.models import Location, Organization

PASSPHRASE = "practice makes perfect"
# argon2id of PASSPHRASE with tiny parameters, so that tests need not wait for the real ones.
PEOPLE: dict[str, tuple[Profile, str]] = {
    "manager_a": (Profile.MANAGER, "A"),
    "provider_a": (Profile.PROVIDER, "A"),
    "readonly_a": (Profile.READ_ONLY, "A"),
    "manager_b": (Profile.MANAGER, "B"),
    "manager_ab": (Profile.MANAGER, "AB"),
    "agent": (Profile.AGENT, ""),
    "admin": (Profile.ADMINISTRATOR, ""),
    "requester": (Profile.REQUESTER, ""),
}


@dataclass
class Personas:
    """Ids of the people and places, by their short names."""

    users: dict[str, int]
    locations: dict[str, int]

    @classmethod
    def load(cls) -> "Personas":
        with unit_of_work(write=False) as session:
            users = {
                name.replace(".", "_"): number
                for number, name in session.execute(select(User.id, User.username))
            }
            locations = {
                name.removeprefix("Clinic "): number
                for number, name in session.execute(select(Location.id, Location.name))
            }
        return cls(users, locations)


def make_personas() -> None:
    """Put organizations, locations and people into an empty database."""
    from argon2 import PasswordHasher

    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSPHRASE)
    with unit_of_work() as session:
        first = Organization(name="Washington County Health Department")
        second = Organization(name="Beaufort Family Practice")
        session.add_all([first, second])
        session.flush()
        places = {}
        for letter, organization, pin in (
            ("A", first, "NCA650001"),
            ("B", second, "NCA650002"),
            ("C", first, "NCA650003"),
        ):
            places[letter] = Location(
                organization_id=organization.id,
                name=f"Clinic {letter}",
                pin=pin,
                time_zone="America/New_York",
                street=f"{len(places) + 1} Main Street",
                city="Plymouth",
                state="NC",
                zip_code="27962",
                coordinator_name=f"Coordinator {letter}",
                coordinator_email=f"coordinator.{letter.lower()}@example.org",
                backup_name=f"Backup {letter}",
                backup_email=f"backup.{letter.lower()}@example.org",
            )
        session.add_all(places.values())
        session.flush()
        for name, (profile, letters) in PEOPLE.items():
            user = User(
                username=name.replace("_", "."),
                first_name=name.partition("_")[0].title(),
                last_name=(letters or "Staff"),
                email=f"{name.replace('_', '.')}@example.org",
                profile=profile,
                password_hash=cheap,
                current_location_id=places[letters[0]].id if letters else None,
            )
            session.add(user)
            session.flush()
            for letter in letters:
                session.add(UserLocation(user_id=user.id, location_id=places[letter].id))
