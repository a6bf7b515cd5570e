"""Fixtures of the whole suite: an application on a fresh database, the personas, a client.

`--databases sqlite,postgresql` names the databases. Each test runs on the first of them; what is
marked `both_databases`, and with `--all` everything that touches data, on each.
`PORTAL_TEST_POSTGRESQL` names the server.
"""

import copy
import functools
import gc
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from types import CodeType
from typing import Any

import pytest
from flask import Flask
from jinja2 import BytecodeCache, Environment
from jinja2.bccache import Bucket
from sqlalchemy import Engine, create_engine, text
from werkzeug.routing import Rule

from portal import catalogues, discovery, migrations
from portal.app import create_app
from portal.catalog.services import load_products
from portal.db import db, unit_of_work
from portal.module import Module
from portal.settings import load_settings
from tests import databases
from tests.client import Browser
from tests.personas import Personas, make_personas

pytest_plugins = ("tests.effort", "tests.budget", "tests.sharing")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--databases", default="sqlite", help="sqlite, postgresql, or both by comma")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "database_kind" in metafunc.fixturenames:
        kinds = metafunc.config.getoption("--databases").split(",")
        everything = metafunc.config.getoption("--all")
        if not everything and not metafunc.definition.get_closest_marker("both_databases"):
            kinds = kinds[:1]
        metafunc.parametrize("database_kind", kinds, indirect=True, scope="session")


def pytest_collection() -> None:
    gc.disable()


def pytest_collection_finish() -> None:
    """What was imported stays: to look through it for garbage again and again is an eighth of a
    run, and a third of the collection."""
    gc.enable()
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


