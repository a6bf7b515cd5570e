"""Promising messages, and taking promises back. Nothing here talks to a server."""

import hashlib
import re
import secrets
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import ColumnElement, select, update

from portal import jobs, settings
from portal.bulk import insert_rows
from portal.clock import now
from portal.db import after_commit, session
from portal.messages import stops
from portal.messages.attachments import Attachment, check_size, keep
from portal.messages.channels import job_of
from portal.messages.models import OPEN, Message, MessageState
from portal.messages.packing import packed
from portal.module import current
from portal.people.models import User
from portal.searching.text import join

KIND = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)*")
# A paragraph is not what a message is looked for by.
LONGEST_FOUND, LONGEST_SEARCH = 120, 500


@dataclass(frozen=True, kw_only=True)
class NewMessage:
    """A message to be queued; see `queue` for the meaning of the fields."""

    kind: str
    to: str
    context: Mapping[str, Any]
    secret: Mapping[str, Any] | None = None
    about: str | None = None
    once: str | None = None
    user_id: int | None = None
    location_id: int | None = None
    not_before: datetime | None = None
    not_after: datetime | None = None
    language: str | None = None
    channel: str = "email"
    attachments: tuple[Attachment, ...] = ()
    reply_to: str = ""
    answers: tuple[str, ...] = ()
    made_at: datetime = field(default_factory=now)


def queue(
    kind: str,
    to: str,
    *,
    context: Mapping[str, Any],
    secret: Mapping[str, Any] | None = None,
    about: str | None = None,
    once: str | None = None,
    user_id: int | None = None,
    location_id: int | None = None,
    not_before: datetime | None = None,
    not_after: datetime | None = None,
    language: str | None = None,
    channel: str = "email",
    attachments: tuple[Attachment, ...] = (),
    reply_to: str = "",
    answers: tuple[str, ...] = (),
) -> bool:
    """Promise a message, as part of this unit of work; False if `once` was promised before.

    `kind` is one that a module declares; its template is made of `context`, of JSON values, dates
    and moments. `secret` is context that is wiped when the message is sent (links that sign
    somebody in). `about` names the subject, for `cancel_about`. Before `not_before`, at any
    distance, it is planned, and after `not_after` no longer sent. The language is `language`, else
    that of the user `user_id`, else English. `to` is an address of `channel`: one that cannot be
    makes a message that has failed, visible to the administrator. `reply_to` is the address that
    an e-mail is answered to; empty: the one of the settings. `answers` are the Message-IDs of the
    e-mails that it follows, oldest first: mail programs show them together. Raises `ValueError` for
    a channel that the kind does not leave by, and for attachments of more than 7 MiB.
    """
    message = NewMessage(
        kind=kind,
        to=to,
        context=context,
        secret=secret,
        about=about,
        once=once,
        user_id=user_id,
        location_id=location_id,
        not_before=not_before,
        not_after=not_after,
        language=language,
        channel=channel,
        attachments=attachments,
        reply_to=reply_to,
        answers=answers,
    )
    return queue_many([message]) == 1


def queue_many(messages: Iterable[NewMessage]) -> int:
    """Promise many messages in few statements; returns how many had not been promised before."""
    messages = list(messages)
    if not messages:
        return 0
    languages = _languages_of(
        {one.user_id for one in messages if one.user_id and one.language is None}
    )
    stopped = _stopped(messages)
    rows = [_row(one, languages, stopped) for one in messages]
    queued = insert_rows(Message, rows, skip_known="once")
    keep({row["message_id"]: one.attachments for row, one in zip(rows, messages, strict=True)})
    if queued:
        wake({one.channel for one in messages})
    return queued


def wake(channels: Iterable[str]) -> None:
    """Have what waits for these channels sent soon after this unit of work."""
    for job in map(job_of, channels):
        after_commit(job, partial(jobs.wake, job))


def cancel_about(about: str, *, reason: str, kinds: Iterable[str] = ()) -> int:
    """Cancel what was promised about `about` and has not left; returns how many that were.

    `kinds` limits it to some kinds of messages. A message that a process is just handing over may
    still leave.
    """
    wanted = list(kinds)
    where = [Message.about == about]
    return _cancel(*where, *([Message.kind.in_(wanted)] if wanted else []), reason=reason)


def take_back(about: str, *, reason: str, kinds: Iterable[str]) -> set[int]:
    """Cancel messages of these kinds about `about`, as `cancel_about` does; the users whose message
    nobody ever tried to hand over: they cannot have got it."""
    wanted = list(kinds)
    found = session().scalars(
        update(Message)
        .where(
            Message.about == about,
            Message.kind.in_(wanted),
            Message.state.in_((MessageState.PLANNED, MessageState.WAITING)),
            Message.attempts == 0,
            Message.tried_at.is_(None),
        )
        .values(state=MessageState.CANCELLED, reason=reason[:200], secret=None)
        .returning(Message.user_id)
        .execution_options(synchronize_session=False)
    )
    untold = {user_id for user_id in found if user_id is not None}
    cancel_about(about, reason=reason, kinds=wanted)
    return untold


