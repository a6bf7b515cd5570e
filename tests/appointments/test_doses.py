"""Doses bound the bookings: days without one say so, and the claim itself refuses (SPEC G12)."""

from contextlib import suppress
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from blueprints.appointments import holding
from blueprints.appointments.services import cancel, complete, hold, move
from blueprints.inventory.models import VaccineInventory
from blueprints.inventory.quarantine import services as quarantine
from blueprints.inventory.rules import Kind
from blueprints.scheduling import doses, services
from blueprints.scheduling.queries import Day, Why, Wish, days, near, next_free_day, times
from blueprints.scheduling.rules import DosesBound
from blueprints.scheduling.services import NoDoses, SlotTaken
from portal import db
from portal.access.scope import Scope
from portal.catalog.models import ProductFacts
from portal.db import run, unit_of_work
from portal.errors import PortalError
from tests.appointments import booking
from tests.appointments.booking import (
    PFIZER,
    booked,
    day_in,
    given,
    held,
    offered,
    person,
    slot_at,
)
from tests.client import Browser
from tests.effort import amount
from tests.house.test_switching_off import without
from tests.inventory import stock
from tests.inventory.careless import be_careless, begin_deferred, take_no_lock
from tests.processes import together

LIMIT = DosesBound.LIMIT
PROCESSES = 4


def on(scope: Scope, number: int, **options: object) -> Day:
    """The day so many days ahead, as it can be chosen."""
    with unit_of_work(write=False):
        (found,) = days(scope.location_id, day_in(number), day_in(number), **options)  # type: ignore[arg-type]
        return found


def lot(scope: Scope, doses: int, *, lasts: int = 200, name: str = "A1") -> int:
    """A lot of so many doses that can be used for so many days."""
    return stock.add(scope, doses=doses, lot=name, expiration_date=day_in(lasts))


def test_no_more_is_offered_than_there_are_doses_and_a_canceled_one_is_free(scope: Scope) -> None:
    offered(scope, doses_bound=LIMIT)
    assert on(scope, 2) == Day(day_in(2), 0, "No usable doses.", Why.DOSES)
    lot(scope, 2)
    assert on(scope, 2).free == 2
    one = booked(scope, person(scope), slot_at(scope.location_id, 5))
    held(scope, person(scope, "José", "Madeup"), slot_at(scope.location_id, 2))
    for number in (2, 5, 30):
        assert on(scope, number).reason == "No usable doses."
    with unit_of_work(write=False):
        assert {time.why for time in times(scope.location_id, day_in(2))} == {Why.DOSES}
        assert next_free_day(scope.location_id) is None
        (place,) = near("")
        assert place.next_free_day is None
    third, late = person(scope, "Ana", "Invented"), slot_at(scope.location_id, 9)
    with pytest.raises(SlotTaken, match="No usable doses"), unit_of_work():
        hold(recipient_id=third, slot_id=late, actor=scope.user)
    with unit_of_work():
        cancel(appointment_id=one, reason="Ill", actor=scope.user)
    assert on(scope, 9).free == 1
    with unit_of_work(write=False):
        (place,) = near("")
        assert place.next_free_day == day_in(0) or place.next_free_day == day_in(1)


def test_the_claim_refuses_whatever_was_shown(scope: Scope) -> None:
    offered(scope, doses_bound=LIMIT)
    lot(scope, 1)
    slot = slot_at(scope.location_id, 3)
    booked(scope, person(scope), slot)
    with pytest.raises(NoDoses, match="no usable doses left"), unit_of_work():
        services.claim(slot)
    assert booking.taken(slot) == 1
    # Whoever books beyond on purpose may.
    with unit_of_work():
        services.overbook(slot, "A nurse brings a dose", scope.user)
    assert booking.taken(slot) == 2


def test_expired_quarantined_and_wasted_doses_do_not_count(scope: Scope) -> None:
    offered(scope, doses_bound=LIMIT)
    lot(scope, 3, lasts=4, name="SOON1")
    record = lot(scope, 2, name="LATE1")
    assert [on(scope, number).free for number in (4, 5)] == [5, 2]
    stock.post(scope, record, Kind.WASTED, 1)
    assert [on(scope, number).free for number in (4, 5)] == [4, 1]
    with unit_of_work() as session:
        found = session.get_one(VaccineInventory, record)
        session.expunge(found)
    with unit_of_work():
        quarantine.place(
            scope,
            quarantine.Hold(
                product_id=found.product_id, lot="LATE1", reason="too_warm", note="fridge"
            ),
        )
    assert [on(scope, number).free for number in (4, 5)] == [3, 0]


