"""Routes that end a case: resolved with notes, merged into another one, or by a remedy."""

import re

from flask import Response, request, url_for

from blueprints.helpdesk import carrying, remedying, services
from blueprints.helpdesk.forms import MergeCaseForm, NotesForm, RemedyForm
from blueprints.helpdesk.models import Case
from blueprints.helpdesk.pages import case_page
from blueprints.helpdesk.queries import get_case
from blueprints.helpdesk.views import blueprint
from portal.confirmation import Confirmation, answered, ask
from portal.errors import Invalid, NotFound
from portal.formats.numbers import record_number
from portal.i18n import _, _l
from portal.web.context import scope
from portal.web.guards import needs
from portal.web.late_forms import keeps_late_input

NUMBER = re.compile(r"(?:CS-?)?0*(\d{1,15})", re.I | re.ASCII)


def _about(case: Case) -> list[tuple[object, object]]:
    return [(_("Case Number"), case.number), (_("Subject"), case.subject)]


@blueprint.route("/help-desk/cases/<int:case_id>/resolve", methods=["GET", "POST"])
@needs("helpdesk.work")
@keeps_late_input(_l("Resolve Case"), form=NotesForm)
def resolve(case_id: int) -> Response:
    """Resolve the case; the requester is mailed the notes."""
    found = get_case(scope(), case_id)
    question = Confirmation(
        title=_("Resolve Case"),
        back=url_for("helpdesk.case", case_id=found.id),
        text=_("The requester gets these notes by e-mail."),
        about=_about(found),
    )
    return ask(
        answered(NotesForm),
        question,
        act=lambda form: services.resolve(scope(), found.id, form.notes.data or ""),
        done=_("The case is resolved. The requester is told by e-mail."),
    )


@blueprint.route("/help-desk/cases/<int:case_id>/merge", methods=["GET", "POST"])
@needs("helpdesk.work")
@keeps_late_input(_l("Merge Case"), form=MergeCaseForm)
def merge(case_id: int) -> Response:
    """Close the case, since another one of the same requester says the same."""
    found = get_case(scope(), case_id)
    question = Confirmation(
        title=_("Merge Case"),
        back=url_for("helpdesk.case", case_id=found.id),
        text=_("This case is closed. Its requester is told that the other one continues."),
        about=_about(found),
    )
    return ask(answered(MergeCaseForm), question, act=lambda form: _merge(found, form))


def _merge(found: Case, form: MergeCaseForm) -> str:
    number = NUMBER.fullmatch((form.into.data or "").strip())
    into_id = record_number(number[1]) if number else None
    try:
        if into_id is None:
            raise NotFound
        into = services.merge(scope(), found.id, into_id)
    except NotFound as error:
        raise Invalid(_("No case has this number."), field="into") from error
    return _("The case was merged into %(number)s.", number=into.number)


@blueprint.route("/help-desk/cases/<int:case_id>/remedies/<name>", methods=["GET", "POST"])
@needs("helpdesk.work")
@keeps_late_input(_l("Reason"), form=RemedyForm)
def remedy(case_id: int, name: str) -> Response:
    """Carry out what a module offers for the record of the case, once."""
    found = get_case(scope(), case_id)
    try:
        _case, offered = carrying.find_remedy(scope(), case_id, name)
    except NotFound:
        refusal = _("This cannot be done for this case. Nothing was changed.")
        status = 409 if request.method == "POST" else 200
        return case_page(scope(), found, status=status, refusal=refusal)
    question = Confirmation(
        title=offered.label,
        back=url_for("helpdesk.case", case_id=found.id),
        text=offered.text,
        about=_about(found),
        danger=offered.form is None,
    )
    return ask(
        answered(offered.form or RemedyForm),
        question,
        act=lambda form: remedying.carry_out(
            scope(),
            found.id,
            name,
            form.reason.data or "",
            form.answers() if offered.form else None,
        ),
    )
