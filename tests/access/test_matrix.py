"""Every address × everybody × own, other and missing records (SPEC A2, A3).

What must come out is computed from the route's mark and the persona's capabilities; a new route
with arguments that nobody has samples for fails here until they are added.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import inspect, select
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from portal.audit.models import AuditEntry
from portal.db import db, unit_of_work
from portal.messages.models import Message
from portal.module import Registry
from portal.operations import new_operation_id
from portal.people.models import User
from portal.people.profiles import Profile
from portal.refusals import tally
from portal.refusals.rules import Kind
from portal.web import guards
from tests.access.samples import MISSING, OTHER, PLACE_OF, Samples, make_samples
from tests.client import Browser
from tests.personas import Personas

HTMX = {"HX-Request": "true", "HX-Request-Type": "partial", "HX-Target": "div#main"}
ADD = "inventory.add"
RUNS_HERE = re.compile("flask|werkzeug|gunicorn|jinja|python|sqlalchemy|sqlite|postgres", re.I)
NAMES = {
    "lookups.results": ("products", "shipments", "accounts", "receivers"),
    "listviews.pin": ("inventory", "shipments", "transfers", "accounts", "refusals"),
    "listviews.search": ("accounts", "refusals"),
    "operations.job": ("messages.deliver",),
    "operations.run_job": ("messages.deliver",),
}
# Addresses that only lead to others, and where.
LEADING = {"transfers.of_document": "/transfers/"}
# What a public address answers when it is asked without anything sensible.
PUBLIC = {
    "people.sign_in": {200, 303},
    "people.sign_out": {303, 200},
    "links.forgot_password": {200},
    "links.mail_is_on_its_way": {200},
    "links.reset_password": {404, 410, 200},
    "links.complete_registration": {404, 410, 200},
    "setup.set_up": {404, 303, 200},
    "health.healthz": {200},
    "health.readyz": {200, 503},
}
# Files and answers that are not pages of a location: the same for whoever may ask.
NOT_OF_A_LOCATION = {"run_id", "message_id", "number", "name", "token", "step", "field"}


@dataclass(frozen=True)
class Ask:
    """One question to the portal and the record it is about: own, other, missing or none."""

    rule: Rule
    values: dict[str, Any]
    which: str

    def __str__(self) -> str:
        return f"{self.rule.endpoint} {self.values} ({self.which})"


class Matrix:
    """The application, its samples, and what each persona must get."""

    def __init__(self, app: Flask, personas: Personas, mark: str = "", at: str = "") -> None:
        self.app = app
        self.personas = personas
        self.kinds: set[str] = set()
        self.samples: Samples = make_samples(app, personas, mark=mark, at=at)
        self.registry: Registry = app.extensions["portal"].registry
        with app.app_context(), unit_of_work(write=False) as session:
            self.message_id = session.scalars(select(Message.id).limit(1)).one()
            self.entry = session.scalars(select(AuditEntry.number).limit(1)).one()
            self.capabilities = {
                who: self.registry.capabilities_of(
                    Profile(session.get_one(User, personas.users[who]).profile)
                )
                for who in PLACE_OF
            }

    def client(self, who: str) -> FlaskClient:
        if who == "nobody":
            return self.app.test_client()
        return Browser(self.app, self.personas).sign_in(who).client

    def value(self, rule: Rule, argument: str, who: str, which: str) -> Any:
        """The value of an argument, or a failure if nobody has taught it."""
        samples, letter = self.samples, PLACE_OF.get(who, "A")
        letter = {"own": letter or "A", "other": OTHER[letter]}.get(which, "")
        endpoint, argument_missing = rule.endpoint, which == "missing"
        by_letter = {
            "shipment_id": samples.shipment,
            "order_id": samples.order,
            "inventory_id": samples.inventory,
            "record_id": samples.location
            if endpoint.startswith("locations.")
            else samples.inventory,
            "location_id": samples.location,
            "user_id": samples.user,
            "document_id": samples.slip if endpoint in LEADING else samples.document,
            "entry_id": samples.entry,
            "count_id": samples.count,
            "quarantine_id": samples.quarantine,
            "transfer_id": samples.inbound if endpoint == "transfers.refuse" else samples.outbound,
        }
        if argument in by_letter:
            return MISSING if argument_missing else by_letter[argument][letter]
        if argument == "draft_id":
            whose = who if which == "own" else ("manager_b" if who != "manager_b" else "manager_a")
            drafts = samples.drafts.get(endpoint.removesuffix("_step"), samples.drafts[ADD])
            return MISSING if argument_missing else drafts.get(whose, MISSING)
        if argument == "session_id":
            whose = who if which == "own" else ("manager_b" if who != "manager_b" else "manager_a")
            return MISSING if argument_missing else samples.session.get(whose, MISSING)
        simple = {
            "run_id": samples.run,
            "message_id": self.message_id,
            "number": self.entry,
            "token": "nonsense",
            "step": samples.steps.get(endpoint.removesuffix("_step"), "details"),
            "field": "coordinator_name" if endpoint.startswith("locations.") else "name",
        }
        if argument in simple:
            number = argument in {"run_id", "message_id", "number"}
            return MISSING if argument_missing and number else simple[argument]
        if argument == "name" and endpoint in NAMES:
            return "nonsense" if argument_missing else NAMES[endpoint][0]
        pytest.fail(f"{rule.rule}: teach tests/access what {argument!r} of {endpoint} is")

    def asks(self, who: str) -> Iterator[Ask]:
        """All routes, filled in for a persona."""
        for rule in self.app.url_map.iter_rules():
            if not rule.arguments:
                yield Ask(rule, {}, "none")
                continue
            for which in ("own", "other", "missing"):
                if which == "other" and rule.arguments <= NOT_OF_A_LOCATION:
                    continue
                yield Ask(
                    rule,
                    {name: self.value(rule, name, who, which) for name in rule.arguments},
                    which,
                )

    def needed(self, ask: Ask) -> str:
        """The mark, or for what is asked by name the capability of what has that name."""
        endpoint, name = ask.rule.endpoint, ask.values.get("name")
        if endpoint == "lookups.results" and name in self.registry.lookups:
            return self.registry.lookups[name].capability
        if endpoint in {"listviews.pin", "listviews.search"} and name in self.registry.lists:
            return str(self.registry.lists[name].capability)
        access = guards.access_of(self.app.view_functions[endpoint])
        assert access is not None, endpoint
        return access

    def url(self, ask: Ask) -> str:
        with self.app.test_request_context():
            from flask import url_for

            return url_for(ask.rule.endpoint, **ask.values)

    def may(self, who: str, ask: Ask) -> bool:
        needed = self.needed(ask)
        return needed in {guards.PUBLIC, guards.SIGNED_IN} or needed in self.capabilities[who]

    def hidden(self, who: str, ask: Ask) -> bool:
        """Whether the record must look as if it did not exist."""
        if ask.which == "missing":
            return not ask.rule.arguments <= {"token"}
        staff_nowhere = not PLACE_OF[who]
        if ask.rule.endpoint == "shipments.saved":
            return False  # of those who enter shipments for everybody
        if "user_id" in ask.values and who.startswith("admin"):
            return False  # looks after everybody
        if ask.values.keys() & {"draft_id", "session_id"}:
            return ask.which == "other"
        if ask.rule.arguments <= NOT_OF_A_LOCATION:
            return False
        return ask.which == "other" or staff_nowhere


@pytest.fixture
def matrix(app: Flask, personas: Personas) -> Matrix:
    return Matrix(app, personas)


def methods_of(app: Flask, ask: Ask) -> set[str]:
    """All methods of the address, whatever the endpoint."""
    found: set[str] = set()
    for rule in app.url_map.iter_rules():
        if rule.rule == ask.rule.rule:
            found |= rule.methods or set()
    return found


def leads_to_sign_in(response: TestResponse, *, htmx: bool) -> bool:
    if htmx:
        where = response.headers.get("HX-Redirect", "")
        return response.status_code == 200 and where.startswith("/sign-in") and not response.data
    return response.status_code == 303 and response.headers["Location"].startswith("/sign-in")


def token_of(client: FlaskClient) -> str:
    """A request token of this browser's session."""
    page = client.get("/switch-location").get_data(as_text=True)
    page = page if "csrf_token" in page else client.get("/sign-in").get_data(as_text=True)
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page) or re.search(
        r'value="([^"]+)"[^>]*name="csrf_token"', page
    )
    assert found, page[:300]
    return found.group(1)


