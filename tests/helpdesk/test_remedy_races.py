"""Two people press the button of a remedy in the same moment: one effect, and the other one is told
why not. Every remedy, on both databases. Most are kept apart by their modules, too, whose own tests
take those guards away; what only the case keeps apart is seen to be caught here."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from blueprints.administration.services import Giving, give
from blueprints.helpdesk import carrying, remedying, services
from blueprints.helpdesk.entries import add_event
from blueprints.helpdesk.models import Case, CaseEntry, CaseProposal, CaseRemedy
from blueprints.helpdesk.queries import get_case
from blueprints.inventory.correcting import lots
from blueprints.inventory.models import DoseEntry, LotCorrection, VaccineInventory
from blueprints.inventory.quarantine import services as quarantine
from blueprints.inventory.rules import Kind
from blueprints.recipients.models import Merge
from portal.access.scope import Scope
from portal.audit.models import AuditEntry
from portal.db import is_sqlite, run, session, unit_of_work
from portal.errors import PortalError
from portal.people.models import User
from tests.administration import chair
from tests.appointments import booking
from tests.appointments.booking import PFIZER, booked, offered, person, slot_at
from tests.effort import amount, some
from tests.inventory import stock
from tests.inventory.stock import scope_for
from tests.personas import Personas
from tests.processes import FORK, results, start
from tests.recipients import people

pytestmark = [
    pytest.mark.both_databases,
    pytest.mark.slow("lets several processes race"),
]

LOT = "inventory.correct_lot"
RIGHT = {"lot": "L9", "expiration_date": "2027-01-31", "month_only": ""}


@pytest.fixture
def manager(asker: Scope, personas: Personas) -> Scope:
    """The manager of location A."""
    return scope_for(personas, "manager_a")


@pytest.fixture
def colleague(agent: Scope, personas: Personas) -> Scope:
    """Another agent."""
    with unit_of_work():
        user = User(
            username="agent.two",
            first_name="Agent",
            last_name="Two",
            email="two@example.org",
            profile="agent",
        )
        session().add(user)
        session().flush()
        personas.users["agent_two"] = user.id
    return scope_for(personas, "agent_two")


@dataclass(frozen=True)
class Button:
    """A remedy of a case, and how often it has had its effect."""

    case: int
    name: str
    effects: Callable[[], int]
    answers: dict[str, str] | None = None


def case_about(scope: Scope, kind: str, number: int) -> int:
    with unit_of_work():
        return services.open_case(
            scope, topic="other", subject="Please", description="Mend it.", about=(kind, number)
        ).id


def counted(model: type, *where: Any) -> Callable[[], int]:
    """How many rows there are."""

    def count() -> int:
        with unit_of_work(write=False):
            query = select(func.count()).select_from(model).where(*where)
            return session().scalar(query) or 0

    return count


def canceling(manager: Scope, personas: Personas) -> Button:
    offered(manager)
    recipient = person(manager)
    booking.given(manager, recipient, PFIZER, days_ago=20)
    appointment = booked(manager, recipient, slot_at(manager.location_id, 5))
    return Button(
        case_about(manager, "appointment", appointment),
        "appointments.cancel_second",
        lambda: len([one for one in booking.messages() if one.kind == "appointment_canceled"]),
    )


def reversing(manager: Scope, personas: Personas) -> Button:
    record = stock.add(manager)
    entry = stock.post(manager, record, Kind.WASTED, 5)
    return Button(
        case_about(manager, "inventory", record),
        f"inventory.reverse-{entry}",
        counted(DoseEntry, DoseEntry.reverses_id == entry),
    )


def correcting(manager: Scope, personas: Personas) -> Button:
    record = chair.lot(manager)
    return Button(
        case_about(manager, "inventory", record),
        LOT,
        counted(LotCorrection, LotCorrection.inventory_id == record),
        RIGHT,
    )


def merging(manager: Scope, personas: Personas) -> Button:
    kept = people.add(manager, birth_date=date(1980, 2, 1))
    gone = people.add(manager, birth_date=date(1980, 2, 1))
    return Button(
        case_about(manager, "recipient", kept), f"recipients.merge-{gone}", counted(Merge)
    )


def unlocking(manager: Scope, personas: Personas) -> Button:
    user = personas.users["provider_a"]
    return Button(
        case_about(manager, "user", user),
        "accounts.unlock",
        counted(AuditEntry, AuditEntry.action == "user.unlocked", AuditEntry.subject_id == user),
    )


REMEDIES = (canceling, reversing, correcting, merging, unlocking)


def attempt(barrier: Any, work: Callable[[], object]) -> str:
    """Do it once everybody is ready: "done", or what was said."""
    barrier.wait(60)
    try:
        run(lambda: bool(work()) or True, write=True, patience=60)
    except PortalError as refusal:
        return refusal.message
    except DBAPIError as error:
        return f"broken: {type(error).__name__}"
    return "done"


def press(_index: int, barrier: Any, scope: Scope, button: Button) -> str:
    return attempt(
        barrier,
        lambda: remedying.carry_out(scope, button.case, button.name, "Once", button.answers),
    )


def decide(_index: int, barrier: Any, scope: Scope, what: str, proposal: int) -> str:
    def work() -> object:
        if what == "refuse":
            return remedying.refuse(scope, proposal, "It is L1")
        return getattr(remedying, what)(scope, proposal)

    return attempt(barrier, work)


def give_one(_index: int, barrier: Any, scope: Scope, wanted: Giving) -> str:
    return attempt(barrier, lambda: give(scope, wanted))


def at_once(app: Flask, *parties: tuple[Any, ...]) -> list[str]:
    """What became of each: a function and its arguments behind the barrier."""
    barrier = FORK.Barrier(len(parties))
    return results(
        [
            start(app, function, index, barrier, *rest)
            for index, (function, *rest) in enumerate(parties)
        ]
    )


def faults_of(button: Button, said: list[str]) -> list[str]:
    """What went wrong with a button that two have pressed."""
    found = []
    if said.count("done") != 1:
        found.append(f"done {said.count('done')} times")
    if button.effects() != 1:
        found.append(f"{button.effects()} effects")
    events = counted(CaseEntry, CaseEntry.case_id == button.case, CaseEntry.kind == "event")()
    noted = counted(CaseRemedy, CaseRemedy.case_id == button.case)()
    if (events, noted) != (1, 1):
        found.append(f"said {events} times, noted {noted} times")
    return [*found, *(one for one in said if one.startswith("broken"))]


@pytest.mark.parametrize("make", some(REMEDIES, short=3), ids=lambda make: make.__name__)
def test_two_agents_and_one_button(
    app: Flask,
    personas: Personas,
    manager: Scope,
    agent: Scope,
    colleague: Scope,
    make: Callable[[Scope, Personas], Button],
) -> None:
    button = make(manager, personas)
    parties = [(press, agent, button), (press, colleague, button)] * amount(short=1, full=3)
    assert faults_of(button, at_once(app, *parties)) == []


def proposed(manager: Scope, agent: Scope, turn: int = 1) -> tuple[int, int]:
    """A record of which a dose was given, and a proposal to correct it; another lot each turn."""
    record = chair.lot(manager, f"L{turn}")
    chair.gave(manager, chair.arrived(manager, person(manager)), record)
    case = case_about(manager, "inventory", record)
    with unit_of_work():
        right = RIGHT | {"lot": f"L{turn + 8}"}
        remedying.carry_out(agent, case, LOT, "Label read wrong", right)
    with unit_of_work(write=False):
        query = select(CaseProposal.id).where(CaseProposal.case_id == case)
        return record, session().scalars(query).one()


def state_of(record: int, proposal: int) -> tuple[str, str, int]:
    """The lot now, what became of the proposal, and how often the lot was corrected."""
    with unit_of_work(write=False):
        lot = session().get_one(VaccineInventory, record).lot
        state = session().get_one(CaseProposal, proposal).state
    return lot, state, counted(LotCorrection, LotCorrection.inventory_id == record)()


@pytest.mark.parametrize("rival", some(["withdraw", "confirm", "refuse"], short=2))
def test_confirmer_and_somebody_else_at_once(
    app: Flask, manager: Scope, agent: Scope, admin: Scope, rival: str
) -> None:
    """The proposer takes it back, or another one decides, too: one of both, whole."""
    for turn in range(1, amount(short=1, full=5) + 1):
        record, proposal = proposed(manager, agent, turn)
        by = agent if rival == "withdraw" else manager
        said = at_once(app, (decide, admin, "confirm", proposal), (decide, by, rival, proposal))
        assert said.count("done") == 1, said
        assert not [one for one in said if one.startswith("broken")]
        won = "confirm" if said[0] == "done" else rival
        whole = {
            "confirm": (f"L{turn + 8}", "confirmed", 1),
            "withdraw": (f"L{turn}", "withdrawn", 0),
            "refuse": (f"L{turn}", "refused", 0),
        }
        assert state_of(record, proposal) == whole[won]
        assert chair.wrong() == []


def test_two_propose_at_once(app: Flask, manager: Scope, agent: Scope, colleague: Scope) -> None:
    record = chair.lot(manager)
    chair.gave(manager, chair.arrived(manager, person(manager)), record)
    button = Button(case_about(manager, "inventory", record), LOT, counted(LotCorrection), RIGHT)
    said = at_once(app, (press, agent, button), (press, colleague, button))
    assert said.count("done") == 1, said
    assert counted(CaseProposal)() == 1


def test_a_dose_is_given_while_its_lot_is_corrected(
    app: Flask, manager: Scope, agent: Scope
) -> None:
    """Either the dose has the right number, or the correction needs a second person."""
    for number in range(amount(short=2, full=12)):
        record = chair.lot(manager, f"A{number}")
        arrival = chair.arrived(manager, person(manager, f"Racer{number}"))
        wanted = chair.giving(manager, arrival, record)
        case = case_about(manager, "inventory", record)
        button = Button(case, LOT, counted(LotCorrection), {**RIGHT, "lot": f"B{number}"})
        said = at_once(app, (press, agent, button), (give_one, manager, wanted))
        assert not [one for one in said if one.startswith("broken")], said
        assert said[1] == "done"
        assert chair.wrong() == []


def test_another_dose_is_given_while_a_correction_is_confirmed(
    app: Flask, manager: Scope, agent: Scope, admin: Scope
) -> None:
    for number in range(amount(short=1, full=8)):
        record, proposal = proposed(manager, agent, number + 1)
        arrival = chair.arrived(manager, person(manager, f"Racer{number}"))
        wanted = chair.giving(manager, arrival, record)
        said = at_once(app, (decide, admin, "confirm", proposal), (give_one, manager, wanted))
        assert not [one for one in said if one.startswith("broken")], said
        assert said[1] == "done"
        assert chair.wrong() == []


def nobody_is_kept_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both have looked before either writes, and nothing is noted that the database keeps apart."""
    gate = FORK.Barrier(2)
    monkeypatch.setattr(remedying, "lock_case", get_case)
    monkeypatch.setattr(remedying, "lock_any", lambda number: session().get(Case, number))
    monkeypatch.setattr(carrying, "ensure_open", lambda _case, _name: gate.wait(20))

    def said_only(scope: Scope, case: Case, _name: str, said: Callable[[], str]) -> str:
        add_event(case, said, author=scope.user)
        return said()

    monkeypatch.setattr(carrying, "note_done", said_only)


