"""Steps that the tests of signing in and of accounts share."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portal.audit.models import AuditEntry
from portal.db import unit_of_work
from portal.messages.models import Message
from portal.messages.rendering import render
from portal.people.models import User
from tests.client import Browser, Page
from tests.personas import PASSPHRASE

NEW = "violin cabbage thirteen lamps"


@contextmanager
def reading(app: Flask) -> Iterator[Session]:
    """A unit of work that changes nothing."""
    with app.app_context(), unit_of_work(write=False) as session:
        yield session


@contextmanager
def writing(app: Flask) -> Iterator[Session]:
    """A unit of work that commits."""
    with app.app_context(), unit_of_work() as session:
        yield session


def change(app: Flask, user_id: int, **values: object) -> None:
    """Change a user behind the portal's back."""
    with writing(app) as session:
        session.execute(update(User).where(User.id == user_id).values(**values))


def user_of(app: Flask, user_id: int) -> User:
    """The user as stored."""
    with reading(app) as session:
        user = session.get_one(User, user_id)
        session.expunge(user)
        return user


def sign_in(
    browser: Browser, username: str, password: str = PASSPHRASE, *, address: str | None = None
) -> Page:
    """Through the page, as people do; from a client address."""
    if address is not None:
        browser.client.environ_base["REMOTE_ADDR"] = address
    page = browser.get("/sign-in")
    return browser.submit(page, {"username": username, "password": password}, button="Sign In")


def cookie_token(browser: Browser) -> str:
    """The session's token in the browser's cookie."""
    with browser.client.session_transaction() as cookie:
        return str(cookie.get("_user_id", ""))


def carry(browser: Browser, token: str) -> None:
    """Put a token into the browser's cookie, as a thief would."""
    with browser.client.session_transaction() as cookie:
        cookie["_user_id"] = token


def mails(app: Flask, kind: str) -> list[dict[str, Any]]:
    """The messages of a kind in the outbox, oldest first, as their readers will see them."""
    with app.app_context(), unit_of_work(write=False) as session:
        found = []
        for message in session.scalars(
            select(Message).where(Message.kind == kind).order_by(Message.id)
        ):
            rendered = render(message, zone="UTC", secrets=message.secret is not None)
            found.append(
                {
                    "to": message.address,
                    "subject": rendered.subject,
                    "text": rendered.text,
                    "html": rendered.html,
                    "state": message.state,
                    "row": repr(vars(message)),
                }
            )
        return found


def link_in(text: str) -> str:
    """The path of the link in a mail."""
    line = next(line for line in text.splitlines() if line.startswith("http"))
    return "/" + line.split("/", 3)[3].strip()


def trail(app: Flask, action: str) -> list[AuditEntry]:
    """The audit entries of an action (a SQL pattern), oldest first."""
    with reading(app) as session:
        entries = list(
            session.scalars(
                select(AuditEntry).where(AuditEntry.action.like(action)).order_by(AuditEntry.number)
            )
        )
        session.expunge_all()
        return entries
