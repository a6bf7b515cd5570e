"""The wizards `Transfer` (SPEC E1) and `Inbound Transfer` (SPEC E2)."""

from collections.abc import Mapping
from functools import partial
from typing import Any, cast

from flask import url_for
from wtforms import Form, SelectFieldBase
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]

from blueprints.inventory.forms import CheckedForm
from blueprints.inventory.leaving.finding import find_usable_lines
from blueprints.inventory.leaving.selection import (
    TEMPLATE,
    LinesForm,
    admit,
    check_lines,
    chosen,
    ensure_usable,
    first_lines,
    names,
    nothing_offered,
    prepare_lines,
    remaining,
)
from blueprints.inventory.leaving.warnings import counted_before, taken_before
from blueprints.inventory.ledger.entries import ensure_never_short
from blueprints.inventory.ledger.reasons import choices, ensure_explained, reason_label
from blueprints.inventory.queries import get_inventory
from blueprints.inventory.rules import DocumentKind, Kind, ensure_not_in_future
from blueprints.inventory.services import lock_arrivals
from blueprints.inventory.unfinished import about_lines, news_of_lines
from blueprints.transfers.arriving import another_date
from blueprints.transfers.forms import InboundForm, ReceiptForm, SendForm
from blueprints.transfers.queries import (
    Inbound,
    documents_to,
    doses_coming,
    get_inbound,
    list_inbound,
)
from blueprints.transfers.rules import MISSING, SENDING, LineState
from blueprints.transfers.services import (
    Receipt,
    Sending,
    ensure_receivable,
    ensure_sendable,
    receive,
    send,
)
from blueprints.transfers.settled import settled
from blueprints.transfers.unfinished import about_inbound, news_of_inbound
from portal.access.scope import Scope
from portal.db import session
from portal.errors import NotFound
from portal.formats.numbers import record_number
from portal.formats.shown import day, number
from portal.i18n import _, _l
from portal.places.models import Location
from portal.wizards.definition import Answers, Done, Step, Wizard


def _today(scope: Scope) -> Any:
    return scope.today()


# Transfer


def _sending(answers: Answers) -> Sending:
    return Sending(
        lines=chosen(answers),
        to_location_id=answers["receiver"],
        sent_on=answers["happened_on"],
        reason=answers["reason"],
        note=answers.get("note") or "",
        confirmed=bool(answers.get("confirmed")),
    )


def _choose_context(_scope: Scope, _answers: Answers) -> Mapping[str, Any]:
    return {
        "doses_label": _("Doses to transfer"),
        "nothing_text": _("Usable doses that are available at this location are listed here."),
    }


def _check_records(scope: Scope, answers: Answers) -> None:
    check_lines(scope, answers)
    ensure_usable(scope, [get_inventory(scope, one.inventory_id) for one in chosen(answers)])


def _prepare_send(_scope: Scope, form: Form, _answers: Answers) -> None:
    cast(SelectFieldBase, form["reason"]).choices = choices(SENDING)  # type: ignore[attr-defined]


def _check_day(scope: Scope, answers: Answers) -> None:
    ensure_not_in_future(answers["happened_on"], scope.today())


def _check_reason(_scope: Scope, answers: Answers) -> None:
    ensure_explained(answers["reason"], answers.get("note") or "", SENDING)


def _check_send(scope: Scope, answers: Answers) -> None:
    sending = _sending(answers)
    ensure_sendable(scope, sending)
    ensure_never_short({line.inventory_id: line.doses for line in sending.lines}, sending.sent_on)


def _review_send(scope: Scope, answers: Answers) -> Mapping[str, Any]:
    sending = _sending(answers)
    receiver = session().get_one(Location, sending.to_location_id)
    lines = remaining(scope, answers)
    return {
        "lines": lines,
        "doses_label": _("Doses to transfer"),
        "warnings": taken_before(
            scope,
            DocumentKind.TRANSFER,
            lines,
            on=sending.sent_on,
            among=documents_to(sending.to_location_id),
        ),
        "counted": counted_before(scope, names(lines), on=sending.sent_on),
        "details": [
            (_("Receiving Location"), f"{receiver.name}, {receiver.pin}"),
            (_("Date"), day(sending.sent_on)),
            (_("Reason"), reason_label(sending.reason)),
            (_("Note"), sending.note),
        ],
    }


def _send(scope: Scope, answers: Answers, _button: str) -> Done:
    sent = send(scope, _sending(answers))
    return Done(
        url=url_for("transfers.record", transfer_id=sent.transfer.id),
        message=_(
            "Transfer %(number)s is on its way. Print this page and put it in the box.",
            number=sent.number,
        ),
    )


TRANSFER = Wizard(
    name="transfers.send",
    title=_l("Transfer"),
    capability="transfers.handle",
    steps=(
        Step(
            "doses",
            _l("Doses"),
            form=LinesForm,
            template=TEMPLATE,
            initial=partial(first_lines, usable=True),
            prepare=prepare_lines,
            context=_choose_context,
            nothing=nothing_offered,
            check=_check_records,
            assist=find_usable_lines,
        ),
        Step(
            "receiver",
            _l("Where and why"),
            form=SendForm,
            initial=lambda scope, _answers: {"happened_on": _today(scope)},
            prepare=_prepare_send,
            check=(_check_day, _check_reason, _check_send),
        ),
        Step(
            "review",
            _l("Review"),
            form=CheckedForm,
            template="inventory/_leaving.html",
            context=_review_send,
        ),
    ),
    finish=_send,
    finish_label=_l("Send"),
    admit=admit,
    about=about_lines,
    news=news_of_lines(Kind.TRANSFERRED_OUT),
)


