"""Documents of the ledger, doses in transit, storage units and quarantine."""

import sqlalchemy as sa
from alembic import op

from migrations.listing import create_counter, create_search, drop_counter, drop_search

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NOTHING_NEGATIVE = (
    "doses_available >= 0 AND doses_total >= 0 AND doses_administered >= 0 AND doses_wasted >= 0 "
    "AND doses_returned >= 0 AND doses_in_transit >= 0 AND doses_transferred >= 0"
)
BALANCE = (
    "doses_total - doses_administered - doses_wasted - doses_returned - doses_in_transit "
    "- doses_transferred = doses_available"
)


def upgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    op.create_table(
        "stock_document",
        sa.Column("id", BIG, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("location_id", sa.Integer(), nullable=False),
        sa.Column("happened_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("vial", sa.String(length=8), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["user_account.id"], name=op.f("fk_stock_document_created_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["location_id"], ["location.id"], name=op.f("fk_stock_document_location_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_document")),
    )
    op.create_index("ix_stock_document_location_id_id", "stock_document", ["location_id", "id"])
    op.create_table(
        "stock_threshold",
        sa.Column("location_id", sa.Integer(), nullable=False),
        sa.Column("expiry_days", sa.Integer(), nullable=False),
        sa.Column("low_doses", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "expiry_days >= 0 AND low_doses >= 0", name=op.f("ck_stock_threshold_not_negative")
        ),
        sa.ForeignKeyConstraint(
            ["location_id"], ["location.id"], name=op.f("fk_stock_threshold_location_id")
        ),
        sa.PrimaryKeyConstraint("location_id", name=op.f("pk_stock_threshold")),
    )
    op.create_table(
        "quarantine",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("location_id", sa.Integer(), nullable=True),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("product_name", sa.String(length=120), nullable=False),
        sa.Column("lot", sa.String(length=20), nullable=False),
        sa.Column("lot_key", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("placed_by_id", sa.Integer(), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("released_by_id", sa.Integer(), nullable=True),
        sa.Column("release_note", sa.Text(), nullable=False),
        *(
            sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_quarantine_{column}"))
            for column, target in (
                ("location_id", "location.id"),
                ("product_id", "product.id"),
                ("placed_by_id", "user_account.id"),
                ("released_by_id", "user_account.id"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quarantine")),
    )
    op.create_index("ix_quarantine_product_id_lot_key", "quarantine", ["product_id", "lot_key"])
    if sqlite:  # a table is rebuilt there, and its triggers would go with it
        drop_search(op, "vaccine_inventory")
        drop_counter(op, "vaccine_inventory")
        for trigger in TRIGGERS:
            op.execute(f"DROP TRIGGER {trigger}")
    with op.batch_alter_table("vaccine_inventory") as table:
        for column in (
            sa.Column("doses_transferred_in", sa.Integer(), nullable=False, server_default="0"),
            sa.Column("doses_adjusted", sa.Integer(), nullable=False, server_default="0"),
            sa.Column("doses_in_transit", sa.Integer(), nullable=False, server_default="0"),
            sa.Column("storage_unit", sa.String(length=60), nullable=False, server_default=""),
            sa.Column("quarantined", sa.Boolean(), nullable=False, server_default=sa.false()),
        ):
            table.add_column(column)
        for name in ("nothing_negative", "balance"):
            table.drop_constraint(op.f(f"ck_vaccine_inventory_{name}"), type_="check")
        table.create_check_constraint(
            op.f("ck_vaccine_inventory_nothing_negative"), NOTHING_NEGATIVE
        )
        table.create_check_constraint(op.f("ck_vaccine_inventory_balance"), BALANCE)
    with op.batch_alter_table("vaccine_inventory") as table:
        for name in (
            "doses_transferred_in",
            "doses_adjusted",
            "doses_in_transit",
            "storage_unit",
            "quarantined",
        ):
            table.alter_column(name, server_default=None)
    if not sqlite:
        op.execute("ALTER TABLE dose_entry DISABLE TRIGGER dose_entry_append_only")
    op.add_column("dose_entry", sa.Column("location_id", sa.Integer(), nullable=True))
    op.execute(
        "UPDATE dose_entry SET location_id = (SELECT location_id FROM vaccine_inventory "
        "WHERE vaccine_inventory.id = dose_entry.inventory_id)"
    )
    if not sqlite:
        op.execute("ALTER TABLE dose_entry ENABLE TRIGGER dose_entry_append_only")
    with op.batch_alter_table("dose_entry") as table:
        table.alter_column("location_id", existing_type=sa.Integer(), nullable=False)
        table.create_foreign_key(
            op.f("fk_dose_entry_location_id"), "location", ["location_id"], ["id"]
        )
        table.create_index("ix_dose_entry_location_id_id", ["location_id", "id"])
        table.create_index("ix_dose_entry_location_id_kind_id", ["location_id", "kind", "id"])
        table.create_index("ix_dose_entry_inventory_id_kind_id", ["inventory_id", "kind", "id"])
        table.add_column(sa.Column("document_id", BIG, nullable=True))
        table.drop_column("document")
        table.create_foreign_key(
            op.f("fk_dose_entry_document_id"), "stock_document", ["document_id"], ["id"]
        )
        table.create_index(op.f("ix_dose_entry_document_id"), ["document_id"])
    if sqlite:
        create_counter(op, "vaccine_inventory")
        create_search(op, "vaccine_inventory")
        for statement in APPEND_ONLY:
            op.execute(statement)


TRIGGERS = ("dose_entry_no_update", "dose_entry_no_delete", "dose_entry_no_replace")
SENTENCE = "the dose ledger is append-only"

# As in the migration that made the ledger.
APPEND_ONLY = [
    f"""
    CREATE TRIGGER dose_entry_no_{action.lower()} BEFORE {action} ON dose_entry
    BEGIN SELECT RAISE(ABORT, '{SENTENCE}'); END
    """
    for action in ("UPDATE", "DELETE")
] + [
    f"""
    CREATE TRIGGER dose_entry_no_replace BEFORE INSERT ON dose_entry
    WHEN EXISTS (SELECT 1 FROM dose_entry WHERE id = NEW.id OR reverses_id = NEW.reverses_id)
    BEGIN SELECT RAISE(ABORT, '{SENTENCE}'); END
    """
]
