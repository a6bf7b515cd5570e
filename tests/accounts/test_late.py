"""What was typed into `Add` before the session timed out is offered again."""

from datetime import UTC, datetime, timedelta

import time_machine

from tests.accounts.steps import JANE, jane
from tests.client import Browser
from tests.people.steps import change, user_of
from tests.personas import Personas

MORNING = datetime(2026, 11, 20, 14, 0, tzinfo=UTC)


def test_a_late_new_user_is_offered_after_signing_in_and_added_then(
    browser: Browser, personas: Personas
) -> None:
    with time_machine.travel(MORNING, tick=False) as clock:
        page = browser.sign_in("manager_a").get("/accounts/add")
        clock.shift(timedelta(minutes=15, seconds=1))
        sent = browser.submit(page, {**JANE, "last_name": ""}, button="Save")
        assert sent.leads_to.startswith("/sign-in")
        assert "What you entered was kept" in browser.get(sent.leads_to).root.text
        browser.sign_in("manager_a")
        offered = browser.get("/").root.with_text("a", "Continue").attributes["href"]
        review = browser.get(offered)
        text = review.root.one("main").text
        for known in ("Add a user", "Username JWhite200", "First Name Jane", "Email Jane.White"):
            assert known in text
        page = browser.get(review.root.with_text("a", "Continue").attributes["href"])
        form = page.form(action="/accounts/add")
        for name in ("username", "first_name", "email"):
            assert form.one("input", name=name).attributes["value"] == JANE[name]
        chosen = [one.text for one in form.all("option") if "selected" in one.attributes]
        assert chosen == ["Healthcare Provider"]
        ticked = [one for one in form.all("input") if "checked" in one.attributes]
        assert [one.attributes["value"] for one in ticked] == [str(personas.locations["A"])]
        assert jane(browser.app) is None
        assert browser.submit(page, {"last_name": "White"}, button="Save").status == 303
        assert jane(browser.app) is not None
        assert not [one for one in browser.get("/").root.all("a") if one.text == "Continue"]


def test_a_late_correction_comes_back_to_the_users_page(
    browser: Browser, personas: Personas
) -> None:
    user_id = personas.users["provider_a"]
    with time_machine.travel(MORNING, tick=False) as clock:
        page = browser.sign_in("manager_a").get(f"/accounts/{user_id}")
        clock.shift(timedelta(minutes=15, seconds=1))
        form = {"action": f"/accounts/{user_id}/correct"}
        browser.submit(page, {"last_name": "Reyes"}, **form)
        change(browser.app, user_id, first_name="Paula")
        browser.sign_in("manager_a")
        review = browser.get(browser.get("/").root.with_text("a", "Continue").attributes["href"])
        assert "Last Name Reyes" in review.root.one("main").text
        assert "Was " not in review.root.one("main").text
        page = browser.get(review.root.with_text("a", "Continue").attributes["href"])
        typed = page.form(**form).one("input", name="last_name")
        assert typed.attributes["value"] == "Reyes"
        assert "open" in page.root.one("details", id="correct-section").attributes
        assert browser.submit(page, **form).leads_to == f"/accounts/{user_id}"
        user = user_of(browser.app, user_id)
        assert (user.first_name, user.last_name) == ("Paula", "Reyes"), "only what was typed"
