"""Counting attempts, so that guessing is slow and nobody can lock somebody else out.

The reasoning is in `docs/adr/0003-throttling.md`. Rows hold keyed hashes only. An attempt is
counted before it is judged and taken back when it succeeds, so that parallel guesses cannot slip
through; the caller does this in a unit of work of its own, for a refused request rolls back.
"""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import current_app
from sqlalchemy import (
    Index,
    Integer,
    String,
    bindparam,
    delete,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from portal import clock
from portal.bulk import insert_rows
from portal.db import Base, is_sqlite, session, unit_of_work
from portal.networks import bucket

WINDOW = timedelta(minutes=5)
PER_ACCOUNT_AND_ADDRESS = 10
PER_ADDRESS = 50
STRANGERS_FREELY = 100
STRANGERS_AT_ALL = 1_000
STRANGERS_REMEMBERED = timedelta(days=30)
ONE_TRY_PER_NETWORK = timedelta(hours=24)
KNOWN_FOR = timedelta(days=90)

Limit = tuple[int, timedelta]


@dataclass(frozen=True, kw_only=True)
class AttemptLimits:
    """How many failures are taken from whom, where it is not signing in; `among` keeps the count of
    an address apart from that of other ways in. `at_all` bounds the failures for an account in 30
    days wherever they come from, known addresses included; None where only strangers are
    counted."""

    among: str
    per_account_and_address: int
    per_address: int
    strangers_freely: int
    strangers_at_all: int
    at_all: int | None = None


class Attempt(Base):
    """One counted attempt (sign-in, reset mail …), for throttling; the key is a keyed hash."""

    __tablename__ = "attempt"
    __table_args__ = (Index("ix_attempt_kind_key_hash_at", "kind", "key_hash", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    key_hash: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(default=clock.now, index=True)


@dataclass(frozen=True, kw_only=True)
class Admission:
    """An attempt that may be judged; `rows` count it until it succeeds.

    When `retry_after` (seconds) is not 0 the attempt must not be judged at all.
    """

    account: str
    address: str
    rows: tuple[int, ...] = ()
    known: bool = False
    retry_after: int = 0


def shortened(address: str) -> str:
    """An address as its user may see it again: without the last number of an IPv4 address, of an
    IPv6 address the first three groups. Empty for none."""
    one = bucket(address, v6_prefix=48)
    if one == "unknown":
        return ""
    return one.partition("/")[0] if ":" in one else f"{one.rpartition('.')[0]}.x"


def stand_in(address: str) -> str:
    """Eight letters that represent a client's address where it is shown, without revealing it."""
    return _key("shown", bucket(address))[:8]


def admit(account: str, address: str, *, limits: AttemptLimits | None = None) -> Admission:
    """Count an attempt to sign in as `account` (any text) from the client `address`.

    Failures of five minutes are limited per account and address. An account that was used from
    this address before meets no other limit: whoever shares the address cannot use it up. For all
    others failures of five minutes are limited per address, too; and beyond a hundred failures of
    strangers in a row, each network that the account was never used from has one attempt a day;
    beyond a thousand none. `limits` are those of another way in than signing in.
    """
    limits = limits or _of_signing_in()
    one, wide = bucket(address), bucket(address, v6_prefix=48)
    pair = f"{account}|{one}"
    keys = {
        "address": _key("address", f"{limits.among}{one}"),
        "pair": _key("pair", pair),
        "stranger": _key("stranger", account),
        "network": _key("network", f"{account}|{wide}"),
    }
    _lock(keys["address"], keys["stranger"])
    known = _is_known(pair)
    waits = [_wait("pair", keys["pair"], (limits.per_account_and_address, WINDOW))]
    if limits.at_all is not None:
        keys["all"] = _key("all", f"{limits.among}{account}")
        waits.append(_wait("all", keys["all"], (limits.at_all, STRANGERS_REMEMBERED)))
    if not known:
        waits.append(_wait("address", keys["address"], (limits.per_address, WINDOW)))
        waits += _strangers_wait(keys, limits)
    wait = max(waits)
    if wait:
        return Admission(account=account, address=address, known=known, retry_after=wait)
    left_out = {"stranger", "network"} if known else frozenset()
    rows = tuple(_count(kind, key) for kind, key in keys.items() if kind not in left_out)
    return Admission(account=account, address=address, rows=rows, known=known)


def _of_signing_in() -> AttemptLimits:
    return AttemptLimits(
        among="",
        per_account_and_address=PER_ACCOUNT_AND_ADDRESS,
        per_address=PER_ADDRESS,
        strangers_freely=STRANGERS_FREELY,
        strangers_at_all=STRANGERS_AT_ALL,
    )


def _strangers_wait(keys: dict[str, str], limits: AttemptLimits) -> list[int]:
    failures = _number("stranger", keys["stranger"], STRANGERS_REMEMBERED)
    most = limits.strangers_at_all
    if failures >= most:
        return [_wait("stranger", keys["stranger"], (most, STRANGERS_REMEMBERED))]
    if failures >= limits.strangers_freely:
        return [_wait("network", keys["network"], (1, ONE_TRY_PER_NETWORK))]
    return []


def succeeded(admission: Admission) -> None:
    """The attempt was right: it no longer counts, and the address becomes known."""
    _one_by_one(admission.account)
    session().execute(delete(Attempt).where(Attempt.id.in_(admission.rows)))
    pair = f"{admission.account}|{bucket(admission.address)}"
    _forget("pair", pair)
    if not admission.known:
        _forget("stranger", admission.account)
    _make_known(pair)


def welcome(account: str, address: str) -> None:
    """The account's owner proved by mail to be at `address`: forget failures, know the address."""
    pair = f"{account}|{bucket(address)}"
    _one_by_one(account)
    _forget("pair", pair)
    _forget("stranger", account)
    _make_known(pair)


def forgive(account: str) -> None:
    """Forget the failures of strangers: who never signed in as `account` from where they are may
    try as often as if nothing had happened."""
    _forget("stranger", account)


def take(kind: str, subject: str, limits: Sequence[Limit]) -> int:
    """Count one use of `kind` (up to 16 characters) by `subject`, if all `limits` allow it.

    Returns 0, or the seconds to wait; then nothing was counted.
    """
    key = _key(kind, subject)
    _lock(key)
    wait = max(_wait(kind, key, limit) for limit in limits)
    if not wait:
        _count(kind, key)
    return wait


def take_unused(kind: str, subjects: Sequence[str], window: timedelta) -> frozenset[str]:
    """Count one use of `kind` by each of `subjects` that had none within the window; those."""
    keys = {_key(kind, subject): subject for subject in subjects}
    if not keys:
        return frozenset()
    _lock(*keys)
    used = set(
        session().scalars(
            select(Attempt.key_hash).where(
                Attempt.kind == kind,
                Attempt.key_hash.in_(keys),
                Attempt.at > clock.now() - window,
            )
        )
    )
    free = [key for key in keys if key not in used]
    insert_rows(Attempt, [{"kind": kind, "key_hash": key, "at": clock.now()} for key in free])
    return frozenset(keys[key] for key in free)


def take_back(kind: str, subject: str) -> None:
    """Undo one `take`: what was counted turned out to be harmless."""
    newest = (
        select(Attempt.id)
        .where(Attempt.kind == kind, Attempt.key_hash == _key(kind, subject))
        .order_by(Attempt.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    session().execute(delete(Attempt).where(Attempt.id == newest))


def forget_old() -> None:
    """Delete rows that no limit asks for any more (a job of the platform)."""
    with unit_of_work() as current:
        current.execute(delete(Attempt).where(Attempt.at < clock.now() - KNOWN_FOR))


def _key(kind: str, subject: str) -> str:
    secret = current_app.extensions["portal"].settings.key("throttle")
    return hmac.new(secret, f"{kind}\0{subject}".encode(), hashlib.sha256).hexdigest()


def _one_by_one(account: str) -> None:
    """Let those who forget failures of the account pass one by one: each has rows deleted that the
    others want to delete, too, and PostgreSQL would refuse all but one of them."""
    _lock(_key("stranger", account))


def _lock(*keys: str) -> None:
    """Let attempts on the same keys pass one by one; on SQLite the write lock does that."""
    if is_sqlite():
        return
    numbers = sorted(int(key[:15], 16) for key in keys)
    session().execute(
        text("SELECT pg_advisory_xact_lock(number) FROM unnest(CAST(:numbers AS bigint[])) number"),
        {"numbers": numbers},
    )


def _number(kind: str, key: str, window: timedelta) -> int:
    return session().scalar(NUMBER, _counted(kind, key, window)) or 0


# The attempts within the window; none that a clock noted while it ran ahead. Made once, since every
# form of a visitor asks.
COUNTED = (
    Attempt.kind == bindparam("kind"),
    Attempt.key_hash == bindparam("key"),
    Attempt.at > bindparam("since"),
    Attempt.at <= bindparam("until"),
)
NUMBER = select(func.count()).select_from(Attempt).where(*COUNTED)
OLDEST_THAT_COUNTS = (
    select(Attempt.at)
    .where(*COUNTED)
    .order_by(Attempt.at.desc())
    .offset(bindparam("others", type_=Integer()))
    .limit(1)
)
ONE_MORE = insert(Attempt).returning(Attempt.id)


def _counted(kind: str, key: str, window: timedelta) -> dict[str, Any]:
    """What `COUNTED` is given."""
    moment = clock.now()
    return {"kind": kind, "key": key, "since": moment - window, "until": moment + clock.SKEW}


def _wait(kind: str, key: str, limit: Limit) -> int:
    """Seconds until another attempt fits into the limit; 0 for now."""
    most, window = limit
    moment = clock.now()
    asked = {**_counted(kind, key, window), "others": most - 1}
    oldest_that_counts: datetime | None = session().scalar(OLDEST_THAT_COUNTS, asked)
    if oldest_that_counts is None:
        return 0
    return max(1, int((oldest_that_counts + window - moment).total_seconds()) + 1)


def _count(kind: str, key: str) -> int:
    counted = {"kind": kind, "key_hash": key, "at": clock.now()}
    return session().connection().execute(ONE_MORE, counted).scalar_one()


def _forget(kind: str, subject: str) -> None:
    session().execute(
        delete(Attempt).where(Attempt.kind == kind, Attempt.key_hash == _key(kind, subject))
    )


def _is_known(pair: str) -> bool:
    return _number("known", _key("known", pair), KNOWN_FOR) > 0


def _make_known(pair: str) -> None:
    key = _key("known", pair)
    renewed = session().execute(
        update(Attempt)
        .where(Attempt.kind == "known", Attempt.key_hash == key)
        .values(at=clock.now())
        .returning(Attempt.id)
    )
    if renewed.first() is None:
        _count("known", key)
