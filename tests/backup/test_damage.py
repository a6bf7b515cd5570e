"""A damaged database: found by backup, request and check, told once, and never pruned away."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import time_machine
from flask import Flask
from sqlalchemy import event, select

from portal import soundness
from portal.db import db, session, unit_of_work
from portal.jobs import run_once
from portal.messages.models import Message
from portal.settings import Settings, load_settings
from tests.backup import damage
from tests.backup.running import portal
from tests.client import Browser
from tests.house.source import ROOT

DAMAGED = "The database is damaged.\n"


@pytest.fixture
def settings(settings: Settings, database_kind: str) -> Settings:
    if database_kind != "sqlite":
        pytest.skip("damages a file of SQLite")
    return settings


@pytest.fixture(autouse=True)
def watched(app: Flask, settings: Settings) -> None:
    """All tests share one dialect, and with it what the first application listens to."""
    with app.app_context():
        soundness.watch(db.engine, settings.instance)


def ready(app: Flask) -> tuple[int, str]:
    answer = app.test_client().get("/readyz")
    return answer.status_code, answer.get_data(as_text=True)


def copies(settings: Settings) -> list[str]:
    return sorted(path.name for path in (settings.instance / "backups").glob("*.tar"))


def backups(settings: Settings, count: int) -> list[str]:
    """So many good copies, a day apart."""
    for day in range(1, count + 1):
        with time_machine.travel(f"2026-01-{day:02} 05:00:00+00:00", tick=True):
            assert portal(settings, "backup").code == 0
    return copies(settings)


def test_a_copy_that_is_not_good_is_kept_apart_and_the_newest_good_one_is_named(
    app: Flask, settings: Settings
) -> None:
    good = backups(settings, 3)
    assert ready(app) == (200, "ready\n")
    damage.overwrite(settings, "user_location")

    done = portal(settings, "backup", "--keep", "2")

    assert done.code == 1
    assert "The database is damaged" in done.complained
    assert "Written" not in done.said
    newest = settings.instance / "backups" / good[-1]
    whole = f"{ROOT}/bin/portal --instance {settings.instance} restore {newest}"
    assert done.complained.endswith(f": {whole}")
    assert copies(settings) == good, "nothing is removed for one that is not good"
    (apart,) = (settings.instance / "backups" / "damaged").iterdir()
    assert apart.name.startswith("damaged-portal-")
    assert str(apart) in done.complained
    assert ready(app) == (503, DAMAGED)
    refused = portal(settings, "restore", apart)
    assert (refused.code, "damaged" in refused.complained) == (1, True)
    assert portal(settings, "restore", newest).code == 0
    assert ready(app) == (200, "ready\n")
    assert portal(settings, "backup").code == 0


def test_a_copy_to_a_place_of_ones_own_is_named_so_too(settings: Settings, tmp_path: Path) -> None:
    damage.overwrite(settings, "user_location")
    done = portal(settings, "backup", tmp_path / "mine.tar")
    assert done.code == 1
    assert not (tmp_path / "mine.tar").exists()
    assert (tmp_path / "damaged" / "damaged-mine.tar").exists()


def test_two_weeks_of_damaged_copies_leave_every_good_one(settings: Settings) -> None:
    good = backups(settings, 3)
    damage.overwrite(settings, "user_location")
    for day in range(4, 9):
        with time_machine.travel(f"2026-01-{day:02} 05:00:00+00:00", tick=True):
            assert portal(settings, "backup", "--keep", "3").code == 1
    assert copies(settings) == good
    kept = sorted((settings.instance / "backups" / "damaged").iterdir())
    days = [path.name.partition("portal-")[2][:8] for path in kept]
    assert days == ["20260104", "20260108"], "the first and the newest: they do not fill the disk"


def test_a_copy_that_was_spoilt_since_counts_for_nothing(settings: Settings) -> None:
    folder = settings.instance / "backups"
    first, second, third = backups(settings, 3)
    (folder / third).write_bytes((folder / third).read_bytes()[:-30_000])
    content = bytearray((folder / second).read_bytes())
    content[len(content) // 2] ^= 0xFF
    (folder / second).write_bytes(content)

    with time_machine.travel("2026-01-04 05:00:00+00:00", tick=True):
        assert portal(settings, "backup", "--keep", "2").code == 0

    assert copies(settings)[0] == first, "one of the two that are good"
    with time_machine.travel("2026-01-05 05:00:00+00:00", tick=True):
        done = portal(settings, "backup", "--keep", "2")
    assert [name[7:15] for name in copies(settings)] == ["20260104", "20260105"]
    assert done.said.count("Removed: ") == 3


def test_nothing_from_before_a_known_fault_is_removed(settings: Settings) -> None:
    before = backups(settings, 2)
    with time_machine.travel("2026-01-03 00:00:00+00:00", tick=False):
        soundness.note(settings.instance, soundness.WRONG)
    for day in range(4, 7):
        with time_machine.travel(f"2026-01-{day:02} 05:00:00+00:00", tick=True):
            assert portal(settings, "backup", "--keep", "1").code == 0
    assert copies(settings)[:2] == before
    assert len(copies(settings)) == 3


def test_a_header_that_is_gone_is_one_sentence(app: Flask, settings: Settings) -> None:
    (good,) = backups(settings, 1)
    with app.app_context(), unit_of_work(write=False):
        session().scalar(select(Message.id))  # a connection that has read the beginning already
    with damage.file_of(settings).open("r+b") as file:
        file.write(b"\0" * 100)
    assert ready(app) == (503, DAMAGED)
    with app.app_context():
        db.engine.dispose()
    done = portal(settings, "backup")
    assert done.code == 1
    assert "cannot be copied" in done.complained
    assert good in done.complained
    assert ready(app) == (503, DAMAGED)


def test_a_damaged_page_found_by_any_request_is_remembered(
    app: Flask, settings: Settings, browser: Browser
) -> None:
    app.config["SHOW_FAULTS_AS_PAGES"] = True
    browser.sign_in("admin")
    assert browser.get("/operations").status == 200
    with app.app_context():
        db.engine.dispose()
    damage.overwrite(settings, "message")
    assert ready(app) == (200, "ready\n"), "nobody has looked at that page yet"
    assert browser.client.get("/operations").status_code >= 500
    assert ready(app) == (503, DAMAGED)
    again = load_settings(settings.instance, database_url=settings.database_url, jobs="off")
    assert [fault.kind for fault in soundness.faults(again.instance)] == ["damaged"]


def test_the_nightly_check_finds_what_a_backup_does_not(
    app: Flask, settings: Settings, browser: Browser
) -> None:
    browser.sign_in("admin")
    with app.app_context():
        db.engine.dispose()
    damage.disorder(settings, "ix_user_location_location_id")
    assert portal(settings, "backup").code == 0
    assert ready(app) == (200, "ready\n")

    outcome = run_once(app, "platform.check")

    assert not outcome.ok
    assert "The pages of the database" in outcome.detail
    assert ready(app) == (503, DAMAGED)
    assert portal(settings, "backup").code == 1, "from now on the whole of each copy is checked"
    assert portal(settings, "check").code == 1
    assert ready(app) == (503, DAMAGED)
    with closing(sqlite3.connect(damage.file_of(settings))) as database:
        database.execute("REINDEX")
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with app.app_context():
        db.engine.dispose()
    assert run_once(app, "platform.check").ok
    assert ready(app) == (200, "ready\n")


def test_a_row_without_its_parent_makes_it_not_ready_until_it_is_mended(
    app: Flask, settings: Settings
) -> None:
    with closing(sqlite3.connect(damage.file_of(settings))) as database:
        database.execute(
            "INSERT INTO user_location (user_id, location_id, created_at) VALUES (77, 88, '2026')"
        )
        database.commit()
        assert not run_once(app, "platform.check").ok
        assert ready(app) == (503, f"{soundness.SENTENCES['wrong']}\n")
        database.execute("DELETE FROM user_location WHERE user_id = 77")
        database.commit()
    portal(settings, "check")
    assert ready(app) == (200, "ready\n")


def mails(app: Flask) -> list[str]:
    with app.app_context(), unit_of_work(write=False):
        query = select(Message.address).where(Message.kind == "data_fault")
        return list(session().scalars(query))


def test_administrators_are_told_once_a_fault(
    app: Flask, settings: Settings, browser: Browser
) -> None:
    (good,) = backups(settings, 1)
    run_once(app, "platform.tell_faults")
    assert mails(app) == []
    damage.overwrite(settings, "draft")
    assert portal(settings, "backup").code == 1
    for _time in range(2):
        run_once(app, "platform.tell_faults")
        portal(settings, "backup")
    assert len(mails(app)) == 1
    browser.sign_in("admin")
    page = browser.get("/operations")
    assert "Act now: the database of the portal is damaged" in page.root.text
    assert "The person who runs the portal must stop it" in page.root.text
    links = [link.attributes["href"] for link in page.root.all("a")]
    (message,) = {link for link in links if link.startswith("/operations/messages/")}
    assert good in browser.get(message).root.text
    assert "The database is damaged" in browser.get("/operations/jobs").root.text
    soundness.clear(settings.instance, soundness.DAMAGED)
    assert "The database is damaged" not in browser.get("/operations/jobs").root.text
    soundness.note(settings.instance, soundness.DAMAGED)
    run_once(app, "platform.tell_faults")
    assert len(mails(app)) == 2, "another fault"


def test_home_says_so_to_administrators_only(
    app: Flask, settings: Settings, browser: Browser
) -> None:
    soundness.note(settings.instance, soundness.BACKUP)
    assert ready(app)[0] == 503
    assert "There is no new backup" in browser.sign_in("admin").get("/").root.text
    assert "There is no new backup" not in browser.sign_in("manager_a").get("/").root.text
    assert portal(settings, "backup").code == 0
    assert ready(app) == (200, "ready\n")


def test_a_fault_that_cannot_be_written_down_is_known_all_the_same(
    app: Flask, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("portal.durable.replace", full)
    soundness.note(settings.instance, soundness.DAMAGED)
    assert ready(app) == (503, DAMAGED)
    monkeypatch.undo()
    soundness.note(settings.instance, soundness.DAMAGED)
    assert (settings.instance / soundness.NAME).exists()
    soundness.clear(settings.instance, soundness.DAMAGED)
    assert ready(app) == (200, "ready\n")


def test_readiness_costs_no_more_statements_for_it(app: Flask, settings: Settings) -> None:
    """What is known comes from a file; nothing is checked anew."""
    asked: list[str] = []
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda *given: asked.append(str(given[2])))
    ready(app)
    assert not [one for one in asked if "check" in one]
    assert len(asked) <= 5
