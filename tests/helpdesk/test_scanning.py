"""Attachments are scanned by a real socket that speaks the scanner's protocol."""

import contextlib
import io
import os
import socket
import struct
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from blueprints.helpdesk import scanning, services
from blueprints.helpdesk.mail.collecting import collect
from blueprints.helpdesk.models import Case
from portal.access.scope import Scope
from portal.db import unit_of_work
from portal.settings import current
from tests.client import Browser
from tests.helpdesk.mailing import entries, letter, maildir, set_up
from tests.personas import Personas

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
VIRUS = "A virus was found in this file."
DOWN = "Files cannot be checked for viruses at the moment."


class Scanner:
    """What clamd does with INSTREAM; `answer` replaces what it says."""

    def __init__(self) -> None:
        # Paths of sockets have few letters.
        self.path = Path(tempfile.mkdtemp(prefix="clam-")) / "clamd.ctl"
        self.scanned: list[bytes] = []
        self.answer: bytes | None = None
        self.most = 25_000_000
        self.server = socket.socket(socket.AF_UNIX)
        self.server.bind(str(self.path))
        self.server.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                peer, _address = self.server.accept()
            except OSError:
                return
            with peer, peer.makefile("rb") as stream:
                self._talk(peer, stream)

    def _talk(self, peer: socket.socket, stream: io.BufferedReader) -> None:
        if stream.read(10) != b"zINSTREAM\0":
            peer.sendall(b"UNKNOWN COMMAND\0")
            return
        content = b""
        while length := struct.unpack("!I", stream.read(4))[0]:
            content += stream.read(length)
            if len(content) > self.most:
                peer.sendall(b"INSTREAM size limit exceeded. ERROR\0")
                return
        self.scanned.append(content)
        usual = b"stream: Eicar-Test-Signature FOUND\0" if EICAR in content else b"stream: OK\0"
        answer = self.answer if self.answer is not None else usual
        with contextlib.suppress(ConnectionError):  # who asks may have heard enough
            for number in range(len(answer)):  # one byte at a time
                peer.sendall(answer[number : number + 1])

    def stop(self) -> None:
        self.server.shutdown(socket.SHUT_RDWR)
        self.server.close()
        self.path.unlink(missing_ok=True)
        os.rmdir(self.path.parent)


@pytest.fixture
def scanner(app: Flask) -> Iterator[Scanner]:
    made = Scanner()
    set_up(app, clamav_socket=str(made.path))
    yield made
    made.stop()


def attach(browser: Browser, case: int, content: bytes, name: str = "list.txt") -> str:
    """What the page says after attaching."""
    page = browser.get(f"/help-desk/cases/{case}")
    sent = browser.submit(
        page,
        {"text": "Here", "files": [(io.BytesIO(content), name)]},
        button="Send",
        follow=True,
    )
    return sent.root.text


@pytest.fixture
def case(asker: Scope) -> Case:
    with unit_of_work() as session:
        found = services.open_case(asker, topic="question", subject="It", description="How?")
        session.flush()
        session.expunge(found)
        return found


def kept() -> int:
    folder = current().uploads / "cases"
    return len(list(folder.iterdir())) if folder.exists() else 0


def test_a_clean_file_is_taken_and_a_virus_is_not(
    app: Flask, scanner: Scanner, case: Case, personas: Personas
) -> None:
    browser = Browser(app, personas).sign_in("requester")
    large = b"0123456789" * 30_000  # several pieces
    assert "Your comment was sent." in attach(browser, case.id, large)
    assert scanner.scanned == [large]
    assert VIRUS in attach(browser, case.id, b"before " + EICAR)
    assert (len(entries(case.id)), kept()) == (2, 1)


@pytest.mark.parametrize(
    "answer",
    [b"", b"\0", b"stream: ERROR\0", b"OK FOUND it\0", b"stream: OK", b"x" * 10_000, b"FOUND\0"],
)
def test_whatever_else_it_says_is_no_permission(
    app: Flask, scanner: Scanner, case: Case, personas: Personas, answer: bytes
) -> None:
    scanner.answer = answer
    browser = Browser(app, personas).sign_in("requester")
    assert DOWN in attach(browser, case.id, b"clean")
    assert (len(entries(case.id)), kept()) == (1, 0)


def test_a_file_beyond_the_scanners_limit_is_not_taken(
    app: Flask, scanner: Scanner, case: Case, personas: Personas
) -> None:
    scanner.most = 100_000
    browser = Browser(app, personas).sign_in("requester")
    assert "too large to be checked" in attach(browser, case.id, b"0123456789" * 500_000)
    assert kept() == 0


def test_while_the_scanner_is_down_nothing_is_taken_and_without_one_everything(
    app: Flask, case: Case, personas: Personas
) -> None:
    browser = Browser(app, personas).sign_in("requester")
    set_up(app, clamav_socket="/nowhere/clamd.ctl")
    assert DOWN in attach(browser, case.id, b"clean")
    assert (len(entries(case.id)), kept()) == (1, 0)
    set_up(app, clamav_socket="")
    assert "Your comment was sent." in attach(browser, case.id, b"clean")


def test_a_scanner_that_says_nothing_is_not_waited_for(
    scanner: Scanner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scanning, "SOCKET_SECONDS", 0.2)
    with socket.socket(socket.AF_UNIX) as silent:
        path = scanner.path.with_name("silent.ctl")
        silent.bind(str(path))
        silent.listen()
        with pytest.raises(scanning.ScannerUnusable, match="TimeoutError"):
            scanning.ask(str(path), io.BytesIO(b"clean"))
        path.unlink()


def test_what_comes_by_mail_is_scanned_too(
    app: Flask, scanner: Scanner, case: Case, tmp_path: Path
) -> None:
    box = maildir(app, tmp_path / "mail")
    email = letter(case, "Here.")
    email.add_attachment(EICAR, "text", "plain", filename="bad.txt")
    email.add_attachment(b"fine", "text", "plain", filename="good.txt")
    box.deliver(email)
    path = str(scanner.path)
    set_up(app, clamav_socket="/nowhere/clamd.ctl")
    assert collect() is None
    assert (len(box.left()), len(entries(case.id)), kept()) == (1, 1, 0), "it waits"
    set_up(app, clamav_socket=path)
    assert collect() == "1 joined"
    assert "bad.txt" in entries(case.id)[-1].text
    assert kept() == 1
