"""What `portal check` proves of the help desk."""

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import func, select

from blueprints.helpdesk.hours import read_week
from blueprints.helpdesk.models import (
    Case,
    CaseEntry,
    CaseFile,
    CaseMail,
    CaseMailbox,
    number_of,
)
from blueprints.helpdesk.rules import MailOutcome
from blueprints.helpdesk.settings import HelpDeskSettings
from blueprints.helpdesk.topics import groups
from portal.clock import now
from portal.db import session
from portal.mailboxes import mailbox
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


FAILS_FOR = timedelta(minutes=30)


def mails() -> Iterator[str]:
    """A mailbox that cannot be read, settings that cannot work, and e-mails that were set aside."""
    own = of_module(HelpDeskSettings)
    if own.mail_address:
        try:
            mailbox(own.mail_address)
        except ValueError:
            yield "[modules.helpdesk] mail_address is not an e-mail address."
        if bool(own.imap_host) == bool(own.mail_folder):
            yield "[modules.helpdesk] mail_address needs either imap_host or mail_folder."
    row = session().scalar(select(CaseMailbox).limit(1))
    if row is not None and row.failing_since and row.failing_since < now() - FAILS_FOR:
        yield f"The mailbox of the help desk cannot be read: {row.last_error}"
    aside = (
        select(func.count())
        .select_from(CaseMail)
        .where(CaseMail.outcome == MailOutcome.ASIDE, CaseMail.settled_at.is_(None))
    )
    if count := session().scalar(aside):
        yield f"E-mails that could not be read, and wait in the list E-mails: {count}."
