"""Answering with a record page, and the routes of its pens."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, flash, render_template, request
from markupsafe import Markup
from sqlalchemy import inspect, select
from wtforms import Form

from portal.access.scope import Scope
from portal.db import session
from portal.errors import Conflict, Invalid, NotFound
from portal.i18n import _
from portal.lookups.fields import look_up
from portal.records.page import RecordPage
from portal.web.context import scope
from portal.web.guards import needs
from portal.web.htmx import go_to, htmx
from portal.web.late_forms import keeps_late_input, late_values
from portal.web.respond import respond
from portal.wizards.walk import refuse

REGION = "record"
PLACE = "pen-"


@dataclass(frozen=True)
class Editing:
    """A pen at work: its field, the value it started from, and what is wrong.

    `theirs` is the value someone else saved since then, `mine` what was typed.
    """

    key: str
    form: Form
    was: str
    problem: str = ""
    theirs: str | None = None
    mine: str = ""


def record_response(
    page: RecordPage, *, editing: Editing | None = None, status: int = 200
) -> Response:
    """The page; for htmx the region `record` (tabs, `Refresh`) or the place of one pen."""
    tab = page.tab(request.args.get("tab", ""))
    place = page.place_of(editing.key) if editing else None
    if place is not None:
        tab = place[0]
    regions = {REGION: "records/_record.html"}
    wanted = htmx().region or ""
    single = page.place_of(wanted.removeprefix(PLACE)) if wanted.startswith(PLACE) else None
    if single is not None:
        regions = {wanted: "records/_fact.html"}
    bodies = {
        section.key: Markup(  # noqa: S704 (a template's own output)
            render_template(section.template, **{"page": page, **section.variables()})
        )
        for section in tab.sections
        if section.template and single is None
    }
    return respond(
        "records/page.html",
        regions=regions,
        status=status,
        record_page=page,
        tab=tab,
        tab_links=[
            {"label": each.label, "href": page.address(each), "current": each is tab}
            for each in page.tabs
        ],
        bodies=bodies,
        editing=editing,
        fact=single[1] if single else None,
        alone=single is not None,
    )


@dataclass(frozen=True)
class Pen:
    """One field that can be edited in place.

    `form` has a field of this `key` and no other; `value(record)` is what it starts from;
    `save(scope, record, value)` calls the service. `prepare` fills choices. `allowed` may say no
    for a record: its pen's address then answers 404. `saved` is what the user is told afterwards.
    """

    key: str
    form: type[Form]
    value: Callable[[Any], Any]
    save: Callable[[Scope, Any, Any], object]
    saved: object = ""
    prepare: Callable[[Scope, Form, Any], None] | None = None
    allowed: Callable[[Scope, Any], bool] | None = None


@dataclass(frozen=True, kw_only=True)
class Editor:
    """The pens of a kind of record.

    `load(scope, record_id)` is the query that raises `NotFound` outside the scope; `page(scope,
    record)` makes the record page. Only what a pen declares can be changed. `title` names the
    form where it is kept after a time-out.
    """

    title: object
    capability: str
    load: Callable[[Scope, int], Any]
    page: Callable[[Scope, Any], RecordPage]
    pens: tuple[Pen, ...]

    def register(self, blueprint: Blueprint, path: str, endpoint: str = "edit") -> None:
        """Add GET and POST `path/edit/<field>`; the one variable of `path` is the record's id."""

        def about(field: str, **variables: int) -> object:
            (record_id,) = variables.values()
            return self.page(scope(), self.load(scope(), record_id)).title

        @needs(self.capability)
        @keeps_late_input(self.title, about=about)
        def edit(field: str, **variables: int) -> Response:
            (record_id,) = variables.values()
            return self._edit(record_id, field)

        blueprint.add_url_rule(f"{path}/edit/<field>", endpoint, edit, methods=["GET", "POST"])

    def _edit(self, record_id: int, key: str) -> Response:
        record = self.load(scope(), record_id)
        pen = next((each for each in self.pens if each.key == key), None)
        if pen is None or (pen.allowed and not pen.allowed(scope(), record)):
            raise NotFound
        if request.method == "POST":
            lock(record)
            return self._save(record, pen)
        late = late_values()
        form = _form(pen, record, late)
        was = as_text(pen.value(record))
        return self._show(record, Editing(key, form, late.get("was", was) if late else was))

    def _save(self, record: Any, pen: Pen) -> Response:
        form = _form(pen, record, request.form)
        now = as_text(pen.value(record))
        was = request.form.get("was", now)
        if look_up(form, request.form) or not form.validate():
            return self._show(record, Editing(pen.key, form, was), 422)
        value = form._fields[pen.key].data
        if was != now and as_text(value) != now:
            problem = _("Someone else changed this record. Your changes aren't saved yet.")
            mine = as_text(value)
            return self._show(record, Editing(pen.key, form, now, problem, now, mine), 409)
        try:
            with session().begin_nested():
                pen.save(scope(), record, value)
        except (Invalid, Conflict) as error:
            problem = "" if refuse(form, error) else error.message
            return self._show(record, Editing(pen.key, form, was, problem), error.status)
        flash(str(pen.saved) or _("Saved."), "success")
        page = self.page(scope(), record)
        place = page.place_of(pen.key)
        return go_to(page.address(place[0]) if place else page.url)

    def _show(self, record: Any, editing: Editing, status: int = 200) -> Response:
        return record_response(self.page(scope(), record), editing=editing, status=status)


def _form(pen: Pen, record: Any, sent: Any) -> Form:
    form = pen.form(formdata=sent, data={pen.key: pen.value(record)})
    if pen.prepare:
        pen.prepare(scope(), form, record)
    return form


def as_text(value: object) -> str:
    """A field's value as the form carries it, to tell whether it has changed since."""
    return "" if value is None else str(value)


def lock(record: Any) -> None:
    """Keep others from changing a mapped record until this transaction ends, and reread it."""
    state = inspect(record, raiseerr=False)
    if state is None or not getattr(state, "persistent", False):
        return
    keys = zip(state.mapper.primary_key, state.identity, strict=True)
    session().execute(
        select(*state.mapper.primary_key)
        .where(*(column == key for column, key in keys))
        .with_for_update()
    )
    session().refresh(record)
