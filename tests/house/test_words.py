"""Every word that is shown can be found by who translates: it stands in the code as a literal."""

import ast
import re

from babel.messages.extract import extract_from_dir
from flask import Flask
from flask_babel import LazyString
from jinja2 import nodes

from portal.discovery import discover
from tests.house.source import ROOT, Source, sources, templates

ASKED = {"_", "_l", "ngettext"}
METHODS = [
    ("portal/**.py", "python"),
    ("blueprints/**.py", "python"),
    ("templates/**.html", "jinja2"),
    ("templates/**.txt", "jinja2"),
    ("templates/**.subject", "jinja2"),
]


def hidden_in(source: Source) -> list[str]:
    """Calls for a translation of something that is not written there."""
    return [
        f"{source.name}:{node.lineno}"
        for node in source.nodes
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ASKED
        and not isinstance(node.args[0], ast.Constant)
        and source.name != "portal/i18n.py"
    ]


def hidden_in_template(app: Flask, text: str) -> list[int]:
    """The lines of the same, in a template."""
    calls = app.jinja_env.parse(text).find_all(nodes.Call)
    return [
        call.lineno
        for call in calls
        if isinstance(call.node, nodes.Name)
        and call.node.name in ASKED
        and not isinstance(next(iter(call.args), None), nodes.Const)
    ]


def test_what_is_to_be_translated_is_written_where_it_is_asked_for() -> None:
    assert [line for source in sources() for line in hidden_in(source)] == []


def test_nobody_asks_by_a_name_that_is_not_extracted() -> None:
    others = [
        f"{source.name}:{found.line} {found.name}"
        for source in sources()
        for found in source.imports
        if found.name.startswith("flask_babel.") and "gettext" in found.name
    ]
    assert others == []


def test_so_it_is_in_templates(bare_app: Flask) -> None:
    found = {path: hidden_in_template(bare_app, path.read_text("utf-8")) for path in templates()}
    assert {path: lines for path, lines in found.items() if lines} == {}


def test_words_out_of_a_variable_would_be_noticed(bare_app: Flask) -> None:
    source = Source(ROOT / "portal" / "module.py")
    source.__dict__["tree"] = ast.parse("_('Tab')\n_(tab.label)")
    assert hidden_in(source) == ["portal/module.py:2"]
    assert hidden_in_template(bare_app, "{{ _('Tab') }}\n{{ _(tab.label) }}") == [2]


def test_what_modules_declare_is_translated_when_it_is_shown() -> None:
    plain = [
        f"{module.name}: {text}"
        for module in discover()
        if module.name != "fridges"
        for text in (
            *(tab.label for tab in module.tabs),
            *(job.title for job in module.jobs),
            *(capability.title for capability in module.capabilities),
        )
        if not isinstance(text, LazyString)
    ]
    assert plain == []


def test_the_words_are_found_as_contributing_says() -> None:
    found = {
        message
        for _file, _line, message, _comments, _context in extract_from_dir(
            ROOT, METHODS, keywords={"_": None, "_l": None, "ngettext": (1, 2)}
        )
        if isinstance(message, str)
    }
    assert {"Shipments", "Vaccine Inventory", "Send messages", "See vaccine inventory"} <= found
    assert {"Healthcare Location Manager", "Please fill in this field.", "Sign In"} <= found
    assert len(found) > 1_000


COUNTED = re.compile(
    r"%\(\w+\)s (?:(?:usable|more|of (?:the|these)|shipped|good|other) )*"
    r"(doses|rows|records|vials|users|recipients|shipments|transfers|messages|locations|lots|boxes"
    r"|appointments|cases|lines|entries|files|days|hours|minutes)\b"
)
# A number in front of a limit that is never one.
ALWAYS_MANY = {
    "No header row was found in the first %(count)s rows.",
    "The table has more than %(limit)s rows.",
}


def counted_alone() -> list[str]:
    """Sentences that say “1 doses”: a number and its noun, without a form for one."""
    asked = {"_": None, "_l": None, "gettext": None}
    return sorted(
        f"{file}:{line} {message}"
        for file, line, message, _comments, _context in extract_from_dir(
            ROOT, METHODS, keywords=asked
        )
        if isinstance(message, str)
        and not file.startswith("templates/mail/")
        and message not in ALWAYS_MANY
        and COUNTED.search(message)
    )


def test_numbers_agree_with_their_nouns() -> None:
    assert counted_alone() == []


def test_one_doses_would_be_noticed() -> None:
    for said in ("%(doses)s doses were added.", "Only %(number)s usable doses are left."):
        assert COUNTED.search(said)
    for said in ("Doses: %(doses)s.", "%(name)s, doses: %(doses)s", "%(number)s in transit"):
        assert not COUNTED.search(said)
