"""Look-up fields without script: typing, `Search`, picking; and the fragment for the script."""

import pytest
from flask import Flask

from portal.db import unit_of_work
from tests.client import Browser, Page, fields_of
from tests.personas import Personas
from tests.wizards.tins import Brand


def swap(browser: Browser, page: Page | None = None, button: str = "Save", **values: str) -> Page:
    page = page or browser.sign_in("manager_a").get("/tins/swap")
    return browser.submit(page, values, button=button)


def search(browser: Browser, field: str, **values: str) -> Page:
    page = browser.sign_in("manager_a").get("/tins/swap")
    form = fields_of(page.form(action="/tins/swap"))
    return browser.post("/tins/swap", form | values | {"lookup": field})


def radios(page: Page) -> dict[str, str]:
    return {
        radio.parent.text: radio.attributes["value"]  # type: ignore[union-attr]
        for radio in page.root.all("input", type="radio")
    }


def test_search_shows_what_fits_and_loses_nothing(browser: Browser, brands: dict[str, int]) -> None:
    page = search(browser, "brand", brand_text="modest", second_text="Proud Peas", why="Rust")
    assert page.status == 422
    assert list(radios(page)) == [
        f"Modest Beans 100, no. {brands['Modest Beans 100']}",
        f"Modest Beans 50, no. {brands['Modest Beans 50']}",
    ]
    assert page.root.one("input", id="brand").attributes["value"] == "modest"
    assert page.root.one("input", id="second").attributes["value"] == "Proud Peas"
    assert page.root.one("input", id="why").attributes["value"] == "Rust"
    assert not page.root.all("p", class_="err"), "nothing is validated yet"
    chosen = str(brands["Modest Beans 50"])
    page = swap(browser, page, brand=chosen)
    assert page.leads_to == f"/tins?brand={chosen}&second={brands['Proud Peas']}"


def test_search_says_what_to_do_when_it_cannot_show_anything(
    browser: Browser, brands: dict[str, int]
) -> None:
    page = search(browser, "brand", brand_text="mo")
    assert page.root.one("p", id="brand-error").text == "Type at least three characters."
    page = search(browser, "brand", brand_text="unheard of")
    assert "Nothing found for “unheard of”." in page.root.text
    assert page.status == 422


@pytest.mark.parametrize("text", ["Proud Peas", "proud  peas", "oud", "Zuc"])
def test_text_that_fits_one_choice_is_taken(
    browser: Browser, brands: dict[str, int], text: str
) -> None:
    page = swap(browser, brand_text=text, why="Rust")
    wanted = brands["Zucchini" if text == "Zuc" else "Proud Peas"]
    assert page.leads_to == f"/tins?brand={wanted}"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("modest", "Choose one of the results."),
        ("carr", "Nothing found for “carr”. Check the spelling, or try fewer characters."),
        ("pr", "Type at least three characters."),
        ("", "Please fill in this field."),
        ("%%%", "Nothing found for “%%%”."),
        ("x" * 5_000, "Nothing found for"),
    ],
)
def test_text_that_fits_none_or_several_is_refused(
    browser: Browser, brands: dict[str, int], text: str, sentence: str
) -> None:
    page = swap(browser, brand_text=text, why="Rust")
    assert page.status == 422
    assert page.root.one("p", id="brand-error").text.startswith(sentence)
    assert page.root.one("input", id="brand").attributes["value"] == text
    assert len(radios(page)) == (2 if text == "modest" else 0)
    assert page.root.one("input", id="why").attributes["value"] == "Rust"


def test_a_changed_text_overrules_the_id_chosen_before(
    browser: Browser, brands: dict[str, int]
) -> None:
    old = str(brands["Proud Peas"])
    page = swap(browser, brand=old, brand_text="zucchini", why="Rust")
    assert page.leads_to == f"/tins?brand={brands['Zucchini']}"
    page = swap(browser, brand=old, brand_text="", why="Rust")
    assert page.root.one("p", id="brand-error").text == "Please fill in this field."
    page = swap(browser, brand=old, brand_text="unheard of", why="Rust")
    assert page.status == 422


