"""The channel `email`: talking to the mail server, with an end to every wait and a sentence for
every refusal."""

import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from email.headerregistry import Address, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlsplit

from portal.clock import now
from portal.errors import where
from portal.i18n import _l
from portal.mailboxes import mailbox
from portal.messages.attachments import typed
from portal.messages.channels import Channel, NotTaken, Send, ServerUnusable
from portal.messages.cutting import at_most
from portal.messages.models import Message
from portal.messages.rendering import Rendered
from portal.settings import Settings

SOCKET_SECONDS = 20
WHOLE_SECONDS = 30
# What RFC 5321 lets an address be, without quoted local parts and without anything a header could
# be broken with. Whether the mailbox exists is the mail server's business.
ADDRESS = re.compile(r"[^\s\x00-\x1f\x7f<>()\[\],;:\\\"@]+@[^\s\x00-\x1f\x7f<>()\[\],;:\\\"@]+")


class _MessageIds(UnstructuredHeader):
    """One Message-ID a line. What others made may be longer than a line is usually, and must not be
    encoded as a text would be then: no mail program finds it again."""

    def fold(self, *, policy: EmailPolicy) -> str:
        lines = f"{policy.linesep} ".join(str(self).split())
        return f"{self.name}: {lines}{policy.linesep}"  # type: ignore[attr-defined]


_HEADERS = HeaderRegistry()
for _name in ("In-Reply-To", "References"):
    _HEADERS.map_to_type(_name, _MessageIds)  # type: ignore[arg-type]  # BaseHeader is mixed in
POLICY = SMTP.clone(header_factory=_HEADERS)


class SmtpConnection:
    """One signed-in connection to the mail server of the settings."""

    def __init__(self, settings: Settings) -> None:
        """Connect. Raises `ServerUnusable`."""
        self._settings = settings
        self._client: smtplib.SMTP | None = None
        try:
            self._client = self._connected()
        except Exception as error:
            self.close()
            raise _why_unusable(error) from None

    def _connected(self) -> smtplib.SMTP:
        settings = self._settings
        name = urlsplit(settings.base_url).hostname or "localhost"
        options: dict[str, Any] = {"local_hostname": name, "timeout": SOCKET_SECONDS}
        if settings.smtp_security == "tls":
            client: smtplib.SMTP = smtplib.SMTP_SSL(**options, context=ssl.create_default_context())
        else:
            client = smtplib.SMTP(**options)
        self._client = client
        # Connecting is put off past the constructor, so that it can be cut short; the name that
        # the certificate is checked against is only taken by the constructor.
        client._host = settings.smtp_host  # type: ignore[attr-defined]
        with at_most(WHOLE_SECONDS, lambda: client.sock) as cut:
            code, _text = client.connect(settings.smtp_host, settings.smtp_port)
            if code != 220:
                raise smtplib.SMTPConnectError(code, "")
            client.ehlo_or_helo_if_needed()
            if settings.smtp_security == "starttls":
                client.starttls(context=ssl.create_default_context())
                client.ehlo_or_helo_if_needed()
            if settings.smtp_username:
                client.login(settings.smtp_username, settings.smtp_password)
        if cut.is_set():
            raise TimeoutError
        return client

    def send(self, message: Message, rendered: Rendered) -> None:
        """Hand over one message; returning means the server has taken it.

        Raises `NotTaken`, or `ServerUnusable` when the server will not take any from us.
        """
        client, address = self._client, message.address
        assert client is not None, "the connection is closed"
        try:
            email = as_email(message, rendered, self._settings, at=now())
        except Exception as error:
            raise NotTaken(f"Cannot be written: {where(error)}", for_good=True) from error
        try:
            with at_most(WHOLE_SECONDS, lambda: client.sock):
                sender = email["From"].addresses[0].addr_spec
                client.send_message(email, from_addr=sender, to_addrs=[address])
        except smtplib.SMTPRecipientsRefused as error:
            code, text = next(iter(error.recipients.values()))
            raise self._refusal("recipient", code, text) from None
        except smtplib.SMTPSenderRefused as error:
            if error.smtp_code >= 500 and error.smtp_code != 552:
                raise ServerUnusable(
                    f"The server refuses our sender address ({error.smtp_code}).", lasting=True
                ) from None
            raise self._refusal("message", error.smtp_code, error.smtp_error) from None
        except smtplib.SMTPNotSupportedError:
            sentence = "The server cannot handle letters beyond ASCII in addresses."
            raise NotTaken(sentence, for_good=True) from None
        except smtplib.SMTPResponseException as error:
            raise self._refusal("message", error.smtp_code, error.smtp_error) from None
        except (OSError, smtplib.SMTPException) as error:
            sentence = f"The connection was lost while sending ({_named(error)})."
            raise NotTaken(sentence, broken=True) from None
        except Exception as error:  # what is wrong with one message must not stop the others
            with suppress(OSError, smtplib.SMTPException):
                client.rset()
            raise NotTaken(f"Cannot be written: {where(error)}", for_good=True) from None

    def close(self) -> None:
        """Say goodbye if that is still possible."""
        client, self._client = self._client, None
        if client is None:
            return
        with suppress(OSError, smtplib.SMTPException):
            if client.sock is not None:
                client.sock.settimeout(2)
                client.quit()
        client.close()

    def _refusal(self, what: str, code: int, text: bytes | str) -> NotTaken:
        words = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
        for secret in (self._settings.smtp_password, self._settings.smtp_username):
            if secret:
                words = words.replace(secret, "…")
        said = " ".join("".join(c if c.isprintable() else " " for c in words).split())[:160]
        closed = self._client is None or self._client.sock is None
        return NotTaken(
            f"The server refused the {what} ({code} {said}).",
            for_good=500 <= code <= 599,
            broken=closed or code == 421,
        )


