"""What speaks against a dose: the rules' judgement over what the database knows (SPEC G10)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from blueprints.appointments.next_dose import NextDose, NotDue, next_dose
from blueprints.inventory.models import VaccineInventory
from blueprints.recipients.models import Recipient, Vaccination
from blueprints.recipients.queries import doses_of
from portal.catalog.models import Product
from portal.catalog.queries import facts_of, holding_on, products_of_ids
from portal.catalog.screening import ScreeningQuestion, questions_for
from portal.catalog.stops import (
    GivenDose,
    LotState,
    Objection,
    PlannedDose,
    Vaccine,
    judge,
    next_number,
)


def vaccine_of(product: Product) -> Vaccine:
    """A product as the rules see it."""
    return Vaccine(
        name=product.name,
        cvx=product.cvx,
        group=product.vaccine_group or product.cvx,
        interchangeable_with=product.interchangeable_with,
    )


def history_of(doses: Iterable[Vaccination], *, but: int | None = None) -> list[GivenDose]:
    """Doses of one person as the rules see them; not the one with the id `but`."""
    counted = [dose for dose in doses if dose.id != but]
    ids = frozenset(dose.product_id for dose in counted)
    if not ids:
        return []
    products, facts = products_of_ids(ids), facts_of(ids)
    return [
        GivenDose(
            vaccine=vaccine_of(products[dose.product_id]),
            number=dose.dose_number,
            day=dose.given_on,
            facts=holding_on(facts.get(dose.product_id, ()), dose.given_on),
        )
        for dose in counted
    ]


def given_to(recipient: Recipient) -> list[Vaccination]:
    """The doses of a person, by day."""
    return doses_of([recipient.id]).get(recipient.id, [])


def number_due(recipient: Recipient, product: Product) -> int:
    """The number of the next dose of this product's kind."""
    return next_number(history_of(given_to(recipient)), vaccine_of(product).group)


def questions_of(
    products: Sequence[Product], recipient: Recipient, day: date
) -> tuple[ScreeningQuestion, ...]:
    """What the person is asked before a dose of one of these products."""
    seen = [(one.cvx, one.group) for one in map(vaccine_of, products)]
    return questions_for(seen, recipient.birth_date, day)


def judged(
    recipient: Recipient,
    product: Product,
    *,
    number: int,
    day: date,
    answers: Mapping[str, str] | None,
    lot: VaccineInventory | None,
    but: int | None = None,
) -> tuple[Objection, ...]:
    """All that speaks against giving the person this dose on `day`; `but` is the id of the dose
    itself where it is corrected, `answers` is None where they were judged before."""
    planned = PlannedDose(
        vaccine=vaccine_of(product),
        number=number,
        day=day,
        facts=holding_on(facts_of(frozenset((product.id,))).get(product.id, ()), day),
        birth_date=recipient.birth_date,
        questions=questions_of([product], recipient, day),
        answers=answers,
        lot=LotState(name=lot.lot, expiration_date=lot.expiration_date, quarantined=lot.quarantined)
        if lot is not None
        else None,
    )
    return judge(planned, history_of(given_to(recipient), but=but))


def due_after(recipient: Recipient) -> NextDose | None:
    """The dose that follows those that were given; None if there is none."""
    try:
        due = next_dose(recipient)
    except NotDue:
        return None
    return due if due.window is not None else None
