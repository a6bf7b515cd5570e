"""An e-mail as the help desk needs it: who wrote what to which address, with which files.

Nothing here trusts what it reads: what would cost too much is refused by `bounds`, and whatever
else goes wrong while taking an e-mail apart is that e-mail's fault alone.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from email.policy import compat32

from blueprints.helpdesk.mail import bounds, headers, texts
from blueprints.helpdesk.mail.bounds import NotTakenApart
from blueprints.helpdesk.rules import LONGEST_SUBJECT
from portal.errors import where
from portal.i18n import _

MOST_FILES_READ = 10


@dataclass(frozen=True)
class EnclosedFile:
    """A file that came with an e-mail, under the name it says."""

    name: str
    content: bytes


@dataclass(frozen=True, kw_only=True)
class Letter:
    """An e-mail, taken apart.

    digest: of its Message-ID and what it says, the same for every copy of it. sender: empty if it
    is not one address. recipients: all addresses it was sent to. answers: Message-IDs, the nearest
    first. automatic: what says that no person wrote it. more_files: how many files were not read.
    """

    digest: str
    message_id: str
    sender: str
    recipients: tuple[str, ...]
    answers: tuple[str, ...]
    automatic: str
    subject: str
    text: str
    quoted: str
    files: tuple[EnclosedFile, ...]
    more_files: int


def read_letter(raw: bytes) -> Letter:
    """Take an e-mail apart. Raises `NotTakenApart`."""
    content = bounds.check(raw)
    try:
        return _read(content)
    except Exception as error:
        # Parsers of e-mail fail in ways nobody has listed.
        raise NotTakenApart(_("It cannot be read (%(error)s).", error=where(error))) from error


def digest_of(raw: bytes) -> str:
    """What an e-mail is known by that cannot be read."""
    return hashlib.sha256(raw).hexdigest()


def _read(content: bytes) -> Letter:
    message = message_from_bytes(content, policy=compat32)
    parts = list(_parts(message))
    said, quoted = texts.unfold(texts.clean(_words(parts)))
    enclosed = [part for part in parts if _is_file(part)]
    return Letter(
        digest=_digest(message, content),
        message_id=headers.message_id(message),
        sender=headers.sender(message),
        recipients=tuple(headers.addresses(message, *headers.RECIPIENTS)),
        answers=tuple(headers.references(message)),
        automatic=headers.why_automatic(message),
        subject=headers.decoded(headers.value(message, "Subject"))[:LONGEST_SUBJECT],
        text=said,
        quoted=quoted,
        files=tuple(
            EnclosedFile(_name(part, number), _content(part))
            for number, part in enumerate(enclosed[:MOST_FILES_READ], 1)
        ),
        more_files=max(0, len(enclosed) - MOST_FILES_READ),
    )


def _digest(message: "Message[str, str]", content: bytes) -> str:
    """Of what every copy has in common: the lines that servers add on the way count for nothing."""
    head = [headers.value(message, name) for name in ("Message-ID", "From", "Date", "Subject")]
    body = content.partition(b"\n\n")[2].rstrip()
    made = hashlib.sha256("\0".join(head).encode("utf-8", "replace"))
    made.update(b"\0" + hashlib.sha256(body).digest())
    return made.hexdigest()


def _parts(message: "Message[str, str]") -> Iterator["Message[str, str]"]:
    """The parts that hold something themselves; an e-mail within the e-mail is one, and closed."""
    waiting = [message]
    while waiting:
        part = waiting.pop()
        if part.get_content_maintype() == "multipart" and part.is_multipart():
            inner = [one for one in part.get_payload() if isinstance(one, Message)]
            waiting += reversed(inner)
        else:
            yield part


def _is_file(part: "Message[str, str]") -> bool:
    disposition = part.get_content_disposition()
    return (
        disposition == "attachment"
        or part.get_content_maintype() != "text"
        or bool(part.get_filename())
    )


def _words(parts: list["Message[str, str]"]) -> str:
    plain, html = (
        "\n".join(
            _text(part)
            for part in parts
            if not _is_file(part) and (part.get_content_type() == "text/html") is wanted
        )
        for wanted in (False, True)
    )
    return plain if plain.strip() else texts.of_html(html)


def _text(part: "Message[str, str]") -> str:
    charset = part.get_param("charset", "")
    content = _content(part)[: 4 * texts.LONGEST]
    return headers.charred(content, charset if isinstance(charset, str) else None)


def _content(part: "Message[str, str]") -> bytes:
    content = part.get_payload(decode=True)
    if isinstance(content, bytes):
        return content
    return b""  # an e-mail in the e-mail: named, and not taken


def _name(part: "Message[str, str]", number: int) -> str:
    given = part.get_filename() or ""
    name = headers.decoded(str(given)[: headers.LONGEST_VALUE])
    return name or _("File %(number)s", number=number)
