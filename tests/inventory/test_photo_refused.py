"""Pictures that cannot or may not be read: said, and nothing typed is lost (SPEC D10)."""

import io
import logging
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from flask import Flask
from PIL import Image

from portal.app import create_app
from portal.db import db, unit_of_work
from portal.people.models import User
from portal.pictures import reader
from tests.client import Browser, Page
from tests.house.source import ROOT
from tests.inventory.photographs import CODE, photographed, refused
from tests.inventory.test_scan import (
    FILLED,
    MODERNA,
    VIAL,
    empty_form,
    form_of_shipment,
    shown,
)
from tests.personas import Personas
from tests.pictures.builders import claimed_png, jpeg, sheet, symbol

# --- what cannot be read -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (jpeg(Image.new("L", (600, 400), 200)), "No code was found in the picture."),
        (jpeg(sheet(symbol(CODE)))[:3000], "The picture is damaged"),
        (b"<svg onload=alert(1)>", "This is not a JPEG or PNG picture."),
        (b"<!doctype html>", "This is not a JPEG or PNG picture."),
        (claimed_png(50_000, 50_000, colour=0, rows=10), "too large to be read safely"),
        (jpeg(sheet(symbol(CODE))) + bytes(9 << 20), "The picture is larger than 8 MB."),
    ],
    ids=["no-code", "truncated", "svg", "html", "bomb", "9-mb"],
)
def test_what_cannot_be_read_is_said_and_nothing_typed_is_lost(
    browser: Browser, content: bytes, said: str
) -> None:
    typed = {"lot": "LOT€", "expiration_date": "June", "doses": "x", "scan": "HELLO"}
    page = photographed(browser, empty_form(browser), content, **typed)
    assert said in refused(page)
    assert {name: page.root.one("input", id=name).attributes["value"] for name in typed} == typed
    assert "value" not in page.root.one("input", id="photo").attributes


def test_without_a_picture_it_is_asked_for(browser: Browser) -> None:
    assert "Take a picture first" in refused(photographed(browser, empty_form(browser)))
    nothing = (io.BytesIO(b""), "")
    page = browser.submit(empty_form(browser), {"photo": nothing}, button="Read picture")
    assert "Take a picture first" in refused(page)


def test_a_refusal_and_its_page_speak_the_language_of_who_sent_the_picture(
    app: Flask, personas: Personas, tmp_path: Path
) -> None:
    settings = replace(app.extensions["portal"].settings, languages=("en", "es"))
    bilingual = create_app(settings)
    catalog = Catalog(locale="es")
    for text in (
        "The picture is damaged or incomplete.",
        "Total Doses",
    ):
        catalog.add(text, f"⟦{text}⟧")
    (tmp_path / "es" / "LC_MESSAGES").mkdir(parents=True)
    with (tmp_path / "es" / "LC_MESSAGES" / "messages.mo").open("wb") as file:
        write_mo(file, catalog)
    bilingual.extensions["babel"].translation_directories[:] = [str(tmp_path)]
    with app.app_context(), unit_of_work() as session:
        session.get_one(User, personas.users["manager_a"]).language = "es"
    browser = Browser(bilingual, personas)
    page = photographed(browser, empty_form(browser), jpeg(sheet(symbol(CODE)))[:3000])
    assert "⟦The picture is damaged or incomplete.⟧" in refused(page)
    assert "⟦Total Doses⟧" in page.root.text
    with bilingual.app_context():
        db.engine.dispose()


def test_a_picture_that_was_not_read_has_to_be_chosen_again(browser: Browser) -> None:
    page = empty_form(browser)
    picture = jpeg(sheet(symbol(CODE)))
    by_name = browser.submit(page, {"photo": "IMG_0001.JPG"}, button="Read picture")
    assert "Choose it again, then press “Read picture”." in refused(by_name)
    onward = browser.submit(page, {"photo": "IMG_0001.JPG"}, button="Next")
    assert "Choose it again, then press “Read picture”." in refused(onward)
    beside = photographed(browser, page, picture, scan=f"(01){VIAL}(10)A7", button="Fill in")
    assert shown(beside)["lot"] == "A7", "what was typed goes before"
    assert "Choose it again" in beside.root.one("p", id="photo-error").text
    search = photographed(browser, page, picture, lookup="product", product_text="moderna 10")
    assert "Choose it again" in search.root.one("p", id="photo-error").text


def test_a_paused_form_has_no_picture(browser: Browser) -> None:
    page = empty_form(browser)
    picture = (io.BytesIO(jpeg(sheet(symbol(CODE)))), "IMG_0001.JPG")
    home = browser.submit(page, {"photo": picture, "lot": "X"}, button="Pause", follow=True)
    assert "Paused." in home.root.text
    drafts = browser.get("/drafts")
    link = next(a for a in drafts.root.all("a") if "/drafts/" in a.attributes["href"])
    waiting = browser.get(link.attributes["href"])
    assert "Picture" not in waiting.root.one("main", id="main").text
    again = browser.get(waiting.root.with_text("a", "Continue").attributes["href"])
    assert shown(again)["lot"] == "X"
    assert "photo-error" not in again.html


