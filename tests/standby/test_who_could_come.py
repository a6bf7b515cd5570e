"""Who is called before doses are lost, and calls that two cannot make (SPEC D13)."""

from datetime import timedelta
from multiprocessing.synchronize import Event

import pytest
from flask import Flask

from blueprints.recipients.models import Recipient
from blueprints.standby import services
from blueprints.standby.models import StandbyLine, StandbyList
from blueprints.standby.queries import rows_of, who_could_come
from blueprints.standby.rules import StandbyOutcome
from portal.access.scope import Scope
from portal.catalog.models import Product
from portal.clock import now
from portal.db import session, unit_of_work
from portal.errors import Conflict, NotFound
from tests.administration import chair
from tests.appointments.booking import booked, given, offered, person, slot_at
from tests.client import Browser
from tests.effort import amount
from tests.people.steps import trail
from tests.processes import FORK, start, together
from tests.statements import watched

PHONE = {"mobile_phone": "2525550143"}


def reachable(scope: Scope, name: str, **more: object) -> int:
    """Somebody who has a phone and agreed to be contacted."""
    return person(scope, name, **{**PHONE, **more})


def names(scope: Scope, key: str = chair.MODERNA) -> list[tuple[str, int]]:
    """First names and dose numbers of who could come today."""
    product = chair.product(key)
    with unit_of_work(write=False):
        found = who_could_come(scope, session().get_one(Product, product), scope.today())
        return [
            (session().get_one(Recipient, one.recipient_id).first_name, one.dose_number)
            for one in found
        ]


def test_who_is_due_comes_before_who_waits_for_a_first_dose(manager: Scope) -> None:
    reachable(manager, "First")
    for name, days in (("Late", 60), ("Due", 28), ("Early", 10)):
        given(manager, reachable(manager, name), chair.MODERNA, days_ago=days)
    given(manager, reachable(manager, "Other"), chair.GRAY, days_ago=28)
    assert names(manager) == [("Late", 2), ("Due", 2), ("First", 1)]
    assert names(manager, chair.GRAY) == [("Other", 2), ("First", 1)]


def test_nobody_is_called_who_cannot_be_or_need_not(manager: Scope, manager_b: Scope) -> None:
    offered(manager)
    reachable(manager, "Silent", contact_by="none", agrees_to_reminders=False)
    person(manager, "Phoneless")
    reachable(manager_b, "Elsewhere")
    reachable(manager, "Child", birth_date=manager.today() - timedelta(days=700))
    booked(manager, reachable(manager, "Booked"), slot_at(manager.location_id, 2))
    chair.arrived(manager, reachable(manager, "Here"))
    record = chair.lot(manager)
    chair.gave(manager, chair.arrived(manager, reachable(manager, "Done")), record)
    assert names(manager) == []
    reachable(manager, "Only")
    assert names(manager) == [("Only", 1)]


def test_as_many_statements_for_many_as_for_few(app: Flask, manager: Scope) -> None:
    counts = []
    for turn in range(2):
        for number in range(2 + 4 * turn):
            given(manager, reachable(manager, f"P{turn}{number}"), chair.MODERNA, days_ago=30)
        with watched(app) as seen:
            names(manager)
        counts.append(len(seen))
    assert counts[0] == counts[1]


def made(scope: Scope) -> int:
    """Today's list; its id."""
    product = chair.product()
    with unit_of_work():
        return services.list_for(scope, product).id


def claimed(scope: Scope, list_id: int) -> int | None:
    """The next call; the line's id."""
    with unit_of_work():
        line = services.claim_next(scope, list_id)
        return line.id if line else None


def test_a_list_is_made_once_a_day_and_takes_in_who_became_due(manager: Scope) -> None:
    reachable(manager, "One")
    first = made(manager)
    reachable(manager, "Two")
    assert made(manager) == first
    with unit_of_work(write=False):
        found = rows_of(session().get_one(StandbyList, first))
        assert [row.recipient.first_name for row in found] == ["One", "Two"]


