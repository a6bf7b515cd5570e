"""A module as a third party would write it, whose records people without an account reach: kites
that somebody ordered, at a location."""

from datetime import date

from flask import Blueprint, Response, request, url_for
from sqlalchemy import ForeignKey, String, select, update
from sqlalchemy.orm import Mapped, mapped_column
from wtforms import StringField
from wtforms.validators import Length

from portal.access.scope import Place
from portal.access.visitor import Standing, Visitor
from portal.audit.services import record
from portal.db import Base, session
from portal.i18n import _l
from portal.module import MessageKind, Module, Visit
from portal.places.models import Location
from portal.visits import links
from portal.web.context import time_zone
from portal.web.forms import Form, Required
from portal.web.guards import visitor as for_visitor
from portal.web.htmx import go_to
from portal.web.respond import respond
from portal.web.visiting import visitor

blueprint = Blueprint("kites", __name__, template_folder="templates")


class Kite(Base):
    """A kite that somebody ordered."""

    __tablename__ = "kite"

    id: Mapped[int] = mapped_column(primary_key=True)
    location_id: Mapped[int] = mapped_column(ForeignKey("location.id"))
    number: Mapped[str] = mapped_column(String(12), unique=True)
    birth_date: Mapped[date]
    color: Mapped[str] = mapped_column(String(40))
    language: Mapped[str] = mapped_column(String(2), default="")
    version: Mapped[int] = mapped_column(default=1)
    sold: Mapped[bool] = mapped_column(default=False)
    said: Mapped[str] = mapped_column(String(80), default="")


class ColorForm(Form):
    """Another color."""

    color = StringField(_l("Color"), [Required(), Length(max=40)])


def standing(kite_id: int) -> Standing | None:
    """What becomes of the links to a kite."""
    found = (
        session()
        .execute(
            select(Kite.version, Kite.language, Kite.sold, Kite.said, Location)
            .join(Location, Location.id == Kite.location_id)
            .where(Kite.id == kite_id)
        )
        .one_or_none()
    )
    if found is None:
        return None
    place = found.Location
    return Standing(
        version=found.version,
        place=Place(
            id=place.id,
            name=place.name,
            pin=place.pin,
            time_zone=place.time_zone,
            organization_id=place.organization_id,
        ),
        language=found.language,
        withdrawn=found.sold,
        said=found.said,
    )


def find(number: str, birth_date: date) -> int | None:
    """The kite with this number and birth date."""
    return session().scalar(
        select(Kite.id).where(Kite.number == number, Kite.birth_date == birth_date)
    )


def paint(who: Visitor, color: str) -> None:
    """Change the color; earlier links no longer work."""
    session().execute(
        update(Kite)
        .where(Kite.id == who.subject_id)
        .values(color=color, version=Kite.version + 1)
        .execution_options(synchronize_session=False)
    )
    record(
        None,
        "kite.painted",
        subject="kite",
        subject_id=who.subject_id,
        location_id=who.place.id,
    )


@blueprint.route("/k/<token>", methods=["GET", "POST"])
@for_visitor("kite")
def kite(token: str) -> Response:
    """See the kite; a button paints it."""
    who = visitor()
    form = ColorForm()
    if request.method == "POST" and form.validate():
        paint(who, form.color.data or "")
        fresh = links.fresh_token("kite", who.subject_id, lifetime=links.AFTERWARDS, by=who.through)
        return go_to(url_for("kites.kite", token=fresh))
    status = 422 if request.method == "POST" else 200
    found = session().get_one(Kite, who.subject_id)
    return respond("kites/kite.html", status=status, kite=found, form=form, zone=time_zone())


module = Module(
    name="kites",
    title="Kites",
    blueprint="tests.visitors.kites:blueprint",
    models="tests.visitors.kites",
    messages=(MessageKind("kite_ready"),),
    visits=(
        Visit(
            name="kite",
            endpoint="kites.kite",
            standing="tests.visitors.kites:standing",
            find="tests.visitors.kites:find",
            title=_l("Find your kite"),
            hint=_l("It is on your receipt."),
        ),
    ),
)
