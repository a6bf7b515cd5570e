"""Every address × everybody × own, other and missing records (SPEC A2, A3).

What must come out is computed from the route's mark and the persona's capabilities; a route with an
argument of which no `samples.py` speaks (tests/samples.py) fails here until one does.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import inspect
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from portal.access.profiles import Profile
from portal.db import db, unit_of_work
from portal.module import Registry
from portal.people.models import User
from portal.refusals import tally
from portal.refusals.rules import RefusalKind
from portal.submissions import new_operation_id
from portal.web import guards
from tests.access.making import MISSING, OTHER, make_samples
from tests.client import Browser
from tests.effort import RUN, some
from tests.personas import Personas
from tests.samples import PLACE_OF, TWO_PROFILES, Common, Own, Text, Theirs, each, together

pytestmark = pytest.mark.slow("asks every address as everybody")

HTMX = {"HX-Request": "true", "HX-Request-Type": "partial", "HX-Target": "div#main"}
RUNS_HERE = re.compile("flask|werkzeug|gunicorn|jinja|python|sqlalchemy|sqlite|postgres", re.I)


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
        self.made = make_samples(app, personas, mark=mark, at=at)
        self.registry: Registry = app.extensions["portal"].registry
        self.arguments = together(lambda samples: samples.access.arguments)
        self.everywhere = together(lambda samples: samples.access.everywhere)
        self.leading = together(lambda samples: samples.access.leading)
        self.public = together(lambda samples: samples.access.public)
        with app.app_context(), unit_of_work(write=False) as session:
            self.capabilities = {
                who: self.registry.capabilities_of(
                    Profile(session.get_one(User, personas.users[like(who)]).profile)
                )
                for who in PLACE_OF
            }

    def client(self, who: str) -> FlaskClient:
        if who == "nobody":
            return self.app.test_client()
        if who in TWO_PROFILES:
            at_location = who == "both_as_manager"
            with self.app.app_context(), unit_of_work() as session:
                user = session.get_one(User, self.personas.users[who])
                user.acts_at_location = at_location
        return Browser(self.app, self.personas).sign_in(who).client

    def sample(self, rule: Rule, argument: str) -> Own | Theirs | Common | Text:
        """What an argument is, or a failure if no module says so."""
        endpoint, blueprint = rule.endpoint, rule.endpoint.partition(".")[0]
        for name in (f"{endpoint}:{argument}", f"{blueprint}:{argument}", argument):
            if name in self.arguments:
                return self.arguments[name]  # type: ignore[no-any-return]
        pytest.fail(
            f"Nobody knows what {argument!r} in {rule.rule} is. Add it to tests/<module>/samples.py"
            f" of the module that has {endpoint}: Samples(access=Access(arguments={{{argument!r}: "
            "Own('<kind of record that its make() notes>')})), or Common or Text (tests/samples.py)"
        )

    def value(self, rule: Rule, argument: str, who: str, which: str) -> Any:
        """The value of an argument."""
        letter = PLACE_OF.get(who, "A")
        letter = {"own": letter or "A", "other": OTHER[letter]}.get(which, "")
        endpoint = rule.endpoint.removesuffix("_step")
        if argument == "draft_id":
            whose = who if which == "own" else ("manager_b" if who != "manager_b" else "manager_a")
            drafts = self.made.drafts.get(endpoint) or next(iter(self.made.drafts.values()))
            return MISSING if which == "missing" else drafts.get(whose, MISSING)
        if argument == "step" and endpoint in self.made.steps:
            return self.made.steps[endpoint]
        sample = self.sample(rule, argument)
        if isinstance(sample, Theirs):
            whose = who if which == "own" else ("manager_b" if who != "manager_b" else "manager_a")
            ids = self.made.ids[sample.kind]
            return MISSING if which == "missing" else ids.get(whose, MISSING)
        if isinstance(sample, Text):
            return (which == "missing" and sample.missing) or sample.value
        if which == "missing":
            return MISSING
        return self.made.ids[sample.kind]["" if isinstance(sample, Common) else letter]

    def of_a_location(self, rule: Rule) -> bool:
        """Whether the address names something that is a location's, or somebody's own."""
        known = rule.arguments - {"step"}
        own = any(isinstance(self.sample(rule, one), Own) for one in known - {"draft_id"})
        return own or self.of_one_user(rule)

    def of_one_user(self, rule: Rule) -> bool:
        """Whether the address names something that is one user's alone."""
        known = rule.arguments - {"step", "draft_id"}
        theirs = any(isinstance(self.sample(rule, one), Theirs) for one in known)
        return theirs or "draft_id" in rule.arguments

    def asks(self, who: str) -> Iterator[Ask]:
        """All routes, filled in for a persona; but for those that take a visitor's link."""
        for rule in self.app.url_map.iter_rules():
            if guards.visited_by(self.app.view_functions[rule.endpoint]):
                continue  # tests/access/test_visitors.py
            if not rule.arguments:
                yield Ask(rule, {}, "none")
                continue
            for which in ("own", "other", "missing"):
                if which == "other" and not self.of_a_location(rule):
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
            return ask.rule.arguments != {"token"}
        places = (ask.rule.endpoint, *ask.rule.arguments)
        if any(like(who) in self.everywhere.get(place, ()) for place in places):
            return False
        if self.of_one_user(ask.rule):
            return ask.which == "other"
        return self.of_a_location(ask.rule) and (ask.which == "other" or not PLACE_OF[who])


