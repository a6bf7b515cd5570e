"""Articles of the Knowledge Base that staff changed or wrote: every version of them."""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SENTENCE = "the versions of an article are append-only"

# What an article once said stays, whoever asks the database.
APPEND_ONLY = {
    "sqlite": [
        f"""
        CREATE TRIGGER article_version_no_{action.lower()} BEFORE {action} ON article_version
        BEGIN SELECT RAISE(ABORT, '{SENTENCE}'); END
        """
        for action in ("UPDATE", "DELETE")
    ],
    "postgresql": [
        f"""
        CREATE FUNCTION article_version_append_only() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION '{SENTENCE}'; END $$
        """,
        """
        CREATE TRIGGER article_version_append_only BEFORE UPDATE OR DELETE ON article_version
        FOR EACH ROW EXECUTE FUNCTION article_version_append_only()
        """,
        """
        CREATE TRIGGER article_version_no_truncate BEFORE TRUNCATE ON article_version
        FOR EACH STATEMENT EXECUTE FUNCTION article_version_append_only()
        """,
    ],
}


def plain_text(name: str, length: int) -> sa.Column[str]:
    kind = sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")
    return sa.Column(name, kind, nullable=False)


def upgrade() -> None:
    op.create_table(
        "article_version",
        sa.Column("id", BIG, nullable=False),
        plain_text("slug", 60),
        plain_text("language", 8),
        sa.Column("number", sa.Integer(), nullable=False),
        plain_text("kind", 9),
        plain_text("title", 120),
        plain_text("theme", 20),
        plain_text("audience", 10),
        plain_text("keywords", 200),
        sa.Column("text", sa.Text(), nullable=False),
        plain_text("based_on", 64),
        sa.Column("by_id", sa.Integer(), nullable=False),
        plain_text("by_name", 161),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('text', 'shipped', 'withdrawn')", name=op.f("ck_article_version_known_kind")
        ),
        sa.ForeignKeyConstraint(
            ["by_id"], ["user_account.id"], name=op.f("fk_article_version_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_article_version")),
        sa.UniqueConstraint(
            "slug", "language", "number", name=op.f("uq_article_version_slug_language_number")
        ),
    )
    for statement in APPEND_ONLY[op.get_bind().dialect.name]:
        op.execute(statement)
