"""What every list of every module can be asked: a day or a month, and a status by its word."""

from collections.abc import Iterator
from datetime import date, datetime

import pytest
from flask import Flask

from portal.db import db
from portal.discovery import discover
from portal.formats.periods import parse_period
from portal.listviews.definition import Column, ListDefinition
from portal.listviews.periods import BY, FROM, TO
from portal.module import load
from portal.refusals.rules import RefusalKind
from tests.access.making import make_samples
from tests.client import Browser, Element, Page
from tests.operations.test_refusals import keep, one
from tests.personas import Personas
from tests.statements import Statement, watched

LISTS: dict[str, ListDefinition] = {
    definition.name: definition for module in discover() for definition in map(load, module.lists)
}
DATED = {name: each for name, each in LISTS.items() if each.dated}
WITH_STATUS = {
    name: each for name, each in LISTS.items() if any(column.tone for column in each.columns)
}
USERS = ("manager_a", "agent", "admin")


@pytest.fixture
def browser(app: Flask, personas: Personas, browser: Browser) -> Browser:
    make_samples(app, personas)
    keep(app, one("jane.doe", kind=RefusalKind.ELSEWHERE), one())
    return browser


def opened(app: Flask, browser: Browser, definition: ListDefinition) -> Page:
    """Everything in the list, for the first who may see it."""
    with app.test_request_context():
        base = app.url_for(definition.endpoint)
    blank = "".join(f"&{each.key}=" for each in definition.filters if each.usual)
    blank += f"&{FROM}=" if definition.since else ""
    for who in USERS:
        browser.sign_in(who)
        page = browser.get(f"{base}?view=all{blank}")
        if page.status == 200 and rows(page):
            return page
    pytest.fail(f"no sample in the list {definition.name}")


def search_form(page: Page) -> dict[str, str]:
    """What the form above the list is found by."""
    filters = [form for form in page.root.all("form", class_="filters") if form.all("button")]
    return {"class_": "filters"} if filters else {"role": "search"}


def rows(page: Page) -> list[Element]:
    return [each for body in page.root.all("tbody") for each in body.all("tr")]


def cell(definition: ListDefinition, row: Element, column: Column) -> Element:
    if definition.columns[0] is column:
        return row.one("th")
    return row.one("td", **{"data-label": str(column.label)})


def asked(browser: Browser, page: Page, **values: str) -> Page:
    return browser.submit(page, values, follow=True, **search_form(page))


def ways(day: date, *, personal: bool) -> Iterator[str]:
    """A day, then its month, as people write them."""
    yield f"{day:%m/%d/%Y}"
    yield f"{day.month}/{day.day}/{day:%Y}" if personal else f"{day.month}/{day.day}/{day:%y}"
    yield f"{day:%Y-%m-%d}"
    yield f"{day:%b} {day.day} {day.year}"
    yield f"{day.month}/{day.year}"
    yield f"{day:%B} {day.year}"


@pytest.mark.slow("each list is asked in six ways")
@pytest.mark.parametrize("name", DATED)
def test_a_list_can_be_asked_for_days_and_months(app: Flask, browser: Browser, name: str) -> None:
    definition = DATED[name]
    page = opened(app, browser, definition)
    for column in (each for each in definition.columns if each.dated):
        which = {BY: column.key} if len(definition.dated) > 1 else {}
        text = cell(definition, rows(page)[0], column).text
        day = datetime.strptime(text.split()[0], "%m/%d/%Y").date()
        for written in ways(day, personal=column.personal):
            period = parse_period(written, birthdays=column.personal)
            found = asked(browser, page, **which, **{FROM: written, TO: written})
            assert rows(found), (name, column.key, written)
            for row in rows(found):
                shown = cell(definition, row, column).text.split()[0]
                assert period.first <= datetime.strptime(shown, "%m/%d/%Y").date() <= period.last
            assert fields(found) == (written, written), "what was typed stays"
        nothing = asked(browser, page, **which, **{FROM: f"01/01/{day.year + 1}", TO: ""})
        assert text not in [cell(definition, row, column).text for row in rows(nothing)]
        wrong = asked(browser, page, **which, **{FROM: "13/45/2026", TO: ""})
        assert not rows(wrong)
        said = wrong.root.one("input", id=f"filter-{FROM}")
        assert said.attributes["aria-invalid"] == "true"
        assert said.attributes["value"] == "13/45/2026"
        sentence = wrong.root.one("p", id=said.attributes["aria-describedby"])
        assert "Enter" in sentence.text
        backwards = asked(
            browser, page, **which, **{FROM: f"{day:%m/%d/%Y}", TO: f"01/01/{day.year - 1}"}
        )
        assert "before the day in “From”" in backwards.root.one("p", id=f"filter-{TO}-error").text


def fields(page: Page) -> tuple[str, str]:
    first, last = (page.root.one("input", id=f"filter-{key}") for key in (FROM, TO))
    return first.attributes["value"], last.attributes["value"]


@pytest.mark.parametrize("name", WITH_STATUS)
def test_a_status_is_found_by_its_word(app: Flask, browser: Browser, name: str) -> None:
    definition = WITH_STATUS[name]
    page = opened(app, browser, definition)
    form = page.form(**search_form(page))
    typed = [each for each in form.all("input") if each.attributes.get("name") in ("q", "search")]
    for column in definition.columns:
        if column.tone is None:
            continue
        for word in sorted({cell(definition, row, column).text for row in rows(page)} - {""}):
            if typed:
                found = asked(browser, page, **{typed[0].attributes["name"]: word.upper()})
            else:
                chosen = {
                    select.attributes["name"]: option.attributes["value"]
                    for select in form.all("select")
                    for option in select.all("option")
                    if option.text == word
                }
                assert chosen, f"{name}: nothing finds “{word}”"
                found = asked(browser, page, **chosen)
            words = {cell(definition, row, column).text for row in rows(found)}
            assert word in words, (name, column.key, word)
            assert all(word in each for each in words), (name, column.key, word, words)


@pytest.mark.both_databases
@pytest.mark.parametrize("name", DATED)
def test_days_are_read_along_an_index(app: Flask, browser: Browser, name: str) -> None:
    """Neither a walk through the table nor a sort of more than a page, whatever its size."""
    definition = DATED[name]
    page = opened(app, browser, definition)
    table = definition.table.name
    for key, column in definition.dated.items():
        which = {BY: key} if len(definition.dated) > 1 else {}
        with watched(app) as statements:
            asked(browser, page, **which, **{FROM: "01/01/2020", TO: "12/2030"})
        paged = [each for each in statements if f"FROM {table}" in each and "LIMIT" in each]
        assert len(paged) == 2, "the count and the page"
        for each in paged:
            steps = plan_of(app, each)
            walked = [step for step in steps if f"SCAN {table}" in step or f"on {table}" in step]
            assert not [step for step in walked if "Index" not in step], (name, key, steps)
            bounds = [step for step in steps if f"{column.sorted_by.key}>" in step.replace(" ", "")]
            assert bounds, (name, key, steps)


def plan_of(app: Flask, statement: Statement) -> list[str]:
    with app.app_context(), db.engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            lines = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", statement.values)
            return [line[3] for line in lines]
        # Few rows are read at once otherwise, with whatever index.
        for way in ("seqscan", "bitmapscan", "sort"):
            connection.exec_driver_sql(f"SET LOCAL enable_{way} = off")
        lines = connection.exec_driver_sql(f"EXPLAIN {statement}", statement.values)
        return [line[0] for line in lines]
