"""Vaccine inventory records and the dose ledger.

The ledger is append-only (the database refuses changes, the audit trail holds a digest of every
entry) and is the truth; the counters on the record are its sums, moved in the same statement that
refuses to take more than there is, and held to the balance equation by a constraint.
"""

from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
)
from sqlalchemy.orm import Mapped, mapped_column

from portal.clock import now
from portal.db import Base, plain_text

BIG = BigInteger().with_variant(Integer, "sqlite")


class VaccineInventory(Base):
    """One lot at one location, as one delivery brought it (SPEC D2, D3)."""

    __tablename__ = "vaccine_inventory"
    # What it is of and where; its doses follow from the ledger, name and storage unit may change.
    __sealed__ = (
        *("location_id", "product_id", "product_name", "manufacturer", "lot", "lot_key"),
        *("serial_number", "expiration_date", "expiration_month_only", "shipment_id"),
        *("unable_to_locate_shipment", "created_at", "created_by_id"),
    )
    __table_args__ = (
        CheckConstraint(
            "doses_available >= 0 AND doses_total >= 0 AND doses_administered >= 0 "
            "AND doses_wasted >= 0 AND doses_returned >= 0 AND doses_in_transit >= 0 "
            "AND doses_transferred >= 0",
            "nothing_negative",
        ),
        CheckConstraint(
            "doses_total - doses_administered - doses_wasted - doses_returned "
            "- doses_in_transit - doses_transferred = doses_available",
            "balance",
        ),
        Index("ix_vaccine_inventory_lot", "location_id", "product_id", "lot_key"),
        Index("ix_vaccine_inventory_shipment_id", "shipment_id"),
        # Of records in quarantine only (WHERE quarantined).
        Index("ix_vaccine_inventory_quarantined", "location_id", "expiration_date", "id"),
        *(
            Index(f"ix_vaccine_inventory_list_{column}", "location_id", column, "id")
            for column in (
                "name_key",
                "product_name",
                "lot",
                "expiration_date",
                "doses_total",
                "doses_available",
                "created_at",
            )
        ),
    )

    id: Mapped[int] = mapped_column(BIG, primary_key=True)
    location_id: Mapped[int] = mapped_column(ForeignKey("location.id"))
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"))
    product_name: Mapped[str] = mapped_column(plain_text(120))
    manufacturer: Mapped[str] = mapped_column(plain_text(80))
    name: Mapped[str] = mapped_column(String(120))
    name_key: Mapped[str] = mapped_column(plain_text(160))
    lot: Mapped[str] = mapped_column(plain_text(20))
    lot_key: Mapped[str] = mapped_column(plain_text(20))
    serial_number: Mapped[str] = mapped_column(String(64), default="")
    expiration_date: Mapped[date]
    expiration_month_only: Mapped[bool] = mapped_column(default=False)
    shipment_id: Mapped[int | None] = mapped_column(ForeignKey("shipment.id"), default=None)
    unable_to_locate_shipment: Mapped[bool] = mapped_column(default=False)
    doses_total: Mapped[int] = mapped_column(default=0)
    doses_available: Mapped[int] = mapped_column(default=0)
    doses_administered: Mapped[int] = mapped_column(default=0)
    doses_wasted: Mapped[int] = mapped_column(default=0)
    doses_returned: Mapped[int] = mapped_column(default=0)
    # Of the total; the rest was received from shipments.
    doses_transferred_in: Mapped[int] = mapped_column(default=0)
    doses_adjusted: Mapped[int] = mapped_column(default=0)
    doses_in_transit: Mapped[int] = mapped_column(default=0)
    doses_transferred: Mapped[int] = mapped_column(default=0)
    storage_unit: Mapped[str] = mapped_column(String(60), default="")
    quarantined: Mapped[bool] = mapped_column(default=False)
    version: Mapped[int] = mapped_column(default=1)
    search: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(default=now)
    created_by_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))


class StockDocument(Base):
    """What the entries of one submission share: a wastage, a return, an adjustment, a count, or a
    transfer as its sender wrote it. `vial` says of wastage whether the vials had been opened.
    """

    __tablename__ = "stock_document"
    __sealed__ = (
        *("kind", "location_id", "happened_on", "reason", "vial", "note"),
        *("created_at", "created_by_id"),
    )
    __table_args__ = (Index("ix_stock_document_location_id_id", "location_id", "id"),)

    id: Mapped[int] = mapped_column(BIG, primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    location_id: Mapped[int] = mapped_column(ForeignKey("location.id"))
    happened_on: Mapped[date]
    reason: Mapped[str] = mapped_column(String(40), default="")
    vial: Mapped[str] = mapped_column(String(8), default="")
    note: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(default=now)
    created_by_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))


