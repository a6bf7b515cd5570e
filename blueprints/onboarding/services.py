"""Processing the files of cases, and mending their rows in the portal."""

from collections.abc import Mapping

from sqlalchemy import select

from blueprints.helpdesk.models import Case, CaseFile
from blueprints.helpdesk.queries import get_file, lock_case
from blueprints.helpdesk.rules import CaseState
from blueprints.onboarding import applying, telling
from blueprints.onboarding.importing import USERS
from blueprints.onboarding.intake import ONE_FILE_AT_A_TIME, UserLines, all_sites
from blueprints.onboarding.models import OnboardingRow, OnboardingUpload
from blueprints.onboarding.queries import get_upload, limit_of_case, upload_of_file
from blueprints.onboarding.rules import Earlier
from blueprints.onboarding.sheets import COLUMNS
from portal.access.scope import Scope
from portal.audit.services import record
from portal.clock import now
from portal.db import lock_number, session
from portal.errors import Conflict, NotFound, PortalError
from portal.files.models import StoredFile
from portal.files.services import Stored
from portal.i18n import _
from portal.imports.definition import ImportDefinition
from portal.imports.receiving import open_run
from portal.sheets.columns import bind

# Which import takes the files of a topic in.
KINDS: Mapping[str, ImportDefinition] = {"onboarding": USERS}
ENDINGS = (".xlsx", ".csv")


class RowRefused(PortalError):
    """A row that was corrected is still wrong: sentences by the keys of columns."""

    status = 422

    def __init__(self, wrong: list[tuple[str, str]]) -> None:
        super().__init__(wrong[0][1], field=wrong[0][0] or None)
        self.wrong = wrong


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
    file = session().get_one(CaseFile, file_id)
    run = open_run(
        KINDS[case.topic],
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


def may_mend(scope: Scope, case: Case) -> bool:
    """Whether `scope` may correct the rows of the case's files in the portal: who processes such
    files, and a manager whose case it is, at the manager's own locations."""
    if case.state == CaseState.CLOSED:
        return False
    own = case.requester_id == scope.user.id and scope.can("accounts.manage")
    return scope.can("onboarding.process") or own


def mend(scope: Scope, upload_id: int, number: int, typed: Mapping[str, str]) -> OnboardingRow:
    """Take in a failed row as it was corrected. Raises `RowRefused` if it is still wrong, and
    `Conflict` if somebody else has mended it."""
    upload, case = get_upload(scope, upload_id)
    if not may_mend(scope, case):
        raise NotFound
    lock_case(scope, case.id)
    lock_number(ONE_FILE_AT_A_TIME, 0)
    row = session().scalar(
        select(OnboardingRow)
        .where(OnboardingRow.run_id == upload.run_id, OnboardingRow.row == number)
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise NotFound
    if row.state != "failed":
        raise Conflict(_("Someone else has corrected this row. Nothing was changed."))
    user_id = _take_in(scope, case, number, typed)
    row.state, row.record_id = "mended", user_id
    row.mended_at, row.mended_by_id = now(), scope.user.id
    session().flush()
    record(
        scope.user,
        "onboarding.row_mended",
        subject="onboarding_run",
        subject_id=upload.run_id,
        location_id=case.location_id,
        summary=upload.run.row_name(number),
    )
    telling.say_all_mended(upload)
    return row


def _take_in(scope: Scope, case: Case, number: int, typed: Mapping[str, str]) -> int:
    bound = bind(COLUMNS, [column.label for column in COLUMNS])
    cells = [typed.get(column.key, "") for column in COLUMNS]
    limit = limit_of_case(case)
    keys = {column.label: column.key for column in COLUMNS}
    line, errors = UserLines(bound, all_sites(), Earlier()).read(number, cells, limit)
    if errors or line is None:
        raise RowRefused([(keys.get(one.column, ""), one.message) for one in errors])
    (done,) = applying.apply(scope.user, applying.giver_for(limit), [line])
    if done.wrong is not None:
        raise RowRefused([(done.wrong.field or "", done.wrong.message)])
    return done.user_id
