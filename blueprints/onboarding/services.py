"""Processing the files of cases, and mending their rows in the portal."""

from collections.abc import Mapping, Sequence

from sqlalchemy import select

from blueprints.helpdesk.models import Case, CaseFile
from blueprints.helpdesk.queries import get_file, lock_case
from blueprints.helpdesk.rules import CaseState
from blueprints.onboarding import telling
from blueprints.onboarding.importing import RECIPIENTS
from blueprints.onboarding.intake import ONE_FILE_AT_A_TIME
from blueprints.onboarding.kinds import KINDS, RowResult, UploadKind, as_row
from blueprints.onboarding.models import OnboardingRow, OnboardingUpload
from blueprints.onboarding.queries import (
    get_upload,
    is_requester,
    limit_of_case,
    registered_by,
    upload_of_file,
)
from blueprints.onboarding.recipient_intake import read_recipient
from blueprints.recipients import bulk
from blueprints.recipients import services as recipients
from blueprints.recipients.registered import Together, of_modules
from blueprints.recipients.rules import Details
from portal import clock
from portal.access.scope import Scope
from portal.audit.services import record
from portal.db import lock_number, session
from portal.errors import Conflict, Invalid, NotFound, PortalError
from portal.files.models import StoredFile
from portal.files.services import Stored
from portal.i18n import _
from portal.imports import decisions
from portal.imports.outcomes import Kind, Taken
from portal.imports.receiving import open_run
from portal.settings import current

ENDINGS = (".xlsx", ".csv")


class StillWrong(PortalError):
    """A row that was corrected is still wrong: sentences by the keys of columns."""

    status = 422

    def __init__(self, wrong: Sequence[tuple[str, str]]) -> None:
        super().__init__(wrong[0][1], field=wrong[0][0] or None)
        self.wrong = wrong


def kind_of(case: Case) -> UploadKind:
    """The kind of files of a case. Raises `NotFound` for a case about something else."""
    if case.topic not in KINDS:
        raise NotFound
    return KINDS[case.topic]


def may_be_processed(case: Case, file: CaseFile) -> bool:
    """Whether an attachment may be an onboarding file: a table that somebody sent about this."""
    return (
        case.topic in KINDS
        and file.by_id is not None
        and file.name.casefold().endswith(ENDINGS)
        and case.state != CaseState.CLOSED
    )


def find_file(scope: Scope, case_id: int, file_id: int) -> StoredFile:
    """An attachment that may be processed. Raises `NotFound`."""
    scope.require("onboarding.process")
    file, stored = get_file(scope, case_id, file_id)
    if not may_be_processed(session().get_one(Case, case_id), file):
        raise NotFound
    return stored


def process(scope: Scope, case_id: int, file_id: int, stored: Stored) -> OnboardingUpload:
    """Have an attachment taken in by the job; `stored` is a copy of it. Once: pressed again, it is
    the same upload."""
    find_file(scope, case_id, file_id)
    case = lock_case(scope, case_id)
    before = upload_of_file(file_id)
    if before is not None:
        return before
    kind = kind_of(case)
    _check_location(case, kind)
    file = session().get_one(CaseFile, file_id)
    run = open_run(
        kind.definition,
        scope.user,
        name=file.name,
        stored=stored,
        source="case",
        location_id=case.location_id,
    )
    upload = OnboardingUpload(case_id=case.id, case_file_id=file.id, run_id=run.id)
    session().add(upload)
    session().flush()
    return upload


def _check_location(case: Case, kind: UploadKind) -> None:
    if not kind.at_location:
        return
    limit = limit_of_case(case)
    if case.location_id is None or (limit is not None and case.location_id not in limit):
        raise Conflict(
            _(
                "The requester does not work at the location of this case. Nothing was changed. "
                "Ask for a request from the location where the recipients are to be registered."
            )
        )


def may_mend(scope: Scope, case: Case) -> bool:
    """Whether `scope` may correct the rows of the case's files in the portal: who processes such
    files, and who sent them and may do the same by hand, at the own locations."""
    if case.state == CaseState.CLOSED:
        return False
    if scope.can("onboarding.process"):
        return True
    kind = kind_of(case)
    at = case.location_id in {place.id for place in scope.locations} or not kind.at_location
    return is_requester(scope, case) and scope.can(kind.may_correct) and at


