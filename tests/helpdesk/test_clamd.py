"""Attachments are scanned by the real clamd, with a signature database of the test's own."""

import io
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from hashlib import md5
from pathlib import Path

import pytest
from flask import Flask

from blueprints.helpdesk import scanning, services
from blueprints.helpdesk.models import Case
from portal.access.scope import Scope
from portal.db import unit_of_work
from tests.client import Browser
from tests.helpdesk.mailing import entries, set_up
from tests.helpdesk.test_scanning import DOWN, VIRUS, attach, kept
from tests.personas import Personas

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.slow("starts a real virus scanner"),
]

# Found by its bytes anywhere in a file, and a whole file by its digest. Neither is one that any
# other scanner on the machine would look for.
BAD = b"PORTAL-TEST-FILE-THAT-COUNTS-AS-A-VIRUS"
WHOLE = b"this very file counts as a virus\n"
LARGEST = 1 << 20


class Clamd:
    """A clamd in a folder, as whoever runs the test."""

    def __init__(self) -> None:
        # Paths of sockets have few letters.
        self.folder = Path(tempfile.mkdtemp(prefix="clamd-", dir="/tmp"))
        self.socket = self.folder / "clamd.ctl"
        signatures = self.folder / "signatures"
        signatures.mkdir()
        (signatures / "test.ndb").write_text(f"Portal.Test.Bytes:0:*:{BAD.hex()}\n")
        digest = md5(WHOLE, usedforsecurity=False).hexdigest()
        (signatures / "test.hdb").write_text(f"{digest}:{len(WHOLE)}:Portal.Test.File\n")
        self.config = self.folder / "clamd.conf"
        self.config.write_text(
            f"LocalSocket {self.socket}\n"
            f"DatabaseDirectory {signatures}\n"
            f"TemporaryDirectory {self.folder}\n"
            f"User {pwd.getpwuid(os.geteuid()).pw_name}\n"
            f"StreamMaxLength {LARGEST}\n"
            "Foreground yes\nMaxThreads 2\nSelfCheck 0\n"
        )
        self.process = self.start()

    def start(self) -> "subprocess.Popen[bytes]":
        """Run it until it answers."""
        program = shutil.which("clamd", path="/usr/sbin:/usr/bin")
        assert program
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(
                [program, "--config-file", str(self.config)], stdout=log, stderr=log
            )
        for _time in range(600):
            if process.poll() is not None:
                break
            if self.socket.exists() and self._answers():
                return process
            time.sleep(0.05)
        process.kill()
        raise AssertionError((self.folder / "log").read_text())

    def _answers(self) -> bool:
        try:
            return scanning.ask(str(self.socket), io.BytesIO(b"clean")) == ""
        except scanning.ScannerUnusable:
            return False

    def stop(self) -> None:
        """End it, as an operator does."""
        self.process.terminate()
        self.process.wait(30)


@pytest.fixture(scope="module")
def running() -> Iterator[Clamd]:
    made = Clamd()
    yield made
    made.stop()
    shutil.rmtree(made.folder)


@pytest.fixture
def clamd(app: Flask, running: Clamd) -> Clamd:
    set_up(app, clamav_socket=str(running.socket))
    return running


@pytest.fixture
def case(asker: Scope) -> Case:
    with unit_of_work() as session:
        found = services.open_case(asker, topic="question", subject="It", description="How?")
        session.flush()
        session.expunge(found)
        return found


def test_what_its_signatures_name_is_not_taken(
    app: Flask, clamd: Clamd, case: Case, personas: Personas
) -> None:
    browser = Browser(app, personas).sign_in("requester")
    for content in (b"", b"clean", b"0123456789" * 30_000, WHOLE + b"and more", BAD[:-1]):
        before = kept()
        assert "Your comment was sent." in attach(browser, case.id, content or b" ")
        assert kept() == before + 1
    said, files = len(entries(case.id)), kept()
    for content in (BAD, b"x" * 200_000 + BAD + b"y" * 200_000, WHOLE):
        assert VIRUS in attach(browser, case.id, content)
    assert (len(entries(case.id)), kept()) == (said, files)
    assert scanning.ask(str(clamd.socket), io.BytesIO(BAD)).startswith("Portal.Test.Bytes")


def test_what_is_larger_than_it_takes_is_not_taken(
    app: Flask, clamd: Clamd, case: Case, personas: Personas
) -> None:
    browser = Browser(app, personas).sign_in("requester")
    said = attach(browser, case.id, b"0123456789" * (LARGEST // 5))
    assert "too large to be checked" in said
    assert kept() == 0


def test_while_it_is_stopped_nothing_is_taken_and_afterwards_it_is(
    app: Flask, clamd: Clamd, case: Case, personas: Personas
) -> None:
    browser = Browser(app, personas).sign_in("requester")
    clamd.stop()
    assert DOWN in attach(browser, case.id, b"clean")
    assert (len(entries(case.id)), kept()) == (1, 0)
    set_up(app, clamav_socket="")
    assert "Your comment was sent." in attach(browser, case.id, b"not scanned")
    set_up(app, clamav_socket=str(clamd.socket))
    clamd.process = clamd.start()
    assert "Your comment was sent." in attach(browser, case.id, b"clean")
    assert VIRUS in attach(browser, case.id, BAD)
