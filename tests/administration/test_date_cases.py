"""Days on which a dose may be given: ages, intervals, expiration, time zones (SPEC G10).

Born on 29 February, born today, expiry today, yesterday and of a month only, a clinic's evening
when it is tomorrow in UTC already; and dates of a second dose by the CDC's four days of grace.
"""

import csv
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import product

import pytest

from blueprints.administration.rules import (
    ensure_happened,
    local_day,
    may_correct,
    minute_of,
    moment_of,
    observe_minutes,
    sheet_day_fits,
)
from portal.catalog.ages import age_in_years, day_after_last, day_of_age, first_day, months_on
from portal.catalog.screening import all_sets, fact_sheet_on, questions_for
from portal.catalog.services import PRODUCTS
from portal.catalog.stops import (
    GivenDose,
    Level,
    LotState,
    PlannedDose,
    StopCode,
    Vaccine,
    judge,
    next_number,
)
from portal.catalog.windows import window
from portal.errors import Invalid

NEW_YORK, HONOLULU = "America/New_York", "Pacific/Honolulu"
ADULT = date(1980, 5, 5)


@dataclass(frozen=True)
class Facts:
    """What a line of the product file says."""

    series_doses: int | None
    recommended_interval_days: str
    grace_days: int | None
    absolute_min_interval_days: str
    max_recommended_interval_days: str
    min_age_years: str
    max_age_years: str


def line(key: str) -> dict[str, str]:
    with PRODUCTS.open(encoding="utf-8", newline="") as file:
        return next(each for each in csv.DictReader(file) if each["product_key"] == key)


def facts(key: str) -> Facts:
    found = line(key)
    return Facts(
        int(found["series_doses"]),
        found["recommended_interval_days"],
        int(found["grace_days"]) if found["grace_days"] else None,
        found["absolute_min_interval_days"],
        found["max_recommended_interval_days"],
        found["min_age_years"],
        found["max_age_years"],
    )


def vaccine(key: str) -> Vaccine:
    found = line(key)
    return Vaccine(
        name=found["trade_name"],
        cvx=found["cvx"],
        group=found["vaccine_group"],
        interchangeable_with=found["interchangeable_with"],
    )


def given(key: str, number: int, day: date) -> GivenDose:
    return GivenDose(vaccine=vaccine(key), number=number, day=day, facts=facts(key))


def codes(
    key: str,
    number: int,
    day: date,
    *history: GivenDose,
    born: date = ADULT,
    lot: LotState | None = None,
) -> set[str]:
    """The codes of what speaks against a dose."""
    planned = PlannedDose(
        vaccine=vaccine(key), number=number, day=day, facts=facts(key), birth_date=born, lot=lot
    )
    return {str(one.code) for one in judge(planned, history)}


MODERNA, PFIZER, GRAY, ORANGE, MAROON, JANSSEN, FLU = (
    *("MOD-RED-10", "PFR-PURPLE-2021-01", "PFR-GRAY", "PFR-ORANGE", "PFR-MAROON", "JSN-5"),
    "FLUZONE-TIV-MDV-2526",
)


@pytest.mark.parametrize(
    ("born", "months", "day"),
    [
        (date(2008, 2, 29), 144, date(2020, 2, 29)),
        (date(2008, 2, 29), 156, date(2021, 3, 1)),
        (date(2008, 2, 29), 192, date(2024, 2, 29)),
        (date(2004, 2, 29), 216, date(2022, 3, 1)),
        (date(2021, 8, 31), 6, date(2022, 3, 1)),
        (date(2021, 8, 28), 6, date(2022, 2, 28)),
        (date(2023, 8, 29), 6, date(2024, 2, 29)),
        (date(2021, 12, 31), 6, date(2022, 7, 1)),
        (date(2020, 1, 1), 0, date(2020, 1, 1)),
        (date(1999, 12, 31), 12, date(2000, 12, 31)),
    ],
)
def test_the_day_somebody_comes_of_age(born: date, months: int, day: date) -> None:
    assert day_of_age(born, months) == day


@pytest.mark.parametrize(
    ("born", "day", "years"),
    [
        (date(2008, 2, 29), date(2021, 2, 28), 12),
        (date(2008, 2, 29), date(2021, 3, 1), 13),
        (date(2021, 3, 5), date(2021, 3, 5), 0),
        (date(1950, 1, 31), date(2026, 1, 30), 75),
        (date(1950, 1, 31), date(2026, 1, 31), 76),
    ],
)
def test_age_in_years(born: date, day: date, years: int) -> None:
    assert age_in_years(born, day) == years


