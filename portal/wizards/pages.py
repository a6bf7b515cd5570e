"""The pages of drafts: what waits, a review of it, discarding; and the offer at sign-in."""

from flask import Blueprint, Flask, Response, flash, request, url_for
from flask.blueprints import BlueprintSetupState
from flask_login import user_logged_in
from markupsafe import Markup, escape

from portal.errors import NotFound
from portal.i18n import _
from portal.people.sessions import owner_of_expired
from portal.web.context import scope
from portal.web.guards import signed_in
from portal.web.htmx import go_to
from portal.web.login import SignedIn
from portal.web.respond import respond
from portal.wizards import drafts
from portal.wizards.models import FORM, WIZARD, Draft
from portal.wizards.offers import Offer, offer, offers
from portal.wizards.review import Entered, lines
from portal.wizards.views import address_of, known_wizard, walker_of

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
    onward, sections = _content(shown)
    return respond("wizards/draft.html", offer=shown, sections=sections, onward=onward)


def _content(shown: Offer) -> tuple[str, Review]:
    """Where the draft goes on (empty: it cannot, from here or any more), and what is in it."""
    draft = shown.draft
    if shown.elsewhere:
        return "", []
    if draft.kind == FORM:
        return f"{draft.name}?late={draft.id}", [("", _kept_lines(draft))]
    found = known_wizard(draft.name) if draft.kind == WIZARD else None
    if found is None or not scope().can(found[0].capability):
        return "", []
    wizard = found[0]
    walker = walker_of(wizard, draft)
    sections: Review = [(step.title, lines(form)) for step, form in walker.entered_forms()]
    known = {step.key for step in wizard.steps}
    step = draft.step if draft.step in known else wizard.steps[0].key
    return address_of(wizard, walker.args, draft.id, step), sections


def _kept_lines(draft: Draft) -> list[Entered]:
    labels = draft.data.get("labels", {})
    sent: drafts.Sent = draft.data.get("entered", {}).get(FORM, [])
    return [
        Entered(labels.get(name) or name.replace("_", " ").capitalize(), value)
        for name, value in sent
        if value and name != "was"
    ]


@blueprint.post("/drafts/<int:draft_id>/discard")
@signed_in
def discard(draft_id: int) -> Response:
    """Throw a draft away."""
    drafts.discard(scope(), draft_id)
    flash(_("Discarded."), "success")
    return go_to(url_for("home.index"))


def _offer_at_sign_in(_app: Flask, user: SignedIn, **_more: object) -> None:
    """Tell who signs in on the way to another page than `Home` what waits."""
    user_id = owner_of_expired(user.token)
    waiting = drafts.list_open(user_id, limit=1) if user_id else []
    if not waiting or not request.values.get("next"):
        return
    link = Markup('<a href="{}">{}</a>').format(
        url_for("drafts.review", draft_id=waiting[0].id), waiting[0].title
    )
    flash(Markup("{} {}").format(escape(_("You have an unfinished form:")), link), "info")


@blueprint.record
def _listen(state: BlueprintSetupState) -> None:
    user_logged_in.connect(_offer_at_sign_in, sender=state.app)
