"""Lists of people to call for a vaccine on a day."""

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from blueprints.appointments.calls import CallLine
from portal.clock import now
from portal.db import Base

BIG = BigInteger().with_variant(Integer, "sqlite")


class StandbyList(Base):
    """The people who could come to a location for a vaccine on a day."""

    __tablename__ = "standby_list"
    __table_args__ = (UniqueConstraint("location_id", "day", "product_id"),)

    id: Mapped[int] = mapped_column(BIG, primary_key=True)
    location_id: Mapped[int] = mapped_column(ForeignKey("location.id"))
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"))
    day: Mapped[date]
    made_at: Mapped[datetime] = mapped_column(default=now)
    made_by_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))


class StandbyLine(CallLine):
    """Somebody on such a list, and the dose that would be theirs."""

    __tablename__ = "standby_line"
    __table_args__ = (
        CheckConstraint(
            "outcome IN ('', 'coming', 'no_answer', 'declined', 'wrong_number')", "known_outcome"
        ),
        CheckConstraint("(caller_id IS NULL) = (claimed_until IS NULL)", "claim"),
        Index("ix_standby_line_list_id", "list_id", "recipient_id"),
        Index("ix_standby_line_recipient_id", "recipient_id"),
    )

    id: Mapped[int] = mapped_column(BIG, primary_key=True)
    list_id: Mapped[int] = mapped_column(ForeignKey("standby_list.id"))
    recipient_id: Mapped[int] = mapped_column(ForeignKey("recipient.id"))
    dose_number: Mapped[int]
