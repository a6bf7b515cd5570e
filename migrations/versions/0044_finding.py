"""Indexes for stretches of days in what is listed, and for the history of doses as a list."""

from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_message_created_at", "message", ["created_at", "id"])
    op.create_index("ix_import_run_kind_created_at", "import_run", ["kind", "created_at", "id"])
    op.create_index("ix_stock_count_started_at", "stock_count", ["location_id", "started_at", "id"])
    op.create_index(
        "ix_dose_entry_list_happened_on", "dose_entry", ["location_id", "happened_on", "id"]
    )
    op.create_index(
        "ix_dose_entry_list_kind", "dose_entry", ["location_id", "kind", "happened_on", "id"]
    )
    op.drop_index("ix_dose_entry_location_id_kind_id", "dose_entry")
