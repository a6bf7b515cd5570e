"""A second dose is canceled from a case: once, seen on both sides (SPEC G6, H8)."""

import pytest
from flask import Flask

from blueprints.helpdesk import carrying, remedying, services
from blueprints.helpdesk.models import Case
from portal.access.scope import Scope
from portal.db import run, unit_of_work
from portal.errors import Conflict, NotFound, PortalError
from portal.remedies import Carried
from tests.appointments import booking
from tests.appointments.booking import PFIZER, booked, offered, person, slot_at
from tests.client import Browser
from tests.inventory.stock import scope_for
from tests.personas import Personas
from tests.processes import together

NAME = "appointments.cancel_second"


@pytest.fixture
def manager(asker: Scope, personas: Personas) -> Scope:
    """The manager of location A."""
    return scope_for(personas, "manager_a")


def second_dose(manager: Scope) -> int:
    """An appointment for a second dose."""
    offered(manager)
    recipient = person(manager)
    booking.given(manager, recipient, PFIZER, days_ago=20)
    return booked(manager, recipient, slot_at(manager.location_id, 5))


def case_about(manager: Scope, appointment: int) -> int:
    with unit_of_work():
        return services.open_case(
            manager,
            topic="appointments",
            subject="Cancel a second dose",
            description="Please cancel it.",
            about=("appointment", appointment),
        ).id


def test_a_location_asks_and_an_agent_cancels(
    app: Flask, personas: Personas, manager: Scope
) -> None:
    appointment = second_dose(manager)
    browser = Browser(app, personas).sign_in("manager_a")
    page = browser.get(f"/appointments/cancel?tick={appointment}")
    link = page.root.with_text("a", "Ask to cancel for Maria Exampleton")
    assert "Maria" not in link.attributes["href"]
    form = browser.get(browser.get(link.attributes["href"]).leads_to)
    number = booking.number_of(appointment)
    assert "Maria Exampleton" in form.root.one("textarea", id="description").text
    assert number[:3] in form.root.one("textarea", id="description").text
    sent = browser.submit(form, button="Submit", follow=True)
    case_id = int(sent.response.request.path.rpartition("/")[2])
    with unit_of_work(write=False) as session:
        case = session.get_one(Case, case_id)
        assert (case.about_kind, case.about_id) == ("appointment", appointment)
        assert case.queue == "Scheduling"

    agent = Browser(app, personas).sign_in("agent")
    page = agent.get(f"/help-desk/cases/{case_id}")
    where = page.root.with_text("a", "Cancel Second Dose Appointment").attributes["href"]
    done = agent.submit(
        agent.get(where),
        {"reason": "Asked by the clinic"},
        button="Cancel Second Dose Appointment",
        follow=True,
    )
    assert done.status == 200
    assert booking.appointment(appointment).state == "canceled"
    assert "Done" in done.root.text
    seen = browser.get(f"/help-desk/cases/{case_id}").root.text
    assert "The appointment for the second dose on" in seen
    record = browser.get(f"/appointments/{appointment}").root.text
    assert "Asked by the clinic" in record
    assert f"CS-{case_id:07}" in record
    again = agent.get(where)
    assert again.status == 200
    scope = scope_for(personas, "agent")
    with unit_of_work(), pytest.raises(Conflict):
        remedying.carry_out(scope, case_id, NAME, "again")


def test_nobody_opens_a_case_about_what_they_do_not_see(
    app: Flask, personas: Personas, manager: Scope, asker: Scope
) -> None:
    appointment = second_dose(manager)
    other = scope_for(personas, "manager_b")
    with app.test_request_context(), unit_of_work(write=False):
        assert carrying.read_carried(manager, f"appointment:{appointment}") == Carried(
            "appointment", appointment
        )
        for scope in (asker, other):
            assert carrying.read_carried(scope, f"appointment:{appointment}") is None
        for text in ("", "appointment", "appointment:x", "shoe:1", "appointment:99999999"):
            assert carrying.read_carried(manager, text) is None
    case_id = case_about(manager, appointment)
    for scope in (scope_for(personas, "admin"), manager):
        with unit_of_work(), pytest.raises(PortalError):
            remedying.carry_out(scope, case_id, NAME, "mine")
    agent = scope_for(personas, "agent")
    with unit_of_work(), pytest.raises(NotFound):
        remedying.carry_out(agent, case_id, "other.remedy", "x")
    assert booking.appointment(appointment).state == "new"


def attempt(_index: int, agent: Scope, case_id: int) -> bool:
    """Press the button once."""
    try:
        run(
            lambda: remedying.carry_out(agent, case_id, NAME, "Asked by the clinic"),
            write=True,
            patience=60,
        )
    except PortalError:
        return False
    return True


@pytest.mark.both_databases
@pytest.mark.slow("lets several processes race")
def test_many_agents_at_once_do_it_once(app: Flask, manager: Scope, agent: Scope) -> None:
    appointment = second_dose(manager)
    slot = booking.appointment(appointment).slot_id
    case_id = case_about(manager, appointment)
    before = booking.taken(slot)
    assert sorted(together(app, 4, attempt, agent, case_id)) == [False, False, False, True]
    assert booking.taken(slot) == before - 1
    told = [one for one in booking.messages() if one.kind == "appointment_canceled"]
    assert len(told) == 1
    assert len([one for one in booking.messages() if one.kind == "case_news"]) == 1
