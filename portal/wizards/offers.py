"""What waits to be finished, as `Home` and the page of drafts offer it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from portal import drafts
from portal.access.scope import Scope
from portal.db import session
from portal.drafts import Draft
from portal.errors import NotFound
from portal.i18n import _
from portal.places.models import Location
from portal.wizards.addresses import wizard_of
from portal.wizards.definition import Begun, Wizard

ON_HOME = 2


@dataclass(frozen=True)
class OfferedDraft:
    """A draft: what it is about, what has happened to that since, and the name of its location
    if that is not the present one (only there more is told of it)."""

    draft: Draft
    about: str = ""
    news: str = ""
    elsewhere: str = ""

    @property
    def title(self) -> str:
        """What the draft is, and what it is about."""
        if not self.about:
            return self.draft.title
        return _("%(title)s (%(about)s)", title=self.draft.title, about=self.about)


def offers(scope: Scope, *, limit: int = drafts.MOST) -> list[OfferedDraft]:
    """The user's drafts, newest first; those of locations the user has lost are left out."""
    mine = {place.id for place in scope.locations}
    found = [
        draft
        for draft in drafts.list_open(scope.user.id, limit=limit)
        if scope.everywhere or draft.location_id in mine | {None}
    ]
    return _described(scope, found)


def offer(scope: Scope, draft: Draft) -> OfferedDraft:
    """One draft as an offer. Raises `NotFound` if it is of a location the user has lost."""
    mine = {place.id for place in scope.locations} | {None}
    if not scope.everywhere and draft.location_id not in mine:
        raise NotFound
    return _described(scope, [draft])[0]


def _described(scope: Scope, found: Sequence[Draft]) -> list[OfferedDraft]:
    """Drafts as offers. Each wizard is asked once, however many wait."""
    here = [draft for draft in found if drafts.is_here(draft, scope)]
    away = [draft for draft in found if not drafts.is_here(draft, scope)]
    names = _names({draft.location_id for draft in away})
    about: dict[int, str] = {draft.id: draft.data.get("about", "") for draft in here}
    waiting: dict[str, tuple[Wizard, dict[int, Begun]]] = {}
    for draft in here:
        wizard = wizard_of(draft)
        if wizard is not None and scope.can(wizard.capability):
            waiting.setdefault(wizard.name, (wizard, {}))[1][draft.id] = begun(draft)
    news: dict[int, str] = {}
    for wizard, several in waiting.values():
        if wizard.about:
            about |= wizard.about(scope, several)
        if wizard.news:
            news |= wizard.news(scope, several)
    return [
        OfferedDraft(
            draft,
            about.get(draft.id, ""),
            news.get(draft.id, ""),
            _elsewhere(draft, scope, names) if draft in away else "",
        )
        for draft in found
    ]


def _elsewhere(draft: Draft, scope: Scope, names: Mapping[int, str]) -> str:
    """Where a draft goes on that does not go on here."""
    name = names.get(draft.location_id or 0, "")
    other = next((each for each in scope.profiles if each == draft.profile), None)
    if other is None or other is scope.user.profile:
        return name
    if not name:
        return str(other.label)
    return _("%(profile)s at %(location)s", profile=other.label, location=name)


def begun(draft: Draft) -> Begun:
    """What is known of a wizard's draft."""
    entered = draft.data.get("entered", {})
    texts = {name: value for sent in entered.values() for name, value in sent if value.strip()}
    return Begun(draft.data.get("args", {}), texts, draft.updated_at)


def _names(wanted: set[int | None]) -> Mapping[int, str]:
    if not wanted:
        return {}
    query = select(Location.id, Location.name).where(Location.id.in_(wanted))
    return {row.id: row.name for row in session().execute(query)}


def on_home(scope: Scope, _subject: object) -> dict[str, object] | None:
    """The card of `Home`: the newest drafts; nothing where nothing waits."""
    found = offers(scope, limit=ON_HOME + 1)
    if not found:
        return None
    return {"offers": found[:ON_HOME], "more": len(found) > ON_HOME}
