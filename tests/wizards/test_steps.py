"""The way through a wizard, with and without htmx."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from portal.db import unit_of_work
from portal.drafts import Draft
from portal.wizards.definition import Answers, NotValidYet, PartialAnswers
from tests.client import Browser, Page, fields_of
from tests.personas import Personas
from tests.wizards.conftest import Shelve
from tests.wizards.tins import Tin

TIN = {"brand_text": "proud", "grams": "400", "label": "Peas"}


def tins(app: Flask) -> list[tuple[str, int]]:
    with app.app_context(), unit_of_work(write=False) as session:
        return [(tin.label, tin.grams) for tin in session.scalars(select(Tin).order_by(Tin.id))]


def open_drafts(app: Flask) -> int:
    with app.app_context(), unit_of_work(write=False) as session:
        query = select(func.count()).where(Draft.finished_at.is_(None))
        return session.scalar(query) or 0


def to_details(browser: Browser, **values: str) -> Page:
    browser.sign_in("manager_a")
    return browser.submit(browser.get("/tins/add"), {**TIN, **values}, button="Next", follow=True)


def to_review(browser: Browser, **values: str) -> Page:
    page = to_details(browser, **values)
    return browser.submit(page, {"best_before": "12/31/2026"}, button="Next", follow=True)


def step_of(page: Page) -> str:
    """The name of the present step, which is said once beside the progress bar."""
    shown = page.root.one("li", aria_current="step").text
    number, _, name = page.root.one("h2", id="step").text.partition(": ")
    assert re.fullmatch(r"Step \d of \d ?", number)
    assert name == shown
    return name


def test_a_wizard_is_walked_to_its_end(
    app: Flask, browser: Browser, brands: dict[str, int]
) -> None:
    page = to_review(browser)
    shown = {
        term.text: value.text
        for term, value in zip(page.root.all("dt"), page.root.all("dd"), strict=True)
    }
    assert shown == {
        "Brand": "Proud Peas",
        "Grams": "400",
        "Label": "Peas",
        "Best Before": "12/31/2026",
        "Shelf": "Lower",
        "Dented": "No",
    }
    assert tins(app) == []
    page = browser.submit(page, button="Save", follow=True)
    assert page.root.one("h1").text == "Peas"
    assert "Tin saved." in page.root.text
    assert tins(app) == [("Peas", 400)]
    assert open_drafts(app) == 0


def test_looking_at_the_first_step_writes_nothing(
    app: Flask, browser: Browser, brands: dict[str, int]
) -> None:
    browser.sign_in("manager_a")
    page = browser.get("/tins/add")
    assert page.status == 200
    assert page.root.one("title").text.startswith("New Tin")
    assert [item.text for item in page.root.one("ol").all("li")] == ["Tin", "Details", "Review"]
    assert page.root.one("li", **{"aria-current": "step"}).text == "Tin"
    assert open_drafts(app) == 0


def test_a_wrong_value_is_shown_beside_its_field_and_nothing_typed_is_lost(
    app: Flask, browser: Browser, brands: dict[str, int]
) -> None:
    browser.sign_in("manager_a")
    page = browser.submit(browser.get("/tins/add"), {**TIN, "grams": "many"}, button="Next")
    assert page.status == 422
    grams = page.root.one("input", id="grams").attributes
    assert grams["value"] == "many"
    assert "grams-error" in grams["aria-describedby"]
    assert page.root.one("input", id="label").attributes["value"] == "Peas"
    assert page.root.all("a", href="#grams")
    assert open_drafts(app) == 0


@pytest.mark.parametrize(("grams", "status"), [("901", 422), ("666", 409)])
def test_a_rule_may_refuse_a_step(
    browser: Browser, brands: dict[str, int], grams: str, status: int
) -> None:
    browser.sign_in("manager_a")
    page = browser.submit(browser.get("/tins/add"), {**TIN, "grams": grams}, button="Next")
    assert page.status == status
    if status == 422:
        assert page.root.one("p", id="grams-error").text == "No more than 900 grams."
    else:
        assert "Nobody may have that many grams." in page.root.text


def test_a_button_may_fill_in_the_form_without_anything_being_validated_or_kept(
    app: Flask, browser: Browser, brands: dict[str, int]
) -> None:
    browser.sign_in("manager_a")
    form = browser.get("/tins/add").form(action="/tins/add")
    for region in (None, "wizard"):
        values = {**fields_of(form), "label": "Peas", "assist": "scales"}
        page = browser.post("/tins/add", values, region=region)
        assert page.status == 422
        assert page.root.all("input", aria_invalid="true") == []
        assert page.root.one("input", id="label").attributes["value"] == "Peas"
        assert page.root.one("input", id="grams").attributes["value"] == "425"
    assert open_drafts(app) == 0
    paused = browser.post("/tins/add", {**values, "go": "pause"})
    assert paused.leads_to == "/"
    assert open_drafts(app) == 1


def test_previous_keeps_even_what_is_wrong(browser: Browser, brands: dict[str, int]) -> None:
    page = to_details(browser)
    page = browser.submit(page, {"best_before": "someday"}, button="Previous", follow=True)
    assert step_of(page) == "Tin"
    assert page.root.one("input", id="brand").attributes["value"] == "Proud Peas"
    assert page.root.one("input", id="label").attributes["value"] == "Peas"
    page = browser.submit(page, button="Next", follow=True)
    assert page.root.one("input", id="best_before").attributes["value"] == "someday"


def test_a_later_step_leads_to_the_first_unfinished_one(
    app: Flask, browser: Browser, brands: dict[str, int]
) -> None:
    to_details(browser)
    assert browser.get("/tins/add/1/review").leads_to == "/tins/add/1/details"
    assert browser.get("/tins/add/1/dents").leads_to == "/tins/add/1/details"
    assert browser.get("/tins/add/1/nothing").status == 404
    form = browser.get("/tins/add/1/details").form(action="/tins/add/1/details")
    sent = browser.post("/tins/add/1/review", {**fields_of(form), "go": "finish"})
    assert sent.status == 422
    assert "Please complete this step first. Nothing was saved." in sent.root.text
    assert sent.form(action="/tins/add/1/details")
    assert tins(app) == []


def test_a_step_that_does_not_apply_is_left_out(
    app: Flask, browser: Browser, brands: dict[str, int]
) -> None:
    page = to_details(browser, label="dented peas")
    assert "checked" in page.root.one("input", id="dented").attributes, "initial value"
    page = browser.submit(page, button="Next", follow=True)
    assert step_of(page) == "Dents"
    assert len(page.root.one("ol").all("li")) == 4
    page = browser.submit(page, {"note": "deep"}, button="Next", follow=True)
    assert step_of(page) == "Review"
    page = browser.submit(browser.get("/tins/add/1/details"), button="Next", follow=True)
    assert step_of(page) == "Dents"
    form = fields_of(browser.get("/tins/add/1/details").form(action="/tins/add/1/details"), "Next")
    del form["dented"]
    page = browser.get(browser.post("/tins/add/1/details", form).leads_to)
    assert step_of(page) == "Review"
    assert "deep" not in page.root.text


def test_choices_of_a_step_follow_earlier_answers(browser: Browser, brands: dict[str, int]) -> None:
    page = to_details(browser)
    assert [each.text for each in page.root.all("option")] == ["Lower", "Upper, for Peas"]


def test_first_values_come_from_the_address(
    browser: Browser, brands: dict[str, int], shelve: Shelve
) -> None:
    browser.sign_in("manager_a")
    other = shelve("Carrots", at="B")
    assert browser.get(f"/tins/add?like={other}").status == 404
    page = browser.get(f"/tins/add?like={shelve('Old', grams=250)}")
    assert page.root.one("input", id="grams").attributes["value"] == "250"
    assert page.root.one("input", id="brand").attributes["value"] == "Proud Peas"
    page = browser.submit(page, {"label": "New"}, button="Next", follow=True)
    assert step_of(page) == "Details"


@pytest.mark.parametrize(
    "query",
    [
        "endpoint=tins.index",
        "_scheme=javascript&_external=1",
        "_anchor=x&_method=GET",
        "self=1&values=2&draft_id=3&step=4",
        "note=" + "x" * 3_000,
    ],
)
def test_no_query_leads_the_form_astray(
    browser: Browser, brands: dict[str, int], query: str
) -> None:
    browser.sign_in("manager_a")
    page = browser.get(f"/tins/add?{query}")
    action = page.root.one("div", id="wizard").one("form").attributes["action"]
    assert action.partition("?")[0] == "/tins/add"
    page = browser.submit(page, TIN, button="Next", follow=True)
    assert step_of(page) == "Details"
    assert browser.get("/drafts/1").status == 200


def test_a_step_sent_while_an_earlier_one_is_missing_is_kept_and_leads_back(
    app: Flask, browser: Browser, brands: dict[str, int]
) -> None:
    page = to_details(browser)
    form = fields_of(page.form(action="/tins/add/1/details"), "Next")
    first = browser.get("/tins/add/1/tin")
    browser.submit(first, {"grams": "none"}, button="Pause")
    sent = browser.post("/tins/add/1/details", form | {"best_before": "12/31/2026"})
    assert sent.status == 422
    assert sent.root.one("input", id="grams").attributes["value"] == "none"
    page = browser.submit(sent, {"grams": "5"}, button="Next", follow=True)
    assert page.root.one("input", id="best_before").attributes["value"] == "12/31/2026"


def test_htmx_swaps_the_frame_and_shows_the_steps_address(
    app: Flask, browser: Browser, brands: dict[str, int]
) -> None:
    browser.sign_in("manager_a")
    page = browser.submit(browser.get("/tins/add"), TIN, button="Next", region="wizard")
    assert page.status == 200
    assert page.headers["HX-Push-Url"] == "/tins/add/1/details"
    assert page.root.all()[0].attributes["id"] == "wizard"
    assert not page.root.all("h1")
    wrong = browser.submit(page, {"best_before": "x"}, button="Next", region="wizard")
    assert wrong.status == 422
    assert "HX-Push-Url" not in wrong.headers
    page = browser.submit(page, button="Next", region="wizard")
    assert page.headers["HX-Push-Url"] == "/tins/add/1/review"
    assert "data-focus" in page.root.one("h2").attributes
    page = browser.submit(page, button="Save", region="wizard")
    assert page.headers["HX-Redirect"] == "/tins/1"
    assert tins(app) == [("Peas", 400)]


def test_save_and_new_saves_and_begins_anew(
    app: Flask, browser: Browser, brands: dict[str, int]
) -> None:
    page = browser.submit(to_review(browser), button="Save & New")
    assert page.leads_to == "/tins/add"
    assert tins(app) == [("Peas", 400)]
    assert "unfinished" not in browser.get("/tins/add").root.text


def test_enter_finishes_like_the_first_button(browser: Browser, brands: dict[str, int]) -> None:
    page = to_review(browser)
    buttons = [each for each in page.root.all("button") if each.attributes.get("name") == "go"]
    assert buttons[0].text == "Save"


def test_a_refusal_while_finishing_stands_beside_its_field_and_undoes_everything(
    app: Flask, browser: Browser, brands: dict[str, int]
) -> None:
    page = browser.submit(to_review(browser, label="taken"), button="Save")
    assert page.status == 422
    assert step_of(page) == "Tin"
    assert page.root.one("p", id="label-error").text == "There is such a tin already."
    assert tins(app) == []
    assert open_drafts(app) == 1
    page = browser.submit(page, {"label": "free"}, button="Next", follow=True)
    assert step_of(page) == "Details"
    page = browser.submit(browser.get("/tins/add/1/review"), button="Save")
    assert page.leads_to.startswith("/tins/")
    assert tins(app) == [("free", 400)]


def test_a_refusal_without_a_field_is_explained_in_place(
    app: Flask, browser: Browser, brands: dict[str, int]
) -> None:
    page = to_review(browser, label="full")
    refused = browser.submit(page, button="Save")
    assert refused.status == 409
    assert "The shelf is full." in refused.root.text
    assert tins(app) == []
    again = browser.submit(refused, button="Save")
    assert again.status == 409
    assert "another window" not in again.root.text


def test_what_another_window_changed_is_not_finished_unseen(
    app: Flask, browser: Browser, brands: dict[str, int]
) -> None:
    review = to_review(browser)
    other = browser.get("/tins/add/1/tin")
    browser.submit(other, {"label": "Beans"}, button="Next")
    page = browser.submit(review, button="Save")
    assert page.status == 409
    assert "changed in another window" in page.root.text
    assert "Beans" in page.root.text
    assert tins(app) == []
    assert browser.submit(page, button="Save").leads_to == "/tins/1"
    assert tins(app) == [("Beans", 400)]


def test_finishing_twice_has_one_effect(
    app: Flask, browser: Browser, brands: dict[str, int]
) -> None:
    page = to_review(browser)
    sent = fields_of(page.form(action="/tins/add/1/review"), "Save")
    other_window = fields_of(browser.get("/tins/add/1/review").form(action="/tins/add/1/review"))
    assert browser.post("/tins/add/1/review", sent).leads_to == "/tins/1"
    assert browser.post("/tins/add/1/review", sent).leads_to == "/tins/1", "same form again"
    page = browser.post("/tins/add/1/review", {**other_window, "go": "finish"})
    assert page.status == 409
    assert "Already done" in page.root.text
    assert page.root.with_text("a", "Show the result").attributes["href"] == "/tins/1"
    for step in ("tin", "details", "review"):
        page = browser.get(f"/tins/add/1/{step}")
        assert (page.status, page.root.one("h2").text) == (200, "Already done")
    fragment = browser.post(
        "/tins/add/1/tin", {**other_window, "go": "next", "operation_id": "x" * 30}, region="wizard"
    )
    assert fragment.status == 409
    assert fragment.root.all()[0].attributes["id"] == "wizard"
    assert tins(app) == [("Peas", 400)]


def test_a_confirmation_follows_the_step_that_finishes(
    app: Flask, browser: Browser, shelve: Shelve
) -> None:
    tin = shelve()
    browser.sign_in("manager_a")
    page = browser.get(f"/tins/{tin}/receive")
    assert [item.text for item in page.root.one("ol").all("li")] == ["Count", "Done"]
    assert browser.get(f"/tins/{tin}/receive").root.all("button", value="next")
    bad = browser.submit(page, {"count": "?"}, button="Next")
    assert bad.status == 422
    sent = fields_of(bad.form(action=f"/tins/{tin}/receive"), "Next") | {"count": "3"}
    leads_to = browser.post(f"/tins/{tin}/receive", sent).leads_to
    assert leads_to.endswith("/done")
    assert browser.post(f"/tins/{tin}/receive", sent).leads_to == leads_to
    assert "Received 3" in browser.get(f"/tins/{tin}").root.one("dl", class_="hl").text
    page = browser.get(leads_to)
    assert step_of(page) == "Done"
    assert [each.text for each in page.root.one("div", id="wizard").all("button")] == ["Finish"]
    page = browser.submit(page, button="Finish")
    assert page.leads_to == f"/tins/{tin}"
    again = browser.get(leads_to.replace("/done", "/count"))
    assert "Already done" in again.root.text
    assert "Received 3" in browser.get(f"/tins/{tin}").root.one("dl", class_="hl").text


def test_a_refused_single_step_can_be_sent_again(
    app: Flask, browser: Browser, shelve: Shelve
) -> None:
    browser.sign_in("manager_a")
    assert browser.get(f"/tins/{shelve('Carrots', at='B')}/receive").status == 404


def test_who_lacks_the_right_or_the_location_gets_nowhere(
    app: Flask, browser: Browser, personas: Personas, brands: dict[str, int]
) -> None:
    to_review(browser)
    draft = "/tins/add/1/review"
    other = Browser(app, personas)
    assert other.get("/tins/add").leads_to.startswith("/sign-in")
    assert other.sign_in("readonly_a").get("/tins/add").status == 403
    assert other.get(draft).status == 403
    assert other.sign_in("provider_a").get(draft).status == 404, "another user's draft"
    assert other.sign_in("manager_b").get(draft).status == 404
    assert browser.client.put(draft).status_code == 405


@pytest.mark.parametrize("extra", [{"colour": "red"}, {"id": "7", "location_id": "2"}])
def test_only_declared_fields_are_kept(
    app: Flask, browser: Browser, brands: dict[str, int], extra: dict[str, Any]
) -> None:
    to_details(browser, **extra)
    with app.app_context(), unit_of_work(write=False) as session:
        draft = session.scalars(select(Draft)).one()
        assert [name for name, _value in draft.data["entered"]["tin"]] == [
            "grams",
            "label",
            "brand",
            "brand_text",
        ]


def test_more_text_than_a_draft_can_hold_is_refused(
    browser: Browser, brands: dict[str, int]
) -> None:
    page = to_details(browser, label="dented")
    page = browser.submit(page, button="Next", follow=True)
    page = browser.submit(page, {"note": "x" * 70_000}, button="Pause")
    assert page.status == 422


def test_what_rules_say_of_valid_fields_comes_with_what_is_wrong_with_the_others(
    browser: Browser, brands: dict[str, int]
) -> None:
    """In one round, and in the order of the form."""
    browser.sign_in("manager_a")
    typed = {"brand": "", "brand_text": "", "grams": "901", "label": ""}
    page = browser.submit(browser.get("/tins/add"), typed, button="Next")
    assert page.status == 422
    lines = [each.text for each in page.root.one("div", role="alert").all("li")]
    assert lines == [
        "Brand: Please fill in this field.",
        "Grams: No more than 900 grams.",
        "Label: Please fill in this field.",
    ]


def test_a_rule_is_not_asked_of_a_field_that_is_not_valid(
    browser: Browser, brands: dict[str, int]
) -> None:
    """It would compare nothing with 900."""
    browser.sign_in("manager_a")
    page = browser.submit(browser.get("/tins/add"), {**TIN, "grams": ""}, button="Next")
    lines = [each.text for each in page.root.one("div", role="alert").all("li")]
    assert lines == ["Grams: Please fill in this field."]


@pytest.mark.parametrize(
    "asked",
    [
        lambda answers: answers["wrong"],
        lambda answers: answers.get("wrong"),
        lambda answers: "wrong" in answers,
        lambda answers: dict(answers),
        lambda answers: {**answers},
        lambda answers: answers.copy(),
        lambda answers: list(answers.values()),
    ],
)
def test_no_rule_sees_what_is_not_valid(asked: Callable[[Answers], object]) -> None:
    known = Answers({"like": "1"})
    known["right"] = 1
    partial = PartialAnswers(known, {"wrong"})
    assert (partial["right"], partial.get("missing"), partial.args) == (1, None, {"like": "1"})
    with pytest.raises(NotValidYet):
        asked(partial)
