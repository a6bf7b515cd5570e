"""What list views remember, and the counting of rows."""

import sqlalchemy as sa
from alembic import op

from migrations.listing import create_counting

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "row_count",
        sa.Column("table_name", sa.String(length=40), nullable=False),
        sa.Column("location_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("rows", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("table_name", "location_id", name=op.f("pk_row_count")),
    )
    op.create_table(
        "list_pin",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("list_name", sa.String(length=40), nullable=False),
        sa.Column("view", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_list_pin_user_id")),
        sa.PrimaryKeyConstraint("user_id", "list_name", name=op.f("pk_list_pin")),
    )
    op.create_table(
        "recent_view",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("location_id", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(length=40), nullable=False),
        sa.Column(
            "record_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("viewed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_recent_view_user_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recent_view")),
        sa.UniqueConstraint(
            "user_id",
            "location_id",
            "subject",
            "record_id",
            name=op.f("uq_recent_view_user_id_location_id_subject_record_id"),
        ),
    )
    create_counting(op)
