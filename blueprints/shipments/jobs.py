"""Scheduled work of the shipments."""

from blueprints.shipments import files, imports, inbox
from portal.settings import current


def take_in_files() -> str:
    """Take in every file that waits; says how many."""
    return f"{imports.process_waiting(current())} files"


def watch_folder() -> str:
    """Open imports for the files of the watched folder; says how many."""
    return f"{inbox.collect_from_folder(current())} files"


def forget_files() -> str:
    """Delete files that are no longer needed for annotated copies, and those no import names."""
    settings = current()
    days = int(settings.modules.get("shipments", {}).get("keep_files_days", 30))
    count = files.forget_old_files(settings, days=days) + files.forget_unnamed_files(settings)
    return f"{count} files"
