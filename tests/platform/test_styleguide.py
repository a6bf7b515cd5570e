"""The style guide shows every component, in debug mode only."""

from dataclasses import replace
from pathlib import Path

from flask import Flask

from portal.app import create_app
from tests.client import Browser
from tests.personas import Personas


def test_it_is_there_in_debug_mode_only(app: Flask, personas: Personas) -> None:
    assert Browser(app, personas).sign_in("manager_a").get("/styleguide").status == 404
    settings = replace(app.extensions["portal"].settings, debug=True)
    debugging = create_app(settings)
    page = Browser(debugging, personas).sign_in("manager_a").get("/styleguide")
    assert page.status == 200


def test_every_component_is_on_it() -> None:
    text = Path("templates/styleguide/index.html").read_text()
    for path in Path("templates/components").glob("*.html"):
        if path.stem in {"hidden", "flash", "form_fields", "list_filters"}:
            continue  # parts of layouts, forms and lists, seen on their pages
        assert f"components/{path.name}" in text, f"{path.name} is not on the style guide"
