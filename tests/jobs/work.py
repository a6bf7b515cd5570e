"""Jobs for the tests of the run log."""

import time
from datetime import timedelta

from portal.db import session, unit_of_work
from portal.jobs import JobFailed
from portal.module import Job, Module
from portal.places.models import Organization

# Long enough for a busy machine to keep every slot.
EVERY = 4.0


def count() -> str:
    """Leaves a row for each run."""
    with unit_of_work():
        session().add(Organization(name=f"run {time.time_ns()}"))
    return "counted"


def fail() -> None:
    """Fails with an error whose text names somebody."""
    raise ValueError("Jane Doe, jane@example.org")


def fail_in_the_database() -> None:
    """Leaves a broken unit of work behind."""
    session().add(Organization(name=None))  # type: ignore[arg-type]
    session().flush()


def give_up() -> None:
    """Fails with a sentence of its own."""
    raise JobFailed("The supplier's folder is full.")


def hang() -> None:
    """Does not end."""
    time.sleep(60)


def job(name: str, function: str, seconds: float = 3600) -> Job:
    return Job(
        name=f"test.{name}",
        title=name,
        function=f"tests.jobs.work:{function}",
        every=timedelta(seconds=seconds),
    )


module = Module(
    name="tested_jobs",
    title="Tested jobs",
    jobs=(
        job("count", "count", EVERY),
        job("rare", "count"),
        job("fail", "fail"),
        job("database", "fail_in_the_database"),
        job("give_up", "give_up"),
        job("hang", "hang"),
    ),
)
