"""A person in front of a page does not wait a minute for the database."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from portal import db
from tests.client import Browser
from tests.people.steps import NEW, sign_in
from tests.people.test_setup import empty, fill_in
from tests.personas import PASSPHRASE

pytestmark = pytest.mark.both_databases

__all__ = ["empty"]


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """How long each unit of work that writes would have waited at most."""
    found: list[float] = []
    real = db.begin

    def begin(*, write: bool, patience: float = db.PATIENCE) -> None:
        if write:
            found.append(patience)
        real(write=write, patience=patience)

    monkeypatch.setattr(db, "begin", begin)
    yield found
    assert found, "nothing was written"
    assert max(found) <= db.PATIENCE_OF_A_PERSON


def test_signing_in(browser: Browser, waits: list[float]) -> None:
    assert sign_in(browser, "manager.a").status == 303
    assert len(waits) > 1, "the attempt is counted on its own"


def test_a_wrong_password(browser: Browser, waits: list[float]) -> None:
    assert sign_in(browser, "manager.a", "not the right password").status == 422


def test_changing_the_password(browser: Browser, waits: list[float]) -> None:
    sign_in(browser, "manager.a")
    typed: dict[str, Any] = {"current_password": PASSPHRASE, "new_password": NEW}
    assert browser.submit(browser.get("/password"), typed, button="Save").status == 303


def test_the_first_start(empty: Browser, waits: list[float]) -> None:  # noqa: F811
    waits.clear()
    assert fill_in(empty).status == 303


def test_a_form_that_comes_too_late(browser: Browser, waits: list[float]) -> None:
    with time_machine.travel(datetime(2026, 11, 20, 14, tzinfo=UTC), tick=False) as clock:
        page = browser.sign_in("manager_a").get("/accounts/add")
        clock.shift(timedelta(minutes=15, seconds=1))
        waits.clear()
        answer = browser.submit(page, {"first_name": "Jane"}, button="Save")
        assert answer.leads_to.startswith("/sign-in")
