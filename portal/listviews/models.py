"""What the list views remember: pins, what was looked at and searched for, and row counts."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.clock import now
from portal.db import Base

BIG = BigInteger().with_variant(Integer, "sqlite")
NOWHERE = 0


class ListPin(Base):
    """The view a user made the default of a list."""

    __tablename__ = "list_pin"

    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), primary_key=True)
    list_name: Mapped[str] = mapped_column(String(40), primary_key=True)
    view: Mapped[str] = mapped_column(String(40))


class RecentView(Base):
    """That a user looked at a record, last at `viewed_at`.

    `location_id` is 0 for what programme staff looked at without a location chosen; so it can be
    part of the key on both databases, and has no foreign key.
    """

    __tablename__ = "recent_view"
    __table_args__ = (UniqueConstraint("user_id", "location_id", "subject", "record_id"),)

    id: Mapped[int] = mapped_column(BIG, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    location_id: Mapped[int]
    subject: Mapped[str] = mapped_column(String(40))
    record_id: Mapped[int] = mapped_column(BIG)
    viewed_at: Mapped[datetime] = mapped_column(default=now)


class ListWords(Base):
    """What a user searched a private list for: the address of its hits names this row instead."""

    __tablename__ = "list_words"
    __table_args__ = (UniqueConstraint("user_id", "list_name", "words"),)

    id: Mapped[int] = mapped_column(BIG, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    list_name: Mapped[str] = mapped_column(String(40))
    words: Mapped[str] = mapped_column(String(200))
    used_at: Mapped[datetime] = mapped_column(default=now, index=True)


class RowCount(Base):
    """The number of rows of a table at one location; triggers keep it, nobody else writes it."""

    __tablename__ = "row_count"

    table_name: Mapped[str] = mapped_column(String(40), primary_key=True)
    location_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    rows: Mapped[int] = mapped_column(BIG, default=0)
