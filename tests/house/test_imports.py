"""Who may import what. Read from the source, so that an import inside a function counts, too."""

import ast
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import pytest

from portal.discovery import discover
from tests.house.source import ROOT, packages, sources

# Where Flask may be imported, and why beyond the views.
FLASK = {
    "portal/app.py": "the factory",
    "portal/web/*": "the web part of the platform",
    "*/views.py": "routes",
    "*_views.py": "routes",
    "*/pages.py": "routes, or what only they use",
    "portal/wizards/step_pages.py": "the pages that routes of wizards share",
    "portal/i18n.py": "asks whether an application runs, late",
    "portal/settings.py": "the settings of the running application, late",
    "portal/module.py": "the modules of the running application, late",
    "portal/wizards/addresses.py": "the addresses of wizards",
    "portal/throttle.py": "the key of the running application",
    "portal/confirmation.py": "the page that asks why",
    "portal/messages/templates.py": "the templates of the running application",
    "blueprints/*/record.py": "routes of a record page",
    "blueprints/*/wizard.py": "routes of a wizard",
    "blueprints/*/wizards.py": "routes of wizards",
    "blueprints/*/contributions.py": "addresses in what is shown on another module's page",
}


def offences(package: str, allowed: list[str]) -> list[str]:
    return [
        place
        for source in sources()
        if not any(fnmatch(source.name, pattern) for pattern in allowed)
        for place in source.uses(package)
    ]


def test_the_platform_never_imports_a_module() -> None:
    assert not [place for source in sources("portal") for place in source.uses("blueprints")]


@pytest.mark.parametrize("name", packages())
def test_modules_import_each_other_only_along_requires(name: str) -> None:
    required = {module.name: module.requires for module in discover()}[name]
    found = {
        (source.name, imported.line, imported.name.split(".")[1])
        for source in sources(f"blueprints/{name}")
        for imported in source.imports
        if imported.name.startswith("blueprints.")
    }
    strangers = [place for place in found if place[2] not in {name, *required}]
    assert not strangers


def test_flask_is_imported_only_where_the_web_is() -> None:
    assert not offences("flask", list(FLASK))
    assert not offences("flask_login", list(FLASK))


def test_each_exception_for_flask_is_still_needed() -> None:
    users = [source.name for source in sources() if source.uses("flask")]
    unneeded = [pattern for pattern in FLASK if not any(fnmatch(name, pattern) for name in users)]
    assert not unneeded


def test_only_the_unit_of_work_commits() -> None:
    found = [
        f"{source.name}:{node.lineno}"
        for source in sources()
        if source.name != "portal/db.py"
        for node in source.nodes
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "commit"
    ]
    assert not found


@pytest.mark.parametrize(
    ("library", "home"),
    [
        ("openpyxl", "portal/sheets/*"),
        ("PIL", "portal/pictures/picture_child.py"),
        ("zxingcpp", "portal/pictures/picture_child.py"),
        ("reportlab", "portal/pdf/*"),
        ("apscheduler", "portal/jobs/*"),
        ("htmx_flask", "portal/web/htmx.py"),
        ("smtplib", "portal/messages/*"),
        ("gunicorn", "portal/serv*"),
        ("argon2", "portal/signing_in/*"),
        ("alembic", "portal/migrations.py"),
    ],
)
def test_a_library_stays_behind_its_door(library: str, home: str) -> None:
    assert not offences(library, [home])
    assert any(source.uses(library) for source in sources() if fnmatch(source.name, home))


def test_only_one_file_knows_the_headers_of_htmx() -> None:
    found = [
        f"{source.name}:{line}"
        for source in sources()
        if source.name != "portal/web/htmx.py"
        for text, line in source.texts()
        if "HX-" in text
    ]
    assert not found


def test_only_the_clock_says_what_time_it_is() -> None:
    def asks(node: ast.AST) -> bool:
        return (
            isinstance(node, ast.Attribute)
            and node.attr in {"now", "utcnow", "today"}
            and isinstance(node.value, ast.Name)
            and node.value.id in {"datetime", "date"}
        )

    found = [
        f"{source.name}:{getattr(node, 'lineno', 0)}"
        for source in sources()
        if source.name != "portal/clock.py"
        for node in source.nodes
        if asks(node)
    ]
    assert not found


def test_the_servers_first_process_stays_small() -> None:
    """portal/server.py may load little more than gunicorn before it forks."""
    start = "import sys, portal.server; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", start], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout.split()
    assert "portal.serving.worker" in loaded
    heavy = ("flask", "werkzeug", "sqlalchemy", "jinja2", "portal.app", "portal.settings")
    assert not [name for name in loaded if name.startswith((*heavy, "portal.web"))]


def test_only_the_dialect_of_the_present_database_is_loaded(tmp_path: Path) -> None:
    """The other would cost each small clinic 3 MiB; an index that names its options is enough."""
    start = (
        "import sys; from pathlib import Path; from portal.app import create_app;"
        "from portal.settings import load_settings;"
        f"create_app(load_settings(Path({str(tmp_path)!r}), jobs='off'));"
        "print(*(name for name in sys.modules if 'dialects.' in name or 'psycopg' in name))"
    )
    found = subprocess.run(
        [sys.executable, "-c", start], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout.split()
    assert "sqlalchemy.dialects.sqlite" in found
    assert [name for name in found if "postgresql" in name or "psycopg" in name] == []