def only_where_several_write() -> None:
    """SQLite lets one unit write at a time, whatever it is careless of."""
    if is_sqlite():
        pytest.skip("SQLite lets one transaction write at a time: nobody can come between")


def test_a_case_that_keeps_nobody_away_is_caught(
    app: Flask,
    personas: Personas,
    manager: Scope,
    agent: Scope,
    colleague: Scope,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The case alone keeps two apart who unlock a sign-in."""
    only_where_several_write()
    button = unlocking(manager, personas)
    nobody_is_kept_away(monkeypatch)
    said = at_once(app, (press, agent, button), (press, colleague, button))
    assert "2 effects" in faults_of(button, said)


@pytest.mark.thorough
def test_a_record_that_is_not_locked_is_caught(
    app: Flask,
    personas: Personas,
    manager: Scope,
    agent: Scope,
    colleague: Scope,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    only_where_several_write()
    button = correcting(manager, personas)
    nobody_is_kept_away(monkeypatch)
    unlocked = FORK.Barrier(2)
    monkeypatch.setattr(quarantine, "hold_lot", lambda _product, _key: None)
    monkeypatch.setattr(lots, "lock_record", lambda _number: unlocked.wait(20))
    monkeypatch.setattr(lots.LotCorrecting, "_ensure_same", lambda _self: unlocked.wait(20))
    said = at_once(app, (press, agent, button), (press, colleague, button))
    assert "2 effects" in faults_of(button, said)


@pytest.mark.thorough
def test_a_proposal_that_two_confirm_is_caught(
    app: Flask,
    manager: Scope,
    agent: Scope,
    admin: Scope,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Withdrawn and carried out: whoever decides has not looked again once the case was theirs."""
    only_where_several_write()
    record, proposal = proposed(manager, agent)
    gate = FORK.Barrier(2)

    def looked_once(scope: Scope, number: int) -> tuple[Case, CaseProposal]:
        row = remedying.get_proposal(scope, number)
        gate.wait(20)
        return session().get_one(Case, row.case_id), row

    monkeypatch.setattr(remedying, "_lock", looked_once)
    said = at_once(app, (decide, admin, "confirm", proposal), (decide, agent, "withdraw", proposal))
    assert said == ["done", "done"]
    assert state_of(record, proposal)[0] == "L9"
