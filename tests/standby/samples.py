"""A list of who could come at each location, with a call that its manager has."""

from blueprints.inventory.models import VaccineInventory
from blueprints.recipients.rules import Details
from blueprints.recipients.services import register
from blueprints.standby.services import claim_next, list_for
from portal.db import unit_of_work
from tests.recipients.people import BORN
from tests.samples import Access, Canaries, Making, Own, Samples, Tour, Upgrade


def make(making: Making) -> None:
    """The sign is in the name of who could come."""
    for place in making.places:
        scope, sign, letter = place.scope, place.sign, place.letter
        with unit_of_work() as session:
            register(
                scope,
                Details(
                    first_name=f"Could{letter} {sign}".strip(),
                    last_name=f"Come {sign}".strip(),
                    birth_date=BORN,
                    mobile_phone="2525550143",
                    email=f"could.{letter.lower()}@example.org",
                    contact_by="email",
                ),
            )
            record = session.get_one(VaccineInventory, making.ids["inventory"][letter])
            found = list_for(scope, record.product_id)
            line = claim_next(scope, found.id)
            assert line is not None
        making.note("standby_list", letter, found.id)
        making.note("standby_line", letter, line.id)


samples = Samples(
    make=make,
    access=Access(
        arguments={
            "standby:list_id": Own("standby_list"),
            "standby:line_id": Own("standby_line"),
        },
        leading={"standby.call": "/standby/", "standby.make": "/"},
    ),
    canaries=Canaries(shown=("/standby/{standby_list}", "/standby/calls/{standby_line}")),
    tour=Tour(no_pages=(r"/standby/.*",)),
    upgrade=Upgrade(
        demanded={"standby_line": {"outcome": "", "caller_id": None, "claimed_until": None}}
    ),
)
