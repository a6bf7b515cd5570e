"""The imports of users and of recipients (SPEC H4 to H6, F3)."""

from collections.abc import Mapping

from sqlalchemy import select

from blueprints.onboarding import telling
from blueprints.onboarding.intake import UserFile
from blueprints.onboarding.recipient_intake import RecipientFile
from blueprints.onboarding.recipient_sheets import INSTRUCTIONS as RECIPIENT_INSTRUCTIONS
from blueprints.onboarding.recipient_sheets import columns as recipient_columns
from blueprints.onboarding.sheets import COLUMNS, INSTRUCTIONS, PREAMBLE
from portal.access.scope import Scope
from portal.db import session
from portal.i18n import _l
from portal.imports.definition import ImportDefinition, RecordLink
from portal.people.models import User


def users_of(_scope: Scope, ids: set[int]) -> Mapping[int, RecordLink]:
    """The names of users that rows led to; their pages are the locations' business."""
    found = session().scalars(select(User).where(User.id.in_(ids)))
    return {user.id: RecordLink(user.username, "") for user in found}


def recipients_of(_scope: Scope, _ids: set[int]) -> Mapping[int, RecordLink]:
    """None: recipients are seen at their location."""
    return {}


USERS = ImportDefinition(
    name="onboarding_users",
    title=_l("HCP User Onboarding"),
    choose=_l("Choose an HCP User Onboarding Template (.xlsx)."),
    capability="onboarding.process",
    columns=lambda _settings, _epoch_1904: COLUMNS,
    begin=UserFile,
    record_label=_l("NCID Username"),
    link=users_of,
    kinds=("added", "removed", "unchanged", "failed"),
    preamble=PREAMBLE,
    instructions=INSTRUCTIONS,
    finished=telling.wake_teller,
    subject="onboarding_run",
)

RECIPIENTS = ImportDefinition(
    name="onboarding_recipients",
    title=_l("Recipient Bulk Upload"),
    choose=_l("Choose a Recipient Bulk Upload Template (.xlsx)."),
    capability="onboarding.process",
    columns=lambda _settings, _epoch_1904: recipient_columns(),
    begin=RecipientFile,
    record_label=_l("Recipient"),
    link=recipients_of,
    kinds=("added", "unchanged", "undecided", "failed"),
    preamble=PREAMBLE,
    instructions=RECIPIENT_INSTRUCTIONS,
    finished=telling.wake_teller,
    subject="onboarding_run",
)
