"""Product facts: loading them, what holds on a day, and finding a vaccine by its codes."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, text

from portal.access.scope import Scope
from portal.catalog.models import Product, ProductFacts, ProductPackage
from portal.catalog.queries import (
    doses_in_vial,
    doses_per_vial,
    facts_of,
    facts_on,
    find_product_choice,
    look_up_products,
    products_by_ndc,
)
from portal.catalog.services import PRODUCTS, load_products
from portal.db import unit_of_work
from portal.errors import Invalid
from portal.lookups import Choice
from tests.client import Browser
from tests.inventory.stock import product_id, scope_for
from tests.personas import Personas
from tests.statements import watched

PURPLE, NOVAVAX = "59267-1000-01", "80631-0100-01"


@pytest.fixture
def scope(app: Flask, personas: Personas) -> Iterator[Scope]:
    """The scope of A's manager, inside the application."""
    with app.app_context():
        yield scope_for(personas, "manager_a")


def load(path: Path = PRODUCTS) -> tuple[int, int, int]:
    with unit_of_work():
        loaded = load_products(path)
    return loaded.added, loaded.changed, loaded.unchanged


def look_up(scope: Scope, text: str) -> list[Choice]:
    with unit_of_work(write=False):
        return look_up_products(scope, text)


def changed_file(tmp_path: Path, *changes: tuple[str, str]) -> Path:
    text = PRODUCTS.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / "products.csv"
    path.write_text(text, encoding="utf-8")
    return path


def rows() -> list[object]:
    with unit_of_work(write=False) as session:
        found: list[object] = []
        for model in (Product, ProductFacts, ProductPackage):
            table = model.__table__
            found += [tuple(row) for row in session.execute(select(table).order_by(table.c.id))]
        return found


@pytest.mark.both_databases
def test_loading_again_changes_nothing(scope: Scope) -> None:
    before = rows()
    added, changed, unchanged = load()
    assert (added, changed) == (0, 0)
    assert unchanged > 5
    assert rows() == before


@pytest.mark.both_databases
def test_a_changed_line_changes_its_product_alone_and_keeps_its_id(
    scope: Scope, tmp_path: Path
) -> None:
    before = product_id("59676-0580-05")
    path = changed_file(tmp_path, ("Janssen COVID-19 Vaccine", "Jcovden"))
    added, changed, _unchanged = load(path)
    assert (added, changed) == (0, 1)
    assert product_id("59676-0580-05") == before
    assert [choice.label for choice in look_up(scope, "jcov")] == ["Jcovden"]
    assert load(path)[:2] == (0, 0)


@pytest.mark.both_databases
def test_a_product_that_is_missing_from_the_file_stays(scope: Scope, tmp_path: Path) -> None:
    lines = PRODUCTS.read_text(encoding="utf-8").splitlines(keepends=True)
    path = tmp_path / "products.csv"
    path.write_text("".join(line for line in lines if "Janssen" not in line), encoding="utf-8")
    load(path)
    assert product_id("59676-0580-05")


def test_a_line_that_is_wrong_is_named_and_nothing_is_loaded(scope: Scope, tmp_path: Path) -> None:
    before = rows()
    path = changed_file(
        tmp_path, ("Janssen COVID-19 Vaccine", "Jcovden"), ("2021-04-01,2023", "04/31/2021,2023")
    )
    with pytest.raises(Invalid) as refusal:
        load(path)
    assert "MOD-RED-15" in refusal.value.message
    assert rows() == before


@pytest.mark.parametrize(
    ("day", "doses"),
    [
        (date(2020, 1, 1), 5),
        (date(2020, 12, 12), 5),
        (date(2021, 1, 5), 5),
        (date(2021, 1, 6), 6),
        (date(2023, 4, 18), 6),
        (date(2026, 1, 1), 6),
    ],
)
def test_the_doses_in_a_purple_vial_depend_on_the_day(scope: Scope, day: date, doses: int) -> None:
    number = product_id(PURPLE)
    with unit_of_work(write=False):
        facts = facts_on(number, day)
        assert facts is not None
        assert facts.doses_per_vial == doses
        assert (facts.recommended_interval_days, facts.grace_days) == ("21", 4)
        assert doses_in_vial(number, day) == doses == doses_per_vial([number], day)[number]


def test_what_is_known_of_products_is_read_once_in_a_unit(app: Flask, scope: Scope) -> None:
    purple, other = product_id(PURPLE), product_id(NOVAVAX)
    with unit_of_work() as current, watched(app) as seen:
        alone = facts_of(frozenset({purple}))
        both = facts_of(frozenset({purple, other, 999_999}))
        assert both[purple] == alone[purple]
        assert (set(both), len(seen)) == ({purple, other}, 2)
        assert facts_of(frozenset({other, 999_999})) == {other: both[other]}
        assert len(seen) == 2
        both[other][0].grace_days = 3
        again = facts_of(frozenset({purple, other}))
        assert again[other][0].grace_days == 3
        assert [text.split()[0] for text in seen[2:]] == ["UPDATE", "SELECT"]
        current.rollback()


