"""Promising messages, and taking promises back. Nothing here talks to a mail server."""

import hashlib
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import ColumnElement, select, update

from portal import jobs, settings
from portal.bulk import insert_rows
from portal.clock import now
from portal.db import after_commit, session
from portal.messages.models import Message, State
from portal.people.models import User
from portal.searching.text import join

JOB = "messages.deliver"
KIND = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)*")
# What RFC 5321 lets an address be, without quoted local parts and without anything a header could
# be broken with. Whether the mailbox exists is the mail server's business.
ADDRESS = re.compile(r"[^\s\x00-\x1f\x7f<>()\[\],;:\\\"@]+@[^\s\x00-\x1f\x7f<>()\[\],;:\\\"@]+")
# A calendar file or a paragraph is not what a message is looked for by.
LONGEST_FOUND, LONGEST_SEARCH = 120, 500


@dataclass(frozen=True, kw_only=True)
class NewMessage:
    """An e-mail to be queued; see `queue` for the meaning of the fields."""

    kind: str
    to: str
    context: Mapping[str, Any]
    secret: Mapping[str, Any] | None = None
    about: str | None = None
    once: str | None = None
    user_id: int | None = None
    location_id: int | None = None
    not_after: datetime | None = None
    language: str | None = None
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
    not_after: datetime | None = None,
    language: str | None = None,
) -> bool:
    """Promise an e-mail, as part of this unit of work; False if `once` was promised before.

    `kind` names the templates `templates/mail/<kind>.subject`, `.txt` and `.html`; `context` is
    what they need, of JSON values, dates and moments (`calendar`, if given, is the text of a
    calendar file to attach). `secret` is context that is wiped when the message is sent (links
    that sign somebody in). `about` names the subject, for `cancel_about`. After `not_after` it is
    no longer sent. The language is `language`, else that of the user `user_id`, else English.
    An address that cannot be one makes a message that has failed, visible to the administrator.
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
        not_after=not_after,
        language=language,
    )
    return queue_many([message]) == 1


def queue_many(messages: Iterable[NewMessage]) -> int:
    """Promise many e-mails in few statements; returns how many had not been promised before."""
    messages = list(messages)
    if not messages:
        return 0
    languages = _languages_of(
        {one.user_id for one in messages if one.user_id and one.language is None}
    )
    host = urlsplit(settings.current().base_url).hostname or "localhost"
    rows = [_row(one, host, languages) for one in messages]
    queued = insert_rows(Message, rows, skip_known="once")
    if queued:
        after_commit(JOB, lambda: jobs.wake(JOB))
    return queued


def cancel_about(about: str, *, reason: str, kinds: Iterable[str] = ()) -> int:
    """Cancel what was promised about `about` and has not left; returns how many that were.

    `kinds` limits it to some kinds of messages. A message that a process is just handing to the
    mail server may still leave.
    """
    wanted = list(kinds)
    where = [Message.about == about]
    return _cancel(*where, *([Message.kind.in_(wanted)] if wanted else []), reason=reason)


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
        .where(*where, Message.state.in_((State.WAITING, State.SENDING)))
        .values(
            state=State.CANCELLED,
            reason=reason[:200],
            secret=None,
            lease_until=None,
            lease_owner=None,
        )
        .execution_options(synchronize_session=False)
    )
    return session().execute(statement).rowcount  # type: ignore[attr-defined,no-any-return]


def usable_address(address: str) -> bool:
    """Whether `address` can be written into a header and given to a mail server."""
    return len(address) <= 254 and ADDRESS.fullmatch(address) is not None


def _languages_of(user_ids: set[int | None]) -> dict[int, str]:
    if not user_ids:
        return {}
    query = select(User.id, User.language).where(User.id.in_(user_ids))
    return {row.id: row.language for row in session().execute(query)}


def _row(one: NewMessage, host: str, languages: Mapping[int, str]) -> dict[str, Any]:
    if not KIND.fullmatch(one.kind):
        raise ValueError(f"{one.kind!r} cannot name a kind of message")
    usable = usable_address(one.to)
    return {
        "kind": one.kind,
        "address": one.to if usable else one.to.replace("\0", "")[:254],
        "user_id": one.user_id,
        "location_id": one.location_id,
        "language": one.language or languages.get(one.user_id or 0, "en"),
        "context": packed(one.context),
        "secret": packed(one.secret) if one.secret else None,
        "state": State.WAITING if usable else State.FAILED,
        "last_error": "" if usable else "This is not a usable e-mail address.",
        "next_try_at": one.made_at,
        "not_after": one.not_after,
        "message_id": f"<{secrets.token_hex(16)}@{host}>",
        "about": one.about,
        "once": _digest(one.once) if one.once else None,
        "created_at": one.made_at,
        "search": search_words(one.to, one.context),
    }


def search_words(address: str, context: Mapping[str, Any]) -> str:
    """What a message can be found by: its address and the short texts of its context."""
    texts = [address, *(value for value in context.values() if isinstance(value, (str, int)))]
    short = (str(text) for text in texts if len(str(text)) <= LONGEST_FOUND)
    return join(short)[:LONGEST_SEARCH]


def _digest(once: str) -> str:
    # Keys are made of addresses, and they outlive what the message said.
    return hashlib.sha256(once.encode("utf-8", "replace")).hexdigest()


def packed(context: Mapping[str, Any]) -> dict[str, Any]:
    """`context` as JSON can hold it: dates and moments become marked texts."""
    return {str(key): _pack(value) for key, value in context.items()}


def unpacked(context: Mapping[str, Any]) -> dict[str, Any]:
    """What `packed` made, as it was."""
    return {key: _unpack(value) for key, value in context.items()}


def _pack(value: Any) -> Any:
    if isinstance(value, str):
        return str(value).replace("\0", "")
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("a moment without time zone cannot be mailed")
        return {"$moment": value.isoformat()}
    if isinstance(value, date):
        return {"$date": value.isoformat()}
    if isinstance(value, Mapping):
        return packed(value)
    if isinstance(value, list | tuple):
        return [_pack(item) for item in value]
    raise TypeError(f"{type(value).__name__} cannot be kept with a message")


def _unpack(value: Any) -> Any:
    if isinstance(value, dict):
        if set(value) == {"$moment"}:
            return datetime.fromisoformat(value["$moment"])
        if set(value) == {"$date"}:
            return date.fromisoformat(value["$date"])
        return unpacked(value)
    if isinstance(value, list):
        return [_unpack(item) for item in value]
    return value