@pytest.mark.parametrize(
    ("text", "day", "months"),
    [
        ("16", date(2021, 1, 1), 192),
        ("16 (12 from 2021-05)", date(2021, 4, 30), 192),
        ("16 (12 from 2021-05)", date(2021, 5, 1), 144),
        ("18 (12 from 2022-08)", date(2022, 8, 1), 144),
        ("0.5", date(2022, 6, 18), 6),
        ("", date(2022, 6, 18), None),
    ],
)
def test_ages_have_dates(text: str, day: date, months: int | None) -> None:
    assert months_on(text, day) == months


@pytest.mark.parametrize(
    ("key", "born", "day", "expected"),
    [
        # The day before the birthday, and the birthday.
        (MODERNA, date(2003, 3, 2), date(2021, 3, 1), StopCode.TOO_YOUNG),
        (MODERNA, date(2003, 3, 1), date(2021, 3, 1), None),
        # Born on 29 February: of age on 1 March where there is none.
        (MODERNA, date(2004, 2, 29), date(2022, 2, 28), StopCode.TOO_YOUNG),
        (MODERNA, date(2004, 2, 29), date(2022, 3, 1), None),
        (PFIZER, date(2008, 2, 29), date(2021, 4, 30), StopCode.TOO_YOUNG),
        (PFIZER, date(2008, 2, 29), date(2021, 5, 1), None),
        # Born today, and half a year old.
        (MAROON, date(2022, 7, 1), date(2022, 7, 1), StopCode.TOO_YOUNG),
        (MAROON, date(2022, 1, 2), date(2022, 7, 1), StopCode.TOO_YOUNG),
        (MAROON, date(2022, 1, 1), date(2022, 7, 1), None),
        (MAROON, date(2021, 8, 31), date(2022, 2, 28), StopCode.TOO_YOUNG),
        # Through the day before the fifth birthday.
        (MAROON, date(2017, 7, 2), date(2022, 7, 1), None),
        (MAROON, date(2017, 7, 1), date(2022, 7, 1), StopCode.TOO_OLD),
        # From 5 to 11: through the day before the twelfth birthday.
        (ORANGE, date(2016, 11, 10), date(2021, 11, 9), StopCode.TOO_YOUNG),
        (ORANGE, date(2016, 11, 9), date(2021, 11, 9), None),
        (ORANGE, date(2009, 11, 10), date(2021, 11, 9), None),
        (ORANGE, date(2009, 11, 9), date(2021, 11, 9), StopCode.TOO_OLD),
        (ORANGE, date(2008, 2, 29), date(2020, 2, 28), None),
        (ORANGE, date(2008, 2, 29), date(2020, 2, 29), StopCode.TOO_OLD),
    ],
)
def test_too_young_and_too_old(key: str, born: date, day: date, expected: StopCode | None) -> None:
    ages = {str(StopCode.TOO_YOUNG), str(StopCode.TOO_OLD)}
    assert codes(key, 1, day, born=born) & ages == ({str(expected)} if expected else set())


DAY = date(2021, 3, 1)


@pytest.mark.parametrize(
    ("key", "days", "expected"),
    [
        # Situation 12: a dose 2 after 28 days is not given on day 23, and counts from day 24.
        (MODERNA, 0, StopCode.TOO_EARLY),
        (MODERNA, 23, StopCode.TOO_EARLY),
        (MODERNA, 24, StopCode.IN_GRACE),
        (MODERNA, 27, StopCode.IN_GRACE),
        (MODERNA, 28, None),
        (MODERNA, 42, None),
        (MODERNA, 43, StopCode.LATE),
        (PFIZER, 16, StopCode.TOO_EARLY),
        (PFIZER, 17, StopCode.IN_GRACE),
        (PFIZER, 20, StopCode.IN_GRACE),
        (PFIZER, 21, None),
        (PFIZER, 42, None),
        (PFIZER, 43, StopCode.LATE),
        (GRAY, 17, StopCode.IN_GRACE),
        ("NVX-10", 400, None),
    ],
)
def test_intervals(key: str, days: int, expected: StopCode | None) -> None:
    found = codes(key, 2, DAY + timedelta(days=days), given(key, 1, DAY))
    intervals = {str(StopCode.TOO_EARLY), str(StopCode.IN_GRACE), str(StopCode.LATE)}
    assert found & intervals == ({str(expected)} if expected else set())


