"""Files that are taken in row by row, how far they have come, and what became of each row."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.clock import now
from portal.db import Base
from portal.files.models import StoredFile
from portal.sheets.table import SHEET_ROWS

BIG = BigInteger().with_variant(Integer, "sqlite")


class ImportRun(Base):
    """A file and how far it has been taken in; `kind` is the name of its definition.

    Rows go in by batches; each batch writes its rows and `last_row` in one transaction, so that
    after a crash the next worker goes on behind the last batch. The lease keeps two workers off
    one file. `location_id` is None where the rows are for all locations. `sheets` are those of a
    workbook from which rows were read, if there are several. `user_profile` is the one in which
    the user sent the file; empty for files of before this was noted.
    """

    __tablename__ = "import_run"
    __table_args__ = (
        Index("ix_import_run_kind_id", "kind", "id"),
        Index("ix_import_run_kind_created_at", "kind", "created_at", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    file_id: Mapped[int] = mapped_column(BIG, ForeignKey("stored_file.id"), index=True)
    location_id: Mapped[int | None] = mapped_column(ForeignKey("location.id"), default=None)
    source: Mapped[str] = mapped_column(String(16))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"), default=None)
    user_profile: Mapped[str] = mapped_column(String(16), default="")
    state: Mapped[str] = mapped_column(String(16), default="waiting", index=True)
    problem: Mapped[str] = mapped_column(Text, default="")
    notes: Mapped[list[str]] = mapped_column(JSON, default=list)
    sheets: Mapped[list[str]] = mapped_column(JSON, default=list)
    last_row: Mapped[int] = mapped_column(default=0)
    rows_expected: Mapped[int] = mapped_column(default=0)
    rows_done: Mapped[int] = mapped_column(default=0)
    added: Mapped[int] = mapped_column(default=0)
    updated: Mapped[int] = mapped_column(default=0)
    removed: Mapped[int] = mapped_column(default=0)
    unchanged: Mapped[int] = mapped_column(default=0)
    undecided: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    mended: Mapped[int] = mapped_column(default=0)
    attempts: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None] = mapped_column(default=None)
    lease_owner: Mapped[str | None] = mapped_column(String(64), default=None)
    created_at: Mapped[datetime] = mapped_column(default=now)
    finished_at: Mapped[datetime | None] = mapped_column(default=None)

    file: Mapped[StoredFile] = relationship(lazy="joined", innerjoin=True)

    def row_name(self, number: int) -> str:
        """What the sender sees of a row: its number, and its sheet if there are several."""
        sheet, row = divmod(number, SHEET_ROWS)
        return f"{row} ({self.sheets[sheet]})" if sheet < len(self.sheets) else str(number)

    @property
    def file_name(self) -> str:
        """The name the file came under."""
        return self.file.name

    @property
    def stored_as(self) -> str:
        """What the file is called where it is stored; empty once it was deleted."""
        return self.file.stored_as

    @property
    def sha256(self) -> str:
        """The digest of what is in the file."""
        return self.file.sha256

    @property
    def bytes(self) -> int:
        """The size of the file."""
        return self.file.bytes


class ImportPart(Base):
    """What became of the good rows of one batch of a file; `outcomes.py` writes and reads `rows`.

    One row for hundreds of the file's, so that an import is as quick with it.
    """

    __tablename__ = "import_part"

    run_id: Mapped[int] = mapped_column(
        ForeignKey("import_run.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    last_row: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    added: Mapped[int]
    updated: Mapped[int]
    removed: Mapped[int]
    unchanged: Mapped[int]
    undecided: Mapped[int]
    rows: Mapped[dict[str, list[list[Any]]]] = mapped_column(JSON)


class ImportError(Base):
    """What is wrong with one cell (or row) of a file, by the row number its sender sees; or, if
    `mended`, what the portal corrected there by itself, and `value` is what counts."""

    __tablename__ = "import_error"
    __table_args__ = (Index("ix_import_error_run_id_row", "run_id", "row"),)

    id: Mapped[int] = mapped_column(BIG, primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("import_run.id", ondelete="CASCADE"))
    row: Mapped[int]
    column: Mapped[str] = mapped_column(String(64), default="")
    position: Mapped[int | None] = mapped_column(default=None)
    value: Mapped[str] = mapped_column(String(300), default="")
    message: Mapped[str] = mapped_column(Text)
    mended: Mapped[bool] = mapped_column(default=False)
