"""The trail as the administrator sees it."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import Flask

from portal.access.profiles import Profile
from portal.access.scope import Actor
from portal.audit.services import record
from portal.db import unit_of_work
from tests.client import Browser, Page
from tests.statements import watched

NOON = datetime(2026, 11, 18, 17, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def trail(app: Flask, administrator: Browser) -> None:
    people = administrator.personas.users
    places = administrator.personas.locations
    for day in range(3):
        with (
            time_machine.travel(NOON + timedelta(days=day), tick=False),
            app.app_context(),
            unit_of_work(),
        ):
            for who, where in (("manager_a", "A"), ("manager_b", "B")):
                actor = Actor(
                    id=people[who],
                    username=who.replace("_", "."),
                    full_name="x",
                    email="x@example.org",
                    profile=Profile.MANAGER,
                )
                for action in ("lot.added", "lot.named"):
                    record(
                        actor,
                        action,
                        subject="lot",
                        subject_id=day + 1,
                        location_id=places[where],
                        before={"name": "<i>old</i>"},
                        after={"name": "new", "doses": 10},
                    )
            record(None, "mail.sent", subject="message", subject_id=None, location_id=None)


def numbers(page: Page) -> list[int]:
    tables = page.root.all("tbody")
    return [int(row.all("th")[0].text) for row in tables[0].all("tr")] if tables else []


def test_the_newest_entries_come_first(administrator: Browser) -> None:
    page = administrator.get("/operations/audit")
    assert numbers(page) == list(range(15, 0, -1))
    assert "15 entries" in page.root.text


def test_each_filter_narrows_the_list(administrator: Browser) -> None:
    person = administrator.personas.users["manager_a"]
    place = administrator.personas.locations["B"]
    for query, expected in (
        (f"actor={person}", [12, 11, 7, 6, 2, 1]),
        (f"location={place}", [14, 13, 9, 8, 4, 3]),
        ("action=lot.named", [14, 12, 9, 7, 4, 2]),
        ("subject=message", [15, 10, 5]),
        ("subject=lot&subject_id=2", [9, 8, 7, 6]),
        ("first_day=11/19/2026&last_day=11/19/2026", [10, 9, 8, 7, 6]),
        ("first_day=11/20/2026", [15, 14, 13, 12, 11]),
        ("last_day=11/18/2026&action=mail.sent", [5]),
        ("first_day=11/21/2026", []),
        ("first_day=2026-11-19&last_day=Nov 19 2026", [10, 9, 8, 7, 6]),
        ("first_day=12/2026", []),
        ("last_day=October 2026", []),
    ):
        page = administrator.get(f"/operations/audit?{query}")
        assert numbers(page) == expected, query
    form = administrator.get("/operations/audit?action=lot.named&subject_id=2").form(role="search")
    chosen = [option.text for option in form.all("option") if "selected" in option.attributes]
    assert "Lot named" in chosen
    assert form.one("input", name="subject_id").attributes["value"] == "2"


@pytest.mark.parametrize(
    "query", ["first_day=soon", "subject_id=x", "actor=99999", "actor=x", "location=é", "action=no"]
)
def test_a_search_that_makes_no_sense_says_so(administrator: Browser, query: str) -> None:
    page = administrator.get(f"/operations/audit?{query}")
    assert page.status == 422
    assert page.root.all(role="alert")


def test_days_are_those_of_the_installation_where_no_location_is_chosen(
    app: Flask, browser: Browser
) -> None:
    with (
        time_machine.travel(datetime(2026, 11, 22, 2, 0, tzinfo=UTC), tick=False),
        app.app_context(),
        unit_of_work(),
    ):
        record(None, "late.evening", subject="x", subject_id=None, location_id=None)
    page = browser.get("/operations/audit?first_day=11/21/2026&last_day=11/21/2026")
    assert 16 in numbers(page), "without a location it is the installation's, New York"
    page = browser.get("/operations/audit?first_day=11/22/2026&last_day=11/22/2026")
    assert 16 not in numbers(page)


def test_long_trails_are_paged_by_number_in_few_queries(app: Flask, administrator: Browser) -> None:
    with app.app_context(), unit_of_work():
        for number in range(120):
            record(None, f"many.{number % 40}", subject="x", subject_id=number, location_id=None)
    with watched(app) as statements:
        page = administrator.get("/operations/audit")
    assert len(statements) < 20, len(statements)
    seen = numbers(page)
    while links := [link for link in page.root.all("a") if link.text == "Next"]:
        page = administrator.get(links[0].attributes["href"])
        seen += numbers(page)
    assert seen == list(range(135, 0, -1))
    page = administrator.get("/operations/audit?subject=x", region="audit")
    assert len(numbers(page)) == 50
    follow = page.root.with_text("a", "Next").attributes["href"]
    assert "subject=x" in follow
    assert page.root.children[0].attributes["id"] == "audit"  # type: ignore[union-attr]


def test_an_entry_shows_before_and_after_and_looking_is_audited(administrator: Browser) -> None:
    page = administrator.get("/operations/audit/6")
    rows = [[cell.text for cell in row.all()] for row in page.root.all("tbody")[0].all("tr")]
    assert rows == [["doses", "", "10"], ["name", "<i>old</i>", "new"]]
    assert "manager.a" in page.root.text
    assert "Clinic A" in page.root.text
    newest = administrator.get("/operations/audit").root.all("tbody")[0].all("tr")[0]
    assert "Audit trail entry: looked at" in newest.text
    assert "Audit trail entry 6" in newest.text


def test_the_state_of_the_chain_is_shown_and_verified_on_request(
    administrator: Browser, app: Flask
) -> None:
    from portal.jobs import runner

    page = administrator.get("/operations/audit")
    assert "The chain has not been verified yet." in page.root.text
    object.__setattr__(app.extensions["portal"].settings, "jobs", "external")
    answer = administrator.submit(page, button="Verify now", follow=True)
    assert "about to be verified" in answer.root.text
    assert runner.run_asked(app) == 1
    assert "The chain was unbroken on" in administrator.get("/operations/audit").root.text
