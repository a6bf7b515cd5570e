"""The one call that answers for a list, and the routes that pin a view and search privately."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from io import BytesIO
from typing import Any

from flask import Blueprint, Response, current_app, request, stream_with_context, url_for
from markupsafe import Markup

from portal.access.scope import Scope
from portal.audit.services import record
from portal.clock import today
from portal.errors import NotFound
from portal.formats.numbers import record_number
from portal.i18n import _, ngettext
from portal.listviews import rendering, services
from portal.listviews.definition import ALL, RECENT, Action, ListDefinition
from portal.listviews.export import MOST_ROWS, exported_rows
from portal.listviews.paging import END, MORE_ROWS, ROWS, ListState, address, read_state
from portal.listviews.periods import BY, fields_of, usual_sort
from portal.listviews.queries import Listing, read_page
from portal.sheets.writer import write_csv, write_xlsx
from portal.web.context import registry, time_zone
from portal.web.context import scope as present_scope
from portal.web.guards import signed_in
from portal.web.htmx import go_to, htmx
from portal.web.requests import note
from portal.web.respond import respond

blueprint = Blueprint("listviews", __name__)

PAGE = "listviews/page.html"
REGION = "listviews/_list.html"
PLACEHOLDER = 987_654_321
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def list_page(
    definition: ListDefinition,
    scope: Scope,
    *,
    actions: Sequence[Action] = (),
    page: str = PAGE,
    **context: Any,
) -> Response:
    """Answer a GET of the list's route: the page, the region alone, or the file (`export=csv`).

    actions: link buttons in the head. page: a template of the module's own that extends
    listviews/page.html; `context` is for it.
    """
    scope.require(definition.capability)
    pinned = None
    if htmx().region != definition.region:
        pinned = services.pinned_view(scope, definition)
    usual = pinned or (RECENT if definition.subject else ALL)
    state = _with_words(scope, definition, read_state(definition, request.args, default_view=usual))
    listing = read_page(scope, definition, state)
    zone = time_zone()
    kind = request.args.get("export", "")
    if kind in MOST_ROWS:
        return _export(definition, scope, listing, kind, zone)
    return respond(
        page,
        regions={definition.region: REGION},
        list=definition,
        shown=_Shown(definition, listing, zone, scope),
        pinned=pinned == state.view,
        actions=actions,
        **context,
    )


def _with_words(scope: Scope, definition: ListDefinition, state: ListState) -> ListState:
    """`state` with what a private list is searched for."""
    number = record_number(request.args.get("search", ""))
    if not (number and definition.private):
        return state
    if definition.search:
        words = services.kept_words(scope, definition.name, number)
        return replace(state, q=words, kept=number) if words else state
    if not _has_private(definition):
        return state
    words = services.kept_words(scope, definition.name, number)
    kept = rendering.private_values(definition, words)
    if not kept:
        return state
    found = replace(state, filters=(*state.filters, *kept), kept=number)
    if state.sort != usual_sort(definition, state.view, dict(state.filters)):
        return found
    return replace(found, sort=usual_sort(definition, found.view, dict(found.filters)))


def _has_private(definition: ListDefinition) -> bool:
    """Whether what is typed into one of the fields stays out of addresses."""
    return any(each.private for each in fields_of(definition))


def _export(
    definition: ListDefinition, scope: Scope, listing: Listing, kind: str, zone: str
) -> Response:
    """All pages as a file; who took it is noted in the audit trail."""
    header = [str(column.label) for column in definition.whole.columns]
    rows = exported_rows(scope, definition.whole, listing.state, zone=zone, most=MOST_ROWS[kind])
    summary = f"{kind}, {listing.state.view}, {listing.count.number}"
    note(
        partial(
            record,
            scope.user,
            f"{definition.name}.exported",
            subject=definition.name,
            subject_id=None,
            location_id=scope.location.id if scope.location else None,
            summary=summary + ("+ rows" if listing.count.more else " rows"),
        )
    )
    if kind == "csv":
        body, mimetype = write_csv(header, rows), "text/csv"
    else:
        body, mimetype = _workbook(header, rows, str(definition.title)), XLSX
    response = Response(stream_with_context(body), mimetype=mimetype)
    name = f"{definition.name}-{today(zone).isoformat()}.{kind}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _workbook(
    header: Sequence[str], rows: Iterable[Sequence[object]], title: str
) -> Iterator[bytes]:
    book = BytesIO()
    write_xlsx(book, header, rows, title=title)
    yield book.getvalue()


def viewed(scope: Scope, subject: str, record_id: int) -> None:
    """Remember, after this request, that the user looked at the record (for its page's view)."""
    if not services.is_newest(scope, subject, record_id):
        note(partial(services.remember_view, scope, subject, record_id))


@blueprint.post("/lists/<name>/pin")
@signed_in
def pin(name: str) -> Response:
    """Make a view the one in which the list opens, or stop that (`pin=0`)."""
    scope = present_scope()
    definition = registry().lists.get(name)
    if definition is None:
        raise NotFound
    scope.require(definition.capability)
    view = request.form.get("view", "")
    services.ensure_view(definition, view)
    if request.form.get("pin") == "0":
        services.unpin(scope, definition=definition)
    else:
        services.pin(scope, definition=definition, view=view)
    return go_to(url_for(definition.endpoint, view=view))


@blueprint.post("/lists/<name>/search")
@signed_in
def search(name: str) -> Response:
    """Search a private list: the words stay on the server, the address gets their number."""
    scope = present_scope()
    definition = registry().lists.get(name)
    if (
        definition is None
        or not definition.private
        or not (definition.search or _has_private(definition))
    ):
        raise NotFound
    scope.require(definition.capability)
    state = read_state(definition, request.form, default_view=ALL)
    text = request.form.get("q", "")
    if not definition.search:
        text = rendering.private_text(definition, request.form)
    number = services.keep_words(scope, definition.name, text)
    found = address(definition, replace(state.page(), kept=number))
    return go_to(url_for(definition.endpoint) + found)


class _Shown:
    """What the templates of a list ask for."""

    def __init__(
        self, definition: ListDefinition, listing: Listing, zone: str, scope: Scope
    ) -> None:
        self.definition = definition
        self.scope = scope
        self.listing = listing
        self.state = listing.state
        self.count = listing.count
        self.zone = zone

    @property
    def views(self) -> list[dict[str, str]]:
        """The views to choose from."""
        labels = {RECENT: _("Recently Viewed")} if self.definition.subject else {}
        labels |= {key: str(label) for key, label in self.definition.view_labels.items()}
        return [
            {"key": key, "label": label, "href": f"{self.base}?view={key}"}
            for key, label in labels.items()
        ]

    @property
    def view_label(self) -> str:
        """The name of the view that is shown."""
        return next(view["label"] for view in self.views if view["key"] == self.state.view)

    @property
    def headings(self) -> list[rendering.Heading]:
        """The columns."""
        return rendering.headings(self.definition)

    @property
    def sort_urls(self) -> dict[str, str]:
        """Where the headings lead."""
        return rendering.sort_addresses(self.definition, self.state)

    @property
    def body(self) -> Markup:
        """The rows of the table."""
        return rendering.body(
            self.definition,
            self.listing,
            zone=self.zone,
            link=_record_link(self.definition.record_endpoint),
            leading={
                column.key: way
                for column in self.definition.columns
                if column.leads_to and self.scope.can(column.leads_to[1])
                if (way := _record_link(column.leads_to[0]))
            },
            menus=self.menus,
            ticks=bool(self.ticks),
        )

    @cached_property
    def menus(self) -> Sequence[Sequence[Action]]:
        """The menus of the rows; empty where there is nothing in any of them."""
        menu = self.definition.menu
        found = menu(self.scope, self.listing.rows) if menu and self.listing.rows else ()
        return found if any(found) else ()

    @cached_property
    def ticks(self) -> dict[str, str] | None:
        """The button for ticked rows and where it leads; None for who may not use it."""
        ticks = self.definition.ticks
        if ticks is None or not self.scope.can(ticks.capability):
            return None
        return {"label": str(ticks.label), "href": url_for(ticks.endpoint)}

    @cached_property
    def filters(self) -> list[rendering.FilterField]:
        """The fields above the list."""
        return rendering.filter_fields(
            self.definition, self.state, self.scope, self.listing.refused
        )

    @cached_property
    def filtered(self) -> bool:
        """Whether a field above the list holds anything that leaves some of its rows out."""
        usual = {each.key for each in fields_of(self.definition) if each.usual}
        return any(key != BY and (value or key in usual) for key, value in self.state.filters)

    @cached_property
    def base(self) -> str:
        """The list's address."""
        return url_for(self.definition.endpoint)

    @property
    def private_search(self) -> str:
        """Where the search of a private list is sent; empty for others, which search by address."""
        if not self.definition.private:
            return ""
        if not (self.definition.search or _has_private(self.definition)):
            return ""
        return url_for("listviews.search", name=self.definition.name)

    def longer_than(self, rows: int) -> bool:
        """Whether there are more rows than that."""
        return self.count.more or self.count.number > rows

    @property
    def kept(self) -> dict[str, str]:
        """What a search keeps of the state."""
        kept = {"view": self.state.view}
        if self.state.sort != usual_sort(
            self.definition, self.state.view, dict(self.state.filters)
        ):
            kept["sort"] = self.state.sort
        if self.state.rows != ROWS:
            kept["rows"] = str(self.state.rows)
        return kept

    @property
    def count_text(self) -> str:
        """The number of rows, in words."""
        if self.count.more:
            return _("%(number)s+ records", number=f"{self.count.number:,}")
        number = self.count.number
        return ngettext("%(number)s record", "%(number)s records", number, number=f"{number:,}")

    @property
    def everything(self) -> str:
        """The address of `All …`, with the search if there is one."""
        state = replace(
            self.state.page(),
            view=ALL,
            sort=usual_sort(self.definition, ALL, dict(self.state.filters)),
            rows=ROWS,
        )
        return address(self.definition, state)

    @property
    def without_search(self) -> str:
        """The address of the same view without the search."""
        return address(self.definition, ListState(self.state.view, self.state.sort))

    @property
    def pages(self) -> Mapping[str, str | None]:
        """Where the pager leads."""
        listing = self.listing

        def to(state: ListState | None) -> str | None:
            return address(self.definition, state) if state else None

        return {
            "first": to(self.state.page() if listing.previous else None),
            "previous": to(listing.previous),
            "next": to(listing.next),
            "last": to(self.state.page(before=END) if listing.next else None),
        }

    @property
    def exports(self) -> list[dict[str, str]]:
        """The files one can take away, with how many rows they hold if not all."""
        made = []
        for kind, label in (("csv", "CSV"), ("xlsx", "Excel (xlsx)")):
            most = f"{MOST_ROWS[kind]:,}"
            if self.count.more:
                label = _("%(kind)s, rows: at most %(most)s", kind=label, most=most)
            elif self.count.number > MOST_ROWS[kind]:
                label = _("%(kind)s, rows: only the first %(most)s", kind=label, most=most)
            href = address(self.definition, self.state.page(), export=kind)
            made.append({"label": label, "href": href})
        return made

    @property
    def other_rows(self) -> tuple[int, str]:
        """The other number of rows a page may have, and the address of the first such page."""
        rows = ROWS if self.state.rows == MORE_ROWS else MORE_ROWS
        state = replace(self.state.page(), rows=rows)
        return rows, address(self.definition, state)


def _record_link(endpoint: str | None) -> tuple[str, str] | None:
    """The text before and after the id in the address of a record; None where there is no page."""
    if endpoint is None or endpoint not in current_app.view_functions:
        return None
    rule = next(current_app.url_map.iter_rules(endpoint))
    (name,) = rule.arguments
    values: dict[str, Any] = {name: PLACEHOLDER}
    before, _id, after = url_for(endpoint, **values).partition(str(PLACEHOLDER))
    return before, after