@pytest.mark.parametrize(
    ("first", "second"),
    [
        # By the CDC's rule for the two-dose primary series a second dose four days early is valid,
        # five days early is not; across the end of February, of a leap year too.
        (date(2020, 12, 14), date(2020, 12, 31)),
        (date(2020, 12, 18), date(2021, 1, 4)),
        (date(2021, 2, 11), date(2021, 2, 28)),
        (date(2021, 2, 12), date(2021, 3, 1)),
        (date(2024, 2, 12), date(2024, 2, 29)),
        (date(2021, 12, 15), date(2022, 1, 1)),
    ],
)
def test_four_days_of_grace_for_dose_2_of_pfizer(first: date, second: date) -> None:
    before = second - timedelta(days=1)
    assert str(StopCode.TOO_EARLY) not in codes(PFIZER, 2, second, given(PFIZER, 1, first))
    assert str(StopCode.TOO_EARLY) in codes(PFIZER, 2, before, given(PFIZER, 1, first))


def test_three_doses_have_intervals_of_their_own() -> None:
    born = date(2019, 1, 1)
    two = given(MAROON, 1, date(2022, 7, 1)), given(MAROON, 2, date(2022, 7, 22))
    early, due = date(2022, 9, 11), date(2022, 9, 12)
    assert str(StopCode.TOO_EARLY) in codes(MAROON, 3, early, *two, born=born)
    assert str(StopCode.TOO_EARLY) not in codes(MAROON, 3, due, *two, born=born)
    three = *two, given(MAROON, 3, date(2022, 9, 16))
    assert str(StopCode.COMPLETE) in codes(MAROON, 4, date(2023, 1, 1), *three, born=born)


@pytest.mark.parametrize(
    ("expires", "day", "expected"),
    [
        (date(2021, 3, 1), date(2021, 2, 28), set()),
        (date(2021, 3, 1), date(2021, 3, 1), set()),
        (date(2021, 3, 1), date(2021, 3, 2), {"expired"}),
        # Of a month only: kept as its last day.
        (date(2021, 2, 28), date(2021, 2, 28), set()),
        (date(2021, 2, 28), date(2021, 3, 1), {"expired"}),
        (date(2024, 2, 29), date(2024, 2, 29), set()),
        (date(2020, 12, 31), date(2021, 1, 1), {"expired"}),
    ],
)
def test_a_lot_may_be_used_through_its_day(expires: date, day: date, expected: set[str]) -> None:
    lot = LotState(name="L1", expiration_date=expires)
    assert codes(PFIZER, 1, day, lot=lot) == expected


@pytest.mark.parametrize(
    ("utc", "zone", "expected"),
    [
        # A clinic's evening, when it is tomorrow in UTC already: the lot of today may be used.
        (datetime(2021, 3, 2, 0, 30, tzinfo=UTC), NEW_YORK, date(2021, 3, 1)),
        (datetime(2021, 3, 2, 4, 59, tzinfo=UTC), NEW_YORK, date(2021, 3, 1)),
        (datetime(2021, 3, 2, 5, 0, tzinfo=UTC), NEW_YORK, date(2021, 3, 2)),
        (datetime(2021, 3, 2, 9, 59, tzinfo=UTC), HONOLULU, date(2021, 3, 1)),
        (datetime(2021, 7, 2, 3, 59, tzinfo=UTC), NEW_YORK, date(2021, 7, 1)),
        (datetime(2024, 3, 1, 2, 0, tzinfo=UTC), NEW_YORK, date(2024, 2, 29)),
    ],
)
def test_the_day_is_the_clinic_s(utc: datetime, zone: str, expected: date) -> None:
    assert local_day(utc, zone) == expected
    lot = LotState(name="L1", expiration_date=expected)
    assert codes(PFIZER, 1, local_day(utc, zone), lot=lot, born=ADULT) == set()


