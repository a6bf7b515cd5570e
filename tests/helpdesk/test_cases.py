"""What is said in a case, who sees it, who is mailed, and what two at once do."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from blueprints.helpdesk import checks, jobs, services
from blueprints.helpdesk.models import Case
from blueprints.helpdesk.queries import entries_of, get_case
from blueprints.helpdesk.rules import CaseState
from portal.access.scope import Scope
from portal.clock import now
from portal.db import unit_of_work
from portal.errors import Conflict, Forbidden, Invalid, NotFound
from portal.messages.models import Message
from tests.client import Browser
from tests.inventory.stock import scope_for
from tests.personas import Personas

SECRET = "Qzx7Note"


def opened(scope: Scope, subject: str = "A box is missing") -> int:
    """A new case of that user's."""
    with unit_of_work():
        return services.open_case(
            scope, topic="inventory", subject=subject, description="Since Monday."
        ).id


def do(function: Callable[..., object], *arguments: object, **named: object) -> None:
    with unit_of_work():
        function(*arguments, **named)


def case_of(number: int) -> Case:
    with unit_of_work(write=False) as session:
        found = session.get_one(Case, number)
        session.expunge(found)
        return found


def mails() -> list[tuple[str, str]]:
    """Kind and address of all messages."""
    with unit_of_work(write=False) as session:
        return [tuple(row) for row in session.execute(
            select(Message.kind, Message.address).order_by(Message.id)
        )]  # fmt: skip


@pytest.mark.both_databases
def test_every_public_step_is_mailed_once_and_a_note_to_staff_alone(
    asker: Scope, agent: Scope, admin: Scope
) -> None:
    number = opened(asker)
    do(services.watch, admin, number, on=True)
    do(services.note, agent, number, f"{SECRET} for us")
    do(services.comment, agent, number, "Which one?", asks=True)
    assert case_of(number).state == CaseState.WAITING
    do(services.comment, asker, number, "The small one")
    assert case_of(number).state == CaseState.OPEN
    do(services.resolve, agent, number, "It came.")
    do(services.move, asker, number, CaseState.OPEN)
    do(services.say, number, "The file was read.")
    own, colleague, watcher = "requester@example.org", "agent@example.org", "admin@example.org"
    assert [one for one in mails() if one[1] == own] == [
        ("case_opened", own),
        ("case_news", own),
        ("case_resolved", own),
        ("case_news", own),
    ]
    assert len([one for one in mails() if one == ("case_for_staff", colleague)]) == 3
    assert len([one for one in mails() if one == ("case_for_staff", watcher)]) == 6
    with unit_of_work(write=False) as session:
        for message in session.scalars(select(Message)):
            assert SECRET not in f"{message.context} {message.search}"


@pytest.mark.both_databases
def test_a_requester_never_sees_a_note_its_file_or_anothers_case(
    app: Flask, personas: Personas, asker: Scope, agent: Scope
) -> None:
    number = opened(asker)
    others = opened(scope_for(personas, "manager_a"))
    do(services.note, agent, number, SECRET)
    do(services.assign, agent, number, agent.user.id)
    browser = Browser(app, personas).sign_in("requester")
    for url in (f"/help-desk/cases/{number}", "/my-cases", "/", "/help-information", "/get-help"):
        page = browser.get(url)
        assert page.status == 200
        assert SECRET not in page.root.text
        assert "Assigned to" not in page.root.text
    assert browser.get(f"/help-desk/cases/{others}").status == 404
    assert browser.get("/help-desk/").status == 403
    assert (
        SECRET
        in Browser(app, personas).sign_in("agent").get(f"/help-desk/cases/{number}").root.text
    )
    with unit_of_work(write=False):
        assert len(entries_of(asker, get_case(asker, number))) == 1
        with pytest.raises(NotFound):
            get_case(asker, others)
    with unit_of_work(), pytest.raises(Forbidden):
        services.note(asker, number, "me too")


