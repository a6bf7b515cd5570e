"""Counts of the records without a storage unit; lots in quarantine are found by that."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

OPEN = sa.text("state = 'open'")


def upgrade() -> None:
    op.add_column(
        "stock_count",
        sa.Column("without_unit", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.drop_index("ix_stock_count_open", table_name="stock_count")
    op.create_index(
        "ix_stock_count_open",
        "stock_count",
        ["location_id", "storage_unit", "without_unit"],
        unique=True,
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )
    op.create_index(
        "ix_vaccine_inventory_quarantined",
        "vaccine_inventory",
        ["location_id", "expiration_date", "id"],
        unique=False,
        sqlite_where=sa.text("quarantined = 1"),
        postgresql_where=sa.text("quarantined"),
    )
