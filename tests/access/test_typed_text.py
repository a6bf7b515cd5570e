"""No form with text loses it: every route that takes a form from a page of the samples.

A new module is held by its `samples.py`: what its pages show is sent with the token of an earlier
session, and must come back filled in. What no sample shows is named here, with the reason.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urljoin

import pytest
from flask import Flask
from sqlalchemy import delete
from werkzeug.exceptions import HTTPException

from portal.db import unit_of_work
from portal.drafts import FORM, Draft
from portal.web import guards
from portal.web.late_forms import KEEPER
from tests.access.test_matrix import Matrix
from tests.client import Browser, Element, fields_of, parse
from tests.personas import Personas

pytestmark = pytest.mark.slow("looks at every page")

# Between them they see every form.
WHO = ("manager_a", "provider_a", "admin_at_a", "agent")
LINES = {"text", "email", "tel", "number", "url"}
TYPED = "Quinces 4711"

# Forms with text that is not given back, and why.
NOT_KEPT = {"people.change_password": "secrets; the text is the user's own name, not to be typed"}
# Routes that take a form, and whose form no sample shows.
BUTTONS, SEARCH = "buttons only", "a search, which changes nothing"
UNSEEN = {
    "accounts.reactivate": BUTTONS,
    "appointments.change_location": SEARCH,
    "appointments.hold": BUTTONS,
    "appointments.invite": BUTTONS,
    "appointments.locations": SEARCH,
    "appointments.move": BUTTONS,
    "checkin.back_to_waiting": BUTTONS,
    "checkin.find": SEARCH,
    "checkin.finish": BUTTONS,
    "counts.finish": "what will be recorded must be looked at again",
    "helpdesk.looking": "sent by the page itself",
    "helpdesk.reopen": BUTTONS,
    "listviews.search": SEARCH,
    "onboarding.decide": BUTTONS,
    "onboarding.invite": BUTTONS,
    "onboarding.process": BUTTONS,
    "onboarding.process_staged": BUTTONS,
    "operations.search_messages": SEARCH,
    "proof.send": BUTTONS,
    "recipients.open_found": BUTTONS,
    "recipients.search": SEARCH,
    "shipments.reopen": BUTTONS,
}


@dataclass(frozen=True)
class Seen:
    """A form on a page, and who was shown it."""

    who: str
    page: str
    form: Element

    @property
    def texts(self) -> list[str]:
        """The names of what somebody may type into."""
        found = [
            one.attributes.get("name", "")
            for one in self.form.all()
            if one.tag == "textarea"
            or (one.tag == "input" and one.attributes.get("type", "text") in LINES)
        ]
        return [name for name in found if name]


def endpoint_of(app: Flask, action: str) -> str:
    """The route to which a form is sent."""
    try:
        return str(app.url_map.bind("portal").match(action.partition("?")[0], "POST")[0])
    except HTTPException:
        return ""


def forms_of(matrix: Matrix, who: str) -> Iterator[Seen]:
    """The forms on all pages of this person's, but for searches."""
    client = matrix.client(who)
    addresses = {
        matrix.url(ask)
        for ask in matrix.asks(who)
        if "GET" in (ask.rule.methods or ()) and ask.which in {"none", "own"}
    }
    for address in sorted(addresses):
        answer = client.get(address)
        if answer.status_code != 200 or answer.mimetype != "text/html":
            continue
        for form in parse(answer.get_data(as_text=True)).all("form"):
            if form.attributes.get("method") == "post" and form.attributes.get("role") != "search":
                yield Seen(who, address, form)


@pytest.fixture
def seen(app: Flask, personas: Personas) -> dict[str, Seen]:
    """A form of each route, one with text if there is one."""
    matrix = Matrix(app, personas)
    found: dict[str, Seen] = {}
    for one in itertools.chain.from_iterable(forms_of(matrix, who) for who in WHO):
        endpoint = endpoint_of(app, urljoin(one.page, one.form.attributes["action"]))
        if endpoint not in found or (one.texts and not found[endpoint].texts):
            found[endpoint] = one
    return found


def test_what_was_typed_comes_back(app: Flask, personas: Personas, seen: dict[str, Seen]) -> None:
    """Sent with the token of an earlier session. A form that no sample shows is not forgotten."""
    lost = {}
    for endpoint, one in sorted(seen.items()):
        if one.texts and is_for_users(app, endpoint):
            said = sent_too_late(app, personas, one) or sent_with_a_fault(app, personas, one)
            if said:
                lost[endpoint] = said
            make_room(app)
    unseen = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if "POST" in (rule.methods or ()) and is_for_users(app, rule.endpoint)
    } - seen.keys()
    unkept = {name for name in unseen if not hasattr(app.view_functions[name], KEEPER)}
    assert lost.keys() == NOT_KEPT.keys(), lost
    assert unkept == UNSEEN.keys()


def make_room(app: Flask) -> None:
    """Discard the forms that were kept: a user has room for 40, and each is asked by itself."""
    with app.app_context(), unit_of_work() as session:
        session.execute(delete(Draft).where(Draft.kind == FORM))


def again(browser: Browser, one: Seen) -> Element:
    """The same form on a fresh page."""
    forms = browser.get(one.page).root.all("form")
    return next(
        each
        for each in forms
        if each.attributes.get("action") == one.form.attributes["action"]
        and one.texts[0] in fields_of(each)
    )


def sent_too_late(app: Flask, personas: Personas, one: Seen) -> str:
    """What is wrong with what becomes of it; empty if what was typed comes back."""
    browser = Browser(app, personas).sign_in(one.who)
    form = again(browser, one)
    sent = {**fields_of(form), **dict.fromkeys(one.texts, TYPED)}
    browser.sign_in(one.who)
    action = urljoin(one.page, form.attributes["action"])
    answer = browser.post(action, sent, headers={"Referer": f"http://localhost{one.page}"})
    if not answer.leads_to:
        return f"{answer.status}"
    back = browser.get(answer.leads_to)
    return "" if TYPED in back.html else f"{answer.leads_to}: {back.status}"


def sent_with_a_fault(app: Flask, personas: Personas, one: Seen) -> str:
    """The same of a form that is refused: each text has a character that no field takes."""
    browser = Browser(app, personas).sign_in(one.who)
    form = again(browser, one)
    sent = {**fields_of(form), **dict.fromkeys(one.texts, f"{TYPED}\a")}
    answer = browser.post(urljoin(one.page, form.attributes["action"]), sent)
    return "" if answer.status == 422 and TYPED in answer.html else f"refused: {answer.status}"


def is_for_users(app: Flask, endpoint: str) -> bool:
    """Whether the route is for people who are signed in."""
    view = app.view_functions[endpoint]
    return guards.access_of(view) != guards.PUBLIC and not guards.is_for_visitors(view)
