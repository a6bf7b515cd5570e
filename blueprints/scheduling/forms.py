"""The forms of the set-up page."""

import re
from collections.abc import Sequence
from typing import Any

from wtforms import BooleanField, Field, HiddenField, RadioField, SelectField, StringField
from wtforms.fields import SelectMultipleField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import Length
from wtforms.widgets import CheckboxInput, ListWidget, TextInput

from blueprints.scheduling.doses import are_counted
from blueprints.scheduling.hours import hours_text, parse_hours
from blueprints.scheduling.rules import DosesBound, Setup, SpecialDay
from portal.errors import Invalid
from portal.formats.numbers import record_number
from portal.i18n import _, _l, ngettext
from portal.web.forms import DayField, Form, Required, WholeNumberField

WEEKDAYS = (
    *(_l("Monday"), _l("Tuesday"), _l("Wednesday"), _l("Thursday"), _l("Friday")),
    *(_l("Saturday"), _l("Sunday")),
)
NOTICES = (
    (0, _l("None")),
    (30, _l("30 minutes")),
    (60, _l("1 hour")),
    (120, _l("2 hours")),
    (240, _l("4 hours")),
    (720, _l("12 hours")),
    (1440, _l("1 day")),
    (2880, _l("2 days")),
    (4320, _l("3 days")),
    (10080, _l("1 week")),
)
STAFF, PUBLIC = "staff", "public"
DEGREES = re.compile(r"-?[0-9]{1,3}(\.[0-9]{1,8})?")


class HoursField(Field):
    """Ranges of hours as text; `data` are `Hours` in order."""

    widget = TextInput()
    longest = 200

    def _value(self) -> str:
        return str(self.raw_data[0]) if self.raw_data else hours_text(self.data or ())

    def process_formdata(self, valuelist: Sequence[Any]) -> None:
        """Read the hours. Raises `ValueError` with a sentence for what is none."""
        self.data = ()
        try:
            self.data = parse_hours(str(valuelist[0]) if valuelist else "")
        except Invalid as refusal:
            raise ValueError(refusal.message) from refusal


class DegreesField(Field):
    """A latitude or longitude in degrees, up to `most` either way; blank for none."""

    widget = TextInput()
    longest = 20

    def __init__(self, label: Any = None, *, most: int, **kwargs: Any) -> None:
        kwargs["render_kw"] = {"inputmode": "text", "autocomplete": "off", "size": 14}
        super().__init__(label, **kwargs)
        self.most = most

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else str(self.data)

    def process_formdata(self, valuelist: Sequence[Any]) -> None:
        """Read the number. Raises `ValueError` with a sentence for what is none."""
        text = str(valuelist[0]).strip() if valuelist else ""
        self.data = None
        if not text:
            return
        if not DEGREES.fullmatch(text) or abs(float(text)) > self.most:
            raise ValueError(_("Enter degrees such as 35.8665 or -76.7486."))
        self.data = float(text)


