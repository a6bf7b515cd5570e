"""What protects every answer, static files too."""

from pathlib import Path

import pytest
from flask import Flask, url_for

from portal.access.profiles import Profile
from portal.app import create_app
from portal.settings import load_settings
from portal.web import assets
from tests.client import Browser
from tests.shipments.files import csv, row, take_in

STRICT = "Strict-Transport-Security"


def made(tmp_path: Path, base_url: str) -> Flask:
    return create_app(load_settings(tmp_path, base_url=base_url, jobs="off"))


def some_file(app: Flask) -> str:
    folder: Path = app.extensions["portal"].assets.folder
    path = next(path for path in sorted(folder.rglob("*")) if path.suffix == ".css")
    return f"{assets.PREFIX.rstrip('/')}/{path.relative_to(folder)}"


@pytest.mark.parametrize("address", ["/healthz", "a static file"])
def test_browsers_are_told_to_stay_with_https_and_only_then(tmp_path: Path, address: str) -> None:
    safe = made(tmp_path / "safe", "https://vaccine.example.org")
    plain = made(tmp_path / "plain", "http://127.0.0.1:8000")
    path = some_file(safe) if address == "a static file" else address
    for app, expected in ((safe, True), (plain, False), (safe, True)):
        answer = app.test_client().get(path)
        assert answer.status_code == 200
        assert (STRICT in answer.headers) is expected
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_a_page_says_what_it_may_load_and_what_is_no_page_that_it_may_load_nothing(
    tmp_path: Path,
) -> None:
    client = made(tmp_path, "http://127.0.0.1:8000").test_client()
    htmx = {"HX-Request": "true", "HX-Target": "div#main"}
    page = client.get("/healthz").headers
    assert "script-src 'self'" in page["Content-Security-Policy"]
    assert page["Permissions-Policy"]
    for part in (client.get("/healthz", headers=htmx).headers, client.get("/no//such").headers):
        assert part["X-Content-Type-Options"] == "nosniff"
        assert part["Referrer-Policy"] == "same-origin"
    assert client.get("/healthz", headers=htmx).headers["Content-Security-Policy"] == (
        "default-src 'none'"
    )


def kept_by_nobody(browser: Browser, url: str) -> str:
    """Fetch a file of which no browser or proxy keeps a copy; what it is called."""
    answer = browser.client.get(url)
    assert answer.status_code == 200, url
    assert answer.headers["Cache-Control"] == "no-store", url
    for name in ("ETag", "Last-Modified", "Expires"):
        assert name not in answer.headers, (url, name)
    disposition = answer.headers["Content-Disposition"]
    assert disposition.startswith("attachment"), url
    return disposition.partition("filename=")[2]


def test_no_download_is_kept_on_the_way_or_in_the_browser(app: Flask, browser: Browser) -> None:
    lists = app.extensions["portal"].registry.lists
    assert {"shipments", "inventory", "transfers", "accounts", "refusals"} <= set(lists)
    known = app.extensions["portal"].registry.capabilities
    for definition in lists.values():
        clinics = Profile.MANAGER in known[definition.capability].profiles
        browser.sign_in("manager_a" if clinics else "admin")
        with app.test_request_context():
            url = url_for(definition.endpoint, view="all")
        for kind in ("csv", "xlsx"):
            assert kept_by_nobody(browser, f"{url}&export={kind}").strip('"').endswith(kind)
    number = take_in(app, csv(row(doses="x"))).id
    browser.sign_in("admin")
    assert "shipments.xlsx" in kept_by_nobody(browser, "/shipments/imports/template.xlsx")
    wrong = kept_by_nobody(browser, f"/shipments/imports/{number}/corrections.xlsx")
    assert "ERROR" in wrong


def test_every_static_file_is_kept_for_good(app: Flask) -> None:
    folder: Path = app.extensions["portal"].assets.folder
    client = app.test_client()
    files = [path for path in folder.rglob("*") if path.suffix in {".css", ".js", ".svg"}]
    assert len(files) >= 3
    for path in files:
        answer = client.get(f"{assets.PREFIX.rstrip('/')}/{path.relative_to(folder)}")
        assert answer.status_code == 200
        assert "immutable" in answer.headers["Cache-Control"]
        assert "max-age=31536000" in answer.headers["Cache-Control"]
        answer.close()
    assert client.get(f"{assets.PREFIX}none.css").headers["Cache-Control"] == "no-store"
