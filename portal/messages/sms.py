"""The channel `sms`: text messages by the gateway that the settings name.

A text is handed over at least once, as an e-mail is. Where the answer to a request never came
nobody knows whether the text left: it is tried again with the same id. A gateway that does not
know ids would send it twice, so there it is tried three times at most and then given up, for
somebody to call.
"""

import base64
import http.client
import json
import re
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

from portal.i18n import _l
from portal.messages.channels import Channel, NotTaken, Send, ServerUnusable
from portal.messages.cutting import at_most
from portal.messages.gateways import Gateway, fill, gateway_of
from portal.messages.models import Message
from portal.messages.rendering import Rendered
from portal.messages.segments import fitted, is_plain
from portal.settings import Settings, SettingsError, current

SOCKET_SECONDS = 10
WHOLE_SECONDS = 25
LARGEST_ANSWER = 64 * 1024
# How often a text is handed over of which nobody knows whether it left, and one that is refused
# for a reason nobody knows.
UNKNOWN_TRIES = 3
NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
# Of the United States and its neighbors: area code and exchange begin with 2 to 9.
NUMBER_OF_ONE = re.compile(r"\+1[2-9][0-9]{2}[2-9][0-9]{6}")
BLOCK = "sms"


class GatewayConnection(http.client.HTTPConnection):
    """A connection to a gateway that can be cut at any moment, also while it is made safe."""

    def __init__(self, host: str, port: int, context: ssl.SSLContext | None) -> None:
        super().__init__(host, port, timeout=SOCKET_SECONDS)
        self.context = context
        self.default_port = 443 if context else 80
        self.line: socket.socket | None = None

    def connect(self) -> None:
        """Connect, and be sure who answers."""
        self.line = socket.create_connection((self.host, self.port), SOCKET_SECONDS)
        self.sock = self.line
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.context:
            self.line = self.sock = self.context.wrap_socket(
                self.sock, server_hostname=self.host, do_handshake_on_connect=False
            )
            self.sock.do_handshake()


class Texting:
    """Sending texts by one gateway: a connection for each, since whether one that has rested is
    still good is only known when a text is lost on it."""

    def __init__(self, settings: Settings) -> None:
        """Connect. Raises `ServerUnusable`."""
        try:
            self._gateway = gateway_of(settings)
        except SettingsError as error:
            raise ServerUnusable(str(error), lasting=True) from None
        self._settings = settings
        self._next: GatewayConnection | None = self._connected()

    def close(self) -> None:
        """Leave a connection that was not used."""
        if self._next is not None:
            self._next.close()

    def send(self, message: Message, rendered: Rendered) -> None:
        """Hand over one text; returning means the gateway has taken it.

        Raises `NotTaken`, or `ServerUnusable`.
        """
        text = rendered.parts[BLOCK].strip()
        request = self._request(_values(message, text, self._settings))
        connection, self._next = self._next or self._connected(), None
        try:
            with at_most(WHOLE_SECONDS, lambda: connection.line):
                connection.request(*request)
                answer = connection.getresponse()
                body = answer.read(LARGEST_ANSWER)
        except (OSError, http.client.HTTPException) as error:
            tries = None if self._gateway.idempotent else UNKNOWN_TRIES
            raise NotTaken(
                f"The gateway did not answer ({_named(error)}): the text may have left.",
                broken=True,
                tries=tries,
            ) from None
        finally:
            connection.close()
        judge(self._gateway, answer.status, body, _after(answer.headers.get("Retry-After", "")))

    def _request(self, values: Mapping[str, str]) -> tuple[str, str, bytes | None, dict[str, str]]:
        gateway = self._gateway
        parts = urlsplit(gateway.address(values))
        headers = {"Accept": "application/json", "User-Agent": "clinic-vaccine-portal"}
        if gateway.auth == "basic":
            pair = f"{values['account']}:{values['secret']}".encode()
            headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
        elif gateway.auth == "bearer":
            headers["Authorization"] = f"Bearer {values['secret']}"
        headers |= fill(gateway.headers, values)
        filled = fill(gateway.body, values)
        body = None
        if gateway.body and gateway.format == "form":
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            body = urlencode(filled).encode()
        elif gateway.body:
            headers["Content-Type"] = "application/json"
            body = json.dumps(filled).encode()
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return gateway.method, path, body, headers

    def _connected(self) -> GatewayConnection:
        parts = urlsplit(self._gateway.url)
        context = ssl.create_default_context() if parts.scheme == "https" else None
        port = parts.port or (443 if context else 80)
        made = GatewayConnection(parts.hostname or "", port, context)
        try:
            with at_most(WHOLE_SECONDS, lambda: made.line) as cut:
                made.connect()
            if cut.is_set():
                raise TimeoutError
        except Exception as error:
            made.close()
            raise _why_unusable(error) from None
        return made


