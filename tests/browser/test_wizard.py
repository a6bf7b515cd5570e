"""Wizards in a real browser: keyboard, Back, double clicks, with and without script."""
# ruff: noqa: F811 (fixtures are imported by their names)

from contextlib import suppress

import pytest
from flask import Flask
from playwright.sync_api import Error, Page, Route, expect
from sqlalchemy import select

from portal.db import unit_of_work
from tests.browser.conftest import Visit
from tests.browser.ways import BOTH, SCRIPT_FIRST
from tests.wizards.conftest import (  # noqa: F401
    brands,
    extra_modules,
    lent,
    shelve,
    template_database,
)
from tests.wizards.tins import Tin

# What is shown here does not depend on the database.


def labels(app: Flask) -> list[str]:
    with app.app_context(), unit_of_work(write=False) as session:
        return list(session.scalars(select(Tin.label).order_by(Tin.id)))


def fill_first(page: Page, label: str = "Peas") -> None:
    page.goto("/tins/add")
    page.locator("#brand").fill("Proud Peas")
    page.get_by_label("Grams").fill("400")
    page.get_by_label("Label").fill(label)
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_role("heading", name="Details")).to_be_visible()


def to_review(page: Page) -> None:
    fill_first(page)
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_role("heading", name="Review")).to_be_visible()


@BOTH
def test_a_wizard_is_walked_to_its_end(
    app: Flask,
    visit: Visit,
    brands: object,
    script: bool,
) -> None:
    page = visit("manager_a", script=script)
    to_review(page)
    assert page.url.endswith("/tins/add/1/review")
    assert "Proud Peas" in page.locator("#wizard").inner_text()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Peas")
    assert labels(app) == ["Peas"]


def test_with_script_only_the_frame_is_fetched(visit: Visit, brands: object) -> None:
    page = visit("manager_a")
    page.goto("/tins/add")
    page.evaluate("window.same = true")
    page.locator("#brand").fill("Proud Peas")
    page.get_by_label("Grams").fill("many")
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_role("alert")).to_be_focused()
    page.get_by_role("alert").get_by_role("link", name="Grams").click()
    expect(page.get_by_label("Grams")).to_be_focused()
    expect(page.get_by_label("Grams")).to_have_value("many")
    page.get_by_label("Grams").fill("400")
    page.get_by_label("Label").fill("Peas")
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_role("heading", name="Details")).to_be_focused()
    assert page.url.endswith("/tins/add/1/details")
    assert page.evaluate("window.same")
    page.go_back()
    expect(page.get_by_role("heading", name="Step 1 of 3 : Tin", exact=True)).to_be_visible()


def test_the_keyboard_is_enough(app: Flask, visit: Visit, brands: object) -> None:
    page = visit("manager_a")
    page.goto("/tins/add")
    page.locator("#brand").focus()
    page.keyboard.type("zucc")
    expect(page.get_by_role("option")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    for _field, text in (("Grams", "400"), ("Label", "Soup")):
        page.keyboard.press("Tab")
        page.keyboard.type(text)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Details")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.type("12/31/2026")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Review")).to_be_focused()
    for _time in range(10):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent") == "Save":
            break
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Soup")
    assert labels(app) == ["Soup"]


@SCRIPT_FIRST
def test_back_after_finish_says_already_done(
    app: Flask,
    visit: Visit,
    brands: object,
    script: bool,
) -> None:
    page = visit("manager_a", script=script)
    to_review(page)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Peas")
    page.go_back()
    expect(page.get_by_role("heading", name="Already done")).to_be_visible()
    page.get_by_role("link", name="Show the result").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Peas")
    assert labels(app) == ["Peas"]


@SCRIPT_FIRST
def test_back_and_next_again_keeps_what_was_typed(
    app: Flask,
    visit: Visit,
    brands: object,
    script: bool,
) -> None:
    page = visit("manager_a", script=script)
    to_review(page)
    page.go_back()
    expect(page.get_by_role("heading", name="Details")).to_be_visible()
    page.get_by_label("Best Before").fill("12/31/2026")
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_role("heading", name="Review")).to_be_visible()
    assert "12/31/2026" in page.locator("#wizard").inner_text()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Peas")
    assert labels(app) == ["Peas"]


@SCRIPT_FIRST
def test_a_double_click_on_save_saves_once(
    app: Flask,
    visit: Visit,
    brands: object,
    script: bool,
) -> None:
    page = visit("manager_a", script=script)
    to_review(page)
    page.get_by_role("button", name="Save", exact=True).dblclick()
    expect(page.get_by_role("heading", level=1)).to_have_text("Peas")
    assert labels(app) == ["Peas"]


@SCRIPT_FIRST
def test_pause_and_come_back(
    app: Flask,
    visit: Visit,
    brands: object,
    script: bool,
) -> None:
    page = visit("manager_a", script=script)
    fill_first(page)
    page.get_by_label("Best Before").fill("soon")
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Home")
    page.get_by_role("link", name="Continue New Tin").click()
    expect(page.get_by_text("soon")).to_be_visible()
    page.get_by_role("link", name="Continue").click()
    expect(page.get_by_label("Best Before")).to_have_value("soon")


