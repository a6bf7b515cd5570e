"""Which case an e-mail belongs to, and as whom its sender may speak there."""

from dataclasses import dataclass

from sqlalchemy import select

from blueprints.helpdesk.mail.addresses import token_of
from blueprints.helpdesk.mail.reading import Letter
from blueprints.helpdesk.models import Case
from blueprints.helpdesk.queries import watchers_of
from portal.db import session
from portal.messages.models import Message
from portal.people.models import User
from portal.people.queries import registered

LONGEST_CHAIN = 20


@dataclass(frozen=True)
class Match:
    """A case, and the user who writes: its requester, or staff who work on it."""

    case: Case
    user: User

    @property
    def by_requester(self) -> bool:
        """Whether it is the requester who writes."""
        return self.case.requester_id == self.user.id


def find_case(letter: Letter) -> Case | None:
    """The case whose token is in an address of the e-mail, else the one that it answers an e-mail
    of. For a merged case it is the one that it continues as."""
    token = token_of(letter.recipients)
    case = session().scalar(select(Case).where(Case.token == token)) if token else None
    if case is None:
        case = _answered(letter.answers)
    for _step in range(LONGEST_CHAIN):
        if case is None or case.merged_into_id is None:
            break
        case = session().get_one(Case, case.merged_into_id)
    return case


def _answered(message_ids: tuple[str, ...]) -> Case | None:
    if not message_ids:
        return None
    query = select(Message.message_id, Message.about).where(
        Message.message_id.in_(message_ids), Message.about.like("case:%")
    )
    known = {row.message_id: row.about for row in session().execute(query)}
    for message_id in message_ids:
        number = (known.get(message_id) or "").partition(":")[2]
        if number.isdecimal():
            return session().get(Case, int(number))
    return None


def find_match(letter: Letter, case: Case | None) -> Match | None:
    """The sender as somebody of the case. None for everybody else: to know an address of the case
    is not enough, since e-mails are forwarded."""
    if case is None or not letter.sender:
        return None
    user = session().scalar(
        select(User).where(User.email == letter.sender, User.active, registered())
    )
    if user is None:
        return None
    if user.id == case.requester_id:
        return Match(case, user)
    involved = {case.assigned_to_id, *(each.id for each in watchers_of(case.id))}
    return Match(case, user) if user.id in involved and user.held_profile.is_staff else None
