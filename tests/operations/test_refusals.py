"""What was refused, as the programme administrator sees it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import Flask

from portal.db import unit_of_work
from portal.refusals import services
from portal.refusals.rules import RefusalKind, hour_of
from portal.refusals.tally import Refused, Times
from portal.web.refusals import VISITOR
from tests.client import Browser
from tests.people.steps import trail

NOW = datetime(2021, 3, 1, 17, 30, tzinfo=UTC)
LIST = "/operations/refusals?view=all"


@pytest.fixture(autouse=True)
def still() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def one(
    who: str = VISITOR, *, kind: RefusalKind = RefusalKind.DEAD_LINK, minutes: int = 5
) -> Refused:
    user = who != VISITOR
    return Refused(
        hour=hour_of(NOW - timedelta(minutes=minutes)),
        user_id=7 if user else 0,
        who=who,
        address="aaaa0001" if user else "bbbb0002",
        kind=kind,
        endpoint="inventory.record" if user else "links.reset_password",
        location_id=1 if user else 0,
        place="Clinic A" if user else "",
    )


def keep(app: Flask, *refused: Refused, times: int = 1) -> None:
    with app.app_context(), unit_of_work():
        services.keep({each: Times(number=times, last_at=each.hour) for each in refused})


def lines(browser: Browser, url: str = LIST) -> list[str]:
    page = browser.get(url)
    assert page.status == 200
    return [row.text for body in page.root.all("tbody") for row in body.all("tr")]


@pytest.mark.both_databases
def test_the_list_says_who_why_where_and_how_often(administrator: Browser, app: Flask) -> None:
    assert "Nothing was refused" in administrator.get(LIST).root.text
    keep(app, one("jane.doe", kind=RefusalKind.ELSEWHERE), times=1_204)
    keep(app, one(minutes=120), times=3)
    first, second = lines(administrator)
    for words in ("jane.doe", "Record of another location", "inventory.record", "Clinic A"):
        assert words in first
    assert "1,204" in first
    for words in (VISITOR, "bbbb0002", "Link wrong or expired", "links.reset_password"):
        assert words in second
    tab = administrator.get("/operations").root.with_text("a", "Refusals")
    assert administrator.get(tab.attributes["href"]).status == 200


@pytest.mark.both_databases
def test_it_is_searched_sorted_and_narrowed(administrator: Browser, app: Flask) -> None:
    keep(
        app,
        one("jane.doe", kind=RefusalKind.ELSEWHERE),
        one("adam.oak", kind=RefusalKind.NOT_ALLOWED),
    )
    keep(app, one(), times=9)
    for words, found in (
        ("jane", "jane.doe"),
        ("bbbb00", VISITOR),
        ("record of another location", "jane.doe"),
        ("reset_pass", VISITOR),
        ("visitors", VISITOR),
    ):
        page = administrator.get(LIST)
        answer = administrator.submit(page, {"q": words}, role="search", follow=True)
        assert words not in answer.response.request.url, "what is searched for is no address"
        (line,) = [row.text for row in answer.root.one("tbody").all("tr")]
        assert found in line
    order = lines(administrator, f"{LIST}&sort=who")
    assert [VISITOR in order[0], "adam" in order[1], "jane" in order[2]] == [True] * 3
    assert VISITOR in lines(administrator, f"{LIST}&sort=-times")[0]
    assert len(lines(administrator, "/operations/refusals?view=users")) == 2
    assert len(lines(administrator, "/operations/refusals?view=visitors")) == 1


def test_a_file_of_it_is_noted_in_the_audit_trail(administrator: Browser, app: Flask) -> None:
    keep(app, one())
    file = administrator.client.get(f"{LIST}&export=csv")
    assert "links.reset_password" in file.get_data(as_text=True)
    assert [entry.summary for entry in trail(app, "refusals.exported")] == ["csv, all, 1 rows"]


@pytest.mark.parametrize("who", ["jane.doe", VISITOR])
def test_unusually_many_are_told_on_the_list_and_on_home(
    administrator: Browser, app: Flask, who: str
) -> None:
    keep(app, one(), times=40)
    for url in ("/", LIST):
        assert "Unusually many refusals" not in administrator.get(url).root.text
    keep(app, one(who, kind=RefusalKind.NOT_FOUND), times=1_160)
    said = "jane.doe" if who == "jane.doe" else "code bbbb0002"
    for url in ("/", LIST):
        text = administrator.get(url).root.one("main").text
        assert "1,200 requests were refused in the hour from 03/01/2021 12:00 PM EST" in text
        assert said in text
    with time_machine.travel(NOW + timedelta(days=4), tick=False):
        administrator.sign_in("admin")
        assert "Unusually many refusals" not in administrator.get("/").root.text


@pytest.mark.parametrize("who", ["manager_a", "agent"])
def test_nobody_else_sees_them(browser: Browser, app: Flask, who: str) -> None:
    keep(app, one(), times=1_000)
    browser.sign_in(who)
    assert browser.get(LIST).status == 403
    assert browser.get(f"{LIST}&export=csv").status == 403
    assert "Unusually many refusals" not in browser.get("/").root.text
