"""Routes of what was proposed from a case: its page for who decides, and the decisions."""

from flask import Response, url_for

from blueprints.helpdesk import remedying
from blueprints.helpdesk.forms import RefuseProposalForm, SettleForm
from blueprints.helpdesk.models import Case, CaseProposal
from blueprints.helpdesk.queries import get_case
from blueprints.helpdesk.views import blueprint
from blueprints.helpdesk.words import PROPOSALS
from portal.access.scope import Scope
from portal.confirmation import Confirmation, answered, ask
from portal.db import session
from portal.errors import NotFound
from portal.i18n import _, _l
from portal.web.context import scope
from portal.web.guards import needs
from portal.web.late_forms import keeps_late_input
from portal.web.respond import respond


def _back(who: Scope, row: CaseProposal) -> str:
    """The page of the case for who sees it, else the proposal's."""
    try:
        get_case(who, row.case_id)
    except NotFound:
        return url_for("helpdesk.proposal", proposal_id=row.id)
    return url_for("helpdesk.case", case_id=row.case_id, _anchor="proposals-section")


def _about(row: CaseProposal) -> list[tuple[object, object]]:
    case = session().get_one(Case, row.case_id)
    found = remedying.shown(scope(), case, row)
    return [
        (_("Case Number"), case.number),
        (_("Proposed"), row.said),
        (_("Reason"), row.reason),
        (_("Proposed by"), found.proposed_by),
    ]


@blueprint.get("/help-desk/proposals/<int:proposal_id>")
@needs("helpdesk.decide")
def proposal(proposal_id: int) -> Response:
    """What was proposed, for the managers of its location and staff."""
    row = remedying.get_proposal(scope(), proposal_id)
    case = session().get_one(Case, row.case_id)
    return respond(
        "helpdesk/proposal.html",
        case=case,
        one=remedying.shown(scope(), case, row),
        states=PROPOSALS,
        user=scope().user,
        may_decide=True,
    )


@blueprint.route("/help-desk/proposals/<int:proposal_id>/confirm", methods=["GET", "POST"])
@needs("helpdesk.decide")
@keeps_late_input(_l("Confirm Proposal"), form=SettleForm)
def confirm_proposal(proposal_id: int) -> Response:
    """Carry out what somebody else proposed."""
    row = remedying.get_proposal(scope(), proposal_id)
    question = Confirmation(
        title=_("Confirm Proposal"),
        back=_back(scope(), row),
        text=_("This is carried out at once. Compare it with the label or a photo of it first."),
        about=_about(row),
    )
    return ask(
        answered(SettleForm),
        question,
        act=lambda _form: remedying.confirm(scope(), row.id),
    )


@blueprint.route("/help-desk/proposals/<int:proposal_id>/refuse", methods=["GET", "POST"])
@needs("helpdesk.decide")
@keeps_late_input(_l("Refuse Proposal"), form=RefuseProposalForm)
def refuse_proposal(proposal_id: int) -> Response:
    """Say no to what somebody else proposed, and why."""
    row = remedying.get_proposal(scope(), proposal_id)
    question = Confirmation(
        title=_("Refuse Proposal"),
        back=_back(scope(), row),
        text=_("Nothing is changed. The requester is told the reason."),
        about=_about(row),
        danger=True,
    )
    return ask(
        answered(RefuseProposalForm),
        question,
        act=lambda form: remedying.refuse(scope(), row.id, form.reason.data or ""),
        done=_("The proposal was refused. Nothing was changed."),
    )


@blueprint.route("/help-desk/proposals/<int:proposal_id>/withdraw", methods=["GET", "POST"])
@needs("helpdesk.decide")
@keeps_late_input(_l("Withdraw Proposal"), form=SettleForm)
def withdraw_proposal(proposal_id: int) -> Response:
    """Take back what one proposed oneself."""
    row = remedying.get_proposal(scope(), proposal_id)
    question = Confirmation(
        title=_("Withdraw Proposal"),
        back=_back(scope(), row),
        text=_("Nothing is changed."),
        about=_about(row),
    )
    return ask(
        answered(SettleForm),
        question,
        act=lambda _form: remedying.withdraw(scope(), row.id),
        done=_("The proposal was withdrawn. Nothing was changed."),
    )
