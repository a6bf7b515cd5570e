"""Schedules of locations and the slots made from them (docs/adr/0007).

A slot is a row with its places and how many of them are taken: the one statement that takes a
place decides, whatever is clicked at the same time.
"""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Float, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base


class Schedule(Base):
    """What a location offers. Shares are percent of the places; the notice is in minutes. Without
    its own coordinates the location is where its ZIP code is."""

    __tablename__ = "schedule"
    __table_args__ = (
        CheckConstraint("slot_minutes BETWEEN 5 AND 480", "slot_minutes"),
        CheckConstraint("places BETWEEN 1 AND 500", "places"),
        CheckConstraint("horizon_days BETWEEN 1 AND 180", "horizon"),
        CheckConstraint("notice_minutes >= 0", "notice"),
        CheckConstraint("second_dose_share >= 0 AND walk_in_share >= 0", "shares"),
        CheckConstraint("second_dose_share + walk_in_share <= 100", "whole"),
        CheckConstraint("doses_bound IN ('off', 'warn', 'limit')", "doses_bound"),
        CheckConstraint("(latitude IS NULL) = (longitude IS NULL)", "coordinates"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    location_id: Mapped[int] = mapped_column(ForeignKey("location.id"), unique=True)
    active: Mapped[bool] = mapped_column(default=False)
    slot_minutes: Mapped[int] = mapped_column(default=15)
    places: Mapped[int] = mapped_column(default=4)
    horizon_days: Mapped[int] = mapped_column(default=60)
    notice_minutes: Mapped[int] = mapped_column(default=120)
    public: Mapped[bool] = mapped_column(default=False)
    second_dose_share: Mapped[int] = mapped_column(default=0)
    walk_in_share: Mapped[int] = mapped_column(default=0)
    doses_bound: Mapped[str] = mapped_column(String(8), default="off")
    latitude: Mapped[float | None] = mapped_column(Float, default=None)
    longitude: Mapped[float | None] = mapped_column(Float, default=None)
    version: Mapped[int] = mapped_column(default=1)


class ScheduleHours(Base):
    """A range of open hours on one day of the week (0 is Monday), in minutes of the local day;
    several a day leave breaks between them."""

    __tablename__ = "schedule_hours"
    __table_args__ = (
        CheckConstraint("weekday BETWEEN 0 AND 6", "weekday"),
        CheckConstraint("0 <= opens AND opens < closes AND closes <= 1440", "range"),
    )

    schedule_id: Mapped[int] = mapped_column(ForeignKey("schedule.id"), primary_key=True)
    weekday: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    opens: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    closes: Mapped[int]


class ScheduleDay(Base):
    """A day on which the location is closed, or a range of the hours of a special day; these take
    the place of the weekly hours."""

    __tablename__ = "schedule_day"
    __table_args__ = (
        CheckConstraint(
            "(kind = 'closed' AND opens = 0 AND closes = 0) OR (kind = 'special' "
            "AND 0 <= opens AND opens < closes AND closes <= 1440)",
            "range",
        ),
        UniqueConstraint("location_id", "day", "opens"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    location_id: Mapped[int] = mapped_column(ForeignKey("location.id"))
    day: Mapped[date]
    kind: Mapped[str] = mapped_column(String(8))
    reason: Mapped[str] = mapped_column(String(80), default="")
    opens: Mapped[int] = mapped_column(default=0)
    closes: Mapped[int] = mapped_column(default=0)


class ScheduleProduct(Base):
    """A vaccine product that the location offers. A schedule without any offers all it has."""

    __tablename__ = "schedule_product"

    schedule_id: Mapped[int] = mapped_column(ForeignKey("schedule.id"), primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"), primary_key=True)


class Slot(Base):
    """Places at one time, of one kind. `day` and `minute` are the location's wall clock. `open`
    says that the present schedule offers it; one that does not keeps its row while anything points
    to it. Staff may overbook, so more can be taken than there are places."""

    __tablename__ = "slot"
    __table_args__ = (
        CheckConstraint("kind IN ('general', 'second', 'walk_in')", "known_kind"),
        CheckConstraint("places >= 0 AND taken >= 0", "places"),
        CheckConstraint("minute BETWEEN 0 AND 1439", "minute"),
        UniqueConstraint("location_id", "starts_at", "kind"),
        # Everything that days and times are made of.
        Index(
            "ix_slot_offer",
            *("location_id", "day", "starts_at", "kind", "open", "places", "taken", "minute", "id"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    location_id: Mapped[int] = mapped_column(ForeignKey("location.id"))
    starts_at: Mapped[datetime]
    day: Mapped[date]
    minute: Mapped[int]
    kind: Mapped[str] = mapped_column(String(8))
    places: Mapped[int]
    taken: Mapped[int] = mapped_column(default=0)
    open: Mapped[bool] = mapped_column(default=True)


class ZipPlace(Base):
    """Where the middle of a ZIP code is, in degrees."""

    __tablename__ = "zip_place"

    zip_code: Mapped[str] = mapped_column(String(5), primary_key=True)
    latitude: Mapped[float] = mapped_column(Float)
    longitude: Mapped[float] = mapped_column(Float)
