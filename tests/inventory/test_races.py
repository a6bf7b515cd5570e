"""Many at once at one record, one lot, one form: by processes, and by HTTP on a real server."""

import http.client
import os
import random
import re
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from blueprints.inventory.adding.deliveries import SEPARATE
from blueprints.inventory.ledger import entries as ledger
from blueprints.inventory.models import VaccineInventory
from blueprints.inventory.rules import EFFECTS, Kind
from blueprints.inventory.services import add_delivery
from portal.access.scope import Scope
from portal.audit.verify import verify
from portal.db import run, unit_of_work
from portal.errors import Conflict, Invalid, Unavailable
from tests import threads
from tests.client import Browser, Page, fields_of
from tests.effort import amount, some
from tests.inventory import careless, stock
from tests.inventory.careless import be_careless
from tests.personas import Personas
from tests.processes import together
from tests.shipments.files import csv, row, take_in

pytestmark = pytest.mark.slow("lets several processes race")

ROOT = Path(__file__).resolve().parent.parent.parent
PROCESSES, TURNS = 8, amount(short=8, full=20)
Result = tuple[Counter[str], int]


# One record, eight processes


def come_and_go(index: int, scope: Scope, record: int) -> Result:
    """Add and take doses; how many of each kind were accepted, and how many calls failed."""
    chance, done, failed = random.Random(index), Counter[str](), 0
    for _turn in range(TURNS):
        kind = chance.choice([*Kind, Kind.ADMINISTERED, Kind.WASTED])
        doses = chance.randint(1, 9)
        movement = ledger.Movement(kind=kind, doses=doses, happened_on=stock.day())

        def write(movement: ledger.Movement = movement) -> bool:
            return bool(ledger.post(scope.user, record, movement))

        try:
            run(write, write=True)
        except Invalid:
            continue
        except (Conflict, DBAPIError, Unavailable):
            failed += 1
            continue
        done[kind] += doses
    return done, failed


def faults_of(record: int, results: list[Result], first: int) -> list[str]:
    """What is wrong after the race, in words."""
    accepted = sum((done for done, _failed in results), Counter[str](received=first))
    expected = dict.fromkeys(stock.COUNTERS, 0)
    for kind, doses in accepted.items():
        for counter, sign in EFFECTS[Kind(kind)].items():
            expected[counter] += sign * doses
    found = stock.wrong()
    if stock.counters(record) != expected:
        found.append(f"counters {stock.counters(record)}, accepted {expected}")
    written = Counter[str]()
    for _number, kind, doses in stock.entries(record):
        written[kind] += doses
    if written != accepted:
        found.append(f"written {written}, accepted {accepted}")
    found += ["the database's quarrels reached the caller" for _done, failed in results if failed]
    return found


def race(
    app: Flask, personas: Personas, careless_by: Callable[[], None] = lambda: None
) -> list[str]:
    with app.app_context():
        scope = stock.scope_for(personas, "manager_a")
        record = stock.add(scope, doses=30)
        careless_by()
        results = together(app, PROCESSES, come_and_go, scope, record)
        return faults_of(record, results, 30)


@pytest.mark.both_databases
def test_eight_processes_at_one_record_lose_nothing(app: Flask, personas: Personas) -> None:
    assert race(app, personas) == []


