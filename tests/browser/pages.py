"""Every page of the sample clinics that one can open by its address, found in the URL map."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from flask import Flask
from playwright.sync_api import Page, expect

from portal.app import create_app
from portal.settings import load_settings

# Not pages: files, parts of pages, what only programs ask for, and what only leads elsewhere.
NO_PAGES = re.compile(
    r"^/(healthz|readyz|session|session/stay|lookups/.*|transfers/documents/.*"
    r"|.*\.xlsx|.*/progress|.*/edit/.*)$"
)
# Every value an address may take, by rule. A rule with a variable that is not here fails the tests.
EXAMPLES: dict[str, tuple[str, ...]] = {
    "/shipments/": ("?view=all", "?view=all&q=zzz", "?view=recent", "?view=all&sort=-lot&rows=100"),
    "/shipments/<id>": ("/shipments/18", "/shipments/18?tab=related", "/shipments/1"),
    "/shipments/<id>/close": ("/shipments/18/close",),
    "/shipments/<id>/reopen": ("/shipments/18/reopen",),
    "/shipments/orders/<id>": ("/shipments/orders/1",),
    "/shipments/new/<id>": ("/shipments/new/1",),
    "/shipments/imports/<id>": ("/shipments/imports/1", "/shipments/imports/2"),
    "/vaccine-inventory/": ("?view=all",),
    "/vaccine-inventory/<id>": (
        "/vaccine-inventory/1",
        "/vaccine-inventory/1?tab=related",
        "/vaccine-inventory/1/edit/name",
    ),
    "/vaccine-inventory/add": ("?shipment=18",),
    "/vaccine-inventory/<id>/adjust": ("/vaccine-inventory/1/adjust",),
    "/vaccine-inventory/wastage": ("?record=1",),
    "/vaccine-inventory/history": ("?kind=wasted",),
    "/vaccine-inventory/<id>/quarantine": ("/vaccine-inventory/1/quarantine",),
    "/vaccine-inventory/documents/<id>": ("/vaccine-inventory/documents/1",),
    "/vaccine-inventory/entries/<id>/reverse": ("/vaccine-inventory/entries/3/reverse",),
    "/vaccine-inventory/quarantine/<id>/release": ("/vaccine-inventory/quarantine/1/release",),
    "/transfers/": ("?view=all", "?view=inbound", "?view=outbound", "?view=all&q=zzz"),
    "/transfers/<id>": ("/transfers/1", "/transfers/2"),
    "/transfers/<id>/cancel": ("/transfers/2/cancel",),
    "/transfers/<id>/refuse": ("/transfers/3/refuse",),
    "/counts/<id>": ("/counts/1", "/counts/2", "/counts/2?check=1"),
    "/counts/<id>/sheet": ("/counts/2/sheet", "/counts/2/sheet?blind=1"),
    "/counts/<id>/enter": ("/counts/2/enter",),
    "/counts/<id>/finish": ("/counts/2/finish",),
    "/counts/<id>/cancel": ("/counts/2/cancel",),
    "/locations/<id>": ("/locations/1",),
    "/accounts": ("?view=all",),
    "/accounts/<id>": ("/accounts/2",),
    "/accounts/<id>/profile": ("/accounts/2/profile?profile=manager",),
    "/accounts/<id>/deactivate": ("/accounts/2/deactivate",),
    "/switch-location": ("?q=Clinic",),
    "/register/<token>": ("/register/no-such-link",),
    "/password/reset/<token>": ("/password/reset/no-such-link",),
    "/operations/audit/<number>": ("/operations/audit/1",),
    "/operations/jobs/<name>": ("/operations/jobs/messages.deliver",),
    "/operations/messages/<id>": ("/operations/messages/1",),
}
VARIABLE = re.compile(r"<(?:\w+(?:\([^>]*?\))?:)?(\w+)>")


def rules(app: Flask) -> list[str]:
    """The rules of the pages, each variable written as its short name."""
    found = set()
    for rule in app.url_map.iter_rules():
        plain = VARIABLE.sub(_short, str(rule))
        if "GET" in (rule.methods or ()) and not NO_PAGES.match(plain):
            found.add(plain)
    return sorted(found)


def _short(variable: re.Match[str]) -> str:
    name = variable[1]
    return "<id>" if name.endswith("_id") else f"<{name}>"


def addresses(instance: Path, page: Page) -> Iterator[str]:
    """Addresses for every rule; those of wizards and drafts are made by beginning one on `page`."""
    app = create_app(load_settings(instance, practice=True, jobs="off"))
    begun = begin_wizard(page)
    others = dict(begin_others(page))
    for rule in rules(app):
        examples = EXAMPLES.get(rule, ())
        if "<" not in rule:
            yield rule
            yield from (example if example[0] == "/" else rule + example for example in examples)
        elif rule == "/vaccine-inventory/add/<id>/<step>":
            yield from begun[:2]
        elif rule in others:
            yield others[rule]
        elif rule == "/drafts/<id>":
            yield begun[2]
        else:
            assert examples, f"no example of {rule}"
            yield from examples


def begin_others(page: Page) -> Iterator[tuple[str, str]]:
    """Go to the second step of the other wizards; the rule and the address of each."""
    for path, query in (
        ("/vaccine-inventory/wastage", ""),
        ("/vaccine-inventory/return", ""),
        ("/vaccine-inventory/1/adjust", ""),
        ("/transfers/send", ""),
        ("/transfers/inbound", ""),
    ):
        page.goto(path + query)
        if path == "/transfers/inbound":
            page.get_by_role("radio").first.check()
        else:
            page.locator("main input[inputmode=numeric]").first.fill("1")
        if path.endswith("/adjust"):
            page.get_by_role("combobox", name="Reason").select_option("Found again")
        page.get_by_role("button", name="Next").click()
        page.wait_for_url(f"**{path}/*/*")
        yield f"{path.replace('/1/', '/<id>/')}/<id>/<step>", urlsplit(page.url).path


def begin_wizard(page: Page) -> tuple[str, str, str]:
    """Begin to add a shipment and pause; the addresses of the two steps and of the draft."""
    page.goto("/vaccine-inventory/add?shipment=18")
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_role("heading", name="Review")).to_be_visible()
    review = page.url
    page.get_by_role("button", name="Pause").click()
    address = page.get_by_role("link", name="Continue New Vaccine Inventory").get_attribute("href")
    assert address
    path = "/" + review.split("/", 3)[3]
    return path.replace("/review", "/details"), path, address
