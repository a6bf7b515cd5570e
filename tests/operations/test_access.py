"""Only programme administrators see how the installation is doing."""

from collections.abc import Callable

import pytest
from flask import Flask

from portal.audit.services import record
from portal.db import unit_of_work
from tests.client import Browser

PAGES = [
    "/operations",
    "/operations?state=waiting",
    "/operations/messages/1",
    "/operations/jobs",
    "/operations/jobs/messages.deliver",
    "/operations/audit",
    "/operations/audit/1",
]
ACTIONS = [
    "/operations/messages/try-all-again",
    "/operations/messages/1/try-again",
    "/operations/messages/1/cancel",
    "/operations/jobs/jobs.trim/run",
    "/operations/audit/verify",
]
OTHERS = ["manager_a", "provider_a", "readonly_a", "manager_b", "manager_ab", "agent"]


@pytest.fixture(autouse=True)
def something_to_see(app: Flask, promise: Callable[..., None]) -> None:
    promise()
    with app.app_context(), unit_of_work():
        record(None, "x.y", subject="x", subject_id=1, location_id=None)


@pytest.mark.parametrize("who", OTHERS)
def test_others_are_refused_everywhere_and_see_no_tab(browser: Browser, who: str) -> None:
    browser.sign_in(who)
    for page in PAGES:
        assert browser.get(page).status == 403, page
    for action in ACTIONS:
        assert browser.post(action).status in {400, 403}, action
    home = browser.get("/")
    assert not [link for link in home.root.all("a") if link.text == "Operations"]


@pytest.mark.parametrize("who", OTHERS)
def test_a_token_of_ones_own_opens_no_action(browser: Browser, app: Flask, who: str) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    browser.sign_in(who)
    for action in ACTIONS:
        assert browser.post(action, {"reason": "x"}).status == 403, action


def test_nobody_is_led_to_the_sign_in_page(browser: Browser) -> None:
    for page in PAGES:
        answer = browser.get(page)
        assert answer.status == 303
        assert "/sign-in" in answer.leads_to


def test_the_administrator_sees_all_of_it(administrator: Browser) -> None:
    for page in PAGES:
        assert administrator.get(page).status == 200, page
    assert administrator.get("/").root.with_text("a", "Operations")


@pytest.mark.parametrize(
    "page",
    [
        "/operations/messages/4711",
        f"/operations/messages/{2**63}",
        "/operations/messages/x",
        "/operations/jobs/no.such",
        "/operations/audit/4711",
        f"/operations/audit/{2**70}",
    ],
)
def test_what_does_not_exist_is_not_found(administrator: Browser, page: str) -> None:
    assert administrator.get(page).status == 404


def test_actions_act_only_on_post(administrator: Browser) -> None:
    for action in ACTIONS:
        assert administrator.get(action).status == 405, action
