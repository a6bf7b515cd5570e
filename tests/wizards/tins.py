"""A module as a third party would write it, with two wizards, a look-up, and a record with pens.

Tins of a location, of brands of that location. Used by the tests of wizards, look-ups and records.
"""

import time
from collections.abc import Mapping
from datetime import date
from typing import Any

from flask import Blueprint, Response, request, url_for
from sqlalchemy import ForeignKey, String, select, update
from sqlalchemy.orm import Mapped, mapped_column
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, SelectField, StringField, TextAreaField

from portal.access.profiles import CLINIC, Profile
from portal.access.scope import Scope
from portal.confirmation import Confirmation, answered, ask
from portal.db import Base, session
from portal.errors import Conflict, Invalid, NotFound
from portal.i18n import _l
from portal.lookups import Choice
from portal.lookups.fields import LookupField, look_up
from portal.module import Capability, Fill, Lookup, Module, Tab
from portal.records import Fact, Figure, RecordAction, RecordPage, RecordTab, Section
from portal.records.views import Editor, Pen, record_response
from portal.web.context import scope
from portal.web.forms import DayField, Form, Required, WholeNumberField
from portal.web.guards import needs
from portal.web.htmx import go_to
from portal.web.late_forms import keeps_late_input, late_values
from portal.web.respond import respond
from portal.wizards import Answers, Done, FinishButton, Step, Wizard, review_step

blueprint = Blueprint("tins", __name__, template_folder="templates")


class Brand(Base):
    """What is in a tin; known to one location only."""

    __tablename__ = "tin_brand"

    id: Mapped[int] = mapped_column(primary_key=True)
    location_id: Mapped[int] = mapped_column(ForeignKey("location.id"))
    name: Mapped[str] = mapped_column(String(80))


class Tin(Base):
    """A tin of a location."""

    __tablename__ = "tin"

    id: Mapped[int] = mapped_column(primary_key=True)
    location_id: Mapped[int] = mapped_column(ForeignKey("location.id"))
    brand_id: Mapped[int] = mapped_column(ForeignKey("tin_brand.id"))
    label: Mapped[str] = mapped_column(String(80))
    grams: Mapped[int]
    best_before: Mapped[date | None] = mapped_column(default=None)
    note: Mapped[str] = mapped_column(String(200), default="")
    received: Mapped[int] = mapped_column(default=0)


# Queries and services


def look_up_brands(who: Scope, text: str) -> list[Choice]:
    found = session().scalars(
        select(Brand)
        .where(Brand.location_id == who.location_id, Brand.name.icontains(text, autoescape=True))
        .order_by(Brand.name)
        .limit(20)
    )
    return [Choice(brand.id, brand.name, f"no. {brand.id}") for brand in found]


def find_brand(who: Scope, number: int) -> Choice | None:
    brand = session().get(Brand, number)
    if brand is None or brand.location_id != who.location_id:
        return None
    return Choice(brand.id, brand.name)


def get_tin(who: Scope, tin_id: int) -> Tin:
    tin = session().get(Tin, tin_id)
    if tin is None:
        raise NotFound
    who.require_location(tin.location_id)
    return tin


def add_tin(who: Scope, answers: Answers) -> Tin:
    tin = Tin(
        location_id=who.location_id,
        brand_id=answers["brand"],
        label=answers["label"],
        grams=answers["grams"],
        best_before=answers["best_before"],
        note=answers.get("note") or "",
    )
    session().add(tin)
    session().flush()
    if tin.label == "taken":
        raise Invalid("There is such a tin already.", field="label")
    if tin.label == "full":
        raise Conflict("The shelf is full.")
    return tin


def rename(who: Scope, tin: Tin, label: str) -> None:
    if label == "taken":
        raise Invalid("There is such a tin already.", field="label")
    if label.startswith("Slow"):
        time.sleep(0.5)
    tin.label = label
    session().flush()


# Wizards


class TinForm(Form):
    brand = LookupField(_l("Brand"), [Required()], lookup="brands")
    grams = WholeNumberField(_l("Grams"), [Required()])
    label = StringField(_l("Label"), [Required()])


class DetailsForm(Form):
    best_before = DayField(_l("Best Before"))
    shelf = SelectField(_l("Shelf"), choices=[])
    dented = BooleanField(_l("Dented"))


class DentForm(Form):
    note = TextAreaField(_l("Note"), [Required()])


