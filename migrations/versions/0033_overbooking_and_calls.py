"""Why staff booked beyond the places there are; who was told of a change to many appointments."""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0031"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
OVERBOOKED = sa.text("overbook_reason <> ''")


def keys(table: str, *pairs: tuple[str, str]) -> list[sa.ForeignKeyConstraint]:
    return [
        sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_{table}_{column}"))
        for column, target in pairs
    ]


def upgrade() -> None:
    op.add_column(
        "appointment",
        sa.Column("overbook_reason", sa.String(length=200), nullable=False, server_default=""),
    )
    op.create_index(
        "ix_appointment_overbooked",
        "appointment",
        ["location_id", "starts_at"],
        sqlite_where=OVERBOOKED,
        postgresql_where=OVERBOOKED,
    )
    _create_rounds()
    _create_lines()


def _create_rounds() -> None:
    op.create_table(
        "told_round",
        sa.Column("id", BIG, nullable=False),
        sa.Column("location_id", sa.Integer(), nullable=False),
        sa.Column("change", sa.String(length=8), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by_id", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "change IN ('canceled', 'moved')", name=op.f("ck_told_round_known_change")
        ),
        *keys("told_round", ("location_id", "location.id"), ("made_by_id", "user_account.id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_told_round")),
    )
    op.create_index("ix_told_round_location_id", "told_round", ["location_id", "id"])


def _create_lines() -> None:
    op.create_table(
        "told_line",
        sa.Column("id", BIG, nullable=False),
        sa.Column("round_id", BIG, nullable=False),
        sa.Column("appointment_id", BIG, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("way", sa.String(length=8), nullable=False),
        sa.Column("outcome", sa.String(length=12), nullable=False),
        sa.Column("caller_id", sa.Integer(), nullable=True),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("called_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.CheckConstraint("way IN ('email', 'none')", name=op.f("ck_told_line_known_way")),
        sa.CheckConstraint(
            "outcome IN ('', 'reached', 'no_answer', 'wrong_number')",
            name=op.f("ck_told_line_known_outcome"),
        ),
        sa.CheckConstraint(
            "(caller_id IS NULL) = (claimed_until IS NULL)", name=op.f("ck_told_line_claim")
        ),
        *keys(
            "told_line",
            ("round_id", "told_round.id"),
            ("appointment_id", "appointment.id"),
            ("caller_id", "user_account.id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_told_line")),
        sa.UniqueConstraint(
            "round_id", "appointment_id", name=op.f("uq_told_line_round_id_appointment_id")
        ),
    )
    op.create_index("ix_told_line_appointment_id", "told_line", ["appointment_id"])
