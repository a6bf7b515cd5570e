"""Decisions about one line of an onboarding file, over plain values (SPEC H5, H6)."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple

from portal.access.profiles import Profile
from portal.errors import PortalError
from portal.i18n import _
from portal.normal_form import normalize

Step = Literal["new", "add", "remove", "unchanged"]


class Wrong(PortalError):
    """What is wrong with a line; `field` is the key of its column. `verdict` has the account whose
    username was found all the same, by name and e-mail."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message, field=field)
        self.verdict: RowVerdict | None = None


@dataclass(frozen=True, kw_only=True)
class UserRow:
    """A line of the file whose cells can be read. `profile` may be missing in one that removes."""

    number: int
    first_name: str
    last_name: str
    username: str
    email: str
    profile: Profile | None
    remove: bool
    location_id: int


@dataclass(frozen=True, kw_only=True)
class Account:
    """An account as far as a line is compared with it. `profile` is that at locations, of who has
    one: a file never speaks of the profile of programme staff."""

    id: int
    username: str
    first_name: str
    last_name: str
    email: str
    profile: Profile
    active: bool
    location_ids: frozenset[int]


class RowVerdict(NamedTuple):
    """What a line asks for, of which account; `corrected` if that was found by name and e-mail."""

    step: Step
    account: Account | None
    corrected: bool = False


def fold(text: str) -> str:
    """A name reduced to its letters and digits, for comparing."""
    return "".join(filter(str.isalnum, normalize("NFKD", text))).casefold()


def same_name(one: UserRow | Account, other: UserRow | Account) -> bool:
    """Whether two people have one name: case, accents and punctuation aside."""
    return (fold(one.first_name), fold(one.last_name)) == (
        fold(other.first_name),
        fold(other.last_name),
    )


def judge(row: UserRow, named: Account | None, mailed: Account | None) -> RowVerdict:
    """What the line asks for. `named` is the account with its username, `mailed` the one with its
    e-mail address. Raises `Wrong`; nothing is guessed but a username, by name and e-mail."""
    account, corrected = (_to_remove if row.remove else _to_add)(row, named, mailed)
    if account is None:
        return RowVerdict("new", None)
    try:
        return _of_account(row, account, corrected)
    except Wrong as wrong:
        if corrected:
            wrong.verdict = RowVerdict("unchanged", account, corrected)
        raise


def _of_account(row: UserRow, account: Account, corrected: bool) -> RowVerdict:
    if account.profile.is_staff:
        raise Wrong("username", _taken())
    if account.profile is Profile.REQUESTER:
        if row.remove:
            raise Wrong("username", _unknown())
        return RowVerdict("new", account)
    there = row.location_id in account.location_ids
    if row.remove:
        return RowVerdict("remove" if there else "unchanged", account, corrected)
    if not account.active:
        raise Wrong(
            "username",
            _("This account was deactivated. Ask the help desk to reactivate it, then send again."),
        )
    if account.profile is not row.profile:
        raise Wrong(
            "profile",
            _(
                "This person has the profile %(profile)s, and a user has the same profile at all "
                "locations. Select that profile, or ask the help desk to change it.",
                profile=account.profile.label,
            ),
        )
    return RowVerdict("unchanged" if there else "add", account, corrected)


Found = tuple[Account | None, bool]


def _to_add(row: UserRow, named: Account | None, mailed: Account | None) -> Found:
    if named is not None and mailed is not None and named.id == mailed.id:
        if not same_name(row, named):
            field = "last_name" if fold(row.last_name) != fold(named.last_name) else "first_name"
            raise Wrong(
                field,
                _(
                    "This username and e-mail address are registered under another name. Enter "
                    "the name of the NCID registration."
                ),
            )
        return named, False
    if mailed is not None:
        namesake = named is not None and same_name(row, named)
        if same_name(row, mailed) and mailed.profile is Profile.REQUESTER and named is None:
            return mailed, False
        if same_name(row, mailed) and not namesake:
            return mailed, True
        raise Wrong("email", duplicate_email())
    if named is not None and same_name(row, named):
        raise Wrong(
            "email",
            _(
                "The account with this username has a different e-mail address. Enter that one, or "
                "ask the help desk to change it."
            ),
        )
    if named is not None:
        raise Wrong("username", _taken())
    return None, False


def _to_remove(row: UserRow, named: Account | None, mailed: Account | None) -> Found:
    """The username decides, if the name fits: the e-mail address may be that of another username
    of the same person."""
    if named is not None and same_name(row, named):
        return named, False
    if mailed is not None and same_name(row, mailed):
        return mailed, True
    raise Wrong("username", _taken() if named is not None else _unknown())


