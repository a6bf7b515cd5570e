"""Routes that correct the record of a dose: details, lot, removal (SPEC G9)."""

from collections.abc import Callable
from typing import Any

from flask import Response, flash, g, request, url_for
from wtforms import Form as PlainForm
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]

from blueprints.administration import fields
from blueprints.administration.correcting import (
    Corrected,
    change_lot,
    edit,
    found_against,
    injection_of,
    may_be_corrected,
    remove,
)
from blueprints.administration.forms import SOMEBODY_ELSE, EditForm, LotForm, RemoveForm
from blueprints.administration.queries import Given, get_given, get_lot, lots_offered, recipient_of
from blueprints.administration.recording import Injection, Overriding
from blueprints.administration.scanning import choose_lot
from blueprints.administration.views import blueprint
from blueprints.administration.wizard import check_countersigner
from blueprints.appointments.pages import when
from blueprints.appointments.words import dose_label
from blueprints.inventory.models import VaccineInventory
from blueprints.recipients.words import full_name
from portal.catalog.models import Product
from portal.catalog.stops import Objection, codes, stops
from portal.clock import local
from portal.db import session
from portal.errors import Conflict, Invalid, NotFound
from portal.i18n import _, _l, ngettext
from portal.signing_in.countersigning import Countersignature
from portal.web.context import scope, set_scope
from portal.web.files import who_may
from portal.web.forms import Form
from portal.web.guards import before_transaction, needs
from portal.web.htmx import go_to
from portal.web.late_forms import keeps_late_input, late_values
from portal.web.respond import respond


def _about(vaccination_id: int) -> str:
    return full_name(recipient_of(get_given(scope(), vaccination_id)))


def _address(vaccination_id: int) -> str:
    return url_for("administration.record", vaccination_id=vaccination_id)


def _not_yours(given: Given) -> Response | None:
    """What somebody is told who may not correct this record."""
    if may_be_corrected(scope(), given):
        return None
    return respond(
        "administration/not_yours.html",
        status=200 if request.method == "GET" else Conflict.status,
        back=_address(given.vaccination.id),
    )


def _check_countersigner(**_values: int) -> Countersignature | None:
    """Compare the password of who authorizes the correction, if one was typed to save it."""
    who = who_may("administration.correct")
    if who is None or request.form.get("assist"):
        return None
    set_scope(who)  # decides on the language of what is said
    return check_countersigner(who, request.form)


def _sent() -> Any:
    return request.form if request.method == "POST" else late_values()


@blueprint.route(
    "/vaccinations/<int:vaccination_id>/edit", endpoint="edit", methods=["GET", "POST"]
)
@needs("administration.correct")
@before_transaction(_check_countersigner)
@keeps_late_input(_l("Edit Details"), form=EditForm, about=_about)
def edit_record(vaccination_id: int) -> Response:
    """Change site, route, time, vaccinator, dose number or funding."""
    given = get_given(scope(), vaccination_id)
    if (away := _not_yours(given)) is not None:
        return away
    form = EditForm(formdata=_sent(), data=_details_of(given))
    _offer(form, given)
    seen = _seen(form, given)

    def act() -> Corrected:
        injection = _injection(form, given)
        why = form.why.data or ""
        return edit(
            scope(), vaccination_id, injection, why=why, seen=seen, overriding=_overriding(form)
        )

    def found() -> tuple[Objection, ...]:
        record = session().get_one(VaccineInventory, given.newest.inventory_id)
        return found_against(given, recipient_of(given), record, _injection(form, given))

    zone = fields.zone_name(scope(), given.newest.given_at)
    return _answer(form, given, "administration/edit.html", act, found, zone=zone)


def _details_of(given: Given) -> dict[str, Any]:
    newest = given.newest
    wall = local(newest.given_at, newest.time_zone)
    return {
        "dose_number": newest.dose_number,
        "site": newest.site,
        "route": newest.route,
        "volume_ml": newest.volume_ml,
        "funding": newest.funding,
        "given_by": str(newest.given_by_id or SOMEBODY_ELSE),
        "given_by_name": "" if newest.given_by_id else newest.given_by,
        "given_on": wall.date(),
        "given_time": wall.strftime("%I:%M %p").lstrip("0"),
        "seen": str(newest.version),
    }


def _offer(form: EditForm, given: Given) -> None:
    """Fill the choices; whoever gave the dose stays among them, also without an account here."""
    fields.prepare_injection(scope(), form)
    choices: Any = form.given_by.choices
    own = str(given.newest.given_by_id or SOMEBODY_ELSE)
    if own not in {one.value for one in choices}:
        form.given_by.choices = [SelectChoice(own, given.newest.given_by), *choices]


def _injection(form: EditForm, given: Given) -> Injection:
    before = given.newest.given_at
    at = fields.moment(scope(), form.given_on.data, form.given_time.data or "")
    # Seconds are not shown: a time that was not changed is the one it was.
    unchanged = at == before.replace(second=0, microsecond=0)
    return fields.injection(form.data, before if unchanged else at)


