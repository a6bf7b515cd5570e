"""Somebody with an appointment and a walk-in at each location, checked in."""

from collections.abc import Iterator

from sqlalchemy import func, select

from blueprints.appointments.models import Appointment
from blueprints.checkin.models import Arrival
from blueprints.checkin.services import check_in
from blueprints.recipients.rules import Details
from blueprints.recipients.services import register
from portal.clock import today
from portal.db import session, unit_of_work
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


def find() -> Iterator[tuple[str, str]]:
    """Arrivals in every state, and an appointment of today."""
    arrivals = select(Arrival.state, func.max(Arrival.id)).where(Arrival.location_id == 1)
    for state, number in session().execute(arrivals.group_by(Arrival.state)):
        yield "/checkin/<id>", f"/checkin/{number}"
        if state == "waiting":
            yield "/checkin/<id>/leave", f"/checkin/{number}/leave"
    known = select(Arrival.appointment_id).where(Arrival.appointment_id.is_not(None))
    expected = session().scalar(
        select(func.min(Appointment.id)).where(
            Appointment.location_id == 1,
            Appointment.day == today("America/New_York"),
            Appointment.id.not_in(known),
        )
    )
    yield "/checkin/appointments/<id>", f"/checkin/appointments/{expected}"


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
            "/checkin/recipients/<id>": ("/checkin/recipients/1",),
        },
        find=find,
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
