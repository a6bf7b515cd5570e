"""Sample recipients for practice mode: people whom nobody can take for real ones."""

from collections.abc import Iterator
from datetime import date, timedelta
from functools import partial
from random import Random

from sqlalchemy import select

from blueprints.recipients.history import DoseElsewhere, record_elsewhere
from blueprints.recipients.merging import merge
from blueprints.recipients.models import Recipient
from blueprints.recipients.rules import Details
from blueprints.recipients.services import open_found, register
from portal.access.scope import Scope
from portal.catalog.models import Product
from portal.clock import now
from portal.db import session
from portal.diary import DAYS, OPENS, DiaryEvent, Past
from portal.places.models import Location

AT_EACH = 44
# One in so many is too young for any of the vaccines.
YOUNG = 15
# In which minutes of a day people are registered, and how many days back what else happens.
HOURS = (8 * 60 + 20, 15 * 60 + 30)
TWICE, OPENED = 40, 33
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


def diary(past: Past) -> Iterator[DiaryEvent]:
    """People are registered at each location; some were given a first dose elsewhere, one comes to
    two locations, one is registered twice."""
    random = Random(650_025)
    for order, place in enumerate(past.places):
        for number in range(AT_EACH):
            day = past.workday(DAYS - 2 - number * (DAYS - 4) // (AT_EACH - 1), place)
            at = past.at(day, random.randrange(*HOURS) if number else OPENS + order, place)
            come = partial(_register, random, number)
            yield DiaryEvent(at, come, may="recipients.handle", place=place.id)
    first, *others = past.places
    again = past.at(past.workday(TWICE, first), 11 * 60 + 20, first)
    yield DiaryEvent(again, _register_again, may="recipients.handle", place=first.id)
    for other in others[:1]:
        at = past.at(past.workday(OPENED, other), 14 * 60 + 50, other)
        yield DiaryEvent(at, _open, may="recipients.handle", place=other.id)


def _first() -> Recipient:
    return session().scalars(select(Recipient).order_by(Recipient.id).limit(1)).one()


def _open(scope: Scope) -> None:
    """Find the first recipient at another location, too."""
    known = _first()
    open_found(scope, known.id, text=known.last_name, birth_date=known.birth_date)


def _register_again(scope: Scope) -> Iterator[DiaryEvent]:
    """Register the first recipient once more, and let the help desk merge the records."""
    kept = _first()
    twice = Details(
        first_name=kept.first_name, last_name=kept.last_name, birth_date=kept.birth_date
    )
    doubled = register(scope, twice)
    # Before anything else happens to it.
    yield DiaryEvent(
        now(), partial(_merge, kept.id, doubled.id), may="recipients.merge", who="agent"
    )


def _merge(kept: int, doubled: int, scope: Scope) -> None:
    merge(scope, kept, doubled, reason="registered twice")


def _register(random: Random, number: int, scope: Scope) -> None:
    home = session().get_one(Location, scope.location_id)
    recipient = register(scope, _somebody(random, home, scope.today(), number))
    if number % 8:
        return
    product = session().scalar(
        select(Product.id).where(Product.orderable).order_by(Product.id).limit(1)
    )
    if product is not None:
        dose = DoseElsewhere(
            product_id=product,
            dose_number=1,
            given_on=scope.today() - timedelta(days=random.randrange(5, 60)),
            where="Sample Pharmacy, Greenville",
            lot_number=f"EW{4100 + 7 * number}",
        )
        record_elsewhere(scope, recipient.id, dose)


def _somebody(random: Random, home: Location, day: date, number: int) -> Details:
    contact = ("none", "email", "sms", "both")[number % 4]
    woman = random.random() < 0.5  # noqa: PLR2004
    first, last = random.choice(WOMEN if woman else MEN), LAST[number % len(LAST)]
    young = number % YOUNG == YOUNG - 1
    year = day.year - 11 if young else random.randrange(1930, 2008)
    born = date(year, 1, 1) + timedelta(days=random.randrange(180 if young else 365))
    phone = 60 + number // 4 * 2 + number % 2
    return Details(
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
        mobile_phone=f"{AREAS[home.id % len(AREAS)]}-555-01{phone}"
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
