"""`Add`: the wizard that puts arrived doses into the inventory (SPEC D2, C5)."""

from collections.abc import Mapping
from datetime import date
from typing import Any, cast

from flask import url_for
from wtforms import Form, SelectFieldBase
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]

from blueprints.inventory.adding.deliveries import SEPARATE, Delivery, check_delivery
from blueprints.inventory.adding.photo import fill_in, offer, read_files
from blueprints.inventory.forms import DeliveryForm, MonthEnd, ReviewForm, SameLotForm
from blueprints.inventory.queries import list_same_lot, was_added
from blueprints.inventory.rules import ensure_not_in_future, proposed_name
from blueprints.inventory.services import add_delivery, lock_delivery
from blueprints.inventory.unfinished import about, news
from blueprints.shipments.queries import find_of_location, get_shipment
from blueprints.shipments.rules import still_expected
from portal.access.scope import Scope
from portal.catalog.queries import find_product
from portal.drafts import Sent
from portal.errors import NotFound
from portal.formats.codes import lot_key
from portal.formats.numbers import record_number
from portal.formats.shown import day
from portal.i18n import _, _l, ngettext
from portal.wizards.definition import Answers, Done, FinishButton, Step, Wizard


def prefill(scope: Scope, args: Mapping[str, str]) -> dict[str, Any]:
    """The form as far as it is known: the account, and all of the shipment it was opened from."""
    values: dict[str, Any] = {"account": scope.location_id}
    shipment_id = record_number(args.get("shipment"))
    if shipment_id is None:
        return values
    shipment = get_shipment(scope, shipment_id)
    return values | {
        "product": shipment.product_id,
        "doses": still_expected(shipment.doses_shipped, shipment.doses_received) or None,
        "lot": shipment.lot,
        "name": proposed_name(shipment.product_name, shipment.lot),
        "expiration_date": shipment.expiration_date,
        "shipment": shipment.id,
    }


def delivery_of(scope: Scope, answers: Answers) -> Delivery:
    """The delivery that the answers describe."""
    expires = answers["expiration_date"]
    return Delivery(
        product_id=answers["product"],
        doses=answers["doses"],
        lot=answers["lot"],
        name=_name(scope, answers),
        serial_number=answers.get("serial_number") or "",
        expiration_date=date(expires.year, expires.month, expires.day),
        expiration_month_only=isinstance(expires, MonthEnd),
        location_id=answers["account"],
        shipment_id=answers.get("shipment"),
        unable_to_locate_shipment=bool(answers.get("unable_to_locate_shipment")),
        received_on=answers.get("date_received"),
        duplicate=answers.get("duplicate") or "",
        seen_received=_number(answers.get("seen_received")),
        confirmed=bool(answers.get("confirmed")),
    )


def _name(scope: Scope, answers: Answers) -> str:
    """The name that was entered. Where it was left blank, or as the shipment proposed it, the lot
    in it is the one that was entered."""
    name = answers.get("name") or ""
    shipment_id = answers.get("shipment")
    shipment = find_of_location(scope, shipment_id) if shipment_id else None
    if name and (shipment is None or name != proposed_name(shipment.product_name, shipment.lot)):
        return str(name)
    product = find_product(answers["product"])
    return proposed_name(product.name if product else "", answers["lot"])


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() else None


def check_details(scope: Scope, answers: Answers) -> None:
    """Raise what the rules refuse about the first step."""
    check_delivery(scope, delivery_of(scope, answers))


def check_day(scope: Scope, answers: Answers) -> None:
    """Raise what is wrong with the day of the delivery alone."""
    received_on = answers.get("date_received")
    if received_on:
        ensure_not_in_future(received_on, scope.today(), field="date_received")


def is_there_already(scope: Scope, answers: Answers) -> bool:
    """Whether the lot has a record at this location, so that the manager must be asked."""
    return bool(_same_lot(scope, answers))


def _same_lot(scope: Scope, answers: Answers) -> list[Any]:
    if any(answers.get(name) is None for name in ("lot", "product", "expiration_date")):
        return []
    delivery = delivery_of(scope, answers)
    return list_same_lot(
        scope, delivery.product_id, lot_key(delivery.lot), delivery.expiration_date
    )