@pytest.mark.both_databases
def test_who_answers_over_a_colleagues_answer_is_told(
    app: Flask, personas: Personas, asker: Scope, agent: Scope, admin: Scope
) -> None:
    number = opened(asker)
    browser = Browser(app, personas).sign_in("agent")
    page = browser.get(f"/help-desk/cases/{number}")
    do(services.comment, admin, number, "I have it")
    refused = browser.submit(page, {"text": "So do I"}, button="Send")
    assert refused.status == 409
    assert "A colleague has answered" in refused.root.text
    assert "I have it" in refused.root.text
    assert "So do I" in refused.root.text
    sent = browser.submit(refused, button="Send", follow=True)
    assert sent.status == 200
    assert "Your answer was sent." in sent.root.text


@pytest.mark.both_databases
def test_two_agents_who_have_a_case_open_are_told(
    app: Flask, personas: Personas, asker: Scope, admin: Scope
) -> None:
    number = opened(asker)
    do(services.look, admin, number)
    do(services.look, admin, number)
    browser = Browser(app, personas).sign_in("agent")
    assert "Also open at Admin Staff" in browser.get(f"/help-desk/cases/{number}").root.text
    with time_machine.travel(now() + timedelta(minutes=3)):
        page = Browser(app, personas).sign_in("agent").get(f"/help-desk/cases/{number}")
        assert "Also open" not in page.root.text


def test_only_cases_of_one_person_are_merged_and_once(
    asker: Scope, agent: Scope, personas: Personas
) -> None:
    first, second = opened(asker), opened(asker, "Again")
    others = opened(scope_for(personas, "manager_a"))
    for one, into, error in ((first, first, Invalid), (first, others, Invalid)):
        with unit_of_work(), pytest.raises(error):
            services.merge(agent, one, into)
    do(services.merge, agent, second, first)
    assert (case_of(second).state, case_of(second).merged_into_id) == (CaseState.CLOSED, first)
    with unit_of_work(), pytest.raises(Conflict):
        services.merge(agent, second, first)
    with unit_of_work(), pytest.raises(Conflict):
        services.move(agent, second, CaseState.OPEN)


@pytest.mark.both_databases
def test_a_breach_is_told_once_and_never_while_the_requester_is_asked(
    asker: Scope, agent: Scope
) -> None:
    asked, waits = opened(asker), opened(asker, "Another")
    do(services.comment, agent, waits, "Which?", asks=True)
    due = case_of(waits).solution_due_at
    with time_machine.travel(now() + timedelta(days=30), tick=False):
        jobs.tell_breaches()
        jobs.tell_breaches()
        breaches = [one for one in mails() if one[0] == "case_breach"]
        assert breaches == [("case_breach", "agent@example.org")] * 2  # answer, solution of `asked`
        do(services.comment, asker, waits, "This one")
        assert case_of(waits).solution_due_at > now() > due
        jobs.tell_breaches()
        assert len([one for one in mails() if one[0] == "case_breach"]) == 2
        do(services.resolve, agent, asked, "Done")
    with time_machine.travel(now() + timedelta(days=60), tick=False):
        jobs.close_resolved()
        assert case_of(asked).state == CaseState.CLOSED


@pytest.mark.both_databases
def test_what_was_said_cannot_be_changed_or_deleted(asker: Scope) -> None:
    opened(asker)
    for statement in ("UPDATE help_case_entry SET text = 'x'", "DELETE FROM help_case_entry"):
        with pytest.raises(DBAPIError, match="append-only"), unit_of_work() as session:
            session.execute(text(statement))
    with unit_of_work(write=False):
        assert list(checks.cases()) == []


@pytest.mark.both_databases
def test_cases_are_found_by_number_subject_and_name(
    app: Flask, personas: Personas, asker: Scope, agent: Scope
) -> None:
    number, other = opened(asker, "Missing box"), opened(asker, "Broken printer")
    browser = Browser(app, personas).sign_in("agent")
    for sought, found in (
        (f"CS-{number:07}", {"Missing box"}),
        ("print", {"Broken printer"}),
        ("requester box", {"Missing box"}),
        ("staff", {"Missing box", "Broken printer"}),
        ("ox", set()),
    ):
        page = browser.submit(
            browser.get("/help-desk/"), {"q": sought}, button="Search", follow=True
        )
        shown = {each for each in ("Missing box", "Broken printer") if each in page.root.text}
        assert shown == found, sought
    do(services.assign, agent, other, agent.user.id)
    page = browser.get("/help-desk/?assigned=mine")
    assert "Broken printer" in page.root.text
    assert "Missing box" not in page.root.text
