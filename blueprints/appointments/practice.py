"""Sample appointments for practice mode: past ones, coming ones, some that were canceled."""


def fill() -> None:
    """Book appointments at each location."""
