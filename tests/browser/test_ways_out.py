"""Ways out of a form that only a browser has: a link of the page, Back and Forward."""
# ruff: noqa: F811 (fixtures are imported by their names)

import pytest
from playwright.sync_api import Dialog, Page, expect

from tests.browser.conftest import Visit
from tests.browser.ways import SCRIPT_FIRST
from tests.ways_out.conftest import (  # noqa: F401
    brands,
    extra_modules,
    flying,
    lent,
    made,
    shelve,
    template_database,
)
from tests.wizards.conftest import Shelve

# Where the form is, and its field. Visitors' pages are without script: nobody can be asked there.
FORMS = {
    "first step": ("/tins/add", "#label"),
    "pen": ("/tins/{}/edit/label", "#label"),
    "plain form": ("/tins/swap", "#why"),
    "confirmation": ("/tins/{}/dent", "#why"),
}


def answering(page: Page, *, stay: bool) -> list[str]:
    """The kinds of questions the browser asks from now on; all are answered alike."""
    asked: list[str] = []

    def answer(dialog: Dialog) -> None:
        asked.append(dialog.type)
        if stay:
            dialog.dismiss()
        else:
            dialog.accept()

    page.on("dialog", answer)
    return asked


@pytest.mark.parametrize("kind", FORMS)
def test_who_leaves_a_half_filled_form_by_a_link_is_asked(
    visit: Visit, shelve: Shelve, kind: str
) -> None:
    at, field = FORMS[kind]
    page = visit("manager_a")
    page.goto(at.format(shelve("Peas")))
    asked = answering(page, stay=True)
    page.locator(field).press_sequentially(" and Quinces")
    page.get_by_role("link", name="Home").first.click(no_wait_after=True)
    page.wait_for_timeout(300)
    assert asked == ["beforeunload"]
    assert " and Quinces" in page.locator(field).input_value()


def test_who_typed_nothing_or_has_sent_it_is_not_asked(visit: Visit, shelve: Shelve) -> None:
    page = visit("manager_a")
    tin = shelve("Peas")
    asked = answering(page, stay=True)
    page.goto("/tins/swap")
    page.get_by_role("link", name="Tins").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Tins")
    page.goto(f"/tins/{tin}/edit/label")
    page.locator("#label").fill("Peas and Corn")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Peas and Corn")
    page.get_by_role("link", name="Tins").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Tins")
    assert asked == []


def test_who_was_refused_is_asked_again(visit: Visit, shelve: Shelve) -> None:
    page = visit("manager_a")
    shelve("Peas")
    page.goto("/tins/add")
    page.locator("#label").press_sequentially("Quinces")
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_role("alert")).to_be_focused()
    asked = answering(page, stay=True)
    page.get_by_role("link", name="Home").first.click(no_wait_after=True)
    page.wait_for_timeout(300)
    assert asked == ["beforeunload"]
    expect(page.locator("#label")).to_have_value("Quinces")


@pytest.mark.parametrize("stay", [True, False])
def test_a_part_of_the_page_does_not_replace_a_half_filled_pen_unasked(
    visit: Visit, shelve: Shelve, stay: bool
) -> None:
    page = visit("manager_a")
    page.goto(f"/tins/{shelve('Peas')}")
    page.get_by_role("link", name="Edit Label").click()
    page.locator("#label").fill("Peas and Corn")
    asked = answering(page, stay=stay)
    page.get_by_role("link", name="Related").click()
    if stay:
        expect(page.locator("#label")).to_have_value("Peas and Corn")
    else:
        expect(page.get_by_text("It smells like roses")).to_be_visible()
    assert asked == ["confirm"]


@SCRIPT_FIRST
def test_back_to_the_first_step_comes_back_filled_in_and_forward_goes_on(
    visit: Visit, brands: object, script: bool
) -> None:
    page = visit("manager_a", script=script)
    page.goto("/tins/add")
    page.locator("#brand").fill("Proud Peas")
    page.get_by_label("Grams").fill("400")
    page.get_by_label("Label").fill("Quinces")
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_role("heading", name="Details")).to_be_visible()
    page.go_back()
    expect(page.get_by_label("Label")).to_have_value("Quinces")
    page.go_forward()
    expect(page.get_by_role("heading", name="Details")).to_be_visible()
    page.go_back()
    page.get_by_label("Label").fill("Green Quinces")
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_role("heading", name="Details")).to_be_visible()
    page.goto("/drafts")
    expect(page.locator("main li")).to_have_count(1)
