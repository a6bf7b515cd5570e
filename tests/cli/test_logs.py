"""Log lines as JSON: one object a line, and nothing that an exception says."""

import json
import logging
import shutil
from pathlib import Path

import pytest

from portal import logs
from tests.cli.conftest import checkout, new_instance
from tests.cli.test_run import Server

__all__ = ["checkout", "new_instance"]


def test_a_line_holds_what_was_said_and_not_what_an_exception_says() -> None:
    try:
        raise ValueError("Jane Doe, 01/02/1960")
    except ValueError as error:
        known = (type(error), error, error.__traceback__)
    record = logging.LogRecord("portal.jobs", logging.ERROR, "", 0, "%s failed\n!", ("x",), known)
    written = logs.JsonLines().format(record)
    assert "\n" not in written
    line = json.loads(written)
    assert (line["level"], line["logger"], line["message"]) == (
        "error",
        "portal.jobs",
        "x failed\n!",
    )
    assert line["exception"].startswith("ValueError at ")
    assert line["time"].endswith("+00:00")
    assert "Jane" not in written


@pytest.mark.slow("starts the portal as a program")
def test_the_server_writes_json_if_it_is_told_to(
    checkout: Path, new_instance: Path, tmp_path: Path
) -> None:
    instance = tmp_path / "instance"
    shutil.copytree(new_instance, instance)
    server = Server(checkout, instance, PORTAL_LOG_FORMAT="json").wait()
    server.process.terminate()
    server.process.wait(30)
    said = server.output.read_text().splitlines()
    lines = [json.loads(line) for line in said if not line.startswith("Instance: ")]
    assert [line["logger"] for line in lines[:2]] == ["portal.server", "portal.server"]
    assert lines[0]["message"].startswith("The portal is ready: ")
    assert "/setup" in lines[1]["message"]