def fill_shelves(_who: Scope, form: Any, answers: Answers) -> None:
    form.shelf.choices = [("1", "Lower"), ("2", f"Upper, for {answers['label']}")]


def not_too_heavy(_who: Scope, answers: Answers) -> None:
    if answers["grams"] > 900:
        raise Invalid("No more than 900 grams.", field="grams")
    if answers["grams"] == 666:
        raise Conflict("Nobody may have that many grams.")


def weigh(_who: Scope, form: Any, _answers: Answers, pressed: str) -> bool:
    if pressed == "scales":
        form.grams.process(MultiDict({"grams": "425"}))
    return bool(pressed)


def first_values(who: Scope, args: Mapping[str, str]) -> Mapping[str, Any]:
    if "like" not in args:
        return {}
    tin = get_tin(who, int(args["like"]))
    return {"brand": tin.brand_id, "grams": tin.grams, "best_before": tin.best_before}


def added(who: Scope, answers: Answers, button: str) -> Done:
    tin = add_tin(who, answers)
    return Done(
        url_for("tins.record", record_id=tin.id),
        "Tin saved.",
        url_for("tins.add") if button == "new" else "",
    )


ADD = Wizard(
    name="tins.add",
    title=_l("New Tin"),
    capability="tins.change",
    steps=(
        Step("tin", _l("Tin"), TinForm, check=not_too_heavy, assist=weigh),
        Step(
            "details",
            _l("Details"),
            DetailsForm,
            prepare=fill_shelves,
            initial=lambda _who, answers: {"dented": answers["label"].startswith("dent")},
        ),
        Step(
            "dents", _l("Dents"), DentForm, when=lambda _who, answers: bool(answers.get("dented"))
        ),
        review_step(_l("Review")),
    ),
    finish=added,
    finish_label=_l("Save"),
    finish_buttons=(FinishButton("new", _l("Save & New")),),
    prefill=first_values,
)


class ReceiveForm(Form):
    count = WholeNumberField(_l("Count"), [Required()])


def of_this_place(who: Scope, args: Mapping[str, str]) -> None:
    get_tin(who, int(args["tin_id"]))


def received(who: Scope, answers: Answers, _button: str) -> Done:
    tin = get_tin(who, int(answers.args["tin_id"]))
    found = session().execute(
        update(Tin).where(Tin.id == tin.id).values(received=Tin.received + answers["count"])
    )
    assert found is not None
    return Done(url_for("tins.record", record_id=tin.id), facts=(("Count", answers["count"]),))


RECEIVE = Wizard(
    name="tins.receive",
    title=_l("Receive Tins"),
    capability="tins.change",
    steps=(Step("count", _l("Count"), ReceiveForm),),
    finish=received,
    admit=of_this_place,
    confirmation=Step("done", _l("Done"), template="tins/_received.html"),
)

ADD.register(blueprint, "/tins/add", "add")
RECEIVE.register(blueprint, "/tins/<int:tin_id>/receive", "receive")


# The record


def tin_page(who: Scope, tin: Tin) -> RecordPage:
    brand = session().get(Brand, tin.brand_id)
    return RecordPage(
        title=tin.label,
        kind="tin",
        subject=tin,
        url=url_for("tins.record", record_id=tin.id),
        panel=(Figure("Grams", tin.grams), Figure("Received", tin.received, tone="success")),
        tabs=(
            RecordTab(
                "details",
                "Details",
                (
                    Section(
                        "tin",
                        "Tin",
                        (
                            Fact("Label", tin.label, pen="label"),
                            Fact("Brand", brand.name if brand else "", pen="brand_id"),
                            Fact("Grams", tin.grams),
                        ),
                    ),
                    Section("notes", "Notes", (Fact("Note", tin.note),), open=False),
                ),
            ),
            RecordTab(
                "related",
                "Related",
                (Section("smell", "Smell", template="tins/_smell.html", context=smell),),
            ),
        ),
        actions=(RecordAction("Receive", url_for("tins.receive", tin_id=tin.id)),),
        pens={"label", "brand_id"} if who.can("tins.change") else (),
    )


def smell() -> dict[str, str]:
    return {"smell": "like roses"}


class LabelForm(Form):
    label = StringField(_l("Label"), [Required()])


class BrandForm(Form):
    brand_id = LookupField(_l("Brand"), [Required()], lookup="brands")


def rebrand(_who: Scope, tin: Tin, brand_id: int) -> None:
    tin.brand_id = brand_id
    session().flush()


