"""A member of programme staff may hold a profile at locations besides; what is done says in which."""

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("user_account", sa.Column("location_profile", sa.String(16), nullable=True))
    op.add_column(
        "user_account",
        sa.Column("acts_at_location", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    # Added, not rebuilt: the table's triggers stay. Entries of before keep their hashes, which
    # cover the fields of their form.
    for table, column in (
        ("audit_entry", "profile"),
        ("import_run", "user_profile"),
        ("help_case", "requester_profile"),
    ):
        op.add_column(table, sa.Column(column, sa.String(16), nullable=False, server_default=""))
