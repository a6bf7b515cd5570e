"""Files that go out with messages."""

import re
from dataclasses import dataclass
from email.headerregistry import ContentTypeHeader
from email.policy import SMTP
from typing import cast

from sqlalchemy import LargeBinary, String, bindparam, insert, select

from portal.db import session
from portal.messages.models import Message, MessageAttachment

# Mail servers take messages of 10 MiB; as text a file is a third larger.
LARGEST = 7 * 1024 * 1024
CONTENT_TYPE = re.compile(r"[a-z]+/[a-z0-9][a-z0-9.+-]*(; ?[a-z-]+=[A-Za-z0-9._-]+)*")
# These are messages in a message, not files.
NO_FILES = ("multipart/", "message/")
# Made once: every appointment has a file.
ONE_FILE = insert(MessageAttachment).from_select(
    ["message_id", "name", "content_type", "content"],
    select(
        Message.id,
        bindparam("file_name", type_=String),
        bindparam("file_type", type_=String),
        bindparam("file_content", type_=LargeBinary),
    ).where(Message.message_id == bindparam("of")),
)


@dataclass(frozen=True)
class Attachment:
    """A file by the name its reader sees, and its type as e-mail says it: "application/pdf", or
    with parameters "text/calendar; method=PUBLISH"."""

    name: str
    content_type: str
    content: bytes

    def __post_init__(self) -> None:
        """Raises `ValueError` for a name or type that cannot stand in a message."""
        if not self.name or len(self.name) > 200 or not self.name.isprintable():
            raise ValueError("an attachment's name has between 1 and 200 printable characters")
        if "/" in self.name or "\\" in self.name:
            raise ValueError("an attachment's name is no path")
        known = CONTENT_TYPE.fullmatch(self.content_type) and len(self.content_type) <= 200
        if not known or self.content_type.startswith(NO_FILES):
            raise ValueError(f"{self.content_type!r} is no type of a file")


def typed(content_type: str) -> ContentTypeHeader:
    """A content type, taken apart."""
    return cast(ContentTypeHeader, SMTP.header_factory("Content-Type", content_type))


def check_size(files: tuple[Attachment, ...]) -> None:
    """Raise `ValueError` for more than a message can carry."""
    if sum(len(one.content) for one in files) > LARGEST:
        raise ValueError(f"the attachments of a message have at most {LARGEST} bytes together")


def keep(files: dict[str, tuple[Attachment, ...]]) -> None:
    """Store the files of the messages that were just queued, by their Message-IDs; what was not
    queued, because it was promised before, gets none."""
    rows = [
        {
            "of": message_id,
            "file_name": one.name,
            "file_type": one.content_type,
            "file_content": one.content,
        }
        for message_id, some in files.items()
        for one in some
    ]
    if rows:
        session().connection().execute(ONE_FILE, rows)


def attached_to(message_id: int) -> tuple[Attachment, ...]:
    """The files of a message, in the order in which they were given."""
    found = session().scalars(
        select(MessageAttachment)
        .where(MessageAttachment.message_id == message_id)
        .order_by(MessageAttachment.id)
    )
    return tuple(Attachment(one.name, one.content_type, one.content) for one in found)
