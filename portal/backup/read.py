"""Putting a backup back. Nothing is touched before every part of it has been proved."""

import os
import secrets
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import update

from portal import durable, migrations, soundness
from portal.app import create_app
from portal.audit import anchor
from portal.audit.services import record
from portal.backup import archive, journal, postgresql, reading, seal
from portal.backup.sqlite import damage_of
from portal.backup.write import PREFIX
from portal.clock import now
from portal.db import db, unit_of_work
from portal.installation import bring_up_to_date
from portal.links import MailedLink
from portal.messages.models import OPEN, Message, MessageState
from portal.people.models import UserSession
from portal.settings import Settings

REASON = "restored from a backup"
UNVERIFIED = ", its seal not verified"


@dataclass(frozen=True)
class Restored:
    """What a restore did; `aside` holds what was there before. `verified`: the backup's seal."""

    made_at: str
    aside: Path
    cancelled: int
    verified: bool


def restore(
    settings: Settings,
    path: Path,
    *,
    send_waiting: bool = False,
    with_settings: bool = False,
    key: bytes | None = None,
    unverified: bool = False,
) -> Restored:
    """Put the backup at `path` in place of the instance's data.

    Its seal is verified with `key`, or else with the instance's own; where neither fits, only an
    `unverified` restore goes on.
    Keys that the backup does not hold stay. All sessions end, and mailed links are withdrawn.
    Messages that were waiting when the backup was made are cancelled unless `send_waiting`: most of
    them have left since. A restore that was interrupted is undone first. Raises `BadBackup` or
    another `PortalError`; everything is as it was then.
    """
    settings.instance.mkdir(mode=0o700, parents=True, exist_ok=True)
    journal.undo(settings)
    for left in settings.instance.glob(f"{journal.STAGED}*"):
        shutil.rmtree(left)
    staged = settings.instance / f"{journal.STAGED}{secrets.token_hex(6)}"
    staged.mkdir(mode=0o700)
    try:
        manifest, verified = _unpack(settings, path, staged, key, unverified=unverified)
        aside = _folder_aside(settings.instance)
        try:
            journal.begin(settings, staged, aside)
            journal.exchange(settings, staged, aside)
            bring_up_to_date(settings, restoring=True)
            summary = f"backup of {manifest.made_at}{'' if verified else UNVERIFIED}"
            cancelled = _fence(settings, summary, send_waiting=send_waiting)
            _keep_settings(settings, staged, aside, with_settings=with_settings)
        except Exception:
            if not journal.undo(settings):
                shutil.rmtree(aside)
            raise
        journal.finish(settings)
        soundness.clear(settings.instance, soundness.DAMAGED, soundness.WRONG)
        _take_settings(settings, staged, with_settings=with_settings)
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    return Restored(manifest.made_at, aside, cancelled, verified)


def _folder_aside(instance: Path) -> Path:
    name = f"before-restore-{now():%Y%m%d-%H%M%S}"
    taken = len(list(instance.glob(f"{name}*")))
    folder = instance / (f"{name}-{taken + 1}" if taken else name)
    folder.mkdir(mode=0o700)
    return folder


def _unpack(
    settings: Settings, path: Path, staged: Path, key: bytes | None, *, unverified: bool
) -> tuple[archive.Manifest, bool]:
    """Unpack and prove the backup; its manifest, and whether its seal was verified.

    The key that verified it becomes the instance's, or stays it: no backup holds one.
    """
    own = seal.own_key(settings)
    with reading.opened(path) as found:
        verified = found.ensure_sealed(key or own, unverified=unverified)
        found.unpack(staged)
        manifest = found.manifest
    _prove(settings, staged, manifest)
    kept = key if key and verified else own
    if kept and (staged / "keys").exists():
        durable.replace(staged / archive.SEAL_KEY, kept)
    return manifest, verified


def _prove(settings: Settings, staged: Path, manifest: archive.Manifest) -> None:
    if manifest.schema > migrations.newest():
        raise archive.BadBackup(
            f"The backup has the schema {manifest.schema}; this portal knows only "
            f"{migrations.newest()}. Update the portal first."
        )
    on_sqlite = settings.database_url.startswith(PREFIX)
    wanted = archive.SQLITE if on_sqlite else archive.POSTGRESQL
    if not (staged / wanted).exists():
        kind = "SQLite" if on_sqlite else "PostgreSQL"
        raise archive.BadBackup(
            f"The settings name a {kind} database; the backup is of the other kind."
        )
    if not on_sqlite:
        postgresql.prove(staged / wanted, most=postgresql.most_unpacked(staged / wanted))
        return
    if damage_of(staged / wanted, whole=True):
        raise archive.BadBackup("The database in the backup is damaged.")
    if migrations.current_of_file(staged / wanted) != manifest.schema:
        raise archive.BadBackup("The database in the backup is not the one that its list names.")


def _wanted(settings: Settings, staged: Path, *, with_settings: bool) -> bool:
    own = settings.instance / archive.SETTINGS
    return (staged / archive.SETTINGS).exists() and (with_settings or not own.exists())


def _keep_settings(settings: Settings, staged: Path, aside: Path, *, with_settings: bool) -> None:
    own = settings.instance / archive.SETTINGS
    if own.exists() and _wanted(settings, staged, with_settings=with_settings):
        shutil.copy2(own, aside / archive.SETTINGS)


def _take_settings(settings: Settings, staged: Path, *, with_settings: bool) -> None:
    """Replace the settings, last of all: they say where the database is that an undoing mends."""
    if _wanted(settings, staged, with_settings=with_settings):
        os.replace(staged / archive.SETTINGS, settings.instance / archive.SETTINGS)


def _fence(settings: Settings, summary: str, *, send_waiting: bool) -> int:
    """End sessions and mailed links, cancel what was waiting, note it in the audit trail."""
    app = create_app(replace(settings, jobs="off"))
    cancelled = 0
    with app.app_context():
        with unit_of_work() as session:
            session.execute(
                update(UserSession).where(UserSession.ended_at.is_(None)).values(ended_at=now())
            )
            # A link that was used or withdrawn since the backup would be good again.
            session.execute(
                update(MailedLink).where(MailedLink.used_at.is_(None)).values(used_at=now())
            )
            if not send_waiting:
                cancelled = session.execute(
                    update(Message)
                    .where(Message.state.in_(OPEN))
                    .values(
                        state=MessageState.CANCELLED,
                        reason=REASON,
                        secret=None,
                        lease_until=None,
                        lease_owner=None,
                    )
                ).rowcount  # type: ignore[attr-defined]
            record(
                None,
                "instance.restored",
                subject="instance",
                subject_id=None,
                location_id=None,
                summary=summary,
            )
        db.engine.dispose()
    anchor.put_back(settings)
    return cancelled
