"""Routes for people who may have booked twice: the list, and what staff decide."""

from functools import partial

from flask import Response, flash, request, url_for
from werkzeug.routing import BuildError

from blueprints.appointments import twice
from blueprints.appointments.canceling_views import done
from blueprints.appointments.forms import GiveUpForm
from blueprints.appointments.pages import when
from blueprints.appointments.views import blueprint
from blueprints.appointments.words import dose_label
from blueprints.recipients.cases import KIND as RECIPIENT
from blueprints.recipients.words import full_name, phone
from portal.audit.services import viewed as audit_view
from portal.confirmation import Confirmation, answered
from portal.db import session
from portal.errors import Conflict, Invalid
from portal.formats.shown import day
from portal.i18n import _, _l
from portal.web.context import scope
from portal.web.guards import needs
from portal.web.htmx import go_to
from portal.web.late_forms import keeps_late_input
from portal.web.requests import note
from portal.web.respond import respond
from portal.web.templating import moment


@blueprint.get("/booked-twice")
@needs("appointments.handle")
def booked_twice() -> Response:
    """The people who may have booked twice, each with both appointments as far as the location
    sees them."""
    found = twice.list_twice(scope())
    note(partial(audit_view, scope(), "appointments", None, summary=f"twice {len(found)}"))
    return respond(
        "appointments/booked_twice.html",
        found=found,
        rows=_rows,
        full_name=full_name,
    )


def _rows(found: twice.Twice) -> list[tuple[str, tuple[str, str]]]:
    """What is compared: a label, and of each appointment what the location sees."""
    newer, older = found.sides
    labels = (
        *(_("Recipient"), _("Date of Birth"), _("Date and Time"), _("Location")),
        *(_("Dose"), _("Mobile Phone"), _("Email"), _("Scheduled")),
    )
    return list(zip(labels, zip(_shown(newer), _shown(older), strict=True), strict=True))


def _shown(side: twice.Side) -> tuple[str, ...]:
    """An appointment and its person; of a person of other locations name and birth date alone."""
    own, person = side.booked.appointment, side.booked.recipient
    who = (full_name(person), day(person.birth_date))
    if not side.here:
        return (*who, "—", _("at another location"), str(dose_label(own.dose_number)), *("—",) * 3)
    return (
        *who,
        when(own.day, own.minute),
        side.booked.location.name,
        str(dose_label(own.dose_number)),
        phone(person.mobile_phone) or "—",
        person.email or "—",
        moment(own.booked_at),
    )


@blueprint.post("/booked-twice/<int:twice_id>/apart")
@needs("appointments.handle")
def not_twice(twice_id: int) -> Response:
    """Remember that they are two people."""
    twice.are_two_people(scope(), twice_id)
    flash(_("Saved: they are two different people. Both appointments were kept."), "success")
    return go_to(url_for("appointments.booked_twice"))


@blueprint.route("/booked-twice/<int:twice_id>/same", methods=["GET", "POST"])
@needs("appointments.handle")
@keeps_late_input(_l("Same person"), form=GiveUpForm)
def same_person(twice_id: int) -> Response:
    """Cancel one of the two appointments, then lead to the request to merge the records."""
    found = twice.get_twice(scope(), twice_id)
    form = answered(GiveUpForm)
    form.give_up.choices = [
        (side.booked.appointment.id, _named(side)) for side in found.sides if side.here
    ]
    if form.give_up.data is None:
        form.give_up.data = form.give_up.choices[0][0]
    status = 200
    if request.method == "POST":
        status = Invalid.status
        if form.validate():
            try:
                with session().begin_nested():
                    told = twice.are_one_person(
                        scope(),
                        twice_id,
                        give_up=form.give_up.data,
                        reason=form.reason.data or "",
                    )
            except (Invalid, Conflict) as refusal:
                form.refuse(refusal)
                status = refusal.status
            else:
                flash(done(1, int(told)), "success")
                flash(_still_to_merge(found), "info")
                return go_to(_merge_request(found))
    question = Confirmation(
        title=_("Cancel this appointment"),
        heading=_("Same person: which appointment do you want to cancel?"),
        about=[_about(side) for side in found.sides],
        points=(
            _("The recipient sees the reason."),
            _("Next, a form opens where you ask the help desk to merge the two records."),
        ),
        back=url_for("appointments.booked_twice"),
        leave=_("Keep both"),
        danger=True,
    )
    return respond(
        "layouts/question.html",
        status=status,
        form=form,
        question=question,
        late=status == Conflict.status,
    )


def _still_to_merge(found: twice.Twice) -> str:
    """What is still to be done: two records of one person are left."""
    newer, older = (side.booked.recipient for side in found.sides)
    return _(
        "Both records are still there. Ask the help desk to merge record %(newer)s (%(name)s) into "
        "record %(older)s.",
        newer=newer.id,
        name=full_name(newer),
        older=older.id,
    )


def _merge_request(found: twice.Twice) -> str:
    """The request to the help desk about the record that was there first, as far as the location
    sees it."""
    kept = found.older if found.older.here else found.newer
    try:
        return url_for("helpdesk.ask", about=f"{RECIPIENT}:{kept.booked.recipient.id}")
    except BuildError:
        return url_for("appointments.booked_twice")


def _named(side: twice.Side) -> str:
    own = side.booked.appointment
    return f"{when(own.day, own.minute)}, {side.booked.location.name}"


def _about(side: twice.Side) -> tuple[str, str]:
    person = side.booked.recipient
    where = _named(side) if side.here else _("at another location")
    return full_name(person), f"{day(person.birth_date)}, {where}"
