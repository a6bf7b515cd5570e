"""Every day and time that cannot be chosen says why (SPEC G11)."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from flask import Flask

from blueprints.scheduling import services
from blueprints.scheduling.queries import Why, days, next_free_day, times
from blueprints.scheduling.rules import Hours, SlotKind, SpecialDay
from portal.access.scope import Scope
from portal.db import unit_of_work
from tests.scheduling.offering import EVERY_DAY, MORNING, move_to, offer, take
from tests.statements import watched

# 10:10 in the morning at the clinics, on a Monday; clocks change on Sunday the 14th.
NOW = datetime(2027, 3, 8, 15, 10, tzinfo=UTC)
TODAY = date(2027, 3, 8)
NINE = 540


@pytest.fixture(autouse=True)
def travel() -> Iterator[None]:
    """It is NOW."""
    with time_machine.travel(NOW, tick=False):
        yield


def day(number: int) -> date:
    return TODAY + timedelta(days=number)


def seen(scope: Scope, number: int, **options: object) -> tuple[int, str, Why]:
    with unit_of_work(write=False):
        (found,) = days(scope.location_id, day(number), day(number), **options)  # type: ignore[arg-type]
        return found.free, found.reason, found.why


def test_each_day_of_a_month_is_there_and_says_how_many_or_why_not(scope: Scope) -> None:
    offer(scope, horizon_days=20, weekly=(*EVERY_DAY[:6], ()))
    with unit_of_work():
        services.set_day(scope, day(2), SpecialDay("Staff training"))
        services.set_day(scope, day(3), SpecialDay("Short", (Hours(600, 660),)))
    for minute in (600, 630):
        take(scope.location_id, day(3), minute, 3)
    take(scope.location_id, day(4), NINE, 2)
    with unit_of_work(write=False):
        month = days(scope.location_id, date(2027, 3, 1), date(2027, 3, 31))
    assert [each.day.day for each in month] == list(range(1, 32))
    found = {each.day.day: (each.free, each.reason) for each in month}
    assert found[7] == (0, "This day is over.")
    assert found[8] == (3 * 11, "")  # from 10:30 on
    assert found[9] == (3 * 14, "")
    assert found[10] == (0, "Closed: Staff training")
    assert found[11] == (0, "Full.")
    assert found[12] == (3 * 14 - 2, "")
    assert found[14] == (0, "Closed.")
    assert found[27] == (42, "")
    assert found[29] == (0, "Appointments can be made until 03/28/2027.")


def test_a_day_can_be_too_early_for_a_person(scope: Scope) -> None:
    offer(scope)
    assert seen(scope, 3, not_before=day(4)) == (0, "Too early until 03/12/2027.", Why.EARLY)
    assert seen(scope, 4, not_before=day(4))[0] == 42


def test_a_day_can_be_too_soon(scope: Scope) -> None:
    offer(scope, notice_minutes=1440)
    sentence = "Too soon: appointments must be made earlier."
    assert seen(scope, 0) == (0, sentence, Why.NOTICE)
    assert seen(scope, 1)[0] == 3 * 11
    for minute in range(630, 17 * 60, 30):
        take(scope.location_id, day(1), minute, 3)
    assert seen(scope, 1) == (0, sentence, Why.NOTICE)


def test_notice_over_a_clock_change_is_counted_in_hours_that_pass(scope: Scope) -> None:
    """24 hours from 10:10 on Saturday are 11:10 on Sunday, when clocks went forward at night."""
    offer(scope, notice_minutes=1440)
    moment = datetime(2027, 3, 13, 15, 10, tzinfo=UTC)
    with unit_of_work(write=False):
        found = times(scope.location_id, date(2027, 3, 14), moment=moment)
    assert [each.minute for each in found if each.free][0] == 11 * 60 + 30
    assert [each.minute for each in found][:2] == [NINE, NINE + 30]


@pytest.mark.both_databases
def test_off_and_never_set_up_say_so(scope: Scope) -> None:
    sentence = "This location does not offer appointments."
    assert seen(scope, 1) == (0, sentence, Why.CLOSED)
    offer(scope, active=False)
    assert seen(scope, 1) == (0, sentence, Why.CLOSED)
    with unit_of_work(write=False):
        assert next_free_day(scope.location_id) is None


def test_each_time_says_how_many_or_why_not(scope: Scope) -> None:
    offer(scope, weekly=((MORNING,),) * 7, notice_minutes=60)
    take(scope.location_id, TODAY, 690, 3)
    take(scope.location_id, day(1), NINE, 1)
    with unit_of_work(write=False):
        now = times(scope.location_id, TODAY)
        tomorrow = times(scope.location_id, day(1))
        early = times(scope.location_id, day(1), not_before=day(2))
    assert [(each.minute, each.free, each.why) for each in now] == [
        (630, 0, Why.NOTICE),
        (660, 0, Why.NOTICE),
        (690, 0, Why.FULL),
    ]
    assert all(each.reason for each in now)
    assert [(each.minute, each.free, each.reason) for each in tomorrow][:2] == [
        (540, 2, ""),
        (570, 3, ""),
    ]
    assert {each.reason for each in early} == {"Too early until 03/10/2027."}


def test_a_time_that_has_begun_is_over(scope: Scope) -> None:
    offer(scope)
    with unit_of_work(write=False):
        later = times(scope.location_id, TODAY, moment=NOW + timedelta(hours=2))
    assert [each.why for each in later if each.minute <= 12 * 60] == [Why.OVER] * 3


@pytest.mark.both_databases
def test_shares_are_kept_for_whom_they_are_for(scope: Scope) -> None:
    offer(scope, places=4, second_dose_share=25, walk_in_share=25)
    general, second = seen(scope, 1), seen(scope, 1, kinds=(SlotKind.GENERAL, SlotKind.SECOND))
    assert (general[0], second[0]) == (28, 42)
    take(scope.location_id, day(1), NINE, 2)
    with unit_of_work(write=False):
        first = times(scope.location_id, day(1), kinds=(SlotKind.GENERAL, SlotKind.SECOND))[0]
        plain = times(scope.location_id, day(1))[0]
    assert (first.free, plain.free, plain.why) == (1, 0, Why.FULL)
    with unit_of_work():
        assert services.claim(first.slot_id).kind == "second"


def test_the_next_free_day_passes_what_is_full_too_early_or_beyond(scope: Scope) -> None:
    offer(scope, weekly=((Hours(NINE, NINE + 30),),) * 7, horizon_days=5)

    def following(**options: object) -> date | None:
        with unit_of_work(write=False):
            return next_free_day(scope.location_id, **options)  # type: ignore[arg-type]

    assert following() == day(1)
    take(scope.location_id, day(1), NINE, 3)
    assert following() == day(2)
    assert following(not_before=day(4)) == day(4)
    assert following(not_before=day(6)) is None
    for number in range(2, 6):
        take(scope.location_id, day(number), NINE, 4)
    assert following() is None
    assert seen(scope, 1)[1] == "Full."


@pytest.mark.parametrize("zone", ["America/Phoenix", "Pacific/Honolulu"])
def test_where_no_clock_changes_the_days_are_as_any_other(scope: Scope, zone: str) -> None:
    move_to(scope.location_id, zone)
    offer(scope)
    with unit_of_work(write=False):
        found = days(scope.location_id, day(1), day(13))
    assert {each.free for each in found} == {42}


def test_a_month_is_four_statements_whatever_is_in_it(app: Flask, scope: Scope) -> None:
    offer(scope, horizon_days=90)
    with watched(app) as asked, unit_of_work(write=False):
        days(scope.location_id, date(2027, 3, 1), date(2027, 3, 31))
    assert len([each for each in asked if each.startswith("SELECT")]) == 4
