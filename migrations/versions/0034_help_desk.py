"""Cases of the help desk: what was asked, what was said, what was done."""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SENTENCE = "the entries of a case are append-only"

# Nobody changes or deletes what was said, not even by hand.
APPEND_ONLY = {
    "sqlite": [
        f"""
        CREATE TRIGGER help_case_entry_no_{action.lower()} BEFORE {action} ON help_case_entry
        BEGIN SELECT RAISE(ABORT, '{SENTENCE}'); END
        """
        for action in ("UPDATE", "DELETE")
    ],
    "postgresql": [
        f"""
        CREATE FUNCTION help_case_entry_append_only() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION '{SENTENCE}'; END $$
        """,
        """
        CREATE TRIGGER help_case_entry_append_only BEFORE UPDATE OR DELETE ON help_case_entry
        FOR EACH ROW EXECUTE FUNCTION help_case_entry_append_only()
        """,
        """
        CREATE TRIGGER help_case_entry_no_truncate BEFORE TRUNCATE ON help_case_entry
        FOR EACH STATEMENT EXECUTE FUNCTION help_case_entry_append_only()
        """,
    ],
}


def plain_text(length: int) -> sa.String:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def keys(table: str, *pairs: tuple[str, str]) -> list[sa.ForeignKeyConstraint]:
    return [
        sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_{table}_{column}"))
        for column, target in pairs
    ]


def moment(name: str, *, nullable: bool = True) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def text(name: str, length: int) -> sa.Column[str]:
    return sa.Column(name, sa.String(length), nullable=False)


def upgrade() -> None:
    _create_requesters()
    _create_cases()
    _create_entries()
    _create_rest()


