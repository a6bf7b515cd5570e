"""Schedules of locations, the slots made from them, and where ZIP codes are."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_schedules()
    _create_days()
    _create_slots()
    op.create_table(
        "zip_place",
        sa.Column("zip_code", sa.String(length=5), nullable=False),
        sa.Column("latitude", sa.Float(), nullable=False),
        sa.Column("longitude", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("zip_code", name=op.f("pk_zip_place")),
    )


def _create_schedules() -> None:
    op.create_table(
        "schedule",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("location_id", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("slot_minutes", sa.Integer(), nullable=False),
        sa.Column("places", sa.Integer(), nullable=False),
        sa.Column("horizon_days", sa.Integer(), nullable=False),
        sa.Column("notice_minutes", sa.Integer(), nullable=False),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.Column("second_dose_share", sa.Integer(), nullable=False),
        sa.Column("walk_in_share", sa.Integer(), nullable=False),
        sa.Column("doses_bound", sa.String(length=8), nullable=False),
        sa.Column("latitude", sa.Float(), nullable=True),
        sa.Column("longitude", sa.Float(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("slot_minutes BETWEEN 5 AND 480", name=op.f("ck_schedule_slot_minutes")),
        sa.CheckConstraint("places BETWEEN 1 AND 500", name=op.f("ck_schedule_places")),
        sa.CheckConstraint("horizon_days BETWEEN 1 AND 180", name=op.f("ck_schedule_horizon")),
        sa.CheckConstraint("notice_minutes >= 0", name=op.f("ck_schedule_notice")),
        sa.CheckConstraint(
            "second_dose_share >= 0 AND walk_in_share >= 0", name=op.f("ck_schedule_shares")
        ),
        sa.CheckConstraint(
            "second_dose_share + walk_in_share <= 100", name=op.f("ck_schedule_whole")
        ),
        sa.CheckConstraint(
            "doses_bound IN ('off', 'warn', 'limit')", name=op.f("ck_schedule_doses_bound")
        ),
        sa.CheckConstraint(
            "(latitude IS NULL) = (longitude IS NULL)", name=op.f("ck_schedule_coordinates")
        ),
        sa.ForeignKeyConstraint(
            ["location_id"], ["location.id"], name=op.f("fk_schedule_location_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schedule")),
        sa.UniqueConstraint("location_id", name=op.f("uq_schedule_location_id")),
    )
    op.create_table(
        "schedule_product",
        sa.Column("schedule_id", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["schedule_id"], ["schedule.id"], name=op.f("fk_schedule_product_schedule_id")
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name=op.f("fk_schedule_product_product_id")
        ),
        sa.PrimaryKeyConstraint("schedule_id", "product_id", name=op.f("pk_schedule_product")),
    )


def _create_days() -> None:
    op.create_table(
        "schedule_hours",
        sa.Column("schedule_id", sa.Integer(), nullable=False),
        sa.Column("weekday", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("opens", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("closes", sa.Integer(), nullable=False),
        sa.CheckConstraint("weekday BETWEEN 0 AND 6", name=op.f("ck_schedule_hours_weekday")),
        sa.CheckConstraint(
            "0 <= opens AND opens < closes AND closes <= 1440",
            name=op.f("ck_schedule_hours_range"),
        ),
        sa.ForeignKeyConstraint(
            ["schedule_id"], ["schedule.id"], name=op.f("fk_schedule_hours_schedule_id")
        ),
        sa.PrimaryKeyConstraint("schedule_id", "weekday", "opens", name=op.f("pk_schedule_hours")),
    )
    op.create_table(
        "schedule_day",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("location_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("reason", sa.String(length=80), nullable=False),
        sa.Column("opens", sa.Integer(), nullable=False),
        sa.Column("closes", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(kind = 'closed' AND opens = 0 AND closes = 0) OR (kind = 'special' "
            "AND 0 <= opens AND opens < closes AND closes <= 1440)",
            name=op.f("ck_schedule_day_range"),
        ),
        sa.ForeignKeyConstraint(
            ["location_id"], ["location.id"], name=op.f("fk_schedule_day_location_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schedule_day")),
        sa.UniqueConstraint(
            "location_id", "day", "opens", name=op.f("uq_schedule_day_location_id_day_opens")
        ),
    )


def _create_slots() -> None:
    op.create_table(
        "slot",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("location_id", sa.Integer(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("minute", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("places", sa.Integer(), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('general', 'second', 'walk_in')", name=op.f("ck_slot_known_kind")
        ),
        sa.CheckConstraint("places >= 0 AND taken >= 0", name=op.f("ck_slot_places")),
        sa.CheckConstraint("minute BETWEEN 0 AND 1439", name=op.f("ck_slot_minute")),
        sa.ForeignKeyConstraint(["location_id"], ["location.id"], name=op.f("fk_slot_location_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slot")),
        sa.UniqueConstraint(
            "location_id", "starts_at", "kind", name=op.f("uq_slot_location_id_starts_at_kind")
        ),
    )
    op.create_index(
        "ix_slot_offer",
        "slot",
        ["location_id", "day", "starts_at", "kind", "open", "places", "taken", "minute", "id"],
    )
