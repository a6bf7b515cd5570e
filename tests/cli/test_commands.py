"""The command line, by subprocess: plain sentences and meaningful exit codes."""

import json
import shutil
import sqlite3
from pathlib import Path

import pytest

from tests.cli.conftest import Portal, run_program
from tests.house.source import ROOT

pytestmark = pytest.mark.slow("starts the portal as a program")


@pytest.fixture
def migrated(portal: Portal, new_instance: Path, tmp_path: Path) -> Portal:
    shutil.copytree(new_instance, tmp_path / "own")
    return portal


def test_migrating_says_what_it_did_and_does_nothing_twice(portal: Portal) -> None:
    first = portal("migrate")
    assert first.stdout.startswith("The database was brought from schema nothing to ")
    again = portal("migrate")
    assert (again.returncode, again.stdout) == (0, "The database is up to date.\n")


def test_help_lists_own_commands_and_those_of_modules(portal: Portal) -> None:
    done = portal("--help")
    assert done.returncode == 0
    for name in ("backup", "check", "jobs", "migrate", "practice", "restore", "shipments", "audit"):
        assert f"\n  {name} " in done.stdout, name


def test_help_of_a_modules_command_needs_no_database(portal: Portal) -> None:
    done = portal("shipments", "import", "--help")
    assert done.returncode == 0
    assert "FILE" in done.stdout


def test_commands_of_a_module_that_is_off_are_gone(portal: Portal) -> None:
    done = portal("shipments", "--help", PORTAL_MODULES_OFF="shipments,inventory")
    assert done.returncode == 2
    assert "No such command" in done.stderr


def test_a_modules_command_asks_for_an_up_to_date_database(
    migrated: Portal, tmp_path: Path
) -> None:
    (tmp_path / "x.csv").write_text("x")
    (tmp_path / "own" / "portal.sqlite").unlink()
    done = migrated("shipments", "import", str(tmp_path / "x.csv"))
    assert done.returncode == 1
    assert f"Run: {ROOT}/bin/portal --instance {tmp_path / 'own'} migrate" in done.stderr


def test_all_is_well_with_a_new_instance(migrated: Portal, tmp_path: Path) -> None:
    done = run_program(tmp_path / "own", "check")
    assert done.returncode == 0, done.stdout
    assert "WRONG" not in done.stdout
    listed = json.loads(migrated("check", "--json").stdout)
    assert listed["good"] is True
    assert {"database", "files", "audit"} <= {one["name"] for one in listed["checks"]}


def test_what_is_wrong_is_found_and_named(migrated: Portal, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "own" / "portal.sqlite") as database:
        database.execute("PRAGMA foreign_keys=OFF")
        database.execute(
            "INSERT INTO user_location (user_id, location_id, created_at) VALUES (77, 88, '2026')"
        )
    done = migrated("check")
    assert done.returncode == 1
    assert "WRONG  The database" in done.stdout
    assert "A row of user_location points to a row that does not exist." in done.stdout
    assert json.loads(migrated("check", "--json").stdout)["good"] is False


def test_files_open_to_others_are_named(migrated: Portal, tmp_path: Path) -> None:
    (tmp_path / "own").chmod(0o755)
    (tmp_path / "own" / "portal.sqlite").chmod(0o644)
    done = migrated("check")
    assert done.returncode == 1
    assert "portal.sqlite can be read by other users" in done.stdout


def test_a_backup_and_back(migrated: Portal, tmp_path: Path) -> None:
    made = migrated("backup", str(tmp_path / "b.tar"))
    assert made.returncode == 0, made.stderr
    assert made.stdout.startswith(f"Written: {tmp_path / 'b.tar'}")
    done = migrated("restore", str(tmp_path / "b.tar"))
    assert done.returncode == 0, done.stderr
    assert "What was here before is in" in done.stdout
    assert migrated("check").returncode == 0


