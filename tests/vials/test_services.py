"""Vials follow the doses that are given, put back and wasted; the ledger alone counts doses."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from blueprints.inventory.leaving.selection import Chosen
from blueprints.inventory.models import DoseEntry
from blueprints.inventory.rules import DocumentKind
from blueprints.vials import services
from blueprints.vials.models import OpenVial
from blueprints.wastage.services import Loss, record_loss
from portal.clock import now
from portal.db import unit_of_work
from portal.errors import Conflict, Forbidden, Invalid, NotFound
from tests.inventory import stock
from tests.personas import Personas
from tests.vials.vials import LIMIT, available, facts, give, given_entry, opened, put_back, vial

MODERNA_DOSES = 10


@pytest.fixture(autouse=True)
def running(app: Flask) -> object:
    with app.app_context():
        yield


def left(scope: object) -> list[int]:
    return [one.doses_left for one in opened(scope)]  # type: ignore[arg-type]


def test_the_first_dose_opens_a_vial_and_starts_its_clock(personas: Personas) -> None:
    scope = stock.scope_for(personas, "provider_a")
    record = stock.add(stock.scope_for(personas, "manager_a"), doses=20)
    number = give(scope, record, minutes=30)
    made = vial(number)
    assert (made.doses, made.taken, made.state) == (MODERNA_DOSES, 1, "open")
    assert made.punctured_by_id == scope.user.id
    assert made.beyond_use_at == made.punctured_at + LIMIT
    (shown,) = opened(scope)
    assert shown.doses_left == 9
    assert shown.minutes_left in (689, 690)
    assert available(record) == 19


def test_doses_empty_a_vial_before_the_next_is_opened(personas: Personas) -> None:
    scope = stock.scope_for(personas, "manager_a")
    record = stock.add(scope, doses=20)
    numbers = [give(scope, record, minutes=60 - dose) for dose in range(12)]
    assert numbers[:10] == [numbers[0]] * 10
    assert numbers[10:] == [numbers[10]] * 2
    assert numbers[0] != numbers[10]
    assert (vial(numbers[0]).state, vial(numbers[10]).state) == ("used_up", "open")
    assert left(scope) == [8]


def test_a_vial_whose_time_is_over_is_left_alone_and_shown(personas: Personas) -> None:
    scope = stock.scope_for(personas, "manager_a")
    record = stock.add(scope, doses=30)
    old = give(scope, record, minutes=12 * 60 + 1)
    new = give(scope, record)
    assert new != old
    assert [(one.vial.id, one.over) for one in opened(scope)] == [(old, True), (new, False)]


@pytest.mark.both_databases
def test_a_dose_recorded_late_sets_the_clock_back(personas: Personas) -> None:
    scope = stock.scope_for(personas, "manager_a")
    record = stock.add(scope, doses=30)
    number = give(scope, record, minutes=10)
    earlier = now() - timedelta(hours=2)
    assert give(scope, record, at=earlier) == number
    assert vial(number).punctured_at == earlier
    assert vial(number).beyond_use_at == earlier + LIMIT


@pytest.mark.both_databases
@pytest.mark.parametrize("text", ["", "6 h at 2..8 C or 2 h at <=25 C (not cumulative)"])
def test_what_the_product_data_leaves_open_stays_unknown_and_is_said(
    personas: Personas, text: str
) -> None:
    facts(stock.MODERNA, after_puncture_limit=text)
    scope = stock.scope_for(personas, "manager_a")
    number = give(scope, stock.add(scope, doses=20))
    assert vial(number).beyond_use_at is None
    (shown,) = opened(scope)
    assert (shown.minutes_left, shown.over, shown.limit) == (None, False, text)


@pytest.mark.both_databases
def test_a_vial_of_unknown_size_shows_no_more_than_the_record_has(personas: Personas) -> None:
    facts(stock.MODERNA, doses_per_vial=None)
    scope = stock.scope_for(personas, "manager_a")
    record = stock.add(scope, doses=3)
    number = give(scope, record)
    assert vial(number).doses is None
    assert left(scope) == [2]
    give(scope, record)
    give(scope, record)
    assert left(scope) == []


@pytest.mark.both_databases
def test_vials_never_hold_more_than_the_ledger_has(personas: Personas) -> None:
    scope = stock.scope_for(personas, "manager_a")
    record = stock.add(scope, doses=12)
    give(scope, record, minutes=13 * 60)
    give(scope, record)
    assert sum(left(scope)) == available(record) == 10
    stock.post(scope, record, stock.Kind.RETURNED, 7)
    assert sum(left(scope)) == available(record) == 3


@pytest.mark.both_databases
def test_a_dose_put_back_is_in_its_vial_again_and_the_clock_runs_on(personas: Personas) -> None:
    scope = stock.scope_for(personas, "manager_a")
    record = stock.add(scope, doses=20)
    at = now() - timedelta(hours=1)
    numbers = [give(scope, record, at=at) for _dose in range(10)]
    assert vial(numbers[0]).state == "used_up"
    for _dose in range(10):
        put_back(record, at)
    found = vial(numbers[0])
    assert (found.state, found.taken, found.beyond_use_at) == ("open", 0, at + LIMIT)
    put_back(record, at)
    assert vial(numbers[0]).taken == 0
    with unit_of_work():
        services.say_not_opened(scope, numbers[0])
    with unit_of_work(write=False) as session:
        assert session.scalar(select(func.count()).select_from(OpenVial)) == 0


def test_a_vial_that_doses_were_given_from_was_opened(personas: Personas) -> None:
    scope = stock.scope_for(personas, "manager_a")
    number = give(scope, stock.add(scope, doses=20))
    with pytest.raises(Conflict), unit_of_work():
        services.say_not_opened(scope, number)
    assert vial(number).taken == 1


def test_what_is_left_becomes_wastage_and_closes_the_vial(personas: Personas) -> None:
    scope = stock.scope_for(personas, "manager_a")
    record = stock.add(scope, doses=20)
    number = give(scope, record)
    with unit_of_work():
        services.waste(scope, number, doses=9, reason="open_vial")
    assert available(record) == 10
    assert stock.counters(record)["doses_wasted"] == 9
    assert vial(number).state == "wasted"
    assert left(scope) == []
    with pytest.raises(Conflict), unit_of_work():
        services.waste(scope, number, doses=1, reason="open_vial")
    assert stock.wrong() == []


def test_no_more_is_wasted_than_the_vial_holds(personas: Personas) -> None:
    scope = stock.scope_for(personas, "manager_a")
    record = stock.add(scope, doses=20)
    number = give(scope, record)
    with pytest.raises(Invalid, match="Only 9 doses are left"), unit_of_work():
        services.waste(scope, number, doses=10, reason="open_vial")
    assert (available(record), vial(number).state) == (19, "open")


def test_wastage_of_open_vials_recorded_elsewhere_is_not_lost_twice(personas: Personas) -> None:
    scope = stock.scope_for(personas, "manager_a")
    record = stock.add(scope, doses=30)
    number = give(scope, record, minutes=5)
    with unit_of_work():
        loss = Loss(
            kind=DocumentKind.WASTAGE,
            lines=[Chosen(record, 4)],
            happened_on=scope.today(),
            reason="open_vial",
            vial="open",
        )
        document = record_loss(scope, loss).id
    assert left(scope) == [5]
    with unit_of_work(write=False) as session:
        entry = session.scalars(select(DoseEntry.id).where(DoseEntry.document_id == document)).one()
    stock.reverse(scope, entry)
    assert left(scope) == [9]
    with unit_of_work():
        services.waste(scope, number, doses=9, reason="open_vial")
    assert available(record) == 20


def test_what_one_vial_lost_is_not_taken_from_the_next(personas: Personas) -> None:
    scope = stock.scope_for(personas, "manager_a")
    record = stock.add(scope, doses=30)
    old, new = give(scope, record, minutes=13 * 60), give(scope, record, minutes=5)
    with unit_of_work():
        services.waste(scope, old, doses=9, reason="open_vial")
    assert [(one.vial.id, one.doses_left) for one in opened(scope)] == [(new, 9)]


@pytest.mark.both_databases
def test_a_wastage_that_was_reversed_leaves_the_vial_open_with_its_old_clock(
    personas: Personas,
) -> None:
    scope = stock.scope_for(personas, "manager_a")
    record = stock.add(scope, doses=20)
    number = give(scope, record, minutes=60)
    began = vial(number).punctured_at
    with unit_of_work():
        document = services.waste(scope, number, doses=9, reason="open_vial").id
    with unit_of_work(write=False) as session:
        entry = session.scalars(select(DoseEntry.id).where(DoseEntry.document_id == document)).one()
    stock.reverse(scope, entry)
    assert left(scope) == [9]
    assert give(scope, record) == number
    assert (vial(number).punctured_at, vial(number).state) == (began, "open")
    assert left(scope) == [8]


@pytest.mark.both_databases
def test_an_extra_dose_is_one_more_in_the_vial_and_on_the_ledger(personas: Personas) -> None:
    scope = stock.scope_for(personas, "manager_a")
    record = stock.add(scope, doses=10)
    numbers = [give(scope, record) for _dose in range(10)]
    assert available(record) == 0
    with unit_of_work():
        services.find_extra_dose(scope, numbers[0], seen=10)
    assert (available(record), left(scope)) == (1, [1])
    assert stock.counters(record)["doses_adjusted"] == 1
    with pytest.raises(Conflict), unit_of_work():
        services.find_extra_dose(scope, numbers[0], seen=10)
    assert available(record) == 1
    assert give(scope, record) == numbers[0]
    assert vial(numbers[0]).state == "used_up"
    assert stock.wrong() == []


def test_who_may_not_and_who_works_elsewhere_changes_nothing(personas: Personas) -> None:
    manager = stock.scope_for(personas, "manager_a")
    record = stock.add(manager, doses=20)
    number = give(manager, record)
    provider, other = (stock.scope_for(personas, who) for who in ("provider_a", "manager_b"))
    for act in (
        lambda scope: services.waste(scope, number, doses=1, reason="open_vial"),
        lambda scope: services.find_extra_dose(scope, number, seen=10),
    ):
        with pytest.raises(Forbidden), unit_of_work():
            act(provider)
        with pytest.raises(NotFound), unit_of_work():
            act(other)
    assert opened(other) == []
    assert (available(record), vial(number).doses) == (19, 10)


def test_two_chairs_have_a_vial_of_the_same_lot_each(personas: Personas) -> None:
    manager, provider = (stock.scope_for(personas, who) for who in ("manager_a", "provider_a"))
    record = stock.add(manager, doses=40)
    first = give(manager, record, minutes=50)
    assert give(provider, record, minutes=40) == first, (
        "one vial is enough until somebody opens another"
    )
    second = give(provider, record, minutes=30, vial=services.NEW)
    assert second != first
    assert [give(provider, record, minutes=20), give(manager, record, minutes=20)] == [
        second,
        first,
    ]
    assert give(manager, record, vial=str(second)) == second
    assert (vial(first).taken, vial(second).taken) == (3, 3)


def test_a_dose_put_back_is_in_the_vial_it_came_from(personas: Personas) -> None:
    manager, provider = (stock.scope_for(personas, who) for who in ("manager_a", "provider_a"))
    record = stock.add(manager, doses=40)
    first = give(manager, record, minutes=50)
    at = now() - timedelta(minutes=30)
    entry = given_entry(manager, record)
    with unit_of_work():
        source = services.DoseSource(entry_id=entry, vial=str(first))
        services.note_dose_taken(record, at=at, actor=manager.user, source=source)
    second = give(provider, record, minutes=40, vial=services.NEW)
    with unit_of_work():
        services.note_dose_put_back(record, at=at, entry_id=entry)
    assert (vial(first).taken, vial(second).taken) == (1, 1)


def test_a_vial_that_cannot_be_is_refused(personas: Personas) -> None:
    scope = stock.scope_for(personas, "manager_a")
    record, other = (
        stock.add(scope, doses=40),
        stock.add(scope, doses=40, lot="OTHER1", name="Other"),
    )
    over = give(scope, record, minutes=13 * 60)
    for wrong in (str(over), str(give(scope, other)), "999", "x"):
        with pytest.raises(Conflict, match="Choose the vial again"):
            give(scope, record, vial=wrong)
    assert available(record) == 39
