"""Routes of `Account Management`."""

from collections.abc import Callable
from functools import partial
from typing import Any

from flask import Blueprint, Response, current_app, flash, g, request, url_for
from flask_login import current_user

from blueprints.accounts import forms, services
from blueprints.accounts.confirming import after_deactivating, after_new_profile
from blueprints.accounts.forms import (
    CorrectionForm,
    NewUserForm,
    ProfileForm,
    SecondProfileForm,
    WorksAtForm,
    new_user_form,
)
from blueprints.accounts.history import history_of
from blueprints.accounts.lists import USERS
from blueprints.accounts.pages import late_forms, page_of, question_of
from blueprints.accounts.queries import UserRecord, get_user
from portal.access.scope import Scope
from portal.accounts import limit_on_adding as additions
from portal.accounts.new_users import NewUser
from portal.accounts.services import giver_of
from portal.audit.services import viewed as audit_view
from portal.db import unit_of_work
from portal.errors import Conflict, Invalid, PortalError, TooMany
from portal.formats.numbers import record_number
from portal.i18n import _, _l
from portal.listviews.definition import Action
from portal.listviews.views import list_page, viewed
from portal.people import rules
from portal.people.models import User
from portal.web.context import scope
from portal.web.guards import before_transaction, needs
from portal.web.htmx import go_to
from portal.web.late_forms import keeps_late_input, late_values
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
@before_transaction(_begin_adding)
@keeps_late_input(_l("Add a user"), form=NewUserForm)
def add() -> Response:
    """Add one user."""
    form = new_user_form(scope(), late_values())
    if request.method != "POST":
        return respond("accounts/add.html", form=form)
    if not form.validate():
        return respond("accounts/add.html", status=422, form=form)
    if g.prepared:
        form.refuse(_too_many())
        response = respond("accounts/add.html", status=429, form=form)
        response.headers["Retry-After"] = str(g.prepared)
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
        flash(_("The user was added.") + " " + _invited(), "success")
    else:
        flash(_("The user already had an account and now also works here."), "success")
    return go_to(_after(added.user))


def _too_many() -> Invalid:
    return Invalid(_("Too many of your forms were refused. Wait a few minutes, then try again."))


def _invited() -> str:
    """What becomes of an invitation."""
    if current_app.extensions["portal"].settings.practice:
        return _(
            "Practice mode sends no e-mail. A programme administrator can open the invitation "
            "under Operations, Messages."
        )
    return _("The welcome e-mail is on its way.")


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
    viewed(scope(), "user", user_id)
    return _page(record, **late_forms(scope(), record))


def _page(
    record: UserRecord,
    *,
    status: int = 200,
    correction_form: CorrectionForm | None = None,
    profile_form: ProfileForm | None = None,
    locations_form: WorksAtForm | None = None,
    second_form: SecondProfileForm | None = None,
    refusal: str = "",
) -> Response:
    here = scope()
    below = record_number(request.args.get("below"))
    return respond(
        "accounts/user.html",
        status=status,
        record=record,
        own=record.user.id == here.user.id,
        not_whole=services.refusal_of_whole_account(here, record.user.id),
        may_change_email=not record.is_registered or giver_of(here).everywhere,
        history=history_of(here, record, below=below),
        older=below is not None,
        correcting=correction_form is not None or not record.is_registered,
        correction_form=correction_form or forms.correction_form(record),
        profile_form=profile_form or forms.profile_form(here, record),
        locations_form=locations_form or forms.locations_form(here, record),
        second_form=second_form or forms.second_form(record),
        refusal=refusal,
    )


def _own(record: UserRecord) -> str:
    """The refusal to change one's own account; empty for another's."""
    try:
        rules.check_another(scope().user.id, record.user.id)
    except Invalid as refusal:
        return refusal.message
    return ""


def _begin_correcting(user_id: int) -> int:
    form = CorrectionForm()
    with unit_of_work(write=False):
        live: Scope | None = getattr(current_user, "scope", None)
        if live is None or not live.can("accounts.manage") or not form.validate():
            return 0
        try:
            older = get_user(live, user_id).user.email
        except PortalError:
            return 0
    typed = form.email.data or ""
    if typed.lower() in {older, form.was_email.data}:
        return 0
    return additions.begin(live, email=typed, but=user_id)


@blueprint.post("/<int:user_id>/correct")
@needs("accounts.manage")
@before_transaction(_begin_correcting)
@keeps_late_input(_l("Name and Email"), form=CorrectionForm, page=page_of)
def correct(user_id: int) -> Response:
    """Correct a mistyped name or e-mail address."""
    record = get_user(scope(), user_id)
    if own := _own(record):
        return _page(record, status=422, refusal=own)
    services.check_whole_account(scope(), user_id)
    form = forms.correction_form(record, request.form)
    if not form.validate():
        return _page(record, status=422, correction_form=form)
    if g.prepared:
        form.refuse(_too_many())
        return _later(record, g.prepared, correction_form=form)
    try:
        corrected = services.correct(scope(), user_id, form.typed, shown=form.shown)
    except services.Overtaken as refusal:
        form.refuse(refusal)
        form.go_on_from(refusal.now, refusal.doubted)
        return _page(get_user(scope(), user_id), status=409, correction_form=form)
    except Invalid as refusal:
        form.refuse(refusal)
        return _page(get_user(scope(), user_id), status=422, correction_form=form)
    except TooMany as refusal:
        form.refuse(refusal)
        again = get_user(scope(), user_id)
        return _later(again, refusal.retry_after, correction_form=form)
    if "email" in corrected and not record.is_registered and record.user.active:
        said = _("A new invitation was sent. The old link no longer works.")
        flash(said + " " + _invited(), "success")
    elif corrected:
        flash(_("Saved."), "success")
    return go_to(page_of(user_id))