def _taken() -> str:
    return _(
        "This username belongs to someone else. Check it with the person, and enter the username "
        "of the NCID registration."
    )


def _unknown() -> str:
    return _("No user has this username. Check it with the person.")


def duplicate_email() -> str:
    """What is said of an address that is somebody else's."""
    return _(
        "This e-mail address belongs to another person. An e-mail address can be used by one "
        "person only. Enter the person's own."
    )


def profile_missing() -> str:
    """What is said of a line that adds somebody without a profile."""
    return _("Profile is blank. Select one from the list.")


def why_corrected() -> str:
    """What is said of a username that the portal put right."""
    return _(
        "This username was found by name and e-mail address. Tell the person: it is needed to sign "
        "in."
    )


def check_limit(location_id: int, limit: Collection[int] | None) -> None:
    """Raise `Wrong` for a location that is not the sender's; without a limit all are."""
    if limit is not None and location_id not in limit:
        raise Wrong(
            "location",
            _(
                "The sender of this file does not work at this location. Ask the manager of the "
                "location to send it."
            ),
        )


class NamedSite(NamedTuple):
    """A location as far as a line names it."""

    id: int
    name: str
    city: str
    zip_code: str


class Sites:
    """The locations, found by what a line says of one."""

    def __init__(self, sites: Iterable[NamedSite]) -> None:
        self._named: dict[str, list[NamedSite]] = {}
        for site in sites:
            self._named.setdefault(fold(site.name), []).append(site)

    def find(self, name: str, *, city: str, zip_code: str) -> int:
        """The id of the location of that name; the city may be part of the name. Raises `Wrong` for
        none, and for one that is in another city and ZIP code."""
        found = self._named.get(fold(name)) or self._named.get(fold(f"{name} {city}"))
        if not found:
            raise Wrong(
                "location",
                _("No location has this name. Enter the name of the provider enrollment."),
            )
        near = [site for site in found if _may_be_at(site, city, zip_code)]
        if not near:
            raise Wrong(
                "location",
                _(
                    "The location of this name is in another city and ZIP code. Check name and "
                    "address."
                ),
            )
        return near[0].id


def _may_be_at(site: NamedSite, city: str, zip_code: str) -> bool:
    """Whether city or ZIP code are those of the location, as far as it has any."""
    cities = {fold(site.city), fold(city)}
    codes = {site.zip_code[:5], zip_code[:5]}
    known = [each for each in (cities, codes) if "" not in each]
    return not known or any(len(each) == 1 for each in known)


class Earlier:
    """What earlier lines of a file say, which later ones must not contradict."""

    def __init__(self, row_name: Callable[[int], str] = str) -> None:
        self._row_name = row_name
        self._users: dict[str, UserRow] = {}
        self._emails: dict[str, UserRow] = {}
        self._steps: dict[tuple[str, int], UserRow] = {}

    def check(self, row: UserRow) -> None:
        """Raise `Wrong` if an earlier line says something else of the same person."""
        step = self._steps.setdefault((row.username, row.location_id), row)
        if step.remove != row.remove:
            raise Wrong(
                "action",
                _(
                    "Row %(row)s asks for the opposite at the same location. Keep the row that "
                    "is right.",
                    row=self._row_name(step.number),
                ),
            )
        if row.remove:
            return
        first = self._users.setdefault(row.username, row)
        if first.profile is not row.profile:
            raise Wrong(
                "profile",
                _(
                    "Row %(row)s has a different profile for this username. A user has the same "
                    "profile at all locations.",
                    row=self._row_name(first.number),
                ),
            )
        if not same_name(first, row):
            raise Wrong(
                "username",
                _(
                    "Row %(row)s has this username for a different name. Each person has a "
                    "username of their own.",
                    row=self._row_name(first.number),
                ),
            )
        if first.email != row.email:
            raise Wrong(
                "email",
                _(
                    "Row %(row)s has a different e-mail address for this username. Enter the same "
                    "in all rows.",
                    row=self._row_name(first.number),
                ),
            )
        other = self._emails.setdefault(row.email, row)
        if other.username != row.username:
            if same_name(other, row):
                raise Wrong(
                    "username",
                    _(
                        "Row %(row)s has a different username for this person. Enter the same in "
                        "all rows.",
                        row=self._row_name(other.number),
                    ),
                )
            raise Wrong("email", duplicate_email())
