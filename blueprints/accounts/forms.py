"""Forms of `Account Management`."""

from typing import Any

from wtforms import SelectField, SelectMultipleField, StringField
from wtforms.validators import Length
from wtforms.widgets import CheckboxInput, ListWidget

from portal.i18n import _, _l
from portal.people.profiles import Profile
from portal.people.rules import grantable_profiles
from portal.places.scope import Scope
from portal.web.forms import Form, Required


class LocationsField(SelectMultipleField):
    """Locations as check boxes."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


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


class LocationsForm(Form):
    """Where a user works."""

    locations = LocationsField(_l("Locations"), coerce=int)

    def offer_places(self, places: dict[int, str]) -> None:
        """Put these locations into the list."""
        self.locations.choices = list(places.items())

    @property
    def chosen_locations(self) -> frozenset[int]:
        """The ids that were ticked."""
        return frozenset(self.locations.data or ())


class CorrectionForm(Form):
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


class NewUserForm(CorrectionForm, ProfileForm, LocationsForm):
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
