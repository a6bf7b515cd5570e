"""A file is about locations: the staff profile of who holds one, too, is none of its business."""

import pytest
from flask import Flask
from sqlalchemy import select

from blueprints.helpdesk.models import Case
from portal.access.profiles import Profile
from portal.accounts import services as accounts
from portal.accounts.second_profile import change_second_profile
from portal.audit.models import AuditEntry
from portal.imports.models import ImportRun
from portal.people.models import UserLocation
from portal.people.rules import Giver
from tests.client import Browser
from tests.onboarding.test_effects import counts
from tests.onboarding.workbooks import (
    MANAGER,
    line,
    newest_file,
    open_request,
    places_of,
    process,
    table,
    told,
    upload,
    work,
)
from tests.people.steps import change, reading, user_of, writing
from tests.personas import Personas

ADMIN = {"first": "Admin", "last": "Staff", "username": "admin"}


@pytest.fixture
def both(app: Flask, personas: Personas) -> int:
    """The administrator, who is also a manager of A."""
    with writing(app):
        user = accounts.load_for_change(personas.users["admin"])
        here = frozenset({personas.locations["A"]})
        everywhere = Giver(profile=Profile.ADMINISTRATOR, everywhere=True)
        change_second_profile(None, everywhere, user, Profile.MANAGER, at=here)
    return personas.users["admin"]


def held(app: Flask, user_id: int) -> tuple[str, str | None, bool]:
    user = user_of(app, user_id)
    return user.profile, user.location_profile, user.active


def test_lines_move_the_locations_and_leave_the_staff_profile(
    app: Flask, personas: Personas, agent: Browser, both: int
) -> None:
    theirs = Browser(app, personas).sign_in("admin")
    added = line(**ADMIN, profile=MANAGER, location="Clinic C")
    where, run = upload(app, agent, table(added, line(**ADMIN, action="Remove")))
    assert counts(run) == {"added": 1, "removed": 1}
    assert places_of(app, "admin") == {personas.locations["C"]}
    assert held(app, both) == ("administrator", "manager", True)
    _where, run = upload(app, agent, table(line(**ADMIN, action="Remove", location="Clinic C")))
    assert counts(run) == {"removed": 1}
    assert held(app, both) == ("administrator", None, True)
    assert theirs.get("/operations/audit").status == 200, "still signed in as staff"
    with reading(app) as session:
        case_ids = session.scalars(select(Case.id).order_by(Case.id)).all()
    for case_id in case_ids:
        assert any(
            "Programme staff in this file: Admin Staff. Only their locations were changed, not "
            "their staff profile." in said
            for said in told(app, case_id)
        )


def test_another_profile_at_locations_is_refused(app: Flask, agent: Browser, both: int) -> None:
    wrong = line(**ADMIN, location="Clinic C")
    assert counts(upload(app, agent, table(wrong))[1]) == {"failed": 1}
    assert held(app, both) == ("administrator", "manager", True)


def test_no_file_gives_staff_a_profile_at_locations(
    app: Flask, personas: Personas, agent: Browser
) -> None:
    wrong = line(**ADMIN, profile=MANAGER)
    assert counts(upload(app, agent, table(wrong))[1]) == {"failed": 1}
    assert held(app, personas.users["admin"]) == ("administrator", None, True)


@pytest.mark.both_databases
def test_what_a_file_may_be_about_follows_the_profile_it_was_sent_in(
    app: Flask, personas: Personas, agent: Browser, both: int
) -> None:
    asker = Browser(app, personas).sign_in("admin")
    elsewhere = table(line(location="Clinic B"))
    for acts, found in ((True, {"failed": 1}), (False, {"added": 1})):
        change(app, both, acts_at_location=acts, current_location_id=personas.locations["A"])
        case_id = open_request(asker, elsewhere)
        _where, run = process(app, agent, case_id)
        assert counts(run) == found, acts


@pytest.mark.both_databases
def test_what_a_file_does_is_done_in_the_profile_of_who_had_it_processed(
    app: Flask, personas: Personas, both: int
) -> None:
    staff = Browser(app, personas).sign_in("admin")
    case_id = open_request(staff, table(line()))
    process(app, staff, case_id)
    change(app, both, acts_at_location=True)
    with reading(app) as session:
        run = session.scalars(select(ImportRun)).one()
        assert run.user_profile == "administrator"
        added = session.scalars(select(AuditEntry).where(AuditEntry.action == "user.added")).one()
        assert (added.actor_username, added.profile) == ("admin", "administrator")


@pytest.mark.both_databases
def test_who_is_no_longer_staff_sends_files_about_the_own_locations_alone(
    app: Flask, personas: Personas, agent: Browser
) -> None:
    asker = Browser(app, personas).sign_in("admin")
    cases = [open_request(asker, table(line(location=f"Clinic {place}"))) for place in "BA"]
    admin = personas.users["admin"]
    change(app, admin, profile="manager", current_location_id=personas.locations["A"])
    with writing(app) as session:
        session.add(UserLocation(user_id=admin, location_id=personas.locations["A"]))
    for case_id, found in zip(cases, ({"failed": 1}, {"added": 1}), strict=True):
        _where, run = process(app, agent, case_id)
        assert counts(run) == found


@pytest.mark.both_databases
def test_what_a_file_does_is_done_in_a_profile_that_is_still_held(
    app: Flask, personas: Personas, agent: Browser
) -> None:
    staff = Browser(app, personas).sign_in("admin")
    case_id = open_request(agent, table(line()))
    action = f"/onboarding/cases/{case_id}/files/{newest_file(app, case_id)}/process"
    assert staff.submit(staff.get(f"/help-desk/cases/{case_id}"), action=action).status == 303
    change(app, personas.users["admin"], profile="manager")
    work(app)
    with reading(app) as session:
        added = session.scalars(select(AuditEntry).where(AuditEntry.action == "user.added")).one()
        assert (added.actor_username, added.profile) == ("admin", "manager")
