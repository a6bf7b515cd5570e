"""Look-up fields in a real browser: a combobox with script, search-and-pick without."""
# ruff: noqa: F811 (fixtures are imported by their names)

from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Visit
from tests.wizards.conftest import (  # noqa: F401
    brands,
    extra_modules,
    lent,
    shelve,
    template_database,
)

# What is shown here does not depend on the database.


def at_form(visit: Visit, *, script: bool = True, cut: bool = False) -> Page:
    page = visit("manager_a", script=script, cut=cut)
    page.goto("/tins/swap")
    return page


def test_the_keyboard_picks_from_the_list(visit: Visit, brands: dict[str, int]) -> None:
    page = at_form(visit)
    box = page.locator("#brand")
    expect(box).to_have_attribute("aria-expanded", "false")
    box.focus()
    page.keyboard.type("mo")
    page.wait_for_timeout(400)
    expect(page.get_by_role("option")).to_have_count(0)
    page.keyboard.type("dest")
    options = page.get_by_role("option")
    expect(options).to_have_count(2)
    expect(box).to_have_attribute("aria-expanded", "true")
    expect(page.locator(".look + [role=status]").first).to_have_text("2 results.")
    for key, number in (
        ("ArrowDown", 0),
        ("ArrowDown", 1),
        ("ArrowDown", 0),
        ("ArrowUp", 1),
    ):
        page.keyboard.press(key)
        expect(options.nth(number)).to_have_attribute("aria-selected", "true")
        active = options.nth(number).get_attribute("id")
        assert active
        expect(box).to_have_attribute("aria-activedescendant", active)
    page.keyboard.press("Enter")
    expect(box).to_have_value("Modest Beans 50")
    expect(box).to_have_attribute("aria-expanded", "false")
    expect(page.locator("input[type=hidden][name=brand]")).to_have_value(
        str(brands["Modest Beans 50"])
    )
    assert page.url.endswith("/tins/swap"), "Enter picked, it did not send the form"
    page.get_by_label("Why").fill("Rust")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/tins?brand={brands['Modest Beans 50']}")


def test_escape_closes_and_typing_on_forgets_the_choice(
    visit: Visit,
    brands: dict[str, int],
) -> None:
    page = at_form(visit)
    box = page.get_by_role("combobox").first
    box.focus()
    page.keyboard.type("proud")
    expect(page.get_by_role("option")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.get_by_role("option")).to_have_count(0)
    expect(box).to_have_value("proud")
    page.keyboard.press("ArrowDown")
    page.get_by_role("option").first.click()
    hidden = page.locator("input[type=hidden][name=brand]")
    expect(hidden).to_have_value(str(brands["Proud Peas"]))
    page.keyboard.press("Backspace")
    expect(hidden).to_have_value("")


def test_an_older_answer_never_replaces_a_newer_one(
    visit: Visit,
    brands: dict[str, int],
) -> None:
    page = at_form(visit)
    asked: list[str] = []
    page.on(
        "request", lambda request: asked.append(request.url) if "/lookups/" in request.url else None
    )
    box = page.get_by_role("combobox").first
    box.focus()
    # Within one task of the page: however slow the machine, this is fast typing.
    box.evaluate(
        """(input) => ["m", "mo", "mod", "mode", "modes", "modest"].forEach((text) => {
            input.value = text;
            input.dispatchEvent(new Event("input", {bubbles: true}));
        })"""
    )
    expect(page.get_by_role("option")).to_have_count(2)
    assert len(asked) == 1, "typing fast asks once"
    box.fill("zucchini")
    expect(page.get_by_role("option")).to_have_text(["Zucchini no. " + str(brands["Zucchini"])])


def test_a_button_is_pressed_while_the_answer_is_awaited(
    visit: Visit,
    brands: dict[str, int],
) -> None:
    page = at_form(visit)
    page.route("**/lookups/**", lambda _route: None)  # never answered: a very slow line
    page.get_by_role("combobox").first.fill("modest")
    expect(page.locator("[aria-busy=true]").first).to_be_visible()
    button = page.get_by_role("button", name="Save")
    button.hover()
    before = button.bounding_box()
    page.mouse.down()
    assert button.bounding_box() == before
    with page.expect_request(lambda request: request.method == "POST"):
        page.mouse.up()


def test_a_field_swapped_in_by_htmx_is_a_combobox_too(
    visit: Visit,
    brands: dict[str, int],
) -> None:
    page = visit("manager_a")
    page.goto("/tins/add")
    page.locator("#brand").fill("modest")
    page.get_by_label("Grams").fill("1")
    page.get_by_label("Label").fill("Beans")
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_role("radio")).to_have_count(2)
    box = page.get_by_role("combobox")
    box.fill("zucchini")
    expect(page.get_by_role("radio")).to_have_count(0)
    page.get_by_role("option").first.click()
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_role("heading", name="Details")).to_be_visible()


