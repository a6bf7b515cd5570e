"""Sample doses for practice mode."""


def fill() -> None:
    """Nothing yet."""