def like(who: str) -> str:
    """The persona whose profile alone is the one that `who` acts in."""
    return TWO_PROFILES.get(who, who)


def form_of(who: str, token: str) -> dict[str, str]:
    """What every form carries that `who` sends."""
    acting = {"both_as_manager": "manager", "both_as_admin": "administrator"}
    return {"csrf_token": token} | ({"acting_as": acting[who]} if who in acting else {})


def everybody(*but: str) -> list[Any]:
    """All personas and nobody; those that are left out of the short form are asked with --all."""
    return [
        pytest.param(who, marks=pytest.mark.thorough if who in but else ())
        for who in (*PLACE_OF, "nobody")
    ]


# What B's manager may at B, A's manager may at A; of one person with two profiles the manager is
# asked. Who works at two locations, or is programme staff at one, reads as others do; with a
# location that is not the own one in mind they are asked where something is refused.
READING = everybody("manager_b", "both_as_admin", "manager_ab", "agent_at_a")
REFUSED = everybody("manager_b", "both_as_admin", "agent_at_a")
ALLOWED = everybody("manager_b", "both_as_admin", "manager_ab", "readonly_a")[:-1]


def ways_of(who: str) -> tuple[bool, ...]:
    """Whether to ask with the headers of htmx, or without and with them."""
    return (False, True) if who in {"manager_a", "nobody"} or RUN.everything else (False,)


@pytest.fixture
def matrix(app: Flask, personas: Personas) -> Matrix:
    return Matrix(app, personas)


def test_an_argument_nobody_knows_is_asked_for(matrix: Matrix) -> None:
    rule = Rule("/crates/<int:crate_id>", endpoint="crates.record")
    with pytest.raises(pytest.fail.Exception, match=r"'crate_id'.*tests/<module>/samples\.py"):
        matrix.value(rule, "crate_id", "manager_a", "own")


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
        assert status in matrix.public[ask.rule.endpoint]
    elif who == "nobody":
        assert leads_to_sign_in(response, htmx=htmx)
    elif not matrix.may(who, ask):
        assert status == 403
    elif matrix.hidden(who, ask):
        assert status == 404
    elif status == 303 or "HX-Redirect" in response.headers:
        where = response.headers.get("Location") or response.headers["HX-Redirect"]
        if PLACE_OF[who] and ask.rule.endpoint in matrix.leading:
            assert where.startswith(matrix.leading[ask.rule.endpoint])
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


@pytest.mark.parametrize("who", READING)
def test_reading(matrix: Matrix, who: str) -> None:
    client, wrong = matrix.client(who), []
    for ask in matrix.asks(who):
        for htmx in ways_of(who):
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
        view = matrix.app.view_functions[ask.rule.endpoint]
        if htmx and getattr(view, guards.WHILE_TYPING, False):
            assert (response.status_code, response.data) == (204, b"")
        else:
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
    name = "both" if who in TWO_PROFILES else who.replace("_", ".")
    assert (one.user_id, one.who) == (matrix.personas.users[who], name)
    assert (one.location_id, one.place) == (place, f"Clinic {PLACE_OF[who]}" if place else "")
    rules = [rule for rule in matrix.app.url_map.iter_rules() if rule.rule == ask.rule.rule]
    assert one.endpoint in {rule.endpoint for rule in rules}
    known = (
        {RefusalKind.NOT_ALLOWED} if forbidden else {RefusalKind.NOT_FOUND, RefusalKind.ELSEWHERE}
    )
    assert one.kind in known
    assert one.kind != RefusalKind.ELSEWHERE or ask.which != "missing"
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


