"""A module that was installed from elsewhere works like any other, and can be switched off.

`third_party/` is what pip would have put into site-packages: a package and its metadata.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from portal import jobs
from portal.app import create_app
from portal.db import db
from portal.discovery import discover
from portal.settings import load_settings
from tests.client import Browser
from tests.house.source import ROOT
from tests.personas import Personas

FOLDER = Path(__file__).with_name("third_party")


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.syspath_prepend(str(FOLDER))
    yield
    for name in [name for name in sys.modules if name.startswith("clinic_fridges")]:
        del sys.modules[name]


def build(database_url: str, folder: Path, *off: str) -> Flask:
    made = create_app(
        load_settings(folder / "third", database_url=database_url, jobs="off", modules_off=off)
    )
    made.testing = True
    return made


@pytest.fixture
def clinic(installed: None, database_url: str, tmp_path: Path) -> Iterator[Flask]:
    made = build(database_url, tmp_path)
    yield made
    with made.app_context():
        db.engine.dispose()


@pytest.fixture
def manager(clinic: Flask) -> Browser:
    with clinic.app_context():
        return Browser(clinic, Personas.load()).sign_in("manager_a")


def test_it_is_unknown_before_it_is_installed() -> None:
    assert not discover().on("fridges")


def test_its_tab_and_page_are_there(manager: Browser) -> None:
    page = manager.get("/fridges")
    assert page.status == 200
    assert page.root.with_text("h1", "Fridges")
    assert {item.text for item in page.root.all("li")} >= {"Big fridge", "Small fridge"}
    tabs = [link for link in page.root.all("a") if link.text == "Fridges"]
    assert [tab.attributes["href"] for tab in tabs] == ["/fridges"]


def test_its_capability_is_asked_for(clinic: Flask) -> None:
    with clinic.app_context():
        agent = Browser(clinic, Personas.load()).sign_in("agent")
    assert agent.get("/fridges").status == 403


def test_its_card_is_on_home(manager: Browser) -> None:
    assert "2 fridges" in manager.get("/").root.text


def test_its_look_up_finds(manager: Browser) -> None:
    page = manager.get("/lookups/fridges?q=smal", region="results")
    assert "Small fridge" in page.root.text
    assert "Big fridge" not in page.root.text


def test_its_job_runs(clinic: Flask) -> None:
    outcome = jobs.run_once(clinic, "fridges.read")
    assert (outcome.ok, outcome.detail) == (True, "2 thermometers read")


def test_its_command_is_there(database_url: str, tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir(exist_ok=True)  # an instance on PostgreSQL has no file of its own
    done = subprocess.run(
        [sys.executable, "-m", "portal", "--instance", str(tmp_path), "fridges", "list"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(FOLDER), "PORTAL_DATABASE_URL": database_url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.splitlines() == ["Big fridge", "Small fridge"], done.stderr


def test_it_can_be_switched_off(installed: None, database_url: str, tmp_path: Path) -> None:
    app = build(database_url, tmp_path, "fridges")
    with app.app_context():
        manager = Browser(app, Personas.load()).sign_in("manager_a")
    assert manager.get("/fridges").status == 404
    home = manager.get("/")
    assert home.status == 200
    assert "ridge" not in home.root.text
    assert manager.get("/lookups/fridges?q=smal", region="results").status == 404
    with app.app_context():
        db.engine.dispose()
