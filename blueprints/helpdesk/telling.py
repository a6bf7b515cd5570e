"""Who is mailed what about a case. Requesters are told every public step, each once; staff that
something is to be done, never what an internal note says."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import select

from blueprints.helpdesk.mail.addresses import address_of
from blueprints.helpdesk.models import Case, CaseEntry, CaseProposal
from blueprints.helpdesk.queries import watchers_of
from blueprints.helpdesk.rules import CaseState, EntryKind
from blueprints.helpdesk.settings import HelpDeskSettings
from portal import messages
from portal.db import session
from portal.messages.models import Message
from portal.people.models import User
from portal.people.queries import list_managers
from portal.settings import of_module

OPENED = "case_opened"
NEWS = "case_news"
RESOLVED = "case_resolved"
FOR_STAFF = "case_for_staff"
BREACH = "case_breach"
CLOSED = "case_closed"
DECIDE = "case_decide"
# So many Message-IDs an e-mail names: the References of a long thread are cut in the middle.
MOST_ANSWERED = 10


def about(case_id: int) -> str:
    """What the messages of a case are about."""
    return f"case:{case_id}"


def tell_opened(case: Case) -> None:
    """Mail the requester the number of the case, and a link to it."""
    _to(_requester(case), OPENED, case, once=f"opened:{case.id}", more={"subject": case.subject})


def tell_entry(case: Case, entry: CaseEntry) -> None:
    """Mail what was said or done to everybody it concerns but its author. The requester gets the
    words of what is public; staff a link."""
    if entry.kind != EntryKind.INTERNAL and entry.author_id != case.requester_id:
        kind = RESOLVED if _is_solution(case, entry) else NEWS
        _to(
            _requester(case),
            kind,
            case,
            once=f"entry:{entry.id}",
            more={"subject": case.subject, "text": entry.text, "by_portal": not entry.author_id},
        )
    tell_staff(
        case,
        what="note" if entry.kind == EntryKind.INTERNAL else "entry",
        once=f"entry:{entry.id}",
        but=entry.author_id,
    )


def _is_solution(case: Case, entry: CaseEntry) -> bool:
    return case.state == CaseState.RESOLVED and entry.text == case.resolution


def tell_closed(case: Case, user: User, *, once: str) -> None:
    """Mail somebody that the case they answered is closed, and what to do; once for each `once`."""
    _to(user, CLOSED, case, once=f"closed:{case.id}:{once}", more={})


def tell_staff(case: Case, *, what: str, once: str, but: int | None = None) -> None:
    """Mail who works on the case, and who watches it, that there is something new."""
    people = {user.id: user for user in watchers_of(case.id)}
    if case.assigned_to_id is not None:
        people[case.assigned_to_id] = session().get_one(User, case.assigned_to_id)
    news = {"what": what, "public_answers": of_module(HelpDeskSettings).agents_answer_by_mail}
    for user in people.values():
        if user.id not in {but, case.requester_id} and user.held_profile.is_staff:
            _to(user, FOR_STAFF, case, once=f"{once}:{user.id}", more=news)


def tell_deciders(case: Case, proposal: CaseProposal) -> None:
    """Mail the managers of the record's location that they may confirm what was proposed; the
    requester is told as of everything else."""
    if proposal.location_id is None:
        return
    for user in list_managers(proposal.location_id):
        if user.id not in {case.requester_id, proposal.proposed_by_id}:
            more = {"proposal_id": proposal.id}
            _to(user, DECIDE, case, once=f"proposal:{proposal.id}", more=more, answered=False)


def drop_waiting(case: Case) -> None:
    """Send nobody any more that something of the case waits for a decision."""
    messages.cancel_about(about(case.id), reason="decided already", kinds=[DECIDE])


def tell_breach(case: Case, people: Iterable[User], *, clock: str) -> None:
    """Mail staff that the time for the first answer (`answer`) or the solution is over."""
    for user in people:
        more = {"clock": clock, "queue": case.queue}
        _to(user, BREACH, case, once=f"breach:{clock}:{case.id}:{user.id}", more=more)


def _requester(case: Case) -> User:
    return session().scalars(select(User).where(User.id == case.requester_id)).one()


def _thread(case: Case, user: User) -> tuple[str, ...]:
    """The Message-IDs of what was mailed between the portal and the user about the case: the first,
    and the newest."""
    ours = (
        select(Message.message_id, Message.created_at)
        .where(
            Message.about == about(case.id), Message.user_id == user.id, Message.channel == "email"
        )
        .order_by(Message.id.desc())
    )
    theirs = (
        select(CaseEntry.mail_id, CaseEntry.at)
        .where(
            CaseEntry.case_id == case.id,
            CaseEntry.author_id == user.id,
            CaseEntry.mail_id.is_not(None),
        )
        .order_by(CaseEntry.id.desc())
    )
    rows = [row for query in (ours, theirs) for row in session().execute(query)]
    known = [str(name) for name, _at in sorted(rows, key=lambda row: row[1])]
    return tuple(known if len(known) <= MOST_ANSWERED else [known[0], *known[1 - MOST_ANSWERED :]])


def _to(
    user: User,
    kind: str,
    case: Case,
    *,
    once: str,
    more: Mapping[str, Any],
    answered: bool = True,
) -> None:
    if not user.active:
        return
    reply_to = address_of(case.token) if answered else ""
    context = {"number": case.number, "case_id": case.id, "name": user.full_name, **more}
    messages.queue(
        kind,
        user.email,
        context={**context, "by_mail": bool(reply_to)},
        user_id=user.id,
        location_id=case.location_id,
        about=about(case.id),
        reply_to=reply_to,
        answers=_thread(case, user),
        once=f"case:{once}:{user.id}",
    )
