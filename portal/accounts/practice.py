"""Sample organizations, locations and users for practice mode."""

from sqlalchemy.orm import Session

from portal.access.profiles import Profile
from portal.clock import now
from portal.db import unit_of_work
from portal.people.models import User, UserLocation
from portal.places.models import Location, Organization
from portal.signing_in.hashing import hash_password

PASSPHRASE = "practice makes perfect"  # noqa: S105
ORGANIZATIONS = {
    "Washington County Health Department": "AC",
    "Beaufort Family Practice": "B",
}
PLACES = {
    "A": ("NCA650001", "12 Water Street", "Plymouth", "27962", "Washington"),
    "B": ("NCA650002", "240 Front Street", "Beaufort", "28516", "Carteret"),
    "C": ("NCA650003", "31 Main Street", "Roper", "27970", "Washington"),
}
# Of each place: its telephone's last two digits, and who orders vaccine there and stands in.
COORDINATORS = {
    "A": (10, "Alma Manning", "Paul Reyes"),
    "B": (30, "Bruno Mills", "Nora Fields"),
    "C": (50, "Olivia Crane", "Abby Monroe"),
}
PEOPLE = (
    ("manager.a", "Alma", "Manning", Profile.MANAGER, "A"),
    ("provider.a", "Paul", "Reyes", Profile.PROVIDER, "A"),
    ("readonly.a", "Rhea", "Owens", Profile.READ_ONLY, "A"),
    ("manager.b", "Bruno", "Mills", Profile.MANAGER, "B"),
    ("manager.ab", "Abby", "Monroe", Profile.MANAGER, "AB"),
    ("agent", "Agnes", "Holt", Profile.AGENT, ""),
    ("admin", "Adam", "Ward", Profile.ADMINISTRATOR, ""),
    # A one-room clinic: the administrator is the location's manager, too.
    ("owner.c", "Olivia", "Crane", Profile.ADMINISTRATOR, "C"),
)


def make_people_and_places() -> None:
    """Put the sample organizations, locations and users into a database without any."""
    with unit_of_work() as session:
        places = _places(session)
        _people(session, places)


def _places(session: Session) -> dict[str, Location]:
    places: dict[str, Location] = {}
    for name, letters in ORGANIZATIONS.items():
        organization = Organization(name=name)
        session.add(organization)
        for letter in letters:
            pin, street, city, zip_code, county = PLACES[letter]
            line, coordinator, backup = COORDINATORS[letter]
            places[letter] = Location(
                organization=organization,
                name=f"Clinic {letter}",
                pin=pin,
                time_zone="America/New_York",
                street=street,
                city=city,
                state="NC",
                zip_code=zip_code,
                county=county,
                phone=f"(252) 555-01{line}",
                coordinator_name=coordinator,
                coordinator_email=f"coordinator.{letter.lower()}@example.org",
                coordinator_phone=f"(252) 555-01{line + 1}",
                backup_name=backup,
                backup_email=f"backup.{letter.lower()}@example.org",
                backup_phone=f"(252) 555-01{line + 2}",
            )
    session.add_all(places.values())
    session.flush()
    return places


def _people(session: Session, places: dict[str, Location]) -> None:
    hashed = hash_password(PASSPHRASE)
    for username, first, last, profile, letters in PEOPLE:
        user = User(
            username=username,
            first_name=first,
            last_name=last,
            email=f"{username}@example.org",
            profile=profile,
            password_hash=hashed,
            current_location_id=places[letters[0]].id if letters else None,
            location_profile=Profile.MANAGER if profile.is_staff and letters else None,
            registered_at=now(),
        )
        session.add(user)
        session.flush()
        session.add_all(
            UserLocation(user_id=user.id, location_id=places[letter].id) for letter in letters
        )
