"""Counts of a location's doses."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
OPEN = sa.text("state = 'open'")


def upgrade() -> None:
    op.create_table(
        "stock_count",
        sa.Column("id", BIG, nullable=False),
        sa.Column("location_id", sa.Integer(), nullable=False),
        sa.Column("storage_unit", sa.String(length=60), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("document_id", BIG, nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_by_id", sa.Integer(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "state IN ('open', 'finished', 'cancelled')", name=op.f("ck_stock_count_known_state")
        ),
        sa.CheckConstraint(
            "(state = 'open') = (closed_at IS NULL)", name=op.f("ck_stock_count_closed_once")
        ),
        sa.CheckConstraint(
            "document_id IS NULL OR state = 'finished'",
            name=op.f("ck_stock_count_booked_when_finished"),
        ),
        *(
            sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_stock_count_{column}"))
            for column, target in (
                ("location_id", "location.id"),
                ("document_id", "stock_document.id"),
                ("started_by_id", "user_account.id"),
                ("closed_by_id", "user_account.id"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_count")),
        sa.UniqueConstraint("document_id", name=op.f("uq_stock_count_document_id")),
    )
    op.create_index("ix_stock_count_location_id_id", "stock_count", ["location_id", "id"])
    op.create_index(
        "ix_stock_count_open",
        "stock_count",
        ["location_id", "storage_unit"],
        unique=True,
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )
    op.create_table(
        "stock_count_line",
        sa.Column("id", BIG, nullable=False),
        sa.Column("count_id", BIG, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("inventory_id", BIG, nullable=False),
        sa.Column("storage_unit", sa.String(length=60), nullable=False),
        sa.Column("expected_doses", sa.Integer(), nullable=False),
        sa.Column("last_entry_id", BIG, nullable=False),
        sa.Column("counted_doses", sa.Integer(), nullable=True),
        sa.Column("not_counted", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("entry_id", BIG, nullable=True),
        sa.CheckConstraint(
            "expected_doses >= 0", name=op.f("ck_stock_count_line_expected_not_negative")
        ),
        sa.CheckConstraint(
            "counted_doses IS NULL OR counted_doses >= 0",
            name=op.f("ck_stock_count_line_counted_not_negative"),
        ),
        *(
            sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_stock_count_line_{column}"))
            for column, target in (
                ("count_id", "stock_count.id"),
                ("inventory_id", "vaccine_inventory.id"),
                ("last_entry_id", "dose_entry.id"),
                ("entry_id", "dose_entry.id"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_count_line")),
        sa.UniqueConstraint("count_id", "number", name=op.f("uq_stock_count_line_count_id_number")),
        sa.UniqueConstraint(
            "count_id", "inventory_id", name=op.f("uq_stock_count_line_count_id_inventory_id")
        ),
        sa.UniqueConstraint("entry_id", name=op.f("uq_stock_count_line_entry_id")),
    )
    op.create_index(op.f("ix_stock_count_line_inventory_id"), "stock_count_line", ["inventory_id"])
