"""What surrounds the contents of every page: the body's attributes, the header, the tabs, the foot.

It is the same for all who see the same tabs at the same location in the same language, so it is
rendered once for them and kept. `layouts/_frame.html` is given `Surroundings` and nothing of the
request: what is kept depends on nothing else. What belongs to one page, person or request (help,
name, tokens) is put in each time and never kept.
"""

from dataclasses import dataclass
from functools import lru_cache

from flask import Flask, request, url_for
from flask_babel import get_locale
from markupsafe import Markup, escape

from portal.access.scope import Scope
from portal.module import Registry, Tab
from portal.web.context import find_scope

# So many are kept, each about 5 kB: a clinic has about ten tabs, three profiles and two languages.
MOST = 200
# Where something is put in; no text can hold it, for texts are escaped.
GAP = Markup("<gap>")


@dataclass(frozen=True)
class Surroundings:
    """All that a frame depends on. `profile` is named to who holds two, and empty for everybody
    else. `tabs` are those that the user may see, by endpoint, each with whether the page is one of
    it; `root` is where the portal's addresses begin."""

    language: str
    root: str
    signed_in: bool
    location: str | None
    profile: str
    may_switch: bool
    tabs: tuple[tuple[str, bool], ...]


@dataclass(frozen=True)
class TabLink:
    """A tab as the layout shows it."""

    label: str
    href: str
    icon: str
    current: bool


@dataclass(frozen=True)
class Frame:
    """The parts of a page around its contents."""

    body_tag: Markup
    around_gaps: tuple[Markup, ...]
    foot: Markup

    def header(self, *fillings: str) -> Markup:
        """The header; for who is signed in with the way to help about this page, the user's name
        and the tokens of the form."""
        first, *others = self.around_gaps
        pieces = zip(map(escape, fillings), others, strict=True)
        return Markup("").join((first, *(part for piece in pieces for part in piece)))


def init_app(app: Flask) -> None:
    """Give layouts the function `frame()`: that of the page being rendered."""
    registry: Registry = app.extensions["portal"].registry

    def made(around: Surroundings) -> Frame:
        return _render(app, registry, around)

    kept = lru_cache(MOST)(made)

    def frame() -> Frame:
        around = _surroundings(registry, find_scope())
        # Who works on templates sees each change at once.
        return made(around) if app.jinja_env.auto_reload else kept(around)

    app.jinja_env.globals["frame"] = frame


def _surroundings(registry: Registry, scope: Scope | None) -> Surroundings:
    return Surroundings(
        language=str(get_locale() or "en"),
        root=request.script_root,
        signed_in=scope is not None,
        location=scope.location.name if scope and scope.location else None,
        profile=scope.user.profile.label if scope and scope.other_profile else "",
        may_switch=scope is not None
        and (scope.everywhere or len(scope.locations) > 1 or scope.other_profile is not None),
        tabs=_tabs(registry, scope) if scope else (),
    )


def _tabs(registry: Registry, scope: Scope) -> tuple[tuple[str, bool], ...]:
    """The tabs the user may see, by endpoint, and whether the page is one of each."""
    seen = [tab.endpoint for tab in registry.tabs if scope.can(tab.capability)]
    here = request.endpoint or ""
    own = next((m for m in registry if m.name == here.partition(".")[0]), None)
    if own is not None and own.under:
        here = f"{own.under}."
    if here in seen:
        return tuple((endpoint, endpoint == here) for endpoint in seen)
    module = here.partition(".")[0]
    return tuple((endpoint, endpoint.partition(".")[0] == module) for endpoint in seen)


def _render(app: Flask, registry: Registry, around: Surroundings) -> Frame:
    tabs: dict[str, Tab] = {tab.endpoint: tab for tab in registry.tabs}
    links = [
        TabLink(str(tabs[endpoint].label), url_for(endpoint), tabs[endpoint].icon, current)
        for endpoint, current in around.tabs
    ]
    parts = app.jinja_env.get_template("layouts/_frame.html").module
    header = parts.header(around, links, GAP, GAP, GAP)  # type: ignore[attr-defined]
    return Frame(
        body_tag=parts.body_tag(around),  # type: ignore[attr-defined]
        around_gaps=tuple(map(Markup, header.split(GAP))),
        foot=parts.foot(around),  # type: ignore[attr-defined]
    )
