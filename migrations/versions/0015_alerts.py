"""The daily e-mail."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "daily_digest",
        sa.Column("location_id", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["location_id"], ["location.id"], name=op.f("fk_daily_digest_location_id")
        ),
        sa.PrimaryKeyConstraint("location_id", name=op.f("pk_daily_digest")),
    )
    op.create_index(op.f("ix_daily_digest_due_at"), "daily_digest", ["due_at"])
    op.create_table(
        "digest_refusal",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_digest_refusal_user_id")
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_digest_refusal")),
    )
