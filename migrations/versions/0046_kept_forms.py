"""A kept form is of one profile, too; pages of refused forms are kept for a short while."""

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0044"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # In which of two profiles an older draft was made is not known; with one it makes no difference.
    op.add_column("draft", sa.Column("profile", sa.String(16), nullable=True))
    op.create_table(
        "refused_page",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(16), nullable=False),
        sa.Column("browser", sa.String(64), nullable=False),
        sa.Column("holder", sa.String(80), nullable=False),
        sa.Column("page", sa.String(64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_refused_page_browser", "refused_page", ["browser", "id"])
    op.create_index("ix_refused_page_at", "refused_page", ["at"])