# Inbound Transfer


def _line(scope: Scope, answers: Answers) -> Inbound:
    found = record_number(str(answers.get("line") or answers.args.get("line") or ""))
    if found is None:
        raise NotFound
    return get_inbound(scope, found)


def _in_words(inbound: Inbound) -> str:
    record = inbound.record
    name = record.name
    if record.lot not in name:
        name = _("%(name)s – lot %(lot)s", name=name, lot=record.lot)
    if record.quarantined:
        name = _("%(name)s (in quarantine)", name=name)
    return _(
        "%(name)s, doses: %(doses)s, from %(sender)s, sent on %(day)s (%(number)s)",
        name=name,
        doses=number(inbound.line.doses_sent),
        sender=inbound.sender,
        day=day(inbound.transfer.sent_on),
        number=inbound.number,
    )


def _offer_inbound(scope: Scope, form: Form, _answers: Answers) -> None:
    cast(SelectFieldBase, form["line"]).choices = [  # type: ignore[attr-defined]
        SelectChoice(str(inbound.line.id), _in_words(inbound)) for inbound in list_inbound(scope)
    ]


def _nothing_inbound(form: Form) -> bool:
    return not cast(SelectFieldBase, form["line"]).choices  # type: ignore[attr-defined]


def _first_inbound(_scope: Scope, answers: Answers) -> Mapping[str, Any]:
    return {"line": answers.args.get("line", "")}


def _check_inbound(scope: Scope, answers: Answers) -> None:
    found = _line(scope, answers)
    if found.line.state != LineState.IN_TRANSIT:
        raise settled(scope, found.line)


def _prepare_receipt(_scope: Scope, form: Form, _answers: Answers) -> None:
    field = cast(SelectFieldBase, form["difference_reason"])
    field.choices = choices(MISSING)  # type: ignore[attr-defined]


def _receipt_context(scope: Scope, answers: Answers) -> Mapping[str, Any]:
    inbound = _line(scope, answers)
    return {"inbound": inbound, "doubts": another_date(scope, inbound)}


def _receipt(scope: Scope, answers: Answers) -> Receipt:
    return Receipt(
        line_id=_line(scope, answers).line.id,
        received_on=answers["date_received"],
        doses=answers["doses_received"],
        reason=answers.get("difference_reason") or "",
        note=answers.get("note") or "",
        confirmed=bool(answers.get("confirmed")),
    )


def _check_receipt(scope: Scope, answers: Answers) -> None:
    ensure_receivable(scope, _receipt(scope, answers))


def _receive(scope: Scope, answers: Answers, _button: str) -> Done:
    inbound = _line(scope, answers)
    receipt = _receipt(scope, answers)
    others = doses_coming(scope) - inbound.line.doses_sent
    record = receive(scope, receipt)
    facts: list[tuple[object, object]] = [
        (_("Vaccine Inventory Name"), record.name),
        (_("Doses Received"), number(receipt.doses)),
        (_("Doses Available"), number(record.doses_available)),
        (_("Date Received"), day(receipt.received_on)),
        (_("Transfer"), inbound.number),
    ]
    missing = inbound.line.doses_sent - receipt.doses
    if missing:
        facts.append((_("Missing doses"), f"{number(missing)}, {reason_label(receipt.reason)}"))
    if record.quarantined:
        facts.append((_("Status"), _("Quarantine")))
    if others:
        facts.append((_("Doses of other records on their way here"), number(others)))
    return Done(url=url_for("inventory.record", inventory_id=record.id), facts=tuple(facts))


def _next_lot(scope: Scope, _answers: Answers) -> Mapping[str, Any]:
    """What waits still, the longest first, so that a box is unpacked without going back."""
    waiting = list_inbound(scope)
    if not waiting:
        return {"following": ""}
    following = waiting[0]
    return {
        "following": _in_words(following),
        "following_href": url_for("transfers.inbound", line=following.line.id),
    }


def _admit_inbound(scope: Scope, args: Mapping[str, str]) -> None:
    if args.get("line"):
        found = record_number(args["line"])
        if found is None:
            raise NotFound
        get_inbound(scope, found)


INBOUND = Wizard(
    name="transfers.inbound",
    title=_l("Inbound Transfer"),
    capability="transfers.handle",
    steps=(
        Step(
            "choose",
            _l("What has arrived"),
            form=InboundForm,
            template="transfers/_choose_inbound.html",
            initial=_first_inbound,
            prepare=_offer_inbound,
            nothing=_nothing_inbound,
            check=_check_inbound,
        ),
        Step(
            "details",
            _l("Date and doses received"),
            form=ReceiptForm,
            template="transfers/_receipt.html",
            prepare=_prepare_receipt,
            context=_receipt_context,
            check=_check_receipt,
        ),
    ),
    finish=_receive,
    finish_label=_l("Finish"),
    admit=_admit_inbound,
    about=about_inbound,
    news=news_of_inbound,
    lock=lambda scope, _entered: lock_arrivals(scope),
    confirmation=Step(
        "done", _l("Received"), template="transfers/_received.html", context=_next_lot
    ),
)
