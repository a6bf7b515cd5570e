"""Routes that correct: reversing an entry, quarantine and release."""

from typing import Any

from flask import Blueprint, Response, flash, request, url_for

from blueprints.inventory.correcting import services as corrections
from blueprints.inventory.counted import counted_after
from blueprints.inventory.forms import HoldEverywhereForm, HoldForm, ReverseForm, WhyForm
from blueprints.inventory.ledger.reasons import reason_label
from blueprints.inventory.quarantine import recall
from blueprints.inventory.quarantine import services as quarantine
from blueprints.inventory.quarantine.queries import find_record_of, what_is_held
from blueprints.inventory.queries import get_inventory
from blueprints.inventory.rules import Kind
from portal.confirmation import Confirmation, answered, ask
from portal.formats.shown import day, number
from portal.i18n import _, _l
from portal.listviews.definition import Action
from portal.web.context import scope
from portal.web.guards import needs
from portal.web.htmx import go_to
from portal.web.late_forms import keeps_late_input
from portal.web.respond import respond


def register(blueprint: Blueprint) -> None:
    """Add the routes to the module's blueprint."""
    blueprint.add_url_rule(
        "/entries/<int:entry_id>/reverse", "reverse", reverse, methods=["GET", "POST"]
    )
    blueprint.add_url_rule("/<int:inventory_id>/quarantine", "hold", hold, methods=["GET", "POST"])
    blueprint.add_url_rule("/quarantine", "quarantines", quarantines)
    blueprint.add_url_rule(
        "/quarantine/add", "hold_everywhere", hold_everywhere, methods=["GET", "POST"]
    )
    blueprint.add_url_rule(
        "/quarantine/<int:quarantine_id>/release", "release", release, methods=["GET", "POST"]
    )


@needs("inventory.reverse")
@keeps_late_input(_l("Reverse"), form=ReverseForm)
def reverse(entry_id: int) -> Response:
    """Undo a mistaken entry."""
    entry, record = corrections.get_entry(scope(), entry_id)
    form = answered(ReverseForm)
    counted = counted_after(scope(), record.id, entry.id, entry.happened_on)
    if not counted:
        del form.confirmed
    return ask(
        form,
        Confirmation(
            title=_("Reverse"),
            back=url_for("inventory.record", inventory_id=record.id, tab="related"),
            text=_("The entry stays in the history. A reversal is added beside it."),
            about=(
                (_("Vaccine Inventory Name"), record.name),
                (_("What happened"), Kind(entry.kind).label),
                (_("Doses"), number(entry.doses)),
                (_("Date"), day(entry.happened_on)),
                (_("Reason"), reason_label(entry.reason)),
                (_("Note"), entry.note),
            ),
            doubts=counted,
        ),
        act=lambda form: corrections.reverse(
            scope(),
            entry_id,
            note=form.note.data,
            confirmed="confirmed" in form and form.confirmed.data,
        ),
        done=_("The entry was reversed."),
    )


@needs("inventory.quarantine")
@keeps_late_input(_l("Quarantine"), form=HoldForm)
def hold(inventory_id: int) -> Response:
    """Hold the lot of a record at this location."""
    record = get_inventory(scope(), inventory_id)
    return ask(
        answered(HoldForm),
        Confirmation(
            title=_("Quarantine"),
            back=url_for("inventory.record", inventory_id=record.id),
            text=_(
                "All doses of the lot %(lot)s at this location are held: they cannot be given or "
                "transferred until the lot is released.",
                lot=record.lot,
            ),
        ),
        act=lambda form: quarantine.place(
            scope(),
            quarantine.Hold(
                product_id=record.product_id,
                lot=record.lot,
                reason=form.reason.data,
                note=form.note.data,
            ),
        ),
        done=_("The lot is in quarantine."),
    )


@needs("inventory.quarantine_everywhere")
def quarantines() -> Response:
    """The lots that are held everywhere."""
    return respond(
        "inventory/quarantines.html",
        found=quarantine.list_everywhere(),
        actions=[
            Action(label=_("Quarantine"), href=url_for("inventory.hold_everywhere"), kind="primary")
        ],
    )


@needs("inventory.quarantine_everywhere")
@keeps_late_input(_l("Quarantine at all locations"), form=HoldEverywhereForm)
def hold_everywhere() -> Response:
    """Hold a lot at all locations: a recall."""
    return ask(
        answered(HoldEverywhereForm),
        Confirmation(
            title=_("Quarantine at all locations"),
            back=url_for("inventory.quarantines"),
            text=_(
                "All doses of the lot are held everywhere, also those in transit. The location "
                "managers are told by e-mail."
            ),
        ),
        act=_hold_everywhere,
    )


@needs("inventory.quarantine")
@keeps_late_input(_l("Release from Quarantine"), form=WhyForm)
def release(quarantine_id: int) -> Response:
    """Let a lot be used again."""
    found = quarantine.get_quarantine(scope(), quarantine_id)
    everywhere = found.location_id is None
    scope().require("inventory.quarantine_everywhere" if everywhere else "inventory.quarantine")
    record = find_record_of(found)
    back = (
        url_for("inventory.record", inventory_id=record)
        if record
        else url_for("inventory.quarantines" if everywhere else "inventory.index")
    )
    if found.released_at is not None and request.method != "POST":
        flash(_("This lot has already been released."), "warning")
        return go_to(back)
    return ask(
        answered(WhyForm),
        Confirmation(
            title=_("Release from Quarantine"),
            back=back,
            about=(
                (_("Product"), found.product_name),
                (_("Lot #"), found.lot),
                (_("Reason"), reason_label(found.reason)),
                (_("Note"), found.note),
            ),
        ),
        act=lambda form: _release(quarantine_id, form),
    )


def _hold_everywhere(form: Any) -> str:
    named = quarantine.Hold(
        product_id=form.product.data,
        lot=form.lot.data,
        reason=form.reason.data,
        note=form.note.data,
        everywhere=True,
        confirmed=form.confirmed.data,
    )
    form.alike.offer({one.reference: one.in_words for one in recall.list_alike(named)})
    recalled = recall.hold_everywhere(
        scope(), named, asked=form.alike.asked, chosen=form.alike.data
    )
    return _what_was_held(recalled)


def _what_was_held(recalled: recall.Recalled) -> str:
    held = what_is_held(*recalled.held)
    sentences = [
        _(
            "The lot is in quarantine at all locations. Doses available: %(doses)s, at locations: "
            "%(locations)s. Doses in transit: %(in_transit)s.",
            doses=number(held.doses),
            locations=number(held.locations),
            in_transit=number(held.in_transit),
        )
    ]
    others = [_named(one.lot, one.product_name) for one in recalled.held[1:]]
    if others:
        sentences.append(_("Also held: %(lots)s.", lots="; ".join(others)))
    left_out = [_named(one.lot, one.product_name) for one in recalled.left_out]
    if left_out:
        sentences.append(_("Not held, as you decided: %(lots)s.", lots="; ".join(left_out)))
    return " ".join(sentences)


def _named(lot: str, vaccine: str) -> str:
    return _("lot %(lot)s of %(vaccine)s", lot=lot, vaccine=vaccine)


def _release(quarantine_id: int, form: Any) -> str:
    if quarantine.release(scope(), quarantine_id, note=form.note.data):
        return _("The lot is released.")
    return _("This hold was released. The lot stays in quarantine where there is another hold.")
