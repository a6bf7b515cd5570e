"""Telling in the case what became of a file, once, with the rows that failed as a workbook."""

import io
import re

from sqlalchemy import select, update

from blueprints.helpdesk.rules import CaseState
from blueprints.helpdesk.services import say
from blueprints.onboarding.models import OnboardingRow, OnboardingUpload
from blueprints.onboarding.queries import staff_in
from blueprints.onboarding.sheets import follows_convention
from portal import jobs
from portal.clock import now
from portal.db import after_commit, session, unit_of_work
from portal.errors import NotFound, Unavailable
from portal.files.services import Stored, drop, keep, store
from portal.i18n import _, ngettext
from portal.imports.corrections import write_corrections
from portal.imports.models import ImportRun
from portal.imports.receiving import definitions
from portal.imports.running import ENDED
from portal.settings import current

JOB = "onboarding.tell"
# Where the attachments of cases are kept.
AREA = "cases"
_ENDING = re.compile(r"(?:_ERROR)*\.[^.]*$")


def wake_teller(_run: ImportRun) -> None:
    """Have the result told as soon as this unit has committed."""
    after_commit(JOB, lambda: jobs.wake(JOB))


def tell_results() -> str:
    """Tell in each case what became of its files (a job); says how many."""
    told = 0
    for upload_id in _untold():
        if jobs.stopping():
            break
        told += _tell(upload_id)
    return f"{told} files"


def _untold() -> list[int]:
    with unit_of_work(write=False) as current_session:
        return list(
            current_session.scalars(
                select(OnboardingUpload.id)
                .join(ImportRun, ImportRun.id == OnboardingUpload.run_id)
                .where(OnboardingUpload.told_at.is_(None), ImportRun.state.in_(ENDED))
                .order_by(OnboardingUpload.id)
            )
        )


def _tell(upload_id: int) -> bool:
    with unit_of_work(write=False) as current_session:
        run = current_session.get_one(OnboardingUpload, upload_id).run
        try:
            stored = _failed_rows(run) if run.failed else None
        except Unavailable:
            return False  # other workbooks take all places; the next tick tries again
    told = False
    try:
        with unit_of_work():
            told = _say(upload_id, stored)
    finally:
        if stored is not None and not told:
            drop(current(), stored)
    return told


def _failed_rows(run: ImportRun) -> Stored | None:
    """The workbook of the rows that failed, put down where attachments are kept."""
    content = io.BytesIO()
    try:
        write_corrections(definitions()[run.kind], current(), run, content)
    except NotFound:
        return None  # the file was deleted since
    return store(current(), content, AREA)


def _say(upload_id: int, stored: Stored | None) -> bool:
    """Say it, unless another process was faster."""
    claimed = session().execute(
        update(OnboardingUpload)
        .where(OnboardingUpload.id == upload_id, OnboardingUpload.told_at.is_(None))
        .values(told_at=now())
    )
    if claimed.rowcount != 1:  # type: ignore[attr-defined]
        return False
    upload = session().get_one(OnboardingUpload, upload_id)
    files = [keep(stored, name=error_name(upload.run.file_name))] if stored else []
    waits = bool(upload.run.failed or upload.run.undecided or upload.run.problem)
    say(
        upload.case_id,
        result_of(upload.run),
        files=files,
        state=CaseState.WAITING if waits else CaseState.OPEN,
    )
    return True


def error_name(name: str) -> str:
    """What the file of failed rows of a file is called."""
    stem = _ENDING.sub("", name) if "." in name else name
    return f"{stem}_ERROR.xlsx"


def result_of(run: ImportRun) -> str:
    """What became of a file, in plain words."""
    if run.problem and not run.rows_done:
        said = [
            _(
                "“%(name)s” could not be read, and nothing was loaded. %(problem)s Correct the "
                "file and attach it to this case.",
                name=run.file_name,
                problem=run.problem,
            )
        ]
    else:
        said = [_("“%(name)s” was processed.", name=run.file_name), _counted(run)]
        if run.problem:
            said.append(run.problem)
        if run.failed:
            said.append(
                _(
                    "The failed rows are attached as “%(name)s”. Correct the red cells, save, and "
                    "attach the file to this case. Yellow cells were corrected by the portal. Or "
                    "open “Result” beside the attachment, and correct the rows there.",
                    name=error_name(run.file_name),
                )
            )
    if run.undecided:
        said.append(
            _(
                "Some recipients may be registered already. Open “Result” beside the attachment, "
                "and say whether each is the same person."
            )
        )
    staff = staff_in(run.id) if run.kind == "onboarding_users" else []
    if staff:
        said.append(
            _(
                "Programme staff in this file: %(names)s. Only their locations were changed, not "
                "their staff profile.",
                names=", ".join(staff),
            )
        )
    said += run.notes
    if run.kind == "onboarding_users" and not follows_convention(run.file_name):
        said.append(
            _(
                "Next time, name the file after the organization and the date, for example "
                "“Washington County Health Department HCP 12-02-20.xlsx”: it is processed quicker."
            )
        )
    return " ".join(said)


def _counted(run: ImportRun) -> str:
    counts = [
        (_("Loaded"), run.added + run.updated),
        (_("Removed"), run.removed),
        (_("Unchanged"), run.unchanged),
        (_("To decide"), run.undecided),
        (_("Corrected by the portal"), run.mended),
        (_("Failed"), run.failed),
    ]
    always = {counts[0][0], counts[5][0]}
    told = [f"{label}: {count:,}." for label, count in counts if count or label in always]
    return " ".join(told)


def say_all_mended(upload: OnboardingUpload) -> None:
    """Tell in the case that no row of the file waits any more, when the last one was mended."""
    left = session().scalar(
        select(OnboardingRow.row)
        .where(OnboardingRow.run_id == upload.run_id, OnboardingRow.state != "mended")
        .limit(1)
    )
    if left is not None:
        return
    say(
        upload.case_id,
        ngettext(
            "The failed row of “%(name)s” was corrected in the portal and loaded.",
            "All %(num)s failed rows of “%(name)s” were corrected in the portal and loaded.",
            upload.run.failed + upload.run.undecided,
            name=upload.run.file_name,
        ),
        state=CaseState.OPEN,
    )