def test_the_race_would_show_reading_before_writing(
    app: Flask, personas: Personas, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert race(app, personas, lambda: be_careless(monkeypatch, careless.LEDGER)) != []


def take_the_last(index: int, scope: Scope, record: int) -> int:
    done = 0
    for _turn in range(4):
        try:
            stock.post(scope, record, Kind.ADMINISTERED, 1)
        except Invalid:
            continue
        done += 1
    return done


@pytest.mark.both_databases
def test_of_the_last_ten_doses_ten_are_given(app: Flask, personas: Personas) -> None:
    with app.app_context():
        scope = stock.scope_for(personas, "manager_a")
        record = stock.add(scope, doses=10)
        assert sum(together(app, PROCESSES, take_the_last, scope, record)) == 10
        assert stock.counters(record)["doses_available"] == 0
        assert stock.wrong() == []


def reverse_it(_index: int, scope: Scope, entry: int) -> bool:
    try:
        stock.reverse(scope, entry)
    except Conflict:
        return False
    return True


def test_of_eight_reversals_one_counts(app: Flask, personas: Personas) -> None:
    with app.app_context():
        scope = stock.scope_for(personas, "manager_a")
        record = stock.add(scope, doses=10)
        entry = stock.post(scope, record, Kind.WASTED, 4)
        assert sum(together(app, PROCESSES, reverse_it, scope, entry)) == 1
        assert stock.counters(record)["doses_wasted"] == 0
        assert stock.wrong() == []


# One lot, eight deliveries


def deliver(_index: int, scope: Scope, product: int, lot: str) -> str:
    try:
        with unit_of_work():
            add_delivery(scope, stock.delivery(scope, product, doses=1, lot=lot))
    except Conflict:
        return "asked"
    except (DBAPIError, Unavailable):
        return "failed"
    return "added"


def arrivals(app: Flask, personas: Personas, lot: str = "LOT1") -> Counter[str]:
    with app.app_context():
        scope = stock.scope_for(personas, "manager_a")
        return Counter(together(app, PROCESSES, deliver, scope, stock.product_id(), lot))


@pytest.mark.both_databases
def test_one_lot_arriving_eight_times_at_once_makes_one_record(
    app: Flask, personas: Personas
) -> None:
    assert arrivals(app, personas) == Counter(added=1, asked=PROCESSES - 1)


def test_the_race_would_show_a_lot_that_nobody_holds(
    app: Flask, personas: Personas, monkeypatch: pytest.MonkeyPatch
) -> None:
    be_careless(monkeypatch, careless.ARRIVALS)
    good = Counter(added=1, asked=PROCESSES - 1)
    # On a busy machine they may happen to come one after the other.
    many = (f"ALPHA{number}" for number in range(10))
    assert any(arrivals(app, personas, lot) != good for lot in many)


# A real server


@contextmanager
def serving(app: Flask, module: str) -> Iterator[int]:
    """gunicorn with two workers on the test's database; the port it listens on."""
    settings = app.extensions["portal"].settings
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    environment = os.environ | {
        "PORTAL_INSTANCE": str(settings.instance),
        "PORTAL_DATABASE_URL": settings.database_url,
        "PORTAL_JOBS": "off",
        "PYTHONPATH": str(ROOT),
    }
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "gunicorn", f"{module}:app", "--bind", f"127.0.0.1:{port}"),
            *("--workers", "2", "--worker-class", "gthread", "--threads", "4"),
            *("--log-level", "critical", "--no-control-socket"),
        ],
        cwd=ROOT,
        env=environment,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                if ask(port, "GET", "/readyz", "")[0] == 200:
                    break
            except OSError:
                time.sleep(0.1)
        else:
            pytest.fail("the server did not start")
        yield port
    finally:
        server.terminate()
        server.wait(20)


