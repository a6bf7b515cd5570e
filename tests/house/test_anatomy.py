"""Every module is built alike (DESIGN 3)."""

import ast
import importlib
import sys
from collections.abc import Iterable

import pytest

from portal.access.profiles import Profile
from portal.discovery import discover
from portal.module import Module, load
from tests.house.source import ROOT, Source, packages, sources

PURE = {
    "portal.errors",
    "portal.i18n",
    "portal.clock",
    "portal.normal_form",
    "portal.access.profiles",
}
LINES = 400
STATEMENTS = 40
NAMELESS = {"utils", "helpers", "misc", "common"}


def declared(name: str) -> Module:
    return {module.name: module for module in discover()}[name]


@pytest.mark.parametrize("name", packages())
def test_a_module_announces_itself_under_its_own_name(name: str) -> None:
    assert importlib.import_module(f"blueprints.{name}").module is declared(name)
    assert ast.get_docstring(Source(ROOT / "blueprints" / name / "__init__.py").tree)


@pytest.mark.parametrize("name", packages())
def test_the_announcement_is_data_without_logic(name: str) -> None:
    source = Source(ROOT / "blueprints" / name / "__init__.py")
    for node in source.tree.body:
        assert isinstance(node, (ast.Expr, ast.Import, ast.ImportFrom, ast.Assign)), node.lineno
    allowed = ("datetime", "portal.module", "portal.access.profiles", "portal.i18n", "flask_babel")
    for found in source.imports:
        assert found.name.startswith(allowed), f"{source.name}:{found.line} {found.name}"


@pytest.mark.parametrize("name", packages())
def test_whatever_a_module_names_exists(name: str) -> None:
    module = declared(name)
    blueprints = module.blueprint or ()
    paths = [blueprints] if isinstance(blueprints, str) else list(blueprints)
    commands = module.commands or ()
    paths += [commands] if isinstance(commands, str) else list(commands)
    paths += [fill.function for fill in module.fills]
    paths += [job.function for job in module.jobs]
    paths += [check.function for check in module.checks]
    paths += [lookup.function for lookup in module.lookups]
    paths += [lookup.find for lookup in module.lookups if lookup.find]
    paths += [*module.lists, *module.imports, *module.channels]
    paths += [module.settings] if module.settings else []
    paths += [kind.still_true for kind in module.messages if kind.still_true]
    paths += [kind.still_reaches for kind in module.messages if kind.still_reaches]
    paths += [module.practice] if module.practice else []
    paths += [module.words] if module.words else []
    for path in paths:
        assert load(path) is not None, path
    if module.models:
        importlib.import_module(module.models)
    for fill in module.fills:
        assert (ROOT / "templates" / fill.template).exists(), fill.template


@pytest.mark.parametrize(
    "source",
    [source for source in sources() if source.path.name == "rules.py"],
    ids=lambda source: source.name,
)
def test_rules_need_nothing_but_values(source: Source) -> None:
    own = source.name.removesuffix("/rules.py").replace("/", ".")
    for found in source.imports:
        top = found.name.split(".")[0]
        if top in sys.stdlib_module_names or found.name.startswith((f"{own}.rules", "email_valid")):
            continue
        known = any(found.name == name or found.name.startswith(f"{name}.") for name in PURE)
        others = found.name.startswith("portal.formats.codes") or ".rules" in found.name
        bare = found.name in {name.rpartition(".")[0] for name in PURE}
        assert known or others or bare, f"{source.name}:{found.line} imports {found.name}"


@pytest.mark.parametrize(
    "source",
    [source for source in sources() if source.path.name == "models.py"],
    ids=lambda source: source.name,
)
def test_models_ask_nothing_and_do_nothing(source: Source) -> None:
    for found in source.imports:
        assert not found.name.startswith("portal.db.session"), f"{source.name}:{found.line}"
        last = found.name.rpartition(".")[2]
        assert last not in {"queries", "services", "views"}, f"{source.name}:{found.line}"


def test_no_file_is_too_long_and_none_is_a_drawer() -> None:
    for source in sources():
        lines = source.path.read_text("utf-8").count("\n")
        assert lines <= LINES or source.name == "portal/formats/codes.py", f"{source.name}: {lines}"
        assert source.path.stem not in NAMELESS, source.name


def test_no_function_is_too_long() -> None:
    long = [
        f"{source.name}:{node.lineno} {node.name} {statements(node)}"
        for source in sources()
        for node in source.nodes
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and node.name != "init_app"  # registers handlers, each a function of its own
        and statements(node) > STATEMENTS
    ]
    assert not long


def statements(function: ast.AST) -> int:
    return sum(isinstance(node, ast.stmt) for node in ast.walk(function)) - 1


def test_every_file_says_what_it_is_for() -> None:
    silent = [
        source.name
        for source in sources()
        if source.path.stat().st_size and not ast.get_docstring(source.tree)
    ]
    assert not silent


def test_a_look_up_is_declared_by_whom_it_belongs_to() -> None:
    for module in discover():
        home = "portal." if module.name == "platform" else f"blueprints.{module.name}."
        for lookup in module.lookups:
            assert lookup.function.startswith(home), f"{module.name}: {lookup.name}"
            assert (lookup.find or home).startswith(home), f"{module.name}: {lookup.name}"


def test_managers_may_use_every_look_up() -> None:
    """Their forms ask for all of them."""
    registry = discover()
    may = registry.capabilities_of(Profile.MANAGER)
    assert {"products", "shipments", "accounts"} <= set(registry.lookups)
    assert {lookup.capability for lookup in registry.lookups.values()} <= may


def named_twice(found: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """The class names that more than one class has, with where they are."""
    places: dict[str, list[str]] = {}
    for name, place in found:
        places.setdefault(name, []).append(place)
    return {name: where for name, where in places.items() if len(where) > 1}


def test_a_class_name_means_one_thing() -> None:
    classes = (
        (node.name, f"{source.name}:{node.lineno}")
        for source in sources()
        for node in source.nodes
        if isinstance(node, ast.ClassDef)
    )
    assert named_twice(classes) == {}


def test_a_class_name_used_twice_would_be_noticed() -> None:
    assert named_twice([("Sent", "a:1"), ("Kind", "a:2"), ("Sent", "b:1")]) == {
        "Sent": ["a:1", "b:1"]
    }
