"""Forms of `Account Management`."""

from collections.abc import Collection
from typing import Any

from wtforms import HiddenField, SelectField, StringField
from wtforms.validators import Length

from blueprints.accounts.queries import UserRecord
from portal.access.profiles import CLINIC, Profile
from portal.access.scope import Scope
from portal.accounts.corrections import Correction
from portal.errors import Invalid
from portal.formats.numbers import record_number
from portal.i18n import _, _l
from portal.people.rules import grantable_profiles
from portal.web.forms import CheckboxesField, Form, Required
from portal.web.reading import AREA_LENGTH

CORRECTED = ("first_name", "last_name", "email")


class ProfileForm(Form):
    """Another profile."""

    profile = SelectField(_l("Profile"), [Required()])

    def offer(self, giver: Profile, *, blank: bool = False) -> None:
        """Put the profiles that `giver` may give into the list."""
        first = [("", _("Choose a profile"))] if blank else []
        self.profile.choices = first + [
            (str(profile), profile.label) for profile in grantable_profiles(giver)
        ]

    @property
    def chosen(self) -> Profile:
        """The profile that was chosen."""
        return Profile(self.profile.data)


class SecondProfileForm(Form):
    """The profile at locations that programme staff hold besides theirs; `was_there` is what the
    page showed."""

    profile_there = SelectField(_l("Profile at locations"))
    was_there = HiddenField()

    def offer(self) -> None:
        """Put the profiles of locations, and none, into the list."""
        self.profile_there.choices = [("", _("None"))] + [
            (str(profile), profile.label) for profile in Profile if profile in CLINIC
        ]

    @property
    def chosen(self) -> Profile | None:
        """The profile that was chosen; None for none."""
        return Profile(self.profile_there.data) if self.profile_there.data else None


class LocationsForm(Form):
    """Where a user works."""

    locations = CheckboxesField(_l("Locations"), coerce=int)

    def offer_places(self, places: dict[int, str]) -> None:
        """Put these locations into the list."""
        self.locations.choices = list(places.items())

    @property
    def chosen_locations(self) -> frozenset[int]:
        """The ids that were ticked."""
        return frozenset(self.locations.data or ())


class WorksAtForm(LocationsForm):
    """Where somebody who has an account works; `was` is what the page showed as ticked."""

    locations = CheckboxesField(_l("Locations"), coerce=int, validate_choice=False)
    was = HiddenField(validators=[Length(max=AREA_LENGTH)])

    @property
    def shown(self) -> frozenset[int]:
        """The ids that the page showed as ticked."""
        numbers = (record_number(text) for text in (self.was.data or "").split())
        return frozenset(number for number in numbers if number is not None)

    def go_on_from(self, now: frozenset[int]) -> None:
        """Tick what is so `now`, but for what the sender ticked or cleared."""
        chosen, shown = self.chosen_locations, self.shown
        self.locations.data = sorted((now | (chosen - shown)) - (shown - chosen))
        self.was.data = as_shown(now)


def as_shown(location_ids: frozenset[int]) -> str:
    """What `WorksAtForm.was` holds where these are ticked."""
    return " ".join(str(number) for number in sorted(location_ids))


class PersonForm(Form):
    """Name and e-mail address of a user."""

    first_name = StringField(
        _l("First Name"), [Required(), Length(max=80)], render_kw={"autocomplete": "off"}
    )
    last_name = StringField(
        _l("Last Name"), [Required(), Length(max=80)], render_kw={"autocomplete": "off"}
    )
    email = StringField(
        _l("Email"),
        [Required(), Length(max=254)],
        render_kw={"autocomplete": "off", "inputmode": "email"},
    )


class CorrectionForm(PersonForm):
    """Name and e-mail address of somebody who has an account; `was_…` is what the page showed."""

    was_first_name = HiddenField()
    was_last_name = HiddenField()
    was_email = HiddenField(validators=[Length(max=254)])

    @property
    def typed(self) -> Correction:
        """What is in the fields."""
        return Correction(**{name: self[name].data or "" for name in CORRECTED})

    @property
    def shown(self) -> Correction:
        """What the page showed in them."""
        return Correction(**{name: self[f"was_{name}"].data or "" for name in CORRECTED})

    def go_on_from(self, now: Correction, doubted: Collection[str]) -> None:
        """Say beside the `doubted` fields what somebody else put there; those that the sender left
        alone show what they hold `now`."""
        for name in CORRECTED:
            field, was, value = self[name], self[f"was_{name}"], getattr(now, name)
            if name in doubted:
                self.refuse(Invalid(_theirs(value), field=name))
            elif field.data == was.data:
                field.data = value
            was.data = value


def _theirs(value: str) -> str:
    return _(
        "Someone else changed this. It is now “%(value)s”. Save again to replace it with yours.",
        value=value,
    )


class NewUserForm(PersonForm, ProfileForm, LocationsForm):
    """One new user."""

    username = StringField(
        _l("Username"),
        [Required(), Length(max=64)],
        render_kw={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"},
    )


def new_user_form(scope: Scope, late: Any = None) -> NewUserForm:
    """The form `Add` with what this user may choose; the present location is ticked.

    `late`: what was entered before the session timed out.
    """
    here = [scope.location.id] if scope.location else []
    form = NewUserForm(formdata=late, locations=here) if late else NewUserForm(locations=here)
    form.offer(scope.user.profile, blank=True)
    form.offer_places({place.id: place.name for place in scope.locations})
    return form


def correction_form(record: UserRecord, sent: Any = None) -> CorrectionForm:
    """The form of name and address as they are, or as they were `sent`."""
    user = record.user
    values = {name: getattr(user, name) for name in CORRECTED}
    shown = {f"was_{name}": value for name, value in values.items()}
    return CorrectionForm(formdata=sent, data={**values, **shown})


def profile_form(here: Scope, record: UserRecord, sent: Any = None) -> ProfileForm:
    """The form of the profile as it is, or as it was `sent`."""
    form = ProfileForm(formdata=sent, profile=record.user.profile)
    form.offer(here.user.profile)
    return form


def locations_form(here: Scope, record: UserRecord, sent: Any = None) -> WorksAtForm:
    """The form of the locations as they are, or as they were `sent`."""
    there = record.location_ids
    form = WorksAtForm(formdata=sent, locations=sorted(there), was=as_shown(there))
    own = {place.id: place.name for place in here.locations}
    form.offer_places({**{place.id: place.name for place in record.locations}, **own})
    return form


def second_form(record: UserRecord, sent: Any = None) -> SecondProfileForm:
    """The form of the profile at locations as it is, or as it was `sent`."""
    held = record.user.location_profile or ""
    form = SecondProfileForm(formdata=sent, profile_there=held, was_there=held)
    form.offer()
    return form
