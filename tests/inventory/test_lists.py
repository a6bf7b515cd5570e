"""The `Vaccine Inventory` tab: views, expiry, the way to the account page (SPEC D1, D8, D9)."""

from datetime import timedelta

from flask import Flask

from portal import clock
from tests.client import Browser
from tests.inventory.test_add import add
from tests.shipments.files import csv, row, take_in


def day(days: int) -> str:
    """The day so many days from today, as the portal writes it."""
    return (clock.today("America/New_York") + timedelta(days=days)).strftime("%m/%d/%Y")


def test_the_list_opens_empty_and_leads_to_all(app: Flask, browser: Browser) -> None:
    take_in(app, csv(row()))
    add(app, browser)
    fresh = Browser(app, browser.personas).sign_in("manager_ab")
    page = fresh.get("/vaccine-inventory/")
    assert "Recently Viewed" in page.root.text
    links = [link for link in page.root.all("a") if link.text == "All Vaccine Inventories"]
    assert links
    listed = fresh.get(links[-1].attributes["href"])
    assert "011J20A" in listed.root.text


def test_expired_and_expiring_lots_are_marked(app: Flask, browser: Browser) -> None:
    shipped = day(-40)
    take_in(
        app,
        csv(
            row(id="S1", lot="OLD", expires=day(-1), shipped=shipped),
            row(id="S2", lot="TODAY", expires=day(0), shipped=shipped),
            row(id="S3", lot="FRESH", expires=day(200), shipped=shipped),
        ),
    )
    browser.sign_in("manager_a")
    for number in ("S1", "S2", "S3"):
        found = browser.get(f"/shipments/?view=all&q={number}")
        record = browser.get(found.root.with_text("a", number).attributes["href"])
        form = browser.get(record.root.with_text("a", "Add to Inventory").attributes["href"])
        review = browser.submit(form, button="Next", follow=True)
        assert ("has expired" in review.root.text) is (number == "S1")
        browser.submit(review, button="Save", follow=True)
    listed = browser.get("/vaccine-inventory/?view=all&sort=expires").root.text
    assert listed.index("Expired") < listed.index("Expires soon") < listed.index("Usable")
    home = browser.get("/").root.text
    assert "OLD" in home
    assert "TODAY" in home
    assert "FRESH" not in home


def test_the_account_name_leads_to_the_account_page(app: Flask, browser: Browser) -> None:
    take_in(app, csv(row()))
    add(app, browser, doses="120")
    page = browser.get("/vaccine-inventory/?view=all")
    link = page.root.one("main").with_text("a", "Account Clinic A")
    account = browser.get(link.attributes["href"])
    assert account.root.one("h1").text == "Clinic A"
    panel = account.root.one("dl", class_="hl").text
    assert "Total Doses Received 120" in panel
    assert "Doses Available 120" in panel
    assert "Doses Administered 0" in panel
    for title in ("Account Information", "Address Information", "Contact Information"):
        assert title in account.root.text


def test_only_the_name_and_where_it_is_kept_have_a_pen(app: Flask, browser: Browser) -> None:
    take_in(app, csv(row()))
    record = add(app, browser)
    pens = [link for link in record.root.all("a") if "pen" in link.attributes.get("class", "")]
    assert [pen.attributes["aria-label"] for pen in pens] == [
        "Edit Vaccine Inventory Name",
        "Edit Storage Unit",
    ]
    form = browser.get(pens[0].attributes["href"])
    saved = browser.submit(form, {"name": "Fridge 2 – 011J20A"}, button="Save", follow=True)
    assert saved.root.one("h1").text == "Fridge 2 – 011J20A"
    assert browser.get(pens[0].attributes["href"].replace("/name", "/lot")).status == 404
    found = browser.get("/vaccine-inventory/?view=all&q=fridge")
    assert "Fridge 2" in found.root.text
