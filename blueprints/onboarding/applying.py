"""Carrying out what the lines of a file ask for, person by person, within the running unit of work.

Adds come before removes, so that who moves keeps the access, and a location its manager.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from sqlalchemy import func, or_, select

from blueprints.onboarding import rules
from blueprints.onboarding.rules import Account, RowVerdict, UserRow, Wrong
from portal.access.profiles import Profile
from portal.access.scope import Actor
from portal.accounts import services as accounts
from portal.accounts.many import add_new_users
from portal.accounts.new_users import NewUser
from portal.db import session
from portal.errors import PortalError
from portal.people.models import User, UserLocation
from portal.people.rules import Giver

# Where a refusal of the accounts belongs in the file.
_COLUMNS = {
    "username": "username",
    "email": "email",
    "profile": "profile",
    "first_name": "first_name",
    "last_name": "last_name",
    "locations": "location",
}
Became = Literal["added", "removed", "unchanged", "failed"]


@dataclass(frozen=True, kw_only=True)
class Applied:
    """What became of a line: `username` is the right one if it was corrected."""

    number: int
    became: Became
    user_id: int = 0
    username: str = ""
    wrong: Wrong | None = None


def giver_for(limit: Collection[int] | None) -> Giver:
    """What a file may give: rights at all locations, or at those of its `limit`."""
    return Giver(
        profile=Profile.MANAGER,
        location_ids=frozenset(limit or ()),
        everywhere=limit is None,
    )


@dataclass
class _Adding:
    """Lines that give one person access: a new one, or the account `user_id`."""

    user_id: int | None
    lines: list[tuple[UserRow, bool]] = field(default_factory=list)

    @property
    def location_ids(self) -> frozenset[int]:
        return frozenset(row.location_id for row, _corrected in self.lines)


def _new_user(adding: _Adding) -> NewUser:
    first = adding.lines[0][0]
    assert first.profile is not None
    return NewUser(
        username=first.username,
        first_name=first.first_name,
        last_name=first.last_name,
        email=first.email,
        profile=first.profile,
        location_ids=adding.location_ids,
    )


class _Accounts:
    """The accounts that some lines speak of, as they are at every moment of the work."""

    def __init__(self, rows: Sequence[UserRow]) -> None:
        self._named: dict[str, Account] = {}
        self._mailed: dict[str, Account] = {}
        self.look({row.username for row in rows}, {row.email for row in rows})

    def look(self, usernames: Iterable[str], emails: Iterable[str]) -> None:
        """Read these accounts again."""
        users = session().execute(
            select(
                User.id,
                User.username,
                User.first_name,
                User.last_name,
                User.email,
                func.coalesce(User.location_profile, User.profile).label("profile"),
                User.active,
            ).where(or_(User.username.in_(usernames), User.email.in_(emails)))
        )
        found = {user.id: user for user in users}
        places: dict[int, set[int]] = {}
        for user_id, location_id in session().execute(
            select(UserLocation.user_id, UserLocation.location_id).where(
                UserLocation.user_id.in_(found)
            )
        ):
            places.setdefault(user_id, set()).add(location_id)
        for user in found.values():
            self._put(
                Account(
                    id=user.id,
                    username=user.username,
                    first_name=user.first_name,
                    last_name=user.last_name,
                    email=user.email,
                    profile=Profile(user.profile),
                    active=user.active,
                    location_ids=frozenset(places.get(user.id, ())),
                )
            )

    def _put(self, account: Account) -> None:
        self._named[account.username] = account
        self._mailed[account.email] = account

    def judge(self, row: UserRow) -> RowVerdict:
        return rules.judge(row, self._named.get(row.username), self._mailed.get(row.email))

    def changed(self, account: Account, location_ids: frozenset[int]) -> None:
        self._put(replace(account, location_ids=location_ids))


def apply(actor: Actor | None, giver: Giver, rows: Sequence[UserRow]) -> list[Applied]:
    """Do what the lines ask for; what became of each. A line that is refused changes nothing."""
    work = _Work(actor, giver, rows)
    work.add([row for row in rows if not row.remove])
    work.remove([row for row in rows if row.remove])
    return work.done


def corrected(rows: Sequence[UserRow]) -> dict[int, str]:
    """The right usernames of those lines, by number, whose person is found by name and e-mail."""
    if not rows:
        return {}
    known, found = _Accounts(rows), {}
    for row in rows:
        try:
            verdict = known.judge(row)
        except Wrong as wrong:
            verdict = wrong.verdict or RowVerdict("unchanged", None)
        if verdict.corrected and verdict.account is not None:
            found[row.number] = verdict.account.username
    return found


class _Work:
    """The lines of one batch, being carried out."""

    def __init__(self, actor: Actor | None, giver: Giver, rows: Sequence[UserRow]) -> None:
        self.actor = actor
        self.giver = giver
        self.known = _Accounts(rows)
        self.done: list[Applied] = []

    def add(self, rows: Sequence[UserRow]) -> None:
        """Give access: all lines of a person at once, so that each gets one mail."""
        people: dict[str, _Adding] = {}
        for row in rows:
            verdict = self._judged(row)
            if verdict is None:
                continue
            if verdict.step == "new":
                adding = people.setdefault(f"new:{row.username}", _Adding(None))
            else:
                assert verdict.account is not None
                adding = people.setdefault(
                    f"known:{verdict.account.id}", _Adding(verdict.account.id)
                )
            adding.lines.append((row, verdict.corrected))
        added = self._add_together(list(people.values()))
        for adding in people.values():
            first = adding.lines[0][0]
            if adding.user_id is None and first.username in added:
                self._added(adding, added[first.username])
            else:
                self._carry_out(adding)
        self.known.look(list(added), [])

    def _add_together(self, people: Sequence[_Adding]) -> dict[str, User]:
        """Add those who are plainly new."""
        new = [_new_user(adding) for adding in people if adding.user_id is None]
        try:
            with session().begin_nested():
                return add_new_users(self.actor, self.giver, new)
        except PortalError:
            return {}  # one by one it is found out whose line is wrong

    def _judged(self, row: UserRow) -> RowVerdict | None:
        """What the line asks for, unless it is wrong or there is nothing to do."""
        try:
            verdict = self.known.judge(row)
        except Wrong as wrong:
            self._refused(row, wrong)
            return None
        if verdict.step == "unchanged" and verdict.account is not None:
            self._note(row, "unchanged", verdict.account.id, verdict)
            return None
        return verdict

    def _carry_out(self, adding: _Adding) -> None:
        rows = [row for row, _corrected in adding.lines]
        try:
            with session().begin_nested():
                user = self._add_one(adding)
        except PortalError as refusal:
            for row in rows:
                self._refused(row, in_file(refusal))
            return
        self._added(adding, user)
        self.known.look([user.username], [user.email])

    def _added(self, adding: _Adding, user: User) -> None:
        for row, was_corrected in adding.lines:
            self.done.append(
                Applied(
                    number=row.number,
                    became="added",
                    user_id=user.id,
                    username=user.username if was_corrected else "",
                )
            )

    def _add_one(self, adding: _Adding) -> User:
        if adding.user_id is None:
            return accounts.add_user(self.actor, self.giver, _new_user(adding)).user
        user = accounts.load_for_change(adding.user_id)
        accounts.add_locations(self.actor, self.giver, user, adding.location_ids)
        return user

    def remove(self, rows: Sequence[UserRow]) -> None:
        """Take access away, line by line."""
        for row in rows:
            verdict = self._judged(row)
            if verdict is None or verdict.account is None:
                continue
            gone = frozenset({row.location_id})
            try:
                with session().begin_nested():
                    user = accounts.load_for_change(verdict.account.id)
                    accounts.remove_locations(self.actor, self.giver, user, gone)
            except PortalError as refusal:
                self._refused(row, in_file(refusal))
                continue
            self.known.changed(verdict.account, verdict.account.location_ids - gone)
            self._note(row, "removed", verdict.account.id, verdict)

    def _note(self, row: UserRow, became: Became, user_id: int, verdict: RowVerdict) -> None:
        right = verdict.account.username if verdict.corrected and verdict.account else ""
        self.done.append(Applied(number=row.number, became=became, user_id=user_id, username=right))

    def _refused(self, row: UserRow, wrong: Wrong) -> None:
        verdict = wrong.verdict
        right = verdict.account.username if verdict and verdict.account else ""
        self.done.append(Applied(number=row.number, became="failed", wrong=wrong, username=right))


def in_file(refusal: PortalError) -> Wrong:
    """A refusal of the accounts, at the column it is about."""
    if isinstance(refusal, Wrong):
        return refusal
    return Wrong(_COLUMNS.get(refusal.field or "", "location"), refusal.message)
