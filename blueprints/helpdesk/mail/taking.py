"""Taking one e-mail in: once, whoever else takes it in and whenever a process dies."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.exc import InterfaceError, OperationalError

from blueprints.helpdesk import services, telling
from blueprints.helpdesk.entries import ByMail, add_entry
from blueprints.helpdesk.mail import enclosures
from blueprints.helpdesk.mail.addresses import is_ours
from blueprints.helpdesk.mail.bounds import NotTakenApart
from blueprints.helpdesk.mail.enclosures import Enclosures
from blueprints.helpdesk.mail.matching import Match, find_case, find_match
from blueprints.helpdesk.mail.reading import Letter, digest_of, read_letter
from blueprints.helpdesk.models import Case, CaseEntry, CaseMail
from blueprints.helpdesk.queries import lock_any, number_of_files
from blueprints.helpdesk.rules import (
    LONGEST_TEXT,
    MOST_FILES_A_CASE,
    CaseState,
    EntryKind,
    MailOutcome,
)
from blueprints.helpdesk.scanning import NotScanned
from blueprints.helpdesk.settings import HelpDeskSettings
from portal import throttle
from portal.access.scope import Scope
from portal.access.through import Through, acting
from portal.clock import now
from portal.db import insert, session, unit_of_work
from portal.errors import where
from portal.i18n import _
from portal.module import current
from portal.people.models import User
from portal.people.queries import actor_of
from portal.settings import of_module

AN_HOUR, A_DAY = timedelta(hours=1), timedelta(days=1)
OF_A_CASE = ((20, AN_HOUR), (60, A_DAY))
OF_A_SENDER = ((30, AN_HOUR), (100, A_DAY))
ONE_A_DAY = ((1, A_DAY),)


def take_in(raw: bytes) -> MailOutcome:
    """Let an e-mail join its case, or note why not; says what became of it, now or before.

    Opens its own units of work. Raises what the database raises when it cannot be used, and
    `NotScanned`; whatever else goes wrong is the fault of this e-mail, which is set aside.
    """
    try:
        letter = read_letter(raw)
    except NotTakenApart as error:
        return set_aside(digest_of(raw), str(error))
    try:
        with acting(Through.MAIL):
            return _take(letter)
    except (OperationalError, InterfaceError, OSError, NotScanned):
        raise
    except Exception as error:
        reason = _("It cannot be taken in (%(error)s).", error=where(error))
        return set_aside(letter.digest, reason)


def set_aside(digest: str, reason: str) -> MailOutcome:
    """Note an e-mail that cannot be read; nothing of what it says."""
    with unit_of_work():
        mail = _first(digest, "")
        if mail is None:
            return _outcome_of(digest)
        mail.outcome, mail.reason = MailOutcome.ASIDE, reason[:300]
    return MailOutcome.ASIDE


def _take(letter: Letter) -> MailOutcome:
    with unit_of_work(write=False):
        known = session().scalar(select(CaseMail.id).where(CaseMail.digest == letter.digest))
        if known is not None:
            return _outcome_of(letter.digest)
        wanted = not letter.automatic and find_match(letter, find_case(letter)) is not None
    files = enclosures.put_down(letter) if wanted else Enclosures()
    try:
        with unit_of_work():
            mail = _first(letter.digest, letter.message_id)
            if mail is None:
                return _outcome_of(letter.digest)
            _judge(letter, mail, files)
            outcome = MailOutcome(mail.outcome)
        files.kept = outcome is MailOutcome.JOINED
        return outcome
    finally:
        files.tidy()


def _first(digest: str, message_id: str) -> CaseMail | None:
    """The row of an e-mail that nobody has taken in; None if somebody has."""
    values = {
        "digest": digest,
        "message_id": message_id,
        "outcome": MailOutcome.UNMATCHED,
        "reason": "",
        "sender": "",
        "subject": "",
        "text": "",
        "at": now(),
    }
    made = session().scalar(
        insert(CaseMail)
        .values(values)
        .on_conflict_do_nothing(index_elements=["digest"])
        .returning(CaseMail.id)
    )
    return session().get(CaseMail, made) if made is not None else None


def _outcome_of(digest: str) -> MailOutcome:
    query = select(CaseMail.outcome).where(CaseMail.digest == digest)
    return MailOutcome(session().scalars(query).one())


def _judge(letter: Letter, mail: CaseMail, files: Enclosures) -> None:
    """Decide within the unit of work that noted the e-mail, and do it."""
    case = find_case(letter)
    match = find_match(letter, case)
    mail.sender, mail.subject = letter.sender, letter.subject
    if letter.automatic or is_ours(letter.sender):
        mail.outcome = MailOutcome.AUTOMATIC
        mail.reason = letter.automatic or "own"
        mail.case_id = case.id if case else None
        if match is not None:
            _note_automatic(match.case)
        return
    mail.text = letter.text[:LONGEST_TEXT]
    if match is None:
        mail.reason = "not_theirs" if case else "no_case"
        mail.case_id = case.id if case else None
        return
    mail.case_id = match.case.id
    if _too_many(match):
        mail.reason = "too_many"
        return
    locked = lock_any(match.case.id)
    if locked.state == CaseState.CLOSED:
        mail.reason = "closed"
        day = now().date().isoformat()
        telling.tell_closed(locked, match.user, once=f"{match.user.id}:{day}")
        return
    _join(letter, match, files)
    mail.outcome, mail.reason = MailOutcome.JOINED, ""
    # What was said is in the case, and nowhere else.
    mail.sender = mail.subject = mail.text = ""


def _too_many(match: Match) -> bool:
    return bool(
        throttle.take("case_mail", f"case:{match.case.id}", OF_A_CASE)
        or throttle.take("case_mail", f"user:{match.user.id}", OF_A_SENDER)
    )


def _note_automatic(case: Case) -> None:
    if throttle.take("case_mail_auto", str(case.id), ONE_A_DAY):
        return
    said = _("An automatic e-mail arrived for this case. It was not added.")
    add_entry(lock_any(case.id), EntryKind.EVENT, said, author=None, tell=False)


def _join(letter: Letter, match: Match, files: Enclosures) -> None:
    """Add what was said as its sender would have on the page of the case. What staff say is for
    staff alone, unless the settings trust an address in an e-mail that far."""
    case = match.case
    asked_as = case.requester_profile if match.by_requester else ""
    scope = scope_of(match.user, asked_as or match.user.profile)
    kept = files.keep(MOST_FILES_A_CASE - number_of_files(case.id))
    text = _text(letter, [file.name for file in kept])
    mail = ByMail(_unused(letter.message_id), letter.quoted[:LONGEST_TEXT])
    if match.by_requester or of_module(HelpDeskSettings).agents_answer_by_mail:
        services.comment(scope, case.id, text, files=kept, mail=mail)
    else:
        services.note(scope, case.id, text, files=kept, mail=mail)
    if missing := files.sentence():
        kind = EntryKind.EVENT if match.by_requester else EntryKind.INTERNAL
        add_entry(lock_any(case.id), kind, missing, author=None)


def _text(letter: Letter, names: Sequence[str]) -> str:
    if not letter.text:
        if names:
            return _("Attached: %(names)s", names=", ".join(names))
        return _("The e-mail has no text.")
    if len(letter.text) <= LONGEST_TEXT:
        return letter.text
    rest = _("The rest of this e-mail was left out: it was too long.")
    return f"{letter.text[: LONGEST_TEXT - len(rest) - 2].rstrip()}\n\n{rest}"


def _unused(message_id: str) -> str:
    """The Message-ID, unless some program gave it to two different e-mails."""
    known = select(CaseEntry.id).where(CaseEntry.mail_id == message_id).limit(1)
    return "" if session().scalar(known) is not None else message_id


def scope_of(user: User, profile: str) -> Scope:
    """What the user may do in `profile`, at no location. Who no longer holds it acts in the one of
    the account."""
    held = next((each for each in user.profiles if each == profile), user.held_profile)
    return Scope(
        user=actor_of(user, held),
        location=None,
        locations=(),
        capabilities=current().capabilities_of(held),
    )
