"""From `Help` on a page to the article about it; offered as one types a case; edited (SPEC H7)."""

from playwright.sync_api import Response, expect

from tests.browser.conftest import Visit
from tests.browser.test_pages import DESKTOP, PHONE, too_wide, violations
from tests.browser.ways import SCRIPT_FIRST


@SCRIPT_FIRST
def test_help_is_read_offered_and_written(visit: Visit, script: bool) -> None:
    page = visit("provider_a", script=script, viewport=PHONE)
    page.goto("/checkin/")
    page.get_by_role("link", name="Help", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Check a recipient in")
    assert too_wide(page) == []
    assert not script or violations(page) == []
    page.get_by_role("link", name="Español").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Registrar la llegada de una persona")
    page.get_by_role("link", name="All articles").click()
    page.get_by_role("searchbox").fill("perdida de contrasena")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name="Get a new password").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Get a new password")

    page.goto("/get-help/vaccine-provider/new")
    page.get_by_label("Subject").press_sequentially("Which lot did I give")
    page.get_by_label("Description").fill("I chose the wrong one.")
    if not script:
        page.get_by_role("button", name="Look for Articles").click()
    offered = page.get_by_role("status").filter(has_text="These articles may help")
    expect(offered.get_by_role("link", name="Correct a vaccination")).to_be_visible()
    assert offered.get_by_role("listitem").count() <= 3
    expect(page.get_by_label("Description")).to_have_value("I chose the wrong one.")
    assert too_wide(page) == []
    assert not script or violations(page) == []

    desk = visit("agent", script=script, viewport=DESKTOP)
    desk.goto("/knowledge/check-in")
    desk.get_by_role("link", name="Edit Article").click()
    text = desk.get_by_label("Text")
    text.fill(text.input_value().replace("## If", "9. Smile.\n\n<b>Loud</b>\n\n## If"))
    desk.get_by_role("button", name="Preview").click()
    expect(desk.get_by_role("region", name="Preview").get_by_text("<b>Loud</b>")).to_be_visible()
    assert not script or violations(desk) == []
    desk.get_by_role("button", name="Save").click()
    expect(desk.get_by_text("The article was saved.")).to_be_visible()
    desk.get_by_role("link", name="History").click()
    expect(desk.get_by_role("link", name="Version 1")).to_be_visible()
    page.goto("/knowledge/check-in")
    expect(page.get_by_text("Smile.")).to_be_visible()


def test_an_article_is_light_on_a_first_visit(visit: Visit) -> None:
    page = visit("provider_a")
    seen: list[Response] = []
    page.on("response", lambda answer: seen.append(answer))
    page.goto("/knowledge/give-a-dose")
    page.wait_for_load_state("networkidle")
    sizes = [one.request.sizes()["responseBodySize"] for one in seen]
    assert len(sizes) <= 5
    assert sum(sizes) <= 30_000
