"""Every way out of a form against every kind of form, with script and without.

What a client can show is in `TABLE`, a line for each way out and a column for each kind of form.
`Back`, `Forward`, leaving by a link and a second window are shown in a browser
(`tests/browser/test_ways_out.py`).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from portal.db import unit_of_work
from portal.drafts import Draft
from portal.web import guards
from portal.web.late_forms import KEEPER
from tests.client import Browser, Page
from tests.people.steps import NEW
from tests.personas import PASSPHRASE
from tests.visitors.conftest import Kites
from tests.visitors.kites import Kite
from tests.wizards.conftest import Shelve
from tests.wizards.test_steps import TIN
from tests.wizards.tins import Tin

MORNING = datetime(2026, 11, 20, 14, 0, tzinfo=UTC)
WORKS_AT_BOTH, SOMEBODY_ELSE = "manager.ab", "provider.a"


@dataclass(frozen=True)
class Kind:
    """A kind of form: how its page is opened (`{}` is the tin's number), what is typed where, the
    button, the region that htmx replaces (none: no part of the page)."""

    at: str
    field: str
    typed: str
    button: str
    region: str = ""


KINDS = {
    "first step": Kind("/tins/add", "label", "Quinces", "Next", "wizard"),
    "later step": Kind("details", "best_before", "12/24/2026", "Next", "wizard"),
    "pen": Kind("/tins/{}/edit/label", "label", "Quinces", "Save", "pen-label"),
    "plain form": Kind("/tins/swap", "why", "Quinces", "Save"),
    "confirmation": Kind("/tins/{}/dent", "why", "Quinces", "Dent"),
    "form on another page": Kind("/tins", "depth", "2026", "Scratch"),
    "visitor's form": Kind("visitor", "color", "Quince", "Paint"),
    "button": Kind("/tins", "", "", "Polish"),
}

# What else must be filled in for the form to be taken.
MORE = {"first step": TIN, "plain form": {"brand_text": "proud"}}

# What becomes of the form that is sent then:
BACK = "comes back filled in, nothing was saved"
TOLD = "nothing was done, and the user is told so"
REFUSED = "refused, what was typed is not shown"
FORGOTTEN = "not kept, and the user is told so after signing in"
TAKEN = "taken as if nothing had happened"
SWITCH = "refused, and leads to the location it is about"

USERS_FORMS = tuple(kind for kind in KINDS if kind not in {"button", "visitor's form"})


def line(users: str, button: str, visitor: str = TAKEN) -> dict[str, str]:
    """A line of the table; the forms of users have the same way to go on."""
    return {**dict.fromkeys(USERS_FORMS, users), "button": button, "visitor's form": visitor}


TABLE = {
    "time-out": line(BACK, TOLD),
    "new sign-in": line(BACK, TOLD),
    "new password": line(BACK, TOLD),
    "someone else signs in": line(REFUSED, REFUSED),
    "sign-out": line(FORGOTTEN, FORGOTTEN),
    "other location": line(BACK, SWITCH),
}
# With script a form without a region of its own is sent as without.
CELLS = [
    pytest.param(way, kind, region, id=f"{way}, {kind}, {'with' if region else 'without'} script")
    for way, kinds in TABLE.items()
    for kind in kinds
    for region in ([None, KINDS[kind].region] if KINDS[kind].region else [None])
]


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """The clock, which stands."""
    with time_machine.travel(MORNING, tick=False) as coordinates:
        yield coordinates


@dataclass
class Tab:
    """The tab with the form, beside which things happen in others."""

    app: Flask
    browser: Browser
    clock: time_machine.Traveller
    link: str
    tin: int

    def open(self, kind: str) -> Page:
        """The page of the form."""
        at = KINDS[kind].at
        if at == "details":
            return self.browser.submit(
                self.browser.get("/tins/add"), TIN, button="Next", follow=True
            )
        return self.browser.get(self.link if at == "visitor" else at.format(self.tin))

    def send(self, page: Page, kind: str, region: str | None) -> Page:
        """Type into the form and send it."""
        what = KINDS[kind]
        typed = {**MORE.get(kind, {}), what.field: what.typed}
        typed.pop("", None)
        return self.browser.submit(page, typed, button=what.button, region=region)

    def sign_in(self, username: str, password: str = PASSPHRASE, page: Page | None = None) -> Page:
        """Through the sign-in page."""
        page = page or self.browser.get("/sign-in")
        words = {"username": username, "password": password}
        return self.browser.submit(page, words, button="Sign In", follow=True)

    def sign_out(self) -> None:
        """As in another tab."""
        self.browser.submit(self.browser.get("/tins"), button="Sign Out")

    def switch(self, letter: str) -> Page:
        """Without following the page that refused the form: by the header's button."""
        page = self.browser.get("/switch-location")
        place = {"location_id": str(self.browser.personas.locations[letter])}
        return self.browser.submit(page, place, action="/switch-location", follow=True)

    def leave(self, way: str) -> None:
        """What happens in another tab, or in none."""
        if way == "time-out":
            idle = self.app.extensions["portal"].settings.idle_minutes
            self.clock.shift(timedelta(minutes=idle, seconds=1))
        elif way == "other location":
            self.switch("B")
        elif way == "new password":
            words = {"current_password": PASSPHRASE, "new_password": NEW, "repeated": NEW}
            changed = self.browser.submit(self.browser.get("/password"), words, action="/password")
            assert changed.status == 303, changed.root.text
        else:
            self.sign_out()
            if way == "new sign-in":
                self.sign_in(WORKS_AT_BOTH)
            elif way == "someone else signs in":
                self.sign_in(SOMEBODY_ELSE)

    def done(self) -> object:
        """All that any of the forms can have changed."""
        with self.app.app_context(), unit_of_work(write=False) as session:
            tins = session.scalars(select(Tin).order_by(Tin.id))
            kites = session.scalars(select(Kite).order_by(Kite.id))
            return (
                [(tin.label, tin.note, tin.received) for tin in tins],
                [kite.color for kite in kites],
            )

    def kept(self) -> list[str]:
        """What is kept in drafts, as text."""
        with self.app.app_context(), unit_of_work(write=False) as session:
            return [str(draft.data) for draft in session.scalars(select(Draft))]


@pytest.fixture
def tab(
    app: Flask,
    browser: Browser,
    clock: time_machine.Traveller,
    shelve: Shelve,
    flying: Kites,
) -> Tab:
    """Somebody signed in who works at A and B, now at A."""
    made = Tab(app, browser, clock, flying.link(), shelve("Peas"))
    made.sign_in(WORKS_AT_BOTH)
    return made


@pytest.mark.parametrize(("way", "kind", "region"), CELLS)
def test_a_way_out(tab: Tab, way: str, kind: str, region: str | None) -> None:
    expected = TABLE[way][kind]
    page = tab.open(kind)
    before = tab.done()
    tab.leave(way)
    answer = tab.send(page, kind, region)
    if expected == TAKEN:
        assert answer.status == 303
        assert tab.done() != before
        return
    assert tab.done() == before, "nothing was saved"
    CHECKS[expected](tab, way, kind, answer)


def comes_back(tab: Tab, way: str, kind: str, answer: Page) -> None:
    """The advice of each page is followed in the same tab; the form can be sent then."""
    if way == "time-out":
        back = tab.sign_in(WORKS_AT_BOTH, page=tab.browser.get(answer.leads_to))
    elif way == "other location":
        back = tab.switch("A")
    else:
        back = tab.browser.get(answer.leads_to)
    what = KINDS[kind]
    assert back.root.one("input", id=what.field).attributes["value"] == what.typed
    assert "What you entered is still here, but it isn't saved yet." in back.root.text
    assert tab.browser.submit(back, button=what.button).status == 303


def is_told(tab: Tab, way: str, kind: str, answer: Page) -> None:
    if way == "time-out":
        asked = tab.browser.get(answer.leads_to)
        assert "You were signed out, and nothing was changed." in asked.root.text
        back = tab.sign_in(WORKS_AT_BOTH, page=asked)
    else:
        back = tab.browser.get(answer.leads_to)
    assert "nothing was changed. If you still want it, do it again." in back.root.text


def is_refused(tab: Tab, way: str, kind: str, answer: Page) -> None:
    typed = KINDS[kind].typed or "\0"
    assert answer.status == 400
    assert typed not in answer.html
    assert not any(typed in each for each in tab.kept())
    assert typed not in tab.browser.get("/drafts").html


def is_forgotten(tab: Tab, way: str, kind: str, answer: Page) -> None:
    """Whoever signed out did so on purpose, and may have left the machine to somebody else."""
    assert answer.leads_to.startswith("/sign-in")
    assert not any(KINDS[kind].typed in each for each in tab.kept() if KINDS[kind].typed)
    asked = tab.browser.get(answer.leads_to)
    assert "You were signed out, and nothing was changed." in asked.root.text
    back = tab.sign_in(WORKS_AT_BOTH, page=asked)
    assert "so nothing was changed." in back.root.text


def leads_to_its_location(tab: Tab, way: str, kind: str, answer: Page) -> None:
    assert answer.status == 409
    assert "It belongs to Clinic A, where you also work." in answer.root.text


CHECKS: dict[str, Callable[[Tab, str, str, Page], None]] = {
    BACK: comes_back,
    TOLD: is_told,
    REFUSED: is_refused,
    FORGOTTEN: is_forgotten,
    SWITCH: leads_to_its_location,
}


@pytest.mark.parametrize(("at", "onward"), [("/sign-in?next=/tins", "/tins"), ("/sign-in", "/")])
def test_a_sign_in_page_that_was_left_open_leads_on(tab: Tab, at: str, onward: str) -> None:
    tab.sign_out()
    left = tab.browser.get(at)
    tab.sign_in(WORKS_AT_BOTH)
    words = {"username": SOMEBODY_ELSE, "password": PASSPHRASE}
    answer = tab.browser.submit(left, words, button="Sign In")
    assert answer.leads_to == onward
    said = tab.browser.get(onward).root.text
    assert "You are already signed in as Manager AB. Sign out first" in said
    assert tab.browser.get(at).leads_to == onward


def test_what_was_saved_before_signing_in_again_is_not_said_to_be_unsaved(tab: Tab) -> None:
    """The answer got lost, and the same page is sent once more."""
    page = tab.open("confirmation")
    assert tab.send(page, "confirmation", None).status == 303
    saved = tab.done()
    tab.leave("new sign-in")
    again = tab.send(page, "confirmation", None)
    assert "This was already saved" in tab.browser.get(again.leads_to).root.text
    assert tab.done() == saved
    assert tab.kept() == []


def test_an_invented_token_gives_nothing_back(tab: Tab) -> None:
    """Another site can send a form through this browser; it knows no token of this user."""
    page = tab.open("plain form")
    for token in ("", "invented", "ImludmVudGVkLm1hcmsi.aaaa.bbbb"):
        refused = tab.browser.submit(page, {"csrf_token": token, "why": "Quinces"}, button="Save")
        assert refused.status == 400
        assert "Quinces" not in refused.html
    assert tab.kept() == []


def test_a_second_location_does_not_get_what_was_entered_at_the_first(tab: Tab) -> None:
    page = tab.open("plain form")
    tab.leave("other location")
    tab.send(page, "plain form", None)
    assert "Quinces" not in tab.browser.get("/tins/swap?late=1").html
    there = tab.switch("A")
    assert there.root.one("input", id="why").attributes["value"] == "Quinces"
    assert tab.switch("B").response.request.path == "/"
    assert tab.switch("A").response.request.path == "/", "it was led to once; Home offers it"


SECOND_WINDOW = {
    # Two windows with the same form, both sent: what the second one is answered.
    "first step": (303, ""),
    "later step": (303, ""),
    "pen": (409, "Someone else changed this record. Your changes aren't saved yet."),
    "plain form": (303, ""),
    "confirmation": (303, ""),
    "form on another page": (303, ""),
    "visitor's form": (410, "Something has changed since this message was sent."),
    "button": (303, ""),
}


@pytest.mark.parametrize("kind", SECOND_WINDOW)
def test_a_second_window_with_the_same_form(tab: Tab, kind: str) -> None:
    """Each window has a form of its own: none is lost, and where the first has changed what the
    second is about, the second says so and keeps what was typed. The one form whose fields are not
    shown again is a visitor's whose link has ended."""
    status, said = SECOND_WINDOW[kind]
    windows = [tab.open(kind), tab.browser.get(tab.browser.at)]
    what = KINDS[kind]
    other = {"12/24/2026": "12/31/2026", "2026": "2027"}.get(what.typed, "Pears")
    first = {**MORE.get(kind, {}), what.field: other}
    first.pop("", None)
    assert tab.browser.submit(windows[0], first, button=what.button).status == 303
    answer = tab.send(windows[1], kind, None)
    assert answer.status == status
    assert said in answer.root.text
    if status == 409:
        assert answer.root.one("input", id=what.field).attributes["value"] == what.typed


def test_all_but_forgotten_forms_with_text_are_kept(app: Flask) -> None:
    """Every page on which a user types, and sends to the same address, gives it back."""
    pages = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if {"GET", "POST"} <= (rule.methods or set())
    }
    lost = {
        endpoint
        for endpoint in pages
        if not hasattr(app.view_functions[endpoint], KEEPER)
        and guards.access_of(app.view_functions[endpoint]) != guards.PUBLIC
        and not guards.is_for_visitors(app.view_functions[endpoint])
    }
    assert lost == NOTHING_TO_KEEP.keys()


NOTHING_TO_KEEP = {
    "appointments.call": "buttons only",
    "appointments.change_location": "a search",
    "appointments.complete": "buttons only",
    "appointments.locations": "a search",
    "checkin.find": "a search",
    "checkin.of_appointment": "what was compared must be compared again",
    "checkin.of_recipient": "what was compared must be compared again",
    "counts.cancel": "a button only",
    "counts.finish": "what will be recorded must be looked at again",
    "helpdesk.settle_mail": "a button only",
    "people.change_password": "secrets",
    "recipients.undo_merge": "a button only",
    "shipments.imports": "a file",
    "shipments.reopen": "a button only",
    "standby.call": "buttons only",
    "standby.make": "a button only",
    "tins.forgetful": "a form of these tests",
}
