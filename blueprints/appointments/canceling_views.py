"""Routes that cancel appointments, or ask the help desk to (SPEC G6)."""

from flask import Response, flash, request, url_for

from blueprints.appointments import services
from blueprints.appointments.cases import KIND, request_text
from blueprints.appointments.forms import ReasonForm
from blueprints.appointments.next_dose import is_later_dose
from blueprints.appointments.pages import when
from blueprints.appointments.queries import Booked, get_booked, of_ids
from blueprints.appointments.rules import State
from blueprints.appointments.settings import AppointmentSettings
from blueprints.appointments.telling import way_of
from blueprints.appointments.views import blueprint
from blueprints.appointments.words import WILL_BE_TOLD
from blueprints.recipients.words import full_name
from portal.confirmation import Confirmation, answered, ask
from portal.db import session
from portal.errors import Conflict, Invalid
from portal.formats.numbers import record_number
from portal.i18n import _, _l, ngettext
from portal.settings import of_module
from portal.web.context import scope
from portal.web.guards import needs
from portal.web.htmx import go_to
from portal.web.late_forms import keeps_late_input, late_values
from portal.web.respond import respond

MOST_SENT = 100


@blueprint.route("/cancel", methods=["GET", "POST"])
@needs("appointments.handle")
@keeps_late_input(_l("Cancel Appointments"), form=ReasonForm)
def cancel() -> Response:
    """Cancel the ticked appointments, up to 20, with a reason."""
    posted = request.method == "POST"
    sent = request.form if posted else late_values()
    ids = ticked((request.args if sent is None else sent).getlist("tick"))
    form = ReasonForm(formdata=sent)
    found = [booked for booked in of_ids(ids) if get_booked(scope(), booked.appointment.id)]
    later = [booked for booked in found if is_later_dose(booked.appointment.dose_number)]
    to_come = [booked for booked in found if booked.appointment.state == State.NEW]
    try:
        services.check_number(len(ids))
    except Invalid as refusal:
        flash(refusal.message, "warning")
        return go_to(url_for("appointments.index"))
    direct = of_module(AppointmentSettings).cancel_second_doses
    status = 200
    if posted and not (later and not direct):
        status = Invalid.status
        if form.validate():
            try:
                with session().begin_nested():
                    changed = services.cancel_many(
                        appointment_ids=ids,
                        reason=form.reason.data or "",
                        actor=scope().user,
                        location_id=scope().location_id,
                        later_doses=direct,
                    )
            except (Invalid, Conflict) as refusal:
                form.refuse(refusal)
                status = refusal.status
            else:
                flash(done(changed.count, changed.told), "success")
                if changed.count == changed.told == 1:
                    return go_to(url_for("appointments.index"))
                return go_to(url_for("appointments.told", round_id=changed.round_id))
    return respond(
        "appointments/cancel.html",
        status=status,
        form=form,
        ids=ids,
        found=to_come,
        over=len(found) - len(to_come),
        later=[] if direct else later,
        lines=[_line(booked) for booked in to_come],
        request_text="\n".join(request_text(booked) for booked in later),
        requests=[] if direct else [_asking(booked) for booked in later],
    )


def ticked(sent: list[str]) -> list[int]:
    numbers = (record_number(text) for text in sent[:MOST_SENT])
    return sorted({number for number in numbers if number is not None})


def _line(booked: Booked) -> dict[str, str]:
    return {
        "name": full_name(booked.recipient),
        "when": when(booked.appointment.day, booked.appointment.minute),
        "told": str(WILL_BE_TOLD[way_of(booked.recipient)]),
    }


def _asking(booked: Booked) -> dict[str, str]:
    """Whose appointment it is, and what the help desk knows it by."""
    return {"name": full_name(booked.recipient), "about": f"{KIND}:{booked.appointment.id}"}


def done(count: int, told: int) -> str:
    """How many were canceled, and who is still to be told."""
    said = ngettext("%(num)s appointment is canceled.", "%(num)s appointments are canceled.", count)
    left = count - told
    if not left:
        return said
    call = ngettext(
        "%(num)s recipient gets no messages. Please call them.",
        "%(num)s recipients get no messages. Please call them.",
        left,
    )
    return f"{said} {call}"


@blueprint.route("/<int:appointment_id>/cancel-second-dose", methods=["GET", "POST"])
@needs("appointments.cancel_second")
@keeps_late_input(_l("Cancel Appointment"), form=ReasonForm)
def cancel_later(appointment_id: int) -> Response:
    """Cancel a second dose, as the location asked the help desk to."""
    found = get_booked(scope(), appointment_id)
    question = Confirmation(
        title=_("Cancel Appointment"),
        back=url_for("appointments.record", appointment_id=found.id),
        text=_("The recipient is told the reason."),
        leave=_("Keep Appointment"),
        danger=True,
    )
    return ask(
        answered(ReasonForm),
        question,
        act=lambda form: _cancel_later(found.id, form),
    )


def _cancel_later(appointment_id: int, form: ReasonForm) -> str:
    told = services.cancel(
        appointment_id=appointment_id,
        reason=form.reason.data or "",
        actor=scope().user,
        later_doses=True,
    )
    return done(1, int(told))