class DoseEntry(Base):
    """One line of the ledger. `doses` is positive, or negative for the reversal of `reverses_id`.

    `happened_on` is the day in the location's time zone, `recorded_at` when it was entered.
    """

    __tablename__ = "dose_entry"
    __sealed__ = (
        *("inventory_id", "location_id", "kind", "doses", "happened_on", "recorded_at"),
        *("actor_id", "shipment_id", "reason", "note", "document_id", "reverses_id"),
    )
    __table_args__ = (
        CheckConstraint(
            "(reverses_id IS NULL AND doses > 0) OR (reverses_id IS NOT NULL AND doses < 0)",
            "sign",
        ),
        Index("ix_dose_entry_inventory_id_id", "inventory_id", "id"),
        Index("ix_dose_entry_inventory_id_kind_id", "inventory_id", "kind", "id"),
        Index("ix_dose_entry_location_id_id", "location_id", "id"),
        Index("ix_dose_entry_list_happened_on", "location_id", "happened_on", "id"),
        Index("ix_dose_entry_list_kind", "location_id", "kind", "happened_on", "id"),
    )

    id: Mapped[int] = mapped_column(BIG, primary_key=True)
    inventory_id: Mapped[int] = mapped_column(ForeignKey("vaccine_inventory.id"))
    location_id: Mapped[int] = mapped_column(ForeignKey("location.id"))
    kind: Mapped[str] = mapped_column(String(16))
    doses: Mapped[int]
    happened_on: Mapped[date]
    recorded_at: Mapped[datetime] = mapped_column(default=now)
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"), default=None)
    shipment_id: Mapped[int | None] = mapped_column(
        ForeignKey("shipment.id"), default=None, index=True
    )
    reason: Mapped[str] = mapped_column(String(40), default="")
    note: Mapped[str] = mapped_column(Text, default="")
    document_id: Mapped[int | None] = mapped_column(
        ForeignKey("stock_document.id"), index=True, default=None
    )
    reverses_id: Mapped[int | None] = mapped_column(
        ForeignKey("dose_entry.id"), unique=True, default=None
    )


class LotCorrection(Base):
    """That the help desk corrected what a record says its lot is (SPEC D4, H8): from `lot_before`
    and `expiration_before` to `lot` and `expiration`. The database holds it append-only.

    `doses_given` is how many doses recipients had been given by then: if any, somebody else had
    proposed it. What was recorded before `at` was said of what the record was then.
    """

    __tablename__ = "lot_correction"
    __sealed__ = (
        *("inventory_id", "location_id", "lot_before", "lot", "expiration_before", "expiration"),
        *("doses_given", "reason", "at", "by_id", "proposed_by_id"),
    )
    __table_args__ = (
        CheckConstraint("reason <> ''", "for_a_reason"),
        CheckConstraint(
            "lot <> lot_before OR expiration <> expiration_before", "something_corrected"
        ),
        CheckConstraint(
            "doses_given = 0 OR (proposed_by_id IS NOT NULL AND proposed_by_id <> by_id)",
            "four_eyes",
        ),
        Index("ix_lot_correction_inventory_id", "inventory_id", "id"),
    )

    id: Mapped[int] = mapped_column(BIG, primary_key=True)
    inventory_id: Mapped[int] = mapped_column(ForeignKey("vaccine_inventory.id"))
    location_id: Mapped[int] = mapped_column(ForeignKey("location.id"))
    lot_before: Mapped[str] = mapped_column(plain_text(20))
    lot: Mapped[str] = mapped_column(plain_text(20))
    expiration_before: Mapped[date]
    expiration: Mapped[date]
    doses_given: Mapped[int]
    reason: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(default=now)
    by_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    proposed_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"), default=None)


class Quarantine(Base):
    """A lot that may not be used, at one location or (`location_id` is None) everywhere, until it
    is released. Records of the lot carry `quarantined` until then (SPEC D12)."""

    __tablename__ = "quarantine"
    __table_args__ = (Index("ix_quarantine_product_id_lot_key", "product_id", "lot_key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    location_id: Mapped[int | None] = mapped_column(ForeignKey("location.id"), default=None)
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"))
    product_name: Mapped[str] = mapped_column(String(120))
    lot: Mapped[str] = mapped_column(String(20))
    lot_key: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(String(40))
    note: Mapped[str] = mapped_column(Text, default="")
    placed_at: Mapped[datetime] = mapped_column(default=now)
    placed_by_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    released_at: Mapped[datetime | None] = mapped_column(default=None)
    released_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"), default=None)
    release_note: Mapped[str] = mapped_column(Text, default="")


class StockThreshold(Base):
    """When a location wants to be told: so many days before a lot expires, and with fewer usable
    doses of a vaccine than this. A location without a row has the installation's defaults."""

    __tablename__ = "stock_threshold"
    __table_args__ = (CheckConstraint("expiry_days >= 0 AND low_doses >= 0", "not_negative"),)

    location_id: Mapped[int] = mapped_column(ForeignKey("location.id"), primary_key=True)
    expiry_days: Mapped[int]
    low_doses: Mapped[int]