@pytest.mark.parametrize(
    ("day", "minute", "expected"),
    [
        (date(2021, 3, 14), 60, datetime(2021, 3, 14, 6, 0, tzinfo=UTC)),
        (date(2021, 3, 14), 180, datetime(2021, 3, 14, 7, 0, tzinfo=UTC)),
        # 1:30 AM comes twice: the first.
        (date(2021, 11, 7), 90, datetime(2021, 11, 7, 5, 30, tzinfo=UTC)),
        (date(2021, 7, 1), 23 * 60 + 59, datetime(2021, 7, 2, 3, 59, tzinfo=UTC)),
    ],
)
def test_wall_time_becomes_a_moment(day: date, minute: int, expected: datetime) -> None:
    assert moment_of(day, minute, NEW_YORK) == expected


def test_a_time_that_the_clocks_skip_is_refused() -> None:
    with pytest.raises(Invalid, match="skipped"):
        moment_of(date(2021, 3, 14), 150, NEW_YORK)


@pytest.mark.parametrize(
    ("text", "minute"),
    [("2:05 PM", 845), ("2:05pm", 845), ("14:05", 845), ("12:00 AM", 0), ("12 PM", 720)],
)
def test_times_of_day(text: str, minute: int) -> None:
    assert minute_of(text) == minute


@pytest.mark.parametrize("text", ["", "9", "25:00", "13:00 PM", "0:30 AM", "9:60", "soon"])
def test_no_time_of_day(text: str) -> None:
    with pytest.raises(Invalid):
        minute_of(text)


def test_not_in_the_future_and_not_before_birth() -> None:
    now = datetime(2021, 3, 2, 0, 30, tzinfo=UTC)
    ensure_happened(now, now, date(2021, 3, 1), NEW_YORK)  # born today
    with pytest.raises(Invalid, match="before the person was born"):
        ensure_happened(now, now, date(2021, 3, 2), NEW_YORK)
    with pytest.raises(Invalid, match="in the future"):
        ensure_happened(now + timedelta(minutes=2), now, ADULT, NEW_YORK)


def test_another_product_stops_and_an_interchangeable_one_does_not() -> None:
    late = DAY + timedelta(days=30)
    assert str(StopCode.OTHER_PRODUCT) in codes(MODERNA, 2, late, given(PFIZER, 1, DAY))
    assert str(StopCode.OTHER_PRODUCT) not in codes(GRAY, 2, late, given(PFIZER, 1, DAY))
    assert str(StopCode.OTHER_PRODUCT) not in codes("MOD-RED-15", 2, late, given(MODERNA, 1, DAY))
    # A vaccine against something else does not matter.
    assert codes(MODERNA, 1, late, given(FLU, 1, late)) == set()
    assert next_number([given(FLU, 1, DAY), given(MODERNA, 1, DAY)], "COVID-19") == 2


def test_a_series_of_one_dose_is_complete() -> None:
    late = DAY + timedelta(days=300)
    assert str(StopCode.COMPLETE) in codes(JANSSEN, 2, late, given(JANSSEN, 1, DAY))


def test_a_number_beyond_the_series_is_a_stop_whatever_is_recorded_before() -> None:
    later = DAY + timedelta(days=30)
    assert str(StopCode.COMPLETE) in codes(MODERNA, 3, later, given(MODERNA, 1, DAY))
    assert str(StopCode.COMPLETE) in codes(MODERNA, 3, DAY)
    assert str(StopCode.COMPLETE) in codes(JANSSEN, 2, DAY)
    assert str(StopCode.COMPLETE) not in codes(MODERNA, 2, later, given(MODERNA, 1, DAY))
    twice = given(MODERNA, 1, DAY), given(MODERNA, 1, later)
    assert str(StopCode.COMPLETE) in codes(MODERNA, 3, later + timedelta(days=30), *twice)
    assert str(StopCode.COMPLETE) not in codes(MODERNA, 2, later)


def test_the_same_dose_twice_is_a_warning() -> None:
    planned = PlannedDose(
        vaccine=vaccine(MODERNA),
        number=1,
        day=DAY + timedelta(days=30),
        facts=facts(MODERNA),
        birth_date=ADULT,
    )
    (found,) = judge(planned, [given(MODERNA, 1, DAY)])
    assert (found.code, found.level) == (StopCode.SAME_DOSE, Level.WARNING)


def test_a_dose_that_is_missing_is_a_warning() -> None:
    assert codes(MODERNA, 2, DAY) == {str(StopCode.MISSING_DOSE)}


