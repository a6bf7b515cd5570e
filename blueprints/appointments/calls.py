"""The lines of call lists: a line belongs to one caller for ten minutes (SPEC D13, G13).

It is claimed in one statement, so that nobody is called twice, and is the caller's until somebody
else claims it. What a line is about is its table's own.
"""

from collections.abc import Collection
from datetime import datetime
from typing import TypeVar

from sqlalchemy import ForeignKey, Select, String, or_, select, update
from sqlalchemy.orm import Mapped, mapped_column

from blueprints.appointments.rules import CLAIMED_FOR, TRIED_AGAIN_AFTER
from portal.clock import now
from portal.db import Base, lock_number, session
from portal.errors import Conflict
from portal.i18n import _

# Its number beside those of the other locks.
CALLER_LOCK = 34


class CallLine(Base):
    """The columns of a line of a call list. Until `claimed_until` it belongs to the caller
    `caller_id`, who also notes the `outcome`."""

    __abstract__ = True

    id: Mapped[int]
    outcome: Mapped[str] = mapped_column(String(12), default="")
    caller_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"), default=None)
    claimed_until: Mapped[datetime | None] = mapped_column(default=None)
    called_at: Mapped[datetime | None] = mapped_column(default=None)
    tries: Mapped[int] = mapped_column(default=0)


Line = TypeVar("Line", bound=CallLine)


def claim_next(
    model: type[Line], lines: Select[int], user_id: int, to_call: Collection[str]
) -> Line | None:
    """Of `lines` (their ids) the next to call, which is the user's for ten minutes; the one they
    have already, if any. None if nobody is left to call now. `to_call` are the outcomes after which
    somebody is still to call.

    A caller's claims go one after the other: who presses the button on two tablets at once, or
    twice, has one call.
    """
    lock_number(CALLER_LOCK, user_id)
    mine = session().scalar(
        select(model).where(
            model.id.in_(lines),
            model.caller_id == user_id,
            model.claimed_until > now(),
            model.outcome.in_(to_call),
        )
    )
    return mine if mine is not None else _claim(model, lines, user_id, to_call)


def _claim(
    model: type[Line], lines: Select[int], user_id: int, to_call: Collection[str]
) -> Line | None:
    moment = now()
    following = (
        lines.where(
            model.outcome.in_(to_call),
            or_(model.claimed_until.is_(None), model.claimed_until <= moment),
            or_(model.called_at.is_(None), model.called_at <= moment - TRIED_AGAIN_AFTER),
        )
        .order_by(model.tries, model.id)
        .limit(1)
        .with_for_update(of=model, skip_locked=True)
        .scalar_subquery()
    )
    return session().scalar(
        update(model)
        .where(model.id == following)
        .values(caller_id=user_id, claimed_until=moment + CLAIMED_FOR)
        .returning(model)
        .execution_options(synchronize_session=False, populate_existing=True)
    )


def note_outcome(
    model: type[Line], line_id: int, user_id: int, outcome: str, to_call: Collection[str]
) -> Line:
    """Note what came of a call. Raises `Conflict` if the line is another caller's by now, or its
    outcome is known."""
    moment = now()
    noted = session().scalar(
        update(model)
        .where(model.id == line_id, model.caller_id == user_id, model.outcome.in_(to_call))
        .values(outcome=outcome, called_at=moment, claimed_until=moment, tries=model.tries + 1)
        .returning(model)
        .execution_options(synchronize_session=False, populate_existing=True)
    )
    if noted is None:
        raise Conflict(_("Someone else has this call now. Nothing was saved. Take the next one."))
    return noted
