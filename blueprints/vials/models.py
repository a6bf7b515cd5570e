"""Vials that have been punctured. What they hold are doses of the record, never doses beside it."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from blueprints.inventory.models import BIG
from portal.db import Base


class OpenVial(Base):
    """A punctured vial of a record.

    `beyond_use_at` is when its doses may no longer be given, null if the product data does not say.
    `doses` is what it holds by the label of its day, extra doses included, null if that is not
    known; `taken` is how many were given. `document_id` names the wastage of what was left: while
    that stands the vial is `wasted`.
    """

    __tablename__ = "open_vial"
    __table_args__ = (
        CheckConstraint("state IN ('open', 'used_up', 'wasted')", "known_state"),
        CheckConstraint("doses IS NULL OR doses > 0", "some_doses"),
        CheckConstraint("taken >= 0 AND (doses IS NULL OR taken <= doses)", "taken_of_doses"),
        CheckConstraint(
            "state <> 'used_up' OR (doses IS NOT NULL AND taken = doses)", "used_up_if_all_taken"
        ),
        CheckConstraint("(state = 'wasted') = (document_id IS NOT NULL)", "wasted_by_document"),
        CheckConstraint(
            "beyond_use_at IS NULL OR beyond_use_at >= punctured_at", "used_after_puncture"
        ),
        Index("ix_open_vial_inventory_id", "inventory_id", "punctured_at", "id"),
        Index("ix_open_vial_location_id", "location_id", "punctured_at", "id"),
        # A form about a vial that is no longer listed never means another one.
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BIG, primary_key=True)
    inventory_id: Mapped[int] = mapped_column(ForeignKey("vaccine_inventory.id"))
    location_id: Mapped[int] = mapped_column(ForeignKey("location.id"))
    punctured_at: Mapped[datetime]
    beyond_use_at: Mapped[datetime | None] = mapped_column(default=None)
    doses: Mapped[int | None] = mapped_column(default=None)
    taken: Mapped[int] = mapped_column(default=0)
    state: Mapped[str] = mapped_column(String(8), default="open")
    punctured_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"), default=None)
    document_id: Mapped[int | None] = mapped_column(
        ForeignKey("stock_document.id"), unique=True, default=None
    )


class VialDose(Base):
    """That the dose which left its record by a line of the ledger was of this vial."""

    __tablename__ = "vial_dose"
    __table_args__ = (Index("ix_vial_dose_vial_id", "vial_id"),)

    entry_id: Mapped[int] = mapped_column(
        BIG, ForeignKey("dose_entry.id"), primary_key=True, autoincrement=False
    )
    vial_id: Mapped[int] = mapped_column(ForeignKey("open_vial.id"))
