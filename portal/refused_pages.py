"""What a refused form was answered with, kept for a short while on the server: so its browser finds
the form again by Back, and does not send it once more by Reload. Nothing is kept in the browser."""

import re
import secrets
import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Index, LargeBinary, String, delete, func, select
from sqlalchemy.orm import Mapped, mapped_column

from portal.clock import now
from portal.db import Base, session, unit_of_work

KEPT = timedelta(hours=1)
# The next at a clinic's tablet may be somebody else.
KEPT_OF_STRANGERS = timedelta(minutes=10)
MOST = 8
MOST_OF_STRANGERS = 300
LARGEST = 512 * 1024
NAME = re.compile(r"[A-Za-z0-9_-]{11}")


class RefusedPage(Base):
    """The page that one browser was answered with; `browser` and `page` are digests of the
    browser's key and of the page's path. `name` is in the address, and is never given twice.
    `holder` says who asked, in which location and profile; it is empty for strangers."""

    __tablename__ = "refused_page"
    __table_args__ = (Index("ix_refused_page_browser", "browser", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(16))
    browser: Mapped[str] = mapped_column(String(64))
    holder: Mapped[str] = mapped_column(String(80))
    page: Mapped[str] = mapped_column(String(64))
    status: Mapped[int]
    content: Mapped[bytes] = mapped_column(LargeBinary)
    at: Mapped[datetime] = mapped_column(default=now, index=True)


@dataclass(frozen=True)
class KeptFor:
    """Whose page it is: the digest of the browser's key, and who acts in it."""

    browser: str
    who: str


def keep(holder: KeptFor, *, page: str, status: int, content: bytes) -> str | None:
    """Keep a page; its name. None for one that is too large.

    Of one browser the last eight are kept, of all strangers together the last 300.
    """
    if len(content) > LARGEST:
        return None
    current = session()
    kept = RefusedPage(
        name=secrets.token_urlsafe(8),
        browser=holder.browser,
        holder=holder.who,
        page=page,
        status=status,
        content=zlib.compress(content),
    )
    current.add(kept)
    current.flush()
    older = (
        select(RefusedPage.id)
        .where(RefusedPage.browser == holder.browser)
        .order_by(RefusedPage.id.desc())
        .offset(MOST)
    )
    _delete(RefusedPage.id.in_(older))
    if not holder.who:
        strangers = RefusedPage.holder == ""
        number = current.scalar(select(func.count()).select_from(RefusedPage).where(strangers))
        if (number or 0) > MOST_OF_STRANGERS:
            newest = select(RefusedPage.id).where(strangers).order_by(RefusedPage.id.desc())
            _delete(strangers, RefusedPage.id.not_in(newest.limit(MOST_OF_STRANGERS)))
    return kept.name


def find(holder: KeptFor, name: str, *, page: str) -> tuple[int, bytes] | None:
    """Status and content of a page that was kept for this holder; None if there is none (any
    more)."""
    if not NAME.fullmatch(name):
        return None
    kept = KEPT if holder.who else KEPT_OF_STRANGERS
    found = session().scalar(
        select(RefusedPage).where(
            RefusedPage.browser == holder.browser,
            RefusedPage.name == name,
            RefusedPage.holder == holder.who,
            RefusedPage.page == page,
            RefusedPage.at >= now() - kept,
        )
    )
    return (found.status, zlib.decompress(found.content)) if found else None


def forget(browser: str, *, page: str) -> None:
    """Delete what is kept of the forms of a page: one of them was taken."""
    _delete(RefusedPage.browser == browser, RefusedPage.page == page)


def forget_stranger(browser: str) -> None:
    """Delete all that is kept of a browser that nobody is signed in with."""
    _delete(RefusedPage.browser == browser, RefusedPage.holder == "")


def _delete(*which: object) -> None:
    session().execute(
        delete(RefusedPage).where(*which).execution_options(synchronize_session=False)  # type: ignore[arg-type]
    )


def forget_old() -> None:
    """Delete what is shown to nobody any more (a job of the platform)."""
    with unit_of_work():
        _delete(RefusedPage.at < now() - KEPT)
        _delete(RefusedPage.holder == "", RefusedPage.at < now() - KEPT_OF_STRANGERS)