def check_get(matrix: Matrix, who: str, ask: Ask, response: TestResponse, *, htmx: bool) -> None:
    status = response.status_code
    if "GET" not in methods_of(matrix.app, ask):
        assert status == 405
    elif matrix.needed(ask) == guards.PUBLIC:
        assert status in PUBLIC[ask.rule.endpoint]
    elif who == "nobody":
        assert leads_to_sign_in(response, htmx=htmx)
    elif not matrix.may(who, ask):
        assert status == 403
    elif matrix.hidden(who, ask):
        assert status == 404
    elif status == 303 or "HX-Redirect" in response.headers:
        where = response.headers.get("Location") or response.headers["HX-Redirect"]
        if PLACE_OF[who] and ask.rule.endpoint in LEADING:
            assert where.startswith(LEADING[ask.rule.endpoint])
            return
        assert not PLACE_OF[who], "only staff without a location are led elsewhere"
        assert where.startswith(("/switch-location", "/shipments/imports"))
    else:
        assert status == 200


def check_headers(response: TestResponse) -> None:
    """No answer is kept by a browser or proxy, and none says what runs here."""
    headers = response.headers
    assert headers["Cache-Control"] == "no-store"
    for name in ("ETag", "Last-Modified", "Expires", "Server", "X-Powered-By", "Via"):
        assert name not in headers, name
    if response.mimetype == "text/html":
        assert not RUNS_HERE.search(response.get_data(as_text=True))


