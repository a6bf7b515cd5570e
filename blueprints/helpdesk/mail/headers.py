"""What the head of an e-mail says: whose it is, what it answers, and whether a person wrote it."""

import re
from collections.abc import Iterator
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.utils import getaddresses

from portal.mailboxes import ADDRESS

LONGEST_VALUE = 4_000
MOST_ADDRESSES = 200
MOST_REFERENCES = 50
# Codecs of Python's that are no charsets of e-mail; some of them take the square of the time.
_NO_CHARSETS = {"punycode", "idna", "undefined", "unicode_escape", "raw_unicode_escape"}
_ID = re.compile(r"<[!-;=?-~]{1,198}>")
# Where the address is found that an e-mail was really sent to.
RECIPIENTS = ("To", "Cc", "Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To")
MACHINES = re.compile(
    r"(mailer-?daemon|postmaster|no-?reply|do-?not-?reply|bounces?|listserv|majordomo)"
    r"([+=-].*)?@.*",
    re.I,
)
_AWAY = re.compile(
    r"(re: *)?(automatic reply|auto(matic)?[ -]?re(ply|sponse)|out[ -]of[ -](the )?office"
    r"|respuesta autom[aá]tica|fuera de la oficina|undeliver(ed|able)|delivery status notification"
    r"|mail delivery (failed|subsystem)|failure notice|returned mail)\b",
    re.I,
)


def values(message: "Message[str, str]", name: str) -> Iterator[str]:
    """What the head says under a name, each in one line of bounded length."""
    for value in _raw(message, name)[:MOST_ADDRESSES]:
        yield " ".join(value[:LONGEST_VALUE].split())


def _raw(message: "Message[str, str]", name: str) -> list[str]:
    """As it was written; bytes beyond ASCII, which a head may not hold, are read as UTF-8."""
    return [
        charred(str(value).encode("utf-8", "surrogateescape"), None)
        for key, value in message.raw_items()
        if key.lower() == name.lower()
    ]


def value(message: "Message[str, str]", name: str) -> str:
    """The first of them; empty for none."""
    return next(values(message, name), "")


def decoded(text: str) -> str:
    """A value with its encoded words read, in whatever charset they say they are."""
    try:
        parts = decode_header(text)
    except (HeaderParseError, ValueError, LookupError):
        return printable(text)
    read = (part if isinstance(part, str) else charred(part, charset) for part, charset in parts)
    return printable("".join(read))


def charred(content: bytes, charset: str | None) -> str:
    """The text that the bytes are in that charset; a wrong one loses no plain letter."""
    for name in (charset, "utf-8", "windows-1252"):
        if not name or name.lower().replace("-", "_") in _NO_CHARSETS:
            continue
        try:
            return content.decode(name)
        # Some codecs of Python's are no charsets, and say so in their own ways.
        except (LookupError, ValueError, AttributeError, TypeError):
            continue
    return content.decode("latin-1")


def printable(text: str) -> str:
    """One line without anything that cannot be shown."""
    shown = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(shown.split())


def addresses(message: "Message[str, str]", *names: str) -> list[str]:
    """The addresses under these names, in lower case."""
    texts = [text for name in names for text in values(message, name)]
    found = (address.strip().lower() for _name, address in getaddresses(texts))
    return [one for one in found if len(one) <= 254 and ADDRESS.fullmatch(one)][:MOST_ADDRESSES]


def sender(message: "Message[str, str]") -> str:
    """Whose e-mail it is: the one address under `From`. Empty for none, or several."""
    found = dict.fromkeys(addresses(message, "From"))
    return next(iter(found)) if len(found) == 1 else ""


def references(message: "Message[str, str]") -> list[str]:
    """The Message-IDs that it answers, the nearest first."""
    near = [one for text in values(message, "In-Reply-To") for one in _ID.findall(text)]
    # What is far is at the front, and the front is what a long thread loses.
    far = [
        one
        for given in _raw(message, "References")[:1]
        for one in _ID.findall(given[-LONGEST_VALUE:])
    ]
    return list(dict.fromkeys([*near, *reversed(far)]))[:MOST_REFERENCES]


def message_id(message: "Message[str, str]") -> str:
    """Its Message-ID; empty for one without."""
    found = _ID.search(value(message, "Message-ID"))
    return found[0] if found else ""


def why_automatic(message: "Message[str, str]") -> str:
    """What says that no person wrote it; empty if nothing does.

    Such e-mail is never answered (RFC 3834), or two machines would answer one another for ever.
    """
    submitted = value(message, "Auto-Submitted").lower()
    if submitted and submitted.partition(";")[0].strip() != "no":
        return "Auto-Submitted"
    precedence = value(message, "Precedence").lower()
    if precedence in {"bulk", "junk", "list", "auto_reply", "auto-reply"}:
        return "Precedence"
    for name in (
        *("List-Id", "List-Unsubscribe", "List-Post", "Feedback-ID", "X-Autoreply"),
        *("X-Autorespond", "X-Auto-Response", "X-Failed-Recipients", "X-Loop", "X-Autogenerated"),
    ):
        if name in message:
            return name
    if any(value.replace(" ", "") == "<>" for value in values(message, "Return-Path")):
        return "Return-Path"
    if message.get_content_type() == "multipart/report":
        return "Content-Type"
    if any(map(MACHINES.fullmatch, addresses(message, "From", "Sender", "Return-Path"))):
        return "From"
    return "Subject" if _AWAY.match(decoded(value(message, "Subject"))) else ""
