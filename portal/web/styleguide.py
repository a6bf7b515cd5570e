"""The style guide: every component in every state, in debug mode only."""

from datetime import date, timedelta

from flask import Blueprint, Response
from wtforms import (
    BooleanField,
    FileField,
    PasswordField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]

from portal.linked import Linked, Way
from portal.web.calendar import DayCell, HourCell, Month, month_title
from portal.web.forms import DayField, Form, Required, WholeNumberField
from portal.web.guards import signed_in
from portal.web.periods import PeriodForm
from portal.web.respond import respond

blueprint = Blueprint("styleguide", __name__)


class SampleForm(Form):
    """One field of each kind."""

    name = StringField("Vaccine Inventory Name", [Required()])
    product = SelectField(
        "Product", choices=[SelectChoice("m", "Moderna"), SelectChoice("p", "Pfizer")]
    )
    doses = WholeNumberField("Total Doses", [Required()], least=1)
    expires = DayField("Expiration Date", [Required()])
    password = PasswordField("Password")
    file = FileField("File")
    shipment = StringField("Shipment Record", [Required()])
    unable = BooleanField("Unable to locate shipment record")
    reason = RadioField(
        "Reason", [Required()], choices=[SelectChoice("b", "Broken"), SelectChoice("l", "Lost")]
    )
    note = TextAreaField("Note")


MARCH = date(2027, 3, 1)
WHY = ("Too early until 03/04/2027.", "Closed: Staff training", "Full.")
NOTES = ("Too early", "Closed", "Full")


def sample_month() -> Month:
    """A month with days of each kind."""
    cells = []
    for number in range(31):
        day, free = MARCH + timedelta(days=number), number * 7 % 40
        why = 0 if number < 3 else 1 if day.weekday() > 4 else 2 if not number % 9 else 3  # noqa: PLR2004
        if why < len(WHY):
            cells.append(DayCell(day, note=NOTES[why], reason=WHY[why]))
        else:
            chosen = number == 10  # noqa: PLR2004
            cells.append(DayCell(day, "#sg-calendar", f"{free}", f"{free} places", chosen=chosen))
    return Month(title=month_title(MARCH), cells=cells, earlier="#", later="#")


SAMPLE_HOURS = (
    HourCell("9:00 AM", note="Full"),
    HourCell("9:30 AM", "#sg-calendar", "1 place"),
    HourCell("10:00 AM", "#sg-calendar", "4 places"),
)


COUNTED = Linked("“Blue fridge” was counted on that date.", [Way("Show Count 1", "home.index")])


@blueprint.get("/styleguide")
@signed_in
def index() -> Response:
    """The page."""
    sample = SampleForm(formdata=None, data={"name": "Moderna – 011J20A", "doses": 100})
    broken = SampleForm(formdata=None, prefix="broken")
    broken.validate()
    return respond(
        "styleguide/index.html",
        sample=sample,
        broken=broken,
        month=sample_month(),
        hours=SAMPLE_HOURS,
        counted=COUNTED,
        days=PeriodForm(formdata=None),
    )
