"""The pages of drafts: what waits, a review of it, discarding; and the offer at sign-in."""

from flask import Blueprint, Flask, Response, current_app, flash, g, request, url_for
from flask.blueprints import BlueprintSetupState
from flask_login import user_logged_in
from markupsafe import Markup, escape
from werkzeug.exceptions import HTTPException

from portal import drafts
from portal.drafts import FORM, Draft
from portal.errors import NotFound
from portal.i18n import _
from portal.people import sessions
from portal.web.context import scope
from portal.web.guards import signed_in
from portal.web.htmx import go_to
from portal.web.login import SignedIn, scope_of
from portal.web.respond import respond
from portal.wizards.addresses import onward, wizard_of
from portal.wizards.offers import OfferedDraft, offer, offers
from portal.wizards.review import Entered, lines
from portal.wizards.step_pages import walker_of

blueprint = Blueprint("drafts", __name__)

Review = list[tuple[object, list[Entered]]]


@blueprint.get("/drafts")
@signed_in
def index() -> Response:
    """All the user's unfinished forms."""
    return respond("wizards/drafts.html", offers=offers(scope()))


@blueprint.get("/drafts/<int:draft_id>")
@signed_in
def review(draft_id: int) -> Response:
    """What was entered, with `Continue` and `Discard`."""
    draft = drafts.get_draft(scope(), draft_id)
    if draft.finished_at is not None:
        if not draft.result:
            raise NotFound
        return go_to(draft.result)
    shown = offer(scope(), draft)
    address, sections = _content(shown)
    return respond("wizards/draft.html", offer=shown, sections=sections, onward=address)


def _content(shown: OfferedDraft) -> tuple[str, Review]:
    """Where the draft goes on (empty: it cannot, from here or any more), and what is in it."""
    draft = shown.draft
    if shown.elsewhere:
        return "", []
    if draft.kind == FORM:
        return onward(draft), [("", _kept_lines(draft))]
    wizard = wizard_of(draft)
    if wizard is None or not scope().can(wizard.capability):
        return "", []
    walker = walker_of(wizard, draft)
    sections: Review = [(step.title, lines(form)) for step, form in walker.entered_forms()]
    return onward(draft), sections


def _kept_lines(draft: Draft) -> list[Entered]:
    labels = draft.data.get("labels", {})
    sent: drafts.Sent = draft.data.get("entered", {}).get(FORM, [])
    return [
        Entered(labels.get(name) or name.replace("_", " ").capitalize(), value)
        for name, value in sent
        if value and name.partition("_")[0] != "was"
    ]


@blueprint.post("/drafts/<int:draft_id>/discard")
@signed_in
def discard(draft_id: int) -> Response:
    """Throw a draft away."""
    drafts.discard(scope(), draft_id)
    flash(_("Discarded."), "success")
    return go_to(url_for("home.index"))


def _offer_at_sign_in(_app: Flask, user: SignedIn, **_more: object) -> None:
    """Tell who signs in on the way to another page than `Home` what waits. Who comes back to an
    unfinished form is told by its page; who would come to another user's is led to `Home`."""
    live, wish = sessions.find_even_late(user.token), request.values.get("next")
    if live is None or not wish:
        return
    draft_id = _draft_at(wish)
    if draft_id is not None:
        if not drafts.is_of(live.actor.id, draft_id):
            g.onward = "/"
        return
    waiting = drafts.list_open(live.actor.id)
    if waiting and wish not in map(onward, waiting):
        shown = offer(scope_of(live), waiting[0])
        link = Markup('<a href="{}">{}</a>').format(
            url_for("drafts.review", draft_id=shown.draft.id), shown.title
        )
        flash(Markup("{} {}").format(escape(_("You have an unfinished form:")), link), "info")


def _draft_at(address: str) -> int | None:
    """The id of the draft whose page has this address."""
    try:
        _endpoint, values = current_app.url_map.bind("").match(address.partition("?")[0])
    except HTTPException:
        return None
    found: int | None = values.get("draft_id")
    return found


@blueprint.record
def _listen(state: BlueprintSetupState) -> None:
    user_logged_in.connect(_offer_at_sign_in, sender=state.app)
