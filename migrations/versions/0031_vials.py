"""Vials that have been punctured."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
CHECKS = {
    "known_state": "state IN ('open', 'used_up', 'wasted')",
    "some_doses": "doses IS NULL OR doses > 0",
    "taken_of_doses": "taken >= 0 AND (doses IS NULL OR taken <= doses)",
    "used_up_if_all_taken": "state <> 'used_up' OR (doses IS NOT NULL AND taken = doses)",
    "wasted_by_document": "(state = 'wasted') = (document_id IS NOT NULL)",
    "used_after_puncture": "beyond_use_at IS NULL OR beyond_use_at >= punctured_at",
}


def upgrade() -> None:
    op.create_table(
        "open_vial",
        sa.Column("id", BIG, nullable=False),
        sa.Column("inventory_id", BIG, nullable=False),
        sa.Column("location_id", sa.Integer(), nullable=False),
        sa.Column("punctured_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("beyond_use_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("doses", sa.Integer(), nullable=True),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("punctured_by_id", sa.Integer(), nullable=True),
        sa.Column("document_id", BIG, nullable=True),
        *(
            sa.CheckConstraint(text, name=op.f(f"ck_open_vial_{name}"))
            for name, text in CHECKS.items()
        ),
        *(
            sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_open_vial_{column}"))
            for column, target in (
                ("inventory_id", "vaccine_inventory.id"),
                ("location_id", "location.id"),
                ("punctured_by_id", "user_account.id"),
                ("document_id", "stock_document.id"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_open_vial")),
        sa.UniqueConstraint("document_id", name=op.f("uq_open_vial_document_id")),
        sqlite_autoincrement=True,
    )
    for column in ("inventory_id", "location_id"):
        op.create_index(f"ix_open_vial_{column}", "open_vial", [column, "punctured_at", "id"])
