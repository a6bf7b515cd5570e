"""What `portal check` proves of the help desk."""

from collections.abc import Iterator

from sqlalchemy import select

from blueprints.helpdesk.hours import read_week
from blueprints.helpdesk.models import Case, CaseEntry, CaseFile, number_of
from blueprints.helpdesk.settings import HelpDeskSettings
from blueprints.helpdesk.topics import groups
from portal.db import session
from portal.settings import of_module


def cases() -> Iterator[str]:
    """Cases without a first entry, files that hang on another case's entry, and data of the help
    desk that cannot be read."""
    told = select(CaseEntry.id).where(CaseEntry.case_id == Case.id)
    for number in session().scalars(select(Case.id).where(~told.exists()).order_by(Case.id)):
        yield f"Case {number_of(number)} has no entry."
    astray = (
        select(CaseFile.id)
        .join(CaseEntry, CaseEntry.id == CaseFile.entry_id)
        .where(CaseEntry.case_id != CaseFile.case_id)
    )
    for number in session().scalars(astray):
        yield f"File {number} of a case hangs on the entry of another case."
    try:
        read_week(of_module(HelpDeskSettings).hours)
    except ValueError as error:
        yield f"[modules.helpdesk] hours: {error}"
    keys = [topic.key for group in groups() for topic in group.topics]
    for key in sorted({key for key in keys if keys.count(key) > 1}):
        yield f"Two topics of the help desk have the key {key!r}."
