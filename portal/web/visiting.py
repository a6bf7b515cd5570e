"""The public part of the portal, for people without an account: who may open its pages, in which
language they are, and what they say when they refuse.

Staff who open such a page see what any visitor sees: their profile counts for nothing there.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlencode

from babel import Locale
from flask import Flask, Response, current_app, g, make_response, render_template, request, url_for

from portal import settings
from portal.access.through import now_through
from portal.access.visitor import Visitor
from portal.audit.services import record
from portal.errors import PortalError
from portal.i18n import _
from portal.module import current
from portal.refusals.rules import RefusalKind
from portal.visits import links
from portal.visits.links import Fate, LinkOver
from portal.web import guards
from portal.web.context import find_visitor, set_scope, set_visitor
from portal.web.refusals import mark

CHOICE = "language"
ASKED_FOR = "lang"
REMEMBERED = 365 * 24 * 60 * 60
# An address of these pages may be all that is needed to open them.
HEADERS = {"Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex, nofollow"}


class VisitorsClosed(PortalError):
    """The installation has no public pages."""

    status = 404


def is_visit() -> bool:
    """Whether the present request is for the public part."""
    return guards.is_for_visitors(_view())


def _view() -> Callable[..., Any] | None:
    return current_app.view_functions.get(request.endpoint or "") if request else None


def is_of_one_record() -> bool:
    """Whether the present request is for a page that a link opens."""
    view = _view()
    return view is not None and bool(guards.visited_by(view))


def onward() -> str:
    """The page of the record whose link this request came by, although its own form may have ended
    that link since; empty if it came by none."""
    view = _view()
    kind = guards.visited_by(view) if view else ""
    token = links.renewed(kind, _token()) if kind else ""
    return url_for(current().visits[kind].endpoint, token=token) if token else ""


def _token() -> str:
    return str((request.view_args or {}).get("token", ""))


def visitor() -> Visitor:
    """Who uses the present view, which is marked `@visitor(…)`."""
    found = find_visitor()
    assert found is not None, "this view is not for visitors"
    return found


def admit(view: Callable[..., Any]) -> None:
    """Find out who the visitor is, and note that the record was looked at.

    Raises `VisitorsClosed`, and `LinkOver` for a link that does not work.
    """
    set_scope(None)
    set_visitor(None)
    if not settings.current().visitors:
        raise VisitorsClosed(_("This clinic does not offer these pages."))
    kind = guards.visited_by(view)
    if not kind:
        return
    found = links.visitor_of(kind, _token())
    set_visitor(found)
    now_through(found.through)
    if request.method in ("GET", "HEAD"):
        g.notes.append(lambda: _looked_at(found))


def _looked_at(found: Visitor) -> None:
    record(
        None,
        f"{found.subject_kind}.viewed",
        subject=found.subject_kind,
        subject_id=found.subject_id,
        location_id=found.place.id if found.place else None,
    )


@dataclass(frozen=True)
class Language:
    """A language of the public pages, as the switch at their top shows it."""

    code: str
    name: str
    href: str
    chosen: bool


def language() -> str:
    """The language of the present page: what was chosen, else what the browser wishes, else what
    the record's person speaks."""
    spoken = settings.current().visitor_languages
    for wish in (request.args.get(ASKED_FOR), request.cookies.get(CHOICE)):
        if wish in spoken:
            return str(wish)
    wished = request.accept_languages.best_match(spoken)
    if wished:
        return wished
    found = find_visitor()
    return found.language if found and found.language in spoken else spoken[0]


def languages() -> Iterator[Language]:
    """The languages to choose from, each with the address of this page in it."""
    chosen = language()
    for code in settings.current().visitor_languages:
        asked = urlencode({**request.args.to_dict(), ASKED_FOR: code})
        yield Language(code, _own_name(code), f"{request.path}?{asked}", code == chosen)


@cache
def _own_name(code: str) -> str:
    """What a language calls itself."""
    return (Locale.parse(code).get_display_name(code) or code).capitalize()


def link_over(error: LinkOver) -> Response:
    """The page that says why a link shows nothing, and what to do."""
    mark(RefusalKind.DEAD_LINK)
    visit = current().visits[error.kind]
    page = render_template(
        "visitors/link_over.html",
        title=_("This link does not work")
        if error.fate is Fate.UNKNOWN
        else _("This link no longer works"),
        message=error.said or _why(error.fate),
        visit=visit if visit.find else None,
    )
    return make_response(page, error.status)


def _why(fate: Fate) -> str:
    return {
        Fate.UNKNOWN: _("Part of the address may be missing. Open the link in your message again."),
        Fate.EXPIRED: _("A link works for a limited time, and the time of this one is over."),
        Fate.SUPERSEDED: _(
            "Something has changed since this message was sent. Use the link in the newest message."
        ),
        Fate.WITHDRAWN: _("What this link was for is no longer here."),
    }[fate]


def refusal(status: int, title: str, message: str, next_step: str) -> Response:
    """The page for any other refusal."""
    values = {"code": status, "title": title, "message": message, "next_step": next_step}
    return make_response(render_template("visitors/refusal.html", **values), status)


def init_app(app: Flask) -> None:
    """Mark the answers of the public part, and remember which language was chosen."""
    app.jinja_env.globals["visitor_languages"] = languages
    app.jinja_env.globals["visit_link"] = links.address_of

    @app.after_request
    def of_the_public_part(response: Response) -> Response:
        if not is_visit():
            return response
        response.headers.update(HEADERS)
        wish = request.args.get(ASKED_FOR)
        if wish in settings.current().visitor_languages:
            response.set_cookie(
                CHOICE,
                str(wish),
                max_age=REMEMBERED,
                secure=settings.current().secure,
                httponly=True,
                samesite="Lax",
            )
        return response
