"""Backups of an earlier schema: restored after an upgrade, and made before each."""

import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, inspect, text

from portal import migrations
from portal.backup import postgresql, read, write
from portal.backup.before_upgrade import save_before_upgrade
from portal.installation import bring_up_to_date
from portal.settings import Settings, load_settings
from tests.effort import some
from tests.upgrade.conftest import Empty, empty
from tests.upgrade.filling import rows_of

pytestmark = [
    pytest.mark.both_databases,
    pytest.mark.slow("fills whole databases"),
]

__all__ = ["empty"]

REVISIONS = sorted(path.name[:4] for path in (migrations.FOLDER / "versions").glob("[0-9]*.py"))


@pytest.fixture
def settings(empty: Empty, tmp_path: Path) -> Settings:
    """An instance on an empty database."""
    return load_settings(tmp_path / "own", database_url=empty(), jobs="off")


@pytest.fixture
def engine(settings: Settings) -> Iterator[Engine]:
    made = create_engine(settings.database_url)
    yield made
    made.dispose()


def fill(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO organization (name, created_at) VALUES ('first', CURRENT_TIMESTAMP)")
        )


def names_of(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        query = text("SELECT name FROM organization ORDER BY name")
        return list(connection.execute(query).scalars())


@pytest.mark.parametrize("revision", some([REVISIONS[3], REVISIONS[-2]], short=1))
def test_it_is_restored_after_the_upgrade(
    settings: Settings, engine: Engine, tmp_path: Path, revision: str
) -> None:
    migrations.upgrade(engine, to=revision)
    fill(engine)
    before = names_of(engine)
    assert before
    made = write.backup(settings, tmp_path / "old.tar")
    migrations.upgrade(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE organization SET name = 'later ' || name"))
    engine.dispose()

    done = read.restore(settings, made.path)

    assert migrations.current(engine) == migrations.newest()
    assert names_of(engine) == before
    assert any(done.aside.iterdir())
    engine.dispose()
    made = write.backup(settings, tmp_path / "again.tar")
    read.restore(settings, made.path)
    assert names_of(engine) == before, "and as often as one likes"


def test_a_dump_that_cannot_be_loaded_changes_nothing(
    settings: Settings, engine: Engine, database_kind: str, tmp_path: Path
) -> None:
    if database_kind == "sqlite":
        return
    migrations.upgrade(engine)
    fill(engine)
    postgresql.dump(settings.database_url, tmp_path / "whole.dump")
    content = (tmp_path / "whole.dump").read_bytes()
    (tmp_path / "cut.dump").write_bytes(content[: len(content) * 3 // 4])
    before = rows_of(engine)
    with pytest.raises(postgresql.ToolFailed):
        postgresql.load(settings.database_url, tmp_path / "cut.dump")
    assert rows_of(engine) == before
    assert {path.name for path in tmp_path.glob("*.sql")} == set(), "no readable copy stays"


def test_a_backup_is_made_before_the_schema_changes(
    settings: Settings, engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    migrations.upgrade(engine, to=REVISIONS[-2])
    fill(engine)
    before = names_of(engine)
    bring_up_to_date(settings, save=save_before_upgrade)
    (made,) = write.own_folder(settings).glob("before-upgrade-*.tar")
    assert str(made) in capsys.readouterr().out
    with tarfile.open(made) as tar:
        assert "manifest.json" in tar.getnames()
    with engine.begin() as connection:
        connection.execute(text("UPDATE organization SET name = 'later ' || name"))
    engine.dispose()
    read.restore(settings, made)
    assert names_of(engine) == before
    assert len(list(write.own_folder(settings).iterdir())) == 1, "a restore makes none"


def test_none_is_made_where_there_is_nothing_to_lose(
    settings: Settings, engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    bring_up_to_date(settings, save=save_before_upgrade)
    bring_up_to_date(settings, save=save_before_upgrade)
    assert not write.own_folder(settings).exists()
    assert capsys.readouterr().out == ""
    assert inspect(engine).has_table("user_account")


def test_without_the_tools_the_upgrade_goes_on_and_says_so(
    settings: Settings,
    engine: Engine,
    database_kind: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if database_kind == "sqlite":
        return
    migrations.upgrade(engine, to=REVISIONS[-2])
    monkeypatch.setenv("PATH", "/nonexistent")
    assert bring_up_to_date(settings, save=save_before_upgrade) == (REVISIONS[-2], REVISIONS[-1])
    said = capsys.readouterr().out
    assert "without a backup" in said
    assert "pg_dump is not installed" in said
