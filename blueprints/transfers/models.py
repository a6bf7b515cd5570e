"""Transfers between locations.

A line is settled once: the one statement that takes it out of `in_transit` decides who was first.
"""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from blueprints.inventory.models import BIG
from portal.clock import now
from portal.db import Base


class Transfer(Base):
    """Doses of one or more records, sent together (SPEC E1). The document holds day, reason, note
    and author; the locations are here too, because both sides look for their transfers."""

    __tablename__ = "transfer"
    __table_args__ = (
        CheckConstraint("from_location_id <> to_location_id", "elsewhere"),
        Index("ix_transfer_from_location_id_id", "from_location_id", "id"),
        Index("ix_transfer_to_location_id_id", "to_location_id", "id"),
    )

    id: Mapped[int] = mapped_column(BIG, primary_key=True)
    document_id: Mapped[int] = mapped_column(ForeignKey("stock_document.id"), unique=True)
    from_location_id: Mapped[int] = mapped_column(ForeignKey("location.id"))
    to_location_id: Mapped[int] = mapped_column(ForeignKey("location.id"))
    sent_on: Mapped[date]
    created_at: Mapped[datetime] = mapped_column(default=now)


class TransferLine(Base):
    """The doses of one record in a transfer, and what became of them."""

    __tablename__ = "transfer_line"
    __table_args__ = (
        CheckConstraint("doses_sent > 0", "something_sent"),
        CheckConstraint(
            "state IN ('in_transit', 'received', 'refused', 'cancelled')", "known_state"
        ),
        CheckConstraint(
            "(state = 'received') = (doses_received IS NOT NULL) "
            "AND (doses_received IS NULL OR doses_received BETWEEN 0 AND doses_sent)",
            "received_no_more_than_sent",
        ),
        Index("ix_transfer_line_from_location_id_state", "from_location_id", "state", "id"),
        Index("ix_transfer_line_to_location_id_state", "to_location_id", "state", "id"),
    )

    id: Mapped[int] = mapped_column(BIG, primary_key=True)
    transfer_id: Mapped[int] = mapped_column(ForeignKey("transfer.id"), index=True)
    from_location_id: Mapped[int] = mapped_column(ForeignKey("location.id"))
    to_location_id: Mapped[int] = mapped_column(ForeignKey("location.id"))
    inventory_id: Mapped[int] = mapped_column(ForeignKey("vaccine_inventory.id"), index=True)
    out_entry_id: Mapped[int] = mapped_column(ForeignKey("dose_entry.id"), unique=True)
    doses_sent: Mapped[int]
    state: Mapped[str] = mapped_column(String(12), default="in_transit")
    doses_received: Mapped[int | None] = mapped_column(default=None)
    received_on: Mapped[date | None] = mapped_column(default=None)
    received_inventory_id: Mapped[int | None] = mapped_column(
        ForeignKey("vaccine_inventory.id"), index=True, default=None
    )
    reason: Mapped[str] = mapped_column(String(40), default="")
    note: Mapped[str] = mapped_column(Text, default="")
    settled_at: Mapped[datetime | None] = mapped_column(default=None)
    settled_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"), default=None)
