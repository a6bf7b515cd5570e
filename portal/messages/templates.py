"""Templates of e-mails: rendered without a request, links built from `base_url` alone."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from flask import Flask, current_app
from jinja2 import Environment, pass_context
from jinja2.runtime import Context
from werkzeug.routing import MapAdapter

from portal.i18n import speaking

PARTS = ("subject", "txt", "html")


def absolute_url(endpoint: str, **values: object) -> str:
    """The full address of `endpoint`, as people outside reach it. Raises `BuildError`."""
    return _adapter(current_app._get_current_object()).build(  # type: ignore[attr-defined]
        endpoint, values, force_external=True
    )


def template_names(kind: str) -> dict[str, str]:
    """The templates of a kind of message, by part."""
    return {part: f"mail/{kind}.{part}" for part in PARTS}


def render_mail(
    kind: str, context: Mapping[str, Any], *, language: str, zone: str
) -> dict[str, str]:
    """Subject, text and HTML of a message, by part; moments are shown in the time zone `zone`.

    Raises Jinja's errors for a missing template or an unknown variable.
    """
    return {
        part: render_part(kind, part, context, language=language, zone=zone)
        for part in template_names(kind)
    }


def render_part(
    kind: str, part: str, context: Mapping[str, Any], *, language: str, zone: str
) -> str:
    """One part of a message, as `render_mail`."""
    environment = _environment(current_app._get_current_object())  # type: ignore[attr-defined]
    template = environment.get_template(template_names(kind)[part])
    with speaking(language):
        return template.render(**context, zone=zone, lang=language)


def missing_templates(kinds: list[str]) -> list[str]:
    """The templates that these kinds of messages lack."""
    environment = _environment(current_app._get_current_object())  # type: ignore[attr-defined]
    known = set(environment.list_templates(filter_func=lambda name: name.startswith("mail/")))
    return [name for kind in kinds for name in template_names(kind).values() if name not in known]


@pass_context
def _moment(context: Context, value: datetime | None) -> str:
    if value is None:
        return ""
    return value.astimezone(ZoneInfo(context["zone"])).strftime("%m/%d/%Y %I:%M %p %Z")


def _environment(app: Flask) -> Environment:
    held: Environment | None = app.extensions.get("portal_mail")
    if held is not None:
        return held
    # A copy: the pages' `moment` asks who is signed in, and here nobody is.
    environment = app.jinja_env.overlay()
    environment.filters = {**app.jinja_env.filters, "moment": _moment}
    environment.globals = {**app.jinja_env.globals, "url": absolute_url}
    app.extensions["portal_mail"] = environment
    return environment


def _adapter(app: Flask) -> MapAdapter:
    parts = urlsplit(app.extensions["portal"].settings.base_url)
    return app.url_map.bind(
        parts.netloc, script_name=parts.path or "/", url_scheme=parts.scheme or "http"
    )
