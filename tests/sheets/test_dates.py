"""Dates: every way people and Excel write them."""

import calendar
from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.errors import Invalid
from portal.formats.codes import ParsedDate, parse_date

JUNE_30 = ParsedDate(date(2021, 6, 30), False)
JUNE = ParsedDate(date(2021, 6, 30), True)


@pytest.mark.parametrize(
    "written",
    [
        "6/30/2021",
        "06/30/2021",
        "6/30/21",
        "06-30-2021",
        "2021-06-30",
        "2021/6/30",
        "20210630",
        20210630,
        20210630.0,
        "2021-06-30T00:00:00",
        "2021-06-30 00:00:00.000",
        "6/30/2021 12:00:00 AM",
        "6/30/2021 0:00",
        "30-Jun-2021",
        "30-Jun-21",
        "30 June 2021",
        "June 30, 2021",
        "Jun 30 2021",
        "jun. 30, 2021",
        "June 30th, 2021",
        44377,
        44377.0,
        44377.75,
        "44377",
        "44377.5",
        datetime(2021, 6, 30, 13, 5),
        date(2021, 6, 30),
        "６/30/2021",
        " 6/30/2021 ",
    ],
)
def test_date(written: object) -> None:
    assert parse_date(written) == parse_date(written, allow_month=True) == JUNE_30


def test_serial_of_1904() -> None:
    assert parse_date(44377 - 1462, epoch_1904=True) == JUNE_30
    assert parse_date(str(44377 - 1462), epoch_1904=True) == JUNE_30


@pytest.mark.parametrize(
    "written",
    [
        "06/2021",
        "6/2021",
        "06-2021",
        "2021-06",
        "2021/6",
        "Jun 2021",
        "June 2021",
        "JUN-2021",
        "Jun. 2021",
        "June, 2021",
    ],
)
def test_month_alone_means_its_last_day(written: str) -> None:
    assert parse_date(written, allow_month=True) == JUNE
    with pytest.raises(Invalid, match="day is missing"):
        parse_date(written)


@pytest.mark.parametrize(("written", "day"), [("02/2024", 29), ("02/2100", 28), ("12/2021", 31)])
def test_last_day_of_a_month(written: str, day: int) -> None:
    assert parse_date(written, allow_month=True).day.day == day


@pytest.mark.parametrize(
    "written",
    [
        "",
        None,
        "tomorrow",
        "31/05/2021",
        "2/30/2021",
        "13/2021",
        "00/2021",
        "6/31/2021",
        "06/21",
        "Jun-21",
        "6.30.2021",
        "30.06.2021",
        "6/30/1999",
        "6/30/2101",
        "1999-12-31",
        "Foo 2021",
        "Foo 3, 2021",
        0,
        -1,
        1.5,
        36525,
        80000,
        1e309,
        float("nan"),
        -float("inf"),
        20211301,
        "20211301",
        True,
        time(12),
        timedelta(3),
        "6/30/202",
        "6/30-2021",
        "1" * 99,
        "6" * 200,
        10**400,
        datetime(1900, 1, 1),
        b"6/30/2021",
        "٦/30/2021",
    ],
)
def test_no_date(written: object) -> None:
    for allow_month in (False, True):
        with pytest.raises(Invalid, match="MM/DD/YYYY"):
            parse_date(written, allow_month=allow_month)


@given(st.dates(date(2000, 1, 1), date(2100, 12, 31)))
def test_every_day_in_every_style(day: date) -> None:
    serial = (day - date(1899, 12, 30)).days
    named = f"{calendar.month_name[day.month]} {day.day}, {day.year}"
    for written in (
        f"{day.month}/{day.day}/{day.year}",
        f"{day:%m/%d/%Y}",
        day.isoformat(),
        f"{day:%Y%m%d}",
        named,
        f"{day:%d-%b-%Y}",
        serial,
        str(serial),
        float(serial),
        day,
        datetime(day.year, day.month, day.day, 23, 59),
    ):
        assert parse_date(written) == (day, False)
    assert parse_date(serial - 1462, epoch_1904=True) == (day, False)
    last = calendar.monthrange(day.year, day.month)[1]
    assert parse_date(f"{day:%m/%Y}", allow_month=True) == (day.replace(day=last), True)


@pytest.mark.parametrize("year", ["0000", "0001", "0021", "0099", "0999", "1800", "1999", "9999"])
@pytest.mark.parametrize(
    "written", ["01/02/{}", "{}-01-02", "1-2-{}", "2-Jan-{}", "Jan 2, {}", "01/{}", "Jan {}"]
)
def test_a_year_is_read_as_it_is_written_and_the_years_that_are_accepted_are_named(
    year: str, written: str
) -> None:
    with pytest.raises(Invalid, match=f"The year {year} is not accepted, only 2000 to 2100"):
        parse_date(written.format(year), allow_month=True)


@pytest.mark.parametrize("day", [date(1, 1, 2), date(21, 1, 2), date(1800, 1, 2), date.max])
def test_a_cell_that_is_a_day_already_is_no_exception(day: date) -> None:
    for cell in (day, datetime(day.year, day.month, day.day)):
        with pytest.raises(Invalid, match=f"The year {day.year:04} is not accepted"):
            parse_date(cell)
