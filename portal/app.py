"""The application factory: settings → database → modules → web."""

import importlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import Flask, request
from flask_babel import Babel
from flask_compress import Compress
from sqlalchemy import make_url
from whitenoise import WhiteNoise

from portal import soundness
from portal.catalogues import compiled
from portal.db import PATIENCE_OF_A_PERSON, db
from portal.discovery import discover
from portal.engine import prepare_engine
from portal.module import Module, Registry, load
from portal.settings import Settings, load_settings
from portal.web import (
    assets,
    bounds,
    errors,
    login,
    metrics,
    refusals,
    refused_pages,
    security,
    templating,
    tokens,
    visiting,
)
from portal.web import htmx as htmx_headers
from portal.web.context import find_scope
from portal.web.converters import RecordNumber
from portal.web.requests import Portal

FOREVER = timedelta(days=365)
# A server that is gone without a word must not keep the threads waiting for minutes: seconds until
# a connection is there, and for one in use until it is given up (the last in milliseconds).
UNREACHABLE_SOON = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}


@dataclass(frozen=True)
class Extension:
    """What the platform keeps on the application, at `app.extensions["portal"]`."""

    settings: Settings
    module_settings: Mapping[type, object]
    registry: Registry
    assets: assets.Assets


def create_app(
    settings: Settings | None = None, *, extra_modules: Iterable[Module] = (), **overrides: Any
) -> Flask:
    """Build the application. Without `settings` they are read from the instance folder.

    `extra_modules` are added to those found; for tests and for embedding.
    """
    settings = settings or load_settings(**overrides)
    app = Portal(
        "portal",
        static_folder=None,
        template_folder=str(assets.ROOT.parent / "templates"),
        instance_path=str(settings.instance),
    )
    _configure(app, settings)
    registry = discover(settings.modules_off, extra_modules)
    app.extensions["portal"] = Extension(
        settings,
        registry.settings(settings.modules),
        registry,
        assets.Assets(settings.instance / "assets").build(),
    )
    db.init_app(app)
    with app.app_context():
        prepare_engine(db.engine)
        soundness.watch(db.engine, settings.instance)
    for module in registry.modules:
        if module.models:
            importlib.import_module(module.models)
    registry.check()
    for channel in registry.channels.values():
        channel.check(settings)
    _install_web(app, settings)
    for module in registry:
        paths = module.blueprint or ()
        for path in (paths,) if isinstance(paths, str) else paths:
            app.register_blueprint(load(path))
    if settings.debug:
        app.register_blueprint(load("portal.web.styleguide:blueprint"))
    return app


def _configure(app: Flask, settings: Settings) -> None:
    app.config.update(
        SECRET_KEY=settings.key("cookie"),
        OPERATION_KEY=settings.key("operation"),
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=_engine_options(settings.database_url),
        SESSION_COOKIE_NAME="__Host-portal" if settings.secure else "portal",
        SESSION_COOKIE_SECURE=settings.secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_REFRESH_EACH_REQUEST=False,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,
        MAX_CONTENT_LENGTH=settings.upload_mib * 1024 * 1024,
        MAX_FORM_MEMORY_SIZE=2 * 1024 * 1024,
        MAX_FORM_PARTS=2_000,
        BABEL_DEFAULT_LOCALE="en",
        BABEL_TRANSLATION_DIRECTORIES=str(compiled(settings.instance / "translations")),
        BABEL_DEFAULT_TIMEZONE=settings.time_zone,
        COMPRESS_ALGORITHM=["br", "gzip"],
        COMPRESS_BR_LEVEL=5,
        COMPRESS_MIN_SIZE=300,
    )
    app.url_map.strict_slashes = False
    app.url_map.converters["int"] = RecordNumber


def _engine_options(url: str) -> dict[str, Any]:
    # What was to be written stays out of error texts, and so out of logs.
    options: dict[str, Any] = {"pool_size": 8, "max_overflow": 8, "hide_parameters": True}
    options["pool_timeout"] = PATIENCE_OF_A_PERSON
    if not url.startswith("sqlite"):
        # The one that was used last: it has not rested long, and knows the statements.
        options |= {"pool_recycle": 1800, "pool_use_lifo": True}
        given = make_url(url).query
        options["connect_args"] = {
            name: value for name, value in UNREACHABLE_SOON.items() if name not in given
        }
    return options


def _install_web(app: Flask, settings: Settings) -> None:
    extension: Extension = app.extensions["portal"]
    Babel(app, locale_selector=lambda: _language(settings))
    app.jinja_env.add_extension("jinja2.ext.i18n")
    metrics.init_app(app, settings)
    bounds.init_app(app)
    tokens.init_app(app)
    login.init_app(app)
    templating.init_app(app)
    htmx_headers.init_app(app)
    security.init_app(app, secure=settings.secure)
    visiting.init_app(app)
    errors.init_app(app)
    refusals.init_app(app)
    Compress(app)
    refused_pages.init_app(app)
    if settings.trusted_proxies:
        from werkzeug.middleware.proxy_fix import ProxyFix

        count = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, count, count)  # type: ignore[method-assign]
    app.wsgi_app = WhiteNoise(  # type: ignore[method-assign]
        app.wsgi_app,
        root=str(extension.assets.folder),
        prefix=assets.PREFIX,
        max_age=int(FOREVER.total_seconds()),
        immutable_file_test=lambda _path, _url: True,
        allow_all_origins=False,
        add_headers_function=security.static_headers,
    )
    app.wsgi_app = bounds.Bounds(app.wsgi_app)  # type: ignore[method-assign]


def _language(settings: Settings) -> str | None:
    if visiting.is_visit():
        return visiting.language()
    scope = find_scope()
    if scope is not None and scope.language in settings.languages:
        return scope.language
    return request.accept_languages.best_match(settings.languages) if request else None
