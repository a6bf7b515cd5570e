"""Records that people began and left are deleted."""

from blueprints.recipients.self_registering import forget_unfinished
from portal.db import unit_of_work


def forget() -> str | None:
    """Delete the records of people who registered themselves and did not book (a job)."""
    with unit_of_work():
        gone = forget_unfinished()
    return f"{gone} records deleted" if gone else None
