"""What agents do from a case about inventory, a recipient or a user: once, seen on both sides."""

from datetime import date

import pytest
from flask import Flask

from blueprints.helpdesk import carrying, remedying, services
from blueprints.helpdesk.models import Case
from blueprints.inventory.correcting.services import reverse
from blueprints.inventory.rules import Kind
from blueprints.recipients.models import Recipient
from portal import throttle
from portal.access.scope import Scope
from portal.db import run, session, unit_of_work
from portal.errors import Conflict, PortalError
from portal.people.models import User
from tests.client import Browser
from tests.helpdesk.mailing import entries, outbox
from tests.inventory import stock
from tests.inventory.stock import scope_for
from tests.personas import Personas
from tests.processes import together
from tests.recipients import people


@pytest.fixture
def manager(asker: Scope, personas: Personas) -> Scope:
    """The manager of location A."""
    return scope_for(personas, "manager_a")


def case_about(scope: Scope, kind: str, number: int) -> int:
    with unit_of_work():
        return services.open_case(
            scope, topic="other", subject="Please", description="Mend it.", about=(kind, number)
        ).id


def offered(scope: Scope, case: int) -> dict[str, str]:
    """Names of remedies and why each cannot be carried out."""
    with unit_of_work(write=False):
        found = carrying.remedies_of(scope, session().get_one(Case, case))
        return {each.name: each.why_not for each in found}


def wasted(manager: Scope) -> tuple[int, int]:
    """A record of inventory and a mistaken entry in it."""
    record = stock.add(manager)
    return record, stock.post(manager, record, Kind.WASTED, 5)


@pytest.mark.both_databases
def test_an_agent_without_a_location_reverses_an_entry(
    app: Flask, personas: Personas, manager: Scope, agent: Scope
) -> None:
    record, entry = wasted(manager)
    mine = Browser(app, personas).sign_in("manager_a")
    page = mine.get(f"/vaccine-inventory/{record}")
    ask = page.root.with_text("a", "Ask the help desk about this record")
    form = mine.get(mine.get(ask.attributes["href"]).leads_to)
    sent = mine.submit(
        form, {"subject": "Wrong", "description": "Not wasted."}, button="Submit", follow=True
    )
    case = int(sent.response.request.path.rpartition("/")[2])
    name = f"inventory.reverse-{entry}"
    assert name in offered(agent, case)
    staff = Browser(app, personas).sign_in("agent")
    page = staff.get(f"/help-desk/cases/{case}")
    button = page.root.one("a", href=f"/help-desk/cases/{case}/remedies/{name}")
    before = len(outbox())
    done = staff.submit(
        staff.get(button.attributes["href"]),
        {"reason": "Counted twice"},
        button=button.text.strip(),
        follow=True,
    )
    assert "was reversed" in done.root.text
    assert stock.counters(record)["doses_wasted"] == 0
    assert "The entry “Wasted, 5 doses" in mine.get(f"/help-desk/cases/{case}").root.text
    assert f"CS-{case:07}" in mine.get(f"/vaccine-inventory/{record}").root.text
    told = [one for one in outbox()[before:] if one.user_id == manager.user.id]
    assert [one.kind for one in told] == ["case_news"]
    assert name not in offered(agent, case)
    with unit_of_work(), pytest.raises(Conflict):
        remedying.carry_out(agent, case, name, "again")


def test_what_was_reversed_on_its_page_is_not_reversed_again(manager: Scope, agent: Scope) -> None:
    record, entry = wasted(manager)
    case = case_about(manager, "inventory", record)
    with unit_of_work():
        reverse(manager, entry, note="mine")
    with unit_of_work(), pytest.raises(PortalError):
        remedying.carry_out(agent, case, f"inventory.reverse-{entry}", "late")
    assert stock.counters(record)["doses_wasted"] == 0


def test_others_are_offered_nothing(
    app: Flask, personas: Personas, manager: Scope, agent: Scope, asker: Scope
) -> None:
    record, _entry = wasted(manager)
    case = case_about(manager, "inventory", record)
    assert offered(agent, case)
    assert offered(manager, case) == {}
    other = scope_for(personas, "manager_b")
    with app.test_request_context(), unit_of_work(write=False):
        for scope in (other, asker):
            assert carrying.read_carried(scope, f"inventory:{record}") is None
            assert carrying.read_carried(scope, f"user:{manager.user.id}") is None
        assert carrying.read_carried(other, f"user:{other.user.id}") is not None
        assert carrying.read_carried(manager, f"user:{asker.user.id}") is None


def test_an_agent_merges_two_records_of_one_person(manager: Scope, agent: Scope) -> None:
    kept = people.add(manager, birth_date=date(1980, 2, 1))
    gone = people.add(manager, birth_date=date(1980, 2, 1))
    case = case_about(manager, "recipient", kept)
    name = f"recipients.merge-{gone}"
    assert list(offered(agent, case)) == [name]
    with unit_of_work():
        said = remedying.carry_out(agent, case, name, "The same person")
    assert "Exampleton" not in said
    with unit_of_work(write=False) as current:
        assert current.get_one(Recipient, gone).merged_into_id == kept
    assert entries(case)[-1].text == said
    assert offered(agent, case) == {}


def failures(username: str) -> bool:
    """Whether a stranger may try to sign in."""
    with unit_of_work() as current:
        admission = throttle.admit(username, "198.51.100.200")
        current.rollback()
        return admission.retry_after == 0


@pytest.mark.both_databases
def test_an_agent_unlocks_a_sign_in(
    app: Flask, personas: Personas, manager: Scope, agent: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "STRANGERS_FREELY", 3)
    monkeypatch.setattr(throttle, "STRANGERS_AT_ALL", 6)
    with unit_of_work(write=False) as current:
        username = current.get_one(User, personas.users["provider_a"]).username
    with unit_of_work():
        for number in range(12):
            throttle.admit(username, f"203.0.113.{number}")
            throttle.admit(username, f"198.{number}.7.7")
    assert not failures(username)
    mine = Browser(app, personas).sign_in("manager_a")
    page = mine.get(f"/accounts/{personas.users['provider_a']}")
    assert page.root.with_text("a", "Ask the help desk about this record")
    case = case_about(manager, "user", personas.users["provider_a"])
    assert offered(agent, case) == {"accounts.unlock": ""}
    with unit_of_work():
        remedying.carry_out(agent, case, "accounts.unlock", "Called us")
    assert failures(username)
    with unit_of_work(), pytest.raises(Conflict):
        remedying.carry_out(agent, case, "accounts.unlock", "again")


def attempt(_index: int, scope: Scope, case: int, name: str) -> bool:
    def work() -> bool:
        try:
            remedying.carry_out(scope, case, name, "Once")
        except PortalError:
            return False
        return True

    return run(work, write=True, patience=60)


@pytest.mark.both_databases
@pytest.mark.slow("lets several processes race")
def test_many_agents_at_once_reverse_once(app: Flask, manager: Scope, agent: Scope) -> None:
    record, entry = wasted(manager)
    case = case_about(manager, "inventory", record)
    name = f"inventory.reverse-{entry}"
    assert sorted(together(app, 4, attempt, agent, case, name)) == [False, False, False, True]
    assert stock.counters(record)["doses_wasted"] == 0
    assert len([one for one in outbox() if one.kind == "case_news"]) == 1