def test_facts_of_nothing_are_none(scope: Scope) -> None:
    assert facts_on(999_999, date(2021, 1, 1)) is None


def test_every_ndc_of_the_file_leads_to_its_product(scope: Scope) -> None:
    purple = product_id(PURPLE)
    with unit_of_work(write=False):
        known = products_by_ndc()
    assert known["59267-1000-02"].id == known["59267-1000-03"].id == purple
    assert known["59267-1000-01"].manufacturer == "Pfizer-BioNTech"
    assert known["80777-0273-99"].id != known["80777-0273-98"].id
    assert known["00310-1222-15"].orderable is False
    assert all(len(ndc) == 13 for ndc in known)


@pytest.mark.both_databases
def test_one_ndc_never_belongs_to_two_products(scope: Scope) -> None:
    with unit_of_work(write=False) as session:
        packages = list(session.scalars(select(ProductPackage.ndc)))
    assert len(packages) == len(set(packages))


@pytest.mark.both_databases
@pytest.mark.parametrize(
    "text", ["pfizer", "PFÍZER purple", "59267-1000-02", "59267100002", "208", "bio pur"]
)
def test_a_vaccine_is_found_by_name_maker_cvx_and_ndc(scope: Scope, text: str) -> None:
    assert product_id(PURPLE) in {choice.id for choice in look_up(scope, text)}


def test_what_cannot_be_ordered_is_not_offered(scope: Scope) -> None:
    for typed in ("astrazeneca", "00310-1222-10", "210"):
        assert "AstraZeneca" not in str(look_up(scope, typed))
    astra = product_id("00310-1222-10")
    with unit_of_work(write=False):
        assert find_product_choice(scope, astra) is None
        assert find_product_choice(scope, "x") is None


@pytest.mark.both_databases
@pytest.mark.parametrize("text", ["%%%", "___", "zzz", "' OR 1=1 --", "\\\\\\"])
def test_a_search_means_what_it_says(scope: Scope, text: str) -> None:
    assert look_up(scope, text) == []


def test_the_look_up_wants_three_letters(browser: Browser) -> None:
    browser.sign_in("manager_a")
    assert "Pfizer" not in browser.get("/lookups/products?q=pf").html
    assert "Pfizer" in browser.get("/lookups/products?q=pfi").html
    browser.sign_in("provider_a")
    assert "Pfizer" in browser.get("/lookups/products?q=pfi").html


@pytest.mark.both_databases
def test_a_database_that_was_copied_by_hand_takes_new_products(
    scope: Scope, tmp_path: Path, database_kind: str
) -> None:
    """There the ids that come next may be given already."""
    if database_kind == "sqlite":
        pytest.skip("SQLite has no sequences")
    with unit_of_work() as session:
        session.execute(text("ALTER SEQUENCE product_id_seq RESTART"))
    path = changed_file(
        tmp_path,
        ("59676-0580-05", "59676-0581-05"),
        ("Janssen COVID-19 Vaccine", "Jcovden"),
        ("JSN-5", "JSN-6"),
    )
    assert load(path)[0] == 1
    assert load(path)[0] == 0


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("product_key,", "product,"), "These columns are missing: product_key."),
        ((",", ";"), "These columns are missing: product_key"),
        (("PFR-PURPLE-2021-01,", ","), "Line 3: product_key is empty."),
        (("195|25,6,5,6 (7 seen)", "195|25,six,5,6"), "Line 3: doses_per_vial_label must begin"),
        (("MOD,91301,80777-0273-10,80777-0273-99", "MOD,91301,,"), "Line 4: no NDC."),
        (("80777-0273-10", "80777-0273-11"), "Line 4: the product with the NDC 80777-0273-10 has"),
    ],
)
def test_a_list_that_cannot_be_meant_changes_nothing(
    app: Flask, tmp_path: Path, change: tuple[str, str], sentence: str
) -> None:
    with app.app_context():
        load()
        before = rows()
        with pytest.raises(Invalid) as refused:
            load(changed_file(tmp_path, change))
        assert refused.value.message.startswith(sentence)
        assert "Nothing was changed." in refused.value.message
        assert rows() == before


def test_a_list_that_excel_saved_is_read(app: Flask, tmp_path: Path) -> None:
    path = changed_file(tmp_path, ("COVID-19 Vaccine (purple cap; dilute)", "Purple\u00ae"))
    text = path.read_text(encoding="utf-8")
    with app.app_context():
        load()
        path.write_bytes(text.encode("cp1252"))
        with pytest.raises(Invalid, match="CSV UTF-8"):
            load(path)
        path.write_bytes(text.replace("\n", "\r\n").encode("utf-8-sig"))
        assert load(path)[:2] == (0, 1)
