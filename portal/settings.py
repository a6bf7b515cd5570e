"""Typed settings: defaults, then `instance/portal.toml`, then `PORTAL_…` environment variables.

A bad value stops the start with one sentence; nothing is guessed.
"""

import os
import re
import secrets
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, TypeVar, cast, get_type_hints
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from portal.mailboxes import mailbox


class SettingsError(Exception):
    """The configuration cannot be used; the message says which setting and why."""


T = TypeVar("T")

DEFAULT_BASE_URL = "http://127.0.0.1:8000"
HOST = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*")
LANGUAGE = re.compile(r"[a-z]{2,3}(_[A-Za-z]{2,4})*")
PREFIX = re.compile(r"\+[1-9][0-9]{0,6}")
TOKEN = re.compile(r"[A-Za-z0-9._~-]{20,200}")
# The least and the most that can work.
RANGES = {
    "workers": (0, 16),
    "trusted_proxies": (0, 10),
    "smtp_port": (1, 65_535),
    "mail_per_minute": (0, 100_000),
    "text_per_minute": (0, 100_000),
    "upload_mib": (1, 512),
    "idle_minutes": (1, 525_600),
    "session_hours": (1, 8_760),
    "invitation_hours": (1, 8_760),
    "reset_minutes": (1, 525_600),
}


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All settings of the platform. Durations say their unit in the name."""

    instance: Path
    database_url: str = ""
    base_url: str = DEFAULT_BASE_URL
    product_name: str = "COVID-19 Vaccine Management System (CVMS)"
    product_short_name: str = "CVMS"
    practice: bool = False
    debug: bool = False
    time_zone: str = "America/New_York"
    languages: tuple[str, ...] = ("en",)
    visitors: bool = True
    visitor_languages: tuple[str, ...] = ("en", "es")
    pin_prefix: str = "NCA"
    modules_off: tuple[str, ...] = ()
    jobs: str = "inline"
    workers: int = 0
    trusted_proxies: int = 0
    idle_minutes: int = 15
    session_hours: int = 12
    invitation_hours: int = 72
    reset_minutes: int = 60
    upload_mib: int = 20
    smtp_host: str = ""
    smtp_port: int = 587
    smtp_security: str = "starttls"
    smtp_username: str = ""
    smtp_password: str = field(default="", repr=False)
    mail_from: str = "CVMS Support Team <no-reply@localhost>"
    mail_reply_to: str = ""
    mail_per_minute: int = 60
    text_gateway: str = ""
    text_account: str = ""
    text_secret: str = field(default="", repr=False)
    text_from: str = ""
    text_prefixes: tuple[str, ...] = ("+1",)
    text_per_minute: int = 60
    help_phone: str = ""
    help_hours: tuple[str, ...] = ()
    help_email: str = ""
    import_folder: str = ""
    anchor_copy: str = ""
    metrics: bool = False
    metrics_token: str = field(default="", repr=False)
    log_format: str = "text"
    modules: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def secure(self) -> bool:
        """Whether browsers reach the portal by HTTPS (cookies get `Secure` and the host prefix)."""
        return self.base_url.startswith("https://")

    @property
    def uploads(self) -> Path:
        """Folder of uploaded files, under random names."""
        return self.instance / "uploads"

    @property
    def inbox(self) -> Path:
        """The watched folder for supplier files."""
        return Path(self.import_folder) if self.import_folder else self.instance / "inbox"

    def key(self, name: str) -> bytes:
        """The secret key `name`, 32 random bytes made at first use and kept in `instance/keys`."""
        folder = self.instance / "keys"
        path = folder / name
        try:
            return path.read_bytes()
        except FileNotFoundError:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            fresh = folder / f".{name}.{secrets.token_hex(8)}"
            try:
                descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with os.fdopen(descriptor, "wb") as file:
                    file.write(secrets.token_bytes(32))
                    file.flush()
                    os.fsync(file.fileno())
                os.link(fresh, path)
            except FileExistsError:
                pass
            finally:
                fresh.unlink(missing_ok=True)
            return path.read_bytes()


def current() -> Settings:
    """The settings of the running application, for code without a request."""
    from flask import current_app

    settings: Settings = current_app.extensions["portal"].settings
    return settings


def of_module(kind: type[T]) -> T:
    """The settings of the module that declares the dataclass `kind`."""
    from flask import current_app

    return cast(T, current_app.extensions["portal"].module_settings[kind])


def setting(
    default: T,
    help: str,  # noqa: A002
    *,
    least: int | None = None,
    most: int | None = None,
    choices: tuple[T, ...] = (),
    secret: bool = False,
) -> T:
    """A field of a module's settings: its default, its meaning for docs/settings.md, and which
    values are accepted. A secret is not shown where the settings are."""
    meaning = {"help": help, "least": least, "most": most, "choices": choices}
    return field(default=default, metadata=meaning, repr=not secret)


def accepted(metadata: Mapping[str, Any]) -> str:
    """Which values a setting declared by `setting` accepts; empty for any."""
    least, most = metadata["least"], metadata["most"]
    if metadata["choices"]:
        return "one of " + ", ".join(str(choice) for choice in metadata["choices"])
    if least is not None and most is not None:
        return f"between {least} and {most}"
    if least is not None:
        return f"at least {least}"
    return "" if most is None else f"at most {most}"


def read_module(kind: type[T], name: str, given: Mapping[str, Any]) -> T:
    """The settings `kind` of the module `name` from its section of `portal.toml`, and from the
    environment as `PORTAL_NAME_KEY`.

    Raises `SettingsError` with a sentence that names the setting.
    """
    section = f"[modules.{name}]"
    known = {item.name: item for item in fields(cast(Any, kind))}
    named = {key: os.environ.get(f"PORTAL_{name}_{key}".upper()) for key in known}
    given = {**given, **{key: text for key, text in named.items() if text is not None}}
    unknown = sorted(set(given) - set(known))
    if unknown:
        own = ", ".join(key for key in unknown if key in {item.name for item in fields(Settings)})
        advice = f" Move {own} above the first line with brackets [ ]." if own else ""
        raise SettingsError(f"Unknown setting: {section} {', '.join(unknown)}.{advice}")
    hints = get_type_hints(kind)
    values = {key: _convert(f"{section} {key}", value, hints[key]) for key, value in given.items()}
    made = kind(**values)
    for key, item in known.items():
        value, least, most = getattr(made, key), item.metadata["least"], item.metadata["most"]
        if (
            (item.metadata["choices"] and value not in item.metadata["choices"])
            or (least is not None and value < least)
            or (most is not None and value > most)
        ):
            raise SettingsError(
                f"{section} {key} must be {accepted(item.metadata)}, not {value!r}."
            )
    return made


def instance_folder(instance: Path | str | None = None) -> Path:
    """The folder of the instance: the one that is named, else `$PORTAL_INSTANCE`, else the one
    beside the code."""
    default = Path(__file__).resolve().parent.parent / "instance"
    return Path(instance or os.environ.get("PORTAL_INSTANCE") or default).resolve()


def load_settings(instance: Path | str | None = None, **overrides: Any) -> Settings:
    """Read the settings of the instance folder (default `$PORTAL_INSTANCE` or `./instance`).

    `overrides` win over file and environment. Raises `SettingsError`.
    """
    folder = instance_folder(instance)
    values: dict[str, Any] = {}
    path = folder / "portal.toml"
    try:
        values.update(tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        pass
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise SettingsError(f"{path} cannot be read: {error}") from error
    known = {item.name for item in fields(Settings)} - {"instance", "modules"}
    for name in known:
        text = os.environ.get(f"PORTAL_{name.upper()}")
        if text is not None:
            values[name] = text
    values.update(overrides)
    modules = values.pop("modules", {})
    unknown = set(values) - known
    if unknown:
        raise SettingsError(f"Unknown setting: {', '.join(sorted(unknown))}.")
    hints = get_type_hints(Settings)
    converted = {name: _convert(name, value, hints[name]) for name, value in values.items()}
    if not isinstance(modules, Mapping) or not all(
        isinstance(section, Mapping) for section in modules.values()
    ):
        raise SettingsError("modules must be sections, such as [modules.inventory].")
    settings = Settings(instance=folder, modules=modules, **converted)
    if not settings.database_url:
        settings = replace(settings, database_url=f"sqlite:///{folder / 'portal.sqlite'}")
    for prefix in ("postgres://", "postgresql://"):
        if settings.database_url.startswith(prefix):
            rest = settings.database_url.removeprefix(prefix)
            settings = replace(settings, database_url=f"postgresql+psycopg://{rest}")
    _check(settings)
    return replace(settings, base_url=settings.base_url.removesuffix("/"))


def _convert(name: str, value: Any, kind: Any) -> Any:
    if isinstance(value, str):
        if kind is bool:
            if value.lower() not in {"1", "true", "yes", "on", "0", "false", "no", "off", ""}:
                raise SettingsError(f"{name} must be yes or no, not {value!r}.")
            return value.lower() in {"1", "true", "yes", "on"}
        if kind is int:
            try:
                return int(value)
            except ValueError as error:
                raise SettingsError(f"{name} must be a whole number, not {value!r}.") from error
        if kind is not str:
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value
    if isinstance(value, list):
        value = tuple(value)
    wanted = kind if kind in (bool, int, str) else tuple
    if not isinstance(value, wanted) or (kind is int and isinstance(value, bool)):
        raise SettingsError(f"{name} has the wrong kind of value: {value!r}.")
    if isinstance(value, tuple) and not all(isinstance(part, str) for part in value):
        raise SettingsError(f"{name} must be a list of texts, not {list(value)!r}.")
    return value


def _check(settings: Settings) -> None:
    if settings.jobs not in {"inline", "external", "off"}:
        raise SettingsError("jobs must be inline, external or off.")
    if settings.smtp_security not in {"none", "starttls", "tls"}:
        raise SettingsError("smtp_security must be none, starttls or tls.")
    if settings.log_format not in {"text", "json"}:
        raise SettingsError("log_format must be text or json.")
    if settings.metrics_token and not TOKEN.fullmatch(settings.metrics_token):
        raise SettingsError(
            "metrics_token must have at least 20 letters, digits or signs - . _ ~, and no others."
        )
    _check_base_url(settings.base_url)
    _check_database_url(settings.database_url)
    _check_mail(settings)
    if not all(map(PREFIX.fullmatch, settings.text_prefixes)):
        raise SettingsError('text_prefixes must be country codes with a plus, such as ["+1"].')
    for name, (least, most) in RANGES.items():
        value = getattr(settings, name)
        if not least <= value <= most:
            raise SettingsError(
                f"{name} must be a whole number from {least} to {most}, not {value}."
            )
    for name in ("languages", "visitor_languages"):
        spoken = getattr(settings, name)
        if not spoken or not all(map(LANGUAGE.fullmatch, spoken)):
            raise SettingsError(f'{name} must name at least one language, such as ["en", "es"].')
    try:
        ZoneInfo(settings.time_zone)
    except (KeyError, ValueError, OSError) as error:
        raise SettingsError(
            f"time_zone {settings.time_zone!r} is not a known time zone."
        ) from error


def _check_base_url(text: str) -> None:
    if not text.startswith(("http://", "https://")):
        raise SettingsError("base_url must begin with http:// or https://.")
    address = SettingsError(
        f"base_url {text!r} is not a web address. Write it as people type it, such as "
        "https://vaccine.example.org."
    )
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise address from error
    if parts.path.removeprefix("/") or parts.query or parts.fragment or text.endswith(("?", "#")):
        raise SettingsError(
            f"base_url {text!r} goes on after the host name. The portal needs a host name or port "
            f"of its own: write {parts.scheme}://{parts.netloc}, and let the proxy pass on "
            "everything that is asked there."
        )
    if "@" in parts.netloc or parts.netloc.endswith(":") or port == 0 or not HOST.fullmatch(host):
        raise address


def _check_database_url(url: str) -> None:
    if not url.startswith(("sqlite:////", "postgresql+psycopg://")):
        raise SettingsError(
            "database_url must begin with sqlite:/// and the whole path of a file "
            "(sqlite:////var/lib/portal/portal.sqlite), or with postgresql://."
        )


def _check_mail(settings: Settings) -> None:
    if settings.smtp_host and not HOST.fullmatch(settings.smtp_host):
        raise SettingsError(
            f"smtp_host must be the mail server's name or address alone, such as "
            f"mail.example.org, not {settings.smtp_host!r}."
        )
    for name in ("mail_from", "mail_reply_to", "help_email"):
        text = getattr(settings, name)
        if not text and name != "mail_from":
            continue
        try:
            known = mailbox(text)
        except ValueError as error:
            raise SettingsError(
                f"{name} must be an e-mail address, with or without a name, such as "
                f"Clinic <no-reply@example.org>, not {text!r}."
            ) from error
        if known.name and name == "help_email":
            raise SettingsError(f"help_email must be an address without a name, not {text!r}.")
