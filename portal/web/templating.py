"""What every template can use: filters for dates and numbers, addresses, the scope, the frame."""

from collections.abc import MutableMapping
from datetime import datetime
from typing import Any

from flask import Flask, render_template, url_for
from flask.templating import Environment
from flask_babel import get_locale
from jinja2 import StrictUndefined, pass_eval_context
from jinja2.nodes import EvalContext
from markupsafe import Markup, escape
from werkzeug.routing import BuildError

from portal.formats.shown import day, moment_in, number
from portal.i18n import translated, translated_plural
from portal.module import load
from portal.submissions import new_operation_id
from portal.web import assets, attributes, frame
from portal.web.context import find_scope, time_zone
from portal.web.line_breaks import LineBreaks


class Templates(Environment):
    """Flask's templates, which share one mapping of what all of them can use.

    Each had a chain of mappings its own, which was gone through for every import of every page:
    an eighth of what a page takes.
    """

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """What a template can use beside what it is given."""
        return super().make_globals(d) if d else self.globals


@pass_eval_context
def text(context: EvalContext, message: str, **params: object) -> str:
    """`_` of the templates. Jinja's own says the same; it asks four functions for each of the
    hundred texts of a page."""
    return _filled(context, translated(message), params)


@pass_eval_context
def plural(context: EvalContext, one: str, several: str, num: int, /, **params: object) -> str:
    """`ngettext` of the templates."""
    return _filled(context, translated_plural(one, several, num), {"num": num, **params})


def _filled(context: EvalContext, found: str, params: dict[str, object]) -> str:
    if context.autoescape:
        found = Markup(found)  # noqa: S704 - what fills its places is escaped
    return found % params if "%" in found else found


def moment(value: datetime | None) -> str:
    """A moment in the time zone of the request, named (SPEC B7); empty for none."""
    return moment_in(value, time_zone())


def init_app(app: Flask) -> None:
    """Install filters and globals; an unknown variable is an error."""
    portal = app.extensions["portal"]
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_env.add_extension(LineBreaks)
    app.jinja_env.install_gettext_callables(translated, translated_plural, newstyle=True)  # type: ignore[attr-defined]
    app.jinja_env.globals.update(_=text, gettext=text, ngettext=plural)
    app.jinja_env.filters.update(day=day, moment=moment, number=number)

    def link_to(endpoint: str, **values: object) -> str | None:
        """The address of `endpoint`, or None when its module is switched off."""
        try:
            return url_for(endpoint, **values)  # type: ignore[arg-type]
        except BuildError:
            return None

    def slot(name: str, subject: object = None) -> Markup:
        """What the modules contribute to the place `name` of this page, one after another."""
        scope = find_scope()
        if scope is None:
            return Markup("")
        parts = []
        for fill in portal.registry.fills(name):
            if not scope.can(fill.capability):
                continue
            context = load(fill.function)(scope, subject)
            if context is not None:
                # Rendered with escaping by the template itself.
                parts.append(Markup(render_template(fill.template, **context)))  # noqa: S704
        return Markup("").join(parts)

    def front_links() -> list[dict[str, object]]:
        """Where else somebody may want to go who is not signed in."""
        found = [load(fill.function)() for fill in portal.registry.fills("front.links")]
        return [each for each in found if each is not None]

    def acting_as() -> str:
        """The profile in which the user acts, for who holds two; empty for everybody else."""
        scope = find_scope()
        return scope.user.profile if scope is not None and scope.other_profile else ""

    def icon(name: str) -> Markup:
        """An icon of the sprite; decoration only."""
        sprite = escape(portal.assets.url("icons.svg"))
        return Markup('<svg class="i" aria-hidden="true"><use href="{}#{}"/></svg>').format(
            sprite, name
        )

    app.jinja_env.globals.update(
        acting_as=acting_as,
        asset=portal.assets.url,
        needed_by=assets.needed_by,
        front_links=front_links,
        icon=icon,
        in_words=portal.registry.in_words,
        link_to=link_to,
        module_on=portal.registry.on,
        operation_id=new_operation_id,
        settings=portal.settings,
        slot=slot,
    )

    attributes.use_for_inputs()
    frame.init_app(app)

    @app.context_processor
    def of_this_request() -> dict[str, object]:
        return {"scope": find_scope(), "lang": str(get_locale() or "en")}
