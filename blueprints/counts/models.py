"""Counts of a location's doses, or of one storage unit's.

A count is closed once: the one statement that takes it out of `open` decides who was first.
"""

from datetime import datetime

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from blueprints.inventory.models import BIG
from portal.clock import now
from portal.db import Base


class StockCount(Base):
    """A count (SPEC D11). Without a `storage_unit` it is of all of the location or, if it says
    `without_unit`, of the records that are in none; `document_id` names what was booked, if
    anything was. `version` grows with every change, so that nobody books what they have not seen.
    """

    __tablename__ = "stock_count"
    __table_args__ = (
        CheckConstraint("state IN ('open', 'finished', 'cancelled')", "known_state"),
        CheckConstraint("(state = 'open') = (closed_at IS NULL)", "closed_once"),
        CheckConstraint("document_id IS NULL OR state = 'finished'", "booked_when_finished"),
        Index("ix_stock_count_location_id_id", "location_id", "id"),
        Index("ix_stock_count_started_at", "location_id", "started_at", "id"),
        # Of open counts only (WHERE state = 'open').
        Index("ix_stock_count_open", "location_id", "storage_unit", "without_unit", unique=True),
    )

    id: Mapped[int] = mapped_column(BIG, primary_key=True)
    location_id: Mapped[int] = mapped_column(ForeignKey("location.id"))
    storage_unit: Mapped[str] = mapped_column(String(60), default="")
    without_unit: Mapped[bool] = mapped_column(default=False)
    state: Mapped[str] = mapped_column(String(12), default="open")
    version: Mapped[int] = mapped_column(default=1)
    note: Mapped[str] = mapped_column(Text, default="")
    document_id: Mapped[int | None] = mapped_column(
        ForeignKey("stock_document.id"), unique=True, default=None
    )
    started_at: Mapped[datetime] = mapped_column(default=now)
    started_by_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    closed_at: Mapped[datetime | None] = mapped_column(default=None)
    closed_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"), default=None)


class StockCountLine(Base):
    """A record in a count: what the ledger said up to `last_entry_id`, in which `storage_unit` it
    was kept then, and what was counted.

    `number` is printed on the sheet. Blank is not zero: `counted_doses` is None until somebody
    entered a number. `entry_id` is what was booked for a difference.
    """

    __tablename__ = "stock_count_line"
    __table_args__ = (
        CheckConstraint("expected_doses >= 0", "expected_not_negative"),
        CheckConstraint("counted_doses IS NULL OR counted_doses >= 0", "counted_not_negative"),
        UniqueConstraint("count_id", "number"),
        UniqueConstraint("count_id", "inventory_id"),
    )

    id: Mapped[int] = mapped_column(BIG, primary_key=True)
    count_id: Mapped[int] = mapped_column(ForeignKey("stock_count.id"))
    number: Mapped[int]
    inventory_id: Mapped[int] = mapped_column(ForeignKey("vaccine_inventory.id"), index=True)
    storage_unit: Mapped[str] = mapped_column(String(60), default="")
    expected_doses: Mapped[int]
    last_entry_id: Mapped[int] = mapped_column(ForeignKey("dose_entry.id"))
    counted_doses: Mapped[int | None] = mapped_column(default=None)
    not_counted: Mapped[bool] = mapped_column(default=False)
    reason: Mapped[str] = mapped_column(String(40), default="")
    entry_id: Mapped[int | None] = mapped_column(
        ForeignKey("dose_entry.id"), unique=True, default=None
    )
