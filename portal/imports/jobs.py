"""Scheduled work of the imports (jobs of the platform)."""

from datetime import timedelta

from sqlalchemy import delete, select

from portal import clock
from portal.db import unit_of_work
from portal.files.models import StoredFile
from portal.files.services import forget
from portal.imports import running
from portal.imports.definition import ImportDefinition
from portal.imports.models import ImportError, ImportPart, ImportRun
from portal.imports.receiving import definitions
from portal.settings import current


def take_in() -> str:
    """Take in every file that waits; says how many."""
    return f"{running.process_waiting(current())} files"


def forget_old() -> str:
    """Delete files that are no longer needed for corrected copies; says how many."""
    return f"{sum(map(_forget_old, definitions().values()))} files"


def _forget_old(definition: ImportDefinition) -> int:
    """Delete the files of imports that have been finished so long, and what became of each row;
    the runs stay."""
    last = clock.now() - timedelta(days=definition.keep_days())
    with unit_of_work() as session:
        old = list(
            session.scalars(
                select(ImportRun)
                .join(ImportRun.file)
                .where(
                    ImportRun.kind == definition.name,
                    ImportRun.finished_at < last,
                    StoredFile.stored_as != "",
                )
            )
        )
        for run in old:
            forget(current(), run.file)
            for kept in (ImportError, ImportPart):
                session.execute(delete(kept).where(kept.run_id == run.id))
    return len(old)
