"""Cases of the help desk, and everything that hangs on one."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from portal.clock import now
from portal.db import Base, plain_text

BIG = BigInteger().with_variant(Integer, "sqlite")


class Requester(Base):
    """Somebody who registered at the help desk, and the location whose PIN they knew."""

    __tablename__ = "help_requester"

    user_id: Mapped[int] = mapped_column(
        ForeignKey("user_account.id"), primary_key=True, autoincrement=False
    )
    location_id: Mapped[int | None] = mapped_column(ForeignKey("location.id"), default=None)
    registered_at: Mapped[datetime] = mapped_column(default=now)


class Case(Base):
    """A question, issue or request.

    `requester_profile` is the one in which the requester asked; empty if that was not noted.
    `fields` are the answers to the topic's own fields, by their keys. `about_kind` and `about_id`
    name the record that the case carries. `answer_due_at` and `solution_due_at` are counted in
    hours of the help line; while the case waits for its requester (`waiting_since`) the solution's
    clock stands still. Once a breach was told, its moment is in `…_breach_at`. `token` names the
    case in addresses that mail is answered to. `version` grows with every change.
    """

    __tablename__ = "help_case"
    __table_args__ = (
        CheckConstraint("state IN ('new', 'open', 'waiting', 'resolved', 'closed')", "known_state"),
        CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", "when_closed"),
        CheckConstraint("state <> 'resolved' OR resolved_at IS NOT NULL", "when_resolved"),
        CheckConstraint("(state = 'waiting') = (waiting_since IS NOT NULL)", "since_when_waiting"),
        CheckConstraint("(about_kind IS NULL) = (about_id IS NULL)", "whole_record"),
        CheckConstraint(
            "merged_into_id IS NULL OR (merged_into_id <> id AND state = 'closed')",
            "merged_into_another",
        ),
        Index("ix_help_case_opened_at", "opened_at", "id"),
        Index("ix_help_case_state", "state", "opened_at", "id"),
        Index("ix_help_case_queue", "queue", "state", "opened_at", "id"),
        Index("ix_help_case_assigned_to_id", "assigned_to_id", "state", "opened_at", "id"),
        Index(
            "ix_help_case_assigned_queue",
            "assigned_to_id",
            "queue",
            "state",
            "opened_at",
            "id",
        ),
        Index("ix_help_case_requester_id", "requester_id", "opened_at", "id"),
        Index("ix_help_case_about", "about_kind", "about_id"),
        Index("ix_help_case_merged_into_id", "merged_into_id"),
        # Of cases without an answer, or a solution, whose breach was not told.
        Index("ix_help_case_answer_due", "answer_due_at"),
        Index("ix_help_case_solution_due", "solution_due_at"),
        # The number of a case is never that of another one.
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BIG, primary_key=True)
    topic: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(plain_text(160))
    description: Mapped[str] = mapped_column(Text)
    fields: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    state: Mapped[str] = mapped_column(plain_text(10), default="new")
    queue: Mapped[str] = mapped_column(plain_text(60))
    requester_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    requester_name: Mapped[str] = mapped_column(plain_text(161))
    requester_profile: Mapped[str] = mapped_column(String(16), default="")
    location_id: Mapped[int | None] = mapped_column(ForeignKey("location.id"), default=None)
    about_kind: Mapped[str | None] = mapped_column(String(40), default=None)
    about_id: Mapped[int | None] = mapped_column(BIG, default=None)
    assigned_to_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"), default=None)
    opened_at: Mapped[datetime] = mapped_column(default=now)
    changed_at: Mapped[datetime] = mapped_column(default=now)
    answer_due_at: Mapped[datetime]
    solution_due_at: Mapped[datetime]
    waiting_since: Mapped[datetime | None] = mapped_column(default=None)
    first_answered_at: Mapped[datetime | None] = mapped_column(default=None)
    resolved_at: Mapped[datetime | None] = mapped_column(default=None)
    closed_at: Mapped[datetime | None] = mapped_column(default=None)
    answer_breach_at: Mapped[datetime | None] = mapped_column(default=None)
    solution_breach_at: Mapped[datetime | None] = mapped_column(default=None)
    resolution: Mapped[str] = mapped_column(Text, default="")
    version: Mapped[int] = mapped_column(default=0)
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("help_case.id"), default=None)
    token: Mapped[str] = mapped_column(String(32), unique=True)

    @property
    def number(self) -> str:
        """The number that people know the case by."""
        return number_of(self.id)


def number_of(case_id: int) -> str:
    """The number of the case with that id, as people know it."""
    return f"CS-{case_id:07}"


class CaseWord(Base):
    """A folded word that a case is found by: of its number, its subject, its requester's name."""

    __tablename__ = "help_case_word"
    __table_args__ = (
        # Whether a case that was found by one word has another, too.
        Index("ix_help_case_word_case_id", "case_id", "word"),
        {"sqlite_with_rowid": False},
    )

    word: Mapped[str] = mapped_column(plain_text(80), primary_key=True)
    case_id: Mapped[int] = mapped_column(
        BIG, ForeignKey("help_case.id"), primary_key=True, autoincrement=False
    )


