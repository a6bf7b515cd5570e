"""Each entry says through what somebody acted."""

import threading

import pytest
from flask import Flask
from sqlalchemy import select

from portal.access.through import Through, acting, in_words, present
from portal.audit.models import AuditEntry
from portal.audit.services import record
from portal.audit.verify import verify
from portal.jobs import runner
from portal.module import Job
from portal.web.guards import LINK, reason_of
from tests.client import Browser
from tests.people.steps import NEW, link_in, mails, reading, sign_in, writing
from tests.shipments.files import csv, row, take_in


def said(app: Flask) -> dict[str, set[str]]:
    """Through what each action was done."""
    found: dict[str, set[str]] = {}
    with reading(app) as session:
        for action, through in session.execute(select(AuditEntry.action, AuditEntry.through)):
            found.setdefault(action, set()).add(through)
    return found


@pytest.mark.both_databases
def test_signed_in_by_link_and_without_either(app: Flask, browser: Browser) -> None:
    sign_in(browser, "manager.a")
    browser.get("/locations/1")
    asking = Browser(app, browser.personas)
    page = asking.get("/password/forgot")
    asking.submit(page, {"identity": "manager.a"}, button="Send the link")
    link = link_in(mails(app, "password_reset")[-1]["text"])
    # Somebody who is signed in acts through the link all the same.
    browser.submit(browser.get(link), {"new_password": NEW}, button="Save")
    assert said(app) == {
        "user.signed_in": {"page"},
        "location.viewed": {"signed_in"},
        "user.reset_asked": {"page"},
        "user.password_reset": {"link"},
    }


def test_every_page_whose_link_is_the_proof_says_so(app: Flask) -> None:
    proofs = {
        name
        for name, view in app.view_functions.items()
        if "link itself is the proof" in reason_of(view)
    }
    assert proofs
    assert {name for name in app.view_functions if getattr(app.view_functions[name], LINK, 0)} == (
        proofs
    )


def test_a_file_is_taken_in_by_import_whoever_sent_it(app: Flask) -> None:
    take_in(app, csv(row()))
    assert said(app) == {
        "shipments.file_received": {"command"},
        "shipment.announced": {"import"},
        "shipments.file_finished": {"import"},
    }


def at_work() -> None:
    from portal.db import unit_of_work

    with unit_of_work():
        record(None, "x.done", subject="x", subject_id=None, location_id=None)


def test_what_a_job_does_is_the_jobs(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    from datetime import timedelta

    job = Job(name="x", title="x", function=f"{__name__}:at_work", every=timedelta(hours=1))
    monkeypatch.setattr(runner, "jobs_of", lambda _app: {"x": job})
    assert runner.run_once(app, "x").ok
    assert said(app) == {"x.done": {"job"}}
    assert present() is Through.COMMAND, "afterwards it is as before"


def test_what_nothing_else_began_is_the_command_lines_and_threads_are_apart(app: Flask) -> None:
    seen: list[Through] = []
    with acting(Through.LINK):
        other = threading.Thread(target=lambda: seen.append(present()))
        other.start()
        other.join()
    assert seen == [Through.COMMAND]
    with app.app_context():
        at_work()
    assert said(app) == {"x.done": {"command"}}


@pytest.mark.both_databases
def test_the_trail_shows_it_in_words_and_is_searched_by_it(app: Flask, browser: Browser) -> None:
    with writing(app):
        with acting(Through.LINK):
            record(None, "x.linked", subject="x", subject_id=None, location_id=None)
        record(None, "x.commanded", subject="x", subject_id=None, location_id=None)
    administrator = browser.sign_in("admin")
    shown = administrator.get("/operations/audit?through=link").root.all("tbody")[0].text
    assert "X linked" in shown
    assert "Link in a message" in shown
    assert "X commanded" not in shown
    assert "Link in a message" in administrator.get("/operations/audit/1").root.text
    assert administrator.get("/operations/audit?through=magic").status == 422
    with app.app_context():
        assert verify().ok


def test_entries_of_before_say_nothing(app: Flask) -> None:
    with app.test_request_context():
        assert in_words("") == "Not noted then"
        assert in_words("odd") == "odd"
        assert len({one.label for one in Through}) == len(Through)
