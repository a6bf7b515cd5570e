"""What is known of each dose given here, in versions, and what was noted after it."""

from datetime import date, datetime

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
from sqlalchemy.orm import Mapped, mapped_column

from portal.clock import now
from portal.db import Base

BIG = BigInteger().with_variant(Integer, "sqlite")


class Administration(Base):
    """One version of the record of a dose; the newest is true, and nobody changes one.

    `entry_id` is the line of the ledger by which the dose left the record `inventory_id`; of a
    version that is `removed` it was reversed. `given_at` is when, `time_zone` the location's then;
    `back_dated` says that it was entered on a later day. `given_by_id` is null for somebody without
    an account. `identified_by` and `override_of` are codes joined by blanks, `screening` is JSON:
    the language and the questions as they were asked, each with its answer. `why` is the reason of
    every version after the first. `overridden_by_id` is who authorized what a rule stops: whoever
    recorded it, or somebody else at their screen.
    """

    __tablename__ = "administration"
    __sealed__ = (
        *("vaccination_id", "version", "state", "location_id", "arrival_id", "appointment_id"),
        *("inventory_id", "entry_id", "dose_number", "site", "route", "volume_ml", "given_at"),
        *("time_zone", "back_dated", "given_by", "given_by_id", "funding", "identified_by"),
        *("screening", "consent_by", "consent_name", "fact_sheet", "fact_sheet_on"),
        *("fact_sheet_language", "override_of", "override_reason", "overridden_by_id"),
        *("recorded_at", "recorded_by_id", "why"),
    )
    __table_args__ = (
        CheckConstraint("state IN ('given', 'removed')", "known_state"),
        CheckConstraint("dose_number BETWEEN 1 AND 9", "sensible_dose_number"),
        CheckConstraint("version >= 1", "counted_from_one"),
        CheckConstraint("version = 1 OR why <> ''", "changed_for_a_reason"),
        CheckConstraint(
            "(override_of = '') = (overridden_by_id IS NULL)", "overridden_by_somebody"
        ),
        CheckConstraint("(override_of = '') = (override_reason = '')", "overridden_for_a_reason"),
        UniqueConstraint("vaccination_id", "version"),
        Index("ix_administration_list_given_at", "location_id", "given_at", "id"),
        Index("ix_administration_entry_id", "entry_id"),
        Index("ix_administration_inventory_id", "inventory_id"),
        Index("ix_administration_arrival_id", "arrival_id"),
    )

    id: Mapped[int] = mapped_column(BIG, primary_key=True)
    vaccination_id: Mapped[int] = mapped_column(ForeignKey("vaccination.id"))
    version: Mapped[int] = mapped_column(default=1)
    state: Mapped[str] = mapped_column(String(10), default="given")
    location_id: Mapped[int] = mapped_column(ForeignKey("location.id"))
    arrival_id: Mapped[int | None] = mapped_column(ForeignKey("arrival.id"), default=None)
    appointment_id: Mapped[int | None] = mapped_column(ForeignKey("appointment.id"), default=None)
    inventory_id: Mapped[int] = mapped_column(ForeignKey("vaccine_inventory.id"))
    entry_id: Mapped[int] = mapped_column(ForeignKey("dose_entry.id"))
    dose_number: Mapped[int]
    site: Mapped[str] = mapped_column(String(8))
    route: Mapped[str] = mapped_column(String(8))
    volume_ml: Mapped[str] = mapped_column(String(8))
    given_at: Mapped[datetime]
    time_zone: Mapped[str] = mapped_column(String(64))
    back_dated: Mapped[bool] = mapped_column(default=False)
    given_by: Mapped[str] = mapped_column(String(120))
    given_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"), default=None)
    funding: Mapped[str] = mapped_column(String(20), default="")
    identified_by: Mapped[str] = mapped_column(String(80), default="")
    screening: Mapped[str] = mapped_column(Text, default="")
    consent_by: Mapped[str] = mapped_column(String(20), default="")
    consent_name: Mapped[str] = mapped_column(String(120), default="")
    fact_sheet: Mapped[str] = mapped_column(String(120), default="")
    fact_sheet_on: Mapped[date | None] = mapped_column(default=None)
    fact_sheet_language: Mapped[str] = mapped_column(String(2), default="")
    override_of: Mapped[str] = mapped_column(String(200), default="")
    override_reason: Mapped[str] = mapped_column(Text, default="")
    overridden_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("user_account.id"), default=None
    )
    recorded_at: Mapped[datetime] = mapped_column(default=now)
    recorded_by_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    why: Mapped[str] = mapped_column(Text, default="")


class AdverseEvent(Base):
    """What was noted of a person's health after a dose. Nobody changes a note; more is noted below.

    `began_at` is when it began, as far as whoever noted it knows.
    """

    __tablename__ = "adverse_event"
    __sealed__ = (
        *("vaccination_id", "location_id", "what", "began_at", "time_zone"),
        *("noted_at", "noted_by_id"),
    )
    __table_args__ = (
        CheckConstraint("what <> ''", "says_something"),
        Index("ix_adverse_event_vaccination_id", "vaccination_id", "id"),
    )

    id: Mapped[int] = mapped_column(BIG, primary_key=True)
    vaccination_id: Mapped[int] = mapped_column(ForeignKey("vaccination.id"))
    location_id: Mapped[int] = mapped_column(ForeignKey("location.id"))
    what: Mapped[str] = mapped_column(Text)
    began_at: Mapped[datetime]
    time_zone: Mapped[str] = mapped_column(String(64))
    noted_at: Mapped[datetime] = mapped_column(default=now)
    noted_by_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
