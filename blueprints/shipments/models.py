"""Orders and shipments."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from blueprints.shipments.rules import Status, still_expected
from portal.clock import now
from portal.db import Base, plain_text
from portal.formats.codes import number_key

BIG = BigInteger().with_variant(Integer, "sqlite")


def _key_of_number(context: Any) -> str:
    return number_key(context.get_current_parameters()["number"])


class Order(Base):
    """What a location ordered, by its ExIS order number. Every shipment belongs to one.

    `number_key` is what spellings of the number have in common.
    """

    __tablename__ = "supply_order"
    __table_args__ = (UniqueConstraint("location_id", "number"),)

    id: Mapped[int] = mapped_column(BIG, primary_key=True)
    number: Mapped[str] = mapped_column(plain_text(64))
    number_key: Mapped[str] = mapped_column(plain_text(64), default=_key_of_number, index=True)
    location_id: Mapped[int] = mapped_column(ForeignKey("location.id"))
    created_at: Mapped[datetime] = mapped_column(default=now)


class Shipment(Base):
    """One lot of one vaccine on its way to one location (SPEC C2).

    A supplier's shipment of two vaccines or lots is two of these with one Shipment ID;
    `number_key` is what spellings of that ID have in common. `doses_received`
    is kept by the inventory and tells what of it was added there. The names copied from product
    and order are what lists sort by and search in.
    """

    __tablename__ = "shipment"
    # What the supplier said; what was received of it, and its status, follow from the ledger.
    __sealed__ = (
        *("number", "location_id", "order_id", "order_number", "product_id", "product_name"),
        *("manufacturer", "ndc", "lot", "expiration_date", "expiration_month_only"),
        *("doses_shipped", "date_shipped", "carrier", "tracking_number", "created_at"),
    )
    __table_args__ = (
        UniqueConstraint("number", "product_id", "lot"),
        CheckConstraint("doses_shipped > 0", "doses_shipped_positive"),
        CheckConstraint("doses_received >= 0", "doses_received_not_negative"),
        *(
            Index(f"ix_shipment_list_{column}", "location_id", column, "id")
            for column in (
                "number",
                "order_number",
                "product_name",
                "date_shipped",
                "doses_shipped",
                "doses_received",
                "lot",
                "status",
                "expiration_date",
            )
        ),
    )

    id: Mapped[int] = mapped_column(BIG, primary_key=True)
    number: Mapped[str] = mapped_column(plain_text(64))
    number_key: Mapped[str] = mapped_column(plain_text(64), default=_key_of_number, index=True)
    location_id: Mapped[int] = mapped_column(ForeignKey("location.id"))
    order_id: Mapped[int] = mapped_column(ForeignKey("supply_order.id"), index=True)
    order_number: Mapped[str] = mapped_column(plain_text(64))
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"))
    product_name: Mapped[str] = mapped_column(plain_text(120))
    manufacturer: Mapped[str] = mapped_column(plain_text(80))
    ndc: Mapped[str] = mapped_column(plain_text(13))
    lot: Mapped[str] = mapped_column(plain_text(20))
    expiration_date: Mapped[date]
    expiration_month_only: Mapped[bool] = mapped_column(default=False)
    doses_shipped: Mapped[int]
    doses_received: Mapped[int] = mapped_column(default=0)
    date_shipped: Mapped[date]
    carrier: Mapped[str] = mapped_column(plain_text(64), default="")
    tracking_number: Mapped[str] = mapped_column(plain_text(64), default="")
    status: Mapped[str] = mapped_column(plain_text(16), default=Status.ON_ITS_WAY)
    version: Mapped[int] = mapped_column(default=1)
    search: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now)

    order: Mapped[Order] = relationship(lazy="raise_on_sql")

    @property
    def closed(self) -> bool:
        """Whether somebody said that no more doses of it will come."""
        return self.status == Status.CLOSED

    @property
    def doses_expected(self) -> int:
        """Doses that are still to be added to the inventory; none of a closed shipment."""
        return 0 if self.closed else still_expected(self.doses_shipped, self.doses_received)


class ShipmentClosing(Base):
    """Why no more doses of a shipment are expected; gone when it is reopened."""

    __tablename__ = "shipment_closing"

    shipment_id: Mapped[int] = mapped_column(
        BIG, ForeignKey("shipment.id"), primary_key=True, autoincrement=False
    )
    reason: Mapped[str] = mapped_column(String(16))
    note: Mapped[str] = mapped_column(Text, default="")
    closed_at: Mapped[datetime] = mapped_column(default=now)
    closed_by_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
