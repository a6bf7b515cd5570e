"""Pairs of open appointments that may be of one person who booked twice."""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "booked_twice",
        sa.Column("id", BIG, nullable=False),
        sa.Column("newer_id", BIG, nullable=False),
        sa.Column("older_id", BIG, nullable=False),
        sa.Column("noticed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["newer_id"], ["appointment.id"], name=op.f("fk_booked_twice_newer_id")
        ),
        sa.ForeignKeyConstraint(
            ["older_id"], ["appointment.id"], name=op.f("fk_booked_twice_older_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_booked_twice")),
        sa.UniqueConstraint("newer_id", "older_id", name=op.f("uq_booked_twice_newer_id_older_id")),
    )
    op.create_index("ix_booked_twice_older_id", "booked_twice", ["older_id"])