def test_without_script_search_and_pick(visit: Visit, brands: dict[str, int]) -> None:
    page = at_form(visit, script=False)
    page.locator("#brand").fill("modest")
    page.get_by_label("Why").fill("Rust")
    page.get_by_role("button", name="Search").first.click()
    page.get_by_role("radio", name="Modest Beans 100").check()
    expect(page.get_by_label("Why")).to_have_value("Rust")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url(f"**/tins?brand={brands['Modest Beans 100']}")


def test_without_script_enter_sends_the_form_and_searches_nothing(
    visit: Visit, brands: dict[str, int]
) -> None:
    page = at_form(visit, script=False)
    page.locator("#brand").fill("Zucchini")
    page.get_by_label("Why").fill("Rust")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/tins?brand={brands['Zucchini']}")


def test_what_is_typed_before_the_script_has_come_is_looked_up(
    visit: Visit, brands: dict[str, int]
) -> None:
    page = visit("manager_a")
    held: list[Route] = []
    page.route("**/static/js/forms.*", lambda route: held.append(route))
    page.goto("/tins/swap", wait_until="commit")
    page.locator("#brand").press_sequentially("zuc")
    while not held:
        page.wait_for_timeout(20)
    held.pop().continue_()
    expect(page.get_by_role("option")).to_have_count(1)


def test_it_says_what_it_does_and_that_nothing_is_found(
    visit: Visit, brands: dict[str, int]
) -> None:
    page = at_form(visit)
    box, said = page.locator("#brand"), page.locator(".look + [role=status]").first
    held: list[Route] = []
    page.route("**/lookups/brands**", lambda route: held.append(route))
    expect(said).to_be_empty()
    box.press_sequentially("xy")
    expect(said).to_have_text("Type at least three characters.")
    expect(box).to_have_attribute("aria-busy", "false")
    box.press_sequentially("z")
    expect(said).to_have_text("Searching…")
    expect(box).to_have_attribute("aria-busy", "true")
    held.pop().continue_()
    expect(said).to_have_text(
        "Nothing found for “xyz”. Check the spelling, or try fewer characters."
    )
    expect(said).to_be_in_viewport()
    expect(box).to_have_attribute("aria-busy", "false")
    expect(box).to_have_attribute("aria-expanded", "false")
    box.fill("modest")
    expect(said).to_have_text("Searching…")
    page.get_by_label("Why").focus()
    expect(said).to_be_empty()
    expect(box).to_have_attribute("aria-busy", "false")
    held.pop().continue_()
    page.wait_for_timeout(300)
    expect(page.get_by_role("option")).to_have_count(0)
    box.fill("")
    page.wait_for_timeout(300)
    expect(said).to_be_empty()


def test_what_was_picked_is_said_in_full(visit: Visit, brands: dict[str, int]) -> None:
    page = at_form(visit)
    page.locator("#brand").fill("zucchini")
    page.get_by_role("option").click()
    expect(page.locator(".look + [role=status]").first).to_have_text(
        f"Zucchini no. {brands['Zucchini']}"
    )


def test_a_list_below_the_window_is_scrolled_into_it(visit: Visit, brands: dict[str, int]) -> None:
    page = at_form(visit)
    page.set_viewport_size({"width": 360, "height": 320})
    page.locator("#brand").evaluate("one => one.scrollIntoView({block: 'end'})")
    page.locator("#brand").press_sequentially("modest")
    expect(page.get_by_role("option").last).to_be_in_viewport(ratio=1)


def test_without_a_connection_it_says_so(visit: Visit, brands: dict[str, int]) -> None:
    page = at_form(visit, cut=True)
    page.context.set_offline(True)
    page.locator("#brand").fill("modest")
    expect(page.get_by_role("alert")).to_contain_text("No connection.")
    expect(page.locator("#brand")).to_have_attribute("aria-busy", "false")
    page.context.set_offline(False)
    page.locator("#brand").fill("modest b")
    expect(page.get_by_role("option")).to_have_count(2)
    expect(page.get_by_role("alert")).to_have_count(0)


def test_who_was_signed_out_is_told(visit: Visit, brands: dict[str, int]) -> None:
    page = at_form(visit)
    page.context.clear_cookies()
    page.locator("#brand").fill("modest")
    expect(page.locator(".look + [role=status]").first).to_contain_text("You were signed out.")
    expect(page.get_by_role("option")).to_have_count(0)
    expect(page.get_by_role("alert")).to_have_count(0)


def test_without_script_the_page_comes_back_to_the_field(
    visit: Visit, brands: dict[str, int]
) -> None:
    page = at_form(visit, script=False)
    page.locator("#second").fill("unheard")
    page.get_by_role("button", name="Search").last.click()
    expect(page.get_by_text("Nothing found for “unheard”.")).to_be_visible()
    expect(page.locator("#second")).to_be_focused()
