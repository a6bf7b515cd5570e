"""Rivals: several people who press a button in the same moment, each on a page of their own."""

import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from flask import Flask
from sqlalchemy import event

from portal import drafts
from portal.db import db, unit_of_work
from portal.drafts import WIZARD
from tests import threads
from tests.client import Browser, Page
from tests.personas import Personas

TEN = ("manager_a", "manager_ab") * 5
# The first statement by which a unit of work claims what others want, too. (Its own draft and its
# operation id nobody else wants.)
CLAIM = (
    r"UPDATE (?!draft|operation)|INSERT INTO (?!draft|operation|stock_document|transfer )"
    r"|SELECT (?!draft).* FOR (NO KEY )?UPDATE|SELECT pg_advisory"
)


def browsers(app: Flask, personas: Personas, who: Sequence[str] = TEN) -> list[Browser]:
    """A browser for each of them, signed in."""
    return [Browser(app, personas).sign_in(each) for each in who]


def all_at_once(
    app: Flask, calls: Sequence[Callable[[], Page]], claim: str = CLAIM
) -> tuple[list[Page], list[str]]:
    """The answers to those who were let through, and what the others were told, in words, after all
    have been sent in the same moment. Fails if somebody gets an error page without a sentence of
    the domain's.

    All have come to their first statement like `claim` before one of them runs it, so that nobody
    has seen what another one changes. SQLite lets only one come so far; there they just start
    together.
    """
    with app.app_context():
        engine = db.engine
    gate = threading.Barrier(len(calls), timeout=30)
    pattern, passed = re.compile(claim, re.S), set[int]()

    def wait(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        me = threading.get_ident()
        if me not in passed and pattern.match(statement):
            passed.add(me)
            gate.wait()

    with _listening(engine, wait):
        pages = threads.at_once(lambda call: call(), [(call,) for call in calls])
    assert {page.status for page in pages} <= {200, 303, 409, 422}
    lost = [page for page in pages if page.status >= 400]
    told = [_said(page) for page in lost]
    assert all(told), "somebody was refused and not told why"
    return [page for page in pages if page.status < 400], told


def _said(page: Page) -> str:
    """The alerts of a page, or all of a page that shows nothing but a refusal."""
    alerts = [*page.root.all(role="alert"), *page.root.all("div", id="flash")]
    said = " ".join(part.text for part in alerts).strip()
    return said or page.root.one("main").text


@contextmanager
def _listening(engine: Any, wait: Callable[..., None]) -> Iterator[None]:
    if engine.dialect.name == "sqlite":
        yield
        return
    event.listen(engine, "before_cursor_execute", wait)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", wait)


def fill_in(
    browser: Browser,
    who: str,
    wizard: str,
    path: str,
    entered: Mapping[str, Mapping[str, object]],
    *,
    step: str,
    letter: str = "A",
    **args: str,
) -> Page:
    """The page of a wizard's step, with the steps before it filled in."""
    sent = {
        key: [[name, str(value)] for name, value in values.items()]
        for key, values in entered.items()
    }
    with browser.app.app_context(), unit_of_work():
        draft = drafts.start(
            user_id=browser.personas.users[who],
            location_id=browser.personas.locations[letter],
            kind=WIZARD,
            name=wizard,
            title=wizard,
            step=step,
            data={"args": args, "entered": sent},
        )
        number = draft.id
    return browser.get(f"{path}/{number}/{step}")
