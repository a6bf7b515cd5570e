"""A shipment may hold several lots; numbers are found however they are spelled; rows of an import
may come from several sheets."""

import re

import sqlalchemy as sa
from alembic import op

from migrations.listing import create_counter, create_search, drop_counter, drop_search

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−－", "-"))
ENDS_IN_ZERO = re.compile(r"(?<=[0-9])\.0+$")
BATCH = 1_000
KEY = sa.String(length=64).with_variant(sa.String(length=64, collation="C"), "postgresql")


def upgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    if sqlite:  # a table is rebuilt there, and its triggers would go with it
        drop_search(op, "shipment")
        drop_counter(op, "shipment")
    for name in ("shipment", "supply_order"):
        with op.batch_alter_table(name) as table:
            table.add_column(sa.Column("number_key", KEY, nullable=False, server_default=""))
        _fill(name)
    with op.batch_alter_table("shipment") as table:
        table.alter_column("number_key", existing_type=KEY, server_default=None)
        table.drop_constraint(op.f("uq_shipment_number_product_id"), type_="unique")
        table.create_unique_constraint(
            op.f("uq_shipment_number_product_id_lot"), ["number", "product_id", "lot"]
        )
        table.create_index(op.f("ix_shipment_number_key"), ["number_key"])
    with op.batch_alter_table("supply_order") as table:
        table.alter_column("number_key", existing_type=KEY, server_default=None)
        table.create_index(op.f("ix_supply_order_number_key"), ["number_key"])
    with op.batch_alter_table("import_run") as table:
        table.add_column(sa.Column("sheets", sa.JSON(), nullable=False, server_default="[]"))
    with op.batch_alter_table("import_run") as table:
        table.alter_column("sheets", existing_type=sa.JSON(), server_default=None)
    if sqlite:
        create_counter(op, "shipment")
        create_search(op, "shipment")


def _fill(name):
    """Write the key of each number, some rows at a time."""
    table = sa.table(
        name, sa.column("id"), sa.column("number"), sa.column("number_key", sa.String())
    )
    change = (
        sa.update(table)
        .where(table.c.id == sa.bindparam("row_id"))
        .values(number_key=sa.bindparam("key"))
    )
    bind, last = op.get_bind(), 0
    while rows := bind.execute(
        sa.select(table.c.id, table.c.number)
        .where(table.c.id > last)
        .order_by(table.c.id)
        .limit(BATCH)
    ).all():
        bind.execute(change, [{"row_id": row.id, "key": _key(row.number)} for row in rows])
        last = rows[-1].id


def _key(number):
    return ENDS_IN_ZERO.sub("", " ".join(number.translate(DASHES).split())).upper()