@pytest.mark.parametrize("who", [*PLACE_OF, "nobody"])
def test_reading(matrix: Matrix, who: str) -> None:
    client, wrong = matrix.client(who), []
    for ask in matrix.asks(who):
        for htmx in (False, True):
            response = client.get(matrix.url(ask), headers=HTMX if htmx else {})
            try:
                check_get(matrix, who, ask, response, htmx=htmx)
                check_headers(response)
            except AssertionError:
                wrong.append(f"{ask}{' htmx' if htmx else ''}: {response.status_code}")
    assert wrong == []


def check_post(matrix: Matrix, who: str, ask: Ask, response: TestResponse, *, htmx: bool) -> None:
    status = response.status_code
    if "POST" not in methods_of(matrix.app, ask):
        assert status == 405
    elif matrix.needed(ask) == guards.PUBLIC:
        assert status < 500
    elif who == "nobody":
        assert leads_to_sign_in(response, htmx=htmx)
    elif not matrix.may(who, ask):
        assert status == 403
    elif matrix.hidden(who, ask):
        assert status == 404
    else:
        assert status in {200, 303, 404, 409, 422}


def check_trace(matrix: Matrix, who: str, ask: Ask, response: TestResponse) -> None:
    """Whatever is refused is noted once: whom, where, of what kind, and nothing of what was asked
    for."""
    noted = list(matrix.app.extensions["portal.refusals"].tally.take())
    if response.status_code not in {403, 404}:
        assert noted == []
        return
    (one,) = noted
    place = matrix.personas.locations.get(PLACE_OF[who], 0)
    forbidden = response.status_code == 403
    assert (one.user_id, one.who) == (matrix.personas.users[who], who.replace("_", "."))
    assert (one.location_id, one.place) == (place, f"Clinic {PLACE_OF[who]}" if place else "")
    rules = [rule for rule in matrix.app.url_map.iter_rules() if rule.rule == ask.rule.rule]
    assert one.endpoint in {rule.endpoint for rule in rules}
    known = {Kind.NOT_ALLOWED} if forbidden else {Kind.NOT_FOUND, Kind.ELSEWHERE}
    assert one.kind in known
    assert one.kind != Kind.ELSEWHERE or ask.which != "missing"
    matrix.kinds.add(one.kind)


