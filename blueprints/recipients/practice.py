"""Sample recipients for practice mode."""


def fill() -> None:
    """To come."""
