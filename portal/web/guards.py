"""Who may call a route. Every view carries exactly one of these marks; a house test walks the URL
map and fails on a view without one."""

from collections.abc import Callable
from typing import Any, TypeVar

View = TypeVar("View", bound=Callable[..., Any])

MARK = "__portal_access__"
PUBLIC = "public"
SIGNED_IN = "signed in"
REASON = "__portal_public_because__"
QUIET = "__portal_quiet__"
LINK = "__portal_link__"
VISITORS = "__portal_visitors__"
OF_VISITOR = "visitor: "
NO_DATABASE = "__portal_no_database__"
ANY_TIME = "__portal_any_time__"
WHILE_TYPING = "__portal_while_typing__"
IN_ANY_PROFILE = "__portal_in_any_profile__"
BEFORE_TRANSACTION = "__portal_before_transaction__"
REPEATABLE = "__portal_repeatable__"


def needs(capability: str) -> Callable[[View], View]:
    """Only for signed-in users whose profile holds `capability`."""

    def mark(view: View) -> View:
        setattr(view, MARK, capability)
        return view

    return mark


def signed_in(view: View) -> View:
    """For every signed-in user."""
    setattr(view, MARK, SIGNED_IN)
    return view


def public(reason: str) -> Callable[[View], View]:
    """For everybody; `reason` says why, and is printed by `portal routes`."""
    assert reason

    def mark(view: View) -> View:
        setattr(view, MARK, PUBLIC)
        setattr(view, REASON, reason)
        return view

    return mark


def visitor(kind: str) -> Callable[[View], View]:
    """Only for who holds a link to a record of this kind (`Module.visits`), signed in or not. The
    address has the argument `token`; `portal.web.visiting.visitor` says which record it is."""

    def mark(view: View) -> View:
        setattr(view, MARK, OF_VISITOR + kind)
        setattr(view, VISITORS, True)
        return view

    return mark


def for_visitors(reason: str) -> Callable[[View], View]:
    """As `public`, for a page of the public part of the portal: in the visitor's language, and
    closed with it."""

    def mark(view: View) -> View:
        setattr(view, VISITORS, True)
        return public(reason)(view)

    return mark


def by_link(view: View) -> View:
    """A view behind a signed link: whoever uses it acts through the link, signed in or not."""
    setattr(view, LINK, True)
    return view


def quiet(view: View) -> View:
    """A call a page makes by itself (polling): it does not keep the session alive."""
    setattr(view, QUIET, True)
    return view


def while_typing(view: View) -> View:
    """A call that a page makes by itself while somebody types: where it is refused because they are
    no longer signed in, the page stays as it is until they send the form."""
    setattr(view, WHILE_TYPING, True)
    return view


def even_before_password_change(view: View) -> View:
    """A view that a user with a temporary password may use before choosing a new one."""
    setattr(view, ANY_TIME, True)
    return view


def in_any_profile(view: View) -> View:
    """A view whose form means the same in whichever of two profiles its sender acts by then: to
    switch between them, or to change the own password."""
    setattr(view, IN_ANY_PROFILE, True)
    return view


def repeatable(view: View) -> View:
    """A view whose form may arrive twice: it does no more then, and no id of it is kept."""
    setattr(view, REPEATABLE, True)
    return view


def without_database(view: View) -> View:
    """A view that must answer when the database cannot (health of the process)."""
    setattr(view, NO_DATABASE, True)
    return view


def before_transaction(function: Callable[..., Any]) -> Callable[[View], View]:
    """Run `function(**values of the address)` before the transaction of an unsafe request.

    For what takes long and must not hold the database while it runs (password hashes), and for what
    must stay although the request is refused (counted failures). It opens its own units of work
    and runs before the access check; the view finds the result in `g.prepared`.
    """

    def mark(view: View) -> View:
        setattr(view, BEFORE_TRANSACTION, function)
        return view

    return mark


def access_of(view: Callable[..., Any]) -> str | None:
    """The mark of `view`: a capability, PUBLIC, SIGNED_IN, or None when somebody forgot."""
    return getattr(view, MARK, None)


def reason_of(view: Callable[..., Any]) -> str:
    """Why a public view is public; empty for any other."""
    return getattr(view, REASON, "")


def is_for_visitors(view: Callable[..., Any] | None) -> bool:
    """Whether the view belongs to the public part of the portal."""
    return bool(getattr(view, VISITORS, False))


def visited_by(view: Callable[..., Any]) -> str:
    """The kind of record whose visitors alone may use the view; empty for any other view."""
    access = access_of(view) or ""
    return access.removeprefix(OF_VISITOR) if access.startswith(OF_VISITOR) else ""
