"""Having attachments scanned for viruses by ClamAV, where its socket is set.

A file is sent in pieces (INSTREAM), so the scanner needs no access to the files of the portal.
While the scanner cannot be asked no file is taken: one that nobody has scanned is not kept. E-mails
with files wait in the mailbox then.
"""

import logging
import socket
import struct
import time
from contextlib import suppress
from typing import BinaryIO

from blueprints.helpdesk.settings import HelpDeskSettings
from portal.errors import Invalid
from portal.i18n import _
from portal.settings import of_module

log = logging.getLogger("portal.helpdesk")

PIECE = 1 << 16
SOCKET_SECONDS = 20
WHOLE_SECONDS = 60
LONGEST_ANSWER = 4_096


class NotScanned(Invalid):
    """The refusal of a file that cannot be scanned at present."""


class TooLarge(Exception):
    """The file is larger than the scanner's own settings allow."""


class ScannerUnusable(Exception):
    """The scanner gave no answer that says what the file is; the text holds no name of it."""


def scan(content: BinaryIO) -> None:
    """Raise `Invalid` on `files` for a file in which a virus was found, and if the scanner that the
    settings name cannot be asked. Without one nothing is done."""
    path = of_module(HelpDeskSettings).clamav_socket
    if not path:
        return
    try:
        found = ask(path, content)
    except ScannerUnusable as error:
        log.error("the virus scanner cannot be asked: %s", error)
        raise NotScanned(
            _("Files cannot be checked for viruses at the moment. Try again in a few minutes."),
            field="files",
        ) from None
    except TooLarge:
        raise Invalid(
            _("This file is too large to be checked for viruses. Choose a smaller one."),
            field="files",
        ) from None
    if found:
        log.warning("a virus was found in an attachment: %s", found)
        raise Invalid(
            _("A virus was found in this file. It was not attached."),
            field="files",
        )


def ask(path: str, content: BinaryIO) -> str:
    """The name of the virus that the scanner at this socket finds; empty for none. Raises
    `ScannerUnusable`, and `TooLarge`."""
    deadline = time.monotonic() + WHOLE_SECONDS
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(SOCKET_SECONDS)
        try:
            client.connect(path)
            client.sendall(b"zINSTREAM\0")
            # A scanner that has had enough answers and closes while the file is still being sent.
            with suppress(BrokenPipeError, ConnectionResetError):
                while piece := content.read(PIECE):
                    client.sendall(struct.pack("!I", len(piece)) + piece)
                client.sendall(struct.pack("!I", 0))
            answer = _answer(client, deadline)
        except OSError as error:
            raise ScannerUnusable(type(error).__name__) from None
    return _found(answer)


def _answer(client: socket.socket, deadline: float) -> bytes:
    answer = b""
    while b"\0" not in answer and len(answer) < LONGEST_ANSWER:
        if time.monotonic() > deadline:
            raise TimeoutError
        piece = client.recv(LONGEST_ANSWER)
        if not piece:
            break
        answer += piece
    whole, end, _rest = answer.partition(b"\0")
    return whole if end else b""


def _found(answer: bytes) -> str:
    said = answer.decode("ascii", "replace").strip().removeprefix("stream: ")
    if said == "OK":
        return ""
    if said.endswith(" FOUND"):
        name = said.removesuffix(" FOUND")
        return "".join(char for char in name if char.isprintable())[:80] or "unnamed"
    if "size limit exceeded" in said:
        raise TooLarge
    raise ScannerUnusable("it answered neither OK nor FOUND" if said else "it gave no answer")
