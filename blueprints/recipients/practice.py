"""Sample recipients for practice mode: people whom nobody can take for real ones."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from random import Random

from sqlalchemy import select

from blueprints.recipients.history import DoseElsewhere, record_elsewhere
from blueprints.recipients.merging import merge
from blueprints.recipients.models import Recipient
from blueprints.recipients.rules import Details
from blueprints.recipients.services import link_to_location, register
from portal.access.scope import Scope
from portal.accounts.practice import manager_of
from portal.catalog.models import Product
from portal.db import session, unit_of_work
from portal.places.models import Location

AT_EACH = 40
WOMEN = (
    *("Ada", "Carmen", "Dolores", "Grace", "Irene", "Katherine", "María", "Olga", "Rosa"),
    *("Teresa", "Vera", "Ximena", "Yolanda", "Zoë"),
)
MEN = (
    *("Bill", "Edgar", "Francisco", "Henry", "José", "Luis", "Noah", "Pablo", "Quinn"),
    *("Samuel", "Ulises", "William"),
)
LAST = (
    *("Sampleton", "Testerman", "Exampleson", "Practiceworth", "Prueba", "de la Muestra"),
    *("Madeupsky", "Inventado-Prueba", "O’Sample", "Pretendergast", "Fictionsen", "Demofield"),
    *("Mockingham", "Trialwood", "Examplez", "Ensayo", "Notreal", "Samplewell", "Testridge"),
    *("Placeholt", "Drillbrook", "Ejemplo", "McExample", "Rehearsen", "Practisby", "Demoray"),
)
STREETS = ("Sample Street", "Practice Road", "Example Avenue")
# The telephone numbers that are nobody's end in 0100 to 0199; clinics have those below 0160.
AREAS = ("252", "910", "919", "336", "704", "828")


def fill() -> None:
    """Register people at each location; some were given a first dose elsewhere, two look alike, one
    is known at two locations."""
    random = Random(650_025)
    with unit_of_work(write=False) as current:
        places = list(current.scalars(select(Location.id).order_by(Location.id)))
    for place in places:
        with unit_of_work():
            scope = manager_of(place)
            if scope is not None:
                _register(scope, random)
    with unit_of_work():
        first = session().scalar(select(Recipient.id).order_by(Recipient.id).limit(1))
        if first is not None and len(places) > 1:
            link_to_location(recipient_id=first, location_id=places[1], why="opened")
            _merge_doubled(places[0], first)


def _merge_doubled(place: int, first: int) -> None:
    scope = manager_of(place)
    if scope is None:
        return
    kept = session().get_one(Recipient, first)
    twice = Details(
        first_name=kept.first_name, last_name=kept.last_name, birth_date=kept.birth_date
    )
    rights = scope.capabilities | {"recipients.merge"}
    doubled = register(scope, twice)
    merge(replace(scope, capabilities=rights), first, doubled.id, reason="registered twice")


def _register(scope: Scope, random: Random) -> None:
    product = session().scalar(
        select(Product.id).where(Product.orderable).order_by(Product.id).limit(1)
    )
    home = session().get_one(Location, scope.location_id)
    for number, details in enumerate(_people(random, home, scope.today())):
        recipient = register(scope, details)
        if number % 8 == 0 and product is not None:
            dose = DoseElsewhere(
                product_id=product,
                dose_number=1,
                given_on=scope.today() - timedelta(days=random.randrange(5, 60)),
                where="Sample Pharmacy, Greenville",
                lot_number=f"EW{4100 + 7 * number}",
            )
            record_elsewhere(scope, recipient.id, dose)


def _people(random: Random, home: Location, day: date) -> Iterator[Details]:
    for number in range(AT_EACH):
        contact = ("none", "email", "sms", "both")[number % 4]
        woman = random.random() < 0.5  # noqa: PLR2004
        first, last = random.choice(WOMEN if woman else MEN), LAST[number % len(LAST)]
        born = date(random.randrange(1930, 2008), 1, 1) + timedelta(days=random.randrange(365))
        yield Details(
            first_name=first,
            last_name=last,
            birth_date=born,
            sex=("female" if woman else "male") if number % 9 else "",
            races=random.choice((("white",), ("black",), ("asian", "white"), ("not_said",), ())),
            ethnicity=random.choice(("hispanic", "not_hispanic", "not_said", "")),
            street=f"{100 + 12 * number} {random.choice(STREETS)}",
            city=home.city,
            state=home.state,
            zip_code=home.zip_code,
            mobile_phone=f"{AREAS[home.id % len(AREAS)]}-555-01{60 + number}"
            if contact in {"sms", "both"}
            else "",
            email=f"sample.{home.id}.{number}@example.org" if contact in {"email", "both"} else "",
            contact_by=contact,
            agrees_to_reminders=contact != "none",
            language="es" if number % 5 == 0 else "en",
            eligibility="65 or older"
            if born.year < day.year - 65
            else random.choice(("Health care worker", "Everyone else")),
            employer="Sample Mill" if number % 6 == 0 else "",
        )