@blueprint.route("/vaccinations/<int:vaccination_id>/lot", methods=["GET", "POST"])
@needs("administration.correct")
@before_transaction(_check_countersigner)
@keeps_late_input(_l("Change Lot"), form=LotForm, about=_about)
def lot(vaccination_id: int) -> Response:
    """Say that the dose was of another lot."""
    given = get_given(scope(), vaccination_id)
    if (away := _not_yours(given)) is not None:
        return away
    form = LotForm(formdata=_sent(), data={"lot": str(given.newest.inventory_id)})
    offered = lots_offered(scope(), given.vaccination.given_on, keep=given.newest.inventory_id)
    fields.offer_lots(form.lot, offered)
    seen = _seen(form, given)
    pressed = request.form.get("assist", "")
    if request.method == "POST" and choose_lot(scope(), form, offered, pressed, replace=True):
        return _page(form, given, "administration/lot.html", seen=seen, status=422)

    def act() -> Corrected:
        return change_lot(
            scope(),
            vaccination_id,
            int(form.lot.data),
            why=form.why.data or "",
            seen=seen,
            overriding=_overriding(form),
        )

    def found() -> tuple[Objection, ...]:
        record = get_lot(scope(), int(form.lot.data))
        return found_against(given, recipient_of(given), record, injection_of(given))

    return _answer(form, given, "administration/lot.html", act, found)


@blueprint.route(
    "/vaccinations/<int:vaccination_id>/remove", endpoint="remove", methods=["GET", "POST"]
)
@needs("administration.correct")
@keeps_late_input(_l("Remove"), form=RemoveForm, about=_about)
def remove_record(vaccination_id: int) -> Response:
    """Remove the record of a dose that was not given."""
    given = get_given(scope(), vaccination_id)
    if (away := _not_yours(given)) is not None:
        return away
    form = RemoveForm(formdata=_sent())
    seen = _seen(form, given)

    def act() -> Corrected:
        return remove(scope(), vaccination_id, reason=form.reason.data or "", seen=seen)

    return _answer(form, given, "administration/remove.html", act, None)


def _seen(form: Form, given: Given) -> int:
    """The version that the form was opened with."""
    text = request.form.get("seen", "") if request.method == "POST" else ""
    return int(text) if text.isdecimal() and len(text) < 9 else given.newest.version  # noqa: PLR2004


def _overriding(form: PlainForm) -> Overriding:
    return Overriding(
        reason=form["override_reason"].data or "",
        seen=tuple((form["stops"].data or "").split()),
        signature=g.prepared,
    )


def _answer(
    form: Form,
    given: Given,
    template: str,
    act: Callable[[], Corrected],
    found: Callable[[], tuple[Objection, ...]] | None,
    **more: Any,
) -> Response:
    seen, status = _seen(form, given), 200
    against: tuple[Objection, ...] = ()
    if request.method == "POST":
        status = Invalid.status
        if form.validate():
            try:
                with session().begin_nested():
                    done = act()
            except (Invalid, Conflict) as refusal:
                form.refuse(refusal)
                status = refusal.status
                against = _against(found)
            else:
                _tell(done)
                return go_to(_address(given.vaccination.id))
    return _page(form, given, template, seen=seen, status=status, against=against, **more)


def _against(found: Callable[[], tuple[Objection, ...]] | None) -> tuple[Objection, ...]:
    try:
        return found() if found is not None else ()
    except (Invalid, Conflict, NotFound):
        return ()


def _page(
    form: Form,
    given: Given,
    template: str,
    *,
    seen: int,
    status: int,
    against: tuple[Objection, ...] = (),
    **more: Any,
) -> Response:
    person = recipient_of(given)
    record = session().get_one(VaccineInventory, given.newest.inventory_id)
    return respond(
        template,
        status=status,
        form=form,
        back=_address(given.vaccination.id),
        about=[
            (_("Recipient"), full_name(person)),
            (_("Dose"), dose_label(given.newest.dose_number)),
            (_("Product"), fields.product_label(session().get_one(Product, record.product_id))),
            (_("Lot #"), record.lot),
        ],
        seen=seen,
        against=stops(against),
        seen_stops=codes(stops(against)),
        may_override=scope().can("administration.override"),
        **more,
    )


def _tell(done: Corrected) -> None:
    flash(_("The record was changed. The earlier version is kept under Related."), "success")
    if done.canceled:
        flash(
            ngettext(
                "%(num)s appointment no longer fits and was canceled: %(when)s.",
                "%(num)s appointments no longer fit and were canceled: %(when)s.",
                len(done.canceled),
                when="; ".join(when(each.day, each.minute) for each in done.canceled),
            ),
            "warning",
        )
    if done.to_call:
        flash(
            _(
                "This person gets no messages. Call them about this change: the phone number is on "
                "the recipient’s record."
            ),
            "warning",
        )
