"""Number and birth date open what a link would have opened; the number alone opens nothing."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from portal import clock
from portal.audit.models import AuditEntry
from portal.db import unit_of_work
from portal.throttle import Attempt
from portal.visits import door
from tests.client import Browser, Page
from tests.statements import watched
from tests.visitors.conftest import Kites

NEAR, FAR = "203.0.113.7", "198.51.100.9"


def knock(
    browser: Browser, number: str = "KITEAA", born: str = "03/21/1970", *, at: str = NEAR
) -> Page:
    """Send the form from a client's address."""
    browser.client.environ_base["REMOTE_ADDR"] = at
    page = browser.get("/find/kite")
    return browser.submit(page, {"number": number, "birth_date": born}, button="Continue")


@pytest.fixture
def door_step(browser: Browser, flying: Kites) -> Browser:
    """A browser, and kites to be found."""
    return browser


def test_both_lead_to_the_record_for_half_an_hour_and_are_in_the_trail(
    app: Flask, door_step: Browser, flying: Kites, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = knock(door_step, "  kite-aa ")
    assert opened.status == 303
    page = door_step.get(opened.leads_to)
    assert "Color of A" in page.root.text
    with app.app_context(), unit_of_work(write=False) as session:
        found = [
            (one.action, one.subject_id, one.through, one.location_id)
            for one in session.scalars(select(AuditEntry).order_by(AuditEntry.number))
        ][-2:]
    place = door_step.personas.locations["A"]
    assert found == [
        ("visit.opened_by_number", flying.ids["A"], "page", place),
        ("kite.viewed", flying.ids["A"], "page", place),
    ]
    later = clock.now() + door.GOOD_FOR + timedelta(minutes=2)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert door_step.get(opened.leads_to).status == 410


def shown(page: Page) -> str:
    """A page without what differs from one answer to the next."""
    for hidden in page.root.all("input", type="hidden"):
        hidden.attributes["value"] = ""
    return repr(page.root.text) + repr([one.attributes for one in page.root.all()])


def test_no_such_number_and_a_wrong_birth_date_are_answered_alike(
    app: Flask, door_step: Browser
) -> None:
    answers = []
    for number, born in (("KITEAA", "03/22/1970"), ("KITEXX", "03/21/1970")):
        page = door_step.get("/find/kite")
        with watched(app) as seen:
            sent = {"number": number, "birth_date": born}
            refused = door_step.submit(page, sent, button="Continue")
        assert refused.status == 422
        text = shown(refused).replace(number, "N")
        text = text.replace("03/22/1970", "D").replace("03/21/1970", "D")
        answers.append((text, len(seen)))
    assert answers[0] == answers[1]
    assert "We did not find it" in answers[0][0]


@pytest.mark.both_databases
@pytest.mark.parametrize(
    ("number", "born"),
    [("KITEAA", ""), ("", "03/21/1970"), ("KITEAA", "03/21/70"), ("", "")],
)
def test_one_of_both_opens_nothing_and_counts_for_nothing(
    app: Flask, door_step: Browser, number: str, born: str
) -> None:
    assert knock(door_step, number, born).status == 422
    assert attempts(app) == 0


def attempts(app: Flask) -> int:
    """How many attempts are counted."""
    with app.app_context(), unit_of_work(write=False) as session:
        return session.scalar(select(func.count()).select_from(Attempt)) or 0


def test_guessing_at_one_number_ends_and_the_others_of_the_line_go_on(
    door_step: Browser,
) -> None:
    statuses = [knock(door_step, born=f"03/{day:02}/1971").status for day in range(1, 13)]
    assert statuses == [422] * 10 + [429] * 2
    # Also with the right date; the neighbour in the waiting room is let in.
    stopped = knock(door_step)
    assert stopped.status == 429
    assert "Try again in 5 minutes" in stopped.root.text
    assert int(stopped.headers["Retry-After"]) <= 300
    assert knock(door_step, "KITEBB").status == 303
    assert knock(door_step, at=FAR).status == 303


def test_a_waiting_room_of_people_who_are_right_is_never_stopped(
    app: Flask, door_step: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "LIMITS", lowered(per_address=3))
    for _round in range(4):
        assert knock(door_step, "KITEAA").status == 303
        assert knock(door_step, "KITEBB").status == 303


def test_one_address_that_tries_numbers_is_stopped(
    door_step: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "LIMITS", lowered(per_address=3))
    statuses = [knock(door_step, f"KITE{number}").status for number in range(5)]
    assert statuses == [422, 422, 422, 429, 429]
    # Not its sign-ins.
    page = door_step.get("/sign-in")
    values = {"username": "nobody", "password": "mango luggage plinth"}
    assert door_step.submit(page, values, button="Sign In").status == 422


def lowered(**limits: int) -> object:
    """The limits, some of them lower."""
    from dataclasses import replace

    return replace(door.LIMITS, **limits)  # type: ignore[arg-type]


def test_from_many_addresses_a_number_has_few_guesses_and_its_owner_gets_in(
    door_step: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "LIMITS", lowered(strangers_freely=3, strangers_at_all=6))
    assert knock(door_step, at=FAR).status == 303  # the owner was here before
    tried = [
        knock(door_step, born=f"03/22/{1950 + each}", at=f"203.0.113.{each}").status
        for each in range(10)
    ]
    assert tried == [422] * 6 + [429] * 4
    assert knock(door_step, at=FAR).status == 303


def test_who_shares_the_owners_address_has_few_guesses_too(
    door_step: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Known addresses meet no limit of strangers; the owner's own successes clear nothing."""
    monkeypatch.setattr(
        door, "LIMITS", lowered(per_account_and_address=4, strangers_at_all=6, at_all=8)
    )
    assert knock(door_step, at=FAR).status == 303
    tried = []
    for each in range(10):
        tried.append(knock(door_step, born=f"03/22/{1950 + each}", at=FAR).status)
        if each in (2, 5, 7):
            tried.append(knock(door_step, at=FAR).status)
    assert tried == [422] * 3 + [303] + [422] * 3 + [303] + [422] * 2 + [429] * 3
    assert knock(door_step, "KITEBB", at=FAR).status == 303


def test_strangers_never_stop_an_address_of_the_owner(
    door_step: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Guessing at all others ends before the number itself is closed."""
    assert door.LIMITS.at_all is not None
    assert door.LIMITS.strangers_at_all < door.LIMITS.at_all
    # To reach that, strangers need as many networks; ten tries of one of them are no more than ten.
    assert door.LIMITS.strangers_at_all > 10 * door.LIMITS.per_account_and_address
    monkeypatch.setattr(door, "LIMITS", lowered(strangers_freely=3, strangers_at_all=6, at_all=7))
    assert knock(door_step, at=FAR).status == 303
    for each in range(20):
        knock(door_step, born=f"03/22/{1950 + each}", at=f"203.0.113.{each}")
    assert knock(door_step, at=FAR).status == 303
    assert knock(door_step, at="192.0.2.1").status == 429


def test_there_is_no_door_to_what_has_none(door_step: Browser) -> None:
    for path in ("/find/nothing", "/find/kites"):
        page = door_step.get(path)
        assert page.status == 404
        assert "There is no such page" in page.root.text


@pytest.mark.both_databases
def test_what_may_not_be_seen_is_not_found(door_step: Browser, flying: Kites) -> None:
    flying.change("A", sold=True)
    assert knock(door_step).status == 422
