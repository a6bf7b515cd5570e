"""Vaccine products, their codes, and the facts that have dates."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "product",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("manufacturer", sa.String(length=80), nullable=False),
        sa.Column("cvx", sa.String(length=8), nullable=False),
        sa.Column("mvx", sa.String(length=8), nullable=False),
        sa.Column("cpt", sa.String(length=8), nullable=False),
        sa.Column("orderable", sa.Boolean(), nullable=False),
        sa.Column("search", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product")),
        sa.UniqueConstraint("key", name=op.f("uq_product_key")),
        sa.UniqueConstraint("name", name=op.f("uq_product_name")),
    )
    op.create_table(
        "product_facts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("doses_per_vial", sa.Integer(), nullable=True),
        sa.Column("doses_per_vial_least", sa.Integer(), nullable=True),
        sa.Column("doses_per_vial_most", sa.Integer(), nullable=True),
        sa.Column("dose_volume_ml", sa.String(length=16), nullable=False),
        sa.Column("diluent_ml", sa.String(length=16), nullable=False),
        sa.Column("series_doses", sa.Integer(), nullable=True),
        sa.Column("recommended_interval_days", sa.String(length=40), nullable=False),
        sa.Column("grace_days", sa.Integer(), nullable=True),
        sa.Column("absolute_min_interval_days", sa.String(length=40), nullable=False),
        sa.Column("max_recommended_interval_days", sa.String(length=40), nullable=False),
        sa.Column("min_age_years", sa.String(length=40), nullable=False),
        sa.Column("storage_class", sa.String(length=40), nullable=False),
        sa.Column("frozen_storage_c", sa.String(length=80), nullable=False),
        sa.Column("frozen_limit", sa.String(length=120), nullable=False),
        sa.Column("refrigerated_limit", sa.String(length=120), nullable=False),
        sa.Column("room_temperature_limit", sa.String(length=120), nullable=False),
        sa.Column("after_puncture_limit", sa.String(length=120), nullable=False),
        sa.Column("verified_by", sa.Text(), nullable=False),
        sa.Column("unverified_fields", sa.Text(), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name=op.f("fk_product_facts_product_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product_facts")),
        sa.UniqueConstraint("key", name=op.f("uq_product_facts_key")),
    )
    op.create_index(
        op.f("ix_product_facts_product_id"), "product_facts", ["product_id"], unique=False
    )
    op.create_table(
        "product_package",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("ndc", sa.String(length=13), nullable=False),
        sa.Column("kind", sa.String(length=4), nullable=False),
        sa.Column("vials_per_carton", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name=op.f("fk_product_package_product_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product_package")),
        sa.UniqueConstraint("product_id", "ndc", name=op.f("uq_product_package_product_id_ndc")),
    )
    op.create_index("ix_product_package_ndc", "product_package", ["ndc"], unique=False)