@pytest.mark.parametrize("who", REFUSED)
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
        for htmx in ways_of(who):
            data = form_of(who, token) | {"operation_id": new_operation_id()}
            response = client.post(matrix.url(ask), data=data, headers=HTMX if htmx else {})
            if who == "manager_ab" and "/switch-" in response.headers.get("HX-Redirect", ""):
                continue  # kept for their other location
            try:
                check_post(matrix, who, ask, response, htmx=htmx)
                check_trace(matrix, who, ask, response)
            except AssertionError:
                wrong.append(f"{ask}{' htmx' if htmx else ''}: {response.status_code}")
    assert wrong == []
    if who.startswith("manager"):
        assert RefusalKind.ELSEWHERE in matrix.kinds
    after = everything(matrix.app)
    if who == "manager_ab":  # who works at both finds what was typed about the other one there
        assert [row for row in before["draft"] if row not in after["draft"]] == []
        after["draft"] = before["draft"]
    assert after == before


def again(matrix: Matrix, who: str, cookie: dict[str, Any]) -> FlaskClient:
    """A new session of the same browser, in which its request token is good."""
    client = matrix.client(who)
    with client.session_transaction() as here:
        here.update({name: value for name, value in cookie.items() if name not in here})
    return client


@pytest.mark.both_databases
@pytest.mark.parametrize("who", ALLOWED)
def test_writing_what_is_allowed_is_not_forbidden_and_never_a_fault(
    matrix: Matrix, who: str
) -> None:
    wrong = []
    first = matrix.client(who)
    token = token_of(first)
    with first.session_transaction() as session:
        cookie = dict(session)
    for ask in matrix.asks(who):
        if not matrix.may(who, ask) or matrix.hidden(who, ask):
            continue
        if matrix.needed(ask) == guards.PUBLIC:
            continue
        client = again(matrix, who, cookie)  # signing out and the like end the session
        response = client.post(matrix.url(ask), data=form_of(who, token))
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
            status = client.post(matrix.url(ask)).status_code
            # A sign-in page that was left open leads on whoever is signed in already.
            assert status == (303 if ask.rule.endpoint == "people.sign_in" else 400), ask
    assert everything(matrix.app) == before


def without_numbers(response: TestResponse) -> str:
    """A page without what differs from one answer to the next."""
    text = response.get_data(as_text=True)
    text = re.sub(r'value="[^"]{20,}"', "", text)
    return re.sub(r"\d+", "#", text)


@pytest.mark.parametrize(
    "who", some(["manager_a", "manager_b", "admin_at_a", "agent_at_a"], short=2)
)
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
    for address in each(lambda samples: samples.access.elsewhere):
        url = matrix.made.filled_in(address, "B")
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


NUMBER = re.compile(r"<int[^>]*:\w+>")


@pytest.mark.parametrize("number", some([2**31, 2**63, 0, 10**30], short=2))
def test_a_number_that_no_record_can_have_is_simply_not_found(matrix: Matrix, number: int) -> None:
    rules = [rule for rule in matrix.app.url_map.iter_rules() if "GET" in (rule.methods or ())]
    for who in ("manager_a", "admin_at_a"):
        client = matrix.client(who)
        for rule in rules:
            url = NUMBER.sub(str(number), rule.rule)
            if url != rule.rule:
                for text in rule.arguments:
                    url = url.replace(f"<{text}>", str(matrix.value(rule, text, who, "own")))
                shown = url.endswith("/history/0")  # the text that an article came with
                assert shown or client.get(url).status_code in {403, 404}, (who, url)
        for address in each(lambda samples: samples.access.numbers):
            url = matrix.made.filled_in(address, "A").format(number)
            assert client.get(url).status_code in {200, 403, 404}, (who, url)


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
