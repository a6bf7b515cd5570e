"""The pages of the documentation that are made from the code: settings and permissions.

`portal settings` and `portal permissions` print them; a house test keeps `docs/` equal.
"""

from collections.abc import Iterable
from dataclasses import MISSING, Field, fields
from typing import Any

from portal.access.profiles import Profile
from portal.module import Module, Registry, load
from portal.settings import DEFAULT_BASE_URL, Settings, accepted

HELP = {
    "anchor_copy": "A folder on another disk or machine, for a copy of the audit trail's anchor. "
    "It shows a portal whose database and instance folder were put back to an older state.",
    "base_url": "The address people type. It ends after the host name or port: the portal cannot "
    "be served below a path. With `https://` cookies are marked secure and browsers are told to "
    "stay with HTTPS. It is used in every link of a message.",
    "database_url": "Where the data is: `sqlite:////absolute/path` or "
    "`postgresql://user:password@host/database`. Default: `portal.sqlite` in the instance folder.",
    "debug": "Shows the style guide. Never on for real use.",
    "help_email": "The help desk's address, shown beside the help line.",
    "help_hours": "When the help line answers, one line each; shown beside its number.",
    "help_phone": "The help line's number, on every page and in messages. Empty: none is shown.",
    "idle_minutes": "After how many minutes without a click the user must sign in again.",
    "import_folder": "The watched folder for supplier files. Default: `inbox` in the instance "
    "folder.",
    "invitation_hours": "How long the link of a welcome e-mail works.",
    "jobs": "Where scheduled work runs: `inline` in the server, `external` in `portal jobs` beside "
    "it, `off` nowhere.",
    "languages": "Languages that are offered; the first is the default.",
    "log_format": "How log lines are written: `text`, or `json`, one object a line.",
    "mail_from": "The sender of all messages: an address, or a name and an address in angle "
    "brackets; the name may hold commas and brackets.",
    "mail_per_minute": "How many messages leave at most in a minute.",
    "mail_reply_to": "Where answers to messages go; empty for the sender.",
    "metrics": "Whether `/metrics` gives numbers to Prometheus: requests, jobs, waiting messages, "
    "the schema, and nothing about anybody. Without a token only this machine may ask.",
    "metrics_token": "Who shows this token may read `/metrics` from elsewhere, and nobody without "
    "it: at least 20 letters and digits.",
    "modules_off": "Modules that are switched off, by name.",
    "pin_prefix": "What Provider PINs begin with.",
    "practice": "Practice mode: a banner on every page, and no message leaves. Use "
    "`bin/run --practice` instead of setting it by hand.",
    "product_name": "The portal's name, on every page and in messages: the welcome e-mail's "
    "subject is `Welcome to the` and this name.",
    "product_short_name": "The short form of the name.",
    "reset_minutes": "How long the link of a password-reset e-mail works.",
    "session_hours": "After how many hours the user must sign in again in any case.",
    "smtp_host": "The mail server. Empty: messages wait in the portal until one is named.",
    "smtp_password": "The password at the mail server.",
    "smtp_port": "The mail server's port.",
    "smtp_security": "`starttls`, `tls` (encrypted from the start, usually port 465) or `none`.",
    "smtp_username": "The user name at the mail server; empty for none.",
    "time_zone": "The time zone of new locations, and of programme staff while they have chosen no "
    "location.",
    "trusted_proxies": "How many reverse proxies stand in front. 0: the client's address is taken "
    "from the connection, and forwarded headers are ignored.",
    "visitor_languages": "Languages of the pages for people without an account; the first is the "
    "default.",
    "visitors": "Whether people without an account may use the public pages: see, move or cancel "
    "their appointment by a link or by number and birth date. If not, these pages answer that they "
    "are closed.",
    "text_account": "The account at the text gateway: Twilio's Account SID, Vonage's API key, "
    "Plivo's Auth ID, Bird's workspace.",
    "text_from": "The number that texts come from, as +12525550100, or what the gateway names its "
    "sender by.",
    "text_gateway": "The gateway that text messages leave by: `twilio`, `vonage`, `plivo`, "
    "`messagebird`, `bird`, `telnyx`, or the name of a file that describes another. Empty: no "
    "texts.",
    "text_per_minute": "How many texts leave at most in a minute while what piled up in an outage "
    "goes out; 0: any number.",
    "text_prefixes": "What numbers must begin with to get texts.",
    "text_secret": "The token, key or password at the text gateway.",
    "upload_mib": "The largest file that is accepted, in MiB.",
    "workers": "How many processes answer requests; 0: one on SQLite, and two on PostgreSQL if the "
    "machine has two processors. Each has its own memory; see the operator's guide.",
}


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, (tuple, list)):
        return "[" + ", ".join(_toml(part) for part in value) + "]"
    return str(value)


def settings_page(registry: Registry) -> str:
    """docs/settings.md: every setting of the platform and the modules, with its default."""
    lines = [
        "# Settings",
        "",
        "Settings are read from `portal.toml` in the instance folder, and from the environment:",
        "variables named `PORTAL_` and the setting in capitals (lists with commas) win. A value",
        "that cannot be used stops the start with a sentence. Made by `bin/portal settings`.",
        "",
        "| Setting | Default | Meaning |",
        "|---|---|---|",
    ]
    for item in sorted(fields(Settings), key=lambda item: item.name):
        if item.name in {"instance", "modules"}:
            continue
        default = item.default if item.default is not MISSING else ""
        shown = f"`{_toml(default)}`" if default != "" else ""
        if item.name == "base_url":
            shown = f"`{_toml(DEFAULT_BASE_URL)}`, or what `bin/run` listens on"
        lines.append(f"| `{item.name}` | {shown} | {HELP[item.name]} |")
    for module in _by_name(registry):
        if module.settings:
            name = module.name
            where = f"`[modules.{name}]`, or from the environment as `PORTAL_{name.upper()}_…`"
            lines += ["", f"## {module.title}", "", f"In a section {where}:", ""]
            lines += ["| Setting | Default | Meaning |", "|---|---|---|"]
            lines += [_module_setting(item) for item in fields(load(module.settings))]
    return "\n".join([*lines, ""])


def _module_setting(item: "Field[Any]") -> str:
    bounds = accepted(item.metadata)
    meaning = item.metadata["help"] + (f" {bounds[0].upper()}{bounds[1:]}." if bounds else "")
    return f"| `{item.name}` | `{_toml(item.default)}` | {meaning} |"


def permissions_page(registry: Registry) -> str:
    """docs/permissions.md: what each profile may do, module by module (SPEC A2)."""
    head = ["May", "Capability", *(profile.label for profile in Profile)]
    lines = [
        "# Permissions",
        "",
        "What each profile may do: at the user's own locations, programme staff at all.",
        "Made by `bin/portal permissions`.",
    ]
    for module in _by_name(registry):
        if not module.capabilities:
            continue
        lines += ["", f"## {module.title}", "", f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
        for item in module.capabilities:
            marks = ["yes" if profile in item.profiles else "" for profile in Profile]
            lines.append(f"| {item.title} | `{item.name}` | {' | '.join(marks)} |")
    return "\n".join([*lines, ""])


def _by_name(registry: Registry) -> Iterable[Module]:
    return sorted(registry.modules, key=lambda module: (module.name != "platform", module.name))
