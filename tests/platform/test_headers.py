"""What protects every answer, static files too."""

from pathlib import Path

import pytest
from flask import Flask

from portal.app import create_app
from portal.settings import load_settings
from portal.web import assets

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
