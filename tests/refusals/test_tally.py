"""Refusals are counted in a bounded number of rows, whatever strangers do. Pure."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from portal.refusals import tally
from portal.refusals.rules import LOOK_BACK, MANY, hour_of, unusual_hour
from portal.refusals.tally import SEVERAL, Refused, Tally

NOON = datetime(2021, 3, 1, 12, 17, tzinfo=UTC)
STRANGER = Refused(
    hour=hour_of(NOON),
    user_id=0,
    who="Visitor",
    address="0a1b2c3d",
    kind="dead_link",
    endpoint="links.reset_password",
    location_id=0,
    place="",
)
USER = replace(STRANGER, user_id=7, who="jane", kind="elsewhere", location_id=3, place="Clinic")


def test_the_same_refusals_are_one_row_with_their_number() -> None:
    counted = Tally()
    for minute in (3, 1, 2):
        counted.add(STRANGER, NOON + timedelta(minutes=minute))
    counted.add(replace(STRANGER, kind="not_found"), NOON)
    taken = counted.take()
    assert {one.kind: times.number for one, times in taken.items()} == {
        "dead_link": 3,
        "not_found": 1,
    }
    assert taken[STRANGER].last_at == NOON + timedelta(minutes=3)
    assert counted.take() == {}


def test_no_number_of_addresses_makes_more_than_so_many_rows() -> None:
    counted = Tally()
    for number in range(5_000):
        counted.add(replace(STRANGER, address=f"{number:08x}"), NOON)
    taken = counted.take()
    assert len(taken) == tally.OF_VISITORS + 1
    rest = replace(STRANGER, address=SEVERAL, endpoint=SEVERAL)
    assert taken[rest].number == 5_000 - tally.OF_VISITORS
    assert sum(times.number for times in taken.values()) == 5_000, "every one is counted"


def test_no_number_of_pages_of_one_address_takes_the_place_of_others() -> None:
    counted = Tally()
    for number in range(1_000):
        counted.add(replace(STRANGER, endpoint=f"page.{number}"), NOON)
    counted.add(replace(STRANGER, address="ffffffff"), NOON)
    taken = counted.take()
    assert len(taken) == tally.PER_ADDRESS + 2
    assert taken[replace(STRANGER, endpoint=SEVERAL)].number == 1_000 - tally.PER_ADDRESS
    assert replace(STRANGER, address="ffffffff") in taken


def test_strangers_leave_the_room_of_users_alone_and_each_user_has_its_own() -> None:
    counted = Tally()
    for number in range(1_000):
        counted.add(replace(STRANGER, address=f"{number:08x}"), NOON)
        counted.add(replace(USER, address=f"{number:08x}"), NOON)
    other = replace(USER, user_id=8)
    counted.add(other, NOON)
    taken = counted.take()
    of_user = [one for one in taken if one.user_id == 7]
    assert len(of_user) == tally.PER_USER + 1
    assert taken[other].number == 1


def test_each_hour_has_room_again_and_writing_in_between_gives_none() -> None:
    counted = Tally()
    for turn in range(3):
        for number in range(tally.OF_VISITORS):
            address = f"{turn:02x}{number:06x}"
            counted.add(replace(STRANGER, address=address), NOON)
        taken = counted.take()
        assert len(taken) == (1 if turn else tally.OF_VISITORS)
    later = NOON + timedelta(hours=1)
    counted.add(replace(STRANGER, hour=hour_of(later), address="ffffffff"), later)
    assert [one.address for one in counted.take()] == ["ffffffff"]


def test_what_could_not_be_written_is_counted_again_and_memory_ends() -> None:
    counted = Tally()
    counted.add(STRANGER, NOON)
    taken = counted.take()
    counted.add(STRANGER, NOON + timedelta(minutes=1))
    counted.put_back(taken)
    again = counted.take()
    assert again[STRANGER].number == 2
    assert again[STRANGER].last_at == NOON + timedelta(minutes=1)
    hours = (NOON + timedelta(hours=number) for number in range(tally.MOST_WAITING + 100))
    for moment in hours:
        counted.add(replace(STRANGER, hour=hour_of(moment)), moment)
    assert len(counted.take()) == tally.MOST_WAITING


def test_an_hour_is_unusual_by_its_number_and_by_what_is_usual() -> None:
    now = hour_of(NOON)

    def hours(*pairs: tuple[int, int]) -> dict[datetime, int]:
        return {now - timedelta(hours=ago): times for ago, times in pairs}

    assert unusual_hour({}, NOON) is None
    assert unusual_hour(hours((2, MANY - 1)), NOON) is None
    assert unusual_hour(hours((2, MANY), (5, MANY + 1), (0, 3)), NOON) == now - timedelta(hours=5)
    assert unusual_hour(hours((24 * 3 + 2, 1_000)), NOON) is None, "three days ago"
    busy = hours(*((ago, 40) for ago in range(LOOK_BACK // timedelta(hours=1))))
    assert unusual_hour({**busy, now: 150}, NOON) is None
    assert unusual_hour({**busy, now: 250}, NOON) == now
