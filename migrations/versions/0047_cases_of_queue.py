"""The cases of a person, or of nobody, in one queue are counted along an index."""

from alembic import op

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_help_case_assigned_queue",
        "help_case",
        ["assigned_to_id", "queue", "state", "opened_at", "id"],
    )
