"""Transfers between locations.

A line is settled once: the one statement that takes it out of `in_transit` decides who was first.
"""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from blueprints.inventory.models import BIG
from portal.clock import now
from portal.db import Base, plain_text
from portal.searching.text import search_text


class Transfer(Base):
    """Doses of one or more records, sent together (SPEC E1). The document holds day, reason, note
    and author; the locations are here too, because both sides look for their transfers."""

    __tablename__ = "transfer"
    __sealed__ = ("document_id", "from_location_id", "to_location_id", "sent_on", "created_at")
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
    __sealed__ = (
        *("transfer_id", "from_location_id", "to_location_id", "inventory_id", "out_entry_id"),
        *("doses_sent", "state", "doses_received", "received_on", "received_inventory_id"),
        *("reason", "note", "settled_at", "settled_by_id"),
    )
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


class TransferSide(Base):
    """A transfer as one of its two locations finds it in its list: a row for each of them.

    The values here follow from the transfer, its lines and the two locations. Of several products
    or lots the first is named, and how many more there are; `state` is that of the whole transfer.
    """

    __tablename__ = "transfer_side"
    __table_args__ = (
        CheckConstraint("direction IN ('in', 'out')", "known_direction"),
        UniqueConstraint("transfer_id", "location_id"),
        Index("ix_transfer_side_direction_state", "location_id", "direction", "state", "id"),
        *(
            Index(f"ix_transfer_side_list_{column}", "location_id", column, "id")
            for column in (
                "document_id",
                "sent_on",
                "sender",
                "receiver",
                "product",
                "lot",
                "doses",
                "state",
            )
        ),
    )

    id: Mapped[int] = mapped_column(BIG, primary_key=True)
    transfer_id: Mapped[int] = mapped_column(ForeignKey("transfer.id"))
    location_id: Mapped[int] = mapped_column(ForeignKey("location.id"))
    direction: Mapped[str] = mapped_column(String(3))
    document_id: Mapped[int] = mapped_column(ForeignKey("stock_document.id"))
    number: Mapped[str] = mapped_column(plain_text(24))
    sent_on: Mapped[date]
    sender: Mapped[str] = mapped_column(plain_text(120))
    receiver: Mapped[str] = mapped_column(plain_text(120))
    product: Mapped[str] = mapped_column(plain_text(130))
    lot: Mapped[str] = mapped_column(plain_text(30))
    doses: Mapped[int]
    state: Mapped[str] = mapped_column(plain_text(20))
    search: Mapped[str] = search_text()
