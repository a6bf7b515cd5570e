"""Hours, clock changes and shares, as values; random schedules against a slow plain model."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blueprints.scheduling.hours import clock_text, hours_text, parse_hours
from blueprints.scheduling.rules import (
    Hours,
    Key,
    Offered,
    Setup,
    SlotKind,
    SlotRow,
    SpecialDay,
    check,
    difference,
    misfits,
    moment_of,
    offered,
    shared,
    starts_of,
)
from portal.errors import Invalid

# The days on which clocks change in 2026 and 2027, and the zones that change them.
CHANGES = (date(2026, 3, 8), date(2026, 11, 1), date(2027, 3, 14), date(2027, 11, 7))
CHANGING = (
    *("America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles"),
    *("America/Anchorage", "America/Boise", "America/Detroit"),
)
STEADY = ("America/Phoenix", "Pacific/Honolulu", "America/Puerto_Rico")
NINE = Hours(9 * 60, 10 * 60)


def starts(zone: str, day: date, hours: Hours, minutes: int = 30) -> list[datetime]:
    setup = Setup(active=True, weekly=((hours,),) * 7, slot_minutes=minutes, places=1)
    return [key.starts_at for key, _slot in offered(setup, {}, ZoneInfo(zone), day, day)]


@pytest.mark.parametrize("zone", [*CHANGING, *STEADY])
@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_a_clinic_opens_at_the_same_hour_on_both_sides_of_a_change(zone: str, change: date) -> None:
    for number in range(-2, 3):
        day = change + timedelta(days=number)
        walls = [moment.astimezone(ZoneInfo(zone)) for moment in starts(zone, day, NINE)]
        assert [(wall.date(), wall.hour, wall.minute) for wall in walls] == [
            (day, 9, 0),
            (day, 9, 30),
        ]


@pytest.mark.parametrize("zone", CHANGING)
def test_the_hour_that_is_left_out_is_not_offered_and_the_doubled_one_once(zone: str) -> None:
    night = Hours(0, 4 * 60)
    for change in CHANGES:
        moments = starts(zone, change, night)
        walls = [moment.astimezone(ZoneInfo(zone)).strftime("%H:%M") for moment in moments]
        spring = change.month == 3
        expected = ["00:00", "00:30", "01:00", "01:30", "02:00", "02:30", "03:00", "03:30"]
        assert walls == [each for each in expected if not (spring and each.startswith("02"))]
        assert len(set(moments)) == len(moments)
        if not spring:  # the first of the two, in summer time
            first = moments[2].astimezone(ZoneInfo(zone))
            assert first.dst()
            assert not first.fold


@pytest.mark.parametrize("zone", STEADY)
def test_where_no_clock_changes_every_day_has_all_hours(zone: str) -> None:
    for change in CHANGES:
        assert len(starts(zone, change, Hours(0, 4 * 60))) == 8


def test_a_slot_ends_within_its_range() -> None:
    assert starts_of([Hours(540, 600), Hours(610, 640)], 30) == [540, 570, 610]
    assert starts_of([Hours(540, 599)], 30) == [540]


ranges = st.lists(st.integers(0, 48), min_size=0, max_size=6, unique=True).map(
    lambda ends: tuple(
        Hours(opens * 30, closes * 30)
        for opens, closes in zip(sorted(ends)[::2], sorted(ends)[1::2], strict=False)
    )
)
setups = st.builds(
    lambda weekly, minutes, places, shares: Setup(
        active=True,
        weekly=tuple(weekly),
        slot_minutes=minutes,
        places=places,
        second_dose_share=shares[0],
        walk_in_share=shares[1],
    ),
    st.lists(ranges, min_size=7, max_size=7),
    st.sampled_from([5, 10, 15, 20, 30, 45, 60]),
    st.integers(1, 12),
    st.tuples(st.integers(0, 50), st.integers(0, 50)),
)
firsts = st.sampled_from([each - timedelta(days=30) for each in CHANGES])
specials = st.dictionaries(
    st.integers(0, 59), st.builds(SpecialDay, st.just("why"), ranges), max_size=8
)


def plain(
    setup: Setup, special: dict[date, SpecialDay], zone: ZoneInfo, first: date
) -> dict[tuple[date, int], datetime]:
    """The slow model: walks through 60 days in steps of five minutes, and looks at the clock."""
    found: dict[tuple[date, int], datetime] = {}
    moment = datetime(first.year, first.month, first.day, tzinfo=zone).astimezone(UTC)
    end = first + timedelta(days=60)
    while (wall := moment.astimezone(zone)).date() < end:
        day, minute = wall.date(), wall.hour * 60 + wall.minute
        own = special.get(day)
        for each in own.hours if own else setup.weekly[day.weekday()]:
            whole = each.opens <= minute <= each.closes - setup.slot_minutes
            if whole and (minute - each.opens) % setup.slot_minutes == 0:
                found.setdefault((day, minute), moment)
        moment += timedelta(minutes=5)
    return found


@given(setups, specials, firsts, st.sampled_from([*CHANGING[:3], *STEADY[:2]]))
def test_random_schedules_over_60_days_are_those_of_a_slow_plain_model(
    setup: Setup, numbered: dict[int, SpecialDay], first: date, name: str
) -> None:
    zone = ZoneInfo(name)
    special = {first + timedelta(days=number): day for number, day in numbered.items()}
    wanted = dict(offered(setup, special, zone, first, first + timedelta(days=59)))
    model = plain(setup, special, zone, first)
    assert {(slot.day, slot.minute): key.starts_at for key, slot in wanted.items()} == model
    for day in {day for day, _minute in model}:
        here = [(key.kind, slot) for key, slot in wanted.items() if slot.day == day]
        times = len({slot.minute for _kind, slot in here})
        assert times
        for kind, percent in (
            (SlotKind.SECOND, setup.second_dose_share),
            (SlotKind.WALK_IN, setup.walk_in_share),
        ):
            places = sum(slot.places for each, slot in here if each == kind)
            own = special.get(day)
            all_starts = starts_of(
                own.hours if own else setup.weekly[day.weekday()], setup.slot_minutes
            )
            if len(all_starts) == times:  # no hour of it is left out
                assert abs(places - times * setup.places * percent / 100) <= 1
        for minute in {slot.minute for _kind, slot in here}:
            assert sum(s.places for _k, s in here if s.minute == minute) == setup.places


def test_shares_are_spread_over_the_day() -> None:
    assert shared(4, 1, 25, 0) == ((1, 0, 0), (1, 0, 0), (0, 1, 0), (1, 0, 0))
    assert shared(2, 4, 25, 25) == ((2, 1, 1),) * 2
    assert shared(1, 3, 0, 100) == ((0, 0, 3),)


MOMENT = datetime(2026, 12, 1, 14, tzinfo=UTC)
TODAY, LATER = date(2026, 12, 1), date(2026, 12, 20)


def key(hour: int = 0, kind: str = "general") -> Key:
    return Key(MOMENT + timedelta(hours=hour), kind)


def test_what_is_booked_stays_and_only_what_differs_is_written() -> None:
    wanted = {
        key(0): Offered(TODAY, 540, 3),
        key(1): Offered(TODAY, 600, 3),
        key(2): Offered(TODAY, 660, 3),
        key(3): Offered(LATER, 540, 3),
        key(4): Offered(LATER, 600, 3),
        key(5): Offered(LATER, 660, 3),
    }
    there = {
        key(0): SlotRow(1, TODAY, 540, 3, 1, True),
        key(1): SlotRow(2, TODAY, 600, 2, 2, True),
        key(3): SlotRow(4, LATER, 540, 3, 1, True),
        key(4): SlotRow(5, LATER, 600, 3, 0, True),
        key(6): SlotRow(7, TODAY, 780, 3, 1, True),
        key(7): SlotRow(8, TODAY, 840, 3, 1, False),
        key(8): SlotRow(9, TODAY, 900, 3, 0, False),
    }
    found = difference(wanted, there, TODAY)
    assert [each for each, _slot in found.add] == [key(2)]
    assert found.offer == {3: [2]}
    assert found.withdraw == [5, 7, 9]
    assert misfits(wanted, there) == 2


def test_a_booking_fits_whatever_kind_its_place_is_of_now() -> None:
    wanted = {key(): Offered(TODAY, 540, 1), key(0, "second"): Offered(TODAY, 540, 2)}
    there = {key(): SlotRow(1, TODAY, 540, 3, 3, True)}
    assert misfits(wanted, there) == 0
    there = {key(): SlotRow(1, TODAY, 540, 3, 4, True)}
    assert misfits(wanted, there) == 1


def test_no_moment_where_the_clock_never_shows_it() -> None:
    zone = ZoneInfo("America/New_York")
    assert moment_of(date(2027, 3, 14), 150, zone) is None
    assert moment_of(date(2027, 3, 14), 180, zone) == datetime(2027, 3, 14, 7, tzinfo=UTC)
    assert moment_of(date(2027, 11, 7), 90, zone) == datetime(2027, 11, 7, 5, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("closed", ""),
        ("8:00 AM – 12:00 PM, 1:00 PM – 5:00 PM", "8:00 AM – 12:00 PM, 1:00 PM – 5:00 PM"),
        ("1pm-5pm; 8am-noon", "8:00 AM – 12:00 PM, 1:00 PM – 5:00 PM"),
        ("8.30 a.m. to 4 p.m.", "8:30 AM – 4:00 PM"),
        ("13:00-17:30", "1:00 PM – 5:30 PM"),
        ("0:00 - 24:00", "12:00 AM – 12:00 AM"),
        ("6 pm until midnight", "6:00 PM – 12:00 AM"),
        ("9am-10am and 10am-11am", "9:00 AM – 10:00 AM, 10:00 AM – 11:00 AM"),
    ],
)
def test_hours_are_read_as_people_write_them(text: str, shown: str) -> None:
    assert hours_text(parse_hours(text)) == shown
    assert parse_hours(shown) == parse_hours(text)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("8-5", "Add AM or PM"),
        ("8am", "Enter hours such as"),
        ("8am-5pm-6pm", "Enter hours such as"),
        ("25:00-26:00", "Enter hours such as"),
        ("0 am - 1 am", "Enter hours such as"),
        ("8am-12:75pm", "Enter hours such as"),
        ("5pm-8am", "must end after it begins"),
        ("8am-1pm, 12pm-5pm", "overlap"),
        (", ".join(["8am-9am"] * 7), "Enter hours such as"),
    ],
)
def test_what_are_no_hours_is_refused_with_what_to_do(text: str, sentence: str) -> None:
    with pytest.raises(Invalid, match=sentence):
        parse_hours(text)


@given(ranges)
def test_every_range_can_be_written_and_read_back(hours: tuple[Hours, ...]) -> None:
    assert parse_hours(hours_text(hours)) == hours


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"weekly": ((),) * 7}, "active"),
        ({"second_dose_share": 60, "walk_in_share": 41}, "second_dose_share"),
        ({"latitude": 35.0}, "latitude"),
        ({"slot_minutes": 240}, "day_0"),
        (
            {
                "slot_minutes": 5,
                "weekly": ((Hours(0, 1440),),) * 7,
                "horizon_days": 180,
                "second_dose_share": 1,
            },
            "slot_minutes",
        ),
    ],
)
def test_what_cannot_be_offered_is_refused(changes: dict[str, object], field: str) -> None:
    values: dict[str, object] = {"active": True, "weekly": ((Hours(540, 720),),) * 7, **changes}
    with pytest.raises(Invalid) as refusal:
        check(Setup(**values))  # type: ignore[arg-type]
    assert refusal.value.field == field


def test_the_clock() -> None:
    assert [clock_text(each) for each in (0, 5, 545, 720, 1439, 1440)] == [
        *("12:00 AM", "12:05 AM", "9:05 AM"),
        *("12:00 PM", "11:59 PM", "12:00 AM"),
    ]
