"""Which instance a command works on: it is named, it must be one, and it stays its owner's."""

import json
import os
import pwd
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import click
import pytest

from portal.cli import MAY_CREATE, OF_THE_CODE, ON_THE_PRACTICE_ONE, commands
from tests.cli.conftest import Portal, clean_environment, run_portal
from tests.effort import RUN, some
from tests.house.source import ROOT

pytestmark = pytest.mark.slow("starts the portal as a program")

NOBODY = pwd.getpwnam("nobody")
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
Done = subprocess.CompletedProcess[str]


def every_command() -> list[list[str]]:
    """Each command that needs an instance, with something for each of its arguments."""
    found = []

    def walk(command: click.Command, path: list[str]) -> None:
        if isinstance(command, click.Group):
            for name in command.list_commands(click.Context(command)):
                inner = command.get_command(click.Context(command), name)
                assert inner is not None
                walk(inner, [*path, name])
        elif path[0] not in MAY_CREATE | OF_THE_CODE | ON_THE_PRACTICE_ONE:
            for one in command.params:
                if one.required:
                    path = [*path, *one.opts[:1]] if isinstance(one, click.Option) else path
                    path = [*path, "admin" if one.name == "profile" else str(ROOT / "README.md")]
            found.append(path)

    walk(commands, [])
    return found


def readable_by_all() -> str:
    """A Python that other users may run, with the packages of this one."""
    own = Path(sys.executable).resolve()
    others = all(path.stat().st_mode & 0o001 for path in own.parents)
    return sys.executable if others else "/usr/bin/python3"


def run_as(user: int | None, instance: Path, *arguments: str) -> Done:
    """`portal --instance … arguments` as another user, with a Python that any user may run."""
    packages = next(path for path in sys.path if path.endswith("site-packages"))
    return subprocess.run(
        [readable_by_all(), "-m", "portal", "--instance", str(instance), *arguments],
        cwd=ROOT,
        env=clean_environment(PYTHONPATH=f"{ROOT}:{packages}", PYTHONDONTWRITEBYTECODE="1"),
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
        user=user,
        group=None if user is None else NOBODY.pw_gid,
        extra_groups=None if user is None else [],
    )


