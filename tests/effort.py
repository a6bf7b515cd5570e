"""How much a run does.

`bin/test` runs the short form of every test: few kills, few examples, and the same ones each time.
`bin/test --all` runs the long form: full numbers, fresh seeds, everything on every database, and
the tests marked `thorough`, too.
"""

import random
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, settings

Case = TypeVar("Case")
# So many cases of one test run on a second database, too.
ON_THE_SECOND = 2


@dataclass
class Run:
    """What was asked for on the command line."""

    everything: bool = False
    seed: int = 0


RUN = Run()


def amount(*, short: int, full: int) -> int:
    """How often something is done or tried: `full` times with --all."""
    return full if RUN.everything else short


def few(database_kind: str, *, full: int) -> int:
    """How many examples a machine draws that writes at each step: so many with --all on SQLite, a
    third on PostgreSQL, where the same rules are asked again."""
    third = database_kind != "sqlite"
    return amount(short=2 if third else 5, full=full // 3 if third else full)


def some(cases: Iterable[Case], *, short: int) -> list[Case]:
    """The cases of a test: with --all every one, else `short`, spread from the first to the
    last."""
    found = list(cases)
    if RUN.everything or len(found) <= short:
        return found
    step = (len(found) - 1) / max(1, short - 1)
    return [found[round(number * step)] for number in range(short)]


def seed(number: int) -> int:
    """The seed of a test that draws its cases: the same each time, but another one with --all."""
    return number + RUN.seed


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--all", action="store_true", help="the long form of every test")
    parser.addoption("--seed", type=int, help="draw as the run did that said so (with --all)")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    RUN.everything = config.getoption("--all")
    if RUN.everything and config.option.seed is None:
        config.option.seed = random.SystemRandom().randrange(1, 10**6)  # workers are told
    RUN.seed = config.option.seed or 0
    # A busy machine is no fault of the portal's.
    settings.register_profile(
        "patient",
        deadline=None,
        max_examples=amount(short=20, full=100),
        derandomize=not RUN.everything,
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow],
    )
    settings.load_profile("patient")


def pytest_report_header(config: pytest.Config) -> str:
    if RUN.everything:
        return f"everything, at full length; to draw the same again: --all --seed {RUN.seed}"
    return "the short form of every test; --all runs the long one"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if RUN.everything:
        return
    first = config.getoption("--databases").split(",")[0]
    left_out = {id(item) for item in items if item.get_closest_marker("thorough")}
    left_out |= {id(item) for item in _more_on_the_second(items, first)}
    if left_out:
        config.hook.pytest_deselected(items=[item for item in items if id(item) in left_out])
        items[:] = [item for item in items if id(item) not in left_out]


def _more_on_the_second(items: list[pytest.Item], first: str) -> list[pytest.Item]:
    """Of a test with many cases, those that the short form runs on the first database alone."""
    cases: dict[str, list[pytest.Item]] = {}
    for item in items:
        call = getattr(item, "callspec", None)
        if call is not None and call.params.get("database_kind", first) != first:
            cases.setdefault(item.nodeid.partition("[")[0], []).append(item)
    left_out = []
    for group in cases.values():
        kept = {id(item) for item in some(group, short=ON_THE_SECOND)}
        left_out += [item for item in group if id(item) not in kept]
    return left_out
