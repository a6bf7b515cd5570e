"""Arrivals: who is at a location on a day, and what became of them."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# Without IN: PostgreSQL writes lists in another way once a dump was loaded.
OPEN = sa.text("done_at IS NULL")
COUNTS = sa.text("state <> 'undone' AND state <> 'left'")


def upgrade() -> None:
    op.create_table(
        "arrival",
        sa.Column("id", BIG, nullable=False),
        sa.Column("location_id", sa.Integer(), nullable=False),
        sa.Column("recipient_id", BIG, nullable=False),
        sa.Column("appointment_id", BIG, nullable=True),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("identified_by", sa.String(length=80), nullable=False),
        sa.Column("checked_in_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("checked_in_by_id", sa.Integer(), nullable=False),
        sa.Column("at_chair_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("vaccinated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("observe_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_by_id", sa.Integer(), nullable=True),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "state IN ('waiting', 'at_chair', 'observing', 'done', 'left', 'undone')",
            name=op.f("ck_arrival_known_state"),
        ),
        sa.CheckConstraint(
            "(state IN ('done', 'left', 'undone')) = (done_at IS NOT NULL)",
            name=op.f("ck_arrival_when_done"),
        ),
        sa.CheckConstraint(
            "(state IN ('observing', 'done')) = (vaccinated_at IS NOT NULL)",
            name=op.f("ck_arrival_when_vaccinated"),
        ),
        sa.CheckConstraint(
            "state <> 'observing' OR observe_until IS NOT NULL",
            name=op.f("ck_arrival_observed_until"),
        ),
        *(
            sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_arrival_{column}"))
            for column, target in (
                ("location_id", "location.id"),
                ("recipient_id", "recipient.id"),
                ("appointment_id", "appointment.id"),
                ("checked_in_by_id", "user_account.id"),
                ("done_by_id", "user_account.id"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_arrival")),
    )
    op.create_index(
        "uq_arrival_open",
        "arrival",
        ["recipient_id", "location_id", "day"],
        unique=True,
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )
    op.create_index(
        "uq_arrival_appointment_id",
        "arrival",
        ["appointment_id"],
        unique=True,
        sqlite_where=COUNTS,
        postgresql_where=COUNTS,
    )
    op.create_index("ix_arrival_day", "arrival", ["location_id", "day", "version"])
    op.create_index("ix_arrival_recipient_id", "arrival", ["recipient_id", "day"])