class ProductsField(SelectMultipleField):
    """Vaccine products as check boxes."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class SetupForm(Form):
    """What the location offers."""

    active = BooleanField(_l("Appointments can be made at this location"))
    day_0 = HoursField(WEEKDAYS[0])
    day_1 = HoursField(WEEKDAYS[1])
    day_2 = HoursField(WEEKDAYS[2])
    day_3 = HoursField(WEEKDAYS[3])
    day_4 = HoursField(WEEKDAYS[4])
    day_5 = HoursField(WEEKDAYS[5])
    day_6 = HoursField(WEEKDAYS[6])
    slot_minutes = WholeNumberField(
        _l("Minutes for one appointment"), [Required()], least=5, most=480
    )
    places = WholeNumberField(_l("People at the same time"), [Required()], least=1, most=500)
    second_dose_share = WholeNumberField(
        _l("Percent kept for second doses"), [Required()], most=100
    )
    walk_in_share = WholeNumberField(_l("Percent kept for walk-ins"), [Required()], most=100)
    horizon_days = WholeNumberField(
        _l("Days ahead that can be booked"), [Required()], least=1, most=180
    )
    notice_minutes = SelectField(_l("Minimum notice"), coerce=int)
    audience = RadioField(
        _l("Who can make appointments"),
        choices=[
            SelectChoice(STAFF, _l("Staff only")),
            SelectChoice(PUBLIC, _l("Staff and the public")),
        ],
    )
    doses_bound = RadioField(
        _l("Doses and appointments"),
        choices=[SelectChoice(str(each), each.label) for each in DosesBound],
    )
    products = ProductsField(_l("Vaccine products offered"), coerce=int)
    latitude = DegreesField(_l("Latitude"), most=90)
    longitude = DegreesField(_l("Longitude"), most=180)
    seen = HiddenField()
    accepted = HiddenField()

    def offer(self, products: dict[int, str], notice: int) -> None:
        """Put the choices into the lists; `notice` is the one that is set."""
        known = dict(NOTICES)
        if notice not in known:
            known[notice] = ngettext("%(num)s minute", "%(num)s minutes", notice)
        self.notice_minutes.choices = [
            SelectChoice(minutes, str(known[minutes])) for minutes in sorted(known)
        ]
        self.products.choices = [SelectChoice(*each) for each in products.items()]

    @property
    def days(self) -> list[HoursField]:
        """The fields of the seven days."""
        return [self[f"day_{number}"] for number in range(7)]

    def wished(self) -> Setup:
        """What was typed, as a setup."""
        return Setup(
            active=self.active.data,
            weekly=tuple(field.data or () for field in self.days),
            slot_minutes=self.slot_minutes.data,
            places=self.places.data,
            horizon_days=self.horizon_days.data,
            notice_minutes=self.notice_minutes.data,
            public=self.audience.data == PUBLIC,
            second_dose_share=self.second_dose_share.data,
            walk_in_share=self.walk_in_share.data,
            doses_bound=DosesBound(self.doses_bound.data),
            products=frozenset(self.products.data or ()),
            latitude=self.latitude.data,
            longitude=self.longitude.data,
        )


def values_of(setup: Setup, version: int) -> dict[str, Any]:
    """What the set-up form shows of a schedule."""
    days = {f"day_{number}": hours for number, hours in enumerate(setup.weekly)}
    return {
        **vars(setup),
        **days,
        "audience": PUBLIC if setup.public else STAFF,
        "doses_bound": str(setup.doses_bound),
        "products": sorted(setup.products),
        "seen": str(version),
        "accepted": "0",
    }


class DayForm(Form):
    """A closure, or a day with hours of its own."""

    day = DayField(_l("Date"), [Required()])
    hours = HoursField(_l("Hours on that day"))
    reason = StringField(_l("Reason"), [Length(max=80)])
    accepted = HiddenField()

    def special(self) -> SpecialDay:
        """What was typed."""
        return SpecialDay(self.reason.data or "", self.hours.data or ())


def accepted_of(form: Form) -> int:
    """How many bookings without a place the sender was told of."""
    return record_number(str(form["accepted"].data or "")) or 0


def facts_of(setup: Setup) -> list[tuple[str, str]]:
    """A saved schedule in words, label and value."""
    labels = {field.name: str(field.label.text) for field in SetupForm(formdata=None)}
    notice = dict(NOTICES).get(setup.notice_minutes, f"{setup.notice_minutes}")
    return [
        (labels["active"], _("Yes") if setup.active else _("No")),
        *(
            (str(weekday), hours_text(hours) or _("Closed"))
            for weekday, hours in zip(WEEKDAYS, setup.weekly, strict=True)
        ),
        (labels["slot_minutes"], f"{setup.slot_minutes}"),
        (labels["places"], f"{setup.places}"),
        (labels["second_dose_share"], f"{setup.second_dose_share}"),
        (labels["walk_in_share"], f"{setup.walk_in_share}"),
        (labels["horizon_days"], f"{setup.horizon_days}"),
        (labels["notice_minutes"], str(notice)),
        (labels["audience"], _("Staff and the public") if setup.public else _("Staff only")),
        *([(labels["doses_bound"], str(setup.doses_bound.label))] if are_counted() else ()),
    ]
