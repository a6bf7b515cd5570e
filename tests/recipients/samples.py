"""A recipient of each location, with a dose given elsewhere."""

from dataclasses import replace
from datetime import date

from blueprints.recipients.history import DoseElsewhere, record_elsewhere
from blueprints.recipients.merging import merge
from blueprints.recipients.rules import Details
from blueprints.recipients.services import register
from portal.db import unit_of_work
from tests.inventory import stock
from tests.samples import Access, Canaries, Making, Own, Samples, Tour, Upgrade

MERGE = "recipients.merge"
NAMES = {"first_name": "Maria", "last_name": "Double", "birth_date": date(1951, 2, 3)}


def make(making: Making) -> None:
    """Register one at each place, signed in every text."""
    product = stock.product_id()
    for place in making.places:
        letter, sign = place.letter, place.sign
        with unit_of_work():
            recipient = register(
                place.scope,
                Details(
                    first_name=f"Maria{letter} {sign}".strip(),
                    middle_name=f"Middle {sign}".strip(),
                    last_name=f"Exampleton {sign}".strip(),
                    birth_date=date(1950, 1, 1 + ord(letter) - ord("A")),
                    street=f"1 Sample Street {sign}".strip(),
                    city=f"City {sign}".strip(),
                    employer=f"Employer {sign}".strip(),
                    email=f"maria.{letter}{sign}@example.org".lower(),
                ),
            )
            dose = DoseElsewhere(
                product_id=product,
                dose_number=1,
                given_on=date(2021, 3, 1),
                where=f"Sample Pharmacy {sign}".strip(),
                lot_number=f"LOT{letter}{sign}"[:20],
            )
            given = record_elsewhere(place.scope, recipient.id, dose)
        with unit_of_work():
            doubled = register(place.scope, Details(**{**NAMES, "last_name": f"Double{sign}"}))
            agent = replace(place.scope, capabilities=frozenset({"recipients.view", MERGE}))
            merged = merge(agent, recipient.id, doubled.id, reason=f"Twice {sign}".strip())
        making.note("merge", letter, merged.id)
        making.note("recipient", letter, recipient.id)
        making.note("vaccination", letter, given.id)


samples = Samples(
    make=make,
    access=Access(
        arguments={
            "recipient_id": Own("recipient"),
            "vaccination_id": Own("vaccination"),
            "merge_id": Own("merge"),
        },
        everywhere={
            "recipients.record": ("agent", "admin"),
            "recipients.merge": ("agent", "admin"),
            "recipients.undo_merge": ("agent", "admin"),
        },
        elsewhere=("/recipients/{recipient}",),
    ),
    canaries=Canaries(
        searches=("Exampleton",),
        more=("/recipients/{recipient}?tab=related",),
        shown=("/recipients/?view=all", "/recipients/{recipient}"),
    ),
    tour=Tour(
        pages={
            "/recipients/": ("?view=all",),
            "/recipients/<id>": ("/recipients/1", "/recipients/1?tab=related"),
            "/recipients/<id>/merge": ("/recipients/1/merge",),
            "/recipients/merges/<id>/undo": ("/recipients/merges/1/undo",),
            "/recipients/<id>/edit": ("/recipients/1/edit",),
            "/recipients/<id>/doses/new": ("/recipients/1/doses/new",),
            "/recipients/<id>/doses/<id>/withdraw": ("/recipients/1/doses/1/withdraw",),
        },
    ),
    upgrade=Upgrade(
        # Rows of two different recipients: each table is filled with rows of one.
        not_filled=frozenset({"recipient_not_the_same", "recipient_merge", "recipient_merged_row"}),
        demanded={
            "recipient": {
                "birth_date": date(1950, 1, 31),
                "contact_by": "none",
                "language": "en",
                "dose_status": "registered",
                "merged_into_id": None,
            },
            "recipient_location": {"why": "registered", "dose_status": "registered"},
            "vaccination": {
                "dose_number": 1,
                "source": "elsewhere",
                "state": "given",
                "location_id": None,
            },
        },
    ),
)
