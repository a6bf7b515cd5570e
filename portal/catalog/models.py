"""Vaccine products and the facts about them, which have dates (SPEC DESIGN 6).

Doses per vial changed under one NDC, so nothing about a product is frozen into its code.
"""

from datetime import date

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import Base


class Product(Base):
    """A vaccine in one presentation, as the CDC code sets name it.

    `vaccine_group` is the CDC's name of what it protects from; `interchangeable_with` are the CVX
    codes, joined by "|", of products that may continue a series begun with this one. `cap_color` is
    a word.
    """

    __tablename__ = "product"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(120), unique=True)
    manufacturer: Mapped[str] = mapped_column(String(80))
    cvx: Mapped[str] = mapped_column(String(8))
    mvx: Mapped[str] = mapped_column(String(8))
    cpt: Mapped[str] = mapped_column(String(8), default="")
    orderable: Mapped[bool] = mapped_column(default=True)
    vaccine_group: Mapped[str] = mapped_column(String(40), default="")
    interchangeable_with: Mapped[str] = mapped_column(String(80), default="")
    cap_color: Mapped[str] = mapped_column(String(20), default="")
    search: Mapped[str] = mapped_column(Text, default="")

    packages: Mapped[list["ProductPackage"]] = relationship(
        back_populates="product", cascade="all, delete-orphan"
    )
    facts: Mapped[list["ProductFacts"]] = relationship(
        back_populates="product",
        cascade="all, delete-orphan",
        order_by="ProductFacts.valid_from",
    )


class ProductPackage(Base):
    """An NDC (11 digits, 5-4-2) under which the product is used or sold."""

    __tablename__ = "product_package"
    __table_args__ = (UniqueConstraint("product_id", "ndc"), Index("ix_product_package_ndc", "ndc"))

    id: Mapped[int] = mapped_column(primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"))
    ndc: Mapped[str] = mapped_column(String(13))
    kind: Mapped[str] = mapped_column(String(4))
    vials_per_carton: Mapped[int | None] = mapped_column(default=None)

    product: Mapped[Product] = relationship(back_populates="packages")


class ProductFacts(Base):
    """What holds of a product from `valid_from` to `valid_to`, both included.

    Counts are doses, intervals days, volumes millilitres; limits stay as the label words them.
    """

    __tablename__ = "product_facts"

    id: Mapped[int] = mapped_column(primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"), index=True)
    key: Mapped[str] = mapped_column(String(40), unique=True)
    valid_from: Mapped[date | None] = mapped_column(default=None)
    valid_to: Mapped[date | None] = mapped_column(default=None)
    doses_per_vial: Mapped[int | None] = mapped_column(default=None)
    doses_per_vial_least: Mapped[int | None] = mapped_column(default=None)
    doses_per_vial_most: Mapped[int | None] = mapped_column(default=None)
    dose_volume_ml: Mapped[str] = mapped_column(String(16), default="")
    diluent_ml: Mapped[str] = mapped_column(String(16), default="")
    series_doses: Mapped[int | None] = mapped_column(default=None)
    recommended_interval_days: Mapped[str] = mapped_column(String(40), default="")
    grace_days: Mapped[int | None] = mapped_column(default=None)
    absolute_min_interval_days: Mapped[str] = mapped_column(String(40), default="")
    max_recommended_interval_days: Mapped[str] = mapped_column(String(40), default="")
    min_age_years: Mapped[str] = mapped_column(String(40), default="")
    max_age_years: Mapped[str] = mapped_column(String(40), default="")
    storage_class: Mapped[str] = mapped_column(String(40), default="")
    frozen_storage_c: Mapped[str] = mapped_column(String(80), default="")
    frozen_limit: Mapped[str] = mapped_column(String(120), default="")
    refrigerated_limit: Mapped[str] = mapped_column(String(120), default="")
    room_temperature_limit: Mapped[str] = mapped_column(String(120), default="")
    after_puncture_limit: Mapped[str] = mapped_column(String(120), default="")
    verified_by: Mapped[str] = mapped_column(Text, default="")
    unverified_fields: Mapped[str] = mapped_column(Text, default="")
    notes: Mapped[str] = mapped_column(Text, default="")

    product: Mapped[Product] = relationship(back_populates="facts")
