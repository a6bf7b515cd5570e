"""Doses given here, in versions that nobody changes; ages, groups and caps of products."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SENTENCE = "versions of a vaccination are append-only"

APPEND_ONLY = {
    "sqlite": [
        f"""
        CREATE TRIGGER administration_no_{action.lower()} BEFORE {action} ON administration
        BEGIN SELECT RAISE(ABORT, '{SENTENCE}'); END
        """
        for action in ("UPDATE", "DELETE")
    ]
    # REPLACE deletes without firing the trigger for it.
    + [
        f"""
        CREATE TRIGGER administration_no_replace BEFORE INSERT ON administration
        WHEN EXISTS (
            SELECT 1 FROM administration WHERE id = NEW.id
            OR (vaccination_id = NEW.vaccination_id AND version = NEW.version)
        )
        BEGIN SELECT RAISE(ABORT, '{SENTENCE}'); END
        """
    ],
    "postgresql": [
        f"""
        CREATE FUNCTION administration_append_only() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION '{SENTENCE}'; END $$
        """,
        """
        CREATE TRIGGER administration_append_only BEFORE UPDATE OR DELETE ON administration
        FOR EACH ROW EXECUTE FUNCTION administration_append_only()
        """,
        """
        CREATE TRIGGER administration_no_truncate BEFORE TRUNCATE ON administration
        FOR EACH STATEMENT EXECUTE FUNCTION administration_append_only()
        """,
    ],
}


def upgrade() -> None:
    _add_facts()
    _create_administration()
    op.create_index(
        "ix_administration_list_given_at", "administration", ["location_id", "given_at", "id"]
    )
    for column in ("entry_id", "inventory_id", "arrival_id"):
        op.create_index(f"ix_administration_{column}", "administration", [column])
    for statement in APPEND_ONLY[op.get_bind().dialect.name]:
        op.execute(statement)


def _add_facts() -> None:
    for table, name, length in (
        ("product", "vaccine_group", 40),
        ("product", "interchangeable_with", 80),
        ("product", "cap_color", 20),
        ("product_facts", "max_age_years", 40),
    ):
        op.add_column(
            table, sa.Column(name, sa.String(length=length), nullable=False, server_default="")
        )


def _create_administration() -> None:
    op.create_table(
        "administration",
        sa.Column("id", BIG, nullable=False),
        sa.Column("vaccination_id", BIG, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("location_id", sa.Integer(), nullable=False),
        sa.Column("arrival_id", BIG, nullable=True),
        sa.Column("appointment_id", BIG, nullable=True),
        sa.Column("inventory_id", BIG, nullable=False),
        sa.Column("entry_id", BIG, nullable=False),
        sa.Column("dose_number", sa.Integer(), nullable=False),
        sa.Column("site", sa.String(length=8), nullable=False),
        sa.Column("route", sa.String(length=8), nullable=False),
        sa.Column("volume_ml", sa.String(length=8), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("back_dated", sa.Boolean(), nullable=False),
        sa.Column("given_by", sa.String(length=120), nullable=False),
        sa.Column("given_by_id", sa.Integer(), nullable=True),
        sa.Column("funding", sa.String(length=20), nullable=False),
        sa.Column("identified_by", sa.String(length=80), nullable=False),
        sa.Column("screening", sa.Text(), nullable=False),
        sa.Column("consent_by", sa.String(length=20), nullable=False),
        sa.Column("consent_name", sa.String(length=120), nullable=False),
        sa.Column("fact_sheet", sa.String(length=120), nullable=False),
        sa.Column("fact_sheet_on", sa.Date(), nullable=True),
        sa.Column("fact_sheet_language", sa.String(length=2), nullable=False),
        sa.Column("override_of", sa.String(length=200), nullable=False),
        sa.Column("override_reason", sa.Text(), nullable=False),
        sa.Column("overridden_by_id", sa.Integer(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by_id", sa.Integer(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        *(
            sa.CheckConstraint(rule, name=op.f(f"ck_administration_{name}"))
            for name, rule in (
                ("known_state", "state IN ('given', 'removed')"),
                ("sensible_dose_number", "dose_number BETWEEN 1 AND 9"),
                ("counted_from_one", "version >= 1"),
                ("changed_for_a_reason", "version = 1 OR why <> ''"),
                ("overridden_by_somebody", "(override_of = '') = (overridden_by_id IS NULL)"),
                ("overridden_for_a_reason", "(override_of = '') = (override_reason = '')"),
            )
        ),
        *(
            sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_administration_{column}"))
            for column, target in (
                ("vaccination_id", "vaccination.id"),
                ("location_id", "location.id"),
                ("arrival_id", "arrival.id"),
                ("appointment_id", "appointment.id"),
                ("inventory_id", "vaccine_inventory.id"),
                ("entry_id", "dose_entry.id"),
                ("given_by_id", "user_account.id"),
                ("overridden_by_id", "user_account.id"),
                ("recorded_by_id", "user_account.id"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_administration")),
        sa.UniqueConstraint(
            "vaccination_id", "version", name=op.f("uq_administration_vaccination_id_version")
        ),
    )
