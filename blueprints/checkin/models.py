"""Arrivals of recipients."""

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.clock import now
from portal.db import Base

BIG = BigInteger().with_variant(Integer, "sqlite")


class Arrival(Base):
    """A recipient who came to a location on a day, and what became of it (`rules.ArrivalState`).

    `appointment_id` is null for a walk-in. `day` is the location's. `identified_by` are codes of
    what the recipient was recognized by, joined by blanks. `done_at` is when the recipient was no
    longer there, or when the check-in was undone; `note` is why. `version` grows with every change.
    """

    __tablename__ = "arrival"
    __table_args__ = (
        CheckConstraint(
            "state IN ('waiting', 'at_chair', 'observing', 'done', 'left', 'undone')",
            "known_state",
        ),
        CheckConstraint(
            "(state IN ('done', 'left', 'undone')) = (done_at IS NOT NULL)", "when_done"
        ),
        CheckConstraint(
            "(state IN ('observing', 'done')) = (vaccinated_at IS NOT NULL)", "when_vaccinated"
        ),
        CheckConstraint("state <> 'observing' OR observe_until IS NOT NULL", "observed_until"),
        # One open arrival a person, location and day (WHERE done_at IS NULL).
        Index("uq_arrival_open", "recipient_id", "location_id", "day", unique=True),
        # One arrival an appointment (WHERE state <> 'undone' AND state <> 'left').
        Index("uq_arrival_appointment_id", "appointment_id", unique=True),
        Index("ix_arrival_day", "location_id", "day", "version"),
        Index("ix_arrival_recipient_id", "recipient_id", "day"),
    )

    id: Mapped[int] = mapped_column(BIG, primary_key=True)
    location_id: Mapped[int] = mapped_column(ForeignKey("location.id"))
    recipient_id: Mapped[int] = mapped_column(ForeignKey("recipient.id"))
    appointment_id: Mapped[int | None] = mapped_column(ForeignKey("appointment.id"), default=None)
    day: Mapped[date]
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    identified_by: Mapped[str] = mapped_column(String(80))
    checked_in_at: Mapped[datetime] = mapped_column(default=now)
    checked_in_by_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    at_chair_at: Mapped[datetime | None] = mapped_column(default=None)
    vaccinated_at: Mapped[datetime | None] = mapped_column(default=None)
    observe_until: Mapped[datetime | None] = mapped_column(default=None)
    done_at: Mapped[datetime | None] = mapped_column(default=None)
    done_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"), default=None)
    note: Mapped[str] = mapped_column(String(200), default="")
    version: Mapped[int] = mapped_column(default=1)