@pytest.mark.parametrize("number", ["", "x", "0", "-1", "99999", "1e9", "９", "1" * 30])
def test_an_id_that_cannot_be_is_no_choice(
    browser: Browser, brands: dict[str, int], number: str
) -> None:
    page = swap(browser, brand=number, brand_text="modest", why="Rust")
    assert page.status == 422


def test_another_locations_choice_cannot_be_picked(
    browser: Browser, brands: dict[str, int]
) -> None:
    other = str(brands["Modest Carrots"])
    for text in ("Modest Carrots", "modest"):
        page = swap(browser, brand=other, brand_text=text, why="Rust")
        assert page.status == 422
        assert other not in radios(page).values()


def test_an_optional_lookup_may_stay_empty(browser: Browser, brands: dict[str, int]) -> None:
    page = swap(browser, brand_text="Zucchini", second_text="", why="Rust")
    assert page.leads_to == f"/tins?brand={brands['Zucchini']}"


def test_the_fragment_lists_choices_for_the_script(
    browser: Browser, brands: dict[str, int]
) -> None:
    browser.sign_in("manager_a")
    page = browser.get("/lookups/brands?q=MODEST")
    assert [each.attributes["data-text"] for each in page.root.all("li")] == [
        "Modest Beans 100",
        "Modest Beans 50",
    ]
    assert page.root.all("li")[0].attributes["data-id"] == str(brands["Modest Beans 100"])
    assert page.root.one("p").text == "2 results."
    assert browser.get("/lookups/brands?q=zucc").root.one("p").text == "1 result."
    assert browser.get("/lookups/brands?q=mo").root.one("p").text == (
        "Type at least three characters."
    )
    assert browser.get("/lookups/brands?q=unheard").root.one("p").text == (
        "Nothing found for “unheard”. Check the spelling, or try fewer characters."
    )
    assert browser.get("/lookups/brands").root.all("li") == []


def test_at_most_twenty_are_listed(
    app: Flask, browser: Browser, personas: Personas, brands: dict[str, int]
) -> None:
    with app.app_context(), unit_of_work() as session:
        session.add_all(
            Brand(name=f"Modest Lentils {n:02}", location_id=personas.locations["A"])
            for n in range(30)
        )
    page = browser.sign_in("manager_a").get("/lookups/brands?q=modest")
    assert len(page.root.all("li")) == 20
    assert page.root.one("p").text.startswith("The first 20 results.")


def test_the_fragment_obeys_capability_and_scope(
    app: Flask, browser: Browser, personas: Personas, brands: dict[str, int]
) -> None:
    assert browser.get("/lookups/brands?q=modest").leads_to.startswith("/sign-in")
    browser.sign_in("readonly_a")
    assert browser.get("/lookups/brands?q=modest").status == 403
    browser.sign_in("manager_b")
    page = browser.get("/lookups/brands?q=modest")
    assert [each.attributes["data-text"] for each in page.root.all("li")] == ["Modest Carrots"]
    assert browser.get("/lookups/nothing?q=modest").status == 404
    assert browser.client.post("/lookups/brands").status_code in {400, 405}
    app.extensions["portal"].registry.__dict__.pop("lookups", None)


def test_a_lookup_within_a_wizard_searches_without_leaving_the_step(
    browser: Browser, brands: dict[str, int]
) -> None:
    browser.sign_in("manager_a")
    page = browser.get("/tins/add")
    for region in (None, "wizard"):
        form = fields_of(page.form(action="/tins/add"))
        found = browser.post(
            "/tins/add",
            form | {"brand_text": "modest", "label": "Beans", "lookup": "brand"},
            region=region,
        )
        assert found.status == 422
        assert len(radios(found)) == 2
        assert found.root.one("input", id="label").attributes["value"] == "Beans"
    chosen = str(brands["Modest Beans 100"])
    page = browser.submit(found, {"brand": chosen, "grams": "1"}, button="Next", follow=True)
    assert page.root.one("li", aria_current="step").text == "Details"
    page = browser.submit(page, button="Previous", follow=True)
    assert page.root.one("input", id="brand").attributes["value"] == "Modest Beans 100"
