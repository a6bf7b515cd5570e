"""Text gateways, described by data: how one is asked to send a text, and what its answers mean.

Those of `presets/` are known by name; an operator describes another in a file of the same form
(docs/operators-guide.md, "Text messages").
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from portal.settings import Settings, SettingsError

PRESETS = Path(__file__).parent / "presets"
PLACE = re.compile(r"\{([a-z_]+)\}")
# What a description may ask for: of the text, and of the settings.
OF_TEXT = ("to", "to_digits", "text", "encoding", "id")
OF_SETTINGS = ("from", "from_digits", "account", "secret")
HEADER = re.compile(r"[A-Za-z0-9-]{1,60}")
LISTS = ("accepted", "refused", "stopped", "account", "later")


@dataclass(frozen=True, kw_only=True)
class Gateway:
    """How a gateway is asked, and how its answers are read.

    Every text of `url`, `headers` and `body` may have places such as `{to}`. `code` is the path in
    its JSON answers to the word that tells what became of a text ("messages.0.status"); the other
    lists say what these words mean. `idempotent`: a second request with the same `{id}` sends
    nothing more.
    """

    url: str
    method: str = "POST"
    auth: str = "none"
    format: str = "json"
    idempotent: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)
    code: str = ""
    accepted: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()
    stopped: frozenset[str] = frozenset()
    account: frozenset[str] = frozenset()
    later: frozenset[str] = frozenset()

    @property
    def places(self) -> set[str]:
        """What is filled in anywhere."""
        found = {name for text in _texts([self.url, self.headers, self.body]) for name in text}
        of_auth = {"basic": {"account", "secret"}, "bearer": {"secret"}}
        return found | of_auth.get(self.auth, set())

    def address(self, values: Mapping[str, str]) -> str:
        """The address of one request."""
        return str(fill(self.url, {name: quote(value, safe="") for name, value in values.items()}))


def _texts(part: Any) -> Iterator[list[str]]:
    if isinstance(part, str):
        yield PLACE.findall(part)
    elif isinstance(part, Mapping):
        for value in part.values():
            yield from _texts(value)
    elif isinstance(part, list):
        for value in part:
            yield from _texts(value)


def fill(part: Any, values: Mapping[str, str]) -> Any:
    """`part` with every place in its texts filled in; what is filled in is not looked at again."""
    if isinstance(part, str):
        return PLACE.sub(lambda place: values[place[1]], part)
    if isinstance(part, Mapping):
        return {name: fill(value, values) for name, value in part.items()}
    if isinstance(part, list):
        return [fill(value, values) for value in part]
    return part


def gateway_of(settings: Settings) -> Gateway:
    """The gateway that the settings name. Raises `SettingsError`."""
    name = settings.text_gateway
    own = name.endswith(".toml")
    path = settings.instance / name if own else PRESETS / f"{name}.toml"
    if not own and name not in presets():
        raise SettingsError(
            f"text_gateway must be one of {', '.join(presets())}, or the name of a file that ends "
            f"in .toml, not {name!r}."
        )
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"The text gateway's file {path} cannot be read: {error}") from error
    made = _gateway(given, path)
    for place, value in (
        ("account", settings.text_account),
        ("secret", settings.text_secret),
        ("from", settings.text_from),
        ("from_digits", settings.text_from),
    ):
        if place in made.places and not value:
            raise SettingsError(f"The text gateway needs text_{place.removesuffix('_digits')}.")
    return made


def presets() -> list[str]:
    """The names of the gateways that are known."""
    return sorted(path.stem for path in PRESETS.glob("*.toml"))


def _gateway(given: dict[str, Any], path: Path) -> Gateway:
    def wrong(why: str) -> SettingsError:
        return SettingsError(f"The text gateway's file {path}: {why}")

    answer = given.pop("answer", {})
    known = {"url", "method", "auth", "format", "idempotent", "headers", "body"}
    unknown = sorted(set(given) - known) + sorted(set(answer) - {"code", *LISTS})
    if unknown:
        raise wrong(f"{', '.join(unknown)} is not known.")
    lists: dict[str, Any] = {
        name: frozenset(map(str, answer[name])) for name in LISTS if name in answer
    }
    made = Gateway(**given, code=str(answer.get("code", "")), **lists)
    if made.auth not in {"none", "basic", "bearer"}:
        raise wrong("auth must be none, basic or bearer.")
    if made.format not in {"form", "json"}:
        raise wrong("format must be form or json.")
    if made.method not in {"POST", "PUT", "GET"} or (made.method == "GET" and made.body):
        raise wrong("method must be POST or PUT, or GET without a body.")
    if made.format == "form" and not all(isinstance(value, str) for value in made.body.values()):
        raise wrong("a form has texts alone in its body.")
    if not all(HEADER.fullmatch(name) for name in made.headers):
        raise wrong("headers have a name that cannot be one.")
    strange = sorted(made.places - {*OF_TEXT, *OF_SETTINGS})
    if strange:
        raise wrong(f"{{{strange[0]}}} is not known.")
    if not {"to", "to_digits"} & made.places or "text" not in made.places:
        raise wrong("it must say where {to} and {text} go.")
    if not _safe(made.url):
        raise wrong("url must begin with https://, or with http:// and an address of your network.")
    return made


def _safe(url: str) -> bool:
    """Whether texts and passwords may travel there: encrypted, or without leaving the house."""
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        return False
    if not host or "{" in parts.netloc or "@" in parts.netloc:
        return False
    if parts.scheme == "http":
        try:
            return host == "localhost" or ip_address(host).is_private
        except ValueError:
            return False
    return parts.scheme == "https"
