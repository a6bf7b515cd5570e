"""What a run costs: a test has two seconds, or a mark that says why it needs more.

Nothing fails because of a clock: a busy machine is no fault of the portal's. With `--times` the end
of a run names what it spent its time on and who was over the budget without a reason.
"""

import time
from collections import Counter
from collections.abc import Iterator

import pytest

BUDGET = 2.0
SLOWEST = 25
SHARED = "seconds of shared fixtures"


class Times:
    """Seconds by test, without those of fixtures that all tests share."""

    def __init__(self) -> None:
        self.taken: Counter[str] = Counter()
        self.excused: set[str] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        test = report.nodeid
        self.taken[test] += report.duration  # type: ignore[assignment]
        if report.when == "setup":
            self.taken[test] -= dict(report.user_properties).get(SHARED, 0)  # type: ignore[arg-type]
        if "slow" in report.keywords:
            self.excused.add(test)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        say = terminalreporter.write_line
        whole = sum(self.taken.values())
        terminalreporter.section("seconds of the tests, by folder")
        folders: Counter[str] = Counter()
        for test, seconds in self.taken.items():
            folders["/".join(test.partition("::")[0].split("/")[:-1])] += seconds  # type: ignore[assignment]
        for folder, seconds in folders.most_common():
            say(f"{seconds:8.1f}  {seconds / whole:4.0%}  {folder}")
        terminalreporter.section(f"the {SLOWEST} slowest")
        for test, seconds in self.taken.most_common(SLOWEST):
            say(f"{seconds:8.1f}  {test}")
        over = [
            f"{seconds:8.1f}  {test}"
            for test, seconds in self.taken.most_common()
            if seconds > BUDGET and test not in self.excused
        ]
        if over:
            terminalreporter.section(f"over {BUDGET:.0f} s without the mark `slow`: {len(over)}")
            for line in over:
                say(line)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--times", action="store_true", help="say at the end what took how long")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--times") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Times(), "times")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long begins first on each database, so that nobody waits for it at the end."""
    kinds = list(dict.fromkeys(map(_kind, items)))
    items.sort(key=lambda item: (kinds.index(_kind(item)), not item.get_closest_marker("slow")))


def _kind(item: pytest.Item) -> str:
    """The database of a test; one without any stands with those of the first."""
    call = getattr(item, "callspec", None)
    return str(call.params.get("database_kind", "sqlite")) if call else "sqlite"


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(
    fixturedef: "pytest.FixtureDef[object]", request: pytest.FixtureRequest
) -> Iterator[None]:
    """What the first test makes for all is not counted as its own."""
    item = request._pyfuncitem
    if fixturedef.scope == "function" or getattr(item, "_sharing", False):
        return (yield)
    item._sharing, began = True, time.monotonic()  # type: ignore[attr-defined]
    try:
        return (yield)
    finally:
        item._sharing = False  # type: ignore[attr-defined]
        before = dict(item.user_properties).get(SHARED, 0.0)
        seconds = before + time.monotonic() - began  # type: ignore[operator]
        item.user_properties.append((SHARED, seconds))