def test_a_step_of_a_begun_form_takes_pictures_too(app: Flask, browser: Browser) -> None:
    review = browser.submit(form_of_shipment(app, browser), button="Next", follow=True)
    back = browser.submit(review, button="Previous", follow=True)
    page = photographed(browser, back, jpeg(sheet(symbol(CODE))))
    assert shown(page)["serial_number"] == "S123"
    review = browser.submit(page, button="Next", follow=True)
    assert "S123" in review.root.text


def test_more_than_the_portal_accepts_is_said(app: Flask, browser: Browser) -> None:
    page = empty_form(browser)
    picture = {"photo": (io.BytesIO(bytes(21 << 20)), "a.jpg")}
    answer = browser.submit(page, picture, button="Read picture")
    assert answer.status == 413
    assert "This is too large" in answer.root.text


def test_nothing_is_kept_and_nothing_is_logged(
    app: Flask,
    browser: Browser,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    page = empty_form(browser)
    before = {path for path in Path(app.instance_path).rglob("*") if path.is_file()}
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    caplog.set_level(logging.DEBUG)
    photographed(browser, page, jpeg(sheet(symbol(CODE))) + bytes(600_000))
    photographed(browser, page, jpeg(sheet(symbol(CODE)))[:3000])
    assert list(scratch.iterdir()) == []
    assert {path for path in Path(app.instance_path).rglob("*") if path.is_file()} == before
    assert not [line for line in caplog.messages if "011J20A" in line or "picture" in line]


# --- who may, and when ---------------------------------------------------------------------------


Plant = Callable[[str], Path]


@pytest.fixture
def plant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plant:
    """`plant(code)` puts another child in place, which first makes the file whose path is given
    back; `go` beside it is the file `code` may wait for."""

    def put(code: str) -> Path:
        started = tmp_path / "started"
        child = tmp_path / "child.py"
        child.write_text(
            f"import sys, time, pathlib; sys.path.append({str(ROOT)!r})\n"
            "from portal.isolation.child import serve\n"
            "def work(file, parent, **limits):\n"
            f"    pathlib.Path({str(started)!r}).touch()\n"
            f"    {code}\n"
            f"    parent.send('codes', [[{CODE!r}, False]])\n"
            "serve(work)\n"
        )
        monkeypatch.setattr(reader, "CHILD", child)
        return started

    return put


def test_no_picture_is_opened_for_who_may_not_add(browser: Browser, plant: Plant) -> None:
    started = plant("pass")

    def send(token_from: str) -> Page:
        token = browser.get(token_from).root.all("input", name="csrf_token")[0].attributes["value"]
        picture = (io.BytesIO(jpeg(sheet(symbol(CODE)))), "a.jpg")
        data = {"csrf_token": token, "assist": "photo", "photo": picture}
        return browser.post("/vaccine-inventory/add", data)

    assert send("/sign-in").leads_to.startswith("/sign-in")
    for who in ("provider_a", "readonly_a"):
        browser.sign_in(who)
        assert send("/").status == 403
    assert not started.exists()
    browser.sign_in("manager_a")
    assert shown(send("/")) == FILLED
    assert started.exists()


def test_the_database_is_free_while_a_picture_is_read(
    app: Flask, browser: Browser, personas: Personas, plant: Plant
) -> None:
    started = plant("while not pathlib.Path(sys.argv[0]).with_name('go').exists(): time.sleep(.01)")
    page = empty_form(browser)
    answers: list[Page] = []
    reading = threading.Thread(
        target=lambda: answers.append(photographed(browser, page, jpeg(sheet(symbol(CODE)))))
    )
    reading.start()
    while not started.exists() and reading.is_alive():
        time.sleep(0.01)
    other = Browser(app, personas)
    form = empty_form(other.sign_in("manager_b"))
    kept = other.submit(form, {"doses": "5"}, button="Pause")
    assert not answers
    started.with_name("go").touch()
    reading.join()
    assert kept.status == 303
    assert shown(answers[0]) == FILLED


@pytest.fixture
def forgotten() -> Iterator[Callable[[], None]]:
    """Ask anew which libraries there are, and once more afterwards."""
    yield reader.offered.cache_clear
    reader.offered.cache_clear()


@pytest.mark.parametrize("library", reader.LIBRARIES)
def test_where_pictures_cannot_be_read_none_is_asked_for(
    browser: Browser,
    forgotten: Callable[[], None],
    plant: Plant,
    monkeypatch: pytest.MonkeyPatch,
    library: str,
) -> None:
    picture = io.BytesIO(jpeg(sheet(symbol(CODE))))
    monkeypatch.setitem(sys.modules, library, None)
    forgotten()
    started = plant("pass")
    page = empty_form(browser)
    assert "photo" not in page.html
    assert "icture" not in page.root.one("div", id="wizard").text
    sent = {"photo": (picture, "a.jpg"), "assist": "photo"}
    answer = browser.submit(page, sent, button="Next")
    assert answer.status == 422
    assert not started.exists()
    assert shown(browser.submit(page, {"scan": CODE}, button="Fill in")) == {
        **FILLED,
        "product": MODERNA,
    }
