"""Sample doses for practice mode: given over the past weeks, some yesterday and today; one
corrected, one removed, one against a rule, one with an adverse event."""

from datetime import UTC, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from sqlalchemy import select

from blueprints.administration.adverse import note_event
from blueprints.administration.correcting import edit, injection_of, remove
from blueprints.administration.judging import questions_of
from blueprints.administration.models import Administration
from blueprints.administration.queries import get_given
from blueprints.administration.recording import Injection, screening_text, take_dose, write
from blueprints.administration.rules import ConsentBy, Funding, Route, Site
from blueprints.appointments.holding import follow_status
from blueprints.inventory.models import VaccineInventory
from blueprints.recipients.models import Recipient, RecipientLocation, Vaccination
from portal.access.profiles import Profile
from portal.access.scope import Scope
from portal.accounts.practice import manager_of
from portal.catalog.models import Product
from portal.catalog.queries import facts_on
from portal.catalog.screening import NO, ScreeningAnswer, fact_sheet_on
from portal.clock import now
from portal.db import session, unit_of_work
from portal.errors import Invalid
from portal.people.models import User, UserLocation
from portal.places.models import Location

AT_EACH = 14
WEEKS = 5
FRIDAY = 4
# So many of them were given today, from the newest lots, and yesterday.
TODAY, YESTERDAY = 5, 4
# How many minutes ago each of today's was given.
AGO = 9


def fill() -> None:
    """Give doses at each location: those of past appointments, and further ones."""
    random = Random(650_031)
    with unit_of_work(write=False) as current:
        places = list(current.scalars(select(Location.id).order_by(Location.id)))
    for place in places:
        with unit_of_work():
            scope = manager_of(place)
            if scope is None:
                continue
            made = [*_of_appointments(scope, random), *_further(scope, random)]
        with unit_of_work():
            if len(made) > 3:  # noqa: PLR2004
                _correct(scope, made)
                _note_event(scope, made[-1])


def _of_appointments(scope: Scope, random: Random) -> list[int]:
    """Give a lot to the doses of past appointments, which nobody recorded in detail."""
    known = select(Administration.vaccination_id)
    doses = session().scalars(
        select(Vaccination)
        .where(Vaccination.location_id == scope.location_id, Vaccination.id.not_in(known))
        .order_by(Vaccination.id)
    )
    return [dose.id for dose in doses.all() if _record(scope, dose, random)]


def _further(scope: Scope, random: Random) -> list[int]:
    """Give first doses to some of the people of the location who got none."""
    people = session().scalars(
        select(RecipientLocation.recipient_id)
        .where(
            RecipientLocation.location_id == scope.location_id,
            RecipientLocation.dose_status == "registered",
        )
        .order_by(RecipientLocation.recipient_id.desc())
        .limit(AT_EACH)
    )
    made: list[int] = []
    for recipient_id in people.all():
        back = random.randrange(1, 7 * WEEKS)
        if len(made) < TODAY + YESTERDAY:
            back = 0 if len(made) < TODAY else 1
        day = scope.today() - timedelta(days=back)
        if back > 1:
            day -= timedelta(days=max(day.weekday() - FRIDAY, 0))
        dose = Vaccination(
            recipient_id=recipient_id,
            product_id=0,
            dose_number=1,
            given_on=day,
            location_id=scope.location_id,
            source="here",
            recorded_by_id=scope.user.id,
        )
        if _record(scope, dose, random, ago=0 if back else AGO * (len(made) + 1)):
            made.append(dose.id)
    return made


