"""Scheduled work of the shipments."""

from blueprints.shipments import inbox
from portal.settings import current


def watch_folder() -> str:
    """Open imports for the files of the watched folder; says how many."""
    return f"{inbox.collect_from_folder(current())} files"