def mend(scope: Scope, upload_id: int, number: int, typed: Mapping[str, str]) -> OnboardingRow:
    """Take in a failed row as it was corrected; one that may be about somebody who is registered
    waits for a decision then.

    Raises `StillWrong` if it is still wrong, and `Conflict` if somebody else has mended it.
    """
    upload, case = _to_mend(scope, upload_id)
    row = lock_row(scope, upload, number, "failed")
    take(scope, upload, case, row, typed)
    return row


def take(
    scope: Scope,
    upload: OnboardingUpload,
    case: Case,
    row: OnboardingRow,
    typed: Mapping[str, str],
) -> RowResult:
    """Take in a row that is locked. Raises `StillWrong`."""
    became = kind_of(case).take_in(scope, case, row.row, typed)
    if became.wrong:
        raise StillWrong(became.wrong)
    row.staged = None
    if became.alike:
        row.state, row.alike = "undecided", became.alike
        row.cells = dict(typed)
        session().flush()
        return became
    _done(scope, upload, case, row, became.record_id, action="onboarding.row_mended")
    return became


def decide(scope: Scope, upload_id: int, number: int, same_as: int | None) -> OnboardingRow:
    """Say whom an undecided row is about: the recipient `same_as`, whose record stays as it is, or
    (None) somebody else, who is registered. Raises `Conflict` if it was decided before."""
    upload, case = _to_mend(scope, upload_id)
    row = lock_row(scope, upload, number, "undecided")
    assert case.location_id is not None
    if same_as is not None and same_as not in row.alike:
        raise Invalid(_("Choose one of these people."))
    if same_as is not None:
        bulk.take_as_known(scope.user, same_as, location_id=case.location_id)
        record_id = same_as
    else:
        details = details_in(row)
        record_id = recipients.register_at(
            scope.user, details, location_id=case.location_id, apart_from=row.alike
        ).id
    if not row.wrong:  # it is undecided in the import, too, and not only since it was mended
        became: Kind = "unchanged" if same_as is not None else "added"
        decisions.decide(upload.run_id, [Taken(number, became, record_id, {})])
    _done(scope, upload, case, row, record_id, action="onboarding.row_decided")
    return row


def invitable(scope: Scope, upload: OnboardingUpload, case: Case, *, act: bool = False) -> int:
    """How many of the people whom a file registered can be invited to book; with `act` they are,
    and it is how many were. Those who may correct its rows invite them."""
    kind = kind_of(case)
    if not kind.at_location or case.location_id is None or not may_mend(scope, case):
        return 0
    together = Together(ids=registered_by(upload), location_id=case.location_id, act=act)
    return of_modules(scope, together)


def details_in(row: OnboardingRow) -> Details:
    """What a row says of a recipient. Raises `Conflict` if that can no longer be read."""
    bound, cells = as_row(RECIPIENTS, row.cells)
    details, _errors = read_recipient(bound, cells, today=clock.today(current().time_zone))
    if details is None:
        raise Conflict(_("This row cannot be read any more. Send it again in a file."))
    return details


def _to_mend(scope: Scope, upload_id: int) -> tuple[OnboardingUpload, Case]:
    upload, case = get_upload(scope, upload_id)
    if not may_mend(scope, case):
        raise NotFound
    return upload, case


def lock_upload(scope: Scope, upload_id: int) -> tuple[OnboardingUpload, Case]:
    """The upload and its case, whose rows nobody else changes before this unit ends. Raises
    `NotFound` unless `scope` may see the case."""
    upload, case = get_upload(scope, upload_id)
    lock_case(scope, case.id)
    lock_number(ONE_FILE_AT_A_TIME, 0)
    return upload, case


def lock_row(scope: Scope, upload: OnboardingUpload, number: int, state: str) -> OnboardingRow:
    """A row, which nobody else changes before this unit ends. Raises `NotFound`, and `Conflict`
    unless it is in that state."""
    lock_upload(scope, upload.id)
    row = session().scalar(
        select(OnboardingRow)
        .where(OnboardingRow.run_id == upload.run_id, OnboardingRow.row == number)
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise NotFound
    if row.state != state:
        raise Conflict(_("Someone else has corrected this row. Nothing was changed."))
    return row


def _done(
    scope: Scope,
    upload: OnboardingUpload,
    case: Case,
    row: OnboardingRow,
    record_id: int,
    *,
    action: str,
) -> None:
    row.state, row.record_id = "mended", record_id
    row.mended_at, row.mended_by_id = clock.now(), scope.user.id
    session().flush()
    record(
        scope.user,
        action,
        subject="onboarding_run",
        subject_id=upload.run_id,
        location_id=case.location_id,
        summary=upload.run.row_name(row.row),
    )
    telling.say_all_mended(upload)
