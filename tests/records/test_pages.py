"""Record pages: tabs, sections, slots, `Refresh`, pens, with and without htmx."""

import pytest
from flask import Flask

from portal.db import unit_of_work
from tests.client import Browser, Page, fields_of
from tests.personas import Personas
from tests.wizards.conftest import Shelve
from tests.wizards.tins import Tin


def facts(page: Page) -> dict[str, str]:
    return {
        row.one("dt").text: row.one("dd").text
        for listing in page.root.all("dl", class_="facts")
        for row in listing.all("div")
        if len(row.all("dt")) == len(row.all("dd")) == 1
    }


def label_of(app: Flask, tin: int) -> str:
    with app.app_context(), unit_of_work(write=False) as session:
        return session.get_one(Tin, tin).label


def test_a_record_shows_panel_tabs_sections_actions_and_slots(
    browser: Browser, shelve: Shelve
) -> None:
    page = browser.sign_in("manager_a").get(f"/tins/{shelve()}")
    assert page.root.one("h1").text == "Peas"
    assert page.root.one("title").text.startswith("Peas")
    assert page.root.one("dl", class_="hl").text == "Grams 400 Received 0"
    assert facts(page) == {"Label": "Peas", "Brand": "Proud Peas", "Grams": "400", "Note": "—"}
    assert "open" in page.root.one("details", id="section-tin").attributes
    assert "open" not in page.root.one("details", id="section-notes").attributes
    assert "Beside Peas" in page.root.text
    assert "Related to Peas" not in page.root.text
    links = [each.text for each in page.root.one("div", id="record").all("a")]
    assert links[:5] == ["Receive", "Another like Peas", "Refresh", "Details", "Related"]


def test_the_related_tab_has_an_address_of_its_own(browser: Browser, shelve: Shelve) -> None:
    tin = shelve()
    page = browser.sign_in("manager_a").get(f"/tins/{tin}?tab=related")
    current = page.root.one("nav", **{"aria-label": "Record"}).one("a", **{"aria-current": "page"})
    assert current.text == "Related"
    assert "It smells like roses, Peas." in page.root.text
    assert "Related to Peas" in page.root.text
    refresh = page.root.with_text("a", "Refresh")
    assert refresh.attributes["href"] == f"/tins/{tin}?tab=related"
    page = browser.get(f"/tins/{tin}?tab=nonsense")
    assert "Beside Peas" in page.root.text


@pytest.mark.parametrize("query", ["", "?tab=related"])
def test_htmx_gets_the_record_alone(browser: Browser, shelve: Shelve, query: str) -> None:
    page = browser.sign_in("manager_a").get(f"/tins/{shelve()}{query}", region="record")
    assert page.root.all()[0].attributes["id"] == "record"
    assert not page.root.all("h1")


def test_a_pen_edits_one_field_in_its_place(app: Flask, browser: Browser, shelve: Shelve) -> None:
    tin = shelve()
    page = browser.sign_in("manager_a").get(f"/tins/{tin}")
    pen = page.root.one("a", title="Edit Label")
    page = browser.get(pen.attributes["href"])
    assert page.status == 200
    field = page.root.one("div", id="pen-label").one("input", id="label")
    assert field.attributes["value"] == "Peas"
    assert "autofocus" in field.attributes
    assert page.root.with_text("a", "Cancel").attributes["href"] == f"/tins/{tin}"
    assert page.root.all("a", title="Edit Brand"), "the rest of the page stays"
    page = browser.submit(page, {"label": "Green  Peas "}, button="Save", follow=True)
    assert page.root.one("h1").text == "Green Peas"
    assert "Label saved." in page.root.text
    assert label_of(app, tin) == "Green Peas"


def test_a_pen_with_htmx_swaps_only_its_place(app: Flask, browser: Browser, shelve: Shelve) -> None:
    tin = shelve()
    browser.sign_in("manager_a")
    page = browser.get(f"/tins/{tin}/edit/label", region="pen-label")
    root = page.root.all()[0]
    assert (root.tag, root.attributes["id"]) == ("div", "pen-label")
    wrong = browser.submit(page, {"label": ""}, button="Save", region="pen-label")
    assert wrong.status == 422
    assert wrong.root.all()[0].attributes["id"] == "pen-label"
    assert wrong.root.one("p", id="label-error").text == "Please fill in this field."
    saved = browser.submit(wrong, {"label": "New"}, button="Save", region="pen-label")
    assert saved.headers["HX-Redirect"] == f"/tins/{tin}"
    cancelled = browser.get(f"/tins/{tin}", region="pen-label")
    assert cancelled.root.all()[0].attributes["id"] == "pen-label"
    assert "data-focus" in cancelled.root.one("a", title="Edit Label").attributes


