"""Signed links to one record, for people without an account. They need no row each.

A link names the record, its version and when it ends, under a MAC with a key outside the database.
It is taken back by changing the record's version, which its module keeps (`Standing`). Opening a
link shows the record; whatever is done there takes a button.
"""

import base64
import hashlib
import hmac
import re
import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from portal import clock, settings
from portal.access.through import Through
from portal.access.visitor import Standing, Visitor
from portal.errors import PortalError
from portal.i18n import _
from portal.module import Visit, current, load

# How it was come by, the record, its version, and the minute in which the link ends.
PARTS = struct.Struct(">BQII")
MAC_BYTES = 16
TOKEN = re.compile(r"[A-Za-z0-9_-]{44}")
BY_MESSAGE, BY_NUMBER = 0, 1
LATEST = 2**32 - 1
# How long one may go on after a change of one's own.
AFTERWARDS = timedelta(minutes=30)

Link = dict[str, str | int]


class Fate(StrEnum):
    """Why a link does not work."""

    UNKNOWN = "unknown"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"


class LinkOver(PortalError):
    """The link shows nothing (any more). `said` is what became of the record, if its module says
    so to whoever holds a link that was once good."""

    def __init__(self, kind: str, fate: Fate, said: str = "") -> None:
        super().__init__(_("This link does not work."))
        self.kind = kind
        self.fate = fate
        self.said = said
        # One that was good once is gone; one that never was is not found.
        self.status = 404 if fate is Fate.UNKNOWN else 410


@dataclass(frozen=True)
class _Ticket:
    """What a link says that carries the right MAC."""

    by: int
    subject_id: int
    version: int
    ends: datetime


def describe(kind: str, subject_id: int, version: int, *, until: datetime) -> Link:
    """A link for a message, which goes into its secrets: it is made when the message is written."""
    return {
        "visit": kind,
        "id": subject_id,
        "version": version,
        "until": _minutes(until),
    }


def address_of(link: Link | str) -> str:
    """The full address of a link, for a message. A text, which stands for a link that is hidden, is
    returned as it is."""
    if isinstance(link, str):
        return link
    from portal.messages.templates import absolute_url

    kind = str(link["visit"])
    token = _signed(kind, BY_MESSAGE, int(link["id"]), int(link["version"]), int(link["until"]))
    return absolute_url(_visit(kind).endpoint, token=token)


def token_of(kind: str, subject_id: int, version: int, *, until: datetime) -> str:
    """The token of a link as messages carry it."""
    return _signed(kind, BY_MESSAGE, subject_id, version, _minutes(until))


def fresh_token(kind: str, subject_id: int, *, lifetime: timedelta, by: Through) -> str:
    """A token for the record as it is now, for whoever may see it by then: behind the number and
    the birth date, and after a change that makes the link in use an older one's.

    Raises `LinkOver` for a record that no visitor may see.
    """
    standing = standing_of(kind, subject_id)
    if standing is None or standing.withdrawn:
        raise LinkOver(kind, Fate.WITHDRAWN, standing.said if standing else "")
    how = BY_MESSAGE if by is Through.LINK else BY_NUMBER
    ends = _minutes(clock.now() + lifetime)
    return _signed(kind, how, subject_id, standing.version, ends)


def renewed(kind: str, token: str) -> str:
    """A token as `fresh_token` makes it, for whose change ended the link with `token`; empty if the
    portal never made that, or the record is no longer to be seen."""
    ticket = _read(kind, token)
    if ticket is None:
        return ""
    by = Through.PAGE if ticket.by == BY_NUMBER else Through.LINK
    try:
        return fresh_token(kind, ticket.subject_id, lifetime=AFTERWARDS, by=by)
    except LinkOver:
        return ""


def visitor_of(kind: str, token: str) -> Visitor:
    """Who holds `token`, a link to a record of this kind. Raises `LinkOver`."""
    ticket = _read(kind, token)
    if ticket is None:
        raise LinkOver(kind, Fate.UNKNOWN)
    standing = standing_of(kind, ticket.subject_id)
    if standing is None:
        raise LinkOver(kind, Fate.WITHDRAWN)
    if standing.withdrawn:
        raise LinkOver(kind, Fate.WITHDRAWN, standing.said)
    if ticket.version != standing.version:
        raise LinkOver(kind, Fate.SUPERSEDED, standing.said)
    if ticket.ends <= clock.now():
        raise LinkOver(kind, Fate.EXPIRED)
    return Visitor(
        subject_kind=kind,
        subject_id=ticket.subject_id,
        version=ticket.version,
        place=standing.place,
        language=standing.language,
        through=Through.PAGE if ticket.by == BY_NUMBER else Through.LINK,
    )


def standing_of(kind: str, subject_id: int) -> Standing | None:
    """What the record is at present; None if there is none (any more)."""
    found: Standing | None = load(_visit(kind).standing)(subject_id)
    return found


def _visit(kind: str) -> Visit:
    return current().visits[kind]


def _minutes(moment: datetime) -> int:
    """The minute that ends a link good until `moment`: never too early."""
    return min(LATEST, -int(-moment.timestamp() // 60))


def _signed(kind: str, by: int, subject_id: int, version: int, ends: int) -> str:
    said = PARTS.pack(by, subject_id, version, ends)
    return base64.urlsafe_b64encode(said + _mac(kind, said)).decode()


def _mac(kind: str, said: bytes) -> bytes:
    text = b"\0".join((b"visit", kind.encode(), said))
    return hmac.new(settings.current().key("visits"), text, hashlib.sha256).digest()[:MAC_BYTES]


def _read(kind: str, token: str) -> _Ticket | None:
    """What the token says; None unless this portal made it for this kind of record."""
    if not TOKEN.fullmatch(token):
        return None
    sent = base64.urlsafe_b64decode(token)
    said, mac = sent[:-MAC_BYTES], sent[-MAC_BYTES:]
    if not hmac.compare_digest(mac, _mac(kind, said)):
        return None
    by, subject_id, version, ends = PARTS.unpack(said)
    return _Ticket(by, subject_id, version, datetime.fromtimestamp(ends * 60, UTC))
