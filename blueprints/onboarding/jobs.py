"""Scheduled work of onboarding."""

from datetime import timedelta

from sqlalchemy import delete, select

from blueprints.onboarding import telling
from blueprints.onboarding.importing import USERS
from blueprints.onboarding.models import OnboardingRow
from portal.clock import now
from portal.db import unit_of_work
from portal.imports.models import ImportRun


def tell() -> str:
    """Tell in each case what became of its files; says how many."""
    return telling.tell_results()


def forget() -> str:
    """Delete the rows that failed, once their files are deleted, too; says of how many files."""
    last = now() - timedelta(days=USERS.keep_days())
    with unit_of_work() as session:
        old = list(
            session.scalars(
                select(OnboardingRow.run_id)
                .join(ImportRun, ImportRun.id == OnboardingRow.run_id)
                .where(ImportRun.finished_at < last)
                .distinct()
            )
        )
        session.execute(delete(OnboardingRow).where(OnboardingRow.run_id.in_(old)))
    return f"{len(old)} files"
