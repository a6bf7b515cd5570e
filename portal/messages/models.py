"""The outbox and the state of the way out of the house."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    func,
)
from sqlalchemy.orm import Mapped, mapped_column

from portal.clock import now
from portal.db import Base
from portal.searching.text import search_text

BIG = BigInteger().with_variant(Integer, "sqlite")


class MessageState(StrEnum):
    """What has become of a message: `planned` for a moment that has not come yet, `obsolete` when
    it was no longer true at the moment of sending."""

    PLANNED = "planned"
    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    CANCELLED = "cancelled"
    OBSOLETE = "obsolete"


# What has not left yet and may still leave.
OPEN = (MessageState.PLANNED, MessageState.WAITING, MessageState.SENDING)


class Message(Base):
    """One message to one address of a channel.

    `context` holds what its templates need and no more; `secret` what nobody may read later (a
    sign-in link), wiped when the message is sent or cancelled. `about` names what the message is
    about, so that it can be cancelled when that is superseded. `once` is unique, a digest of the
    key it was promised under: a message promised twice is queued once. `message_id` is fixed at
    queueing, so that a repetition after a crash can be recognised as one. `reply_to` is where
    answers go; empty for where they usually do. `answers` are the Message-IDs of the e-mails that
    it follows, oldest first, joined by blanks: mail programs show them together. A message with
    `not_before` is planned until then, and its next try is that moment. `search` holds the address
    and what the message is about, and is wiped with them.
    """

    __tablename__ = "message"
    __table_args__ = (
        CheckConstraint(
            "state IN ('planned', 'waiting', 'sending', 'sent', 'failed', 'cancelled', 'obsolete')",
            name="known_state",
        ),
        CheckConstraint("state != 'planned' OR not_before IS NOT NULL", name="planned_has_moment"),
        CheckConstraint("state != 'sent' OR sent_at IS NOT NULL", name="sent_has_moment"),
        CheckConstraint(
            "state != 'sending' OR (lease_until IS NOT NULL AND lease_owner IS NOT NULL)",
            name="sending_is_leased",
        ),
        # A channel looks for its own messages only, however many wait for another.
        Index("ix_message_channel_state_next_try_at", "channel", "state", "next_try_at"),
        Index("ix_message_channel_state_id", "channel", "state", "id"),
        Index("ix_message_state_id", "state", "id"),
        Index("ix_message_kind_id", "kind", "id"),
        Index("ix_message_created_at", "created_at", "id"),
        # Holds only what was not wiped yet (WHERE search <> ''): a search reads it from its end, no
        # further.
        Index("ix_message_id_search", "id", "search"),
    )

    id: Mapped[int] = mapped_column(BIG, primary_key=True)
    kind: Mapped[str] = mapped_column(String(64))
    channel: Mapped[str] = mapped_column(String(40), default="email")
    address: Mapped[str] = mapped_column(String(254))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"), index=True)
    location_id: Mapped[int | None] = mapped_column(ForeignKey("location.id"), index=True)
    language: Mapped[str] = mapped_column(String(8), default="en")
    context: Mapped[dict[str, Any]] = mapped_column(JSON)
    secret: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    state: Mapped[str] = mapped_column(String(10), default=MessageState.WAITING)
    reason: Mapped[str] = mapped_column(String(200), default="")
    attempts: Mapped[int] = mapped_column(default=0)
    next_try_at: Mapped[datetime] = mapped_column(default=now)
    tried_at: Mapped[datetime | None] = mapped_column(index=True)
    not_before: Mapped[datetime | None]
    not_after: Mapped[datetime | None]
    lease_until: Mapped[datetime | None]
    lease_owner: Mapped[str | None] = mapped_column(String(80))
    message_id: Mapped[str] = mapped_column(String(200), unique=True)
    reply_to: Mapped[str] = mapped_column(String(254), default="")
    answers: Mapped[str] = mapped_column(Text, default="")
    about: Mapped[str | None] = mapped_column(String(120), index=True)
    once: Mapped[str | None] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(default=now)
    sent_at: Mapped[datetime | None]
    last_error: Mapped[str] = mapped_column(String(300), default="")
    search: Mapped[str] = search_text()


# Since when a message could leave.
WAITS_SINCE = func.coalesce(Message.not_before, Message.created_at)


class MessageAttachment(Base):
    """A file that goes out with a message. `content_type` may have parameters, as a calendar
    file's `method`."""

    __tablename__ = "message_attachment"

    id: Mapped[int] = mapped_column(BIG, primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    content_type: Mapped[str] = mapped_column(String(200))
    content: Mapped[bytes] = mapped_column(LargeBinary)


class ChannelState(Base):
    """How the server of a channel answers at present: shared by all delivering processes.

    While it cannot be used nothing is tried before `paused_until`; `recovering` holds from the
    first failure until what piled up is gone, and limits the pace.
    """

    __tablename__ = "message_channel"

    channel: Mapped[str] = mapped_column(String(40), primary_key=True)
    failing_since: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(default=0)
    paused_until: Mapped[datetime | None]
    recovering: Mapped[bool] = mapped_column(default=False)
    last_error: Mapped[str] = mapped_column(String(300), default="")


class ChannelStop(Base):
    """An address whose reader asked for no more messages by a channel, as by answering STOP to a
    text. It outlives every message, and is taken off only when the reader asks for it."""

    __tablename__ = "message_stop"

    channel: Mapped[str] = mapped_column(String(40), primary_key=True)
    address: Mapped[str] = mapped_column(String(254), primary_key=True)
    noted_at: Mapped[datetime] = mapped_column(default=now)
