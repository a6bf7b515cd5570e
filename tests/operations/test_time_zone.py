"""Programme staff who have chosen no location see moments as the installation's settings say."""

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime

import openpyxl
import pytest
import time_machine
from flask import Flask

from portal.app import create_app
from portal.db import unit_of_work
from portal.refusals.models import Refusal
from portal.settings import load_settings
from tests.client import Browser
from tests.operations.test_messages import Promise, change
from tests.personas import Personas

MOMENT = datetime(2026, 7, 1, 16, 30, tzinfo=UTC)
# Of a day that is not everywhere the same.
LATE = datetime(2026, 7, 2, 3, 30, tzinfo=UTC)


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


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.parametrize(
    ("zone", "moment", "day"),
    [
        ("America/New_York", "07/01/2026 23:30", "2026-07-01"),
        ("Pacific/Honolulu", "07/01/2026 17:30", "2026-07-01"),
        ("Pacific/Guam", "07/02/2026 13:30", "2026-07-02"),
    ],
)
def test_an_exported_list_is_in_the_time_zone_of_the_installation(
    zone: str, moment: str, day: str, kind: str, app: Flask, personas: Personas
) -> None:
    before = app.extensions["portal"].settings
    there = create_app(
        load_settings(before.instance, database_url=before.database_url, jobs="off", time_zone=zone)
    )
    there.testing = True
    with time_machine.travel(LATE, tick=False):
        browser = Browser(there, personas).sign_in("admin")
        with app.app_context(), unit_of_work() as session:
            session.add(
                Refusal(
                    hour=LATE,
                    user_id=0,
                    who="",
                    address="1a2b3c4d",
                    kind="elsewhere",
                    endpoint="inventory.index",
                    location_id=0,
                    place="",
                    times=1,
                    last_at=LATE,
                )
            )
        sent = browser.client.get(f"/operations/refusals?view=all&export={kind}")
        content = sent.get_data()
    assert f"-{day}.{kind}" in sent.headers["Content-Disposition"]
    if kind == "csv":
        found = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))[1][0]
    else:
        sheet = openpyxl.load_workbook(io.BytesIO(content)).active
        assert sheet is not None
        found = f"{sheet['A2'].value:%m/%d/%Y %H:%M}"
    assert found == moment


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
