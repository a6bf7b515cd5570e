"""One cooler at each location, for tests of access."""

from datetime import date

from clinic_coolers.services import lend

from portal.db import unit_of_work
from tests.samples import Access, Canaries, Making, Own, Samples


def make(making: Making) -> None:
    """A cooler at each place, signed."""
    for place in making.places:
        with unit_of_work():
            assert place.scope.location is not None
            cooler = lend(
                place.scope.location.id,
                label=f"Cooler {place.letter} {place.sign}",
                borrower="ann@example.org",
                pager="",
                due_on=date(2027, 1, 4),
            )
            making.note("cooler", place.letter, cooler.id)


samples = Samples(
    make=make,
    access=Access(arguments={"cooler_id": Own("cooler")}, elsewhere=("/coolers/{cooler}",)),
    canaries=Canaries(shown=("/coolers/?view=all", "/coolers/{cooler}")),
)