def ask(port: int, method: str, path: str, cookie: str, body: str = "") -> tuple[int, str, str]:
    """Status, where it leads, and the text of an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"}
    connection.request(method, path, body=body or None, headers=headers)
    response = connection.getresponse()
    text = response.read().decode("utf-8", "replace")
    connection.close()
    return response.status, response.headers.get("Location", ""), text


def review(browser: Browser, shipment: int, answer: str = "") -> Page:
    """The last page before `Save`, with all doses of a shipment in it; `answer` is given to the
    question about a lot that is there."""
    form = browser.get(f"/vaccine-inventory/add?shipment={shipment}")
    page = browser.submit(form, button="Next", follow=True)
    if answer:
        page = browser.submit(page, {"duplicate": answer}, button="Next", follow=True)
    return page


Post = tuple[str, str, str]


def save_of(browser: Browser, page: Page, *, operation: str = "") -> Post:
    """Address, cookie and body of pressing `Save`; with an operation id of another window."""
    (form,) = (
        each
        for each in page.root.all("form")
        if any(button.text == "Save" for button in each.all("button"))
    )
    fields = fields_of(form, "Save")
    if operation:
        fields["operation_id"] = operation
    cookie = browser.client.get_cookie("portal")
    assert cookie is not None
    return form.attributes["action"], f"portal={cookie.value}", urlencode(fields, doseq=True)


def at_once(port: int, posts: list[Post]) -> list[tuple[int, str, str]]:
    """Send all of them in the same moment."""
    return threads.at_once(lambda *post: ask(port, "POST", *post), posts)


def records(app: Flask) -> list[int]:
    with app.app_context(), unit_of_work(write=False) as session:
        totals = select(VaccineInventory.doses_total).order_by(VaccineInventory.id)
        return list(session.scalars(totals))


def eight_saves_of_one_draft(app: Flask, browser: Browser, port: int) -> list[str]:
    """What is wrong after four windows and four double clicks pressed `Save` at once."""
    with app.app_context():
        scope = stock.scope_for(browser.personas, "manager_a")
        stock.add(scope, doses=5, confirmed=True)
    page = review(browser, stock.shipment_id(app), SEPARATE)
    posts = [save_of(browser, page)] * 4
    posts += [save_of(browser, page, operation=f"{number}" * 43) for number in range(4)]
    answers = at_once(port, posts)
    found = [f"answer {status}" for status, _to, _text in answers if status not in (303, 409)]
    if sum(1 for status, _to, _text in answers if status == 303) < 1:
        found.append("nobody was told that it is saved")
    if records(app) != [5, 300]:
        found.append(f"records {records(app)}")
    with app.app_context():
        return [*found, *stock.wrong(), *([] if verify().ok else ["the audit trail is broken"])]


def two_managers_one_lot(app: Flask, browsers: list[Browser], port: int) -> list[str]:
    """What is wrong after two managers added the same shipments at once, round after round."""
    found = []
    for number in range(5):
        shipment = stock.shipment_id(app, f"ROUND-{number}")
        answers = at_once(port, [save_of(one, review(one, shipment)) for one in browsers])
        led = sorted(f"{status} {where}" for status, where, _text in answers)
        saved = [where for where in led if re.fullmatch(r"303 /vaccine-inventory/\d+", where)]
        asked = [where for where in led if re.fullmatch(r"303 .*/add/\d+/lot", where)]
        asked += [text for status, _to, text in answers if status in (409, 422)]
        if len(saved) != 1 or len(asked) != 1:
            found.append(f"round {number}: {led}")
    if records(app) != [10] * 5:
        found.append(f"records {records(app)}")
    with app.app_context():
        return found + stock.wrong()


def rounds() -> bytes:
    return csv(
        row(),
        *(
            row(id=f"ROUND-{number}", order=f"EX-{number}", lot=f"LOT{number}", doses="10")
            for number in range(5)
        ),
    )


Scenario = Callable[[Flask, list[Browser], int], list[str]]
SCENARIOS: dict[str, Scenario] = {
    "eight saves of one draft": lambda app, both, port: eight_saves_of_one_draft(
        app, both[0], port
    ),
    "two managers, one lot": two_managers_one_lot,
}


def both_managers(app: Flask, personas: Personas) -> list[Browser]:
    return [Browser(app, personas).sign_in(who) for who in ("manager_a", "manager_ab")]


@pytest.mark.parametrize("scenario", some(SCENARIOS, short=1))
def test_on_a_server_with_two_workers(app: Flask, personas: Personas, scenario: str) -> None:
    take_in(app, rounds())
    with serving(app, "wsgi") as port:
        assert SCENARIOS[scenario](app, both_managers(app, personas), port) == []


@pytest.mark.thorough
@pytest.mark.parametrize("scenario", list(SCENARIOS))
def test_the_same_would_show_a_careless_portal(
    app: Flask, personas: Personas, scenario: str
) -> None:
    take_in(app, rounds())
    with serving(app, "tests.inventory.careless_wsgi") as port:
        assert SCENARIOS[scenario](app, both_managers(app, personas), port) != []