@pytest.fixture(scope="session")
def database_kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="session")
def keys_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An instance folder whose keys and built assets are shared by all tests."""
    folder = tmp_path_factory.mktemp("instance")
    settings = load_settings(folder)
    for name in ("cookie", "operation", "audit", "throttle"):
        settings.key(name)
    return folder


@pytest.fixture(scope="session")
def template_database(
    database_kind: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """A migrated database with the personas in it, copied for each test; its URL."""
    if database_kind == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('template') / 'template.sqlite'}"
    else:
        name = databases.make()
        url = databases.server_url(name)
    engine = create_engine(url)
    migrations.upgrade(engine)
    app = create_app(
        load_settings(tmp_path_factory.mktemp("template-instance"), database_url=url, jobs="off")
    )
    with app.app_context():
        make_personas()
        with unit_of_work():
            load_products()
        db.engine.dispose()
    if database_kind == "sqlite":
        with engine.connect() as connection:
            connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
    engine.dispose()
    yield url
    if database_kind != "sqlite":
        databases.drop(name)


@pytest.fixture(scope="session")
def lent(template_database: str) -> Iterator[databases.Lent | None]:
    """The PostgreSQL database that goes from test to test."""
    with databases.lending(template_database) as one:
        yield one


@pytest.fixture
def database_url(lent: databases.Lent | None, template_database: str, tmp_path: Path) -> str:
    """A database as the template is, for this test alone."""
    if lent is not None:
        return databases.server_url(lent.lend())
    path = tmp_path / "portal.sqlite"
    shutil.copy(template_database.removeprefix("sqlite:///"), path)
    return f"sqlite:///{path}"


@pytest.fixture(scope="session", autouse=True)
def compiled_rules() -> Iterator[None]:
    """What Werkzeug makes of a rule depends on the rule's text alone: once is enough, although
    each test has an application of its own."""
    compile_one, known = Rule.compile, dict[tuple[object, ...], Rule]()

    def once(rule: Rule) -> None:
        key = (rule.rule, rule.subdomain, rule.host, repr(rule.defaults), rule.merge_slashes)
        if key not in known:
            compile_one(rule)
            known[key] = rule
            return
        like = known[key]
        rule._parts, rule._trace, rule._converters = like._parts, like._trace, like._converters
        rule.arguments |= like.arguments
        for name in ("_build", "_build_unknown"):
            setattr(rule, name, getattr(like, name).__func__.__get__(rule))

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Rule, "compile", once)
        yield


@pytest.fixture(scope="session", autouse=True)
def installed_packages() -> Iterator[None]:
    """What is installed changes only with where packages are looked for."""
    ask = functools.cache(lambda _path, group: entry_points(group=group))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(discovery, "entry_points", lambda group: ask(tuple(sys.path), group))
        yield


class CompiledTemplates(BytecodeCache):
    """What Jinja compiles depends on the filters, too: those of mails are others."""

    def __init__(self) -> None:
        self.known: dict[str, CodeType] = {}

    def get_bucket(
        self, environment: Environment, name: str, filename: str | None, source: str
    ) -> Bucket:
        """The compiled template, if it is known."""
        kind = f"mail {environment.autoescape}" if environment.overlayed else "page"
        key = f"{kind} {filename} {name}"
        bucket = Bucket(environment, f"{key} {self.get_source_checksum(source)}", "")
        bucket.code = self.known.get(bucket.key)
        return bucket

    def set_bucket(self, bucket: Bucket) -> None:
        """Know one more."""
        self.known[bucket.key] = bucket.code


@pytest.fixture(scope="session", autouse=True)
def compiled_catalogues() -> Iterator[None]:
    """Each test has an instance of its own, but the translations of all."""
    compile_one, known = catalogues._compile, {}

    def once(path: Path) -> bytes:
        key = (path, path.read_bytes())
        if key not in known:
            known[key] = compile_one(path)
        return known[key]

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(catalogues, "_compile", once)
        yield


@pytest.fixture(scope="session", autouse=True)
def compiled_templates() -> Iterator[None]:
    """Each test has an application of its own, but not pages of its own."""
    cache = CompiledTemplates()
    with pytest.MonkeyPatch.context() as patched:
        patched.setitem(Flask.jinja_options, "bytecode_cache", cache)  # type: ignore[typeddict-unknown-key]
        yield


@pytest.fixture(scope="session")
def statements(database_kind: str) -> Callable[[Engine], None]:
    """Lets an engine use the statements that others of the same kind have compiled before."""
    known: list[Engine] = []

    def share(engine: Engine) -> None:
        if not known:
            engine.connect().close()  # It gets to know its server, for all that come after it.
            known.append(engine)
        engine.dialect = engine.pool._dialect = known[0].dialect
        engine._compiled_cache = known[0]._compiled_cache

    return share


@pytest.fixture
def own_instance(keys_folder: Path, tmp_path: Path) -> Path:
    """An instance folder for this test alone, with the keys and assets that all share."""
    folder = tmp_path / "instance"
    folder.mkdir(exist_ok=True)
    shutil.copytree(keys_folder / "keys", folder / "keys", dirs_exist_ok=True)
    (folder / "assets").symlink_to(_assets(keys_folder))
    return folder


@pytest.fixture
def own_settings() -> dict[str, Any]:
    """Settings of the application; a folder of tests may have its own."""
    return {}


@pytest.fixture
def extra_modules() -> Sequence[Module]:
    """Modules beside the portal's; a folder of tests may have its own."""
    return ()


@pytest.fixture
def app(
    database_url: str,
    own_instance: Path,
    own_settings: dict[str, Any],
    extra_modules: Sequence[Module],
    statements: Callable[[Engine], None],
) -> Iterator[Flask]:
    """The application on the test's database, with jobs run by hand and no mail server."""
    settings = load_settings(own_instance, database_url=database_url, jobs="off", **own_settings)
    made = create_app(settings, extra_modules=extra_modules)
    made.testing = True
    with made.app_context():
        statements(db.engine)
    yield made
    with made.app_context():
        db.engine.dispose()


def _assets(folder: Path) -> Path:
    from portal.web.assets import Assets

    return Assets(folder / "assets").build().folder


@pytest.fixture(scope="session")
def known_personas() -> dict[str, Personas]:
    """By template, the people in it."""
    return {}


@pytest.fixture
def personas(app: Flask, template_database: str, known_personas: dict[str, Personas]) -> Personas:
    """The people of the template database, by role."""
    if template_database not in known_personas:
        with app.app_context():
            known_personas[template_database] = Personas.load()
    return copy.deepcopy(known_personas[template_database])


@pytest.fixture
def browser(app: Flask, personas: Personas) -> Browser:
    """A client that reads each page it fetches; `browser.sign_in("manager_a")`."""
    return Browser(app, personas)