def listed(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file with its owner and when it was changed."""
    return {
        str(path): (path.lstat().st_uid, path.lstat().st_mtime_ns)
        for path in [folder, *folder.rglob("*")]
    }


@pytest.fixture
def elsewhere() -> Iterator[Path]:
    """A folder whose way all users may go."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:  # noqa: S108
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture
def theirs(elsewhere: Path, new_instance: Path) -> Path:
    """An instance that belongs to another user, as that of a service does."""
    folder = elsewhere / "own"
    shutil.copytree(new_instance, folder)
    for path in (folder, *folder.rglob("*")):
        os.chown(path, NOBODY.pw_uid, NOBODY.pw_gid)
    folder.chmod(0o700)
    return folder


def test_what_a_command_works_on_is_said_beside_its_output(
    new_instance: Path, tmp_path: Path
) -> None:
    own = tmp_path / "own"
    shutil.copytree(new_instance, own)
    for command in (["check", "--json"], ["routes"], ["users", "list"], ["audit", "verify"]):
        done = run_portal(own, *command)
        assert done.returncode == 0, done.stderr
        assert done.stderr == f"Instance: {own}\n"
        assert "Instance" not in done.stdout
        if "--json" in command:
            assert json.loads(done.stdout)["good"] is True


def test_the_instance_is_named_also_when_the_command_fails(portal: Portal, tmp_path: Path) -> None:
    done = portal("migrate", PORTAL_JOBS="sometimes")
    assert done.stderr.splitlines()[0] == f"Instance: {tmp_path / 'own'}"


@pytest.mark.parametrize("command", some(every_command(), short=4), ids=" ".join)
def test_a_folder_that_is_no_instance_is_refused_and_left_alone(
    command: list[str], tmp_path: Path
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    for folder in (tmp_path / "missing", empty):
        done = run_portal(folder, *command)
        assert done.returncode == 1, done.stdout
        assert f"Error: {folder} is not an instance of the portal. Nothing was" in done.stderr
        assert f"{ROOT}/bin/portal --instance FOLDER {command[0]}" in done.stderr
        assert done.stdout == ""
    assert sorted(tmp_path.iterdir()) == [empty]
    assert list(empty.iterdir()) == []


def test_settings_without_data_say_that_the_portal_must_be_started(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir(mode=0o700)
    (own / "portal.toml").write_text('jobs = "external"\n')
    done = run_portal(own, "check")
    assert done.returncode == 1
    assert f"Start the portal once: {ROOT}/bin/run --instance {own}\n" in done.stderr
    assert [path.name for path in own.iterdir()] == ["portal.toml"]
    assert run_portal(own, "migrate").returncode == 0
    assert run_portal(own, "check").returncode == 0


def test_nothing_is_made_beside_the_code(checkout: Path) -> None:
    done = subprocess.run(
        [checkout / "bin" / "portal", "check"],
        capture_output=True,
        text=True,
        check=False,
        cwd=checkout,
        env=clean_environment(),
    )
    assert done.returncode == 1
    assert f"{checkout / 'instance'} is not an instance of the portal" in done.stderr
    assert not (checkout / "instance").exists()


@pytest.mark.parametrize("command", ["settings", "permissions", "--help"])
def test_what_speaks_of_the_code_alone_needs_none(command: str, tmp_path: Path) -> None:
    done = run_portal(tmp_path / "missing", command)
    assert (done.returncode, done.stderr) == (0, "")
    assert not (tmp_path / "missing").exists()


def test_the_option_holds_for_the_commands_of_modules_too(
    new_instance: Path, tmp_path: Path
) -> None:
    named, other = tmp_path / "named", tmp_path / "other"
    for folder in (named, other):
        shutil.copytree(new_instance, folder)
    with closing(sqlite3.connect(named / "portal.sqlite")) as changed, changed:
        changed.execute(
            "INSERT INTO user_account (username, first_name, last_name, email, profile, language,"
            " must_change_password, active, created_at)"
            " VALUES ('real', 'R', 'R', 'r@example.org', 'manager', 'en', 0, 1, '2026-01-01')"
        )
    done = run_portal(named, "users", "list", PORTAL_INSTANCE=str(other))
    assert "real" in done.stdout, done.stderr


@as_root
def test_root_works_in_the_instance_of_another_user_as_that_user(
    theirs: Path, elsewhere: Path
) -> None:
    (elsewhere / "place").mkdir()
    os.chown(elsewhere / "place", NOBODY.pw_uid, NOBODY.pw_gid)
    copy = elsewhere / "place" / "b.tar"
    shutil.rmtree(theirs / "assets", ignore_errors=True)
    others = [["users", "list"], ["backup"]] if RUN.everything else []
    for command in (["check"], *others, ["backup", str(copy)], ["restore", str(copy)]):
        done = run_as(None, theirs, *command)
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stderr.startswith(f"Instance: {theirs} (as its owner, nobody)\n")
        owners = {owner for owner, _changed in listed(theirs).values()}
        assert owners == {NOBODY.pw_uid}, command
    assert copy.stat().st_uid == NOBODY.pw_uid


@as_root
def test_the_first_start_by_root_leaves_the_instance_to_its_owner(elsewhere: Path) -> None:
    folder = elsewhere / "own"
    folder.mkdir(mode=0o700)
    os.chown(folder, NOBODY.pw_uid, NOBODY.pw_gid)
    done = run_as(None, folder, "migrate")
    assert done.returncode == 0, done.stderr
    assert {owner for owner, _changed in listed(folder).values()} == {NOBODY.pw_uid}


@as_root
def test_a_stranger_is_told_whose_instance_it_is(elsewhere: Path, new_instance: Path) -> None:
    own = elsewhere / "own"
    shutil.copytree(new_instance, own)
    own.chmod(0o700)
    before = listed(own)
    commands_of_all = (["backup", "/tmp/b.tar"], ["check"], ["users", "list"], ["migrate"])
    for command in some(commands_of_all, short=2):
        done = run_as(NOBODY.pw_uid, own, *command)
        assert done.returncode == 1, done.stdout
        whole = f"sudo -u root {ROOT}/bin/portal --instance {own} {' '.join(command)}"
        assert f"Error: You may not read {own}. Nothing was changed." in done.stderr
        assert done.stderr.rstrip().endswith(f"Run it as root: {whole}")
    assert listed(own) == before


@pytest.fixture
def shown(elsewhere: Path, new_instance: Path) -> Path:
    """An instance that another user may read, and not write."""
    own = elsewhere / "own"
    shutil.copytree(new_instance, own)
    first = run_portal(own, "backup", str(elsewhere / "first.tar"))  # it makes the key of the seal
    assert first.returncode == 0, first.stderr
    for path in (own, *own.rglob("*")):
        os.chown(path, 0, NOBODY.pw_gid)
        path.chmod(0o750 if path.is_dir() else 0o640)
    return own


@as_root
def test_who_may_only_read_can_back_up_while_the_portal_runs(shown: Path, elsewhere: Path) -> None:
    place = elsewhere / "place"
    place.mkdir()
    os.chown(place, NOBODY.pw_uid, NOBODY.pw_gid)
    with closing(sqlite3.connect(shown / "portal.sqlite")) as running:
        running.execute("SELECT count(*) FROM user_account").fetchone()
        for path in shown.glob("portal.sqlite-*"):
            os.chown(path, 0, NOBODY.pw_gid)
            path.chmod(0o640)
        before = listed(shown)
        checked = run_as(NOBODY.pw_uid, shown, "check")  # the search indexes need more than reading
        assert f"Run it as root: sudo -u root {ROOT}/bin/portal" in checked.stderr
        assert checked.stdout == ""
        made = run_as(NOBODY.pw_uid, shown, "backup", str(place / "b.tar"))
        assert made.returncode == 0, made.stderr
        assert "proved good" in made.stdout
        assert listed(shown) == before
    refused = run_as(NOBODY.pw_uid, shown, "users", "deactivate", "admin")
    assert f"You may not write in {shown}. Nothing was changed." in refused.stderr


@as_root
def test_who_may_only_read_is_told_what_to_do_while_the_portal_is_stopped(shown: Path) -> None:
    before = listed(shown)
    done = run_as(NOBODY.pw_uid, shown, "backup")
    assert done.returncode == 1, done.stdout
    assert "While the portal is stopped" in done.stderr
    assert f"sudo -u root {ROOT}/bin/portal --instance {shown} backup" in done.stderr
    assert listed(shown) == before


@as_root
def test_the_server_started_by_root_runs_as_the_owner(theirs: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        packages = next(path for path in sys.path if path.endswith("site-packages"))
        done = subprocess.run(
            [readable_by_all(), "-m", "portal.start", "--port", str(port)],
            cwd=ROOT,
            env=clean_environment(
                PYTHONPATH=f"{ROOT}:{packages}",
                PYTHONDONTWRITEBYTECODE="1",
                PORTAL_INSTANCE=str(theirs),
            ),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    assert "(as its owner, nobody)" in done.stderr
    assert f"Port {port} on 127.0.0.1 is already in use" in done.stderr
    assert (theirs / "server.lock").stat().st_uid == NOBODY.pw_uid


@as_root
@pytest.mark.parametrize(
    "command",
    some(
        [["catalog", "load"], ["shipments", "import"], ["scheduling", "load-zips"], ["restore"]],
        short=2,
    ),
    ids=" ".join,
)
def test_a_file_out_of_the_owners_reach_is_not_said_to_be_missing(
    command: list[str], theirs: Path, elsewhere: Path
) -> None:
    home = elsewhere / "home"
    home.mkdir(mode=0o700)
    (home / "list.csv").write_text("zip,latitude,longitude\n")
    done = run_as(None, theirs, *command, str(home / "list.csv"))
    assert done.returncode != 0
    assert f"The portal's user, nobody, may not read {home / 'list.csv'}. Copy it" in done.stderr
    assert f"sudo install -o nobody -m 600 {home / 'list.csv'} {theirs}/" in done.stderr
    missing = run_as(None, theirs, *command, str(elsewhere / "list.csv"))
    assert "does not exist" in missing.stderr
