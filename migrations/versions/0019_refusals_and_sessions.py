"""What was refused; from where and with which browser somebody signed in."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "refusal",
        sa.Column("id", BIG, nullable=False),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("who", _plain_text(64), nullable=False),
        sa.Column("address", _plain_text(8), nullable=False),
        sa.Column("kind", _plain_text(20), nullable=False),
        sa.Column("endpoint", _plain_text(80), nullable=False),
        sa.Column("location_id", sa.Integer(), nullable=False),
        sa.Column("place", _plain_text(120), nullable=False),
        sa.Column("times", BIG, nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("search", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refusal")),
        sa.UniqueConstraint(
            "hour",
            "user_id",
            "address",
            "kind",
            "endpoint",
            "location_id",
            name=op.f("uq_refusal_once"),
        ),
    )
    op.create_index("ix_refusal_last_at_id", "refusal", ["last_at", "id"])
    for name, length in (("address", 45), ("browser", 20), ("system", 20)):
        op.add_column(
            "user_session",
            sa.Column(name, sa.String(length=length), nullable=False, server_default=""),
        )


def _plain_text(length):
    return sa.String(length=length).with_variant(
        sa.String(length=length, collation="C"), "postgresql"
    )
