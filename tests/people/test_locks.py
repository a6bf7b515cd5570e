"""While a password hash is computed, nobody waits for the database."""

import sqlite3
from collections.abc import Callable

import pytest
from argon2 import PasswordHasher

from portal.signing_in import hashing
from tests.client import Browser
from tests.people.steps import NEW, change, sign_in
from tests.personas import Personas

pytestmark = pytest.mark.both_databases

Look = Callable[[], None]


class Watched:
    """A hasher that looks, each time it works, whether another could write."""

    def __init__(self, look: Look) -> None:
        self.look = look
        self.worked = 0
        self.real = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)

    def hash(self, text: str) -> str:
        self.look()
        self.worked += 1
        return self.real.hash(text)

    def verify(self, stored: str, text: str) -> bool:
        self.look()
        self.worked += 1
        return self.real.verify(stored, text)

    def check_needs_rehash(self, _stored: str) -> bool:
        return True


@pytest.fixture
def watched(browser: Browser, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Watched:
    """The hasher in place; on SQLite it tries to take the write lock itself."""

    def look() -> None:
        if database_url.startswith("sqlite"):
            other = sqlite3.connect(
                database_url.removeprefix("sqlite:///"), timeout=0, isolation_level=None
            )
            other.execute("BEGIN IMMEDIATE")
            other.execute("ROLLBACK")
            other.close()

    made = Watched(look)
    monkeypatch.setattr(hashing, "_hasher", made)
    return made


def test_while_signing_in(browser: Browser, watched: Watched) -> None:
    assert sign_in(browser, "manager.a").status == 303
    assert watched.worked >= 2


def test_while_changing_the_password(
    browser: Browser, watched: Watched, personas: Personas
) -> None:
    change(
        browser.app,
        personas.users["manager_a"],
        password_hash=watched.real.hash("mango luggage plinth"),
    )
    page = browser.sign_in("manager_a").get("/password")
    values = {"current_password": "mango luggage plinth", "new_password": NEW}
    assert browser.submit(page, values, button="Save").status == 303
    assert watched.worked == 2
