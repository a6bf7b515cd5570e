"""Files received at once: stored, and a run written, which a job will take up."""

from typing import BinaryIO

from portal.access.scope import Actor
from portal.audit.services import record
from portal.db import after_commit, session
from portal.files.services import Stored, keep, store
from portal.imports.definition import ImportDefinition
from portal.imports.models import ImportRun
from portal.jobs import wake
from portal.settings import Settings
from portal.web.context import registry

JOB = "imports.take_in"


def definitions() -> dict[str, ImportDefinition]:
    """The imports of the modules that are on, by name."""
    return registry().imports


def open_run(
    definition: ImportDefinition,
    actor: Actor | None,
    *,
    name: str,
    stored: Stored,
    source: str,
    location_id: int | None = None,
) -> ImportRun:
    """Open a run for a stored file; the job begins as soon as this unit has committed.

    `source` is where it came from: upload, command or folder.
    """
    file = keep(stored, name=name, otherwise=definition.name)
    run = ImportRun(
        kind=definition.name,
        file_id=file.id,
        file=file,
        location_id=location_id,
        source=source,
        user_id=actor.id if actor else None,
        user_profile=actor.profile if actor else "",
        rows_expected=stored.rows,
        notes=[],
        sheets=[],
    )
    session().add(run)
    session().flush()
    record(
        actor,
        f"{definition.name}.file_received",
        subject=definition.subject,
        subject_id=run.id,
        location_id=location_id,
        summary=run.file_name,
        after={"sha256": run.sha256, "bytes": run.bytes, "source": source},
    )
    after_commit(JOB, lambda: wake(JOB))
    return run


def receive_file(
    definition: ImportDefinition,
    settings: Settings,
    actor: Actor | None,
    *,
    name: str,
    content: BinaryIO,
    source: str,
) -> ImportRun:
    """Store a file and open a run for it at once, where nobody else waits for the database."""
    stored = store(settings, content, definition.name)
    return open_run(definition, actor, name=name, stored=stored, source=source)
