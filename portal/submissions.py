"""Operation ids: a form that arrives twice changes nothing more (DESIGN 4.3).

Every form carries a random id. The first arrival stores it with the answer, in its own
transaction; a second one gets that answer.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import IO

from sqlalchemy import Executable, ForeignKey, String, bindparam, delete, select, update
from sqlalchemy.orm import Mapped, mapped_column

from portal.clock import now
from portal.db import Base, insert, session, unit_of_work
from portal.errors import Conflict
from portal.i18n import _
from portal.made_once import made_once

KEPT = timedelta(days=30)
SHAPE = re.compile(r"[A-Za-z0-9_-]{20,43}")
LONGEST_LOCATION = 500


class Operation(Base):
    """One accepted submission of a form and the address its answer led to."""

    __tablename__ = "operation"

    id: Mapped[str] = mapped_column(String(43), primary_key=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"), index=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    location: Mapped[str] = mapped_column(String(LONGEST_LOCATION), default="")
    at: Mapped[datetime] = mapped_column(default=now, index=True)


# Made once: every form that is sent asks for them.
FIRST = select(Operation).where(Operation.id == bindparam("operation_id"))
ANSWERED = (
    update(Operation)
    .where(Operation.id == bindparam("operation_id"))
    .values(location=bindparam("leads_to"))
    .execution_options(synchronize_session=False)
)


@made_once
def _claimed() -> Executable:
    return insert(Operation).on_conflict_do_nothing().returning(Operation.id)


@dataclass(frozen=True)
class Repeated:
    """The submission was accepted before, at `at`, and led to `location`."""

    location: str
    at: datetime


def new_operation_id() -> str:
    """A fresh id for a form: 256 random bits."""
    return secrets.token_urlsafe(32)


def is_operation_id(text: str) -> bool:
    """Whether `text` can be an id that `new_operation_id` made."""
    return SHAPE.fullmatch(text) is not None


def fingerprint(
    key: bytes,
    path: str,
    fields: Iterable[tuple[str, str]],
    files: Iterable[tuple[str, str, IO[bytes]]] = (),
) -> str:
    """A keyed digest of what was sent, order kept, the id and the request token left out.

    `files` are field name, file name and contents; they are read and set back to their beginning.
    """
    digest = hmac.new(key, path.encode(), hashlib.sha256)
    for name, value in fields:
        if name not in {"operation_id", "csrf_token"}:
            digest.update(f"\0{name}\1{value}".encode("utf-8", "surrogatepass"))
    for name, file_name, content in files:
        digest.update(f"\0{name}\2{file_name}".encode("utf-8", "surrogatepass"))
        while piece := content.read(1 << 16):
            digest.update(piece)
        content.seek(0)
    return digest.hexdigest()


def claim(operation_id: str, *, user_id: int | None, fingerprint: str) -> Repeated | None:
    """Take `operation_id` for this transaction, or tell what the first arrival led to.

    While another transaction holds the same id this waits for its end. Raises `Conflict` if the
    id was used by another user or for other input.
    """
    asked = {"id": operation_id, "user_id": user_id, "fingerprint": fingerprint, "at": now()}
    if session().connection().execute(_claimed(), asked).first() is not None:
        return None
    repeated = find(operation_id, user_id=user_id, fingerprint=fingerprint)
    assert repeated is not None
    return repeated


def find(operation_id: str, *, user_id: int | None, fingerprint: str) -> Repeated | None:
    """What the first arrival led to; None if there was none. Raises `Conflict` as `claim` does."""
    first: Operation | None = session().scalar(FIRST, {"operation_id": operation_id})
    if first is None:
        return None
    if first.user_id != user_id or first.fingerprint != fingerprint:
        raise Conflict(
            _("This form was already sent with different contents. Open it again to enter more.")
        )
    return Repeated(first.location, first.at)


def remember_answer(operation_id: str, location: str) -> None:
    """Keep where the accepted submission leads, for its repetitions."""
    stays = location if len(location) <= LONGEST_LOCATION else ""
    session().connection().execute(ANSWERED, {"operation_id": operation_id, "leads_to": stays})


def give_back(operation_id: str) -> None:
    """Undo `claim`: the submission was refused, although its unit of work is kept."""
    session().execute(delete(Operation).where(Operation.id == operation_id))


def forget_old() -> None:
    """Delete ids older than 30 days (a job of the platform)."""
    with unit_of_work() as current:
        current.execute(delete(Operation).where(Operation.at < now() - KEPT))