@pytest.mark.both_databases
def test_who_needs_one_product_is_not_promised_another(scope: Scope) -> None:
    """Second doses need the product of the first one; the schedule may name what it offers."""
    lot(scope, 3)  # Moderna
    offered(scope, doses_bound=LIMIT)
    maria = person(scope)
    given(scope, maria, PFIZER, days_ago=25)
    with unit_of_work(write=False) as session:
        of_pfizer = select(ProductFacts.product_id).where(ProductFacts.key == PFIZER)
        pfizer = session.scalars(of_pfizer).one()
    assert on(scope, 2).free == 3
    assert on(scope, 2, wish=Wish(pfizer)).free == 0
    slot = slot_at(scope.location_id, 2)
    with pytest.raises(SlotTaken, match="No usable doses"), unit_of_work():
        hold(recipient_id=maria, slot_id=slot, actor=scope.user)
    offered(scope, doses_bound=LIMIT, products=frozenset({pfizer}))
    assert on(scope, 2).free == 0
    offered(scope, doses_bound=LIMIT, products=frozenset({stock.product_id()}))
    assert on(scope, 2).free == 3


def test_the_last_dose_moves_along_with_its_appointment(scope: Scope) -> None:
    offered(scope, doses_bound=LIMIT)
    lot(scope, 1, lasts=10)
    number = booked(scope, person(scope), slot_at(scope.location_id, 3))
    near_by, too_late = (slot_at(scope.location_id, ahead) for ahead in (6, 11))
    with unit_of_work():
        move(appointment_id=number, slot_id=near_by, actor=scope.user)
    assert booking.appointment(number).day == day_in(6)
    with pytest.raises(SlotTaken, match="No usable doses"), unit_of_work():
        move(appointment_id=number, slot_id=too_late, actor=scope.user)
    assert booking.appointment(number).day == day_in(6)


def test_the_manager_sees_the_shortage_by_day(scope: Scope, browser: Browser) -> None:
    offered(scope, doses_bound=DosesBound.WARN)
    record = lot(scope, 3)
    for number, name in enumerate(("Ann", "Ben", "Cid", "Dot")):
        booked(scope, person(scope, name, "Madeup"), slot_at(scope.location_id, 4 + number % 2))
    manager = browser.sign_in("manager_a")
    home = manager.get("/").root.text
    assert "Appointments without a dose" in home
    assert f"{day_in(5):%m/%d/%Y}: 1 dose missing" in home
    page = manager.get("/scheduling/")
    section = page.root.one("details", id="shortages")
    assert [row.text for row in section.all("tr")[1:]] == [f"{day_in(5):%m/%d/%Y} 2 1"]
    stock.post(scope, record, Kind.WASTED, 2)
    section = manager.get("/scheduling/").root.one("details", id="shortages")
    assert [row.text for row in section.all("tr")[1:]] == [
        f"{day_in(4):%m/%d/%Y} 2 1",
        f"{day_in(5):%m/%d/%Y} 2 2",
    ]
    # Nobody is refused for it, and no appointment goes.
    booked(scope, person(scope, "Eve", "Madeup"), slot_at(scope.location_id, 4))
    offered(scope, doses_bound=DosesBound.OFF)
    assert "without a dose" not in manager.get("/").root.text
    assert "Days without enough doses" not in manager.get("/scheduling/").root.text


@pytest.mark.both_databases
def test_the_manager_chooses_what_doses_do(scope: Scope, browser: Browser) -> None:
    offered(scope)
    manager = browser.sign_in("manager_a")
    page = manager.get("/scheduling/")
    assert "Offer no more appointments than there are doses" in page.root.text
    page = manager.submit(page, {"doses_bound": "limit"}, button="Save", follow=True)
    assert "Saved." in page.root.text
    assert on(scope, 2).why is Why.DOSES
    page = manager.submit(page, {"doses_bound": "warn"}, button="Save", follow=True)
    assert on(scope, 2).why is Why.FREE


def test_without_the_inventory_only_places_count(
    app: Flask, scope: Scope, database_url: str, tmp_path: Path
) -> None:
    offered(scope, doses_bound=LIMIT)
    with without("inventory", database_url, tmp_path) as other, other.app_context():
        assert on(scope, 2).free > 0
        slot = slot_at(scope.location_id, 2)
        with unit_of_work():
            services.claim(slot)
        assert not doses.are_counted()
    assert on(scope, 2).why is Why.DOSES


