"""Whether date and doses of a delivery can be what was meant: it is asked, never refused."""

from datetime import date, timedelta

from blueprints.shipments.models import Shipment
from portal.catalog.models import ProductFacts
from portal.catalog.queries import facts_on, first_day_of
from portal.formats.codes import MOST_DOSES
from portal.i18n import _, ngettext

# Doses are entered within days. So long ago it is more likely a year that was mistyped, which is
# always nearly a year off; and a lot that came half a year ago has been used up, or expired.
LONG_AGO = timedelta(days=183)


def doubts(
    product_id: int, doses: int, received_on: date, today: date, shipment: Shipment | None
) -> list[str]:
    """What is unlikely about a delivery of a product, in sentences."""
    return [
        *_about_date(product_id, received_on, today),
        *_about_vials(product_id, doses, received_on, shipment),
    ]


def _about_date(product_id: int, received_on: date, today: date) -> list[str]:
    first = first_day_of(product_id)
    if first is not None and received_on < first:
        return [
            _(
                "The date received is %(day)s, but this product has been in use only since "
                "%(first)s. Check the date.",
                day=f"{received_on:%m/%d/%Y}",
                first=f"{first:%m/%d/%Y}",
            )
        ]
    if today - received_on > LONG_AGO:
        return [
            _(
                "The date received, %(day)s, is more than six months ago. Check the year.",
                day=f"{received_on:%m/%d/%Y}",
            )
        ]
    return []


def _about_vials(
    product_id: int, doses: int, received_on: date, shipment: Shipment | None
) -> list[str]:
    """Vials arrive whole. What the supplier announced is asked about in the supplier's file."""
    if shipment is not None and doses in (shipment.doses_shipped, shipment.doses_expected):
        return []
    facts = facts_on(product_id, received_on)
    sizes = _doses_of_a_vial(facts) if facts else ()
    if not sizes or not 0 < doses <= MOST_DOSES or any(doses % size == 0 for size in sizes):
        return []
    return [
        ngettext(
            "%(doses)s dose is not a whole number of vials: a vial of this product has %(size)s "
            "doses. Check the number.",
            "%(doses)s doses are not a whole number of vials: a vial of this product has %(size)s "
            "doses. Check the number.",
            doses,
            doses=f"{doses:,}",
            size=f"{facts.doses_per_vial}" if facts else "",
        )
    ]


def _doses_of_a_vial(facts: ProductFacts) -> tuple[int, ...]:
    """How many doses a full vial may have by its label: one number, unless the label itself only
    gives a range around it."""
    label = facts.doses_per_vial
    if not label:
        return ()
    least, most = facts.doses_per_vial_least or label, facts.doses_per_vial_most or label
    return tuple(range(least, most + 1)) if least < label < most else (label,)