def _record(scope: Scope, dose: Vaccination, random: Random, *, ago: int = 0) -> bool:
    """Write down a dose of a lot that may be used on its day; whether there is one. `ago`: so many
    minutes ago, from a vial of one of the newest lots."""
    zone = ZoneInfo(scope.place.time_zone)
    minute = 9 * 60 + 5 * random.randrange(90)
    at = datetime.combine(dose.given_on, time(minute // 60, minute % 60), zone).astimezone(UTC)
    if ago:
        midnight = datetime.combine(dose.given_on, time(), zone).astimezone(UTC)
        at = max(now() - timedelta(minutes=ago), midnight)
    person = session().get_one(Recipient, dose.recipient_id)
    for record in _open_lots(scope, ago) if ago else _lots(scope, dose):
        try:
            with session().begin_nested():
                entry_id = take_dose(scope, record, dose.given_on)
        except Invalid:
            continue
        dose.given_at, dose.recorded_at = at, at
        dose.product_id, dose.lot_number = record.product_id, record.lot
        dose.expiration_date = record.expiration_date
        session().add(dose)
        session().flush()
        write(_version(scope, person, dose, record, entry_id, random))
        follow_status(person.id)
        return True
    return False


def _open_lots(scope: Scope, ago: int) -> list[VaccineInventory]:
    """The newest lots of which a vial holds several doses, one of the first two in front."""
    record = VaccineInventory
    found = session().scalars(
        select(record)
        .where(
            record.location_id == scope.location_id,
            record.doses_available >= 20,  # noqa: PLR2004
            record.quarantined.is_(False),
            record.expiration_date > scope.today(),
        )
        .order_by(record.id.desc())
    )
    several = [
        one
        for one in found
        if (facts := facts_on(one.product_id, scope.today())) and (facts.doses_per_vial or 1) > 4  # noqa: PLR2004
    ]
    front = several[1:2] if ago > 2 * AGO else []
    return [*front, *(one for one in several if one not in front)]


def _lots(scope: Scope, dose: Vaccination) -> list[VaccineInventory]:
    record = VaccineInventory
    found = session().scalars(
        select(record)
        .where(
            record.location_id == scope.location_id,
            record.doses_available > 0,
            record.quarantined.is_(False),
            record.expiration_date >= dose.given_on,
        )
        .order_by((record.product_id != dose.product_id), record.id)
    )
    return list(found)


def _version(
    scope: Scope,
    person: Recipient,
    dose: Vaccination,
    record: VaccineInventory,
    entry_id: int,
    random: Random,
) -> Administration:
    product = session().get_one(Product, record.product_id)
    asked = questions_of([product], person, dose.given_on)
    facts = facts_on(product.id, dose.given_on)
    giver = _vaccinator(scope)
    young = random.random() < 0.1  # noqa: PLR2004
    assert dose.given_at is not None
    return Administration(
        vaccination_id=dose.id,
        version=1,
        location_id=scope.location_id,
        inventory_id=record.id,
        entry_id=entry_id,
        dose_number=dose.dose_number,
        site=random.choice((Site.LEFT_ARM, Site.LEFT_ARM, Site.RIGHT_ARM)),
        route=Route.MUSCLE,
        volume_ml=(facts.dose_volume_ml if facts else "") or "0.5",
        given_at=dose.given_at,
        time_zone=scope.place.time_zone,
        back_dated=False,
        given_by=giver.full_name,
        given_by_id=giver.id,
        funding=Funding.PRIVATE,
        identified_by="name birth_date",
        screening=screening_text(
            person.language,
            [
                ScreeningAnswer(
                    code=one.code,
                    edition=one.edition,
                    text=one.words[person.language],
                    answer=NO,
                )
                for one in asked
            ],
        ),
        consent_by=ConsentBy.RECIPIENT,
        fact_sheet=fact_sheet_on(product.vaccine_group, dose.given_on),
        fact_sheet_on=dose.given_on,
        fact_sheet_language=person.language,
        override_of="too_young" if young else "",
        override_reason="The physician ordered it" if young else "",
        overridden_by_id=scope.user.id if young else None,
        recorded_at=dose.given_at,
        recorded_by_id=giver.id,
    )


def _vaccinator(scope: Scope) -> User:
    """A provider of the location; its manager where it has none."""
    found = session().scalar(
        select(User)
        .join(UserLocation, UserLocation.user_id == User.id)
        .where(
            UserLocation.location_id == scope.location_id,
            User.profile.in_((Profile.PROVIDER, Profile.MANAGER)),
        )
        .order_by(User.profile.desc(), User.id)
        .limit(1)
    )
    return found or session().get_one(User, scope.user.id)


def _note_event(scope: Scope, vaccination_id: int) -> None:
    """Note an adverse event after a dose."""
    given = get_given(scope, vaccination_id).newest
    note_event(
        scope,
        vaccination_id,
        "Felt faint for 5 minutes, lay down, left feeling well",
        given.given_at + timedelta(minutes=12),
    )


def _correct(scope: Scope, made: list[int]) -> None:
    """Change the arm of one dose, and remove another one."""
    given = get_given(scope, made[1])
    known = injection_of(given)
    values = {**known.__dict__, "site": str(Site.RIGHT_ARM)}
    edit(scope, made[1], Injection(**values), why="It was the right arm", seen=1)
    remove(scope, made[2], reason="Recorded for the wrong person", seen=1)
