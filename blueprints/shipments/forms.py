"""Forms of the shipments: a file, or one shipment by hand."""

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired
from wtforms import StringField

from portal.web.forms import Form, Required


class FileForm(Form):
    """A supplier's file."""

    file = FileField(
        _l("File"),
        validators=[FileRequired(_l("Choose the supplier's file, CSV or Excel (.xlsx)."))],
    )


class ShipmentForm(Form):
    """One shipment, field by field; what is right is decided by the checks for rows of a file."""

    shipment_id = StringField(_l("Shipment ID"), [Required()])
    order_number = StringField(_l("ExIS Order Number"), [Required()])
    provider_pin = StringField(_l("Provider PIN"), [Required()])
    ndc = StringField(_l("NDC"), [Required()])
    manufacturer = StringField(_l("Manufacturer"), [Required()])
    lot = StringField(_l("Lot Number"), [Required()])
    expiration = StringField(_l("Expiration Date"), [Required()])
    quantity = StringField(_l("Quantity Shipped"), [Required()])
    date_shipped = StringField(_l("Date Shipped"), [Required()])
    carrier = StringField(_l("Carrier"))
    tracking_number = StringField(_l("Tracking Number"))