def _later(record: UserRecord, seconds: int, **shown: Any) -> Response:
    response = _page(record, status=429, **shown)
    response.headers["Retry-After"] = str(seconds)
    return response


@blueprint.get("/<int:user_id>/profile")
@needs("accounts.manage")
def confirm_profile(user_id: int) -> Response:
    """Say what follows from another profile, and ask."""
    record = get_user(scope(), user_id)
    if own := _own(record):
        return _page(record, status=422, refusal=own)
    if "profile" not in request.args:
        return _page(record)
    services.check_whole_account(scope(), user_id)
    late_values()
    form = forms.profile_form(scope(), record, request.args)
    if not form.validate():
        return _page(record, status=422, profile_form=form)
    try:
        if form.chosen is record.user.held_profile:
            raise Invalid(_("The user already has this profile."))
        services.check_profile(scope(), user_id, form.chosen)
    except Invalid as refusal:
        form.refuse(Invalid(refusal.message, field="profile"))
        return _page(record, status=422, profile_form=form)
    return _ask_about(record, form)


def _ask_about(
    record: UserRecord, form: ProfileForm, *, status: int = 200, refusal: str = ""
) -> Response:
    return respond(
        "accounts/confirm_profile.html",
        status=status,
        record=record,
        chosen=form.chosen,
        after=after_new_profile(scope(), record, form.chosen),
        refusal=refusal,
    )


@blueprint.post("/<int:user_id>/profile")
@needs("accounts.manage")
@keeps_late_input(_l("Profile"), form=ProfileForm, page=question_of)
def change_profile(user_id: int) -> Response:
    """Give the user another profile."""
    record = get_user(scope(), user_id)
    if own := _own(record):
        return _page(record, status=422, refusal=own)
    services.check_whole_account(scope(), user_id)
    form = forms.profile_form(scope(), record, request.form)
    if not form.validate():
        return _page(record, status=422, profile_form=form)
    was = request.form.get("was", record.user.profile)
    try:
        changed = services.change_profile(scope(), user_id, form.chosen, was=was)
    except Conflict as refusal:
        again = get_user(scope(), user_id)
        return _ask_about(again, form, status=409, refusal=refusal.message)
    except Invalid as refusal:
        form.refuse(Invalid(refusal.message, field="profile"))
        return _page(get_user(scope(), user_id), status=422, profile_form=form)
    flash(_("The profile was changed."), "success")
    return go_to(_after(changed))


@blueprint.post("/<int:user_id>/second-profile")
@needs("accounts.manage")
@keeps_late_input(_l("Work at a location"), form=SecondProfileForm, page=page_of)
def change_second_profile(user_id: int) -> Response:
    """Let programme staff work at the present location, too, or no longer at any."""
    record = get_user(scope(), user_id)
    if own := _own(record):
        return _page(record, status=422, refusal=own)
    services.check_whole_account(scope(), user_id)
    form = forms.second_form(record, request.form)
    if not form.validate():
        return _page(record, status=422, second_form=form)
    was = form.was_there.data or ""
    try:
        changed = services.change_second_profile(scope(), user_id, form.chosen, was=was)
    except Conflict as refusal:
        again = get_user(scope(), user_id)
        return _page(again, status=409, refusal=refusal.message)
    except Invalid as refusal:
        form.refuse(Invalid(refusal.message, field="profile_there"))
        return _page(get_user(scope(), user_id), status=422, second_form=form)
    flash(_("The profile at locations was changed."), "success")
    return go_to(_after(changed))


@blueprint.post("/<int:user_id>/locations")
@needs("accounts.manage")
@keeps_late_input(_l("Locations"), form=WorksAtForm, page=page_of)
def change_locations(user_id: int) -> Response:
    """Say at which of one's own locations the user works."""
    record = get_user(scope(), user_id)
    form = forms.locations_form(scope(), record, request.form)
    if not form.validate():
        return _page(record, status=422, locations_form=form)
    try:
        changed = services.change_locations(
            scope(), user_id, form.chosen_locations, shown=form.shown
        )
    except Conflict as refusal:
        return _overtaken(get_user(scope(), user_id), refusal)
    except Invalid as refusal:
        form.refuse(Invalid(refusal.message, field="locations"))
        return _page(get_user(scope(), user_id), status=422, locations_form=form)
    flash(_("The locations were changed."), "success")
    return go_to(_after(changed))


def _overtaken(record: UserRecord, refusal: Conflict) -> Response:
    """The page as things are now, with what the sender ticked or cleared."""
    if record.user.profile_at_locations is None:
        return _page(record, status=409, refusal=refusal.message)
    form = forms.locations_form(scope(), record, request.form)
    form.go_on_from(record.location_ids)
    form.refuse(refusal)
    return _page(record, status=409, locations_form=form)


@blueprint.get("/<int:user_id>/deactivate")
@needs("accounts.manage")
def confirm_deactivating(user_id: int) -> Response:
    """Say what follows from deactivating, and ask."""
    record = get_user(scope(), user_id)
    if own := _own(record):
        return _page(record, status=422, refusal=own)
    if not record.user.active:
        return _page(record)
    services.check_whole_account(scope(), user_id)
    return respond(
        "accounts/confirm_deactivating.html", record=record, after=after_deactivating(record)
    )


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
        again = get_user(scope(), user_id)
        return _later(again, refusal.retry_after, refusal=refusal.message)
    flash(done, "success")
    return go_to(_after(changed))
