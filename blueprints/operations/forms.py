"""Forms of `Operations`."""

from collections.abc import Iterable
from operator import itemgetter
from typing import Any

from wtforms import SelectField, StringField
from wtforms.validators import Length

from blueprints.operations import queries as named
from portal.access.scope import Scope
from portal.access.through import Through
from portal.audit import queries
from portal.audit.queries import Wanted
from portal.i18n import _l
from portal.web.context import registry
from portal.web.forms import Form, Required, WholeNumberField
from portal.web.periods import PeriodForm


class FindForm(PeriodForm):
    """Which messages to look for."""

    text = StringField(_l("Recipient, shipment ID or other words"), [Length(max=200)], default="")
    kind = SelectField(_l("Kind"), default="")
    channel = SelectField(_l("Channel"), default="")

    def offer(self, kinds: Iterable[str]) -> None:
        """Put the kinds of messages and the channels into the lists."""
        self.kind.choices = [("", _l("Any")), *in_words(kinds)]
        channels = [(one.name, one.title) for one in registry().channels.values()]
        self.channel.choices = [("", _l("Any")), *channels]


def in_words(names: Iterable[str]) -> list[tuple[str, str]]:
    """Names and what they are called, by what they are called."""
    return sorted(((name, registry().in_words(name)) for name in names), key=itemgetter(1))


class CancelForm(Form):
    """Why a message is no longer wanted."""

    reason = StringField(_l("Reason"), [Required(), Length(max=200)])


def _number(text: Any) -> int | None:
    return int(text) if text not in (None, "", "None") else None


class SearchForm(PeriodForm):
    """What to look for in the audit trail."""

    actor = SelectField(_l("User"), coerce=_number)
    action = SelectField(_l("Action"), default="")
    subject = SelectField(_l("Record"), default="")
    subject_id = WholeNumberField(_l("Record number"), least=1, most=2**53)
    location = SelectField(_l("Location"), coerce=_number)
    through = SelectField(_l("Through"), default="")

    def wanted(self, zone: str) -> Wanted:
        """The search, with its days in the time zone `zone`."""
        return Wanted(
            actor_id=self.actor.data,
            action=self.action.data or "",
            subject=self.subject.data or "",
            subject_id=self.subject_id.data,
            location_id=self.location.data,
            through=self.through.data or "",
            first_day=self.first_day.data,
            last_day=self.last_day.data,
            zone=zone,
        )

    def kept(self) -> dict[str, str]:
        """The search as an address carries it."""
        held = {field.name: field.data for field in self if field.data not in (None, "")}
        return {name: str(value) for name, value in held.items()} | self.days


def search_form(scope: Scope, given: Any) -> SearchForm:
    """The search form, with what can be chosen and what was given."""
    form = SearchForm(formdata=given or None)
    everybody, anything = _l("Everybody"), _l("Any")
    form.actor.choices = [("", everybody), *named.people(scope)]
    form.action.choices = [("", anything), *in_words(queries.actions(scope))]
    form.subject.choices = [("", anything), *in_words(queries.subjects(scope))]
    form.location.choices = [("", anything), *named.places(scope)]
    form.through.choices = [("", anything), *((one.value, one.label) for one in Through)]
    return form