def test_the_dose_after_a_corrected_one_is_looked_at() -> None:
    after = given(MODERNA, 2, DAY + timedelta(days=28))
    assert codes(MODERNA, 1, DAY, after) == set()
    assert codes(MODERNA, 1, DAY + timedelta(days=10), after) == {str(StopCode.LATER_TOO_EARLY)}


def test_giving_and_booking_agree_about_every_day() -> None:
    """What is offered to be booked may be given, and what is not may not (situation 12)."""
    for key, days in product((MODERNA, PFIZER, GRAY), range(60)):
        days_of = window(facts(key), 2, DAY)
        assert days_of is not None
        day = DAY + timedelta(days=days)
        stopped = str(StopCode.TOO_EARLY) in codes(key, 2, day, given(key, 1, DAY))
        assert stopped == (day < days_of.earliest)


def test_answers_stop_or_warn() -> None:
    asked = questions_for([("207", "COVID-19")], ADULT, date(2021, 8, 1))
    said = {one.code: "no" for one in asked}
    planned = PlannedDose(
        vaccine=vaccine(MODERNA),
        number=1,
        day=date(2021, 8, 1),
        facts=facts(MODERNA),
        birth_date=ADULT,
        questions=asked,
    )

    def found(**more: str) -> list[tuple[str, str]]:
        answered = PlannedDose(**{**planned.__dict__, "answers": {**said, **more}})
        return [(str(one.code), str(one.level)) for one in judge(answered, [])]

    assert found() == []
    assert found(severe_allergy="yes") == [("contraindicated", "stop")]
    assert found(severe_allergy="unsure") == [("precaution", "warning")]
    assert found(severe_allergy="") == [("precaution", "stop")]
    assert found(sick="yes", heart="unsure") == [("precaution", "warning")] * 2


def test_questions_are_those_of_day_age_and_product() -> None:
    def asked(cvx: str, group: str, born: date, day: date) -> set[str]:
        return {one.code for one in questions_for([(cvx, group)], born, day)}

    spring, fall = date(2021, 6, 30), date(2021, 7, 1)
    assert "heart" not in asked("207", "COVID-19", ADULT, spring)
    assert "heart" in asked("207", "COVID-19", ADULT, fall)
    assert "clots" in asked("212", "COVID-19", ADULT, fall)
    assert "clots" not in asked("207", "COVID-19", ADULT, fall)
    assert "pregnant" not in asked("207", "COVID-19", date(2015, 1, 1), fall)
    assert asked("141", "FLU", ADULT, fall) == {"sick", "flu_allergy", "guillain_barre"}


def test_every_question_is_in_english_and_spanish() -> None:
    for one in (question for each in all_sets() for question in each.questions):
        assert one.words["en"].endswith("?")
        assert one.words["es"].startswith("¿")


def test_fact_sheets_have_editions() -> None:
    assert fact_sheet_on("COVID-19", date(2021, 3, 1)).startswith("EUA")
    assert fact_sheet_on("COVID-19", date(2024, 1, 1)).endswith("10/19/2023")
    assert fact_sheet_on("FLU", date(2026, 1, 1)).endswith("01/31/2025")
    assert fact_sheet_on("MEASLES", date(2026, 1, 1)) == ""
    assert sheet_day_fits(DAY, DAY, ADULT)
    assert not sheet_day_fits(DAY + timedelta(days=1), DAY, ADULT)


def test_how_long_somebody_is_observed() -> None:
    assert observe_minutes([("sick", "yes"), ("other_allergy", "no")]) == 15
    assert observe_minutes([("other_allergy", "unsure")]) == 30


def test_who_may_correct() -> None:
    assert may_correct(handles_all=False, own=True, recorded_on=DAY, today=DAY)
    later = DAY + timedelta(days=1)
    assert not may_correct(handles_all=False, own=True, recorded_on=DAY, today=later)
    assert not may_correct(handles_all=False, own=False, recorded_on=DAY, today=DAY)
    assert may_correct(handles_all=True, own=False, recorded_on=DAY, today=later)


def test_the_last_day_of_an_age() -> None:
    assert first_day(ADULT, "", DAY) is None
    assert day_after_last(ADULT, "", DAY) is None
    assert first_day(date(2010, 1, 1), "5", DAY) == date(2015, 1, 1)
