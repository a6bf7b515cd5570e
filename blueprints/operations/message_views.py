"""Routes of the outbox."""

from urllib.parse import urlsplit

from flask import Response, flash, request, url_for
from jinja2 import TemplateError
from werkzeug.datastructures import MultiDict

from blueprints.operations.forms import CancelForm, FindForm
from blueprints.operations.pages import LARGEST, below, blueprint, show
from portal import settings
from portal.audit.services import viewed
from portal.errors import Invalid
from portal.formats.numbers import record_number
from portal.i18n import _, _l, ngettext
from portal.links import path_of
from portal.listviews.services import keep_words, kept_words
from portal.messages import queries, upkeep
from portal.messages.attachments import attached_to
from portal.messages.models import Message, MessageState
from portal.messages.rendering import Rendered, render, subject_of
from portal.visits import links as visit_links
from portal.web.context import registry, scope
from portal.web.guards import needs
from portal.web.htmx import go_to
from portal.web.late_forms import keeps_late_input, late_values
from portal.web.requests import note

LIST = "messages"


def state_labels() -> dict[str, tuple[str, str]]:
    """What each state is called, and its tone."""
    return {
        MessageState.PLANNED: (_("Planned"), "info"),
        MessageState.WAITING: (_("Waiting"), "warning"),
        MessageState.SENDING: (_("Sending"), "info"),
        MessageState.SENT: (_("Sent"), "success"),
        MessageState.FAILED: (_("Failed"), "danger"),
        MessageState.CANCELLED: (_("Canceled"), "neutral"),
        MessageState.OBSOLETE: (_("No longer true"), "neutral"),
    }


@blueprint.get("")
@needs("messages.manage")
def messages() -> Response:
    """What waits, what left, what failed."""
    number = record_number(request.args.get("search"))
    text = kept_words(scope(), LIST, number) if number else ""
    sent = {
        "text": text,
        **{
            name: request.args.get(name, "")
            for name in ("kind", "channel", "first_day", "last_day")
        },
    }
    form = FindForm(formdata=MultiDict(sent))
    form.offer(queries.kinds(scope()))
    form.validate()
    form.kind.errors = []
    form.channel.errors = []
    wrong = any(each.errors for each in (form.first_day, form.last_day))
    return _list(form, search=number if text else None, status=422 if wrong else 200)


@blueprint.post("/messages/search")
@needs("messages.manage")
def search_messages() -> Response:
    """Search: the words, which may be an address, stay out of the page's own."""
    form = FindForm()
    form.offer(queries.kinds(scope()))
    if not form.validate():
        return _list(form, status=422)
    number = keep_words(scope(), LIST, form.text.data or "")
    state = request.form.get("state", "")
    return go_to(
        url_for(
            "operations.messages",
            search=number or None,
            kind=form.kind.data or None,
            channel=form.channel.data or None,
            state=state if state in state_labels() else None,
            first_day=form.days.get("first_day"),
            last_day=form.days.get("last_day"),
        )
    )


def _list(form: FindForm, *, search: int | None = None, status: int = 200) -> Response:
    labels = state_labels()
    state = request.values.get("state", "")
    state = state if state in labels else ""
    wanted = form.kind.data or ""
    kind = wanted if wanted in queries.kinds(scope()) else ""
    by = form.channel.data or ""
    channel = by if by in registry().channels else ""
    found = queries.MessagesFound([], None)
    if status == 200:
        found = queries.find_messages(
            scope(),
            state=state,
            kind=kind,
            channel=channel,
            text=form.text.data or "",
            since=form.since,
            until=form.until,
            below=below(),
        )
    zones = queries.zones(scope(), found.messages, settings.current().time_zone)
    return show(
        "messages.html",
        regions={"messages": "operations/_messages.html"},
        status=status,
        form=form,
        kept={"search": search, "kind": kind or None, "channel": channel or None, **form.days},
        labels=labels,
        state=state,
        found=found,
        subjects={one.id: subject_of(one, zone=zones[one.location_id]) for one in found.messages},
        begun=below() is not None,
        counts=queries.counts(scope()),
        failing=queries.failing_channels(scope()),
        channels=registry().channels,
        unready=queries.unready_channels(scope(), settings.current()),
    )


