"""How long a vial may be used, and which vial a dose came from."""

from datetime import UTC, date, datetime, timedelta

import pytest

from blueprints.vials.rules import Punctured, left_in, limit_of, vial_of

DAY = date(2021, 1, 4)
NINE = datetime(2021, 1, 4, 14, tzinfo=UTC)
HOURS = timedelta(hours=1)


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("6 hours", 6),
        ("6 h", 6),
        ("12 h after first puncture", 12),
        ("12 h after dilution", 12),
        ("6 h at 2..25 C after dilution", 6),
        ("12 h at 2..25 C", 12),
        ("90 minutes", 1.5),
        ("28 days", 672),
        ("6 h (12 h from 2021-04)", 6),
    ],
)
def test_a_limit_of_one_duration_is_read(text: str, hours: float) -> None:
    assert limit_of(text, DAY) == hours * HOURS


@pytest.mark.parametrize(
    "text",
    [
        "",
        "6",
        "0 h",
        "hours",
        "about 6 h",
        "6 h or so",
        "6 h at 2..8 C or 2 h at <=25 C (not cumulative)",
        "6 h at 2..25 C (12 h on later labels)",
        "6 h, refrigerated",
        "until expiry",
        "1000 h",
        "6 h after first puncture after dilution",
    ],
)
def test_what_leaves_a_choice_stays_unknown(text: str) -> None:
    assert limit_of(text, DAY) is None


def test_a_longer_limit_counts_after_the_month_it_began_in() -> None:
    text = "6 h (12 h from 2021-04)"
    days = [date(2021, 3, 31), date(2021, 4, 1), date(2021, 4, 30), date(2021, 5, 1)]
    assert [limit_of(text, day) for day in days] == [6 * HOURS, 6 * HOURS, 6 * HOURS, 12 * HOURS]


def punctured(
    number: int, at: datetime, *, hours: int | None = 6, empty: bool = False
) -> Punctured:
    over = at + hours * HOURS if hours else None
    return Punctured(number, at, over, same_day=at.date() == NINE.date(), empty=empty)


def test_a_dose_comes_from_the_vial_punctured_first() -> None:
    vials = [punctured(2, NINE + HOURS), punctured(1, NINE)]
    assert vial_of(vials, NINE + 2 * HOURS, 6 * HOURS) == 1


def test_a_dose_never_comes_from_a_vial_whose_time_is_over() -> None:
    vials = [punctured(1, NINE)]
    moments = [NINE, NINE + 6 * HOURS - timedelta(seconds=1), NINE + 6 * HOURS]
    assert [vial_of(vials, at, 6 * HOURS) for at in moments] == [1, 1, None]


def test_an_empty_vial_gives_no_dose() -> None:
    assert vial_of([punctured(1, NINE, empty=True)], NINE + HOURS, 6 * HOURS) is None


def test_a_dose_recorded_late_is_of_the_vial_noted_since_if_the_limit_allows_it() -> None:
    vials = [punctured(1, NINE)]
    assert vial_of(vials, NINE - HOURS, 6 * HOURS) == 1
    assert vial_of(vials, NINE - 6 * HOURS, 6 * HOURS) is None


def test_without_a_limit_a_dose_recorded_late_is_of_a_vial_of_its_day() -> None:
    assert vial_of([punctured(1, NINE, hours=None)], NINE - HOURS, None) == 1
    next_day = [punctured(1, NINE + 24 * HOURS, hours=None)]
    assert vial_of(next_day, NINE, None) is None


def test_no_vial_holds_more_than_the_record_has() -> None:
    assert left_in(10, 4, 0, 100) == 6
    assert left_in(10, 4, 5, 100) == 1
    assert left_in(10, 4, 0, 2) == 2
    assert left_in(10, 4, 7, 100) == 0
    assert left_in(None, 4, 0, 3) == 3


def test_whoever_gives_a_dose_takes_it_from_their_own_vial() -> None:
    own = Punctured(2, NINE + HOURS, NINE + 7 * HOURS, same_day=True, empty=False, own=True)
    assert vial_of([punctured(1, NINE), own], NINE + 2 * HOURS, 6 * HOURS) == 2
    # Not before it was opened, not once it is empty.
    assert vial_of([punctured(1, NINE), own], NINE + 8 * HOURS, 6 * HOURS) is None
    empty = Punctured(2, NINE, NINE + 7 * HOURS, same_day=True, empty=True, own=True)
    assert vial_of([punctured(1, NINE), empty], NINE + 2 * HOURS, 6 * HOURS) == 1
