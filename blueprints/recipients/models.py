"""People who get vaccinated, who sees them, and what they were given."""

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
from portal.db import Base, plain_text

BIG = BigInteger().with_variant(Integer, "sqlite")
STATUSES = (
    "'registered', 'dose_1_scheduled', 'dose_1_administered', 'dose_2_scheduled', "
    "'dose_2_administered'"
)


class Recipient(Base):
    """A person who gets vaccinated.

    `races` are codes joined by blanks. `reminders_agreed_at` is when the recipient agreed to
    reminders, `reminders_agreed_by_id` who noted it (null: the recipient). `version` grows with
    every change. `merged_into_id` names the record that is used in place of this one.
    """

    __tablename__ = "recipient"
    __table_args__ = (
        CheckConstraint("birth_date >= '1900-01-01'", "born_since_1900"),
        CheckConstraint("contact_by IN ('email', 'sms', 'both', 'none')", "known_contact_by"),
        CheckConstraint("language IN ('en', 'es')", "known_language"),
        CheckConstraint(f"dose_status IN ({STATUSES})", "known_dose_status"),
        CheckConstraint("merged_into_id IS NULL OR merged_into_id <> id", "merged_into_another"),
        Index("ix_recipient_birth_date", "birth_date", "id"),
    )

    id: Mapped[int] = mapped_column(BIG, primary_key=True)
    first_name: Mapped[str] = mapped_column(plain_text(80))
    middle_name: Mapped[str] = mapped_column(plain_text(80), default="")
    last_name: Mapped[str] = mapped_column(plain_text(80))
    suffix: Mapped[str] = mapped_column(String(20), default="")
    birth_date: Mapped[date]
    sex: Mapped[str] = mapped_column(String(20), default="")
    races: Mapped[str] = mapped_column(String(200), default="")
    ethnicity: Mapped[str] = mapped_column(String(20), default="")
    street: Mapped[str] = mapped_column(String(120), default="")
    city: Mapped[str] = mapped_column(String(80), default="")
    state: Mapped[str] = mapped_column(String(2), default="")
    zip_code: Mapped[str] = mapped_column(String(10), default="")
    mobile_phone: Mapped[str] = mapped_column(String(20), default="")
    other_phone: Mapped[str] = mapped_column(String(20), default="")
    email: Mapped[str] = mapped_column(String(254), default="")
    contact_by: Mapped[str] = mapped_column(String(8), default="none")
    reminders_agreed_at: Mapped[datetime | None] = mapped_column(default=None)
    reminders_agreed_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("user_account.id"), default=None
    )
    language: Mapped[str] = mapped_column(String(2), default="en")
    eligibility: Mapped[str] = mapped_column(String(80), default="")
    employer: Mapped[str] = mapped_column(String(120), default="")
    dose_status: Mapped[str] = mapped_column(plain_text(20), default="registered")
    version: Mapped[int] = mapped_column(default=1)
    merged_into_id: Mapped[int | None] = mapped_column(
        BIG, ForeignKey("recipient.id"), default=None, index=True
    )
    created_at: Mapped[datetime] = mapped_column(default=now)
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"), default=None)


class RecipientLocation(Base):
    """That a location sees a recipient, since when and why; also the row of its list.

    The columns from `last_name` on follow from the recipient (`services.keep_in_step`).
    """

    __tablename__ = "recipient_location"
    __table_args__ = (
        CheckConstraint("why IN ('registered', 'booked', 'vaccinated', 'opened')", "known_reason"),
        UniqueConstraint("recipient_id", "location_id"),
        *(
            Index(f"ix_recipient_location_list_{column}", "location_id", column, "id")
            for column in ("last_name", "first_name", "birth_date", "dose_status")
        ),
    )

    id: Mapped[int] = mapped_column(BIG, primary_key=True)
    recipient_id: Mapped[int] = mapped_column(ForeignKey("recipient.id"))
    location_id: Mapped[int] = mapped_column(ForeignKey("location.id"))
    since: Mapped[datetime] = mapped_column(default=now)
    why: Mapped[str] = mapped_column(String(12))
    last_name: Mapped[str] = mapped_column(plain_text(80))
    first_name: Mapped[str] = mapped_column(plain_text(80))
    birth_date: Mapped[date]
    dose_status: Mapped[str] = mapped_column(plain_text(20))


class RecipientWord(Base):
    """A folded word of a recipient's name, for each location that sees the recipient."""

    __tablename__ = "recipient_word"
    __table_args__ = ({"sqlite_with_rowid": False},)

    location_id: Mapped[int] = mapped_column(ForeignKey("location.id"), primary_key=True)
    word: Mapped[str] = mapped_column(plain_text(80), primary_key=True)
    recipient_id: Mapped[int] = mapped_column(
        BIG, ForeignKey("recipient.id"), primary_key=True, autoincrement=False
    )


class NearWord(Base):
    """What is left of a word of any name when a letter is left out, and the whole word itself.

    Two words one typing error apart share a `rest`.
    """

    __tablename__ = "recipient_near_word"
    __table_args__ = ({"sqlite_with_rowid": False},)

    rest: Mapped[str] = mapped_column(plain_text(80), primary_key=True)
    word: Mapped[str] = mapped_column(plain_text(80), primary_key=True)


class NotTheSame(Base):
    """That somebody compared two recipients who look alike and found them to be two people."""

    __tablename__ = "recipient_not_the_same"
    __table_args__ = (
        CheckConstraint("lower_id < higher_id", "in_order"),
        UniqueConstraint("lower_id", "higher_id"),
    )

    id: Mapped[int] = mapped_column(BIG, primary_key=True)
    lower_id: Mapped[int] = mapped_column(ForeignKey("recipient.id"))
    higher_id: Mapped[int] = mapped_column(ForeignKey("recipient.id"), index=True)
    decided_at: Mapped[datetime] = mapped_column(default=now)
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"), default=None)


class Vaccination(Base):
    """A dose that a recipient was given, here or elsewhere; never deleted, but perhaps
    `entered_in_error`. `given_at` is null if only the day is known."""

    __tablename__ = "vaccination"
    __table_args__ = (
        CheckConstraint("dose_number BETWEEN 1 AND 9", "sensible_dose_number"),
        CheckConstraint("source IN ('here', 'elsewhere')", "known_source"),
        CheckConstraint("state IN ('given', 'entered_in_error')", "known_state"),
        CheckConstraint("(source = 'here') = (location_id IS NOT NULL)", "location_if_given_here"),
        Index("ix_vaccination_recipient_id", "recipient_id", "given_on", "id"),
    )

    id: Mapped[int] = mapped_column(BIG, primary_key=True)
    recipient_id: Mapped[int] = mapped_column(ForeignKey("recipient.id"))
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"))
    dose_number: Mapped[int]
    given_on: Mapped[date]
    given_at: Mapped[datetime | None] = mapped_column(default=None)
    location_id: Mapped[int | None] = mapped_column(ForeignKey("location.id"), default=None)
    elsewhere: Mapped[str] = mapped_column(String(120), default="")
    lot_number: Mapped[str] = mapped_column(String(20), default="")
    expiration_date: Mapped[date | None] = mapped_column(default=None)
    source: Mapped[str] = mapped_column(String(10))
    state: Mapped[str] = mapped_column(String(20), default="given")
    reason: Mapped[str] = mapped_column(Text, default="")
    recorded_at: Mapped[datetime] = mapped_column(default=now)
    recorded_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"), default=None)