def judge(gateway: Gateway, status: int, body: bytes, after: timedelta | None) -> None:
    """What an answer means; returning means that the text was taken.

    Nothing of the answer but its status and code is repeated: gateways quote the number.
    """
    code = _code(gateway.code, body)
    said = f"({status}, {code})" if code else f"({status})"
    if code in gateway.stopped:
        raise NotTaken(f"The reader asked the gateway for no more texts {said}.", stopped=True)
    if code in gateway.refused:
        raise NotTaken(f"The gateway cannot send texts to this number {said}.", for_good=True)
    if code in gateway.account or status in {401, 402, 404, 405} or 300 <= status <= 399:
        raise ServerUnusable(f"The gateway refuses our account or settings {said}.", lasting=True)
    if code in gateway.later or status in {403, 408, 425, 429} or status >= 500:
        raise NotTaken(f"The gateway takes no texts now {said}.", broken=True, after=after)
    if 200 <= status <= 299:
        if not gateway.accepted or code in gateway.accepted:
            return
        sentence = f"The gateway's answer cannot be understood {said}: the text may have left."
        raise NotTaken(sentence, tries=UNKNOWN_TRIES)
    # Where the gateway says why, and this is none of the reasons known, it may be our doing.
    known = bool(gateway.code and (gateway.refused or gateway.account))
    raise NotTaken(
        f"The gateway refused the text {said}.",
        for_good=not known,
        tries=UNKNOWN_TRIES if known else None,
    )


def _code(path: str, body: bytes) -> str:
    """The word at `path` of an answer; empty where there is none."""
    if not path:
        return ""
    try:
        found: Any = json.loads(body)
        for step in path.split("."):
            found = found[int(step)] if isinstance(found, list) else found[step]
    except (ValueError, LookupError, TypeError, RecursionError):
        return ""
    # A number of a phone is longer.
    word = re.fullmatch(r"[0-9]{1,6}|[A-Za-z][A-Za-z_.-]{0,39}", str(found))
    return word[0] if word else ""


def _after(text: str) -> timedelta | None:
    """What a gateway asks by `Retry-After` in seconds; a date is left to our own pauses."""
    return timedelta(seconds=min(int(text), 3600)) if re.fullmatch(r"[0-9]{1,6}", text) else None


def _values(message: Message, text: str, settings: Settings) -> dict[str, str]:
    return {
        "to": message.address,
        "to_digits": message.address.removeprefix("+"),
        "text": text,
        "encoding": "text" if is_plain(text) else "unicode",
        "id": message.message_id.strip("<>").partition("@")[0],
        "from": settings.text_from,
        "from_digits": settings.text_from.removeprefix("+"),
        "account": settings.text_account,
        "secret": settings.text_secret,
    }


def _why_unusable(error: Exception) -> ServerUnusable:
    if isinstance(error, ssl.SSLError):
        reason = getattr(error, "verify_message", "") or error.reason or "TLS failed"
        passing = isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError)
        return ServerUnusable(f"No safe connection ({reason}).", lasting=not passing)
    return ServerUnusable(f"The gateway cannot be reached ({_named(error)}).", lasting=False)


def _named(error: Exception) -> str:
    return {
        "gaierror": "unknown host name",
        "ConnectionRefusedError": "connection refused",
        "ConnectionResetError": "connection reset",
        "BrokenPipeError": "connection reset",
        "RemoteDisconnected": "connection closed",
        "TimeoutError": "no answer in time",
    }.get(type(error).__name__, type(error).__name__)


def refusal_of(address: str) -> str:
    """What is wrong with a number, as `Channel.refusal` says it."""
    fits = NUMBER_OF_ONE if address.startswith("+1") else NUMBER
    if not fits.fullmatch(address):
        return "This is not a usable mobile phone number."
    if not address.startswith(current().text_prefixes):
        return "Texts are not sent to numbers that begin like this."
    return ""


@contextmanager
def opened(settings: Settings) -> Iterator[Send]:
    """A connection to the gateway, and the function that sends by it."""
    texting = Texting(settings)
    try:
        yield texting.send
    finally:
        with suppress(OSError):
            texting.close()


def _check(settings: Settings) -> None:
    if settings.text_gateway:
        gateway_of(settings)


SMS = Channel(
    name="sms",
    title=_l("Text (SMS)"),
    blocks=(BLOCK,),
    frames={BLOCK: "messages/frame_sms.txt"},
    opened=opened,
    refusal=refusal_of,
    configured=lambda settings: bool(settings.text_gateway),
    per_minute=lambda settings: settings.text_per_minute,
    check=_check,
    shaped=fitted,
    stops=True,
)
