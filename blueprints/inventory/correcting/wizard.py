"""The wizard `Adjustment`: doses beyond what was received (SPEC D6)."""

from collections.abc import Mapping
from typing import Any, cast

from flask import url_for
from wtforms import Form, SelectFieldBase

from blueprints.inventory.correcting.services import (
    Adjustment,
    adjust,
    ensure_complete,
    ensure_not_before,
    extra_doses_of,
    vials_of,
)
from blueprints.inventory.counted import counted_since
from blueprints.inventory.forms import AdjustmentForm, CheckedForm
from blueprints.inventory.ledger.reasons import (
    ADJUSTMENT,
    EXTRA_DOSE,
    choices,
    ensure_explained,
    reason_label,
)
from blueprints.inventory.models import VaccineInventory
from blueprints.inventory.queries import get_inventory
from blueprints.inventory.rules import ensure_not_in_future
from blueprints.inventory.unfinished import names_of
from portal.access.scope import Scope
from portal.errors import NotFound
from portal.formats.numbers import record_number
from portal.formats.shown import day, number
from portal.i18n import _, _l, ngettext
from portal.wizards.definition import Answers, Begun, Done, Step, Wizard


def _record(scope: Scope, args: Mapping[str, str]) -> VaccineInventory:
    found = record_number(args.get("inventory_id"))
    if found is None:
        raise NotFound
    return get_inventory(scope, found)


def _admit(scope: Scope, args: Mapping[str, str]) -> None:
    _record(scope, args)


def _adjustment(scope: Scope, answers: Answers) -> Adjustment:
    return Adjustment(
        inventory_id=_record(scope, answers.args).id,
        doses=answers["doses"],
        happened_on=answers["happened_on"],
        reason=answers["reason"],
        note=answers.get("note") or "",
        confirmed=bool(answers.get("confirmed")),
    )


def _first(scope: Scope, _answers: Answers) -> Mapping[str, Any]:
    return {"happened_on": scope.today()}


def _prepare(_scope: Scope, form: Form, _answers: Answers) -> None:
    cast(SelectFieldBase, form["reason"]).choices = choices(ADJUSTMENT)  # type: ignore[attr-defined]


def _check_day(scope: Scope, answers: Answers) -> None:
    ensure_not_in_future(answers["happened_on"], scope.today())


def _check_reason(_scope: Scope, answers: Answers) -> None:
    ensure_explained(answers["reason"], answers.get("note") or "", ADJUSTMENT)


def _check(scope: Scope, answers: Answers) -> None:
    adjustment = _adjustment(scope, answers)
    ensure_complete(scope, adjustment)
    ensure_not_before(_record(scope, answers.args), adjustment.happened_on)


def _context(scope: Scope, answers: Answers) -> Mapping[str, Any]:
    return {"record": _record(scope, answers.args)}


def _doubt(record: VaccineInventory, adjustment: Adjustment) -> str:
    """What to ask about the number of doses, if anything."""
    if adjustment.reason != EXTRA_DOSE:
        if adjustment.doses <= record.doses_total:
            return ""
        sentence = _(
            "Please check the number: it is more than all the doses this record has ever had."
        )
    else:
        vials, before = vials_of(record, adjustment.happened_on), extra_doses_of(record)
        if before + adjustment.doses <= vials:
            return ""
        sentence = _(
            "Please check the number. Vials received, about: %(vials)s. Extra doses entered "
            "before: %(before)s.",
            vials=number(vials),
            before=number(before),
        )
    return f"{sentence} {_('Only the help desk can undo an adjustment.')}"


def _review(scope: Scope, answers: Answers) -> Mapping[str, Any]:
    adjustment = _adjustment(scope, answers)
    record = _record(scope, answers.args)
    return {
        "record": record,
        "doubt": _doubt(record, adjustment),
        "counted": counted_since(scope, [record.id], adjustment.happened_on),
        "details": [
            (_("Vaccine Inventory Name"), record.name),
            (_("Doses"), f"+{number(adjustment.doses)}"),
            (_("Date"), day(adjustment.happened_on)),
            (_("Reason"), reason_label(adjustment.reason)),
            (_("Note"), adjustment.note),
            (_("Total Doses"), number(record.doses_total + adjustment.doses)),
            (_("Doses Available"), number(record.doses_available + adjustment.doses)),
        ],
    }


def _about(scope: Scope, begun: Mapping[int, Begun]) -> dict[int, str]:
    wanted = {
        draft_id: record_number(one.args.get("inventory_id")) for draft_id, one in begun.items()
    }
    names = names_of(scope, {record for record in wanted.values() if record is not None})
    return {
        draft_id: _(
            "%(name)s, doses: %(doses)s", name=names[record], doses=begun[draft_id].entered["doses"]
        )
        for draft_id, record in wanted.items()
        if record in names and "doses" in begun[draft_id].entered
    }


def _save(scope: Scope, answers: Answers, _button: str) -> Done:
    adjustment = _adjustment(scope, answers)
    adjust(scope, adjustment)
    return Done(
        url=url_for("inventory.record", inventory_id=adjustment.inventory_id),
        message=ngettext(
            "%(doses)s dose was added to the total.",
            "%(doses)s doses were added to the total.",
            adjustment.doses,
            doses=number(adjustment.doses),
        ),
    )


ADJUST = Wizard(
    name="inventory.adjust",
    title=_l("Adjustment"),
    capability="inventory.adjust",
    steps=(
        Step(
            "details",
            _l("Doses and reason"),
            form=AdjustmentForm,
            template="inventory/_adjustment.html",
            initial=_first,
            prepare=_prepare,
            context=_context,
            check=(_check_day, _check_reason, _check),
        ),
        Step(
            "review",
            _l("Confirm"),
            form=CheckedForm,
            template="inventory/_adjusted.html",
            context=_review,
        ),
    ),
    finish=_save,
    finish_label=_l("Save"),
    admit=_admit,
    about=_about,
)
