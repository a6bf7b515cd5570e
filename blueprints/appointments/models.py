"""Appointments, and the series of doses they belong to."""

from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from blueprints.appointments.calls import CallLine
from portal.clock import now
from portal.db import Base

BIG = BigInteger().with_variant(Integer, "sqlite")


class BookingSeries(Base):
    """The doses that a recipient books one after another, under one confirmation number. The number
    is kept as `numbers.read_number` gives it."""

    __tablename__ = "booking_series"

    id: Mapped[int] = mapped_column(BIG, primary_key=True)
    recipient_id: Mapped[int] = mapped_column(ForeignKey("recipient.id"), index=True)
    number: Mapped[str] = mapped_column(String(12), unique=True)
    created_at: Mapped[datetime] = mapped_column(default=now)


class Appointment(Base):
    """A place in a slot, for one dose of one recipient.

    `held`: kept until `held_until` while somebody completes it; then the same row is `new`.
    `starts_at`, `day`, `minute` and `location_id` are the slot's. `version` is the sequence number
    of its calendar file. `overbook_reason` is why staff gave a place beyond those there are; blank
    for any other. `booked_by_id` and `canceled_by_id` are null for the recipient.
    """

    __tablename__ = "appointment"
    __table_args__ = (
        CheckConstraint("state IN ('held', 'new', 'closed', 'canceled')", "known_state"),
        CheckConstraint("dose_number BETWEEN 1 AND 9", "sensible_dose_number"),
        CheckConstraint("(state = 'held') = (held_until IS NOT NULL)", "held_until_if_held"),
        CheckConstraint("(state = 'held') = (series_id IS NULL)", "numbered_once_booked"),
        CheckConstraint("(state = 'canceled') = (canceled_at IS NOT NULL)", "when_canceled"),
        CheckConstraint(
            "canceled_through IS NULL OR canceled_through IN ('staff', 'recipient', 'missed')",
            "known_way",
        ),
        # One open booking a person and dose (WHERE state IN ('held', 'new')).
        Index("uq_appointment_open", "recipient_id", "dose_number", unique=True),
        Index("ix_appointment_recipient_id", "recipient_id", "starts_at"),
        Index("ix_appointment_series_id", "series_id"),
        Index("ix_appointment_slot_id", "slot_id", "state"),
        Index("ix_appointment_list_starts_at", "location_id", "starts_at", "id"),
        Index("ix_appointment_list_day", "location_id", "day", "state"),
        # Of held places only (WHERE state = 'held').
        Index("ix_appointment_held_until", "held_until"),
        # Of those beyond the places only (WHERE overbook_reason <> '').
        Index("ix_appointment_overbooked", "location_id", "starts_at"),
        # The number of a hold that was let go is never that of another one.
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BIG, primary_key=True)
    series_id: Mapped[int | None] = mapped_column(ForeignKey("booking_series.id"), default=None)
    recipient_id: Mapped[int] = mapped_column(ForeignKey("recipient.id"))
    slot_id: Mapped[int] = mapped_column(ForeignKey("slot.id"))
    location_id: Mapped[int] = mapped_column(ForeignKey("location.id"))
    starts_at: Mapped[datetime]
    day: Mapped[date]
    minute: Mapped[int]
    dose_number: Mapped[int]
    product_id: Mapped[int | None] = mapped_column(ForeignKey("product.id"), default=None)
    state: Mapped[str] = mapped_column(String(8))
    held_until: Mapped[datetime | None] = mapped_column(default=None)
    cancel_reason: Mapped[str] = mapped_column(String(200), default="")
    canceled_at: Mapped[datetime | None] = mapped_column(default=None)
    canceled_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"), default=None)
    canceled_through: Mapped[str | None] = mapped_column(String(10), default=None)
    overbook_reason: Mapped[str] = mapped_column(String(200), default="", server_default="")
    version: Mapped[int] = mapped_column(default=0)
    booked_at: Mapped[datetime] = mapped_column(default=now)
    booked_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"), default=None)


class BookedTwice(Base):
    """Two open appointments for one dose, of two records that look like one person: the `newer` one
    was booked without an account. The row goes once one of them is over, or somebody decided."""

    __tablename__ = "booked_twice"
    __table_args__ = (UniqueConstraint("newer_id", "older_id"),)

    id: Mapped[int] = mapped_column(BIG, primary_key=True)
    newer_id: Mapped[int] = mapped_column(ForeignKey("appointment.id"))
    older_id: Mapped[int] = mapped_column(ForeignKey("appointment.id"), index=True)
    noticed_at: Mapped[datetime] = mapped_column(default=now)


class ToldRound(Base):
    """A change to several appointments at once, after which it is seen to that everybody knows."""

    __tablename__ = "told_round"
    __table_args__ = (
        CheckConstraint("change IN ('canceled', 'moved')", "known_change"),
        Index("ix_told_round_location_id", "location_id", "id"),
    )

    id: Mapped[int] = mapped_column(BIG, primary_key=True)
    location_id: Mapped[int] = mapped_column(ForeignKey("location.id"))
    change: Mapped[str] = mapped_column(String(8))
    reason: Mapped[str] = mapped_column(String(200), default="")
    made_at: Mapped[datetime] = mapped_column(default=now)
    made_by_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))


class ToldLine(CallLine):
    """An appointment of such a change, as of its `version`, and by which `way` its recipient is
    told; with `none` somebody calls."""

    __tablename__ = "told_line"
    __table_args__ = (
        CheckConstraint("way IN ('email', 'sms', 'both', 'none')", "known_way"),
        CheckConstraint("outcome IN ('', 'reached', 'no_answer', 'wrong_number')", "known_outcome"),
        CheckConstraint("(caller_id IS NULL) = (claimed_until IS NULL)", "claim"),
        UniqueConstraint("round_id", "appointment_id"),
        Index("ix_told_line_appointment_id", "appointment_id"),
    )

    id: Mapped[int] = mapped_column(BIG, primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("told_round.id"))
    appointment_id: Mapped[int] = mapped_column(ForeignKey("appointment.id"))
    version: Mapped[int]
    way: Mapped[str] = mapped_column(String(8))
