"""A copy of the instance before its schema changes."""

import os
import sys

from portal.backup import routine, write
from portal.backup.postgresql import ToolMissing
from portal.clock import now
from portal.settings import Settings


def save_before_upgrade(settings: Settings, revision: str) -> None:
    """Write a backup before the schema changes; only missing tools of PostgreSQL let it pass.

    Raises `BackupFailed`: a damaged database is not brought up to date.
    """
    name = f"before-upgrade-{revision}-{now():%Y%m%d-%H%M%S}-{os.getpid()}.tar"
    path = write.own_folder(settings) / name
    try:
        made = routine.make(settings, path, with_keys=True)
    except ToolMissing as error:
        said = f"The database is brought up to date without a backup: {error}"
    else:
        said = f"Before the database is brought up to date it was saved: {made.path}"
    sys.stdout.write(f"{said}\n")
    sys.stdout.flush()