def everything(app: Flask) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables, but for who is signed in."""
    with app.app_context(), unit_of_work(write=False) as session:
        there = set(inspect(db.engine).get_table_names())  # other tests bring models of their own
        return {
            table.name: sorted(map(tuple, session.execute(table.select())), key=repr)
            for table in db.metadata.sorted_tables
            if table.name in there - {"user_session", "attempt"}
        } | {"": []}


@pytest.mark.parametrize("who", [*PLACE_OF, "nobody"])
def test_writing_what_is_not_allowed_or_not_there_is_refused_and_changes_nothing(
    matrix: Matrix, who: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tally, "PER_USER", 10_000)
    client, wrong = matrix.client(who), []
    token = token_of(client)
    before = everything(matrix.app)
    for ask in matrix.asks(who):
        if who != "nobody" and matrix.may(who, ask) and not matrix.hidden(who, ask):
            continue
        if matrix.needed(ask) == guards.PUBLIC:
            continue
        for htmx in (False, True):
            data = {"csrf_token": token, "operation_id": new_operation_id()}
            response = client.post(matrix.url(ask), data=data, headers=HTMX if htmx else {})
            try:
                check_post(matrix, who, ask, response, htmx=htmx)
                check_trace(matrix, who, ask, response)
            except AssertionError:
                wrong.append(f"{ask}{' htmx' if htmx else ''}: {response.status_code}")
    assert wrong == []
    if who.startswith("manager"):
        assert Kind.ELSEWHERE in matrix.kinds
    assert everything(matrix.app) == before


@pytest.mark.parametrize("who", list(PLACE_OF))
def test_writing_what_is_allowed_is_not_forbidden_and_never_a_fault(
    matrix: Matrix, who: str
) -> None:
    wrong = []
    for ask in matrix.asks(who):
        if not matrix.may(who, ask) or matrix.hidden(who, ask):
            continue
        if matrix.needed(ask) == guards.PUBLIC:
            continue
        client = matrix.client(who)  # signing out and the like end the session
        response = client.post(matrix.url(ask), data={"csrf_token": token_of(client)})
        try:
            check_post(matrix, who, ask, response, htmx=False)
        except AssertionError:
            wrong.append(f"{ask}: {response.status_code}")
    assert wrong == []


def test_no_form_is_taken_without_its_token(matrix: Matrix) -> None:
    before = everything(matrix.app)
    client = matrix.client("manager_a")
    for ask in matrix.asks("manager_a"):
        if "POST" in methods_of(matrix.app, ask):
            assert client.post(matrix.url(ask)).status_code == 400, ask
    assert everything(matrix.app) == before


def without_numbers(response: TestResponse) -> str:
    """A page without what differs from one answer to the next."""
    text = response.get_data(as_text=True)
    text = re.sub(r'value="[^"]{20,}"', "", text)
    return re.sub(r"\d+", "#", text)


@pytest.mark.parametrize("who", ["manager_a", "manager_b", "agent_at_a", "admin_at_a"])
def test_another_locations_record_looks_exactly_like_none(matrix: Matrix, who: str) -> None:
    client = matrix.client(who)
    compared = 0
    for ask in matrix.asks(who):
        if ask.which != "other" or not matrix.may(who, ask) or not matrix.hidden(who, ask):
            continue
        missing = {
            name: matrix.value(ask.rule, name, who, "missing") for name in ask.rule.arguments
        }
        none = Ask(ask.rule, missing, "missing")
        for headers in ({}, HTMX):
            there = client.get(matrix.url(ask), headers=headers)
            nowhere = client.get(matrix.url(none), headers=headers)
            assert there.status_code == nowhere.status_code, ask
            assert without_numbers(there) == without_numbers(nowhere), ask
            compared += 1
    assert compared >= 6


def test_who_works_there_too_is_told_where_and_led_there(matrix: Matrix) -> None:
    browser = Browser(matrix.app, matrix.personas).sign_in("manager_ab")
    for url in (
        f"/shipments/{matrix.samples.shipment['B']}",
        f"/vaccine-inventory/{matrix.samples.inventory['B']}",
        f"/shipments/orders/{matrix.samples.order['B']}",
        f"/accounts/{matrix.samples.user['B']}",
    ):
        page = browser.get(url)
        assert page.status == 404
        assert "Clinic B" in page.root.text
        there = browser.submit(page, button="Switch Location", follow=True)
        assert there.status == 200
        assert there.response.request.path == url
        back = browser.get("/switch-location")
        place = matrix.personas.locations["A"]
        token = back.root.all("input", name="csrf_token")[0].attributes["value"]
        browser.post("/switch-location", {"csrf_token": token, "location_id": str(place)})


@pytest.mark.parametrize("number", [2**31, 2**63, 10**30, 0])
def test_a_number_that_no_record_can_have_is_simply_not_found(matrix: Matrix, number: int) -> None:
    for who in ("manager_a", "admin_at_a"):
        client = matrix.client(who)
        for url in (
            "/shipments/{}",
            "/shipments/orders/{}",
            "/shipments/imports/{}",
            "/shipments/imports/{}/progress",
            "/shipments/imports/{}/corrections.xlsx",
            "/vaccine-inventory/{}",
            "/vaccine-inventory/{}/edit/name",
            "/vaccine-inventory/add?shipment={}",
            "/vaccine-inventory/add/{}/details",
            "/locations/{}",
            "/accounts/{}",
            "/drafts/{}",
            "/operations/messages/{}",
            "/operations/audit/{}",
        ):
            assert client.get(url.format(number)).status_code in {403, 404}, (who, url)
        for url in (
            "/shipments/imports?before={}",
            f"/vaccine-inventory/{matrix.samples.inventory['A']}?tab=related&before={{}}",
            "/shipments/?view=all&after={}",
            "/drafts?late={}",
            "/operations?below={}",
        ):
            assert client.get(url.format(number)).status_code in {200, 403}, (who, url)


def test_a_chosen_id_that_is_too_large_is_refused_beside_its_field(
    matrix: Matrix, database_kind: str
) -> None:
    browser = Browser(matrix.app, matrix.personas).sign_in("manager_a")
    for number in (2**31, 10**17, 10**25):
        form = browser.get("/vaccine-inventory/add")
        values = {
            f"{name}{end}": str(number)
            for name in ("product", "account", "shipment")
            for end in ("", "_text")
        }
        assert browser.submit(form, values, button="Next").status == 422