def test_a_pen_may_hold_a_lookup(app: Flask, browser: Browser, shelve: Shelve) -> None:
    tin = shelve()
    browser.sign_in("manager_a")
    page = browser.get(f"/tins/{tin}/edit/brand_id")
    form = fields_of(page.form(action=f"/tins/{tin}/edit/brand_id"))
    found = browser.post(
        f"/tins/{tin}/edit/brand_id", form | {"brand_id_text": "modest", "lookup": "brand_id"}
    )
    assert len(found.root.all("input", type="radio")) == 2
    page = browser.submit(found, {"brand_id_text": "zucchini"}, button="Save", follow=True)
    assert facts(page)["Brand"] == "Zucchini"


def test_a_rules_refusal_stands_beside_the_field(
    app: Flask, browser: Browser, shelve: Shelve
) -> None:
    tin = shelve()
    page = browser.sign_in("manager_a").get(f"/tins/{tin}/edit/label")
    page = browser.submit(page, {"label": "taken"}, button="Save")
    assert page.status == 422
    assert page.root.one("p", id="label-error").text == "There is such a tin already."
    assert page.root.one("input", id="label").attributes["value"] == "taken"
    assert label_of(app, tin) == "Peas"


@pytest.mark.parametrize("region", [None, "pen-label"])
def test_a_change_meanwhile_is_shown_and_never_overwritten_unseen(
    app: Flask, browser: Browser, personas: Personas, shelve: Shelve, region: str | None
) -> None:
    tin = shelve()
    other = Browser(app, personas).sign_in("provider_a")
    mine = browser.sign_in("manager_a").get(f"/tins/{tin}/edit/label")
    other.submit(other.get(f"/tins/{tin}/edit/label"), {"label": "Theirs"}, button="Save")
    page = browser.submit(mine, {"label": "Mine"}, button="Save", region=region)
    assert page.status == 409
    assert facts(page)["It is now"] == "Theirs"
    assert facts(page)["You entered"] == "Mine"
    assert label_of(app, tin) == "Theirs"
    page = browser.submit(page, button="Save")
    assert page.leads_to == f"/tins/{tin}"
    assert label_of(app, tin) == "Mine"


def test_the_same_change_by_two_people_is_no_conflict(
    app: Flask, browser: Browser, personas: Personas, shelve: Shelve
) -> None:
    tin = shelve()
    mine = browser.sign_in("manager_a").get(f"/tins/{tin}/edit/label")
    other = Browser(app, personas).sign_in("provider_a")
    other.submit(other.get(f"/tins/{tin}/edit/label"), {"label": "Same"}, button="Save")
    assert browser.submit(mine, {"label": "Same"}, button="Save").leads_to == f"/tins/{tin}"


def test_the_same_form_twice_changes_nothing_more(
    app: Flask, browser: Browser, shelve: Shelve
) -> None:
    tin = shelve()
    page = browser.sign_in("manager_a").get(f"/tins/{tin}/edit/label")
    form = fields_of(page.form(action=f"/tins/{tin}/edit/label")) | {"label": "New"}
    for _time in range(3):
        assert browser.post(f"/tins/{tin}/edit/label", form).leads_to == f"/tins/{tin}"
    assert label_of(app, tin) == "New"


def test_only_declared_fields_can_be_edited(app: Flask, browser: Browser, shelve: Shelve) -> None:
    tin = shelve()
    page = browser.sign_in("manager_a").get(f"/tins/{tin}/edit/label")
    form = fields_of(page.form(action=f"/tins/{tin}/edit/label"))
    for name in ("grams", "location_id", "id", "__class__", "note"):
        assert browser.get(f"/tins/{tin}/edit/{name}").status == 404
        assert browser.post(f"/tins/{tin}/edit/{name}", form | {name: "1"}).status == 404
    extra = form | {"label": "New", "grams": "1", "location_id": "2"}
    assert browser.post(f"/tins/{tin}/edit/label", extra).leads_to == f"/tins/{tin}"
    with app.app_context(), unit_of_work(write=False) as session:
        assert session.get_one(Tin, tin).grams == 400


def test_who_may_not_edit_sees_no_pens(browser: Browser, shelve: Shelve) -> None:
    tin, other = shelve(), shelve("Carrots", at="B")
    assert browser.get(f"/tins/{tin}/edit/label").leads_to.startswith("/sign-in")
    browser.sign_in("readonly_a")
    page = browser.get(f"/tins/{tin}")
    assert not page.root.all("a", class_="pen")
    assert browser.get(f"/tins/{tin}/edit/label").status == 403
    browser.sign_in("manager_a")
    assert browser.get(f"/tins/{other}").status == 404
    assert browser.get(f"/tins/{other}/edit/label").status == 404
    browser.sign_in("manager_ab")
    assert "Clinic B" in browser.get(f"/tins/{other}/edit/label").root.text
    assert browser.client.put(f"/tins/{tin}/edit/label").status_code == 405
