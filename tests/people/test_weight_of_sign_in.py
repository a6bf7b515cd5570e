"""Sign In is light: what only the pages behind it need is fetched while somebody types."""

from pathlib import Path

from flask import Flask

from portal.web.assets import PREFIX
from tests.client import Browser
from tests.people.steps import sign_in

MOST = 3_000


def test_sign_in_loads_only_the_scripts_it_needs(app: Flask, browser: Browser) -> None:
    folder: Path = app.extensions["portal"].settings.instance / "assets"
    scripts = [each.attributes for each in browser.get("/sign-in").root.all("script")]
    loaded = [each["src"].removeprefix(PREFIX) for each in scripts]
    assert sum((folder / f"{name}.br").stat().st_size for name in loaded) < MOST
    ahead = {each["data-next"] for each in scripts if "data-next" in each}
    inside = browser.sign_in("manager_a").get("/shipments/").root.all("script")
    assert {each.attributes["src"] for each in inside} == {
        *(each["src"] for each in scripts),
        *ahead,
    }


def test_the_first_page_sets_no_other_cookie(browser: Browser) -> None:
    sign_in(browser, "manager.a")
    page = browser.get("/shipments/")
    assert page.root.one("form", action="/sign-out")
    assert "Set-Cookie" not in page.headers


def test_what_only_forms_need_comes_with_the_first_form(browser: Browser) -> None:
    browser.sign_in("manager_a")
    found = {}
    for path in ("/shipments/", "/recipients/new", "/vaccine-inventory/add"):
        root = browser.get(path).root
        links = [each.attributes["href"] for each in root.all("link", rel="stylesheet")]
        sources = [each.attributes["src"] for each in root.all("script")]
        found[path] = [each.rpartition("/")[2].split(".")[0] for each in [*links, *sources]]
    assert found["/shipments/"] == ["portal", "htmx", "portal"]
    assert found["/recipients/new"] == ["portal", "htmx", "forms", "portal"]
    assert found["/vaccine-inventory/add"] == ["portal", "forms", "htmx", "forms", "portal"]
