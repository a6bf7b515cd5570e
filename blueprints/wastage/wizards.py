"""The wizards `Wastage` and `Return`: which doses, when and why, what will remain (SPEC D5)."""

from collections.abc import Mapping
from typing import Any

from flask import url_for
from wtforms import Form

from blueprints.inventory.forms import CheckedForm
from blueprints.inventory.leaving.finding import find_lines
from blueprints.inventory.leaving.selection import (
    TEMPLATE,
    LinesForm,
    admit,
    check_lines,
    chosen,
    first_lines,
    names,
    nothing_offered,
    prepare_lines,
    remaining,
)
from blueprints.inventory.leaving.warnings import counted_before
from blueprints.inventory.ledger.entries import ensure_never_short
from blueprints.inventory.ledger.reasons import RETURN as RETURN_REASONS
from blueprints.inventory.ledger.reasons import WASTAGE as WASTAGE_REASONS
from blueprints.inventory.ledger.reasons import choices, ensure_explained, reason_label, vial_labels
from blueprints.inventory.rules import DocumentKind, document_number, ensure_not_in_future
from blueprints.inventory.unfinished import about_lines, news_of_lines
from blueprints.wastage.forms import ReturnForm, WastageForm
from blueprints.wastage.services import KINDS, Loss, ensure_complete, record_loss
from blueprints.wastage.warnings import warnings
from portal.access.scope import Scope
from portal.i18n import _, _l
from portal.wizards.definition import Answers, Done, Step, Wizard

NOTHING = _l("Doses that are available at this location are listed here.")


def _loss(kind: DocumentKind, answers: Answers) -> Loss:
    return Loss(
        kind=kind,
        lines=chosen(answers),
        happened_on=answers["happened_on"],
        reason=answers["reason"],
        vial=answers.get("vial") or "",
        note=answers.get("note") or "",
        confirmed=bool(answers.get("confirmed")),
    )


def _today(scope: Scope, _answers: Answers) -> Mapping[str, Any]:
    return {"happened_on": scope.today()}


def _prepare_wastage(_scope: Scope, form: Form, _answers: Answers) -> None:
    form["reason"].choices = choices(WASTAGE_REASONS)  # type: ignore[attr-defined]
    form["vial"].choices = list(vial_labels().items())  # type: ignore[attr-defined]


def _prepare_return(_scope: Scope, form: Form, _answers: Answers) -> None:
    form["reason"].choices = choices(RETURN_REASONS)  # type: ignore[attr-defined]


def _wizard(kind: DocumentKind, *, title: object, form: type[Form], doses_label: object) -> Wizard:
    wastage = kind is DocumentKind.WASTAGE

    def choose_context(_scope: Scope, _answers: Answers) -> Mapping[str, Any]:
        return {"doses_label": doses_label, "nothing_text": NOTHING}

    def check_day(scope: Scope, answers: Answers) -> None:
        ensure_not_in_future(answers["happened_on"], scope.today())

    def check_reason(_scope: Scope, answers: Answers) -> None:
        among = WASTAGE_REASONS if wastage else RETURN_REASONS
        ensure_explained(answers["reason"], answers.get("note") or "", among)

    def check(scope: Scope, answers: Answers) -> None:
        loss = _loss(kind, answers)
        ensure_complete(scope, loss)
        ensure_never_short({line.inventory_id: line.doses for line in loss.lines}, loss.happened_on)

    def review(scope: Scope, answers: Answers) -> Mapping[str, Any]:
        loss = _loss(kind, answers)
        lines = remaining(scope, answers)
        details: list[tuple[object, object]] = [
            (_("Date"), loss.happened_on.strftime("%m/%d/%Y")),
            (_("Reason"), reason_label(loss.reason)),
        ]
        if wastage:
            details.append((_("Vial"), vial_labels().get(loss.vial, "")))
        details.append((_("Note"), loss.note))
        return {
            "lines": lines,
            "details": details,
            "doses_label": doses_label,
            "warnings": warnings(scope, loss, lines),
            "counted": counted_before(scope, names(lines), on=loss.happened_on),
        }

    def save(scope: Scope, answers: Answers, _button: str) -> Done:
        document = record_loss(scope, _loss(kind, answers))
        number = document_number(document.kind, document.id)
        message = (
            _("Wastage %(number)s was saved.", number=number)
            if wastage
            else _(
                "Return %(number)s was saved. Print the slip and put it in the box.", number=number
            )
        )
        return Done(url=url_for("inventory.document", document_id=document.id), message=message)

    return Wizard(
        name=f"wastage.{kind}",
        title=title,
        capability="wastage.record",
        steps=(
            Step(
                "doses",
                _l("Doses"),
                form=LinesForm,
                template=TEMPLATE,
                initial=first_lines,
                prepare=prepare_lines,
                context=choose_context,
                nothing=nothing_offered,
                check=check_lines,
                assist=find_lines,
            ),
            Step(
                "reason",
                _l("Date and reason"),
                form=form,
                initial=_today,
                prepare=_prepare_wastage if wastage else _prepare_return,
                check=(check_day, check_reason, check),
            ),
            Step(
                "review",
                _l("Confirm"),
                form=CheckedForm,
                template="inventory/_leaving.html",
                context=review,
            ),
        ),
        finish=save,
        finish_label=_l("Save"),
        admit=admit,
        about=about_lines,
        news=news_of_lines(KINDS[kind]),
    )


WASTAGE = _wizard(
    DocumentKind.WASTAGE, title=_l("Wastage"), form=WastageForm, doses_label=_l("Doses wasted")
)
RETURN = _wizard(
    DocumentKind.RETURN, title=_l("Return"), form=ReturnForm, doses_label=_l("Doses returned")
)
