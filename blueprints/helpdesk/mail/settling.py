"""What staff do with e-mails that belong to no case."""

from blueprints.helpdesk import services
from blueprints.helpdesk.models import CaseMail
from blueprints.helpdesk.rules import LONGEST_TEXT, MailOutcome
from portal.access.scope import Scope
from portal.audit.services import record
from portal.clock import now
from portal.db import session
from portal.errors import Conflict, NotFound
from portal.i18n import _

OPEN = (MailOutcome.UNMATCHED, MailOutcome.ASIDE)


def get_mail(scope: Scope, mail_id: int, *, locked: bool = False) -> CaseMail:
    """An e-mail that arrived. Raises `NotFound`."""
    scope.require("helpdesk.work")
    mail = session().get(
        CaseMail, mail_id, with_for_update=locked or None, populate_existing=locked
    )
    if mail is None:
        raise NotFound
    return mail


def may_settle(mail: CaseMail) -> bool:
    """Whether somebody still has to look at it."""
    return mail.outcome in OPEN and mail.settled_at is None


def add_to_case(scope: Scope, mail_id: int, case_id: int) -> None:
    """Put what an e-mail says into a case, as a note for staff alone: nobody has proved who wrote
    it. Raises `NotFound` and `Conflict`."""
    mail = _open(scope, mail_id)
    if not mail.text:
        raise Conflict(_("This e-mail has no text that could be added. Nothing was changed."))
    head = _("E-mail from %(sender)s: %(subject)s", sender=mail.sender, subject=mail.subject)
    text = f"{head}\n\n{mail.text}"[:LONGEST_TEXT]
    entry = services.note(scope, case_id, text)
    mail.case_id = entry.case_id
    _settle(scope, mail)


def settle(scope: Scope, mail_id: int) -> None:
    """Take an e-mail from the list; what it says is deleted here. Raises `Conflict`."""
    _settle(scope, _open(scope, mail_id))


def _open(scope: Scope, mail_id: int) -> CaseMail:
    mail = get_mail(scope, mail_id, locked=True)
    if not may_settle(mail):
        raise Conflict(_("Someone else has settled this e-mail. Nothing was changed."))
    return mail


def _settle(scope: Scope, mail: CaseMail) -> None:
    mail.settled_at, mail.settled_by_id, mail.text = now(), scope.user.id, ""
    record(
        scope.user,
        "case_mail.settled",
        subject="mail",
        subject_id=mail.id,
        location_id=None,
        after={"case_id": mail.case_id},
    )