@SCRIPT_FIRST
def test_a_pen_edits_in_place(
    app: Flask,
    visit: Visit,
    shelve: object,
    script: bool,
) -> None:
    tin = shelve("Peas")  # type: ignore[operator]
    page = visit("manager_a", script=script)
    page.goto(f"/tins/{tin}")
    page.get_by_role("link", name="Edit Label").click()
    expect(page.locator("#label")).to_be_focused()
    page.get_by_role("link", name="Cancel").click()
    if script:
        expect(page.get_by_role("link", name="Edit Label")).to_be_focused()
    page.get_by_role("link", name="Edit Label").click()
    page.locator("#label").fill("Green Peas")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Green Peas")
    page.get_by_role("link", name="Related").click()
    expect(page.get_by_text("It smells like roses")).to_be_visible()
    assert page.url.endswith("?tab=related")
    page.get_by_role("link", name="Refresh").click()
    expect(page.get_by_text("It smells like roses")).to_be_visible()
    page.get_by_role("link", name="Details").click()
    notes = page.locator("#section-notes")
    notes.locator("summary").click()
    assert notes.get_attribute("open") is not None
    assert labels(app) == ["Green Peas"]


def test_a_tab_that_is_chosen_while_another_is_awaited_is_shown(
    visit: Visit, shelve: object
) -> None:
    tin = shelve("Peas")  # type: ignore[operator]
    page = visit("manager_a")
    page.goto(f"/tins/{tin}?tab=related")
    held: list[Route] = []
    page.route(f"**/tins/{tin}*", lambda route: held.append(route))
    for number, name in enumerate(("Refresh", "Details")):
        page.get_by_role("link", name=name).click()
        while len(held) <= number:
            page.wait_for_timeout(20)
    with suppress(Error):  # nobody waits for it any more
        held[0].continue_()
    page.wait_for_timeout(500)
    held[1].continue_()
    expect(page.locator("#section-notes")).to_be_visible()


LOST = "No connection. What you typed is still here; please try again. Nothing is saved twice."


def typed(visit: Visit) -> Page:
    """The filled-in first step of a browser whose network will be cut."""
    page = visit("manager_a", cut=True)
    page.goto("/tins/add")
    page.locator("#brand").fill("Proud Peas")
    page.get_by_label("Grams").fill("400")
    page.get_by_label("Label").fill("Peas")
    page.keyboard.press("Escape")
    return page


def test_without_a_connection_it_says_so_and_keeps_what_was_typed(
    visit: Visit, brands: object
) -> None:
    page = typed(visit)
    page.set_viewport_size({"width": 360, "height": 400})
    following = page.get_by_role("button", name="Next")
    alert = page.get_by_role("alert")
    for _time in range(2):
        page.context.set_offline(True)
        following.click()
        expect(alert).to_have_text(LOST)
        expect(alert).to_be_in_viewport(ratio=1)
        expect(following).not_to_have_attribute("aria-disabled", "true")
        expect(page.get_by_label("Grams")).to_have_value("400")
    page.context.set_offline(False)
    following.click()
    expect(page.get_by_role("heading", name="Details")).to_be_visible()
    expect(alert).to_have_count(0)
    expect(page.locator("#best_before")).to_be_visible()


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 502, "body": ""},
        {"status": 504, "body": "<h1>Gateway Timeout</h1>", "content_type": "text/html"},
    ],
    ids=["empty", "a page of the server in between"],
)
def test_an_answer_that_is_not_the_portals_replaces_nothing(
    visit: Visit, brands: object, answer: dict[str, object]
) -> None:
    page = typed(visit)

    def refuse(route: Route) -> None:
        if route.request.method == "POST":
            route.fulfill(**answer)  # type: ignore[arg-type]
        else:
            route.continue_()

    page.route("**/tins/add", refuse)
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_role("alert")).to_have_text(LOST)
    expect(page.get_by_label("Label")).to_have_value("Peas")
    page.unroute("**/tins/add")
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_role("heading", name="Details")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)


def test_an_answer_that_never_comes_is_given_up(visit: Visit, brands: object) -> None:
    page = typed(visit)
    page.evaluate("htmx.config.defaultTimeout = 300")
    page.route("**/tins/add", lambda route: None)
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_role("alert")).to_have_text(LOST)


def test_a_fault_of_the_portal_keeps_its_own_word(visit: Visit, brands: object) -> None:
    page = typed(visit)
    page.route(
        "**/tins/add",
        lambda route: route.fulfill(
            status=503,
            headers={"HX-Retarget": "#flash", "HX-Reswap": "innerHTML"},
            body="<div tabindex=-1 data-focus>Not available just now</div>",
        ),
    )
    page.get_by_role("button", name="Next").click()
    expect(page.locator("#flash")).to_have_text("Not available just now")
    expect(page.locator("#flash > div")).to_be_focused()
    expect(page.get_by_role("alert")).to_have_count(0)
