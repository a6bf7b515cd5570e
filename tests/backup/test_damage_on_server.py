"""Damage that a PostgreSQL server meets: in a dump, and with its extension amcheck."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from portal.app import create_app
from portal.backup import postgresql, reading
from portal.db import db
from portal.jobs import run_once
from portal.settings import Settings, load_settings
from tests import databases
from tests.backup import damage
from tests.backup.running import all_files, portal
from tests.backup.test_damage import DAMAGED, copies, ready


@pytest.fixture
def server_copy(
    template_database: str, database_kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Settings]:
    """An instance on a copy of the database with an unreadable page, in the part that is named."""
    if database_kind == "sqlite":
        pytest.skip("damages a file of PostgreSQL")
    databases.run_on_server("CHECKPOINT")
    name = damage.overwrite_on_server(databases.name_of(template_database), request.param)
    yield load_settings(tmp_path / "own", database_url=databases.server_url(name), jobs="off")
    databases.drop(name)


@pytest.mark.parametrize("server_copy", ["organization"], indirect=True)
def test_a_page_the_server_cannot_read_fails_the_backup(server_copy: Settings) -> None:
    app = create_app(server_copy)
    assert ready(app) == (200, "ready\n")
    done = portal(server_copy, "backup")
    assert done.code == 1
    assert "The database is damaged, and pg_dump stopped at it" in done.complained
    assert "invalid page" in done.complained
    assert copies(server_copy) == []
    assert ready(app) == (503, DAMAGED)
    assert not run_once(app, "platform.check").ok
    assert ready(app) == (503, DAMAGED), "the daily check meets it, too"
    assert "organization is damaged." in portal(server_copy, "check").said
    with app.app_context():
        db.engine.dispose()


@pytest.mark.parametrize("server_copy", ["ix_user_location_location_id"], indirect=True)
def test_a_damaged_index_is_found_where_the_extension_is(server_copy: Settings) -> None:
    app = create_app(server_copy)
    with app.app_context():
        with db.engine.connect() as connection:
            connection.exec_driver_sql("CREATE EXTENSION amcheck SCHEMA pg_catalog")
            connection.commit()
        outcome = run_once(app, "platform.check")
        db.engine.dispose()
    assert "The pages of the database" in outcome.detail
    assert ready(app) == (503, DAMAGED)
    done = portal(server_copy, "check")
    assert "ix_user_location_location_id is damaged." in done.said
    made = portal(server_copy, "backup")
    assert made.code == 0, "a dump needs no index, and does not ask for the extension"
    (path,) = (server_copy.instance / "backups").glob("portal-*.tar")
    with reading.opened(path) as held:
        assert held.manifest.proved
    with app.app_context():
        db.engine.dispose()


def test_a_sound_database_is_found_sound(app: Flask, settings_of_any: Settings) -> None:
    outcome = run_once(app, "platform.check")
    assert outcome.ok, outcome.detail
    assert portal(settings_of_any, "backup").code == 0


@pytest.fixture
def settings_of_any(app: Flask) -> Settings:
    found: Settings = app.extensions["portal"].settings
    found.instance.chmod(0o700)
    return found


def test_a_dump_that_swells(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch, database_kind: str
) -> None:
    if database_kind == "sqlite":
        pytest.skip("a dump of PostgreSQL")
    path = tmp_path / "good.tar"
    assert portal(settings, "backup", path).code == 0
    monkeypatch.setattr(postgresql, "HARMLESS", 10_000)
    monkeypatch.setattr(postgresql, "SWELLS", 0)
    with all_files(settings.instance):
        done = portal(settings, "restore", path)
    assert done.code == 1
    assert "was made to fill the disk. Nothing was changed." in done.complained
