"""The page `/setup` of the first start."""

from zoneinfo import available_timezones

from flask import Blueprint, Response, flash, g, request, url_for
from wtforms import BooleanField, PasswordField, SelectField, StringField
from wtforms.validators import Length

from portal import settings
from portal.db import unit_of_work
from portal.errors import Invalid, PortalError
from portal.i18n import _, _l
from portal.places.services import NewLocation
from portal.refusals.rules import RefusalKind
from portal.signing_in import setup
from portal.signing_in.forms import NEW_PASSWORD_HINT, NewPasswordForm
from portal.web.forms import Required
from portal.web.guards import before_transaction, public
from portal.web.htmx import go_to
from portal.web.refusals import mark
from portal.web.respond import respond

blueprint = Blueprint("setup", __name__)

AMERICAN = (
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Phoenix",
    "America/Los_Angeles",
    "America/Anchorage",
    "Pacific/Honolulu",
    "America/Puerto_Rico",
)


class SetUpForm(NewPasswordForm):
    """Organization, location and administrator."""

    code = PasswordField(
        _l("Set-up code"), [Required()], render_kw={"type": "text", "autocomplete": "off"}
    )
    organization = StringField(_l("Organization"), [Required(), Length(max=120)])
    location = StringField(_l("Location"), [Required(), Length(max=120)])
    pin = StringField(_l("Provider PIN"), [Required(), Length(max=16)])
    street = StringField(_l("Street Address"), [Length(max=120)])
    city = StringField(_l("City"), [Length(max=80)])
    state = StringField(_l("State"), [Length(max=2)])
    zip_code = StringField(_l("Zip"), [Length(max=10)])
    time_zone = SelectField(_l("Time zone"), choices=[])
    first_name = StringField(
        _l("First Name"), [Required(), Length(max=80)], render_kw={"autocomplete": "given-name"}
    )
    last_name = StringField(
        _l("Last Name"), [Required(), Length(max=80)], render_kw={"autocomplete": "family-name"}
    )
    email = StringField(
        _l("Email"), [Required(), Length(max=254)], render_kw={"autocomplete": "email"}
    )
    works_here = BooleanField(
        _l("You also work at this location as Healthcare Location Manager"), default=False
    )
    username = StringField(
        _l("Username"),
        [Required(), Length(max=64)],
        render_kw={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"},
    )

    def offer_zones(self) -> "SetUpForm":
        """Put the time zones into the list: those of the United States first."""
        rest = sorted(zone for zone in available_timezones() if "/" in zone)
        zones = [*AMERICAN, *(zone for zone in rest if zone not in AMERICAN)]
        self.time_zone.choices = [(zone, zone) for zone in zones]
        if not self.time_zone.data or self.time_zone.data == "None":
            self.time_zone.data = settings.current().time_zone
        return self


def _prepare() -> str | PortalError | None:
    """The administrator's password hash, the refusal, or None if the form is not filled in."""
    with unit_of_work(write=False):
        due = setup.is_due()
    form = SetUpForm().offer_zones()
    if not due or not form.validate():
        return None
    names = (
        form.organization.data or "",
        form.location.data or "",
        form.city.data or "",
        form.username.data or "",
        form.first_name.data or "",
        form.last_name.data or "",
        form.email.data or "",
    )
    try:
        return setup.prepare(
            form.code.data or "",
            form.new_password.data or "",
            names=names,
            address=request.remote_addr or "",
        )
    except PortalError as refusal:
        return refusal


@blueprint.route("/setup", methods=["GET", "POST"])
@public("the first start, while nobody has an account; guarded by the set-up code")
@before_transaction(_prepare)
def set_up() -> Response:
    """Make the first organization, location and programme administrator."""
    if not setup.is_due():
        return go_to(url_for("people.sign_in"))
    form = SetUpForm().offer_zones()
    if request.method != "POST":
        return _page(form)
    prepared: str | PortalError | None = g.prepared
    if not form.validate() or prepared is None:
        return _page(form, 422)
    try:
        if isinstance(prepared, PortalError):
            raise prepared
        setup.complete(
            organization=form.organization.data or "",
            location=_location(form),
            administrator=setup.Administrator(
                username=form.username.data or "",
                first_name=form.first_name.data or "",
                last_name=form.last_name.data or "",
                email=form.email.data or "",
                works_here=bool(form.works_here.data),
            ),
            password_hash=prepared,
        )
    except PortalError as refusal:
        if refusal.field == "code":
            mark(RefusalKind.WRONG_PASSWORD)
        form.refuse(_on_this_form(refusal))
        return _page(form, refusal.status)
    flash(_("The portal is set up. Sign in with your new account."), "success")
    return go_to(url_for("people.sign_in"))


def _on_this_form(refusal: PortalError) -> PortalError:
    """The location's own name has another field name here."""
    if refusal.field == "name":
        return Invalid(refusal.message, field="location")
    return refusal


def _location(form: SetUpForm) -> NewLocation:
    return NewLocation(
        name=form.location.data or "",
        pin=form.pin.data or "",
        time_zone=form.time_zone.data or "",
        street=form.street.data or "",
        city=form.city.data or "",
        state=form.state.data or "",
        zip_code=form.zip_code.data or "",
    )


def _page(form: SetUpForm, status: int = 200) -> Response:
    return respond("people/set_up.html", status=status, form=form, hint=NEW_PASSWORD_HINT)
