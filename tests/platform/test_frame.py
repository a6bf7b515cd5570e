"""The frame of a page is rendered once for all who see the same, and for nobody else."""

import re
import sys
from collections import ChainMap
from collections.abc import Iterator
from dataclasses import replace
from types import FrameType
from typing import Any

import pytest
from flask import Flask
from jinja2 import meta
from sqlalchemy import update

from portal.access.profiles import Profile
from portal.app import create_app
from portal.db import db, unit_of_work
from portal.people.models import User
from portal.places.models import Location
from tests.client import Browser
from tests.effort import some
from tests.personas import Personas

PAGES = ("/", "/help-information", "/drafts")
WHO = ("manager_a", "readonly_a", "manager_b", "manager_ab", "agent", "admin")
# What differs each time: tokens, and ids of operations.
TOKEN = re.compile(r'value="[^"]{30,}"')


def change(app: Flask, row: type[Any], number: int, **values: object) -> None:
    with app.app_context(), unit_of_work() as session:
        session.execute(update(row).where(row.id == number).values(**values))


def text_of(browser: Browser, address: str) -> str:
    return TOKEN.sub("", browser.client.get(address).get_data(as_text=True))


def calls(browser: Browser, address: str) -> tuple[int, int]:
    """How many functions are called for a page, and how many of those in the frame's template."""
    found = [0, 0]

    def count(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call":
            found[0] += 1
            found[1] += frame.f_code.co_filename.endswith("layouts/_frame.html")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        browser.client.get(address)
    finally:
        sys.setprofile(before)
    return found[0], found[1]


@pytest.mark.parametrize("address", ["/help-information", "/vaccine-inventory/?view=all"])
def test_a_second_page_does_not_render_the_frame_again(
    app: Flask, personas: Personas, browser: Browser, address: str
) -> None:
    browser.sign_in("manager_b").get(address)
    browser.get(address)
    # The page is warm; only what surrounds it is new at another location.
    there = Browser(app, personas).sign_in("manager_a")
    change(app, Location, personas.locations["A"], name="Clinic A of today")
    first, of_frame = calls(there, address)
    assert of_frame, "nothing was rendered, or not by this template"
    second, again = calls(there, address)
    assert again == 0
    assert first - second > 300
    assert calls(Browser(app, personas).sign_in("readonly_a"), address)[1], "she has other tabs"
    change(app, User, personas.users["manager_ab"], current_location_id=personas.locations["A"])
    assert calls(Browser(app, personas).sign_in("manager_ab"), address)[1], "she may switch"


@pytest.fixture
def app(app: Flask) -> Iterator[Flask]:
    """The application in two languages."""
    made = create_app(replace(app.extensions["portal"].settings, languages=("en", "es")))
    made.testing = True
    yield made
    with made.app_context():
        db.engine.dispose()


@pytest.fixture
def rendered_anew(app: Flask) -> Iterator[None]:
    """Have each frame rendered for its page alone."""
    before = app.jinja_env.auto_reload
    app.jinja_env.auto_reload = True
    yield
    app.jinja_env.auto_reload = before


def tour(app: Flask, personas: Personas, pages: tuple[str, ...]) -> dict[tuple[str, ...], str]:
    """Pages of everybody, in both languages."""
    found = {}
    for language in ("en", "es"):
        for who in WHO:
            change(app, User, personas.users[who], language=language)
            browser = Browser(app, personas).sign_in(who)
            found |= {(language, who, page): text_of(browser, page) for page in pages}
    return found


def test_everybody_sees_what_would_be_rendered_for_them_alone(
    app: Flask, personas: Personas, request: pytest.FixtureRequest
) -> None:
    pages = some(PAGES, short=2)
    app.jinja_env.auto_reload = False
    tour(app, personas, pages)
    kept = tour(app, personas, pages)
    request.getfixturevalue("rendered_anew")
    assert kept == tour(app, personas, pages)
    names = {who: who.partition("_")[0].title() for who in WHO}
    for (language, who, page), text in kept.items():
        assert f'<html lang="{language}">' in text
        assert ("Ayuda e información" in text) == (language == "es"), (who, page)
        shown = re.findall(r"<use href=\"[^\"]+#person\"/></svg><span>(\w+) ", text)
        assert shown == [names[who]], (who, page)
        place = re.findall(r"#location\"/></svg><span>Clinic (\w)</span>", text)
        assert place == {"b": ["B"], "a": ["A"], "ab": ["A"]}.get(who.partition("_")[2], []), page


def test_what_changes_is_seen_on_the_next_page(
    app: Flask, personas: Personas, browser: Browser
) -> None:
    page = "/help-information"
    manager = personas.users["manager_ab"]
    browser.sign_in("manager_ab").get(page)
    before = text_of(browser, page)
    assert "Clinic A" in before
    assert "Manager AB" in before

    change(app, Location, personas.locations["A"], name="Clinic <A> & Sons")
    renamed = text_of(browser, page)
    assert "<span>Clinic &lt;A&gt; &amp; Sons</span>" in renamed
    assert "Clinic A" not in renamed

    change(app, User, manager, first_name="<gap>", last_name="<b>")
    named = text_of(browser, page)
    assert "<span>&lt;gap&gt; &lt;b&gt;</span>" in named
    assert "Manager" not in named

    change(app, User, manager, current_location_id=personas.locations["B"])
    elsewhere = text_of(browser, page)
    assert "Clinic B" in elsewhere
    assert "Sons" not in elsewhere

    change(app, User, manager, language="es")
    assert "Ayuda e información" in text_of(browser, page)

    tabs = re.findall(r'<li><a href="([^"]+)"', elsewhere)
    change(app, User, manager, language="en", profile=Profile.READ_ONLY)
    fewer = re.findall(r'<li><a href="([^"]+)"', text_of(browser, page))
    assert set(fewer) < set(tabs)

    under = TOKEN.sub("", browser.client.get(page, base_url="http://localhost/clinic").text)
    assert 'href="/clinic/help-information"' in under
    assert "/clinic/" not in text_of(browser, page)


def test_each_page_has_tokens_of_its_own(browser: Browser) -> None:
    browser.sign_in("manager_a")
    texts = [browser.client.get("/help-information").get_data(as_text=True) for _ in range(2)]
    ids = [re.findall(r'name="operation_id" value="([^"]+)"', text) for text in texts]
    assert len(ids[0]) == len(ids[1]) == 1
    assert ids[0] != ids[1]
    assert all('name="csrf_token" value="' in text for text in texts)


def test_the_frame_is_given_nothing_of_the_request(app: Flask) -> None:
    """Whatever else it read would be kept for others, for it is not in the key."""
    allowed = {"_", "asset", "icon", "link_to", "settings", "signed_in", "url_for"}
    for name in ("layouts/_frame.html", "layouts/_foot.html", "components/icon.html"):
        source, _path, _current = app.jinja_env.loader.get_source(app.jinja_env, name)  # type: ignore[union-attr]
        read = meta.find_undeclared_variables(app.jinja_env.parse(source))
        assert read <= allowed, name


def test_templates_share_one_mapping_of_what_all_can_use(app: Flask, browser: Browser) -> None:
    """To go through a chain of mappings for each import took an eighth of a page."""
    browser.sign_in("manager_a")
    browser.get("/vaccine-inventory/?view=all")
    entered = 0

    def note(frame: FrameType, event: str, _argument: object) -> None:
        nonlocal entered
        entered += event == "call" and frame.f_code is ChainMap.__contains__.__code__

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        browser.client.get("/vaccine-inventory/?view=all")
    finally:
        sys.setprofile(before)
    assert not entered
    own = app.jinja_env.from_string("{{ here }}", globals={"here": "of one"})
    assert own.render() == "of one"
    assert "here" not in app.jinja_env.globals
