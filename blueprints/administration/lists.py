"""The list of the `Vaccinations` tab."""

from typing import Any

from sqlalchemy import ColumnElement, case, func, literal, or_, select

from blueprints.administration.models import Administration
from blueprints.administration.queries import is_newest
from blueprints.administration.rules import RecordState
from blueprints.inventory.models import VaccineInventory
from blueprints.recipients.models import Recipient, RecipientWord, Vaccination
from portal.access.scope import Scope
from portal.i18n import Label, _l
from portal.listviews.definition import Clauses, Column, Filter, ListDefinition, ListView, Tone
from portal.people.models import User
from portal.searching.text import phrase_in, words

GIVEN, BACK_DATED, OVERRIDDEN, REMOVED = "given", "back_dated", "overridden", "removed"
LABELS = {
    GIVEN: _l("Given"),
    BACK_DATED: _l("Given, entered later"),
    OVERRIDDEN: _l("Given against a rule"),
    REMOVED: _l("Removed"),
}
STATUS = case(
    (Administration.state == RecordState.REMOVED, literal(REMOVED)),
    (Administration.override_of != "", literal(OVERRIDDEN)),
    (Administration.back_dated, literal(BACK_DATED)),
    else_=literal(GIVEN),
)


def status_label(status: str) -> Label:
    """What became of a dose, in words."""
    return LABELS[status]


def status_tone(status: str) -> Tone:
    """Its color."""
    tones: dict[str, Tone] = {GIVEN: "success", OVERRIDDEN: "warning", REMOVED: "neutral"}
    return tones.get(status, "info")


def _searched(scope: Scope, text: str) -> Clauses:
    """A status; days; each other word begins a name of the recipient, or is the lot."""
    meant: dict[str, ColumnElement[bool]] = {
        str(label): literal(status) == STATUS for status, label in LABELS.items()
    }
    phrase, rest = phrase_in(text, meant)
    clauses: list[ColumnElement[bool]] = [meant[phrase]] if phrase else []
    for word in words(rest):
        clauses.append(or_(_named(scope.location_id, word), _of_lot_number(scope, word)))
    return clauses


def _named(location_id: int, word: str) -> ColumnElement[bool]:
    people = select(Vaccination.id).where(
        Vaccination.recipient_id.in_(
            select(RecipientWord.recipient_id).where(
                RecipientWord.location_id == location_id,
                RecipientWord.word >= word,
                RecipientWord.word < word + "\U0010ffff",
            )
        )
    )
    return Administration.vaccination_id.in_(people)


def _of_lot_number(scope: Scope, word: str) -> ColumnElement[bool]:
    lots = select(VaccineInventory.id).where(
        VaccineInventory.location_id == scope.location_id, VaccineInventory.lot == word.upper()
    )
    return Administration.inventory_id.in_(lots)


def _of_recipient(column: Any) -> Any:
    return (
        select(column)
        .select_from(Vaccination)
        .join(Recipient, Recipient.id == Vaccination.recipient_id)
        .where(Vaccination.id == Administration.vaccination_id)
        .scalar_subquery()
    )


def _of_lot(column: Any) -> Any:
    return (
        select(column).where(VaccineInventory.id == Administration.inventory_id).scalar_subquery()
    )


def _authorized_by() -> Any:
    """Who authorized a dose that a rule stopped; blank for all others."""
    name = (
        select(User.first_name + literal(" ") + User.last_name)
        .where(User.id == Administration.overridden_by_id)
        .scalar_subquery()
    )
    return func.coalesce(name, "")


VACCINATIONS = ListDefinition(
    name="vaccinations",
    title=_l("Vaccinations"),
    all_label=_l("All Vaccinations"),
    model=Administration,
    columns=(
        Column(
            key="recipient",
            label=_l("Recipient"),
            attribute=_of_recipient(Recipient.last_name + literal(", ") + Recipient.first_name),
            sortable=False,
        ),
        Column(
            key="when",
            label=_l("Date and Time"),
            attribute=Administration.given_at,
            kind="moment",
        ),
        Column(
            key="dose",
            label=_l("Dose"),
            attribute=Administration.dose_number,
            kind="number",
            sortable=False,
        ),
        Column(
            key="product",
            label=_l("Product"),
            attribute=_of_lot(VaccineInventory.product_name),
            sortable=False,
        ),
        Column(
            key="lot", label=_l("Lot #"), attribute=_of_lot(VaccineInventory.lot), sortable=False
        ),
        Column(key="by", label=_l("Given By"), attribute=Administration.given_by, sortable=False),
        Column(
            key="status",
            label=_l("Status"),
            attribute=STATUS,
            kind="status",
            labels=status_label,
            tone=status_tone,
            sortable=False,
        ),
        Column(
            key="authorized",
            label=_l("Authorized By"),
            attribute=_authorized_by(),
            sortable=False,
        ),
    ),
    default_sort="-when",
    endpoint="administration.index",
    record_endpoint="administration.record",
    capability="administration.view",
    scope_column=Administration.location_id,
    leads_to=Administration.vaccination_id,
    where=lambda _scope: (is_newest(),),
    views=(
        ListView(
            key="overridden",
            label=_l("Given Against a Rule"),
            where=lambda _scope: (
                Administration.override_of != "",
                Administration.state == RecordState.GIVEN,
            ),
        ),
        ListView(
            key="removed",
            label=_l("Removed"),
            where=lambda _scope: (Administration.state == RecordState.REMOVED,),
        ),
    ),
    private=True,
    count="capped",
    filters=(Filter(key="q", label=_l("Search Vaccinations"), where=_searched, private=True),),
    facts=(
        Column(
            key="born",
            label=_l("Date of Birth"),
            attribute=_of_recipient(Recipient.birth_date),
            kind="date",
            sortable=False,
        ),
        Column(
            key="expires",
            label=_l("Expiration Date"),
            attribute=_of_lot(VaccineInventory.expiration_date),
            kind="date",
            sortable=False,
        ),
        Column(
            key="manufacturer",
            label=_l("Manufacturer"),
            attribute=_of_lot(VaccineInventory.manufacturer),
            sortable=False,
        ),
    ),
    empty_title=_l("No vaccinations yet"),
    empty_text=_l("Check somebody in and choose Vaccinate; the dose is listed here then."),
)
