"""When a location's daily e-mail is due, and who does not want it."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base


class DailyDigest(Base):
    """The moment, in UTC, at which a location's next daily e-mail is due."""

    __tablename__ = "daily_digest"

    location_id: Mapped[int] = mapped_column(ForeignKey("location.id"), primary_key=True)
    due_at: Mapped[datetime] = mapped_column(index=True)


class DigestRefusal(Base):
    """That a user does not want the daily e-mail."""

    __tablename__ = "digest_refusal"

    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), primary_key=True)
