"""Who could come today for a vaccine, and the list that was made of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import case, exists, func, or_, select

from blueprints.administration.judging import vaccine_of
from blueprints.appointments.models import Appointment
from blueprints.appointments.rules import OPEN
from blueprints.checkin.models import Arrival
from blueprints.checkin.rules import ArrivalState
from blueprints.recipients.models import Recipient, RecipientLocation, Vaccination
from blueprints.recipients.queries import doses_of
from blueprints.recipients.rules import DoseStatus
from blueprints.standby.models import StandbyLine, StandbyList
from blueprints.standby.rules import TO_CALL, StandbyOutcome, urgency
from portal.access.scope import Scope
from portal.catalog.models import Product
from portal.catalog.queries import facts_of, holding_on, products_of_ids
from portal.catalog.stops import GivenDose, PlannedDose, judge, next_number, stops
from portal.catalog.windows import window
from portal.clock import now
from portal.db import session
from portal.errors import NotFound
from portal.people.models import User

# As many are looked at, and so many of them are put on a list.
LOOKED_AT, LISTED = 300, 50


@dataclass(frozen=True)
class CouldCome:
    """Somebody who could come, and the number of the dose."""

    recipient_id: int
    dose_number: int


def who_could_come(scope: Scope, product: Product, day: date) -> list[CouldCome]:
    """The people of the present location whom nothing keeps from getting `product` on `day`: those
    who are due for a further dose first, then those who wait for their first one.

    They have agreed to be contacted, have a phone number and no appointment, and are not here. How
    many statements that takes does not depend on how many people there are.
    """
    people = _to_consider(scope, day)
    doses = doses_of([person.id for person in people])
    given = frozenset(dose.product_id for each in doses.values() for dose in each)
    products = products_of_ids(given | {product.id})
    facts = facts_of(given | {product.id})
    vaccine = vaccine_of(product)
    found = []
    for person in people:
        history = [
            GivenDose(
                vaccine=vaccine_of(products[dose.product_id]),
                number=dose.dose_number,
                day=dose.given_on,
                facts=holding_on(facts.get(dose.product_id, ()), dose.given_on),
            )
            for dose in doses.get(person.id, ())
        ]
        own = [dose for dose in history if dose.vaccine.group == vaccine.group]
        planned = PlannedDose(
            vaccine=vaccine,
            number=next_number(own, vaccine.group),
            day=day,
            facts=holding_on(facts.get(product.id, ()), day),
            birth_date=person.birth_date,
        )
        if stops(judge(planned, own)):
            continue
        best = _recommended(own, planned.number)
        if own and best is None:
            continue
        found.append((urgency(planned.number, best), CouldCome(person.id, planned.number)))
    return [one for _order, one in sorted(found, key=lambda each: each[0])][:LISTED]


def _recommended(own: Sequence[GivenDose], number: int) -> date | None:
    """The best day of the dose after the last one; None for a first one, and where nobody knows."""
    last = max(own, key=lambda dose: (dose.day, dose.number), default=None)
    days = window(last.facts, number, last.day) if last is not None and last.facts else None
    return days.recommended if days else None


def _to_consider(scope: Scope, day: date) -> list[Recipient]:
    """The people of the location who may be called and are not expected: those with one dose
    first."""
    booked = exists().where(Appointment.recipient_id == Recipient.id, Appointment.state.in_(OPEN))
    here = exists().where(
        Arrival.recipient_id == Recipient.id,
        Arrival.day == day,
        Arrival.state != ArrivalState.UNDONE,
    )
    today = exists().where(
        Vaccination.recipient_id == Recipient.id,
        Vaccination.given_on == day,
        Vaccination.state == "given",
    )
    one_dose = Recipient.dose_status == DoseStatus.DOSE_1_ADMINISTERED
    rows = session().scalars(
        select(Recipient)
        .join(RecipientLocation, RecipientLocation.recipient_id == Recipient.id)
        .where(
            RecipientLocation.location_id == scope.location_id,
            Recipient.merged_into_id.is_(None),
            Recipient.contact_by != "none",
            or_(Recipient.mobile_phone != "", Recipient.other_phone != ""),
            ~booked,
            ~here,
            ~today,
        )
        .order_by(case((one_dose, 0), else_=1), Recipient.id)
        .limit(LOOKED_AT)
    )
    return list(rows)


def get_list(scope: Scope, list_id: int) -> StandbyList:
    """A list of the present location. Raises `NotFound`."""
    scope.require("standby.call")
    found = session().get(StandbyList, list_id)
    scope.require_location(found.location_id if found else None)
    assert found is not None
    return found


def get_call(scope: Scope, line_id: int) -> StandbyLine:
    """A line of a list of the present location. Raises `NotFound`."""
    found = session().get(StandbyLine, line_id)
    if found is None:
        raise NotFound
    get_list(scope, found.list_id)
    return found


@dataclass(frozen=True)
class StandbyRow:
    """A line with its recipient; `caller` is who called last or has it now, `busy` whether that is
    now."""

    line: StandbyLine
    recipient: Recipient
    caller: str
    busy: bool

    @property
    def is_open(self) -> bool:
        """Whether somebody is still to call."""
        return self.line.outcome in TO_CALL


def rows_of(found: StandbyList) -> list[StandbyRow]:
    """The lines of a list, in the order in which people are called."""
    rows = session().execute(
        select(StandbyLine, Recipient, User.first_name, User.last_name)
        .join(Recipient, Recipient.id == StandbyLine.recipient_id)
        .outerjoin(User, User.id == StandbyLine.caller_id)
        .where(StandbyLine.list_id == found.id)
        .order_by(StandbyLine.id)
    )
    return [
        StandbyRow(
            line,
            person,
            f"{first} {last}" if first else "",
            bool(line.claimed_until and line.claimed_until > now()),
        )
        for line, person, first, last in rows
    ]


@dataclass(frozen=True)
class ListOfToday:
    """A list of today, its vaccine, how many are still to be called, and how many are coming."""

    id: int
    product: str
    to_call: int
    coming: int


def lists_of_today(scope: Scope) -> list[ListOfToday]:
    """The lists of the present location that were made today."""
    outcome = StandbyLine.outcome
    rows = session().execute(
        select(
            StandbyList.id,
            Product.name,
            func.count().filter(outcome.in_(TO_CALL)),
            func.count().filter(outcome == StandbyOutcome.COMING),
        )
        .join(Product, Product.id == StandbyList.product_id)
        .join(StandbyLine, StandbyLine.list_id == StandbyList.id)
        .where(StandbyList.location_id == scope.location_id, StandbyList.day == scope.today())
        .group_by(StandbyList.id, Product.name)
        .order_by(StandbyList.id)
    )
    return [ListOfToday(*row) for row in rows]
