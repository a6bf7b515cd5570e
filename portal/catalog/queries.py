"""Reading the catalogue."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import bindparam, func, select

from portal.access.scope import Scope
from portal.catalog import ndc
from portal.catalog.gs1 import ndc_of
from portal.catalog.models import Product, ProductFacts, ProductPackage
from portal.db import session
from portal.formats.codes import ndc_candidates
from portal.formats.numbers import record_number
from portal.lookups.search import Choice
from portal.remembering import remembered, remembered_each
from portal.searching.text import words

SHOWN = 20
# Made once: every step of a wizard asks for them.
_THESE: Any = bindparam("product_ids", expanding=True)
PRODUCTS = select(Product).where(Product.id.in_(_THESE))
FACTS = (
    select(ProductFacts)
    .where(ProductFacts.product_id.in_(_THESE))
    .order_by(ProductFacts.valid_from, ProductFacts.id)
)
PER_VIAL = (
    select(
        ProductFacts.product_id,
        ProductFacts.doses_per_vial,
        ProductFacts.valid_from,
        ProductFacts.valid_to,
    )
    .where(ProductFacts.product_id.in_(_THESE))
    .order_by(ProductFacts.valid_from, ProductFacts.id)
)


@dataclass(frozen=True)
class ProductName:
    """A product as other tables copy it."""

    id: int
    name: str
    manufacturer: str
    orderable: bool


def products_by_ndc() -> dict[str, ProductName]:
    """Every known NDC (11 digits, 5-4-2) and its product."""
    rows = session().execute(
        select(
            ProductPackage.ndc, Product.id, Product.name, Product.manufacturer, Product.orderable
        ).join(Product)
    )
    return {
        ndc: ProductName(number, name, manufacturer, orderable)
        for ndc, number, name, manufacturer, orderable in rows
    }


def find_product(product_id: int) -> Product | None:
    """The product, or None."""
    return session().get(Product, product_id)


def products_of_gtin(gtin: str) -> list[Product]:
    """The orderable products whose NDC the GTIN (14 digits) can hold: one, hardly ever more, or
    none."""
    digits = ndc_of(gtin)
    if digits is None or not digits.strip("0"):
        return []
    return products_of_ndc(ndc_candidates(digits))


def products_of_ndc(codes: Collection[str]) -> list[Product]:
    """The orderable products with one of these NDCs (11 digits, 5-4-2): one, hardly ever more, or
    none."""
    if not codes:
        return []
    known = Product.packages.any(ProductPackage.ndc.in_(codes))
    return list(session().scalars(select(Product).where(Product.orderable, known)))


def facts_on(product_id: int, day: date) -> ProductFacts | None:
    """What held of the product on `day`; before its first or after its last period, the nearest."""
    return holding_on(facts_of(frozenset((product_id,))).get(product_id, ()), day)


@remembered_each("product_facts")
def facts_of(product_ids: frozenset[int]) -> dict[int, list[ProductFacts]]:
    """All that is known of these products, by time. One statement."""
    found: dict[int, list[ProductFacts]] = {}
    for facts in session().scalars(FACTS, {"product_ids": list(product_ids)}):
        found.setdefault(facts.product_id, []).append(facts)
    return found


def holding_on(versions: Sequence[ProductFacts], day: date) -> ProductFacts | None:
    """Of what is known of a product, by time, what held on `day`, or the nearest."""
    for facts in versions:
        if (facts.valid_from or date.min) <= day <= (facts.valid_to or date.max):
            return facts
    later = [facts for facts in versions if (facts.valid_from or date.min) > day]
    return later[0] if later else (versions[-1] if versions else None)


@remembered_each("product")
def products_of_ids(product_ids: frozenset[int]) -> dict[int, Product]:
    """Products by their ids. One statement."""
    rows = session().scalars(PRODUCTS, {"product_ids": list(product_ids)})
    return {product.id: product for product in rows}


@remembered("product_facts")
def first_day_of(product_id: int) -> date | None:
    """The first day on which the product was in use, as far as is known."""
    return session().scalar(
        select(func.min(ProductFacts.valid_from)).where(ProductFacts.product_id == product_id)
    )


def doses_per_vial(product_ids: Collection[int], day: date) -> dict[int, int]:
    """How many doses a vial of each product has by its label on `day`, or on the nearest day for
    which that is known; products of which it is not known are left out. One statement."""
    found: dict[int, tuple[int, int]] = {}
    rows = session().execute(PER_VIAL, {"product_ids": list(product_ids)})
    for product_id, doses, first, last in rows:
        if doses is None:
            continue
        apart = _days_apart(first, last, day)
        if product_id not in found or apart < found[product_id][0]:
            found[product_id] = (apart, doses)
    return {product_id: doses for product_id, (_apart, doses) in found.items()}


def doses_in_vial(product_id: int, day: date) -> int | None:
    """As `doses_per_vial`, of one product of which more is asked in this unit of work."""
    nearest = min(
        (
            facts
            for facts in facts_of(frozenset((product_id,))).get(product_id, ())
            if facts.doses_per_vial is not None
        ),
        key=lambda facts: _days_apart(facts.valid_from, facts.valid_to, day),
        default=None,
    )
    return nearest.doses_per_vial if nearest else None


def _days_apart(first: date | None, last: date | None, day: date) -> int:
    """How many days a period is away from `day`; 0 within it."""
    before, after = (first or date.min) - day, day - (last or date.max)
    return max(before.days, after.days, 0)


def look_up_products(_scope: Scope, text: str) -> list[Choice]:
    """Up to 20 orderable products whose name, maker, CVX or NDC holds every word of `text`; those
    with the NDC that it is, however that is written."""
    if found := products_of_ndc(ndc.read(text)):
        return [product_choice(product) for product in found]
    query = select(Product).where(Product.orderable).order_by(Product.name).limit(SHOWN)
    for word in words(text):
        query = query.where(Product.search.contains(word, autoescape=True))
    return [product_choice(product) for product in session().scalars(query)]


def find_product_choice(_scope: Scope, identity: int | str) -> Choice | None:
    """The product with this id as a choice, if it can be ordered."""
    number = record_number(str(identity))
    product = find_product(number) if number is not None else None
    return product_choice(product) if product is not None and product.orderable else None


def product_choice(product: Product) -> Choice:
    """How a look-up shows a product."""
    return Choice(
        id=product.id,
        label=product.name,
        detail=f"{product.manufacturer} · CVX {product.cvx}",
    )