def move_about(old: str, new: str, *, only: Collection[int] | None = None) -> list[int]:
    """Let what was written about `old` be about `new`, which it is known as from now on; the ids of
    those messages. With `only` these alone."""
    which = [Message.about == old]
    if only is not None:
        which.append(Message.id.in_(only))
    return list(
        session().scalars(
            update(Message)
            .where(*which)
            .values(about=new)
            .returning(Message.id)
            .execution_options(synchronize_session=False)
        )
    )


def cancel_for(
    user_id: int,
    *,
    reason: str,
    address: str | None = None,
    location_ids: Iterable[int] | None = None,
    but: Iterable[str] = (),
) -> int:
    """Cancel what was promised to a user and has not left; returns how many that were.

    `address` limits it to messages to that address, `location_ids` to those that are about these
    locations; messages of the kinds `but` stay. As with `cancel_about`, one may still be leaving.
    """
    where = [Message.user_id == user_id, Message.kind.not_in(list(but))]
    if address is not None:
        where.append(Message.address == address)
    if location_ids is not None:
        where.append(Message.location_id.in_(list(location_ids)))
    return _cancel(*where, reason=reason)


def _cancel(*where: ColumnElement[bool], reason: str) -> int:
    statement = (
        update(Message)
        .where(*where, Message.state.in_(OPEN))
        .values(
            state=MessageState.CANCELLED,
            reason=reason[:200],
            secret=None,
            lease_until=None,
            lease_owner=None,
        )
        .execution_options(synchronize_session=False)
    )
    return session().execute(statement).rowcount  # type: ignore[attr-defined,no-any-return]


def _languages_of(user_ids: set[int | None]) -> dict[int, str]:
    if not user_ids:
        return {}
    query = select(User.id, User.language).where(User.id.in_(user_ids))
    return {row.id: row.language for row in session().execute(query)}


def _stopped(messages: Iterable[NewMessage]) -> set[tuple[str, str]]:
    """Which of these messages, by channel and address, their readers asked not to get."""
    channels = [name for name, one in current().channels.items() if one.stops]
    return {
        (name, address)
        for name in channels
        for address in stops.among(name, {one.to for one in messages if one.channel == name})
    }


def fresh_message_id() -> str:
    """What a message is known by in the world, once and for all."""
    host = urlsplit(settings.current().base_url).hostname or "localhost"
    return f"<{secrets.token_hex(16)}@{host}>"


def _row(
    one: NewMessage, languages: Mapping[int, str], stopped: set[tuple[str, str]]
) -> dict[str, Any]:
    if not KIND.fullmatch(one.kind):
        raise ValueError(f"{one.kind!r} cannot name a kind of message")
    check_size(one.attachments)
    refusal = stops.SENTENCE if (one.channel, one.to) in stopped else _refusal(one)
    later = one.not_before if one.not_before and one.not_before > one.made_at else None
    state = (
        MessageState.FAILED if refusal else MessageState.PLANNED if later else MessageState.WAITING
    )
    return {
        "kind": one.kind,
        "channel": one.channel,
        "address": one.to.replace("\0", "")[:254] if refusal else one.to,
        "user_id": one.user_id,
        "location_id": one.location_id,
        "language": one.language or languages.get(one.user_id or 0, "en"),
        "context": packed(one.context),
        "secret": packed(one.secret) if one.secret else None,
        "state": state,
        "last_error": refusal[:300],
        "next_try_at": later or one.made_at,
        "not_before": later,
        "not_after": one.not_after,
        "message_id": fresh_message_id(),
        "reply_to": one.reply_to,
        "answers": " ".join(one.answers),
        "about": one.about,
        "once": _digest(one.once) if one.once else None,
        "created_at": one.made_at,
        "search": search_words(one.to, one.context),
    }


def _refusal(one: NewMessage) -> str:
    """What is wrong with the address. Raises `ValueError` for a channel that the kind lacks."""
    registry = current()
    if one.kind in registry.messages and one.channel not in registry.messages[one.kind][1].channels:
        raise ValueError(f"{one.kind!r} does not leave by the channel {one.channel!r}")
    channel = registry.channels.get(one.channel)
    # A channel whose module is switched off judges it no more; the message waits.
    refusal = channel.refusal(one.to) if channel else ""
    return refusal or ("This address is too long." if len(one.to) > 254 else "")


def search_words(address: str, context: Mapping[str, Any]) -> str:
    """What a message can be found by: its address and the short texts of its context."""
    texts = [address, *(value for value in context.values() if isinstance(value, (str, int)))]
    short = (str(text) for text in texts if len(str(text)) <= LONGEST_FOUND)
    return join(short)[:LONGEST_SEARCH]


def _digest(once: str) -> str:
    # Keys are made of addresses, and they outlive what the message said.
    return hashlib.sha256(once.encode("utf-8", "replace")).hexdigest()
