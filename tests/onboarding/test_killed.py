"""A file whose worker is killed in the middle goes in as if nothing had happened."""

import time
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from blueprints.helpdesk.models import CaseEntry, CaseFile
from blueprints.onboarding import applying, intake, telling
from blueprints.onboarding.models import OnboardingRow
from portal.audit.models import AuditEntry
from portal.audit.verify import verify
from portal.db import unit_of_work
from portal.imports import running
from portal.imports.models import ImportRun
from portal.messages.models import Message
from portal.people.models import User, UserLocation
from portal.settings import current
from portal.sheets import csv_file
from portal.sheets.writer import write_csv
from tests.effort import some
from tests.inventory.stock import scope_for
from tests.killing import die_at
from tests.onboarding.workbooks import ABOVE, HEADER, line, pressed, sent_file
from tests.personas import Personas
from tests.processes import ChildFailed, start

pytestmark = [pytest.mark.both_databases, pytest.mark.slow("kills processes")]

ROWS, BATCH = 60, 20
MOMENTS: list[tuple[Any, ...]] = [
    (applying, "add_new_users", 2, "after"),
    (running, "_keep_progress", 2, "after"),
    (telling, "say", 1, "after"),
    (intake, "lock_number", 1, "before"),
    (applying, "add_new_users", 1, "before"),
    (running, "_keep_progress", 1, "before"),
    (running, "_finish", 1, "before"),
    (running, "_finish", 1, "after"),
    (telling, "write_corrections", 1, "after"),
    (telling, "keep", 1, "after"),
]


def content() -> bytes:
    """People of whom every seventh has no profile, each at two locations."""
    rows = [
        line(
            f"Ann{number // 2}",
            "Brown",
            f"abrown{number // 2}",
            location=f"Clinic {'AB'[number % 2]}",
            profile=None if number % 7 == 6 else "Healthcare Provider",
        )
        for number in range(ROWS)
    ]
    above = [tuple(one) for one in ABOVE]
    return b"".join(write_csv(above[0], [*above[1:], HEADER, *rows]))


def work() -> str:
    """What the jobs do."""
    running.process_waiting(current())
    return telling.tell_results()


def receive(app: Flask, personas: Personas) -> None:
    """The file, with the button pressed."""
    with app.app_context():
        asker, agent = scope_for(personas, "requester"), scope_for(personas, "agent")
        pressed(agent, sent_file(asker, content(), "Clinic HCP 12-02-20.csv"))


def left() -> dict[str, object]:
    """What a file leaves behind; each user, mail and sentence must be there once."""
    with unit_of_work(write=False) as session:
        run = session.scalars(select(ImportRun)).one()

        def counted(*columns: Any) -> Counter[Any]:
            return Counter(map(tuple, session.execute(select(*columns))))

        mails = counted(Message.address, Message.kind)
        return {
            "run": (run.state, run.rows_done, run.added, run.unchanged, run.failed),
            "places": len(
                session.scalars(
                    select(UserLocation.id)
                    .join(User, User.id == UserLocation.user_id)
                    .where(User.username.startswith("abrown"))
                ).all()
            ),
            "rows": len(counted(OnboardingRow.row)),
            "welcome": sum(kind == "welcome" for _address, kind in mails.elements()),
            "twice": [mail for mail, count in mails.items() if count > 1],
            "told": [kind for (kind,) in counted(CaseEntry.kind).elements() if kind == "event"],
            "files": sorted(name for (name,) in counted(CaseFile.name).elements()),
            "added": counted(AuditEntry.action)[("user.added",)],
        }


EXPECTED = {
    "run": ("finished", ROWS, 52, 0, 8),
    "places": 52,
    "rows": 8,
    "welcome": 30,
    "twice": [],
    "told": ["event"],
    "files": ["Clinic HCP 12-02-20.csv", "Clinic HCP 12-02-20_ERROR.xlsx"],
    "added": 30,
}


@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    "moment", some(MOMENTS, short=3), ids=lambda one: f"{one[1]}-{one[2]}-{one[3]}"
)
def test_a_kill_changes_nothing_in_the_end(
    app: Flask,
    personas: Personas,
    moment: tuple[Any, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(csv_file, "BATCH_ROWS", BATCH)
    monkeypatch.setattr(running, "LEASE", timedelta(seconds=0.2))
    receive(app, personas)

    def dies() -> str:
        die_at(moment)
        return work()

    with pytest.raises(ChildFailed, match="ended by -9"):
        start(app, dies).result()
    with app.app_context():
        for _each in range(100):
            work()
            if left() == EXPECTED:
                break
            time.sleep(0.05)
        assert left() == EXPECTED
        assert verify().ok
