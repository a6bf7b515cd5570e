"""Organizations and their locations (the guides also say *account* for a location)."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.clock import now
from portal.db import Base


class Organization(Base):
    """Whoever runs locations: a health department, a practice, a pharmacy chain."""

    __tablename__ = "organization"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120), unique=True)
    created_at: Mapped[datetime] = mapped_column(default=now)

    locations: Mapped[list["Location"]] = relationship(back_populates="organization")


class Location(Base):
    """A clinic site that receives and administers vaccine.

    The primary and backup vaccine coordinators are told of every shipment (SPEC C4).
    """

    __tablename__ = "location"

    id: Mapped[int] = mapped_column(primary_key=True)
    organization_id: Mapped[int] = mapped_column(ForeignKey("organization.id"), index=True)
    name: Mapped[str] = mapped_column(String(120), unique=True)
    pin: Mapped[str] = mapped_column(String(16), unique=True)
    approved: Mapped[bool] = mapped_column(default=True)
    time_zone: Mapped[str] = mapped_column(String(64))
    street: Mapped[str] = mapped_column(String(120), default="")
    city: Mapped[str] = mapped_column(String(80), default="")
    state: Mapped[str] = mapped_column(String(2), default="")
    zip_code: Mapped[str] = mapped_column(String(10), default="")
    county: Mapped[str] = mapped_column(String(80), default="")
    phone: Mapped[str] = mapped_column(String(32), default="")
    coordinator_name: Mapped[str] = mapped_column(String(120), default="")
    coordinator_email: Mapped[str] = mapped_column(String(254), default="")
    coordinator_phone: Mapped[str] = mapped_column(String(32), default="")
    backup_name: Mapped[str] = mapped_column(String(120), default="")
    backup_email: Mapped[str] = mapped_column(String(254), default="")
    backup_phone: Mapped[str] = mapped_column(String(32), default="")
    created_at: Mapped[datetime] = mapped_column(default=now)

    organization: Mapped[Organization] = relationship(back_populates="locations")
