"""What `portal backup` does around a backup: note how it went, say what to do, remove old ones.

A copy is good if it was proved when it was written and is still what it was then. Damage may be
older than the day it is found: while any is known, no copy from before it was found is removed.
"""

from pathlib import Path

from portal import soundness
from portal.backup import postgresql, reading, write
from portal.backup.archive import BadBackup
from portal.backup.sqlite import Unreadable
from portal.errors import PortalError
from portal.running import command_line
from portal.settings import Settings

STAMP = "%Y%m%d-%H%M%S"
OURS = "portal-*.tar"
# `OLD`: older than what is kept, whatever it is.
GOOD, UNPROVED, DAMAGED, OLD = "good", "unproved", "damaged", "old"


class BackupFailed(PortalError):
    """No good backup was made; the message says why, and what to do."""


def make(settings: Settings, file: Path | None, *, with_keys: bool) -> write.Made:
    """Write a backup (`write.backup`) and note whether it is good.

    Raises `BackupFailed` if it is not, `ToolMissing`, and other `PortalError`s for what should be
    asked for in another way.
    """
    try:
        made = write.backup(settings, file, with_keys=with_keys)
    except (write.NotProved, Unreadable, postgresql.Damaged) as error:
        soundness.note(settings.instance, soundness.DAMAGED)
        raise BackupFailed(f"{error} {advice(settings)}") from error
    except postgresql.ToolMissing:
        raise
    except (write.DiskFull, BadBackup, postgresql.ToolFailed) as error:
        soundness.note(settings.instance, soundness.BACKUP)
        raise BackupFailed(str(error)) from error
    soundness.clear(settings.instance, soundness.BACKUP)
    return made


def advice(settings: Settings) -> str:
    """What to do about a damaged database: which copy to restore, proved once more."""
    folder = write.own_folder(settings)
    good = newest_good(settings)
    if good is None:
        return (
            f"No backup in {folder} is good. Find one that was copied to another machine, and "
            "write no more data until it is restored."
        )
    restore = command_line(settings.instance, ["restore", str(good)])
    if settings.database_url.startswith(write.PREFIX):
        return f"Stop the portal, then restore the newest good backup: {restore}"
    return (
        "Stop the portal, make a new database, name it in database_url, then restore the newest "
        f"good backup into it: {restore}"
    )


def newest_good(settings: Settings) -> Path | None:
    """The newest backup of the instance's own folder that was proved good and still is."""
    return next((path for path in _newest_first(settings) if _state(path) == GOOD), None)


def remove_old(settings: Settings, *, keep: int) -> list[Path]:
    """Remove backups of the instance's own folder, but for the newest `keep` good ones; returns
    them.

    Copies that nobody proved (of an earlier version) fill up the number while there are too few
    good ones. A damaged one counts for nothing, and goes when every kept one is newer. Without a
    single good copy nothing is removed.
    """
    known = _newest_first(settings)
    if len(known) <= keep:
        return []
    since = [fault.since for fault in soundness.faults(settings.instance) if fault.of_data]
    found_at = f"portal-{min(since):{STAMP}}.tar" if since else ""
    good: list[Path] = []
    states = {}
    for path in known:  # what is older than the last that is kept need not be read
        states[path] = OLD if len(good) == keep else _state(path)
        good += [path] if states[path] == GOOD else []
    if not good:
        return []
    unproved = [path for path in known if states[path] == UNPROVED]
    kept = [*good, *unproved[: keep - len(good)]]
    oldest = min(path.name for path in kept)
    removed = []
    for path in reversed(known):
        newer = states[path] == DAMAGED and path.name > oldest
        if path not in kept and path.name > found_at and not newer:
            path.unlink()
            removed.append(path)
    return removed


def thin_out_damaged(settings: Settings) -> list[Path]:
    """Keep of the damaged copies the first, which lost least, and the newest; returns the others,
    which are removed lest they fill the disk."""
    found = sorted((write.own_folder(settings) / write.APART).glob(f"{write.APART}-{OURS}"))
    between = found[1:-1]
    for path in between:
        path.unlink()
    return between


def _newest_first(settings: Settings) -> list[Path]:
    """The backups in the instance's own folder that were given no name."""
    found = write.own_folder(settings).glob(OURS)
    return sorted(found, key=lambda path: path.name, reverse=True)


def _state(path: Path) -> str:
    """How good a copy is; every byte of it is read."""
    try:
        with reading.opened(path) as found:
            found.prove()
            return GOOD if found.manifest.proved else UNPROVED
    except (BadBackup, OSError):
        return DAMAGED
