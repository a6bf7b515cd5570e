"""`portal shipments import FILE` (SPEC C1)."""

import subprocess
from pathlib import Path

import pytest
from flask import Flask

from blueprints.shipments.commands import import_command
from portal.imports import running
from portal.imports.models import ImportRun
from tests.cli.conftest import run_portal
from tests.shipments.files import csv, row
from tests.shipments.taken import shipments


def command(app: Flask, file: Path) -> "subprocess.CompletedProcess[str]":
    """`portal shipments import FILE` in a process of its own."""
    settings = app.extensions["portal"].settings
    return run_portal(
        settings.instance,
        *("shipments", "import", str(file)),
        PORTAL_DATABASE_URL=settings.database_url,
    )


def test_the_command_says_by_its_exit_code_how_it_went(app: Flask, tmp_path: Path) -> None:
    file = tmp_path / "file.csv"
    file.write_bytes(csv(row()))
    done = command(app, file)
    assert (done.returncode, done.stderr.count("\n")) == (0, 1)
    assert done.stderr.startswith("Instance: ")
    assert "1 added, 0 updated, 0 unchanged, 0 not taken in" in done.stdout
    file.write_bytes(csv(row(), row(id="SHP-2", doses="x")))
    done = command(app, file)
    assert done.returncode == 1
    assert "Row 3, Quantity Shipped:" in done.stdout
    file.write_bytes(b"%PDF-1.7")
    done = command(app, file)
    assert done.returncode == 2
    assert "PDF" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.both_databases
def test_the_command_waits_for_a_job_that_was_faster(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server's own worker may take the file in the moment it has been stored."""
    file = tmp_path / "file.csv"
    file.write_bytes(csv(row()))
    settings = app.extensions["portal"].settings
    process = running.process
    asked: list[int] = []

    def first_somebody_else(*arguments: object, **named: object) -> ImportRun:
        number = int(arguments[1])  # type: ignore[call-overload]
        if not asked:
            asked.append(number)
            assert process(settings, number).state == "finished"
        return process(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(running, "process", first_somebody_else)
    with app.app_context():
        import_command.callback(file)  # type: ignore[misc]
    assert asked
    assert len(shipments(app)) == 1
