"""Appointments, and the series of doses that share a confirmation number."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
OPEN = sa.text("state IN ('held', 'new')")
HELD = sa.text("state = 'held'")


def keys(table: str, *pairs: tuple[str, str]) -> list[sa.ForeignKeyConstraint]:
    return [
        sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_{table}_{column}"))
        for column, target in pairs
    ]


def upgrade() -> None:
    op.create_table(
        "booking_series",
        sa.Column("id", BIG, nullable=False),
        sa.Column("recipient_id", BIG, nullable=False),
        sa.Column("number", sa.String(length=12), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        *keys("booking_series", ("recipient_id", "recipient.id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_booking_series")),
        sa.UniqueConstraint("number", name=op.f("uq_booking_series_number")),
    )
    op.create_index(op.f("ix_booking_series_recipient_id"), "booking_series", ["recipient_id"])
    _create_appointments()
    _create_indexes()


def _create_appointments() -> None:
    op.create_table(
        "appointment",
        sa.Column("id", BIG, nullable=False),
        sa.Column("series_id", BIG, nullable=True),
        sa.Column("recipient_id", BIG, nullable=False),
        sa.Column("slot_id", sa.Integer(), nullable=False),
        sa.Column("location_id", sa.Integer(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("minute", sa.Integer(), nullable=False),
        sa.Column("dose_number", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("held_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancel_reason", sa.String(length=200), nullable=False),
        sa.Column("canceled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("canceled_by_id", sa.Integer(), nullable=True),
        sa.Column("canceled_through", sa.String(length=10), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("booked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("booked_by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "state IN ('held', 'new', 'closed', 'canceled')",
            name=op.f("ck_appointment_known_state"),
        ),
        sa.CheckConstraint(
            "dose_number BETWEEN 1 AND 9", name=op.f("ck_appointment_sensible_dose_number")
        ),
        sa.CheckConstraint(
            "(state = 'held') = (held_until IS NOT NULL)",
            name=op.f("ck_appointment_held_until_if_held"),
        ),
        sa.CheckConstraint(
            "(state = 'held') = (series_id IS NULL)",
            name=op.f("ck_appointment_numbered_once_booked"),
        ),
        sa.CheckConstraint(
            "(state = 'canceled') = (canceled_at IS NOT NULL)",
            name=op.f("ck_appointment_when_canceled"),
        ),
        sa.CheckConstraint(
            "canceled_through IS NULL OR canceled_through IN ('staff', 'recipient', 'missed')",
            name=op.f("ck_appointment_known_way"),
        ),
        *keys(
            "appointment",
            ("series_id", "booking_series.id"),
            ("recipient_id", "recipient.id"),
            ("slot_id", "slot.id"),
            ("location_id", "location.id"),
            ("product_id", "product.id"),
            ("canceled_by_id", "user_account.id"),
            ("booked_by_id", "user_account.id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appointment")),
        sqlite_autoincrement=True,
    )


def _create_indexes() -> None:
    op.create_index(
        "uq_appointment_open",
        "appointment",
        ["recipient_id", "dose_number"],
        unique=True,
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )
    for name, columns in (
        ("ix_appointment_recipient_id", ["recipient_id", "starts_at"]),
        ("ix_appointment_series_id", ["series_id"]),
        ("ix_appointment_slot_id", ["slot_id", "state"]),
        ("ix_appointment_list_starts_at", ["location_id", "starts_at", "id"]),
        ("ix_appointment_list_day", ["location_id", "day", "state"]),
    ):
        op.create_index(name, "appointment", columns)
    op.create_index(
        "ix_appointment_held_until",
        "appointment",
        ["held_until"],
        sqlite_where=HELD,
        postgresql_where=HELD,
    )
