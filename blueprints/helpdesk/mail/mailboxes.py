"""Where e-mails arrive: a maildir folder, or an IMAP mailbox. Both are read in the same way.

What was taken in is deleted there; what nobody could use stays, flagged, and is not read again.
"""

import imaplib
import os
import re
import socket
import ssl
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

from blueprints.helpdesk.mail.bounds import LARGEST, too_large
from blueprints.helpdesk.settings import HelpDeskSettings

SOCKET_SECONDS = 30
WHOLE_SECONDS = 240
MOST_NAMES = 10_000
_SIZE = re.compile(rb"RFC822\.SIZE (\d{1,15})")


class MailboxUnusable(Exception):
    """The mailbox cannot be read at present; the sentence holds no secret."""


class Arrivals(Protocol):
    """E-mails by names that last while it is open."""

    def names(self) -> list[str]:
        """Those that are there and not flagged, oldest first."""

    def read(self, name: str) -> bytes | None:
        """One e-mail; None for one that is gone. Raises `bounds.NotTakenApart` for a huge one."""

    def delete(self, name: str) -> None:
        """Delete one that was taken in."""

    def flag(self, name: str) -> None:
        """Leave one alone from now on."""


class Maildir:
    """A folder with `new` and `cur`, one file an e-mail."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def names(self) -> list[str]:
        """By the time in their names."""
        found: list[tuple[str, str]] = []
        for part in ("new", "cur"):
            with os.scandir(self.folder / part) as entries:
                found += [
                    (entry.name, f"{part}/{entry.name}")
                    for entry in entries
                    if not entry.name.startswith(".") and not _is_flagged(entry.name)
                ]
        return [name for _time, name in sorted(found)[:MOST_NAMES]]

    def read(self, name: str) -> bytes | None:
        """The file, if it is one: no link, no pipe."""
        try:
            number = os.open(self.folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except FileNotFoundError:
            return None
        with os.fdopen(number, "rb") as file:
            known = os.fstat(number)
            if not stat.S_ISREG(known.st_mode):
                raise OSError("not a file")
            if known.st_size > LARGEST:
                raise too_large()
            return file.read(LARGEST + 1)

    def delete(self, name: str) -> None:
        """Delete the file."""
        (self.folder / name).unlink(missing_ok=True)

    def flag(self, name: str) -> None:
        """Mark it as seen and flagged, in its name."""
        base = name.partition("/")[2].partition(":2,")[0]
        with suppress(FileNotFoundError):
            (self.folder / name).rename(self.folder / "cur" / f"{base}:2,FS")


def _is_flagged(name: str) -> bool:
    flags = name.partition(":2,")[2]
    return "F" in flags or "T" in flags


class Imap:
    """A folder of an IMAP mailbox, by the numbers that last (UID)."""

    def __init__(self, client: imaplib.IMAP4) -> None:
        self.client = client

    def names(self) -> list[str]:
        """In the order in which they arrived."""
        found = self._uid("SEARCH", "UNFLAGGED", "UNDELETED")
        numbers = found[0].split() if found and isinstance(found[0], bytes) else []
        return [number.decode("ascii") for number in numbers[:MOST_NAMES]]

    def read(self, name: str) -> bytes | None:
        """The e-mail, without marking it as seen."""
        sizes = self._uid("FETCH", name, "(RFC822.SIZE)")
        known = _SIZE.search(sizes[0]) if sizes and isinstance(sizes[0], bytes) else None
        if known is None:
            return None
        if int(known[1]) > LARGEST:
            raise too_large()
        for part in self._uid("FETCH", name, "(BODY.PEEK[])"):
            if isinstance(part, tuple):
                return bytes(part[1])
        return None

    def delete(self, name: str) -> None:
        """Delete it at once, and nothing else where the server can."""
        self._uid("STORE", name, "+FLAGS.SILENT", r"(\Seen \Deleted)")
        if "UIDPLUS" in self.client.capabilities:
            self._uid("EXPUNGE", name)
        else:
            self.client.expunge()

    def flag(self, name: str) -> None:
        """Flag it, as people do with a star."""
        self._uid("STORE", name, "+FLAGS.SILENT", r"(\Flagged)")

    def _uid(self, command: str, *arguments: str) -> list[bytes | tuple[bytes, bytes] | None]:
        status, found = self.client.uid(command, *arguments)
        if status != "OK":
            raise MailboxUnusable(f"The server refused {command}.")
        return found


@contextmanager
def opened(settings: HelpDeskSettings) -> Iterator[Arrivals]:
    """The mailbox of the settings. Raises `MailboxUnusable`, also for what goes wrong with the
    server while it is open."""
    try:
        if settings.imap_host:
            with _connected(settings) as client:
                yield Imap(client)
        else:
            yield Maildir(Path(settings.mail_folder))
    except ssl.SSLError as error:
        reason = getattr(error, "verify_message", "") or error.reason or "TLS failed"
        raise MailboxUnusable(f"No safe connection ({reason}).") from None
    except imaplib.IMAP4.error as error:
        lost = isinstance(error, imaplib.IMAP4.abort)
        raise MailboxUnusable(
            "The connection was lost." if lost else "The server refused (login or folder)."
        ) from None
    except OSError as error:
        raise MailboxUnusable(f"It cannot be read ({type(error).__name__}).") from None


@contextmanager
def _connected(settings: HelpDeskSettings) -> Iterator[imaplib.IMAP4]:
    context = ssl.create_default_context()
    where = (settings.imap_host, settings.imap_port)
    if settings.imap_security == "tls":
        client: imaplib.IMAP4 = imaplib.IMAP4_SSL(
            *where, ssl_context=context, timeout=SOCKET_SECONDS
        )
    else:
        client = imaplib.IMAP4(*where, timeout=SOCKET_SECONDS)
    # A server that drips bytes never runs into the socket's own time limit.
    timer = threading.Timer(WHOLE_SECONDS, _cut, [client])
    timer.daemon = True
    timer.start()
    try:
        if settings.imap_security == "starttls":
            client.starttls(ssl_context=context)
        client.login(settings.imap_username, settings.imap_password)
        status, _count = client.select(_quoted(settings.imap_mailbox))
        if status != "OK":
            raise MailboxUnusable("The folder of the mailbox cannot be opened.")
        yield client
    finally:
        timer.cancel()
        with suppress(OSError, imaplib.IMAP4.error):
            client.logout()


def _quoted(name: str) -> str:
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _cut(client: imaplib.IMAP4) -> None:
    with suppress(OSError):
        # The plain socket's own method: TLS's would take its state from under the reader.
        socket.socket.shutdown(client.socket(), socket.SHUT_RDWR)
