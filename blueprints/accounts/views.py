"""Routes of `Account Management`."""

from collections.abc import Callable
from functools import partial

from flask import Blueprint, Response, flash, g, url_for
from flask_login import current_user

from blueprints.accounts import services
from blueprints.accounts.forms import LocationsForm, ProfileForm, new_user_form
from blueprints.accounts.lists import USERS
from blueprints.accounts.queries import UserRecord, get_user
from portal.audit.services import viewed as audit_view
from portal.db import unit_of_work
from portal.errors import Invalid, PortalError, TooMany
from portal.i18n import _
from portal.listviews.definition import Action
from portal.listviews.views import list_page
from portal.people import additions
from portal.people.accounts import NewUser
from portal.people.models import User
from portal.places.scope import Scope
from portal.web.context import scope
from portal.web.guards import ahead, needs
from portal.web.htmx import go_to
from portal.web.requests import note
from portal.web.respond import respond

blueprint = Blueprint("accounts", __name__, url_prefix="/accounts")


@blueprint.get("")
@needs("accounts.manage")
def index() -> Response:
    """The users of the present location."""
    add_one = Action(label=_("Add"), href=url_for("accounts.add"), kind="primary", icon="plus")
    return list_page(USERS, scope(), actions=[add_one])


def _begin_adding() -> int:
    with unit_of_work(write=False):
        live: Scope | None = getattr(current_user, "scope", None)
        form = new_user_form(live) if live and live.can("accounts.manage") else None
    if live is None or form is None or not form.validate():
        return 0
    return additions.begin(live, username=form.username.data or "", email=form.email.data or "")


@blueprint.route("/add", methods=["GET", "POST"])
@needs("accounts.manage")
@ahead(_begin_adding)
def add() -> Response:
    """Add one user."""
    form = new_user_form(scope())
    if not form.is_submitted():
        return respond("accounts/add.html", form=form)
    if not form.validate():
        return respond("accounts/add.html", status=422, form=form)
    if g.ahead:
        form.refuse(Invalid(_("Too many of your forms were refused. Please wait a while.")))
        response = respond("accounts/add.html", status=429, form=form)
        response.headers["Retry-After"] = str(g.ahead)
        return response
    new = NewUser(
        username=form.username.data or "",
        first_name=form.first_name.data or "",
        last_name=form.last_name.data or "",
        email=form.email.data or "",
        profile=form.chosen,
        location_ids=form.chosen_locations,
    )
    try:
        added = services.add(scope(), new)
    except Invalid as refusal:
        form.refuse(refusal)
        return respond("accounts/add.html", status=422, form=form)
    if added.is_new:
        flash(_("The user was added. The welcome e-mail is on its way."), "success")
    else:
        flash(_("The user has an account already and now works here, too."), "success")
    return go_to(_after(added.user))


def _after(user: User) -> str:
    """The user's record, or the list if the user is out of sight now."""
    try:
        get_user(scope(), user.id)
    except PortalError:
        return url_for("accounts.index")
    return url_for("accounts.user", user_id=user.id)


@blueprint.get("/<int:user_id>")
@needs("accounts.manage")
def user(user_id: int) -> Response:
    """The record of a user."""
    record = get_user(scope(), user_id)
    note(partial(audit_view, scope(), "user", user_id))
    return _page(record)


def _page(
    record: UserRecord,
    *,
    status: int = 200,
    profile_form: ProfileForm | None = None,
    locations_form: LocationsForm | None = None,
    refusal: str = "",
) -> Response:
    here = scope()
    return respond(
        "accounts/user.html",
        status=status,
        record=record,
        profile_form=profile_form or _profile_form(here, record),
        locations_form=locations_form or _locations_form(here, record),
        refusal=refusal,
    )


def _profile_form(here: Scope, record: UserRecord) -> ProfileForm:
    form = ProfileForm(profile=record.user.profile)
    form.offer(here.user.profile)
    return form


def _locations_form(here: Scope, record: UserRecord) -> LocationsForm:
    form = LocationsForm(locations=[place.id for place in record.locations])
    own = {place.id: place.name for place in here.locations}
    form.offer_places({**{place.id: place.name for place in record.locations}, **own})
    return form


@blueprint.post("/<int:user_id>/profile")
@needs("accounts.manage")
def change_profile(user_id: int) -> Response:
    """Give the user another profile."""
    form = _profile_form(scope(), get_user(scope(), user_id))
    if not form.validate():
        return _page(get_user(scope(), user_id), status=422, profile_form=form)
    try:
        changed = services.change_profile(scope(), user_id, form.chosen)
    except Invalid as refusal:
        form.refuse(Invalid(refusal.message, field="profile"))
        return _page(get_user(scope(), user_id), status=422, profile_form=form)
    flash(_("The profile was changed."), "success")
    return go_to(_after(changed))


@blueprint.post("/<int:user_id>/locations")
@needs("accounts.manage")
def change_locations(user_id: int) -> Response:
    """Say at which of one's own locations the user works."""
    form = _locations_form(scope(), get_user(scope(), user_id))
    if not form.validate():
        return _page(get_user(scope(), user_id), status=422, locations_form=form)
    try:
        changed = services.change_locations(scope(), user_id, form.chosen_locations)
    except Invalid as refusal:
        form.refuse(Invalid(refusal.message, field="locations"))
        return _page(get_user(scope(), user_id), status=422, locations_form=form)
    flash(_("The locations were changed."), "success")
    return go_to(_after(changed))


@blueprint.post("/<int:user_id>/deactivate")
@needs("accounts.manage")
def deactivate(user_id: int) -> Response:
    """End the user's access at once."""
    return _do(user_id, services.deactivate, _("The user was deactivated and signed out."))


@blueprint.post("/<int:user_id>/reactivate")
@needs("accounts.manage")
def reactivate(user_id: int) -> Response:
    """Give the access back."""
    return _do(user_id, services.reactivate, _("The user was reactivated."))


@blueprint.post("/<int:user_id>/invite")
@needs("accounts.manage")
def resend_invitation(user_id: int) -> Response:
    """Mail the welcome with a new link."""
    return _do(user_id, services.resend_invitation, _("The invitation was sent again."))


def _do(user_id: int, action: Callable[[Scope, int], User], done: str) -> Response:
    try:
        changed = action(scope(), user_id)
    except Invalid as refusal:
        return _page(get_user(scope(), user_id), status=422, refusal=refusal.message)
    except TooMany as refusal:
        response = _page(get_user(scope(), user_id), status=429, refusal=refusal.message)
        response.headers["Retry-After"] = str(refusal.retry_after)
        return response
    flash(done, "success")
    return go_to(_after(changed))
