"""Ways out of a form that only a browser has: a link of the page, Back and Forward."""
# ruff: noqa: F811 (fixtures are imported by their names)

from dataclasses import dataclass

import pytest
from playwright.sync_api import Dialog, Page, expect

from tests.browser.conftest import Visit
from tests.browser.ways import BOTH
from tests.effort import RUN
from tests.visitors.conftest import Kites
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


def begin(page: Page) -> None:
    """Take the first step of a form."""
    page.goto("/tins/add")
    page.locator("#brand").fill("Proud Peas")
    page.get_by_label("Grams").fill("400")
    page.get_by_label("Label").fill("Quinces")
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_role("heading", name="Details")).to_be_visible()


def test_back_to_the_first_step_comes_back_filled_in_and_forward_goes_on(
    visit: Visit, brands: object
) -> None:
    page = visit("manager_a")
    begin(page)
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


def test_back_without_script_leads_to_what_was_begun(visit: Visit, brands: object) -> None:
    """The browser fills in what it may, and the page offers the form that was begun."""
    page = visit("manager_a", script=False)
    begin(page)
    page.go_back()
    page.get_by_role("link", name="Continue").click()
    expect(page.get_by_text("Please review what you entered")).to_be_visible()
    expect(page.get_by_text("Quinces")).to_be_visible()
    page.get_by_role("link", name="Continue").click()
    expect(page.get_by_role("heading", name="Details")).to_be_visible()
    page.get_by_role("button", name="Previous").click()
    expect(page.locator("#brand")).to_have_value("Proud Peas")
    expect(page.get_by_label("Grams")).to_have_value("400")
    expect(page.get_by_label("Label")).to_have_value("Quinces")
    page.goto("/drafts")
    expect(page.locator("main li")).to_have_count(1)


@dataclass(frozen=True)
class Refusable:
    """A kind of form: where it is, its field, what is typed that is refused, and its button."""

    at: str
    field: str
    typed: str
    button: str


# One of each kind of form; `second step` begins a draft first, the visitor's has no account.
REFUSABLE = {
    "plain form": Refusable("/tins/swap", "#why", "Quinces", "Save"),
    "first step": Refusable("/tins/add", "#label", "Quinces", "Next"),
    "later step": Refusable("details", "#best_before", "13/13/2026", "Next"),
    "pen": Refusable("/tins/{}/edit/label", "#label", "taken", "Save"),
    "confirmation": Refusable("/tins/{}/dent", "#why", "x" * 201, "Dent"),
    "form on another page": Refusable("/tins", "#depth", "Quinces", "Scratch"),
    "visitor's form": Refusable("visitor", "#color", "Quince\x07", "Paint"),
}
# Each kind once, by turns with script and without; with --all each in both ways.
CELLS = [(kind, script) for kind in REFUSABLE for script in (False, True)]
SHORT = CELLS[::4] + CELLS[3::4]
KINDS = pytest.mark.parametrize(("kind", "script"), CELLS if RUN.everything else SHORT)


def open_form(page: Page, kind: str, tin: int, link: str) -> Refusable:
    """The page of the form."""
    what = REFUSABLE[kind]
    if what.at == "details":
        begin(page)
    else:
        page.goto(link if what.at == "visitor" else what.at.format(tin))
    return what


def refuse(page: Page, what: Refusable) -> None:
    """Send the form, which is refused."""
    page.locator(what.field).fill(what.typed)
    page.get_by_role("button", name=what.button, exact=True).click()
    expect(page.locator("[aria-invalid=true]").first).to_be_visible()


@KINDS
def test_a_refused_form_is_there_again_after_back_and_reload(
    visit: Visit, shelve: Shelve, brands: object, flying: Kites, kind: str, script: bool
) -> None:
    page = visit(None if kind.startswith("visitor") else "manager_a", script=script)
    page.on("dialog", lambda dialog: dialog.accept())
    sent: list[str] = []
    page.on("request", lambda asked: asked.method == "POST" and sent.append(asked.url))
    what = open_form(page, kind, shelve("Peas"), flying.link())
    refuse(page, what)
    sent.clear()
    page.goto("/locations" if what.at == "visitor" else "/drafts")
    page.go_back()
    expect(page.locator(what.field)).to_have_value(what.typed)
    expect(page.locator("[aria-invalid=true]").first).to_be_visible()
    page.go_forward()
    page.go_back()
    expect(page.locator(what.field)).to_have_value(what.typed)
    page.reload()
    expect(page.locator(what.field)).to_have_value(what.typed)
    assert sent == [], "nothing was sent again"
    assert what.typed not in page.url
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0


@BOTH
def test_after_it_was_taken_a_refused_form_does_not_come_back(
    visit: Visit, shelve: Shelve, script: bool
) -> None:
    page = visit("manager_a", script=script)
    what = open_form(page, "confirmation", shelve("Peas"), "")
    refuse(page, what)
    page.locator(what.field).fill("It fell")
    page.get_by_role("button", name="Dent", exact=True).click()
    expect(page.get_by_text("Dented.")).to_be_visible()
    page.go_back()
    expect(page.locator(what.field)).to_be_visible()
    expect(page.locator("[aria-invalid=true]")).to_have_count(0)


def test_back_over_another_page_to_the_first_step_does_not_come_back_empty(
    visit: Visit, brands: object
) -> None:
    page = visit("manager_a")
    page.on("dialog", lambda dialog: dialog.accept())
    begin(page)
    page.goto("/tins")
    page.go_back()
    expect(page.get_by_role("heading", name="Details")).to_be_visible()
    page.go_back()
    expect(page.get_by_label("Label")).to_have_value("Quinces")
    page.go_forward()
    expect(page.get_by_role("heading", name="Details")).to_be_visible()
    page.go_forward()
    expect(page.get_by_role("heading", level=1)).to_have_text("Tins")
    page.go_back()
    page.go_back()
    page.reload()
    expect(page.get_by_label("Label")).to_have_value("Quinces")