@blueprint.post("/messages/try-all-again")
@needs("messages.manage")
def try_all_again() -> Response:
    """Send everything that waits as soon as possible."""
    number = upkeep.try_all_again(actor=scope().user)
    said = ngettext(
        "%(num)s message is tried again now.", "%(num)s messages are tried again now.", number
    )
    flash(said, "success")
    return go_to(url_for("operations.messages"))


@blueprint.get("/messages/<int(max=%d):message_id>" % LARGEST)  # noqa: UP031
@needs("messages.manage")
def message(message_id: int) -> Response:
    """One message, as its reader sees it."""
    shown = queries.get_message(scope(), message_id)
    reader, location_id = scope(), shown.location_id
    note(lambda: viewed(reader, "message", message_id, location_id=location_id))
    late = late_values(url_for("operations.cancel_message", message_id=message_id))
    return _page(shown, CancelForm(formdata=late))


@blueprint.post("/messages/<int(max=%d):message_id>/try-again" % LARGEST)  # noqa: UP031
@needs("messages.manage")
def try_again(message_id: int) -> Response:
    """Send a waiting or failed message as soon as possible."""
    upkeep.try_again(actor=scope().user, message=queries.get_message(scope(), message_id))
    flash(_("The message is tried again now."), "success")
    return go_to(url_for("operations.message", message_id=message_id))


@blueprint.post("/messages/<int(max=%d):message_id>/cancel" % LARGEST)  # noqa: UP031
@needs("messages.manage")
@keeps_late_input(
    _l("Cancel Message"),
    form=CancelForm,
    page=lambda message_id: url_for("operations.message", message_id=message_id),
)
def cancel_message(message_id: int) -> Response:
    """Give a message up."""
    shown = queries.get_message(scope(), message_id)
    form = CancelForm()
    if not form.validate():
        return _page(shown, form, status=422)
    try:
        upkeep.cancel(actor=scope().user, message=shown, reason=form.reason.data or "")
    except Invalid as refusal:
        form.refuse(refusal)
        return _page(shown, form, status=422)
    flash(_("The message was canceled."), "success")
    return go_to(url_for("operations.message", message_id=message_id))


def _page(shown: Message, form: CancelForm, *, status: int = 200) -> Response:
    rendered, problem = _rendered(shown)
    label, tone = state_labels()[shown.state]
    return show(
        "message.html",
        status=status,
        message=shown,
        label=label,
        tone=tone,
        link=_practice_link(shown),
        signs_out=not _of_visitor(shown),
        rendered=rendered,
        problem=problem,
        form=form,
        channel=registry().channels.get(shown.channel),
        can_retry=shown.state in (MessageState.WAITING, MessageState.FAILED),
        can_cancel=shown.state in (MessageState.PLANNED, MessageState.WAITING, MessageState.FAILED),
    )


def _practice_link(shown: Message) -> str:
    """The mailed link, in practice mode alone: there no mailbox gets it."""
    link = (shown.secret or {}).get("link")
    if not settings.current().practice or not isinstance(link, dict):
        return ""
    return urlsplit(visit_links.address_of(link)).path if _of_visitor(shown) else path_of(link)


def _of_visitor(shown: Message) -> bool:
    """Whether the link of a message is one for people without an account."""
    link = (shown.secret or {}).get("link")
    return isinstance(link, dict) and "visit" in link


def _rendered(shown: Message) -> tuple[Rendered | None, str]:
    if not shown.address and not shown.context:
        return None, _("The text of this message was deleted after 90 days.")
    zone = queries.zone_of(shown, settings.current().time_zone)
    try:
        files = attached_to(shown.id)
        return render(shown, zone=zone, secrets=settings.current().practice, attachments=files), ""
    except (TemplateError, LookupError, TypeError, ValueError) as error:
        kind = type(error).__name__
        return None, _("The message cannot be written (%(kind)s).", kind=kind)