@pytest.mark.both_databases
def test_a_call_is_one_caller_s_for_ten_minutes(manager: Scope, provider: Scope) -> None:
    for name in ("One", "Two"):
        reachable(manager, name)
    number = made(manager)
    mine, theirs = claimed(manager, number), claimed(provider, number)
    assert mine != theirs
    assert (claimed(manager, number), claimed(provider, number)) == (mine, theirs)
    assert mine is not None
    with pytest.raises(Conflict, match="Someone else"), unit_of_work():
        services.note_call(provider, mine, StandbyOutcome.COMING)
    with unit_of_work():
        session().get_one(StandbyLine, mine).claimed_until = now() - timedelta(seconds=1)
    with unit_of_work():
        services.note_call(provider, theirs or 0, StandbyOutcome.DECLINED)
    assert claimed(provider, number) == mine
    with unit_of_work():
        services.note_call(provider, mine, StandbyOutcome.COMING)
    assert claimed(manager, number) is None


def test_another_location_s_list_is_not_found(manager: Scope, manager_b: Scope) -> None:
    reachable(manager, "One")
    number = made(manager)
    with pytest.raises(NotFound), unit_of_work():
        services.claim_next(manager_b, number)
    line = claimed(manager, number) or 0
    with pytest.raises(NotFound), unit_of_work():
        services.note_call(manager_b, line, StandbyOutcome.COMING)


def claims(index: int, scopes: list[Scope], number: int) -> int | None:
    """Two users take the next call."""
    return claimed(scopes[index % 2], number)


@pytest.mark.both_databases
@pytest.mark.slow("lets several processes race")
def test_many_callers_make_one_list_and_no_call_twice(
    app: Flask, manager: Scope, provider: Scope
) -> None:
    for number in range(3):
        reachable(manager, f"P{number}")
    lists = [start(app, made, manager) for _turn in range(amount(short=3, full=8))]
    (found,) = {child.result(60) for child in lists}
    with unit_of_work(write=False):
        assert len(rows_of(session().get_one(StandbyList, found))) == 3
    taken = together(app, amount(short=4, full=12), claims, [manager, provider], found, timeout=110)
    assert len(set(taken)) == 2, "each caller has one"


def claims_and_waits(scope: Scope, number: int, claimed: Event, go_on: Event) -> int | None:
    """The next call; taken, and not yet written for others to see until `go_on`."""
    with unit_of_work():
        line = services.claim_next(scope, number)
        claimed.set()
        go_on.wait(30)
        return line.id if line else None


@pytest.mark.both_databases
def test_who_presses_on_two_tablets_has_one_call(app: Flask, manager: Scope) -> None:
    for name in ("One", "Two"):
        reachable(manager, name)
    number = made(manager)
    taken, go_on = FORK.Event(), FORK.Event()
    first = start(app, claims_and_waits, manager, number, taken, go_on)
    assert taken.wait(30)
    second = start(app, claimed, manager, number)
    second.inlet.poll(0.5)
    go_on.set()
    assert first.result() == second.result()


@pytest.mark.both_databases
def test_coming_leads_to_an_appointment_or_a_walk_in(
    app: Flask, manager: Scope, browser: Browser
) -> None:
    record = chair.lot(manager)
    chair.gave(
        manager,
        chair.arrived(manager, person(manager, "Before")),
        record,
        given_at=now() - timedelta(hours=11, minutes=30),
    )
    recipient = reachable(manager, "Comer")
    browser.sign_in("provider_a")
    page = browser.submit(
        browser.get("/"), button="Who Could Come", action="/standby/", follow=True
    )
    assert "Maria" not in page.root.one("main").text
    assert "Still to call 1" in page.root.one("main").text
    call = browser.submit(page, button="Next Call", follow=True)
    assert "Could you come now?" in call.root.text
    done = browser.submit(call, button="Coming", follow=True)
    assert "Saved: Coming" in done.root.text
    links = {each.text: each.attributes["href"] for each in done.root.one("main").all("a")}
    assert links["Check In"] == f"/checkin/recipients/{recipient}"
    assert f"/appointments/schedule/{recipient}/at/{manager.location_id}" in links["Schedule"]
    assert "1 person is coming" in browser.get("/checkin/").root.text
    (entry,) = trail(app, "standby.called")
    assert entry.subject_id == recipient
    assert trail(app, "recipients.viewed")
    browser.sign_in("readonly_a")
    assert "Who Could Come" not in browser.get("/").root.text
    assert browser.get("/standby/1").status == 403


def test_the_address_of_the_lists_leads_to_where_they_begin(browser: Browser) -> None:
    page = browser.sign_in("manager_a").get("/standby/")
    assert (page.status, page.leads_to) == (303, "/")
