"""What a file changes, and what it must not (SPEC H5, H6)."""

import pytest
from flask import Flask
from sqlalchemy import func, select

from blueprints.onboarding.models import OnboardingUpload
from portal.access.profiles import Profile
from portal.access.scope import Scope
from portal.db import unit_of_work
from portal.imports import running
from portal.imports.models import ImportRun
from portal.messages.models import Message
from portal.people.models import User, UserLocation
from portal.settings import current
from tests.client import Browser
from tests.inventory.stock import scope_for
from tests.onboarding.workbooks import (
    MANAGER,
    case_of,
    line,
    mails,
    places_of,
    pressed,
    sent_file,
    table,
    told,
    upload,
)
from tests.personas import Personas
from tests.processes import together

PROVIDER_A = {"first": "Provider", "last": "A", "username": "provider.a"}


def counts(run: ImportRun) -> dict[str, int]:
    kinds = ("added", "removed", "unchanged", "failed", "mended")
    return {kind: getattr(run, kind) for kind in kinds if getattr(run, kind)}


def add_user(app: Flask, personas: Personas, username: str, *letters: str) -> None:
    """A registered provider named Jane White."""
    with app.app_context(), unit_of_work() as session:
        user = User(
            username=username,
            first_name="Jane",
            last_name="White",
            email=f"{username}@example.org",
            profile=Profile.PROVIDER,
            password_hash="x",
        )
        session.add(user)
        session.flush()
        for letter in letters:
            place = personas.locations[letter]
            session.add(UserLocation(user_id=user.id, location_id=place))


def test_who_loses_the_last_location_is_signed_out_at_once(
    app: Flask, personas: Personas, agent: Browser
) -> None:
    nurse = Browser(app, personas).sign_in("provider_a")
    assert nurse.get("/recipients/").status == 200
    removed = line(**PROVIDER_A, action="Remove")
    _where, run = upload(app, agent, table(removed))
    assert counts(run) == {"removed": 1}
    assert nurse.get("/recipients/").leads_to.startswith("/sign-in")
    assert places_of(app, "provider.a") == frozenset()
    assert counts(upload(app, agent, table(removed))[1]) == {"unchanged": 1}


def test_who_moves_keeps_the_access(app: Flask, personas: Personas, agent: Browser) -> None:
    nurse = Browser(app, personas).sign_in("provider_a")
    _where, run = upload(
        app,
        agent,
        table(line(**PROVIDER_A, action="Remove"), line(**PROVIDER_A, location="Clinic C")),
    )
    assert counts(run) == {"added": 1, "removed": 1}
    assert places_of(app, "provider.a") == {personas.locations["C"]}
    assert nurse.get("/recipients/").status == 200
    assert mails(app, "location_added") == ["provider.a@example.org"]


def test_three_usernames_of_one_person_become_one_in_a_single_file(
    app: Flask, personas: Personas, agent: Browser
) -> None:
    for username, letter in (("jwhite200", "A"), ("jwhite300", "B"), ("jwhite400", "C")):
        add_user(app, personas, username, letter)
    jane = {"first": "Jane", "last": "White", "email": "jwhite200@example.org"}
    _where, run = upload(
        app,
        agent,
        table(
            line(**jane, username="jwhite300", location="Clinic B", action="Remove"),
            line(**jane, username="jwhite400", location="Clinic C", action="Remove"),
            line(**jane, username="jwhite200", location="Clinic B"),
            line(**jane, username="jwhite200", location="Clinic C"),
        ),
    )
    assert counts(run) == {"added": 2, "removed": 2}
    assert places_of(app, "jwhite200") == set(personas.locations.values())
    assert places_of(app, "jwhite300") == places_of(app, "jwhite400") == frozenset()


