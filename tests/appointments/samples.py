"""An appointment at each location."""

from tests.appointments import booking
from tests.appointments.visits import LINKS
from tests.samples import Access, Making, Own, Samples


def make(making: Making) -> None:
    """Somebody at each place with an appointment in three days."""
    for place in making.places:
        letter, sign = place.letter, place.sign
        booking.offered(place.scope, public=True)
        person = booking.person(place.scope, f"Rosa{letter}{sign}", f"Bookington {sign}".strip())
        slot = booking.slot_at(place.scope.location_id, 3)
        making.note("appointment", letter, booking.booked(place.scope, person, slot))


samples = Samples(
    make=make,
    access=Access(arguments={"appointment_id": Own("appointment")}, visits={"appointment": LINKS}),
)
