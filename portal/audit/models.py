"""The audit trail: entries that are only ever added, and the row that holds the chain's end."""

import json
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base

BIG = BigInteger().with_variant(Integer, "sqlite")
START = "0" * 64


class AuditEntry(Base):
    """One thing that was done or seen.

    Ids are kept without foreign keys and the username as it was: the trail outlives what it
    is about. `profile` is the one that the actor acted in, empty for the portal itself and in
    entries of before it was noted. `before` and `after` are stored as the very text that `hash`
    covers. Database triggers refuse every UPDATE and DELETE. `form` says which fields `hash` covers
    (`chain.FIELDS`); `seals` holds digests of rows that were written with the entry.
    """

    __tablename__ = "audit_entry"
    __table_args__ = (
        Index("ix_audit_entry_actor_id_number", "actor_id", "number"),
        Index("ix_audit_entry_action_number", "action", "number"),
        Index("ix_audit_entry_subject_subject_id_number", "subject", "subject_id", "number"),
        Index("ix_audit_entry_location_id_number", "location_id", "number"),
        Index("ix_audit_entry_through_number", "through", "number"),
        Index("ix_audit_entry_at", "at"),
    )

    number: Mapped[int] = mapped_column(BIG, primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    actor_id: Mapped[int | None]
    actor_username: Mapped[str] = mapped_column(String(64))
    action: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(64))
    subject_id: Mapped[int | None] = mapped_column(BIG)
    location_id: Mapped[int | None]
    summary: Mapped[str] = mapped_column(String(500))
    before: Mapped[str | None] = mapped_column(Text)
    after: Mapped[str | None] = mapped_column(Text)
    through: Mapped[str] = mapped_column(String(16))
    form: Mapped[int]
    profile: Mapped[str] = mapped_column(String(16), default="")
    seals: Mapped[str | None] = mapped_column(Text)
    hash: Mapped[str] = mapped_column(String(64))

    @property
    def values_before(self) -> dict[str, Any]:
        """The values before the change, by field; empty where none were recorded."""
        return _values(self.before)

    @property
    def values_after(self) -> dict[str, Any]:
        """The values after the change, by field; empty where none were recorded."""
        return _values(self.after)


class AuditHead(Base):
    """The end of the chain: how many entries there are, the last one's hash, and a MAC of both."""

    __tablename__ = "audit_head"
    __table_args__ = (CheckConstraint("id = 1", name="only_one"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    count: Mapped[int] = mapped_column(BIG)
    hash: Mapped[str] = mapped_column(String(64))
    mac: Mapped[str] = mapped_column(String(64))


def _values(text: str | None) -> dict[str, Any]:
    found = json.loads(text) if text else {}
    return found if isinstance(found, dict) else {"": found}
