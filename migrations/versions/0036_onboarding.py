"""Onboarding files of cases, and their rows that did not go in at once."""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "onboarding_upload",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", BIG, nullable=False),
        sa.Column("case_file_id", BIG, nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["help_case.id"], name=op.f("fk_onboarding_upload_case_id")
        ),
        sa.ForeignKeyConstraint(
            ["case_file_id"], ["help_case_file.id"], name=op.f("fk_onboarding_upload_case_file_id")
        ),
        sa.ForeignKeyConstraint(
            ["run_id"], ["import_run.id"], name=op.f("fk_onboarding_upload_run_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_onboarding_upload")),
        sa.UniqueConstraint("case_file_id", name=op.f("uq_onboarding_upload_case_file_id")),
        sa.UniqueConstraint("run_id", name=op.f("uq_onboarding_upload_run_id")),
    )
    for column in ("case_id", "told_at"):
        op.create_index(op.f(f"ix_onboarding_upload_{column}"), "onboarding_upload", [column])
    op.create_table(
        "onboarding_row",
        sa.Column("run_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("row", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("cells", sa.JSON(), nullable=False),
        sa.Column("wrong", sa.JSON(), nullable=False),
        sa.Column("alike", sa.JSON(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=True),
        sa.Column("mended_by_id", sa.Integer(), nullable=True),
        sa.Column("mended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('failed', 'undecided', 'mended')",
            name=op.f("ck_onboarding_row_known_state"),
        ),
        sa.CheckConstraint(
            "(state = 'mended') = (mended_at IS NOT NULL)",
            name=op.f("ck_onboarding_row_when_mended"),
        ),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["import_run.id"],
            name=op.f("fk_onboarding_row_run_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["mended_by_id"], ["user_account.id"], name=op.f("fk_onboarding_row_mended_by_id")
        ),
        sa.PrimaryKeyConstraint("run_id", "row", name=op.f("pk_onboarding_row")),
    )