@pytest.mark.both_databases
def test_a_manager_s_own_file_changes_only_the_manager_s_locations(
    app: Flask, personas: Personas, agent: Browser
) -> None:
    where, run = upload(
        app,
        agent,
        table(
            line("Ann", "Brown", "abrown"),
            line("Ann", "Brown", "abrown", location="Clinic B"),
            line("Manager", "B", "manager.b", location="Clinic B", action="Remove"),
            line("Manager", "A", "manager.a", action="Remove"),
            line("Manager", "AB", "manager.ab", action="Remove"),
        ),
        who="manager_a",
    )
    assert counts(run) == {"added": 1, "removed": 1, "failed": 3}
    assert places_of(app, "abrown") == {personas.locations["A"]}
    assert places_of(app, "manager.b") == {personas.locations["B"]}
    page = agent.get(where).root.text
    assert "The sender of this file does not work at this location." in page
    assert "This is the last manager of Clinic A." in page


@pytest.mark.both_databases
def test_a_requester_s_username_becomes_the_one_of_the_file(app: Flask, agent: Browser) -> None:
    row = line("Requester", "Staff", "rstaff", email="requester@example.org", profile=MANAGER)
    _where, run = upload(app, agent, table(row))
    assert counts(run) == {"added": 1}
    with app.app_context(), unit_of_work(write=False) as session:
        user = session.scalars(select(User).where(User.email == "requester@example.org")).one()
        assert (user.username, user.profile) == ("rstaff", Profile.MANAGER)
    assert counts(upload(app, agent, table(row))[1]) == {"unchanged": 1}


def test_a_name_outside_the_convention_is_taken_with_a_hint(app: Flask, agent: Browser) -> None:
    _where, run = upload(app, agent, table(line()), "users final(2).csv")
    assert counts(run) == {"added": 1}
    (said,) = told(app, case_of(app, run))
    assert "Next time, name the file after the organization and the date" in said
    _where, run = upload(app, agent, table(line()), "Clinic (A) HCP 12-02-20.csv")
    assert "Next time" not in told(app, case_of(app, run))[0]


def take_in(index: int, run_ids: list[int]) -> str:
    """What a worker does with its file."""
    return running.process_or_follow(current(), run_ids[index]).state


@pytest.mark.slow("lets several processes race")
def test_twenty_uploads_of_one_file_at_once_have_one_effect(app: Flask, personas: Personas) -> None:
    people = [line(f"Ann{n}", "Brown", f"abrown{n}") for n in range(10)]
    content = table(*people, *[line(f"Ann{n}", "Brown", f"abrown{n}", location="Clinic B")
                                  for n in range(10)])  # fmt: skip
    with app.app_context():
        asker, agent = scope_for(personas, "requester"), scope_for(personas, "agent")
        run_ids = [pressed(agent, sent_file(asker, content)) for _each in range(20)]
        states = together(app, 4, take_many, run_ids)
        assert states == ["finished"] * 4
        with unit_of_work(write=False) as session:
            runs = [session.get_one(ImportRun, run_id) for run_id in run_ids]
            assert sum(run.added for run in runs) == 20
            assert sum(run.unchanged for run in runs) == 380
            assert sum(run.failed for run in runs) == 0
            welcome = select(func.count()).select_from(Message).where(Message.kind == "welcome")
            assert session.scalar(welcome) == 10


def take_many(index: int, run_ids: list[int]) -> str:
    """Take in every fourth file."""
    return {take_in(number, run_ids) for number in range(index, len(run_ids), 4)}.pop()


@pytest.mark.both_databases
@pytest.mark.slow("lets several processes race")
def test_a_file_is_processed_once_however_often_the_button_is_pressed(
    app: Flask, personas: Personas
) -> None:
    with app.app_context():
        asker, agent = scope_for(personas, "requester"), scope_for(personas, "agent")
        case_id = sent_file(asker, table(line()))
        assert len(set(together(app, 4, press, agent, case_id))) == 1
        with unit_of_work(write=False) as session:
            assert session.scalar(select(func.count()).select_from(OnboardingUpload)) == 1


def press(_index: int, agent: Scope, case_id: int) -> int:
    """Press the button at the same attachment."""
    return pressed(agent, case_id)
