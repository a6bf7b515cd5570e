"""The locations themselves."""

from portal.db import unit_of_work
from portal.places.models import Location
from tests.samples import Access, Canaries, Making, Own, Samples, Text, Tour

SIGNED = ("street", "city", "county", "phone", "coordinator_name", "backup_name")


def make(making: Making) -> None:
    """They are there already; one with a sign shows it everywhere."""
    for letter, number in making.personas.locations.items():
        making.note("location", letter, number)
    with unit_of_work() as session:
        for place in making.places:
            location = session.get_one(Location, place.scope.location_id)
            if place.sign:
                for name in SIGNED:
                    setattr(location, name, f"{name} {place.sign}")
                location.coordinator_email = f"primary.{place.sign.lower()}@example.org"


samples = Samples(
    make=make,
    access=Access(
        arguments={
            "location_id": Own("location"),
            "locations:record_id": Own("location"),
            "locations:field": Text("coordinator_name"),
        }
    ),
    canaries=Canaries(searches=("Clinic B",), shown=("/locations/{location}",)),
    tour=Tour(pages={"/locations/<id>": ("/locations/1",)}),
)