EDITOR = Editor(
    title=_l("Edit Tin"),
    capability="tins.change",
    load=get_tin,
    page=tin_page,
    pens=(
        Pen("label", LabelForm, lambda tin: tin.label, rename, saved="Label saved."),
        Pen("brand_id", BrandForm, lambda tin: tin.brand_id, rebrand),
    ),
)
EDITOR.register(blueprint, "/tins/<int:record_id>")


@blueprint.get("/tins/<int:record_id>")
@needs("tins.view")
def record(record_id: int) -> Response:
    return record_response(tin_page(scope(), get_tin(scope(), record_id)))


class ScratchForm(Form):
    depth = WholeNumberField(_l("Depth"), [Required()])


@blueprint.get("/tins")
@needs("tins.view")
def index() -> Response:
    late = late_values(url_for("tins.scratch"))
    return respond("tins/index.html", form=ScratchForm(formdata=late))


@blueprint.post("/tins/scratch")
@needs("tins.change")
@keeps_late_input(_l("Scratch"), form=ScratchForm, page=lambda: url_for("tins.index"))
def scratch() -> Response:
    """A form on a page with an address of its own."""
    form = ScratchForm()
    if not form.validate():
        return respond("tins/index.html", status=422, form=form)
    session().execute(
        update(Tin)
        .where(Tin.location_id == scope().location_id)
        .values(note=f"scratched {form.depth.data}")
        .execution_options(synchronize_session=False)
    )
    return go_to(url_for("tins.index"))


# A form outside wizards, with a look-up


class SwapForm(Form):
    brand = LookupField(_l("Brand"), [Required()], lookup="brands")
    second = LookupField(_l("Second Brand"), lookup="brands")
    why = StringField(_l("Why"), [Required()])


@blueprint.route("/tins/swap", methods=["GET", "POST"])
@needs("tins.change")
@keeps_late_input(_l("Swap Tins"), form=SwapForm)
def swap() -> Response:
    if request.method == "GET":
        return respond("tins/swap.html", form=SwapForm(formdata=late_values()))
    form = SwapForm()
    if look_up(form, request.form) or not form.validate():
        return respond("tins/swap.html", status=422, form=form)
    return go_to(url_for("tins.index", brand=form.brand.data, second=form.second.data))


# A page that asks why, and a button that only acts


class WhyForm(Form):
    why = StringField(_l("Why"), [Required()])


@blueprint.route("/tins/<int:tin_id>/dent", methods=["GET", "POST"])
@needs("tins.change")
@keeps_late_input(_l("Dent Tin"), form=WhyForm)
def dent(tin_id: int) -> Response:
    tin = get_tin(scope(), tin_id)
    return ask(
        answered(WhyForm),
        Confirmation(title="Dent", heading="Dent this tin", back=url_for("tins.index")),
        act=lambda form: setattr(tin, "note", form.why.data),
        done="Dented.",
    )


@blueprint.post("/tins/polish")
@needs("tins.change")
def polish() -> Response:
    session().execute(
        update(Tin)
        .where(Tin.location_id == scope().location_id)
        .values(received=Tin.received + 1)
        .execution_options(synchronize_session=False)
    )
    return go_to(url_for("tins.index"))


@blueprint.route("/tins/forgetful", methods=["GET", "POST"])
@needs("tins.change")
def forgetful() -> Response:
    return respond("tins/swap.html", form=SwapForm())


def beside(_who: Scope, tin: Tin) -> dict[str, object]:
    return {"tin": tin}


module = Module(
    name="tins",
    title="Tins",
    blueprint="tests.wizards.tins:blueprint",
    models="tests.wizards.tins",
    capabilities=(
        Capability(name="tins.view", title="See tins", profiles=CLINIC),
        Capability(
            name="tins.change",
            title="Add and change tins",
            profiles=frozenset({Profile.MANAGER, Profile.PROVIDER}),
        ),
    ),
    tabs=(
        Tab(label="Tins", endpoint="tins.index", capability="tins.view", icon="vial", order=500),
    ),
    slots=("tin.record", "tin.related", "tin.actions"),
    fills=tuple(
        Fill(
            slot=f"tin.{place}",
            function="tests.wizards.tins:beside",
            template=f"tins/_{place}.html",
            capability="tins.view",
        )
        for place in ("record", "related", "actions")
    ),
    lookups=(
        Lookup(
            name="brands",
            function="tests.wizards.tins:look_up_brands",
            find="tests.wizards.tins:find_brand",
            capability="tins.change",
        ),
    ),
)
