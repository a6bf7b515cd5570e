"""The calendar component: names, reasons, weight."""

from datetime import date, timedelta

import brotli
import pytest
from flask import Flask, get_template_attribute

from blueprints.scheduling.calendar import hours_of, month_bounds, month_of
from blueprints.scheduling.queries import Day, Time, Why
from portal.clock import now
from portal.web.calendar import Month
from tests.client import Element, parse

MARCH = date(2027, 3, 1)


def month(days: list[Day], chosen: date | None = None) -> Month:
    return month_of(
        days,
        lambda day: f"/book/locations/1?day={day}",
        chosen=chosen,
        earlier="/book/locations/1?month=2027-02",
        later="/book/locations/1?month=2027-04",
    )


def days() -> list[Day]:
    """A month of all kinds of days."""
    found = []
    for number in range(31):
        day = MARCH + timedelta(days=number)
        if day.weekday() > 4:
            found.append(Day(day, 0, "Closed.", Why.CLOSED))
        elif number < 3:
            found.append(Day(day, 0, "Too early until 03/04/2027.", Why.EARLY))
        elif number % 5 == 0:
            found.append(Day(day, 0, "Full.", Why.FULL))
        else:
            found.append(Day(day, number % 90 + 1, ""))
    return found


def html(app: Flask, shown: Month) -> str:
    with app.test_request_context():
        return str(get_template_attribute("components/calendar.html", "calendar")(shown))


def cells(app: Flask, shown: Month) -> list[Element]:
    return parse(html(app, shown)).one("ol", class_="days").all("li")


def test_a_day_that_can_be_chosen_is_a_link_with_its_name(app: Flask) -> None:
    (link,) = cells(app, month(days(), MARCH + timedelta(days=4)))[4].all("a")
    assert link.one("span", class_="sr").text == "Friday, March 5: 5 places"
    assert link.attributes["href"] == "/book/locations/1?day=2027-03-05"
    assert link.attributes["aria-current"] == "date"


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1, "Monday, March 1: Too early until 03/04/2027."),
        (6, "Saturday, March 6: Closed."),
        (11, "Thursday, March 11: Full."),
    ],
)
def test_a_day_that_cannot_says_why_and_is_no_link(app: Flask, number: int, text: str) -> None:
    cell = cells(app, month(days()))[number - 1]
    assert cell.all("a") == []
    assert cell.one("span", class_="sr").text == text


def test_a_reason_that_has_no_room_in_its_cell_is_below_once(app: Flask) -> None:
    page = parse(html(app, month(days())))
    assert [each.text for each in page.all("p", class_="small")] == ["Too early until 03/04/2027."]


@pytest.mark.parametrize(
    ("first", "column"), [(date(2027, 8, 1), 1), (MARCH, 2), (date(2027, 5, 1), 7)]
)
def test_the_month_begins_below_its_day_of_the_week(first: date, column: int) -> None:
    start, end = month_bounds(first)
    shown = month([Day(start, 1, ""), Day(end, 1, "")])
    assert shown.start == column
    assert shown.weekdays[0] == "Sun"


def test_a_month_weighs_little(app: Flask) -> None:
    text = html(app, month(days()))
    assert len(brotli.compress(text.encode(), quality=4)) < 1_500


def test_a_script_of_less_than_a_kilobyte_moves_between_the_days() -> None:
    from portal.web.assets import ROOT, minified_script

    script = (ROOT / "js" / "calendar.js").read_text("utf-8")
    assert len(minified_script(script)) < 1_000


def test_hours_are_links_or_say_why_not(app: Flask) -> None:
    shown = hours_of(
        [Time(7, now(), 540, 2, ""), Time(8, now(), 570, 0, "Full.", Why.FULL)],
        lambda time: f"/book/{time.slot_id}",
    )
    with app.test_request_context():
        text = get_template_attribute("components/calendar.html", "hours")("Friday", shown)
    free, full = parse(str(text)).all("li")
    assert free.one("a").attributes["href"] == "/book/7"
    assert free.text == "9:00 AM 2 places"
    assert (full.all("a"), full.text) == ([], "9:30 AM Full")
