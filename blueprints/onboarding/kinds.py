"""The two kinds of files: how each is taken in, and how a row of it is corrected in the portal."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from blueprints.helpdesk.models import Case
from blueprints.onboarding import applying
from blueprints.onboarding.importing import RECIPIENTS, USERS
from blueprints.onboarding.intake import UserLines, all_sites
from blueprints.onboarding.queries import limit_of_case
from blueprints.onboarding.recipient_intake import read_recipient
from blueprints.onboarding.recipient_sheets import TEMPLATE_NAME as RECIPIENTS_NAME
from blueprints.onboarding.rules import Earlier, UserRow
from blueprints.onboarding.sheets import TEMPLATE_NAME as USERS_NAME
from blueprints.recipients import services as recipients
from blueprints.recipients.bulk import Registered
from blueprints.recipients.rules import Details
from portal import clock
from portal.access.scope import Scope
from portal.imports.definition import ImportDefinition
from portal.settings import current
from portal.sheets.columns import BoundColumns, CellError, SheetColumn, bind

Typed = Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class RowResult:
    """What became of a row that was corrected: the record it led to; or what is still wrong, by
    the keys of columns; or the records that it may be about."""

    record_id: int = 0
    wrong: Sequence[tuple[str, str]] = ()
    alike: list[int] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class UploadKind:
    """A kind of file.

    template_name: what the blank template is called. may_correct: the capability that lets the
    sender of a file correct its rows in the portal. take_in: takes a row in as it was typed.
    check: what of such a row cannot be read, which says nothing of people.
    at_location: whether its records are those of the case's location.
    """

    definition: ImportDefinition
    template_name: str
    template_endpoint: str
    may_correct: str
    take_in: Callable[[Scope, Case, int, Typed], RowResult]
    check: Callable[[Case, int, Typed], Sequence[tuple[str, str]]]
    at_location: bool = False

    @property
    def columns(self) -> Sequence[SheetColumn]:
        """The columns of such a file."""
        return self.definition.columns(current(), False)


def take_in_user(scope: Scope, case: Case, number: int, typed: Typed) -> RowResult:
    """Do what the row of a file of users asks for."""
    line, wrong = _read_user(case, number, typed)
    if wrong or line is None:
        return RowResult(wrong=wrong)
    giver = applying.giver_for(limit_of_case(case))
    (done,) = applying.apply(scope.user, giver, [line])
    if done.wrong is not None:
        return RowResult(wrong=[(done.wrong.field or "", done.wrong.message)])
    return RowResult(record_id=done.user_id)


def check_user(case: Case, number: int, typed: Typed) -> list[tuple[str, str]]:
    """What of a row of a file of users cannot be read."""
    return _read_user(case, number, typed)[1]


def _read_user(
    case: Case, number: int, typed: Typed
) -> tuple[UserRow | None, list[tuple[str, str]]]:
    bound, cells = as_row(USERS, typed)
    lines = UserLines(bound, all_sites(), Earlier())
    line, errors = lines.read(number, cells, limit_of_case(case))
    return line, _by_key(bound, errors)


def take_in_recipient(scope: Scope, case: Case, _number: int, typed: Typed) -> RowResult:
    """Register the recipient of a row, unless it may be somebody who is registered."""
    assert case.location_id is not None
    details, wrong = _read_recipient(typed)
    if details is None:
        return RowResult(wrong=wrong)
    known = Registered(case.location_id, [details])
    same = known.same(details)
    if same is not None:
        return RowResult(record_id=same.id)
    if alike := known.alike(details):
        return RowResult(alike=alike)
    added = recipients.register_at(scope.user, details, location_id=case.location_id)
    return RowResult(record_id=added.id)


def check_recipient(_case: Case, _number: int, typed: Typed) -> list[tuple[str, str]]:
    """What of a row of a file of recipients cannot be read."""
    return _read_recipient(typed)[1]


def _read_recipient(typed: Typed) -> tuple[Details | None, list[tuple[str, str]]]:
    bound, cells = as_row(RECIPIENTS, typed)
    details, errors = read_recipient(bound, cells, today=clock.today(current().time_zone))
    return details, _by_key(bound, errors)


def as_row(definition: ImportDefinition, typed: Typed) -> tuple[BoundColumns, list[str]]:
    """What was typed as a row of the template."""
    columns = definition.columns(current(), False)
    bound = bind(columns, [column.label for column in columns])
    return bound, [typed.get(column.key, "") for column in columns]


def _by_key(bound: BoundColumns, errors: Sequence[CellError]) -> list[tuple[str, str]]:
    keys = {column.label: column.key for column in bound.columns}
    return [(keys.get(one.column, ""), one.message) for one in errors]


# By the topics of the help desk.
KINDS: Mapping[str, UploadKind] = {
    "onboarding": UploadKind(
        definition=USERS,
        template_name=USERS_NAME,
        template_endpoint="onboarding.template",
        may_correct="accounts.manage",
        take_in=take_in_user,
        check=check_user,
    ),
    "recipient_upload": UploadKind(
        definition=RECIPIENTS,
        template_name=RECIPIENTS_NAME,
        template_endpoint="onboarding.recipient_template",
        may_correct="recipients.handle",
        take_in=take_in_recipient,
        check=check_recipient,
        at_location=True,
    ),
}
