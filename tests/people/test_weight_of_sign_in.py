"""Sign In is light: what only the pages behind it need is fetched while somebody types."""

from pathlib import Path

from flask import Flask

from portal.web.assets import PREFIX
from tests.client import Browser

MOST = 3_000


def test_sign_in_loads_only_the_scripts_it_needs(app: Flask, browser: Browser) -> None:
    folder: Path = app.extensions["portal"].settings.instance / "assets"
    scripts = [each.attributes for each in browser.get("/sign-in").root.all("script")]
    loaded = [each["src"].removeprefix(PREFIX) for each in scripts]
    assert sum((folder / f"{name}.br").stat().st_size for name in loaded) < MOST
    ahead = {each["data-next"] for each in scripts if "data-next" in each}
    inside = browser.sign_in("manager_a").get("/").root.all("script")
    assert {each.attributes["src"] for each in inside} == {
        *(each["src"] for each in scripts),
        *ahead,
    }