def offer_choices(scope: Scope, form: Form, answers: Answers) -> None:
    """Fill the question about the lot with the records it has that expire on the same day: doses of
    another date are not put on a record, so it is not offered."""
    choices = [
        SelectChoice(
            str(record.id),
            _(
                "Add the doses to “%(name)s” (doses available: %(doses)s, expires %(day)s)",
                name=record.name,
                doses=f"{record.doses_available:,}",
                day=day(record.expiration_date),
            ),
        )
        for record in _same_lot(scope, answers)
        if record.expiration_date == answers["expiration_date"]
    ]
    choices.append(SelectChoice(SEPARATE, _("Make a new record")))
    cast(SelectFieldBase, form["duplicate"]).choices = choices  # type: ignore[attr-defined]


def same_lot_context(scope: Scope, answers: Answers) -> dict[str, Any]:
    """What is known of the lot: its records, and whether this very shipment was added before."""
    records = _same_lot(scope, answers)
    shipment_id = answers.get("shipment")
    return {
        "records": records,
        "expires": answers["expiration_date"],
        "same_shipment": shipment_id is not None and was_added(records, shipment_id),
    }


def review_context(scope: Scope, answers: Answers) -> dict[str, Any]:
    """What the manager should look at before saving."""
    delivery = delivery_of(scope, answers)
    checked = check_delivery(scope, delivery)
    target = next((one for one in checked.same_lot if str(one.id) == delivery.duplicate), None)
    return {
        "warnings": checked.warnings,
        "doubts": checked.doubts,
        "name": delivery.name,
        "target": target,
        "received": checked.shipment.doses_received if checked.shipment else "",
    }


def save(scope: Scope, answers: Answers, button: str) -> Done:
    """Save the delivery; `Save & New` leads to an empty form, `Save` to the record."""
    delivery = delivery_of(scope, answers)
    record = add_delivery(scope, delivery)
    return Done(
        url=url_for("inventory.record", inventory_id=record.id),
        message=ngettext(
            "%(doses)s dose was added to “%(name)s”.",
            "%(doses)s doses were added to “%(name)s”.",
            delivery.doses,
            doses=f"{delivery.doses:,}",
            name=record.name,
        ),
        then=url_for("inventory.add") if button == "new" else "",
    )


def lock(scope: Scope, entered: Mapping[str, Sent]) -> None:
    """Take the locks of a delivery."""
    sent = {each[0]: each[1] for each in entered.get("details", [])}
    lock_delivery(scope, record_number(sent.get("shipment")))


def admit(scope: Scope, args: Mapping[str, str]) -> None:
    """Refuse to open the form from a shipment that is not for this location."""
    if args.get("shipment"):
        shipment_id = record_number(args["shipment"])
        if shipment_id is None:
            raise NotFound
        get_shipment(scope, shipment_id)


def leave(scope: Scope, args: Mapping[str, str]) -> str:
    """Back to the shipment the form was opened from, else to the list."""
    shipment_id = record_number(args.get("shipment"))
    if shipment_id is not None and find_of_location(scope, shipment_id) is not None:
        return url_for("shipments.record", shipment_id=shipment_id)
    return url_for("inventory.index")


ADD = Wizard(
    name="inventory.add",
    title=_l("New Vaccine Inventory"),
    capability="inventory.add",
    steps=(
        Step(
            "details",
            _l("Vaccine and shipment details"),
            form=DeliveryForm,
            template="inventory/_details.html",
            prepare=offer,
            check=(check_day, check_details),
            assist=fill_in,
        ),
        Step(
            "lot",
            _l("Lot in the inventory"),
            form=SameLotForm,
            template="inventory/_same_lot.html",
            when=is_there_already,
            prepare=offer_choices,
            context=same_lot_context,
        ),
        Step(
            "review",
            _l("Review"),
            form=ReviewForm,
            template="inventory/_review.html",
            context=review_context,
        ),
    ),
    finish=save,
    finish_label=_l("Save"),
    finish_buttons=(FinishButton("new", _l("Save & New")),),
    prefill=prefill,
    admit=admit,
    about=about,
    news=news,
    lock=lock,
    leave=leave,
    read_files=read_files,
)