def as_email(
    message: Message, rendered: Rendered, settings: Settings, *, at: datetime
) -> EmailMessage:
    """The e-mail with all its headers; the Message-ID is the one fixed when it was promised."""
    email = EmailMessage(policy=POLICY)
    email["From"] = _sender(settings.mail_from)
    if reply_to := message.reply_to or settings.mail_reply_to:
        email["Reply-To"] = _sender(reply_to)
    email["To"] = message.address
    email["Subject"] = rendered.subject
    email["Date"] = format_datetime(at)
    email["Message-ID"] = message.message_id
    if message.answers:
        email["In-Reply-To"] = message.answers.rpartition(" ")[2]
        email["References"] = message.answers
    email["Auto-Submitted"] = "auto-generated"
    email.set_content(rendered.text)
    email.add_alternative(rendered.html, subtype="html")
    for one in rendered.attachments:
        kind = typed(one.content_type)
        params = {"charset": "utf-8"} if kind.maintype == "text" else {}
        email.add_attachment(
            one.content,
            maintype=kind.maintype,
            subtype=kind.subtype,
            filename=one.name,
            params={**params, **kind.params},
        )
    # Setting content takes away what was said of content before.
    email["Content-Language"] = message.language
    return email


def _sender(text: str) -> Address:
    known = mailbox(text)
    return Address(known.name, addr_spec=known.address)


def _why_unusable(error: Exception) -> ServerUnusable:
    """What a failure to connect or sign in means, in words that hold no secret."""
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return ServerUnusable(f"Login refused ({error.smtp_code}).", lasting=error.smtp_code >= 500)
    if isinstance(error, smtplib.SMTPResponseException):
        return ServerUnusable(f"The server refused to talk ({error.smtp_code}).", lasting=False)
    if isinstance(error, ssl.SSLError):
        reason = getattr(error, "verify_message", "") or error.reason or "TLS failed"
        passing = isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError)
        return ServerUnusable(f"No safe connection ({reason}).", lasting=not passing)
    if isinstance(error, smtplib.SMTPServerDisconnected) or not isinstance(
        error, smtplib.SMTPException
    ):
        return ServerUnusable(f"The server cannot be reached ({_named(error)}).", lasting=False)
    return ServerUnusable(
        "The server does not offer the encryption or the login that is configured.", lasting=True
    )


def _named(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPServerDisconnected) and isinstance(error.__context__, OSError):
        # What smtplib made it from says more.
        error = error.__context__
    return {
        "gaierror": "unknown host name",
        "ConnectionRefusedError": "connection refused",
        "ConnectionResetError": "connection reset",
        "BrokenPipeError": "connection reset",
        "TimeoutError": "no answer in time",
        "SMTPServerDisconnected": "connection closed",
    }.get(type(error).__name__, type(error).__name__)


def usable_address(address: str) -> bool:
    """Whether `address` can be written into a header and given to a mail server."""
    return len(address) <= 254 and ADDRESS.fullmatch(address) is not None


def _refusal_of(address: str) -> str:
    return "" if usable_address(address) else "This is not a usable e-mail address."


@contextmanager
def opened(settings: Settings) -> Iterator[Send]:
    """A connection to the mail server, and the function that sends by it."""
    connection = SmtpConnection(settings)
    try:
        yield connection.send
    finally:
        connection.close()


EMAIL = Channel(
    name="email",
    title=_l("E-mail"),
    blocks=("subject", "text", "html"),
    frames={"text": "messages/frame.txt", "html": "messages/frame.html"},
    opened=opened,
    refusal=_refusal_of,
    configured=lambda settings: bool(settings.smtp_host),
    per_minute=lambda settings: settings.mail_per_minute,
)
