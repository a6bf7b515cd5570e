"""What is known of the files that people sent."""

from datetime import datetime

from sqlalchemy import BigInteger, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.clock import now
from portal.db import Base

BIG = BigInteger().with_variant(Integer, "sqlite")


class StoredFile(Base):
    """A file in `uploads/<area>/<stored_as>`; `stored_as` is empty once its content was deleted.

    It is there as long as a row of any table names it by a foreign key.
    """

    __tablename__ = "stored_file"

    id: Mapped[int] = mapped_column(BIG, primary_key=True)
    area: Mapped[str] = mapped_column(String(40))
    stored_as: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(200))
    content_type: Mapped[str] = mapped_column(String(40))
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    bytes: Mapped[int] = mapped_column(BIG)
    created_at: Mapped[datetime] = mapped_column(default=now)