def test_backups_without_a_name_are_kept_in_number(migrated: Portal, tmp_path: Path) -> None:
    folder = tmp_path / "own" / "backups"
    folder.mkdir()
    (folder / "portal-20200101-000000.tar").write_text("old")
    done = migrated("backup", "--keep", "1")
    assert done.returncode == 0, done.stderr
    assert "Removed:" in done.stdout
    assert len(list(folder.iterdir())) == 1


def test_a_damaged_backup_is_refused(migrated: Portal, tmp_path: Path) -> None:
    (tmp_path / "b.tar").write_bytes(b"not a tar at all" * 1000)
    done = migrated("restore", str(tmp_path / "b.tar"))
    assert done.returncode == 1
    assert done.stderr.endswith("\nError: b.tar is damaged or not a backup.\n")


def test_every_route_is_listed_with_who_may_use_it(migrated: Portal) -> None:
    lines = migrated("routes").stdout.splitlines()
    health = next(line for line in lines if "/healthz" in line)
    assert "public: asked by service managers" in health
    assert any("shipments.view" in line for line in lines)


def test_a_bad_setting_stops_with_one_sentence(migrated: Portal) -> None:
    done = migrated("check", PORTAL_JOBS="sometimes")
    assert done.returncode == 1
    assert done.stderr.splitlines()[1:] == ["Error: jobs must be inline, external or off."]


def test_a_database_that_is_not_there_is_one_sentence(portal: Portal) -> None:
    url = "postgresql://nobody@127.0.0.1:1/nothing"
    done = portal("migrate", PORTAL_DATABASE_URL=url)
    assert done.returncode == 1
    assert done.stderr.splitlines()[1].startswith("Error: The database does not answer")
    assert "Traceback" not in done.stderr


def test_an_unknown_command_is_refused(portal: Portal) -> None:
    assert portal("explode").returncode == 2


def test_jobs_that_are_off_do_not_run(migrated: Portal) -> None:
    done = migrated("jobs", PORTAL_JOBS="off")
    assert done.returncode == 1
    assert "off" in done.stderr


def users_of(path: Path) -> set[str]:
    with sqlite3.connect(path) as database:
        return {name for (name,) in database.execute("SELECT username FROM user_account")}


@pytest.mark.thorough  # tests/cli/test_run.py fills and resets a practice instance, too
def test_practice_fills_once_and_is_put_back(portal: Portal, tmp_path: Path) -> None:
    filled = portal("practice", "fill", PORTAL_PRACTICE="yes")
    assert filled.stdout == "The sample clinics are ready.\n", filled.stderr
    database = tmp_path / "own" / "portal.sqlite"
    assert {"manager.a", "readonly.a", "manager.ab", "agent", "admin"} <= users_of(database)
    assert portal("practice", "fill").stdout == ""
    with sqlite3.connect(database) as changed:
        changed.execute("UPDATE user_account SET username = 'renamed' WHERE username = 'agent'")
    done = portal("practice", "reset")
    assert done.returncode == 0, done.stderr
    assert "agent" in users_of(database)
    assert portal("check").returncode == 0


def test_a_real_instance_is_never_reset(migrated: Portal, tmp_path: Path) -> None:
    database = tmp_path / "own" / "portal.sqlite"
    before = database.read_bytes()
    for environment in ({}, {"PORTAL_PRACTICE": "yes"}):
        done = migrated("practice", "reset", **environment)
        assert done.returncode == 1
        assert "Nothing was changed." in done.stderr
    assert database.read_bytes() == before


def test_a_database_with_real_users_is_never_filled(migrated: Portal, tmp_path: Path) -> None:
    database = tmp_path / "own" / "portal.sqlite"
    with sqlite3.connect(database) as changed:
        changed.execute(
            "INSERT INTO user_account (username, first_name, last_name, email, profile, language,"
            " must_change_password, active, created_at)"
            " VALUES ('real', 'R', 'R', 'r@example.org', 'manager', 'en', 0, 1, '2026-01-01')"
        )
    done = migrated("practice", "fill", PORTAL_PRACTICE="yes")
    assert done.returncode == 1
    assert "not practice data" in done.stderr
    assert users_of(database) == {"real"}
