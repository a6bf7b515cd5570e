"""The calendar of appointments for staff: days with their people, weeks in numbers (SPEC G5)."""

from datetime import timedelta

import pytest

from portal.access.scope import Scope
from tests.appointments.booking import booked, day_in, offered, person, slot_at
from tests.client import Browser

ADDRESS = "/appointments/calendar"


@pytest.fixture
def made(scope: Scope, scope_b: Scope) -> list[int]:
    """Two people in three days, one of another location then, one eight days later."""
    offered(scope)
    offered(scope_b)
    ann, ben = person(scope, "Ann", "Sample"), person(scope, "Ben", "Sample")
    booked(scope_b, person(scope_b, "Secret", "Other"), slot_at(scope_b.location_id, 3))
    return [
        booked(scope, ann, slot_at(scope.location_id, 3, 540)),
        booked(scope, ben, slot_at(scope.location_id, 3, 570)),
        booked(scope, person(scope, "Cid", "Sample"), slot_at(scope.location_id, 11)),
    ]


def test_a_day_shows_who_comes_when(browser: Browser, scope: Scope, made: list[int]) -> None:
    page = browser.sign_in("provider_a").get(f"{ADDRESS}?day={day_in(3).isoformat()}")
    rows = [row.text for row in page.root.one("table").all("tr")[1:]]
    assert rows[0].startswith("9:00 AM 1 / 3 Sample, Ann")
    assert rows[1].startswith("9:30 AM 1 / 3 Sample, Ben")
    assert rows[2] == "10:00 AM 0 / 3"
    assert "Secret" not in page.root.text
    assert "Cid" not in page.root.text
    assert f"/appointments/{made[0]}" in [link.attributes["href"] for link in page.root.all("a")]
    today = browser.get(page.root.with_text("a", "Today").attributes["href"])
    assert "Sample, Ann" not in today.root.text
    assert today.root.all("a", href=f"{ADDRESS}?view=day&day={day_in(1).isoformat()}")


def test_a_week_shows_numbers_and_leads_to_its_days(
    browser: Browser, scope: Scope, made: list[int]
) -> None:
    day = day_in(3)
    page = browser.sign_in("manager_a").get(f"{ADDRESS}?view=week&day={day.isoformat()}")
    sunday = day - timedelta(days=(day.weekday() + 1) % 7)
    cells = page.root.one("ol", **{"data-calendar": ""}).all("a")
    assert len(cells) == 7
    assert [cell.attributes["href"] for cell in cells] == [
        f"{ADDRESS}?view=day&day={(sunday + timedelta(days=number)).isoformat()}"
        for number in range(7)
    ]
    assert "2 appointments" in cells[(day - sunday).days].text
    assert "Sample" not in page.root.text
    assert "9:00 AM 1 / 3" in page.root.text
    later = page.root.one("a", **{"aria-label": "Later"}).attributes["href"]
    assert later == f"{ADDRESS}?view=week&day={(day + timedelta(days=7)).isoformat()}"


def test_the_day_sheet_is_that_of_the_day(browser: Browser, scope: Scope, made: list[int]) -> None:
    page = browser.sign_in("manager_a").get(f"{ADDRESS}?day={day_in(3).isoformat()}")
    sheet = browser.get(page.root.with_text("a", "Day Sheet").attributes["href"])
    assert "Sample, Ann" in sheet.root.text
    assert "Sample, Cid" not in sheet.root.text


@pytest.mark.parametrize("query", ["day=x", "day=0001-01-01", "view=year", "day=2026-02-30"])
def test_an_address_that_makes_no_sense_shows_today(
    browser: Browser, scope: Scope, query: str
) -> None:
    offered(scope)
    page = browser.sign_in("manager_a").get(f"{ADDRESS}?{query}")
    assert page.status == 200
    assert page.root.one("a", href=f"{ADDRESS}?view=week&day={day_in(0).isoformat()}")
