"""Signing in and out, and switching location."""

from flask import Blueprint, Response, current_app, flash, g, jsonify, request, session, url_for
from flask_login import current_user

from portal import clock
from portal.access.scope import Scope
from portal.db import unit_of_work
from portal.errors import NotFound, PortalError
from portal.formats.numbers import record_number
from portal.i18n import _
from portal.people.capacities import scope_as
from portal.places import queries as places
from portal.refusals.rules import RefusalKind
from portal.signing_in import by_password as signing_in
from portal.signing_in import choosing, setup
from portal.signing_in import own_account as services
from portal.signing_in.by_password import Verdict
from portal.signing_in.choosing import Prepared
from portal.signing_in.forms import NEW_PASSWORD_HINT, ChangePasswordForm, SignInForm
from portal.signing_in.session_views import open_sessions
from portal.web import login
from portal.web.context import find_scope, scope
from portal.web.guards import (
    before_transaction,
    even_before_password_change,
    in_any_profile,
    public,
    quiet,
    repeatable,
    signed_in,
)
from portal.web.htmx import go_to
from portal.web.local import local_path
from portal.web.old_pages import (
    UNDONE,
    already_signed_in,
    home,
    tell_what_was_not_done,
    waits_for,
)
from portal.web.refusals import mark
from portal.web.respond import respond

blueprint = Blueprint("people", __name__)


def _judge() -> Verdict | None:
    form = SignInForm()
    if _is_somebody_signed_in() or not form.validate():
        return None
    return signing_in.judge(
        form.username.data or "", form.password.data or "", address=request.remote_addr or ""
    )


def _is_somebody_signed_in() -> bool:
    with unit_of_work(write=False):
        return bool(current_user.is_authenticated)


@blueprint.route("/sign-in", methods=["GET", "POST"])
@public("the way in")
@repeatable
@before_transaction(_judge)
def sign_in() -> Response:
    """The page `Sign In`, and its form."""
    form = SignInForm()
    wish = local_path(request.values.get("next"))
    if request.method != "POST":
        if find_scope() is not None:
            return go_to(wish or home())
        if setup.is_due():
            return go_to(url_for("setup.set_up"))
        return _sign_in_page(form, wish)
    here = find_scope()
    if here is not None:
        return already_signed_in(here)
    verdict: Verdict | None = g.prepared
    if not form.validate() or verdict is None:
        return _sign_in_page(form, wish, status=422)
    if verdict.retry_after:
        response = _sign_in_page(form, wish, status=429, retry_after=verdict.retry_after)
        response.headers["Retry-After"] = str(verdict.retry_after)
        return response
    user_id = signing_in.complete(verdict)
    if user_id is None:
        mark(RefusalKind.WRONG_PASSWORD)
        return _sign_in_page(form, wish, status=422, refused=True)
    undone = session.get(UNDONE, "")
    login.sign_in(user_id)
    tell_what_was_not_done(undone, user_id)
    # An unfinished form of somebody else is not a place to lead to.
    return go_to(g.get("onward") or wish or home())


def _sign_in_page(
    form: SignInForm,
    wish: str | None,
    *,
    status: int = 200,
    refused: bool = False,
    retry_after: int = 0,
) -> Response:
    settings = current_app.extensions["portal"].settings
    return respond(
        "people/sign_in.html",
        status=status,
        form=form,
        wish=wish,
        refused=refused,
        minutes=-(-retry_after // 60),
        samples=services.sample_users() if settings.practice else [],
    )


@blueprint.post("/sign-out")
@public("signing out must work after the session ended, too")
@repeatable
@even_before_password_change
def sign_out() -> Response:
    """End the session of this browser."""
    live = find_scope()
    login.sign_out(live.session_id if live else None)
    flash(_("You are signed out."), "success")
    return go_to(url_for("people.sign_in"))


@blueprint.get("/switch-location")
@signed_in
def switch_location() -> Response:
    """The page `Switch Location`: the user's locations, for programme staff a search; both for who
    holds two profiles."""
    text = " ".join(request.args.get("q", "").split())
    held = [scope_as(scope(), profile) for profile in scope().profiles]
    own = next((each for each in held if not each.everywhere), None)
    staff = next((each for each in held if each.everywhere), None)
    return respond(
        "people/switch_location.html",
        own=own,
        staff=staff,
        found=places.find_locations(staff, text) if staff else [],
        number=places.count_locations(staff) if staff else 0,
        most=places.MOST_FOUND,
        text=text,
        back=local_path(request.args.get("back")) or "",
    )


@blueprint.post("/switch-location")
@signed_in
@in_any_profile
def switch_to_location() -> Response:
    """Work at another location, or in the other of two profiles, from now on; remembered for the
    next sign-in."""
    number = request.form.get("location_id", "")
    location_id = record_number(number)
    if number and location_id is None:
        raise NotFound
    asked = request.form.get("profile", scope().user.profile)
    profile = next((each for each in scope().profiles if each == asked), None)
    if profile is None:
        raise NotFound
    there = services.switch_location(scope(), location_id, profile)
    if there.location is not None and there.other_profile:
        flash(
            _(
                "You are now working at %(name)s as %(profile)s.",
                name=there.location.name,
                profile=profile.label,
            ),
            "success",
        )
    elif there.location is not None:
        flash(_("You are now working at %(name)s.", name=there.location.name), "success")
    elif there.other_profile:
        flash(_("You are now working as %(profile)s.", profile=profile.label), "success")
    return go_to(waits_for(there) or local_path(request.form.get("back")) or home())


@blueprint.get("/account")
@signed_in
def own_account() -> Response:
    """The page `My Account`: who one is here, and the way to a new password."""
    return respond("people/own_account.html")


def _prepare_change() -> Prepared | None:
    form = ChangePasswordForm()
    with unit_of_work(write=False):
        live: Scope | None = getattr(current_user, "scope", None)
    if live is None or not form.validate():
        return None
    return choosing.prepare_change(
        live, form.current_password.data or "", form.new_password.data or ""
    )


@blueprint.route("/password", methods=["GET", "POST"])
@signed_in
@in_any_profile
@even_before_password_change
@before_transaction(_prepare_change)
def change_password() -> Response:
    """The page `Change Password`. All other sessions of the user end."""
    form = ChangePasswordForm()
    if request.method != "POST":
        return _change_page(form)
    prepared: Prepared | None = g.prepared
    if not form.validate() or prepared is None:
        return _change_page(form, status=422)
    try:
        choosing.change_own(scope(), prepared)
    except PortalError as refusal:
        if refusal.field == "current_password":
            mark(RefusalKind.WRONG_PASSWORD)
        form.refuse(refusal)
        return _change_page(form, status=refusal.status)
    login.renew(scope().user.id, scope().session_id)
    flash(_("Your password was changed. All other sessions were ended."), "success")
    return go_to(home())


def _change_page(form: ChangePasswordForm, status: int = 200) -> Response:
    return respond(
        "people/change_password.html",
        status=status,
        form=form,
        hint=NEW_PASSWORD_HINT,
        forced=current_user.must_change_password,
        open_sessions=open_sessions(),
    )


@blueprint.get("/session/stay")
@signed_in
@even_before_password_change
def stay() -> Response:
    """The user is still there: like any request but a quiet one, this counts as activity."""
    return session_state()


@blueprint.get("/session")
@signed_in
@quiet
@even_before_password_change
def session_state() -> Response:
    """How long the session still lasts, in seconds; asking does not extend it."""
    left = (current_user.expires_at - clock.now()).total_seconds()
    return jsonify(seconds=max(0, int(left)))
