"""Imports and stored files belong to the platform; the runs of shipments become its first ones."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0019"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NEW_COUNTS = ("removed", "undecided")


def upgrade() -> None:
    _create_files()
    _create_runs()
    _create_rest()
    _move()
    for table in ("shipment_import_error", "shipment_import_part", "shipment_import"):
        op.drop_table(table)


def _create_files() -> None:
    op.create_table(
        "stored_file",
        sa.Column("id", BIG, nullable=False),
        sa.Column("area", sa.String(length=40), nullable=False),
        sa.Column("stored_as", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("content_type", sa.String(length=40), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("bytes", BIG, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stored_file")),
    )
    op.create_index(op.f("ix_stored_file_sha256"), "stored_file", ["sha256"])


def _create_runs() -> None:
    op.create_table(
        "import_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("file_id", BIG, nullable=False),
        sa.Column("location_id", sa.Integer(), nullable=True),
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
        sa.Column("removed", sa.Integer(), nullable=False),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.Column("undecided", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("mended", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_owner", sa.String(length=64), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["file_id"], ["stored_file.id"], name=op.f("fk_import_run_file_id")
        ),
        sa.ForeignKeyConstraint(
            ["location_id"], ["location.id"], name=op.f("fk_import_run_location_id")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_import_run_user_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_run")),
    )
    op.create_index(op.f("ix_import_run_file_id"), "import_run", ["file_id"])
    op.create_index(op.f("ix_import_run_state"), "import_run", ["state"])
    op.create_index("ix_import_run_kind_id", "import_run", ["kind", "id"])


def _create_rest() -> None:
    op.create_table(
        "import_part",
        sa.Column("run_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last_row", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("updated", sa.Integer(), nullable=False),
        sa.Column("removed", sa.Integer(), nullable=False),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.Column("undecided", sa.Integer(), nullable=False),
        sa.Column("rows", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["import_run.id"],
            name=op.f("fk_import_part_run_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("run_id", "last_row", name=op.f("pk_import_part")),
    )
    op.create_table(
        "import_error",
        sa.Column("id", BIG, nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("column", sa.String(length=64), nullable=False),
        sa.Column("position", sa.Integer(), nullable=True),
        sa.Column("value", sa.String(length=300), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("mended", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["import_run.id"],
            name=op.f("fk_import_error_run_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_error")),
    )
    op.create_index("ix_import_error_run_id_row", "import_error", ["run_id", "row"])


def _move() -> None:
    """Each run keeps its number, and its file gets the same one."""
    _copy(
        "stored_file",
        "shipment_import",
        same=("id", "stored_as", "sha256", "bytes", "created_at"),
        made={
            "area": "'shipments'",
            "name": "file_name",
            # Nothing tells a workbook's name from its content any more.
            "content_type": "'application/octet-stream'",
        },
    )
    _copy(
        "import_run",
        "shipment_import",
        same=(
            *("id", "source", "user_id", "state", "problem", "notes", "last_row", "rows_expected"),
            *("rows_done", "added", "updated", "unchanged", "failed", "attempts", "lease_until"),
            *("lease_owner", "created_at", "finished_at"),
        ),
        made={"kind": "'shipments'", "file_id": "id", **dict.fromkeys(NEW_COUNTS, "0")}
        | {"mended": "0"},
    )
    _copy(
        "import_part",
        "shipment_import_part",
        same=("run_id", "last_row", "added", "updated", "unchanged", "rows"),
        made=dict.fromkeys(NEW_COUNTS, "0"),
    )
    _copy(
        "import_error",
        "shipment_import_error",
        same=("id", "run_id", "row", "column", "position", "value", "message"),
        made={"mended": "false"},
    )


def _copy(table, old, *, same, made):
    """Put the rows of `old` into `table`; the next number follows the highest one there."""
    columns = ", ".join(f'"{name}"' for name in (*same, *made))
    values = ", ".join((*(f'"{name}"' for name in same), *made.values()))
    op.execute(f"INSERT INTO {table} ({columns}) SELECT {values} FROM {old}")  # noqa: S608
    if "id" in same and op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table} "  # noqa: S608
            "HAVING max(id) IS NOT NULL"
        )
