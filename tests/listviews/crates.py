"""A module as a third party would write it, whose one page is a list: cool crates of a location.

It is used by the tests of the list views only, but it is complete: a model with a list's indexes
and a `search` column, the migration's text, the definition, the views, the `Module`.
"""

from datetime import date

import flask
from flask import Blueprint
from flask.typing import ResponseReturnValue
from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from portal.access.profiles import CLINIC
from portal.db import Base, plain_text, session
from portal.errors import NotFound
from portal.i18n import _l
from portal.listviews.definition import Column, ListDefinition, ListView
from portal.listviews.views import list_page, viewed
from portal.module import Capability, Module, Tab
from portal.searching.text import search_text, searchable
from portal.web.context import scope
from portal.web.guards import needs


class Crate(Base):
    """A cool crate of a location."""

    __tablename__ = "crate"
    __table_args__ = tuple(
        Index(f"ix_crate_list_{column}", "location_id", column, "id")
        for column in ("label", "packed_on", "litres", "state")
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    location_id: Mapped[int] = mapped_column(ForeignKey("location.id"))
    label: Mapped[str] = mapped_column(plain_text(80))
    packed_on: Mapped[date]
    litres: Mapped[int]
    state: Mapped[str] = mapped_column(plain_text(16), default="cold")
    remark: Mapped[str | None] = mapped_column(plain_text(200), default=None)
    search: Mapped[str] = search_text()


searchable(Crate, "label", "remark", "packed_on")

CRATES = ListDefinition(
    name="crates",
    title=_l("Crates"),
    all_label=_l("All Crates"),
    model=Crate,
    scope_column=Crate.location_id,
    columns=(
        Column(key="label", label=_l("Label"), attribute=Crate.label),
        Column(key="packed_on", label=_l("Packed On"), attribute=Crate.packed_on, kind="date"),
        Column(key="litres", label=_l("Litres"), attribute=Crate.litres, kind="number"),
        Column(
            key="state",
            label=_l("State"),
            attribute=Crate.state,
            kind="status",
            labels=lambda state: {"cold": "Cold", "warm": "Too warm"}[state],
            tone=lambda state: "danger" if state == "warm" else "success",
        ),
        Column(key="remark", label=_l("Remark"), attribute=Crate.remark, sortable=False),
    ),
    default_sort="-packed_on",
    views=(
        ListView(
            key="warm", label=_l("Warm Crates"), where=lambda _scope: (Crate.state == "warm",)
        ),
    ),
    endpoint="crates.index",
    record_endpoint="crates.record",
    capability="crates.view",
    subject="crate",
    search=True,
    count="counter",
    empty_title=_l("No crates yet"),
    empty_text=_l("They appear as soon as one is packed."),
)

blueprint = Blueprint("crates", __name__)


@blueprint.get("/crates")
@needs("crates.view")
def index() -> ResponseReturnValue:
    """The list."""
    return list_page(CRATES, scope())


@blueprint.get("/crates/<int:crate_id>")
@needs("crates.view")
def record(crate_id: int) -> ResponseReturnValue:
    """One crate; looking at it is remembered."""
    crate = session().get(Crate, crate_id)
    if crate is None:
        raise NotFound
    scope().require_location(crate.location_id)
    viewed(scope(), "crate", crate.id)
    return flask.render_template_string(
        '{% extends "layouts/app.html" %}{% block title %}{{ label }}{% endblock %}'
        "{% block heading %}<h1>{{ label }}</h1>{% endblock %}",
        label=crate.label,
    )


module = Module(
    name="crates",
    title="Crates",
    blueprint="tests.listviews.crates:blueprint",
    models="tests.listviews.crates",
    lists=("tests.listviews.crates:CRATES",),
    capabilities=(Capability(name="crates.view", title="See crates", profiles=CLINIC),),
    tabs=(
        Tab(
            label="Crates", endpoint="crates.index", capability="crates.view", icon="box", order=55
        ),
    ),
)
