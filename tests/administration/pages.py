"""The wizard `Vaccinate`, page by page, as somebody at the chair goes through it."""

from tests.client import Browser, Element, Page, fields_of

SITE = {"site": "LD"}


def form_of(page: Page) -> Element:
    """The form of the wizard."""
    (form,) = page.root.one("div", id="wizard").all("form")
    return form


def answered(page: Page, **said: str) -> dict[str, str]:
    """No to every question, but for what is said, by the questions' codes."""
    found = {}
    for hidden in form_of(page).all("input", type="hidden"):
        name = hidden.attributes["name"]
        if name.startswith("questions-") and name.endswith("-code"):
            code = hidden.attributes["value"]
            found[name.replace("-code", "-answer")] = said.get(code, "no")
    return found


def sent(browser: Browser, page: Page, button: str, **values: str) -> Page:
    """Press a button of the wizard, with these values beside what the page has; the next page."""
    form = form_of(page)
    fields = fields_of(form, button) | values
    answer = browser.post(form.attributes["action"], fields)
    return browser.get(answer.leads_to) if answer.leads_to else answer


def at_consent(browser: Browser, arrival: int, **said: str) -> Page:
    """The second page."""
    page = browser.get(f"/administration/{arrival}")
    return sent(browser, page, "Next", **answered(page, **said))


def at_details(browser: Browser, arrival: int, **said: str) -> Page:
    """The third page."""
    return sent(browser, at_consent(browser, arrival, **said), "Next")


def at_review(browser: Browser, arrival: int, lot: int | None = None, **values: str) -> Page:
    """The last page."""
    page = at_details(browser, arrival)
    chosen = {"lot": str(lot)} if lot else {}
    return sent(browser, page, "Next", **{**SITE, **chosen, **values})
