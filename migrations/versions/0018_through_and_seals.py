"""Audit entries say through what somebody acted, and hold digests of rows written with them."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Added, not rebuilt: the table's triggers stay. Entries of before keep their hashes, which
    # cover the fields of their form.
    op.add_column(
        "audit_entry",
        sa.Column("through", sa.String(length=16), nullable=False, server_default=""),
    )
    op.add_column(
        "audit_entry", sa.Column("form", sa.Integer(), nullable=False, server_default="1")
    )
    op.add_column("audit_entry", sa.Column("seals", sa.Text(), nullable=True))
    op.create_index("ix_audit_entry_through_number", "audit_entry", ["through", "number"])
    if op.get_bind().dialect.name == "sqlite":
        # REPLACE deletes without firing the trigger for it.
        for table, known in (
            ("audit_entry", "SELECT 1 FROM audit_entry WHERE number = NEW.number"),
            ("audit_head", "SELECT 1 FROM audit_head"),
        ):
            op.execute(
                f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} "
                f"WHEN EXISTS ({known}) "
                f"BEGIN SELECT RAISE(ABORT, 'the audit trail only grows'); END"
            )
