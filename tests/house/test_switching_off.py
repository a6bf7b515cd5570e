"""Every module can be switched off: the rest goes on without it (DESIGN 1)."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.routing.converters import NumberConverter

from portal.app import create_app
from portal.db import db
from portal.discovery import discover
from portal.module import ModuleError, Registry
from portal.settings import load_settings
from tests.client import Browser
from tests.effort import some
from tests.personas import PEOPLE, Personas

NAMES = [module.name for module in discover() if module.name != "platform"]


@contextmanager
def without(name: str, database_url: str, folder: Path) -> Iterator[Flask]:
    """The application with the module `name` switched off."""
    settings = load_settings(
        folder / "off", database_url=database_url, jobs="off", modules_off=(name,)
    )
    app = create_app(settings)
    app.testing = True
    yield app
    with app.app_context():
        db.engine.dispose()


def addresses(app: Flask, blueprints: set[str]) -> list[str]:
    """An address for each GET route of the blueprints."""
    found = []
    with app.test_request_context():
        for rule in app.url_map.iter_rules():
            if "GET" in (rule.methods or ()) and rule.endpoint.partition(".")[0] in blueprints:
                values = {
                    part: 1 if isinstance(rule._converters[part], NumberConverter) else "x"
                    for part in rule.arguments
                }
                found.append(app.url_for(rule.endpoint, **values))
    return found


@pytest.mark.parametrize("name", some(NAMES, short=7))
def test_the_rest_goes_on_without_a_module(
    name: str, bare_app: Flask, database_url: str, tmp_path: Path
) -> None:
    with without(name, database_url, tmp_path) as app:
        registry: Registry = app.extensions["portal"].registry
        gone = set(bare_app.blueprints) - set(app.blueprints)
        labels = {tab.label for tab in registry.tabs}
        assert not registry.on(name)
        with app.app_context():
            personas = Personas.load()
        for who in PEOPLE:
            browser = Browser(app, personas).sign_in(who)
            shown = set()
            for tab in registry.tabs:
                with app.test_request_context():
                    address = app.url_for(tab.endpoint)
                page = browser.get(address)
                if page.status == 303:  # programme staff choose a location first
                    page = browser.get(page.leads_to)
                assert page.status in {200, 403}, f"{who}: {address} answers {page.status}"
                if page.status == 200:
                    shown |= {link.text for link in page.root.all("a")}
            tabs_gone = {
                tab.label
                for module in discover()
                if module.name == name
                for tab in module.tabs
                if tab.label not in labels
            }
            assert not shown & tabs_gone, who
        manager = Browser(app, personas).sign_in("manager_a")
        left = set(addresses(app, set(app.blueprints)))
        for address in set(addresses(bare_app, gone)) - left:
            assert manager.get(address).status == 404, address


def test_the_platform_itself_stays_on() -> None:
    with pytest.raises(ModuleError, match="cannot be switched off"):
        discover(off=["platform"])


def test_a_name_that_no_module_has_is_refused() -> None:
    with pytest.raises(ModuleError, match="nothing_of_the_kind"):
        discover(off=["nothing_of_the_kind"])
