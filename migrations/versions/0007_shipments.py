"""Orders, shipments, and the files they came in."""

import sqlalchemy as sa
from alembic import op

from migrations.listing import create_counter, create_search

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "supply_order",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "number",
            sa.String(length=64).with_variant(sa.String(length=64, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("location_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["location_id"], ["location.id"], name=op.f("fk_supply_order_location_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supply_order")),
        sa.UniqueConstraint(
            "location_id", "number", name=op.f("uq_supply_order_location_id_number")
        ),
    )
    op.create_table(
        "shipment",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "number",
            sa.String(length=64).with_variant(sa.String(length=64, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("location_id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "order_number",
            sa.String(length=64).with_variant(sa.String(length=64, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column(
            "product_name",
            sa.String(length=120).with_variant(sa.String(length=120, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "manufacturer",
            sa.String(length=80).with_variant(sa.String(length=80, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "ndc",
            sa.String(length=13).with_variant(sa.String(length=13, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "lot",
            sa.String(length=20).with_variant(sa.String(length=20, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("expiration_date", sa.Date(), nullable=False),
        sa.Column("expiration_month_only", sa.Boolean(), nullable=False),
        sa.Column("doses_shipped", sa.Integer(), nullable=False),
        sa.Column("doses_received", sa.Integer(), nullable=False),
        sa.Column("date_shipped", sa.Date(), nullable=False),
        sa.Column(
            "carrier",
            sa.String(length=64).with_variant(sa.String(length=64, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "tracking_number",
            sa.String(length=64).with_variant(sa.String(length=64, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "status",
            sa.String(length=16).with_variant(sa.String(length=16, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("search", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "doses_received >= 0", name=op.f("ck_shipment_doses_received_not_negative")
        ),
        sa.CheckConstraint("doses_shipped > 0", name=op.f("ck_shipment_doses_shipped_positive")),
        sa.ForeignKeyConstraint(
            ["location_id"], ["location.id"], name=op.f("fk_shipment_location_id")
        ),
        sa.ForeignKeyConstraint(
            ["order_id"], ["supply_order.id"], name=op.f("fk_shipment_order_id")
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name=op.f("fk_shipment_product_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shipment")),
        sa.UniqueConstraint("number", "product_id", name=op.f("uq_shipment_number_product_id")),
    )
    op.create_index(
        "ix_shipment_list_date_shipped",
        "shipment",
        ["location_id", "date_shipped", "id"],
        unique=False,
    )
    op.create_index(
        "ix_shipment_list_doses_received",
        "shipment",
        ["location_id", "doses_received", "id"],
        unique=False,
    )
    op.create_index(
        "ix_shipment_list_doses_shipped",
        "shipment",
        ["location_id", "doses_shipped", "id"],
        unique=False,
    )
    op.create_index("ix_shipment_list_lot", "shipment", ["location_id", "lot", "id"], unique=False)
    op.create_index(
        "ix_shipment_list_number", "shipment", ["location_id", "number", "id"], unique=False
    )
    op.create_index(
        "ix_shipment_list_order_number",
        "shipment",
        ["location_id", "order_number", "id"],
        unique=False,
    )
    op.create_index(
        "ix_shipment_list_product_name",
        "shipment",
        ["location_id", "product_name", "id"],
        unique=False,
    )
    op.create_index(
        "ix_shipment_list_status", "shipment", ["location_id", "status", "id"], unique=False
    )
    op.create_index(op.f("ix_shipment_order_id"), "shipment", ["order_id"], unique=False)
    op.create_table(
        "shipment_import",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("file_name", sa.String(length=200), nullable=False),
        sa.Column("stored_as", sa.String(length=64), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("bytes", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("notes", sa.JSON(), nullable=False),
        sa.Column("last_row", sa.Integer(), nullable=False),
        sa.Column("rows_expected", sa.Integer(), nullable=False),
        sa.Column("rows_done", sa.Integer(), nullable=False),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("updated", sa.Integer(), nullable=False),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_owner", sa.String(length=64), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_shipment_import_user_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shipment_import")),
    )
    op.create_index(op.f("ix_shipment_import_sha256"), "shipment_import", ["sha256"], unique=False)
    op.create_index(op.f("ix_shipment_import_state"), "shipment_import", ["state"], unique=False)
    op.create_table(
        "shipment_import_error",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("column", sa.String(length=64), nullable=False),
        sa.Column("position", sa.Integer(), nullable=True),
        sa.Column("value", sa.String(length=120), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["shipment_import.id"],
            name=op.f("fk_shipment_import_error_run_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shipment_import_error")),
    )
    op.create_index(
        "ix_shipment_import_error_run_id_row",
        "shipment_import_error",
        ["run_id", "row"],
        unique=False,
    )
    create_counter(op, "shipment")
    create_search(op, "shipment")
