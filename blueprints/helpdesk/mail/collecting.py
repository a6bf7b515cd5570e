"""The job that reads the mailbox: one process at a time, each e-mail once."""

import secrets
from collections import Counter
from datetime import timedelta

from sqlalchemy import or_, update

from blueprints.helpdesk.mail import mailboxes
from blueprints.helpdesk.mail.addresses import is_set_up
from blueprints.helpdesk.mail.bounds import NotTakenApart
from blueprints.helpdesk.mail.mailboxes import Arrivals, MailboxUnusable
from blueprints.helpdesk.mail.reading import digest_of
from blueprints.helpdesk.mail.taking import set_aside, take_in
from blueprints.helpdesk.models import CaseMailbox
from blueprints.helpdesk.rules import MailOutcome
from blueprints.helpdesk.scanning import NotScanned
from blueprints.helpdesk.settings import HelpDeskSettings
from portal.clock import now
from portal.db import insert, session, unit_of_work
from portal.jobs import stopping
from portal.jobs.runner import JobFailed, process_name
from portal.settings import of_module

ONLY = 1
# Longer than a round takes; a round that is slower still takes nothing in twice.
LEASE = timedelta(minutes=10)
MOST_IN_A_ROUND = 100


def collect() -> str | None:
    """Take in what arrived by e-mail (a job); says in a line what came of it."""
    if not is_set_up():
        return None
    owner = f"{process_name()}:{secrets.token_hex(4)}"[:80]
    if not _lease(owner):
        return "another process reads the mailbox"
    counts: Counter[str] = Counter()
    try:
        with mailboxes.opened(of_module(HelpDeskSettings)) as mailbox:
            for name in mailbox.names()[:MOST_IN_A_ROUND]:
                if stopping():
                    break
                outcome = _collect_one(mailbox, name)
                if outcome is not None:
                    counts[outcome] += 1
    except MailboxUnusable as error:
        _release(owner, str(error))
        raise JobFailed(f"The mailbox of the help desk: {error}") from None
    except BaseException:
        _release(owner, None)
        raise
    _release(owner, "")
    return ", ".join(f"{count} {what}" for what, count in counts.items()) or None


def _collect_one(mailbox: Arrivals, name: str) -> MailOutcome | None:
    """Take one e-mail in and then delete it; dying between the two only deletes it later."""
    try:
        raw = mailbox.read(name)
    except NotTakenApart as error:
        # The number of an e-mail that was never fetched may be given again some day.
        known_as = f"{now().date()} {name}"
        outcome = set_aside(digest_of(known_as.encode("utf-8", "replace")), str(error))
    else:
        if raw is None:
            return None
        try:
            outcome = take_in(raw)
        except NotScanned:
            return None  # it waits
    if outcome in {MailOutcome.JOINED, MailOutcome.AUTOMATIC}:
        mailbox.delete(name)
    else:
        mailbox.flag(name)
    return outcome


def _lease(owner: str) -> bool:
    moment = now()
    with unit_of_work():
        first = {"id": ONLY, "lease_owner": "", "last_error": ""}
        session().execute(insert(CaseMailbox).values(first).on_conflict_do_nothing())
        free = or_(CaseMailbox.lease_until.is_(None), CaseMailbox.lease_until < moment)
        taken = session().execute(
            update(CaseMailbox)
            .where(CaseMailbox.id == ONLY, free)
            .values(lease_until=moment + LEASE, lease_owner=owner)
            .returning(CaseMailbox.id)
            .execution_options(synchronize_session=False)
        )
        return taken.first() is not None


def _release(owner: str, error: str | None) -> None:
    """Give the mailbox free. error: why it could not be read, empty if it could, None if nothing is
    known of that."""
    with unit_of_work():
        mailbox = session().get_one(CaseMailbox, ONLY, with_for_update=True)
        if error is not None:
            mailbox.failing_since = (mailbox.failing_since or now()) if error else None
            mailbox.last_error = error[:300]
        if mailbox.lease_owner == owner:
            mailbox.lease_until, mailbox.lease_owner = None, ""
