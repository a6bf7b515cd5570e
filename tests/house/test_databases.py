"""What differs between the databases is tried on both in every run."""

from pathlib import Path

from tests.house.source import ROOT

TOGETHER = ("from tests.processes import", "from tests.threads import")
# Several at once, but without a database.
WITHOUT = {"tests/people/test_hashing.py", "tests/platform/test_assets.py"}


def test_whoever_sets_several_at_once_on_a_database_does_so_on_both() -> None:
    """SQLite lets one writer in, PostgreSQL locks rows: a race shows on one what it hides on the
    other. Mark the module, or the test, with `pytest.mark.both_databases`."""
    unmarked = set()
    for path in sorted(Path(ROOT / "tests").glob("*/test_*.py")):
        text = path.read_text("utf-8")
        if any(one in text for one in TOGETHER) and "pytest.mark.both_databases" not in text:
            unmarked.add(str(path.relative_to(ROOT)))
    assert unmarked == WITHOUT
