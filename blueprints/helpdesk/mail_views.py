"""Routes of the e-mails that arrived: those that belong to no case are settled by staff."""

from flask import Response, url_for

from blueprints.helpdesk.forms import MergeCaseForm, SettleForm
from blueprints.helpdesk.lists import MAILS
from blueprints.helpdesk.mail import settling
from blueprints.helpdesk.models import CaseMail, number_of
from blueprints.helpdesk.solving_views import NUMBER
from blueprints.helpdesk.views import blueprint
from blueprints.helpdesk.words import outcome_label, outcome_tone, why
from portal.confirmation import Confirmation, answered, ask
from portal.errors import Invalid, NotFound
from portal.formats.numbers import record_number
from portal.i18n import _, _l
from portal.listviews.views import list_page
from portal.web.context import scope
from portal.web.guards import needs
from portal.web.late_forms import keeps_late_input
from portal.web.respond import respond


@blueprint.get("/help-desk/mails/")
@needs("helpdesk.work")
def mails() -> Response:
    """E-mails that arrived: those that nobody has settled, unless the filter says otherwise."""
    return list_page(MAILS, scope())


@blueprint.get("/help-desk/mails/<int:mail_id>")
@needs("helpdesk.work")
def mail(mail_id: int) -> Response:
    """An e-mail that arrived."""
    found = settling.get_mail(scope(), mail_id)
    return respond(
        "helpdesk/mail.html",
        mail=found,
        label=outcome_label(found.outcome),
        tone=outcome_tone(found.outcome),
        reason=why(found.outcome, found.reason),
        number=number_of(found.case_id) if found.case_id else "",
        may_settle=settling.may_settle(found),
    )


def _about(found: CaseMail) -> list[tuple[object, object]]:
    return [(_("From"), found.sender), (_("Subject"), found.subject)]


@blueprint.route("/help-desk/mails/<int:mail_id>/add", methods=["GET", "POST"])
@needs("helpdesk.work")
@keeps_late_input(_l("Add to Case"), form=MergeCaseForm)
def add_mail(mail_id: int) -> Response:
    """Put what the e-mail says into a case, as an internal note."""
    found = settling.get_mail(scope(), mail_id)
    question = Confirmation(
        title=_("Add to Case"),
        back=url_for("helpdesk.mail", mail_id=found.id),
        text=_("The text becomes an internal note: only staff see it."),
        about=_about(found),
    )

    def act(form: MergeCaseForm) -> str:
        number = NUMBER.fullmatch((form.into.data or "").strip())
        case_id = record_number(number[1]) if number else None
        try:
            if case_id is None:
                raise NotFound
            settling.add_to_case(scope(), found.id, case_id)
        except NotFound as error:
            raise Invalid(_("No case has this number."), field="into") from error
        return _("Added to %(number)s.", number=number_of(case_id))

    return ask(answered(MergeCaseForm), question, act=act)


@blueprint.route("/help-desk/mails/<int:mail_id>/settle", methods=["GET", "POST"])
@needs("helpdesk.work")
def settle_mail(mail_id: int) -> Response:
    """Take the e-mail from the list."""
    found = settling.get_mail(scope(), mail_id)
    question = Confirmation(
        title=_("Settle E-mail"),
        back=url_for("helpdesk.mails"),
        text=_("Its text is deleted here. The e-mail itself stays in the mailbox, flagged."),
        about=_about(found),
    )
    return ask(
        answered(SettleForm),
        question,
        act=lambda _form: settling.settle(scope(), found.id),
        done=_("The e-mail is settled."),
    )
