"""`From` and `To` above a page that lists what happened, where it is no list view."""

from datetime import datetime, timedelta

from flask import request
from wtforms import ValidationError

from portal.clock import begin_of
from portal.i18n import _, _l
from portal.web.context import time_zone
from portal.web.forms import FirstDayField, Form, LastDayField


class PeriodForm(Form):
    """The days whose entries are wanted; blank for all."""

    first_day = FirstDayField(_l("From"))
    last_day = LastDayField(_l("To"))

    def validate_last_day(self, field: LastDayField) -> None:
        """No day before the first. Raises `ValidationError`."""
        if self.first_day.data and field.data and field.data < self.first_day.data:
            raise ValidationError(_("This day is before the day in “From”. Change one of them."))

    @property
    def since(self) -> datetime | None:
        """The moment at which the days begin, in the zone of this request."""
        day = self.first_day.data
        return begin_of(day, time_zone()) if day else None

    @property
    def until(self) -> datetime | None:
        """The moment at which the days are over."""
        day = self.last_day.data
        return begin_of(day + timedelta(days=1), time_zone()) if day else None

    @property
    def days(self) -> dict[str, str]:
        """What was typed, as an address carries it."""
        typed = {each.name: each._value() for each in (self.first_day, self.last_day)}
        return {name: text for name, text in typed.items() if text}


def asked_days() -> PeriodForm:
    """The days that the address asks for; what is wrong is said beside the fields."""
    form = PeriodForm(formdata=request.args)
    form.validate()
    return form
