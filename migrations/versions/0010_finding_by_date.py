"""Shipments are found by their expiration date, too."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_shipment_list_expiration_date",
        "shipment",
        ["location_id", "expiration_date", "id"],
        unique=False,
    )
