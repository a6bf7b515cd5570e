"""Somebody with an appointment and a walk-in at each location, checked in."""

from blueprints.checkin.services import check_in
from blueprints.recipients.rules import Details
from blueprints.recipients.services import register
from portal.db import unit_of_work
from tests.checkin.arriving import KNOWN, booked_today
from tests.recipients.people import BORN
from tests.samples import Access, Canaries, Making, Own, Samples, Tour, Upgrade


def make(making: Making) -> None:
    """The sign is in the names."""
    for place in making.places:
        scope, sign, letter = place.scope, place.sign, place.letter
        with unit_of_work():
            expected, come = (
                register(
                    scope,
                    Details(
                        first_name=f"{name}{letter} {sign}".strip(),
                        last_name=f"Visitor {sign}".strip(),
                        birth_date=BORN,
                    ),
                ).id
                for name in ("Expected", "Come")
            )
        making.note("expected", letter, booked_today(scope, expected))
        booked_today(scope, come)
        with unit_of_work():
            arrival = check_in(scope, recipient_id=come, identified_by=KNOWN)
            making.note("arrival", letter, arrival.id)


samples = Samples(
    make=make,
    access=Access(
        arguments={"arrival_id": Own("arrival"), "checkin:appointment_id": Own("expected")},
        elsewhere=("/checkin/{arrival}",),
    ),
    canaries=Canaries(
        more=("/checkin/appointments/{expected}",),
        shown=("/checkin/", "/checkin/{arrival}", "/checkin/appointments/{expected}"),
    ),
    tour=Tour(
        pages={
            "/checkin/<id>": ("/checkin/1", "/checkin/3"),
            "/checkin/<id>/leave": ("/checkin/2/leave",),
            "/checkin/appointments/<id>": ("/checkin/appointments/1",),
            "/checkin/recipients/<id>": ("/checkin/recipients/2",),
        },
        no_pages=(r"/checkin/now",),
    ),
    upgrade=Upgrade(
        demanded={
            "arrival": {
                "state": "waiting",
                "done_at": None,
                "vaccinated_at": None,
            }
        }
    ),
)
