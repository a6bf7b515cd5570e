"""Transfers between locations."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "transfer",
        sa.Column("id", BIG, nullable=False),
        sa.Column("document_id", BIG, nullable=False),
        sa.Column("from_location_id", sa.Integer(), nullable=False),
        sa.Column("to_location_id", sa.Integer(), nullable=False),
        sa.Column("sent_on", sa.Date(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "from_location_id <> to_location_id", name=op.f("ck_transfer_elsewhere")
        ),
        sa.ForeignKeyConstraint(
            ["document_id"], ["stock_document.id"], name=op.f("fk_transfer_document_id")
        ),
        sa.ForeignKeyConstraint(
            ["from_location_id"], ["location.id"], name=op.f("fk_transfer_from_location_id")
        ),
        sa.ForeignKeyConstraint(
            ["to_location_id"], ["location.id"], name=op.f("fk_transfer_to_location_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfer")),
        sa.UniqueConstraint("document_id", name=op.f("uq_transfer_document_id")),
    )
    for side in ("from", "to"):
        op.create_index(
            f"ix_transfer_{side}_location_id_id", "transfer", [f"{side}_location_id", "id"]
        )
    op.create_table(
        "transfer_line",
        sa.Column("id", BIG, nullable=False),
        sa.Column("transfer_id", BIG, nullable=False),
        sa.Column("from_location_id", sa.Integer(), nullable=False),
        sa.Column("to_location_id", sa.Integer(), nullable=False),
        sa.Column("inventory_id", BIG, nullable=False),
        sa.Column("out_entry_id", BIG, nullable=False),
        sa.Column("doses_sent", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("doses_received", sa.Integer(), nullable=True),
        sa.Column("received_on", sa.Date(), nullable=True),
        sa.Column("received_inventory_id", BIG, nullable=True),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("doses_sent > 0", name=op.f("ck_transfer_line_something_sent")),
        sa.CheckConstraint(
            "state IN ('in_transit', 'received', 'refused', 'cancelled')",
            name=op.f("ck_transfer_line_known_state"),
        ),
        sa.CheckConstraint(
            "(state = 'received') = (doses_received IS NOT NULL) "
            "AND (doses_received IS NULL OR doses_received BETWEEN 0 AND doses_sent)",
            name=op.f("ck_transfer_line_received_no_more_than_sent"),
        ),
        *(
            sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_transfer_line_{column}"))
            for column, target in (
                ("transfer_id", "transfer.id"),
                ("from_location_id", "location.id"),
                ("to_location_id", "location.id"),
                ("inventory_id", "vaccine_inventory.id"),
                ("out_entry_id", "dose_entry.id"),
                ("received_inventory_id", "vaccine_inventory.id"),
                ("settled_by_id", "user_account.id"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfer_line")),
        sa.UniqueConstraint("out_entry_id", name=op.f("uq_transfer_line_out_entry_id")),
    )
    for side in ("from", "to"):
        op.create_index(
            f"ix_transfer_line_{side}_location_id_state",
            "transfer_line",
            [f"{side}_location_id", "state", "id"],
        )
    for column in ("transfer_id", "inventory_id", "received_inventory_id"):
        op.create_index(op.f(f"ix_transfer_line_{column}"), "transfer_line", [column])
