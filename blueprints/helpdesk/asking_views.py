"""Routes of `Get Help`: the topics, and the form."""

from flask import Response, flash, g, request, url_for

from blueprints.helpdesk import carrying, services
from blueprints.helpdesk.attachments import SentFiles, taken
from blueprints.helpdesk.forms import CaseForm, case_form
from blueprints.helpdesk.models import Case
from blueprints.helpdesk.queries import location_with_pin, usual_location
from blueprints.helpdesk.registration import is_generic
from blueprints.helpdesk.rules import LONGEST_SUBJECT
from blueprints.helpdesk.settings import HelpDeskSettings
from blueprints.helpdesk.topics import Topic, TopicGroup, find_group, find_topic, group_of, groups
from blueprints.helpdesk.views import blueprint
from portal import settings
from portal.db import session
from portal.errors import Invalid, NotFound, PortalError
from portal.formats.numbers import record_number
from portal.i18n import _, _l
from portal.places.rules import clean_pin
from portal.remedies import Carried
from portal.settings import of_module
from portal.web.context import registry, scope
from portal.web.guards import before_transaction, needs, repeatable, while_typing
from portal.web.htmx import go_to
from portal.web.late_forms import keeps_late_input, late_values
from portal.web.respond import respond


@blueprint.get("/get-help")
@needs("helpdesk.ask")
def ask() -> Response:
    """What one can ask about; with a record, straight on to the form that is filled with it."""
    about = request.args.get("about", "")
    wanted = carrying.filled(scope(), carrying.read_carried(scope(), about)).get("topic", "")
    found = group_of(wanted)
    if found is not None:
        return go_to(url_for("helpdesk.new", kind=found.key, about=about))
    return respond("helpdesk/ask.html", groups=groups())


@blueprint.get("/get-help/<kind>")
@needs("helpdesk.ask")
def group(kind: str) -> Response:
    """A group of topics, with the way to its form."""
    found = _group(kind)
    if found.direct:
        return go_to(url_for("helpdesk.new", kind=found.key))
    return respond("helpdesk/group.html", group=found)


@blueprint.route("/get-help/<kind>/new", methods=["GET", "POST"])
@needs("helpdesk.ask")
@keeps_late_input(_l("Get Help"), form=CaseForm)
@before_transaction(taken())
def new(kind: str) -> Response:
    """The form of a group of topics; about a record, it is filled in."""
    found = _group(kind)
    made = case_form(found)
    if request.method != "POST":
        return _page(found, _begun(found, made))
    form = made(formdata=request.form)
    _choices(found, form)
    sent: SentFiles = g.prepared
    if "look" in request.form:
        return _page(found, form, again=bool(sent.files), looked=True)
    status = Invalid.status
    if form.validate():
        try:
            with session().begin_nested():
                case = _open(found, form, sent)
        except PortalError as refusal:
            form.refuse(refusal)
            status = refusal.status
        else:
            sent.settle()
            flash(
                _(
                    "Your case number is %(number)s. It was also sent to you by e-mail.",
                    number=case.number,
                ),
                "success",
            )
            return go_to(url_for("helpdesk.case", case_id=case.id))
    return _page(found, form, status=status, again=bool(sent.files))


@blueprint.post("/get-help/<kind>/offers")
@needs("helpdesk.ask")
@repeatable
@while_typing
def offers(kind: str) -> Response:
    """What may answer the question, while its subject is being typed."""
    _group(kind)
    subject = request.form.get("subject", "")[:LONGEST_SUBJECT]
    return respond("helpdesk/_offers.html", subject=subject)


def _group(key: str) -> TopicGroup:
    found = find_group(key)
    if found is None:
        raise NotFound
    return found


def _begun(found: TopicGroup, kind: type[CaseForm]) -> CaseForm:
    carried = carrying.read_carried(scope(), request.args.get("about"))
    data = dict(carrying.filled(scope(), carried))
    if carried is not None:
        data["about"] = f"{carried.about_kind}:{carried.about_id}"
    topic = request.args.get("topic", "")
    if topic in {each.key for each in found.topics}:
        data["topic"] = topic
    usual = usual_location(scope())
    data.setdefault("location", str(usual or ""))
    form = kind(formdata=late_values(), data=data)
    _choices(found, form)
    return form


def _choices(found: TopicGroup, form: CaseForm) -> None:
    form.topic.label.text = found.choose
    form.topic.choices = [("", _("Choose …")), *((one.key, one.name) for one in found.topics)]
    places = scope().locations
    form.location.choices = [("", _("None")), *((str(one.id), one.name) for one in places)]


def _carried(form: CaseForm) -> Carried | None:
    return carrying.read_carried(scope(), form.about.data)


def _open(found: TopicGroup, form: CaseForm, sent: SentFiles) -> Case:
    topic = find_topic(form.topic.data or "")
    if topic is None or topic.group != found.key:
        raise Invalid(_("Choose a topic from the list."), field="topic")
    fields, location_id = {}, _location(form)
    for each, field in form.own:
        text = field.data or ""
        if each.key in topic.required and not text:
            raise Invalid(_("Please fill in this field."), field=field.name)
        if each.kind == "pin" and text:
            text, location_id = _pin(text, field.name, location_id, topic)
        if text:
            fields[each.key] = text
    carried = _carried(form)
    return services.open_case(
        scope(),
        topic=topic.key,
        subject=form.subject.data or topic.name,
        description=form.description.data or topic.name,
        location_id=location_id,
        fields=fields,
        about=(carried.about_kind, carried.about_id)
        if carried and carried.about_kind and carried.about_id
        else None,
        files=sent.kept(),
    )


def _location(form: CaseForm) -> int | None:
    """One of the user's own locations."""
    text = form.location.data or ""
    number = record_number(text)
    if text and number not in {place.id for place in scope().locations}:
        raise Invalid(_("Choose a location from the list."), field="location")
    return number


def _pin(text: str, name: str, location_id: int | None, topic: Topic) -> tuple[str, int | None]:
    """A Provider PIN as it is kept, and the location it leads to where none was chosen; the code of
    people without one leads to none."""
    if topic.any_location and is_generic(text):
        return of_module(HelpDeskSettings).registration_code, location_id
    try:
        pin = clean_pin(text, prefix=settings.current().pin_prefix)
    except Invalid as refusal:
        raise Invalid(refusal.message, field=name) from refusal
    place = location_with_pin(pin)
    if place is None:
        raise Invalid(_("No location has this Provider PIN."), field=name)
    return pin, location_id or place.id


def _page(
    found: TopicGroup,
    form: CaseForm,
    *,
    status: int = 200,
    again: bool = False,
    looked: bool = False,
) -> Response:
    return respond(
        "helpdesk/new.html",
        status=status,
        group=found,
        form=form,
        again=again,
        carried=_carried(form),
        offering=not found.direct and bool(registry().fills("helpdesk.offers")),
        looked=looked,
        needs_file=all(topic.needs_file for topic in found.topics),
    )
