"""`portal locations`: further locations, and what was mistyped about one."""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import Portal

ADD = ("locations", "add", "--organization", "Hyde County Health", "--pin")


@pytest.fixture
def two(portal: Portal, new_instance: Path, tmp_path: Path) -> Portal:
    """An instance with two locations of one organization."""
    shutil.copytree(new_instance, tmp_path / "own")
    address = ("--street", "1 Main St", "--city", "Swan Quarter", "--state", "nc")
    first = portal(*ADD, "nca 000101", "Swan Quarter", *address, "--zip", "27885")
    assert first.returncode == 0, first.stderr
    known = "the Provider PIN NCA000101 and the time zone America/New_York"
    assert f"Swan Quarter was added, with {known}." in first.stdout
    second = portal(*ADD, "000102", "Ocracoke", "--time-zone", "America/Chicago")
    assert second.returncode == 0, second.stderr
    return portal


def test_locations_are_added_and_listed(two: Portal) -> None:
    shown = two("locations", "list").stdout.splitlines()
    assert [line.split()[0] for line in shown] == ["NCA000102", "NCA000101"]
    assert "1 Main St, Swan Quarter, NC 27885" in shown[1]
    assert all("Hyde County Health" in line for line in shown)
    added = two(
        *("users", "add", "ann", "--first-name", "Ann", "--last-name", "Lee"),
        *("--email", "ann@hyde.example", "--profile", "manager", "--location", "ocracoke"),
    )
    assert added.returncode == 0, added.stderr
    checked = two("check")
    assert checked.returncode == 0, checked.stdout


REFUSED: list[tuple[tuple[str, ...], str]] = [
    ((*ADD, "NCA000103", "ocracoke"), "Another location already has this name."),
    ((*ADD, "NCA000102", "Engelhard"), "Another location already has this PIN."),
    ((*ADD, "12", "Engelhard"), "A Provider PIN is NCA and six digits"),
    ((*ADD, "000103", " "), "A location needs a name."),
    ((*ADD, "000103", "x" * 121), "At most 120 characters."),
    ((*ADD, "000103", "Engelhard", "--zip", "278"), "A ZIP code has five digits"),
    ((*ADD, "000103", "Engelhard", "--time-zone", "Mars"), "Choose a time zone"),
    (("locations", "correct", "Engelhard", "--zip", "27824"), "no location 'Engelhard'"),
    (("locations", "correct", "Ocracoke"), "Say what to correct"),
    (("locations", "correct", "Ocracoke", "--pin", "000101"), "already has this PIN."),
    (("locations", "correct", "Ocracoke", "--name", ""), "A location needs a name."),
    (("locations", "correct", "Ocracoke", "--state", "N1"), "Enter the state as two letters"),
]


def test_what_is_malformed_or_taken_changes_nothing(two: Portal) -> None:
    before = two("locations", "list").stdout
    for options, sentence in REFUSED:
        done = two(*options)
        assert done.returncode != 0, options
        assert sentence in done.stderr, options
        assert "Traceback" not in done.stderr, options
        assert two("locations", "list").stdout == before, options


def test_a_mistyped_location_is_corrected_and_the_trail_says_so(
    two: Portal, tmp_path: Path
) -> None:
    done = two("locations", "correct", "nca000102", "--name", "Ocracoke Island", "--zip", "27960")
    assert (done.returncode, done.stdout) == (0, "The location was corrected.\n"), done.stderr
    again = two("locations", "correct", "Ocracoke Island", "--zip", "27960")
    assert again.stdout == "It says so already.\n"
    assert "Ocracoke Island" in two("locations", "list").stdout
    assert "27960" in two("locations", "list").stdout
    assert two("check").returncode == 0
    with closing(sqlite3.connect(tmp_path / "own" / "portal.sqlite")) as database:
        trail = database.execute("SELECT before FROM audit_entry WHERE action LIKE '%.corrected'")
        assert [json.loads(before) for (before,) in trail] == [{"name": "Ocracoke", "zip_code": ""}]
