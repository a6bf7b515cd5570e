"""Vaccine inventory and the dose ledger."""

import sqlalchemy as sa
from alembic import op

from migrations.listing import create_counter, create_search

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "vaccine_inventory",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("location_id", sa.Integer(), nullable=False),
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
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column(
            "name_key",
            sa.String(length=160).with_variant(sa.String(length=160, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "lot",
            sa.String(length=20).with_variant(sa.String(length=20, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "lot_key",
            sa.String(length=20).with_variant(sa.String(length=20, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("serial_number", sa.String(length=64), nullable=False),
        sa.Column("expiration_date", sa.Date(), nullable=False),
        sa.Column("expiration_month_only", sa.Boolean(), nullable=False),
        sa.Column(
            "shipment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("unable_to_locate_shipment", sa.Boolean(), nullable=False),
        sa.Column("doses_total", sa.Integer(), nullable=False),
        sa.Column("doses_available", sa.Integer(), nullable=False),
        sa.Column("doses_administered", sa.Integer(), nullable=False),
        sa.Column("doses_wasted", sa.Integer(), nullable=False),
        sa.Column("doses_returned", sa.Integer(), nullable=False),
        sa.Column("doses_transferred", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("search", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "doses_available >= 0 AND doses_total >= 0 AND doses_administered >= 0 AND doses_wasted >= 0 AND doses_returned >= 0 AND doses_transferred >= 0",
            name=op.f("ck_vaccine_inventory_nothing_negative"),
        ),
        sa.CheckConstraint(
            "doses_total - doses_administered - doses_wasted - doses_returned - doses_transferred = doses_available",
            name=op.f("ck_vaccine_inventory_balance"),
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["user_account.id"], name=op.f("fk_vaccine_inventory_created_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["location_id"], ["location.id"], name=op.f("fk_vaccine_inventory_location_id")
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name=op.f("fk_vaccine_inventory_product_id")
        ),
        sa.ForeignKeyConstraint(
            ["shipment_id"], ["shipment.id"], name=op.f("fk_vaccine_inventory_shipment_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vaccine_inventory")),
    )
    op.create_index(
        "ix_vaccine_inventory_list_created_at",
        "vaccine_inventory",
        ["location_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        "ix_vaccine_inventory_list_doses_available",
        "vaccine_inventory",
        ["location_id", "doses_available", "id"],
        unique=False,
    )
    op.create_index(
        "ix_vaccine_inventory_list_doses_total",
        "vaccine_inventory",
        ["location_id", "doses_total", "id"],
        unique=False,
    )
    op.create_index(
        "ix_vaccine_inventory_list_expiration_date",
        "vaccine_inventory",
        ["location_id", "expiration_date", "id"],
        unique=False,
    )
    op.create_index(
        "ix_vaccine_inventory_list_lot",
        "vaccine_inventory",
        ["location_id", "lot", "id"],
        unique=False,
    )
    op.create_index(
        "ix_vaccine_inventory_list_name_key",
        "vaccine_inventory",
        ["location_id", "name_key", "id"],
        unique=False,
    )
    op.create_index(
        "ix_vaccine_inventory_list_product_name",
        "vaccine_inventory",
        ["location_id", "product_name", "id"],
        unique=False,
    )
    op.create_index(
        "ix_vaccine_inventory_lot",
        "vaccine_inventory",
        ["location_id", "product_id", "lot_key"],
        unique=False,
    )
    op.create_index(
        "ix_vaccine_inventory_shipment_id", "vaccine_inventory", ["shipment_id"], unique=False
    )
    op.create_table(
        "dose_entry",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "inventory_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("doses", sa.Integer(), nullable=False),
        sa.Column("happened_on", sa.Date(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=True),
        sa.Column(
            "shipment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("document", sa.String(length=40), nullable=False),
        sa.Column(
            "reverses_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.CheckConstraint(
            "(reverses_id IS NULL AND doses > 0) OR (reverses_id IS NOT NULL AND doses < 0)",
            name=op.f("ck_dose_entry_sign"),
        ),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["user_account.id"], name=op.f("fk_dose_entry_actor_id")
        ),
        sa.ForeignKeyConstraint(
            ["inventory_id"], ["vaccine_inventory.id"], name=op.f("fk_dose_entry_inventory_id")
        ),
        sa.ForeignKeyConstraint(
            ["reverses_id"], ["dose_entry.id"], name=op.f("fk_dose_entry_reverses_id")
        ),
        sa.ForeignKeyConstraint(
            ["shipment_id"], ["shipment.id"], name=op.f("fk_dose_entry_shipment_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dose_entry")),
        sa.UniqueConstraint("reverses_id", name=op.f("uq_dose_entry_reverses_id")),
    )
    op.create_index(
        "ix_dose_entry_inventory_id_id", "dose_entry", ["inventory_id", "id"], unique=False
    )
    op.create_index(op.f("ix_dose_entry_shipment_id"), "dose_entry", ["shipment_id"], unique=False)
    for statement in APPEND_ONLY[op.get_bind().dialect.name]:
        op.execute(statement)
    create_counter(op, "vaccine_inventory")
    create_search(op, "vaccine_inventory")


SENTENCE = "the dose ledger is append-only"

# Nobody changes or deletes an entry, not even by hand: a mistake is reversed.
APPEND_ONLY = {
    "sqlite": [
        f"""
        CREATE TRIGGER dose_entry_no_{action.lower()} BEFORE {action} ON dose_entry
        BEGIN SELECT RAISE(ABORT, '{SENTENCE}'); END
        """
        for action in ("UPDATE", "DELETE")
    ]
    # REPLACE deletes without firing the trigger for it.
    + [
        f"""
        CREATE TRIGGER dose_entry_no_replace BEFORE INSERT ON dose_entry
        WHEN EXISTS (
            SELECT 1 FROM dose_entry WHERE id = NEW.id OR reverses_id = NEW.reverses_id
        )
        BEGIN SELECT RAISE(ABORT, '{SENTENCE}'); END
        """
    ],
    "postgresql": [
        f"""
        CREATE FUNCTION dose_entry_append_only() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION '{SENTENCE}'; END $$
        """,
        """
        CREATE TRIGGER dose_entry_append_only BEFORE UPDATE OR DELETE ON dose_entry
        FOR EACH ROW EXECUTE FUNCTION dose_entry_append_only()
        """,
        """
        CREATE TRIGGER dose_entry_no_truncate BEFORE TRUNCATE ON dose_entry
        FOR EACH STATEMENT EXECUTE FUNCTION dose_entry_append_only()
        """,
    ],
}
