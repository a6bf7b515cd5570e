"""Recipients: who sees whom, how they are found, what they were given."""

import sqlalchemy as sa
from alembic import op

from migrations.listing import create_counter

revision = "0025"
down_revision = "0023"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
STATUSES = (
    "'registered', 'dose_1_scheduled', 'dose_1_administered', 'dose_2_scheduled', "
    "'dose_2_administered'"
)


def plain_text(length: int) -> sa.String:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def keys(table: str, *pairs: tuple[str, str]) -> list[sa.ForeignKeyConstraint]:
    return [
        sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_{table}_{column}"))
        for column, target in pairs
    ]


def text(name: str, length: int) -> sa.Column[str]:
    return sa.Column(name, sa.String(length), nullable=False)


def upgrade() -> None:
    _create_people()
    _create_links()
    _create_words()
    _create_history()


def _create_people() -> None:
    op.create_table(
        "recipient",
        sa.Column("id", BIG, nullable=False),
        sa.Column("first_name", plain_text(80), nullable=False),
        sa.Column("middle_name", plain_text(80), nullable=False),
        sa.Column("last_name", plain_text(80), nullable=False),
        text("suffix", 20),
        sa.Column("birth_date", sa.Date(), nullable=False),
        text("sex", 20),
        text("races", 200),
        text("ethnicity", 20),
        text("street", 120),
        text("city", 80),
        text("state", 2),
        text("zip_code", 10),
        text("mobile_phone", 20),
        text("other_phone", 20),
        text("email", 254),
        text("contact_by", 8),
        sa.Column("reminders_agreed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reminders_agreed_by_id", sa.Integer(), nullable=True),
        text("language", 2),
        text("eligibility", 80),
        text("employer", 120),
        sa.Column("dose_status", plain_text(20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("merged_into_id", BIG, nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("birth_date >= '1900-01-01'", name=op.f("ck_recipient_born_since_1900")),
        sa.CheckConstraint(
            "contact_by IN ('email', 'sms', 'both', 'none')",
            name=op.f("ck_recipient_known_contact_by"),
        ),
        sa.CheckConstraint("language IN ('en', 'es')", name=op.f("ck_recipient_known_language")),
        sa.CheckConstraint(
            f"dose_status IN ({STATUSES})", name=op.f("ck_recipient_known_dose_status")
        ),
        sa.CheckConstraint(
            "merged_into_id IS NULL OR merged_into_id <> id",
            name=op.f("ck_recipient_merged_into_another"),
        ),
        *keys(
            "recipient",
            ("reminders_agreed_by_id", "user_account.id"),
            ("merged_into_id", "recipient.id"),
            ("created_by_id", "user_account.id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recipient")),
    )
    op.create_index("ix_recipient_birth_date", "recipient", ["birth_date", "id"])
    op.create_index(op.f("ix_recipient_merged_into_id"), "recipient", ["merged_into_id"])


def _create_links() -> None:
    op.create_table(
        "recipient_location",
        sa.Column("id", BIG, nullable=False),
        sa.Column("recipient_id", BIG, nullable=False),
        sa.Column("location_id", sa.Integer(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        text("why", 12),
        sa.Column("last_name", plain_text(80), nullable=False),
        sa.Column("first_name", plain_text(80), nullable=False),
        sa.Column("birth_date", sa.Date(), nullable=False),
        sa.Column("dose_status", plain_text(20), nullable=False),
        sa.CheckConstraint(
            "why IN ('registered', 'booked', 'vaccinated', 'opened')",
            name=op.f("ck_recipient_location_known_reason"),
        ),
        *keys(
            "recipient_location",
            ("recipient_id", "recipient.id"),
            ("location_id", "location.id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recipient_location")),
        sa.UniqueConstraint(
            "recipient_id",
            "location_id",
            name=op.f("uq_recipient_location_recipient_id_location_id"),
        ),
    )
    for column in ("last_name", "first_name", "birth_date", "dose_status"):
        op.create_index(
            f"ix_recipient_location_list_{column}",
            "recipient_location",
            ["location_id", column, "id"],
        )
    create_counter(op, "recipient_location")
    op.create_table(
        "recipient_not_the_same",
        sa.Column("id", BIG, nullable=False),
        sa.Column("lower_id", BIG, nullable=False),
        sa.Column("higher_id", BIG, nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("lower_id < higher_id", name=op.f("ck_recipient_not_the_same_in_order")),
        *keys(
            "recipient_not_the_same",
            ("lower_id", "recipient.id"),
            ("higher_id", "recipient.id"),
            ("decided_by_id", "user_account.id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recipient_not_the_same")),
        sa.UniqueConstraint(
            "lower_id", "higher_id", name=op.f("uq_recipient_not_the_same_lower_id_higher_id")
        ),
    )
    op.create_index(
        op.f("ix_recipient_not_the_same_higher_id"), "recipient_not_the_same", ["higher_id"]
    )


def _create_words() -> None:
    op.create_table(
        "recipient_word",
        sa.Column("location_id", sa.Integer(), nullable=False),
        sa.Column("word", plain_text(80), nullable=False),
        sa.Column("recipient_id", BIG, nullable=False, autoincrement=False),
        *keys("recipient_word", ("location_id", "location.id"), ("recipient_id", "recipient.id")),
        sa.PrimaryKeyConstraint(
            "location_id", "word", "recipient_id", name=op.f("pk_recipient_word")
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "recipient_near_word",
        sa.Column("rest", plain_text(80), nullable=False),
        sa.Column("word", plain_text(80), nullable=False),
        sa.PrimaryKeyConstraint("rest", "word", name=op.f("pk_recipient_near_word")),
        sqlite_with_rowid=False,
    )


def _create_history() -> None:
    op.create_table(
        "vaccination",
        sa.Column("id", BIG, nullable=False),
        sa.Column("recipient_id", BIG, nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("dose_number", sa.Integer(), nullable=False),
        sa.Column("given_on", sa.Date(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("location_id", sa.Integer(), nullable=True),
        text("elsewhere", 120),
        text("lot_number", 20),
        sa.Column("expiration_date", sa.Date(), nullable=True),
        text("source", 10),
        text("state", 20),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "dose_number BETWEEN 1 AND 9", name=op.f("ck_vaccination_sensible_dose_number")
        ),
        sa.CheckConstraint(
            "source IN ('here', 'elsewhere')", name=op.f("ck_vaccination_known_source")
        ),
        sa.CheckConstraint(
            "state IN ('given', 'entered_in_error')", name=op.f("ck_vaccination_known_state")
        ),
        sa.CheckConstraint(
            "(source = 'here') = (location_id IS NOT NULL)",
            name=op.f("ck_vaccination_location_if_given_here"),
        ),
        *keys(
            "vaccination",
            ("recipient_id", "recipient.id"),
            ("product_id", "product.id"),
            ("location_id", "location.id"),
            ("recorded_by_id", "user_account.id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vaccination")),
    )
    op.create_index(
        "ix_vaccination_recipient_id", "vaccination", ["recipient_id", "given_on", "id"]
    )