def _create_requesters() -> None:
    op.create_table(
        "help_requester",
        sa.Column("user_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("location_id", sa.Integer(), nullable=True),
        moment("registered_at", nullable=False),
        *keys("help_requester", ("user_id", "user_account.id"), ("location_id", "location.id")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_help_requester")),
    )


def _create_cases() -> None:
    op.create_table(
        "help_case",
        sa.Column("id", BIG, nullable=False),
        text("topic", 40),
        sa.Column("subject", plain_text(160), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("state", plain_text(10), nullable=False),
        sa.Column("queue", plain_text(60), nullable=False),
        sa.Column("requester_id", sa.Integer(), nullable=False),
        sa.Column("requester_name", plain_text(161), nullable=False),
        sa.Column("location_id", sa.Integer(), nullable=True),
        sa.Column("about_kind", sa.String(40), nullable=True),
        sa.Column("about_id", BIG, nullable=True),
        sa.Column("assigned_to_id", sa.Integer(), nullable=True),
        moment("opened_at", nullable=False),
        moment("changed_at", nullable=False),
        moment("answer_due_at", nullable=False),
        moment("solution_due_at", nullable=False),
        moment("waiting_since"),
        moment("first_answered_at"),
        moment("resolved_at"),
        moment("closed_at"),
        moment("answer_breach_at"),
        moment("solution_breach_at"),
        sa.Column("resolution", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("merged_into_id", BIG, nullable=True),
        text("token", 32),
        sa.CheckConstraint(
            "state IN ('new', 'open', 'waiting', 'resolved', 'closed')",
            name=op.f("ck_help_case_known_state"),
        ),
        sa.CheckConstraint(
            "(state = 'closed') = (closed_at IS NOT NULL)", name=op.f("ck_help_case_when_closed")
        ),
        sa.CheckConstraint(
            "state <> 'resolved' OR resolved_at IS NOT NULL",
            name=op.f("ck_help_case_when_resolved"),
        ),
        sa.CheckConstraint(
            "(state = 'waiting') = (waiting_since IS NOT NULL)",
            name=op.f("ck_help_case_since_when_waiting"),
        ),
        sa.CheckConstraint(
            "(about_kind IS NULL) = (about_id IS NULL)", name=op.f("ck_help_case_whole_record")
        ),
        sa.CheckConstraint(
            "merged_into_id IS NULL OR (merged_into_id <> id AND state = 'closed')",
            name=op.f("ck_help_case_merged_into_another"),
        ),
        *keys(
            "help_case",
            ("requester_id", "user_account.id"),
            ("location_id", "location.id"),
            ("assigned_to_id", "user_account.id"),
            ("merged_into_id", "help_case.id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_help_case")),
        sa.UniqueConstraint("token", name=op.f("uq_help_case_token")),
        # The number of a case is never that of another one.
        sqlite_autoincrement=True,
    )
    for name, columns in (
        ("ix_help_case_opened_at", ["opened_at", "id"]),
        ("ix_help_case_state", ["state", "opened_at", "id"]),
        ("ix_help_case_queue", ["queue", "state", "opened_at", "id"]),
        ("ix_help_case_assigned_to_id", ["assigned_to_id", "state", "opened_at", "id"]),
        ("ix_help_case_requester_id", ["requester_id", "opened_at", "id"]),
        ("ix_help_case_about", ["about_kind", "about_id"]),
        ("ix_help_case_merged_into_id", ["merged_into_id"]),
    ):
        op.create_index(name, "help_case", columns)
    for name, column, done in (
        ("ix_help_case_answer_due", "answer_due_at", "first_answered_at"),
        ("ix_help_case_solution_due", "solution_due_at", "resolved_at"),
    ):
        breach = f"{column.removesuffix('_due_at')}_breach_at"
        open_only = sa.text(f"{done} IS NULL AND {breach} IS NULL")
        op.create_index(
            name, "help_case", [column], sqlite_where=open_only, postgresql_where=open_only
        )
    op.create_table(
        "help_case_word",
        sa.Column("word", plain_text(80), nullable=False),
        sa.Column("case_id", BIG, nullable=False, autoincrement=False),
        *keys("help_case_word", ("case_id", "help_case.id")),
        sa.PrimaryKeyConstraint("word", "case_id", name=op.f("pk_help_case_word")),
        sqlite_with_rowid=False,
    )


def _create_entries() -> None:
    op.create_table(
        "help_case_entry",
        sa.Column("id", BIG, nullable=False),
        sa.Column("case_id", BIG, nullable=False),
        text("kind", 8),
        sa.Column("author_id", sa.Integer(), nullable=True),
        text("through", 10),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("quoted", sa.Text(), nullable=False),
        sa.Column("mail_id", sa.String(200), nullable=True),
        moment("at", nullable=False),
        sa.CheckConstraint(
            "kind IN ('public', 'internal', 'event')", name=op.f("ck_help_case_entry_known_kind")
        ),
        *keys("help_case_entry", ("case_id", "help_case.id"), ("author_id", "user_account.id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_help_case_entry")),
        sa.UniqueConstraint("mail_id", name=op.f("uq_help_case_entry_mail_id")),
    )
    op.create_index("ix_help_case_entry_case_id", "help_case_entry", ["case_id", "id"])
    for statement in APPEND_ONLY[op.get_bind().dialect.name]:
        op.execute(statement)


def _create_rest() -> None:
    op.create_table(
        "help_case_file",
        sa.Column("id", BIG, nullable=False),
        sa.Column("case_id", BIG, nullable=False),
        sa.Column("entry_id", BIG, nullable=False),
        sa.Column("file_id", BIG, nullable=False),
        text("name", 200),
        sa.Column("by_id", sa.Integer(), nullable=True),
        *keys(
            "help_case_file",
            ("case_id", "help_case.id"),
            ("entry_id", "help_case_entry.id"),
            ("file_id", "stored_file.id"),
            ("by_id", "user_account.id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_help_case_file")),
    )
    for column in ("case_id", "entry_id", "file_id"):
        op.create_index(op.f(f"ix_help_case_file_{column}"), "help_case_file", [column])
    op.create_table(
        "help_case_watcher",
        sa.Column("id", BIG, nullable=False),
        sa.Column("case_id", BIG, nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        *keys("help_case_watcher", ("case_id", "help_case.id"), ("user_id", "user_account.id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_help_case_watcher")),
        sa.UniqueConstraint(
            "case_id", "user_id", name=op.f("uq_help_case_watcher_case_id_user_id")
        ),
    )
    op.create_index(op.f("ix_help_case_watcher_user_id"), "help_case_watcher", ["user_id"])
    op.create_table(
        "help_case_look",
        sa.Column("id", BIG, nullable=False),
        sa.Column("case_id", BIG, nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        moment("at", nullable=False),
        *keys("help_case_look", ("case_id", "help_case.id"), ("user_id", "user_account.id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_help_case_look")),
        sa.UniqueConstraint("case_id", "user_id", name=op.f("uq_help_case_look_case_id_user_id")),
    )
    op.create_index(op.f("ix_help_case_look_at"), "help_case_look", ["at"])
    op.create_table(
        "help_case_remedy",
        sa.Column("id", BIG, nullable=False),
        sa.Column("case_id", BIG, nullable=False),
        text("name", 60),
        sa.Column("done_by_id", sa.Integer(), nullable=False),
        moment("done_at", nullable=False),
        *keys("help_case_remedy", ("case_id", "help_case.id"), ("done_by_id", "user_account.id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_help_case_remedy")),
        sa.UniqueConstraint("case_id", "name", name=op.f("uq_help_case_remedy_case_id_name")),
    )
