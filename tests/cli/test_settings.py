"""Settings that cannot work stop the start: a sentence names the setting, and nothing is made."""

import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from portal import migrations
from tests.cli.conftest import clean_environment, run_portal
from tests.effort import some
from tests.house.source import ROOT

pytestmark = pytest.mark.slow("starts the portal as a program")

IMPOSSIBLE = [
    ("base_url", "https://example.org/portal", "goes on after the host name"),
    ("base_url", "https://example.org/?clinic=1", "write https://example.org, and"),
    ("base_url", "https://example.org?", "goes on after the host name"),
    ("base_url", "https://example.org#top", "goes on after the host name"),
    ("base_url", "example.org", "must begin with http:// or https://"),
    ("base_url", "https://", "is not a web address"),
    ("base_url", "https://exa mple.org", "is not a web address"),
    ("base_url", "https://example.org:port", "is not a web address"),
    ("base_url", "https://example.org:99999", "is not a web address"),
    ("base_url", "https://user:word@example.org", "is not a web address"),
    ("trusted_proxies", "-1", "from 0 to 10, not -1"),
    ("smtp_port", "0", "from 1 to 65535, not 0"),
    ("smtp_port", "70000", "from 1 to 65535, not 70000"),
    ("smtp_host", "smtp://mail.example.org", "name or address alone"),
    ("smtp_host", "mail.example.org:587", "name or address alone"),
    ("mail_from", "CVMS", "must be an e-mail address"),
    ("mail_from", "", "must be an e-mail address"),
    ("mail_from", "Clinic <>", "must be an e-mail address"),
    ("mail_from", "a@example.org, b@example.org", "must be an e-mail address"),
    ("mail_from", "Clinic <a@b@example.org>", "must be an e-mail address"),
    ("mail_from", "Clinic <klinik@bücher.example>", "must be an e-mail address"),
    ("mail_reply_to", "nobody", "must be an e-mail address"),
    ("help_email", "Help <help@example.org>", "without a name"),
    ("upload_mib", "0", "from 1 to 512, not 0"),
    ("upload_mib", "100000", "from 1 to 512"),
    ("session_hours", "999999999999", "from 1 to 8760"),
    ("mail_per_minute", "-5", "from 0 to"),
    ("languages", "", "at least one language"),
    ("database_url", "mysql://localhost/portal", "must begin with"),
    ("database_url", "sqlite:///portal.sqlite", "the whole path of a file"),
    ("time_zone", "Mars/Olympus", "is not a known time zone"),
]


def start(instance: Path, *options: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """What `bin/run` runs, where it does not get as far as serving."""
    return subprocess.run(
        [sys.executable, "-m", "portal.start", "--instance", str(instance), *options],
        cwd=ROOT,
        env=clean_environment(**environment),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("name", "value", "sentence"), some(IMPOSSIBLE, short=5), ids=lambda text: str(text)[:40]
)
def test_what_cannot_work_stops_the_start(
    name: str, value: str, sentence: str, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:  # lest an older version serve
        port = str(taken.getsockname()[1])
        done = start(tmp_path / "own", "--port", port, **{f"PORTAL_{name.upper()}": value})
    assert done.returncode == 1
    assert f"The portal cannot start. {name} " in done.stderr
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "own").exists()


@pytest.mark.parametrize(
    "written",
    [
        'trusted_proxies = "many"',
        "help_hours = [1, 2]",
        "modules = 5",
        "modules = { inventory = 1 }",
    ],
)
def test_a_value_of_the_wrong_kind_in_the_file_stops_the_start(
    written: str, tmp_path: Path
) -> None:
    (tmp_path / "portal.toml").write_text(f"{written}\n")
    done = start(tmp_path)
    assert done.returncode == 1
    assert f"The portal cannot start. {written.split()[0]} " in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("base_url", "https://example.org/"),
        ("base_url", "http://[::1]:8000"),
        ("base_url", "http://10.0.0.5:8000"),
        ("smtp_host", "::1"),
        ("mail_from", "no-reply@localhost"),
        ("mail_from", "Clinic, East <no-reply@example.org>"),
        ("mail_per_minute", "0"),
        ("trusted_proxies", "2"),
        ("languages", "en,es,zh_Hant"),
    ],
)
def test_what_can_work_is_taken(name: str, value: str, new_instance: Path) -> None:
    done = run_portal(new_instance, "migrate", **{f"PORTAL_{name.upper()}": value})
    assert done.returncode == 0, done.stderr


def test_a_port_in_use_is_named_and_nothing_is_changed(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = start(tmp_path / "own", "--port", str(port))
    assert done.returncode == 1
    assert f"The portal cannot start. Port {port} on 127.0.0.1 is already in use" in done.stderr
    assert f"bin/run --port {port + 1}\n" in done.stderr
    assert not (tmp_path / "own" / "portal.sqlite").exists()


@pytest.mark.parametrize(
    "host", some(["203.0.113.7", "no such host", "256.1.1.1", "::ffff:1:2:3", "ö"], short=3)
)
def test_an_address_that_is_not_this_machines_is_named(host: str, tmp_path: Path) -> None:
    done = start(tmp_path / "own", "--host", host)
    assert done.returncode == 1
    assert f"The portal cannot start. --host {host} is not an address of this" in done.stderr
    assert not (tmp_path / "own" / "portal.sqlite").exists()


def newer(instance: Path) -> bytes:
    """The database, after a newer version of the portal was there."""
    path = instance / "portal.sqlite"
    with closing(sqlite3.connect(path)) as changed, changed:
        changed.execute("UPDATE alembic_version SET version_num = '9999'")
    return path.read_bytes()


@pytest.mark.parametrize(
    "command", [["migrate"], ["users", "list"], ["jobs"], ["check"], []], ids=" ".join
)
def test_a_database_newer_than_the_code_is_left_alone(
    command: Sequence[str], new_instance: Path, tmp_path: Path
) -> None:
    own = tmp_path / "own"
    shutil.copytree(new_instance, own)
    before = newer(own)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    done = run_portal(own, *command) if command else start(own, "--port", port)
    assert done.returncode == 1
    said = done.stdout + done.stderr
    assert "The database is of a newer version of the portal" in said
    assert f"its schema is 9999, this version knows {migrations.newest()}" in said
    assert "Traceback" not in said
    assert (own / "portal.sqlite").read_bytes() == before
    assert not (own / "backups").exists()
