"""A module that nobody here wrote brings a list, a wizard, an import, messages by two channels, its
samples and its settings, and edits no file outside its folder."""

import io
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from portal import clock, jobs, settings
from portal.db import unit_of_work
from portal.diary import live_through, past_until
from portal.imports import running
from portal.messages.models import ChannelState, Message
from portal.messages.queries import faults
from portal.messages.templates import missing_blocks
from tests.client import Browser, Page
from tests.inventory.stock import scope_for
from tests.messages.conftest import MailServer
from tests.personas import Personas
from tests.plugin.conftest import PagerService
from tests.samples import Making, Place

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
DUE = date(2027, 2, 4)
# Three days before, as the settings say.
REMINDED = datetime(2027, 2, 1, 12, tzinfo=UTC)


def lend(browser: Browser, label: str = "Blue", **values: str) -> Page:
    given = {"label": label, "borrower": "ann@example.org", "pager": "5550100"}
    given |= {"due_on": f"{DUE:%m/%d/%Y}", **values}
    # Anew: by the clock of the test the last session may be long over.
    browser.sign_in("manager_a")
    page = browser.submit(browser.get("/coolers/lend"), given, button="Next", follow=True)
    return browser.submit(page, button="Save", follow=True)


def send(app: Flask) -> list[str]:
    """What came of the jobs of both channels."""
    done = [jobs.run_once(app, name) for name in ("messages.deliver", "messages.deliver_pager")]
    assert all(one.ok for one in done)
    return [one.detail for one in done]


def states(app: Flask) -> list[tuple[str, str, str]]:
    with app.app_context(), unit_of_work(write=False) as session:
        query = select(Message.kind, Message.channel, Message.state).order_by(Message.id)
        return [tuple(row) for row in session.execute(query)]  # type: ignore[misc]


def test_a_wizard_lends_and_the_list_shows_it(manager: Browser) -> None:
    page = lend(manager)
    assert page.root.with_text("h1", "Blue")
    assert "ann@example.org" in manager.get("/coolers/?view=all").root.text
    assert manager.sign_in("manager_b").get("/coolers/1").status == 404


@pytest.mark.both_databases
def test_a_file_takes_them_in_once(app: Flask, manager: Browser) -> None:
    content = b"Label,Borrower,Due\nRed,bob@example.org,02/04/2027\nGreen,nobody,02/04/2027\n"
    for _time in range(2):
        page = manager.get("/coolers/imports")
        sent = manager.submit(page, {"file": (io.BytesIO(content), "lent.csv")}, button="Import")
        with app.app_context():
            assert running.process_waiting(app.extensions["portal"].settings) == 1
    shown = manager.get(sent.leads_to).root.text
    assert "Enter an e-mail address" in shown
    assert [kind for kind, _channel, _state in states(app)] == ["cooler_lent", "cooler_due"]


@pytest.mark.both_databases
def test_its_messages_leave_by_two_channels_each_at_its_time(
    app: Flask, manager: Browser, mail_server: MailServer, pager: PagerService
) -> None:
    mail_server.start()
    pager.start()
    with time_machine.travel(NOW, tick=False) as clock:
        lend(manager)
        assert send(app) == ["1 sent", ""]
        (mail,) = mail_server.mails
        assert str(mail["Subject"]) == "Cooler Blue is yours until 02/04/2027"
        files = {str(one.get_filename()): one for one in mail.iter_attachments()}
        assert list(files) == ["return.ics", "label.pdf"]
        assert files["return.ics"]["Content-Type"].params["method"] == "PUBLISH"
        assert "X-COOLER:Blue" in files["return.ics"].get_content()
        assert files["label.pdf"].get_content() == b"%PDF-1.7\n\x00\xff"
        # Hours, days and months ahead nothing more leaves.
        for moment in (NOW + timedelta(hours=3), NOW + timedelta(days=30), REMINDED):
            clock.move_to(moment - timedelta(seconds=1))
            assert send(app) == ["", ""]
        clock.move_to(REMINDED)
        assert send(app) == ["1 sent", "1 sent"]
    assert str(mail_server.mails[1]["Subject"]) == "Cooler Blue is due"
    (page,) = pager.pages
    assert page["to"] == "5550100"
    assert page["text"] == "Cooler Blue is due on 02/04/2027 & must be back\n", "it is no HTML"
    assert page["urgency"] == "normal"
    with app.app_context():
        assert faults() == []


def test_what_is_no_longer_true_or_was_taken_back_does_not_leave(
    app: Flask, manager: Browser, mail_server: MailServer, pager: PagerService
) -> None:
    mail_server.start()
    pager.start()
    with time_machine.travel(NOW, tick=False) as clock:
        manager.submit(lend(manager, "Back"), button="It is back")
        manager.submit(lend(manager, "Lost", pager=""), button="It is lost")
        send(app)
        clock.move_to(REMINDED)
        assert send(app) == ["1 no longer wanted", "1 no longer wanted"]
        assert states(app) == [
            ("cooler_lent", "email", "sent"),
            ("cooler_due", "email", "obsolete"),
            ("cooler_due", "pager", "obsolete"),
            ("cooler_lent", "email", "sent"),
            ("cooler_due", "email", "cancelled"),
        ]
        admin = manager.sign_in("admin")
        listed = admin.get("/operations?state=obsolete")
        assert listed.root.with_text("a", "No longer true (2)")
        assert len(listed.root.one("tbody").all("tr")) == 2
        shown = admin.get("/operations/messages/3").root.text
        assert "Pager" in shown
        assert "no longer true when it was to be sent" in shown
    assert [str(one["Subject"])[:11] for one in mail_server.mails] == ["Cooler Back", "Cooler Lost"]
    assert pager.pages == []
    with app.app_context():
        assert faults() == []


