"""E-mails as people and machines send them, and the help desk that reads them."""

import os
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import select

from blueprints.helpdesk.mail import addresses
from blueprints.helpdesk.models import Case, CaseEntry, CaseMail
from blueprints.helpdesk.settings import HelpDeskSettings
from portal.db import unit_of_work
from portal.messages.models import Message

ADDRESS = "help@clinic.example"


def set_up(app: Flask, **values: Any) -> HelpDeskSettings:
    """Give the running application these settings of the help desk."""
    portal = app.extensions["portal"]
    changed = replace(portal.module_settings[HelpDeskSettings], **values)
    portal.module_settings[HelpDeskSettings] = changed
    return changed


def maildir(app: Flask, folder: Path, **values: Any) -> "Folder":
    """A mailbox in a folder, and the application that reads it."""
    for part in ("tmp", "new", "cur"):
        (folder / part).mkdir(parents=True)
    set_up(app, mail_address=ADDRESS, mail_folder=str(folder), **values)
    return Folder(folder)


class Folder:
    """A maildir, as a mail server fills it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0

    def deliver(self, content: "bytes | EmailMessage") -> str:
        """Put an e-mail down: whole at once."""
        self.count += 1
        name = f"{1_700_000_000 + self.count}.M{self.count}P{os.getpid()}.host"
        raw = content if isinstance(content, bytes) else content.as_bytes()
        (self.path / "tmp" / name).write_bytes(raw)
        (self.path / "tmp" / name).rename(self.path / "new" / name)
        return name

    def left(self) -> list[str]:
        """The names of those that are still there, flags and all."""
        return sorted(path.name for part in ("new", "cur") for path in (self.path / part).iterdir())


def letter(case: Case, text: str = "Thank you.", **headers: str) -> EmailMessage:
    """An answer of the requester's to the address of a case; headers may be changed or, empty,
    left out: `in_reply_to="<a@b>"`."""
    email = EmailMessage()
    usual = {
        "From": "Rita Quist <requester@example.org>",
        "To": addresses.address_of(case.token),
        "Subject": f"Re: Case {case.number}",
        "Date": "Mon, 30 Nov 2026 12:00:00 -0500",
        "Message-ID": f"<{os.urandom(8).hex()}@mail.example.org>",
    }
    given = {name.replace("_", "-").title(): value for name, value in headers.items()}
    for name, value in {**usual, **{_named(name): value for name, value in given.items()}}.items():
        if value:
            email[name] = value
    email.set_content(text)
    return email


def _named(name: str) -> str:
    return "Message-ID" if name == "Message-Id" else name


def entries(case_id: int) -> list[CaseEntry]:
    """What was said in a case."""
    with unit_of_work(write=False) as session:
        query = select(CaseEntry).where(CaseEntry.case_id == case_id).order_by(CaseEntry.id)
        found = list(session.scalars(query))
        session.expunge_all()
        return found


def mails() -> list[CaseMail]:
    """The e-mails that were noted."""
    with unit_of_work(write=False) as session:
        found = list(session.scalars(select(CaseMail).order_by(CaseMail.id)))
        session.expunge_all()
        return found


def outbox() -> list[Message]:
    """What the portal has to say."""
    with unit_of_work(write=False) as session:
        found = list(session.scalars(select(Message).order_by(Message.id)))
        session.expunge_all()
        return found
