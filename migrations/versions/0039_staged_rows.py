"""Rows of onboarding files as their sender corrected them, waiting for the help desk."""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("onboarding_row", sa.Column("staged", sa.JSON(), nullable=True))
