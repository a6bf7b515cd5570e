"""What was refused, a row for each hour, person, kind and page."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, Integer, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base, plain_text
from portal.searching.text import search_text, searchable

BIG = BigInteger().with_variant(Integer, "sqlite")


class Refusal(Base):
    """That a user, or a visitor from one address, was refused `times` times within the hour.

    `hour` is when the hour began, `endpoint` the name of the route, never its address. A user is
    known by `user_id` and `who`, the username; for a visitor `user_id` is 0. `address` represents
    the client's address and does not tell it. `location_id` is 0 without a location; so these can
    be part of the key on both databases, and have no foreign keys.
    """

    __tablename__ = "refusal"
    __table_args__ = (
        UniqueConstraint(
            "hour",
            "user_id",
            "address",
            "kind",
            "endpoint",
            "location_id",
            name="uq_refusal_once",
        ),
        Index("ix_refusal_last_at_id", "last_at", "id"),
    )

    id: Mapped[int] = mapped_column(BIG, primary_key=True)
    hour: Mapped[datetime]
    user_id: Mapped[int]
    who: Mapped[str] = mapped_column(plain_text(64))
    address: Mapped[str] = mapped_column(plain_text(8))
    kind: Mapped[str] = mapped_column(plain_text(20))
    endpoint: Mapped[str] = mapped_column(plain_text(80))
    location_id: Mapped[int]
    place: Mapped[str] = mapped_column(plain_text(120))
    times: Mapped[int] = mapped_column(BIG)
    last_at: Mapped[datetime]
    search: Mapped[str] = search_text()


searchable(Refusal, "who", "address", "endpoint", "place")
