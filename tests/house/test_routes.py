"""The URL map obeys the house."""

from flask import Flask
from werkzeug.routing.converters import NumberConverter

from portal.module import Registry
from portal.web import guards
from tests.house.source import sources


def test_every_route_says_who_may_use_it(app: Flask) -> None:
    registry: Registry = app.extensions["portal"].registry
    for rule in app.url_map.iter_rules():
        access = guards.access_of(app.view_functions[rule.endpoint])
        assert access is not None, f"{rule.rule} ({rule.endpoint}) has no access mark"
        known = {guards.PUBLIC, guards.SIGNED_IN, *registry.capabilities}
        known |= {guards.OF_VISITOR + kind for kind in registry.visits}
        assert access in known, f"{rule.endpoint} needs the unknown capability {access!r}"


def test_every_public_route_says_why(bare_app: Flask) -> None:
    for rule in bare_app.url_map.iter_rules():
        view = bare_app.view_functions[rule.endpoint]
        if guards.access_of(view) == guards.PUBLIC:
            assert len(guards.reason_of(view)) > 5, rule.endpoint


def test_what_visitors_hold_a_link_to_has_a_page_with_its_token(app: Flask) -> None:
    registry: Registry = app.extensions["portal"].registry
    for name, visit in registry.visits.items():
        assert guards.visited_by(app.view_functions[visit.endpoint]) == name
    for rule in app.url_map.iter_rules():
        if guards.visited_by(app.view_functions[rule.endpoint]):
            assert "token" in rule.arguments, rule.rule


def test_what_needs_no_database_is_public(bare_app: Flask) -> None:
    """Such a view runs before anybody is known, so it may be nobody's secret."""
    for endpoint, view in bare_app.view_functions.items():
        if getattr(view, guards.NO_DATABASE, False):
            assert guards.access_of(view) == guards.PUBLIC, endpoint


def test_no_form_is_taken_without_its_token(bare_app: Flask) -> None:
    protection = bare_app.extensions["csrf"]
    assert not protection._exempt_views
    assert not protection._exempt_blueprints


def test_addresses_carry_numbers_and_words_only(bare_app: Flask) -> None:
    """No free text in a path: what people type must not end up in a log."""
    for rule in bare_app.url_map.iter_rules():
        for name, converter in rule._converters.items():
            if isinstance(converter, NumberConverter):
                continue
            assert name in FREE_PARTS, f"{rule.rule} ({name})"


# Parts of a path that are no numbers: names from the code, and tokens.
FREE_PARTS = {"name", "token", "view", "step", "field", "file", "key", "filename", "kind", "which"}


def test_every_capability_is_used(bare_app: Flask) -> None:
    registry: Registry = bare_app.extensions["portal"].registry
    used = {guards.access_of(view) for view in bare_app.view_functions.values()}
    for module in registry:
        used |= {tab.capability for tab in module.tabs}
        used |= {fill.capability for fill in module.fills}
        used |= {lookup.capability for lookup in module.lookups}
    asked = "".join(source.path.read_text("utf-8") for source in sources("blueprints"))
    used |= {
        name
        for name in registry.capabilities
        if f'.can("{name}")' in asked or f'.require("{name}")' in asked
    }
    unused = set(registry.capabilities) - used
    assert not unused, f"nothing asks for {sorted(unused)}"
