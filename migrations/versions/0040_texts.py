"""Text messages: who asked for no more, and told by text as a way of its own."""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

WAYS = "way IN ('email', 'sms', 'both', 'none')"


def upgrade() -> None:
    op.create_table(
        "message_stop",
        sa.Column("channel", sa.String(length=40), nullable=False),
        sa.Column("address", sa.String(length=254), nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("channel", "address", name=op.f("pk_message_stop")),
    )
    with op.batch_alter_table("told_line") as table:
        table.drop_constraint(op.f("ck_told_line_known_way"), type_="check")
        table.create_check_constraint(op.f("ck_told_line_known_way"), WAYS)