@pytest.mark.parametrize("down", ["email", "pager"])
def test_the_trouble_of_one_channel_holds_up_no_other(
    app: Flask, manager: Browser, mail_server: MailServer, pager: PagerService, down: str
) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        lend(manager)
        clock.move_to(REMINDED)
        (pager if down == "email" else mail_server).start()
        trouble = "1 server unusable"
        wanted = [trouble, "1 sent"] if down == "email" else ["2 sent", trouble]
        assert send(app) == wanted
        with app.app_context(), unit_of_work(write=False) as session:
            failing = session.scalars(
                select(ChannelState.channel).where(ChannelState.failing_since.is_not(None))
            )
            assert list(failing) == [down]
        shown = manager.sign_in("admin").get("/operations").root.text
        assert ("Pager has not been reachable since" in shown) == (down == "pager")
        assert ("The mail server has not been reachable since" in shown) == (down == "email")
        # It rests, and then what waited leaves.
        (mail_server if down == "email" else pager).start()
        assert send(app) == ["", ""]
        clock.shift(timedelta(minutes=1))
        assert send(app) == (["2 sent", ""] if down == "email" else ["", "1 sent"])


def test_its_channel_judges_addresses_and_says_what_became_of_each(
    app: Flask, manager: Browser, mail_server: MailServer, pager: PagerService
) -> None:
    mail_server.start()
    pager.start()
    answers = {"5550101": 404, "5550102": 503}
    pager.status = lambda body: answers.get(body["to"], 200)
    with time_machine.travel(REMINDED, tick=False):
        for number in ("5550100", "5550101", "5550102", "no number"):
            lend(manager, f"Box {number}", pager=number)
        assert send(app)[1] == "1 sent, 1 failed, 1 to be tried again"
    with app.app_context(), unit_of_work(write=False) as session:
        query = select(Message.state, Message.last_error).where(Message.channel == "pager")
        found = [tuple(row) for row in session.execute(query.order_by(Message.id))]
    assert found == [
        ("sent", ""),
        ("failed", "The pager service answered 404."),
        ("waiting", "The pager service answered 503."),
        ("failed", "A pager has a number."),
    ]


def test_its_part_of_the_sample_clinics_is_lived_through(app: Flask) -> None:
    from clinic_coolers.models import Cooler
    from clinic_coolers.practice import diary

    known = app.extensions["portal"]
    app.extensions["portal"] = replace(known, settings=replace(known.settings, practice=True))
    with time_machine.travel(NOW, tick=False), app.app_context():
        past = past_until(NOW)
        with clock.practice_clock(settings.current()) as put_clock:
            live_through(diary(past), past, put_clock)
        with unit_of_work(write=False) as session:
            states_of = select(Cooler.state).order_by(Cooler.state)
            assert list(session.scalars(states_of)) == ["back"] * 2 + ["out"] * 2
            rows = session.scalars(select(Message).order_by(Message.id)).all()
            for kind, state, number in (
                ("cooler_lent", "sent", 4),
                ("cooler_due", "sent", 2),
                ("cooler_due", "planned", 2),
            ):
                found = [one for one in rows if (one.kind, one.state) == (kind, state)]
                assert len(found) == number, (kind, state)
            assert {one.created_at.hour for one in rows} == {14}, "10:30 AM at the clinics"
            sent = [one for one in rows if one.sent_at and one.kind == "cooler_due"]
            assert all(one.not_before and one.not_before <= one.sent_at <= NOW for one in sent)
        assert faults() == []


def test_its_samples_are_seen_at_their_location_alone(app: Flask, manager: Browser) -> None:
    from clinic_coolers.samples import samples

    with app.app_context():
        personas = Personas.load()
        places = tuple(
            Place(letter, scope_for(personas, f"manager_{letter.lower()}"), f"sign-{letter}")
            for letter in ("A", "B")
        )
        making = Making(app, personas, places)
        samples.make(making)
    for letter, other in (("A", "B"), ("B", "A")):
        browser = manager.sign_in(f"manager_{letter.lower()}")
        for address in samples.canaries.shown:
            page = browser.get(address.format(cooler=making.ids["cooler"][letter]))
            assert making.sign(letter) in page.root.text
            assert making.sign(other) not in page.root.text
        for address in samples.access.elsewhere:
            assert browser.get(address.format(cooler=making.ids["cooler"][other])).status == 404


def test_all_it_says_can_be_written(app: Flask) -> None:
    with app.app_context():
        registry = app.extensions["portal"].registry
        assert missing_blocks([kind for one in registry for kind in one.messages]) == []
