"""An appointment, a canceled one and a held place at each location."""

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import func, select

from blueprints.appointments.models import Appointment, BookedTwice
from blueprints.appointments.rules import AppointmentChange, ToldWay
from blueprints.appointments.services import cancel, complete, hold
from blueprints.appointments.told import begin, claim_next
from blueprints.recipients.models import RecipientLocation
from blueprints.recipients.rules import Details
from blueprints.recipients.self_registering import register_self
from blueprints.recipients.services import register
from blueprints.scheduling.models import Slot
from portal.clock import now
from portal.db import session, unit_of_work
from tests.appointments.visits import LINKS, REGISTRATIONS
from tests.recipients.people import BORN
from tests.samples import Access, Canaries, Making, Own, Samples, Tour, Upgrade


def make(making: Making) -> None:
    """The sign is in the names and in the reason."""
    for place in making.places:
        scope, sign, letter = place.scope, place.sign, place.letter
        day = scope.today() + timedelta(days=4)
        with unit_of_work() as session:
            slots = list(
                session.scalars(
                    select(Slot.id)
                    .where(Slot.location_id == scope.location_id, Slot.day == day, Slot.open)
                    .order_by(Slot.starts_at)
                )
            )
            made = []
            for number, slot_id in enumerate(slots[:3]):
                person = register(
                    scope,
                    Details(
                        first_name=f"Booked{letter}{number} {sign}".strip(),
                        last_name=f"Comer {sign}".strip(),
                        birth_date=BORN,
                        email=f"booked{number}.{letter}{sign}@example.org".lower(),
                        contact_by="email",
                    ),
                )
                made.append(hold(recipient_id=person.id, slot_id=slot_id, actor=scope.user).id)
            for number in made[:2]:
                complete(appointment_id=number, actor=scope.user)
            cancel(appointment_id=made[1], reason=f"Ill {sign}".strip(), actor=scope.user)
            with_them = session.get_one(Appointment, made[0])
            told = begin(
                location_id=scope.location_id,
                change=AppointmentChange.CANCELED,
                reason=f"No power {sign}".strip(),
                told=[(session.get_one(Appointment, made[1]), ToldWay.NONE)],
                actor=scope.user,
                since=now(),
            )
            line = claim_next(scope, told.id)
            again = register(
                scope,
                Details(
                    first_name=f"Booked{letter}9 {sign}".strip(),
                    last_name=f"Comer {sign}".strip(),
                    birth_date=BORN,
                ),
            )
            second = hold(recipient_id=again.id, slot_id=slots[3], actor=scope.user)
            complete(appointment_id=second.id, actor=scope.user)
            twice = BookedTwice(newer_id=second.id, older_id=made[0])
            session.add(twice)
            session.flush()
            making.note("booked_twice", letter, twice.id)
            alone = register_self(
                Details(
                    first_name=f"Alone{letter} {sign}".strip(),
                    last_name=f"Comer {sign}".strip(),
                    birth_date=BORN,
                    email=f"alone.{letter}{sign}@example.org".lower(),
                    contact_by="email",
                ),
                people_a_day=9,
            ).recipient
        assert line is not None
        making.note("told_round", letter, told.id)
        making.note("told_line", letter, line.id)
        making.note("registration", letter, alone.id)
        making.note("slot", letter, with_them.slot_id)
        making.note("appointment", letter, made[0])
        making.note("held_appointment", letter, made[2])


def find() -> Iterator[tuple[str, str]]:
    """An appointment that was kept and one to come, and somebody who can book."""
    rows = select(Appointment.id).where(Appointment.location_id == 1).order_by(Appointment.id)
    kept = session().scalars(rows.where(Appointment.state == "closed")).first()
    coming = session().scalars(rows.where(Appointment.day > now().date())).first()
    booked = select(Appointment.recipient_id)
    free = session().scalar(
        select(func.max(RecipientLocation.recipient_id)).where(
            RecipientLocation.location_id == 1,
            RecipientLocation.dose_status == "registered",
            RecipientLocation.recipient_id.not_in(booked),
        )
    )
    slot = session().scalar(
        select(func.max(Slot.id)).where(Slot.location_id == 1, Slot.open, Slot.kind == "general")
    )
    yield "/appointments/<id>", f"/appointments/{kept}"
    yield "/appointments/<id>", f"/appointments/{coming}"
    yield "/appointments/<id>/confirmation", f"/appointments/{coming}/confirmation"
    yield "/appointments/<id>/change", f"/appointments/{coming}/change"
    yield "/appointments/<id>/change/locations", f"/appointments/{coming}/change/locations"
    yield "/appointments/schedule/<id>", f"/appointments/schedule/{free}"
    yield "/appointments/schedule/<id>/locations", f"/appointments/schedule/{free}/locations"
    yield "/appointments/schedule/<id>/at/<id>", f"/appointments/schedule/{free}/at/{slot}"


samples = Samples(
    make=make,
    access=Access(
        arguments={
            "appointment_id": Own("appointment"),
            "appointments.held:appointment_id": Own("held_appointment"),
            "appointments.complete:appointment_id": Own("held_appointment"),
            "round_id": Own("told_round"),
            "line_id": Own("told_line"),
            "twice_id": Own("booked_twice"),
            "slot_id": Own("slot"),
        },
        leading={
            "appointments.cancel": "/appointments/",
            "appointments.move_many": "/appointments/",
            "appointments.call": "/appointments/told/",
        },
        everywhere={
            "appointments.record": ("agent", "admin"),
            "appointments.confirmation": ("agent", "admin"),
            "appointments.cancel_later": ("agent",),
            "appointments.invite": ("agent",),
        },
        elsewhere=("/appointments/{appointment}",),
        public={"public_booking.begin": frozenset({200, 400, 422})},
        visits={"appointment": LINKS, "registration": REGISTRATIONS},
    ),
    canaries=Canaries(
        more=("/appointments/day-sheet", "/appointments/booked-twice"),
        offers=(r"/appointments/\d+/change", r"/appointments/schedule/\d+/(locations|at/)"),
        shown=("/appointments/", "/appointments/{appointment}"),
    ),
    tour=Tour(
        pages={
            "/appointments/calendar": (
                "/appointments/calendar",
                "/appointments/calendar?view=week",
            ),
        },
        find=find,
        # The recipient's own pages and held places are looked at in tests/browser by their walks.
        no_pages=(
            r"/a/<token>.*",
            r"/book/<token>.*",
            r"/appointments/held/<id>.*",
            r"/appointments/<id>/cancel-second-dose",
            r"/appointments/(schedule/)?<id>/overbook/<id>",
            r"/appointments/(told|calls|booked-twice)/<id>.*",
        ),
    ),
    upgrade=Upgrade(
        demanded={
            "appointment": {
                "state": "new",
                "held_until": None,
                "canceled_at": None,
                "canceled_through": None,
                "dose_number": 1,
            },
            "told_round": {"change": "canceled"},
            "told_line": {
                "way": "none",
                "outcome": "",
                "caller_id": None,
                "claimed_until": None,
            },
        }
    ),
)
