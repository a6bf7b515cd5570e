"""Sample doses for practice mode: given over the past weeks, some on the last workday and today; at
each location one corrected, one removed, one against a rule, one with an adverse event."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import partial
from operator import itemgetter
from random import Random

from sqlalchemy import select

from blueprints.administration.adverse import note_event
from blueprints.administration.correcting import edit, injection_of, remove
from blueprints.administration.judging import questions_of
from blueprints.administration.queries import get_given
from blueprints.administration.recording import Overriding
from blueprints.administration.rules import ConsentBy, Funding, Route, Site
from blueprints.administration.services import Giving, Injection, give
from blueprints.appointments.practice import book, calling, newcomers
from blueprints.checkin.models import Arrival
from blueprints.checkin.practice import KNOWN, walk_in
from blueprints.checkin.rules import ArrivalState
from blueprints.checkin.services import check_in, finish
from blueprints.inventory.models import VaccineInventory
from blueprints.recipients.models import Recipient, RecipientLocation
from blueprints.scheduling.models import Slot
from portal.access.scope import Scope
from portal.catalog.ages import age_in_years
from portal.catalog.models import Product
from portal.catalog.queries import facts_on
from portal.catalog.screening import NO, ScreeningAnswer, fact_sheet_on
from portal.clock import now
from portal.db import session
from portal.diary import DiaryEvent, Past


class After(StrEnum):
    """What is done about a dose later."""

    CORRECTED = "corrected"
    REMOVED = "removed"
    FELT_FAINT = "felt_faint"


@dataclass(frozen=True)
class DoseVisit:
    """Somebody who comes for a dose, `young` if it is somebody who is too young for it. `ago` is
    how many minutes ago it was given, if today."""

    past: Past
    random: Random
    after: After | None = None
    ago: int = 0
    young: bool = False


COMES, GIVES = "checkin.handle", "administration.give"
# How many days ago somebody had an appointment, or came without one.
BOOKED = ((66, None), (53, After.CORRECTED), (42, None), (31, None), (17, None), (6, None))
# One of these was too young.
YOUNG = 42
WALKED_IN = ((81, None), (74, After.REMOVED), (1, None), (1, None), (1, After.FELT_FAINT))
# How many minutes ago each of today's was given.
TODAY = (320, 75, 50, 27, 9)
# How many minutes somebody waits.
WAITS = 8
MORNING = 9 * 60
ADULT = 18
# Of a lot with so many doses, in vials of so many; and what was given lately, in minutes.
ENOUGH, SEVERAL, LATELY = 20, 5, 60


def diary(past: Past) -> Iterator[DiaryEvent]:
    """People come at each location, by appointment and without."""
    random = Random(650_031)
    for place in past.places:
        for back, after in BOOKED:
            day, minute = past.workday(back, place), MORNING + 15 * random.randrange(12)
            lead = past.workday(back + random.randrange(2, 5), place)
            called = past.at(lead, calling(random), place)
            call = partial(_book, DoseVisit(past, random, after, young=back == YOUNG), day, minute)
            yield DiaryEvent(called, call, may="appointments.handle", place=place.id)
        for number, (back, after) in enumerate(WALKED_IN):
            at = past.at(past.workday(back, place), MORNING + 40 + 55 * number, place)
            come = partial(_walk_in, DoseVisit(past, random, after))
            yield DiaryEvent(at, come, may=COMES, place=place.id)
        for ago in TODAY:
            come = partial(_walk_in, DoseVisit(past, random, ago=ago))
            yield DiaryEvent(past.ago(ago + WAITS, place), come, may=COMES, place=place.id)


def _book(visit: DoseVisit, day: date, minute: int, scope: Scope) -> Iterator[DiaryEvent]:
    slot_id = session().scalar(
        select(Slot.id).where(
            Slot.location_id == scope.location_id,
            Slot.day == day,
            Slot.minute == minute,
            Slot.kind == "general",
            Slot.open,
        )
    )
    latest = scope.today() - timedelta(days=ADULT * 366)
    born = RecipientLocation.birth_date
    for recipient_id in newcomers(scope, 1, born > latest if visit.young else born <= latest):
        if slot_id is None:
            return
        book(scope, recipient_id, slot_id)
        at = visit.past.at(day, minute + visit.random.randrange(-8, 6), scope.place)
        come = partial(_come, visit, recipient_id)
        yield DiaryEvent(at, come, may=COMES, place=scope.location_id)


def _come(visit: DoseVisit, recipient_id: int, scope: Scope) -> Iterator[DiaryEvent]:
    arrival = check_in(scope, recipient_id=recipient_id, identified_by=KNOWN)
    yield _dose(visit, arrival, scope)


def _walk_in(visit: DoseVisit, scope: Scope) -> Iterator[DiaryEvent]:
    arrival = walk_in(scope)
    if arrival is not None:
        yield _dose(visit, arrival, scope)


def _dose(visit: DoseVisit, arrival: Arrival, scope: Scope) -> DiaryEvent:
    """The dose that follows; to somebody who is too young a manager gives it."""
    at = now() + timedelta(minutes=WAITS)
    if visit.ago:
        at = visit.past.ago(visit.ago, scope.place)
    person = session().get_one(Recipient, arrival.recipient_id)
    may = GIVES if _is_adult(person, scope) else "administration.override"
    return DiaryEvent(at, partial(_give, visit, arrival.id), may=may, place=scope.location_id)


def _is_adult(person: Recipient, scope: Scope) -> bool:
    return age_in_years(person.birth_date, scope.today()) >= ADULT


def _give(visit: DoseVisit, arrival_id: int, scope: Scope) -> Iterator[DiaryEvent]:
    arrival = session().get_one(Arrival, arrival_id)
    person = session().get_one(Recipient, arrival.recipient_id)
    record = _lot(scope, visit.ago)
    if record is None:
        return
    product, day = session().get_one(Product, record.product_id), scope.today()
    facts, adult = facts_on(product.id, day), _is_adult(person, scope)
    dose = give(
        scope,
        Giving(
            arrival_id=arrival_id,
            inventory_id=record.id,
            injection=Injection(
                dose_number=1,
                site=visit.random.choice((Site.LEFT_ARM, Site.LEFT_ARM, Site.RIGHT_ARM)),
                route=Route.MUSCLE,
                volume_ml=(facts.dose_volume_ml if facts else "") or "0.5",
                funding=Funding.PRIVATE,
                given_by_id=scope.user.id,
            ),
            identified_by=KNOWN,
            language=person.language,
            answers=_answers(product, person, day),
            consent_by=ConsentBy.RECIPIENT if adult else ConsentBy.PARENT,
            consent_name="" if adult else f"Pat {person.last_name}",
            fact_sheet=fact_sheet_on(product.vaccine_group, day),
            fact_sheet_on=day,
            fact_sheet_language=person.language,
            overriding=Overriding()
            if adult
            else Overriding(reason="The physician ordered it", seen=("too_young",)),
        ),
    )
    if arrival.state == ArrivalState.OBSERVING:
        yield _later(15, partial(_finish, arrival_id), COMES, scope)
    if visit.after is not None:
        minutes, do, may = AFTERWARDS[visit.after]
        yield _later(minutes, partial(do, dose.id), may, scope)


def _later(minutes: int, do: Callable[[Scope], None], may: str, scope: Scope) -> DiaryEvent:
    return DiaryEvent(now() + timedelta(minutes=minutes), do, may=may, place=scope.location_id)


def _answers(product: Product, person: Recipient, day: date) -> Sequence[ScreeningAnswer]:
    return [
        ScreeningAnswer(
            code=one.code, edition=one.edition, text=one.words[person.language], answer=NO
        )
        for one in questions_of([product], person, day)
    ]


def _finish(arrival_id: int, scope: Scope) -> None:
    finish(scope, arrival_id)


def _lot(scope: Scope, ago: int) -> VaccineInventory | None:
    """The newest lot whose vials hold several doses and that lasts for some time. What was given
    over an hour ago is of another one, so that two vials are open today; of one whose vials last
    six hours and not twelve, if there is one, so that its time is nearly over."""
    record = VaccineInventory
    found = session().scalars(
        select(record)
        .where(
            record.location_id == scope.location_id,
            record.doses_available >= ENOUGH,
            record.quarantined.is_(False),
            record.expiration_date > scope.today(),
        )
        .order_by(record.id.desc())
    )
    several = [
        (one, "12 h" in facts.after_puncture_limit)
        for one in found
        if (facts := facts_on(one.product_id, scope.today()))
        and (facts.doses_per_vial or 1) >= SEVERAL
    ]
    if ago > LATELY and len(several) > 1:
        several = sorted(several[1:], key=itemgetter(1))
    return several[0][0] if several else None


def _note_event(vaccination_id: int, scope: Scope) -> None:
    began_at = get_given(scope, vaccination_id).newest.given_at + timedelta(minutes=4)
    text = "Felt faint for 5 minutes, lay down, left feeling well"
    note_event(scope, vaccination_id, text, began_at)


def _correct(vaccination_id: int, scope: Scope) -> None:
    known = injection_of(get_given(scope, vaccination_id))
    values = {**known.__dict__, "site": str(Site.RIGHT_ARM)}
    edit(scope, vaccination_id, Injection(**values), why="It was the right arm", seen=1)


def _remove(vaccination_id: int, scope: Scope) -> None:
    remove(scope, vaccination_id, reason="Recorded for the wrong person", seen=1)


# How many minutes after the dose it is done, and by whom: managers correct the doses of others.
AFTERWARDS = {
    After.CORRECTED: (95, _correct, "administration.override"),
    After.REMOVED: (50, _remove, "administration.override"),
    After.FELT_FAINT: (11, _note_event, GIVES),
}