class CaseEntry(Base):
    """Something that was said in a case, or happened to it. The database holds it append-only.

    `kind`: `public`, `internal` (a note that its requester never sees), or `event`, which
    everybody sees. `author_id` is null for the portal. `quoted` is what an e-mail repeated of
    earlier ones, `mail_id` its Message-ID.
    """

    __tablename__ = "help_case_entry"
    __table_args__ = (
        CheckConstraint("kind IN ('public', 'internal', 'event')", "known_kind"),
        Index("ix_help_case_entry_case_id", "case_id", "id"),
    )

    id: Mapped[int] = mapped_column(BIG, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("help_case.id"))
    kind: Mapped[str] = mapped_column(String(8))
    author_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"), default=None)
    through: Mapped[str] = mapped_column(String(10))
    text: Mapped[str] = mapped_column(Text)
    quoted: Mapped[str] = mapped_column(Text, default="")
    mail_id: Mapped[str | None] = mapped_column(String(200), unique=True, default=None)
    at: Mapped[datetime] = mapped_column(default=now)


class CaseFile(Base):
    """A file of a case. Who sees its entry sees it."""

    __tablename__ = "help_case_file"

    id: Mapped[int] = mapped_column(BIG, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("help_case.id"), index=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("help_case_entry.id"), index=True)
    file_id: Mapped[int] = mapped_column(ForeignKey("stored_file.id"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"), default=None)


class CaseWatcher(Base):
    """Staff who are told what happens in a case that is not assigned to them."""

    __tablename__ = "help_case_watcher"
    __table_args__ = (UniqueConstraint("case_id", "user_id"),)

    id: Mapped[int] = mapped_column(BIG, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("help_case.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), index=True)


class CaseLook(Base):
    """When an agent last had the page of a case open."""

    __tablename__ = "help_case_look"
    __table_args__ = (UniqueConstraint("case_id", "user_id"),)

    id: Mapped[int] = mapped_column(BIG, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("help_case.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    at: Mapped[datetime] = mapped_column(default=now, index=True)


class CaseRemedy(Base):
    """That a remedy was carried out from a case: once."""

    __tablename__ = "help_case_remedy"
    __table_args__ = (UniqueConstraint("case_id", "name"),)

    id: Mapped[int] = mapped_column(BIG, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("help_case.id"))
    name: Mapped[str] = mapped_column(String(60))
    done_by_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    done_at: Mapped[datetime] = mapped_column(default=now)


class CaseProposal(Base):
    """A remedy of a case that somebody else has to confirm: what was filled in, of what record as
    it was then (`based_on`), what is said of it, and what became of it. `location_id` is where the
    record is, whose managers may decide, too; whoever proposed it only withdraws it."""

    __tablename__ = "help_proposal"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'confirmed', 'refused', 'withdrawn')", "known_state"),
        CheckConstraint(
            "(state = 'waiting') = (decided_at IS NULL) "
            "AND (state = 'waiting') = (decided_by_id IS NULL)",
            "decided_by_somebody",
        ),
        CheckConstraint(
            "state NOT IN ('confirmed', 'refused') OR decided_by_id <> proposed_by_id", "four_eyes"
        ),
        CheckConstraint("state <> 'refused' OR decision <> ''", "refused_for_a_reason"),
        Index("ix_help_proposal_case_id", "case_id", "id"),
        # Of those that wait only, both (WHERE state = 'waiting').
        Index("uq_help_proposal_waiting", "case_id", "remedy", unique=True),
        Index("ix_help_proposal_location_id", "location_id", "id"),
    )

    id: Mapped[int] = mapped_column(BIG, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("help_case.id"))
    remedy: Mapped[str] = mapped_column(String(60))
    location_id: Mapped[int | None] = mapped_column(ForeignKey("location.id"), default=None)
    answers: Mapped[dict[str, str]] = mapped_column(JSON)
    based_on: Mapped[str] = mapped_column(String(200))
    said: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    proposed_at: Mapped[datetime] = mapped_column(default=now)
    proposed_by_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    decided_at: Mapped[datetime | None] = mapped_column(default=None)
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"), default=None)
    decision: Mapped[str] = mapped_column(Text, default="")


class CaseMail(Base):
    """An e-mail that arrived: taken in once, by its digest.

    `outcome`: `joined` a case; `automatic`, which nobody answers; `unmatched`, which belongs to no
    case; `aside`, which could not be read. What joined is in its entry and nowhere else; `text` of
    the others is wiped once somebody has settled them.
    """

    __tablename__ = "help_mail"
    __table_args__ = (
        CheckConstraint(
            "outcome IN ('joined', 'automatic', 'unmatched', 'aside')", "known_outcome"
        ),
        CheckConstraint("outcome <> 'joined' OR case_id IS NOT NULL", "joined_a_case"),
        Index("ix_help_mail_outcome", "outcome", "settled_at", "at", "id"),
        Index("ix_help_mail_at", "at", "id"),
    )

    id: Mapped[int] = mapped_column(BIG, primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    message_id: Mapped[str] = mapped_column(String(200), default="")
    outcome: Mapped[str] = mapped_column(plain_text(10))
    reason: Mapped[str] = mapped_column(plain_text(300), default="")
    sender: Mapped[str] = mapped_column(plain_text(254), default="")
    subject: Mapped[str] = mapped_column(plain_text(160), default="")
    text: Mapped[str] = mapped_column(Text, default="")
    case_id: Mapped[int | None] = mapped_column(ForeignKey("help_case.id"), index=True)
    at: Mapped[datetime] = mapped_column(default=now)
    settled_at: Mapped[datetime | None] = mapped_column(default=None)
    settled_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"), default=None)


class CaseMailbox(Base):
    """The one mailbox: which process reads it now, and how it answers."""

    __tablename__ = "help_mailbox"

    id: Mapped[int] = mapped_column(primary_key=True)
    lease_until: Mapped[datetime | None] = mapped_column(default=None)
    lease_owner: Mapped[str] = mapped_column(String(80), default="")
    failing_since: Mapped[datetime | None] = mapped_column(default=None)
    last_error: Mapped[str] = mapped_column(String(300), default="")
