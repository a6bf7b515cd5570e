"""Coolers that are lent."""

from datetime import date

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base, plain_text


class Cooler(Base):
    """A cooler box of a location, lent until a day."""

    __tablename__ = "cooler"

    id: Mapped[int] = mapped_column(primary_key=True)
    location_id: Mapped[int] = mapped_column(ForeignKey("location.id"))
    label: Mapped[str] = mapped_column(plain_text(40), unique=True)
    borrower: Mapped[str] = mapped_column(plain_text(120))
    pager: Mapped[str] = mapped_column(plain_text(20), default="")
    due_on: Mapped[date]
    state: Mapped[str] = mapped_column(plain_text(10), default="out")
