"""The style guide: every component in every state, in debug mode only."""

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

from portal.web.forms import DayField, Form, Required, WholeNumberField
from portal.web.guards import signed_in
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


@blueprint.get("/styleguide")
@signed_in
def index() -> Response:
    """The page."""
    sample = SampleForm(formdata=None, data={"name": "Moderna – 011J20A", "doses": 100})
    broken = SampleForm(formdata=None, prefix="broken")
    broken.validate()
    return respond("styleguide/index.html", sample=sample, broken=broken)