def book_one(index: int, scope: Scope, people: list[int], slots: list[int]) -> int:
    """Each process books its own people, each on another day; how many it could."""
    done = 0
    for number, recipient in enumerate(people[index::PROCESSES]):
        slot = slots[(index + number) % len(slots)]

        def take(recipient: int = recipient, slot: int = slot) -> bool:
            return bool(hold(recipient_id=recipient, slot_id=slot, actor=scope.user))

        with suppress(PortalError):
            done += run(take, write=True, keep=lambda _made: True, patience=60)
    return done


def race(app: Flask, scope: Scope, turn: int) -> int:
    """How many of all were booked, on many days."""
    slots = [slot_at(scope.location_id, number) for number in range(2, 10)]
    people = [person(scope, f"Sample{turn}x{number}", "Racer") for number in range(12)]
    return sum(together(app, PROCESSES, book_one, scope, people, slots, timeout=110))


@pytest.mark.both_databases
@pytest.mark.slow("lets several processes race")
def test_more_bookings_than_doses_cannot_pass(app: Flask, scope: Scope) -> None:
    offered(scope, doses_bound=LIMIT)
    for turn in range(amount(short=1, full=20)):
        lot(scope, 5, name=f"R{turn}")
        assert race(app, scope, turn) == 5


def lock_nothing(_slot_ids: object) -> bool:
    """Say that doses are the limit, and trust that nobody else is at it."""
    take_no_lock()
    return True


@pytest.mark.thorough
@pytest.mark.slow("lets several processes race")
def test_counting_doses_without_the_lock_would_be_caught(
    app: Flask, scope: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    guards = (
        (db, "begin", begin_deferred),
        (services, "doses_limit", lock_nothing),
    )
    be_careless(monkeypatch, guards)
    offered(scope, doses_bound=LIMIT)
    for turn in range(5):
        lot(scope, 5, name=f"R{turn}")
        if race(app, scope, turn) != 5:
            return
    pytest.fail("nothing was found")


def want(index: int, scope: Scope, people: list[int], slots: list[int]) -> int:
    """Each process wants a place for a person of its own; whether it got one."""

    def take() -> bool:
        return bool(hold(recipient_id=people[index], slot_id=slots[index], actor=scope.user))

    with suppress(PortalError):
        return int(run(take, write=True, keep=lambda _made: True, patience=60))
    return 0


@pytest.mark.both_databases
@pytest.mark.slow("lets several processes race")
def test_the_dose_of_a_hold_that_is_over_goes_to_one_of_those_who_want_it(
    app: Flask, scope: Scope
) -> None:
    """It was held at one time, and is wanted at others: nobody waits for the job."""
    offered(scope, doses_bound=LIMIT)
    for turn in range(amount(short=2, full=20)):
        lot(scope, 1, name=f"H{turn}")
        people = [person(scope, f"Sample{turn}x{number}", "Racer") for number in range(3)]
        old = held(scope, people[2], slot_at(scope.location_id, 3))
        assert on(scope, 4).free == 0
        booking.let_pass(old)
        assert on(scope, 4).free == 1
        slots = [slot_at(scope.location_id, number) for number in (4, 5)]
        assert sum(together(app, 2, want, scope, people, slots, timeout=110)) == 1
        assert on(scope, 4).free == 0
        # Whoever held it comes too late, as long as somebody else has the dose.
        with pytest.raises(holding.HoldOver), unit_of_work():
            complete(appointment_id=old, actor=scope.user)


def test_a_late_confirmation_keeps_the_dose_that_nobody_else_wanted(scope: Scope) -> None:
    offered(scope, doses_bound=LIMIT)
    lot(scope, 1)
    old = held(scope, person(scope), slot_at(scope.location_id, 3))
    booking.let_pass(old)
    with unit_of_work():
        assert complete(appointment_id=old, actor=scope.user).state == "new"
    assert on(scope, 4).free == 0


@pytest.mark.both_databases
def test_a_hold_that_is_over_gives_its_own_dose_back_once(scope: Scope) -> None:
    """Whoever held it and chooses another time is one of those who want it."""
    offered(scope, doses_bound=LIMIT)
    lot(scope, 1)
    maria = person(scope)
    old = held(scope, maria, slot_at(scope.location_id, 3))
    booking.let_pass(old)
    booked(scope, person(scope, "Ann", "First"), slot_at(scope.location_id, 5))
    for slot in [slot_at(scope.location_id, number) for number in (3, 4)]:
        with pytest.raises(SlotTaken), unit_of_work():
            hold(recipient_id=maria, slot_id=slot, actor=scope.user)
