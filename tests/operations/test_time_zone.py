"""Programme staff who have chosen no location see moments as the installation's settings say."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
import time_machine
from flask import Flask

from portal.app import create_app
from portal.settings import load_settings
from tests.client import Browser
from tests.operations.test_messages import Promise, change
from tests.personas import Personas

MOMENT = datetime(2026, 7, 1, 16, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "shown"),
    [
        ("America/New_York", "07/01/2026 12:30 PM EDT"),
        ("Pacific/Honolulu", "07/01/2026 06:30 AM HST"),
    ],
)
def test_moments_are_in_the_time_zone_of_the_installation(
    zone: str, shown: str, app: Flask, personas: Personas, promise: Promise
) -> None:
    promise()
    change(app, created_at=MOMENT)
    before = app.extensions["portal"].settings
    there = create_app(
        load_settings(before.instance, database_url=before.database_url, jobs="off", time_zone=zone)
    )
    there.testing = True
    browser = Browser(there, personas).sign_in("admin")
    assert shown in browser.get("/operations").root.text


def test_a_form_sent_twice_says_when_it_was_saved(
    administrator: Browser, app: Flask, promise: Callable[..., None]
) -> None:
    promise()
    change(app, state="failed", last_error="The server refused it.")
    with time_machine.travel(MOMENT, tick=False):
        administrator.sign_in("admin")
        page = administrator.get("/operations/messages/1")
        administrator.submit(page, button="Try again")
        again = administrator.submit(page, button="Try again", follow=True)
    assert "already saved at 12:30 PM EDT" in again.root.text
