"""Somebody at the chair, and doses, made through the services; what the database holds."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select

from blueprints.administration import checks
from blueprints.administration.judging import questions_of
from blueprints.administration.models import Administration
from blueprints.administration.services import Giving, Injection, Overriding, give
from blueprints.appointments import checks as appointment_checks
from blueprints.checkin.models import Arrival
from blueprints.checkin.services import check_in
from blueprints.inventory.models import VaccineInventory
from blueprints.recipients.models import Recipient, Vaccination
from portal.access.scope import Scope
from portal.catalog.models import Product, ProductFacts
from portal.catalog.screening import ScreeningAnswer
from portal.clock import now
from portal.db import unit_of_work
from tests.inventory import stock

MODERNA, PFIZER, GRAY, JANSSEN = "MOD-RED-10", "PFR-PURPLE-2021-01", "PFR-GRAY", "JSN-5"
IDENTIFIERS = ("name", "birth_date")


def product(key: str = MODERNA) -> int:
    """The id of a product, by the key of its facts."""
    with unit_of_work(write=False) as session:
        return session.scalars(select(ProductFacts.product_id).where(ProductFacts.key == key)).one()


def lot(scope: Scope, lot_number: str = "L1", doses: int = 10, **more: Any) -> int:
    """A record with doses that arrived a month ago; its id."""
    key = more.pop("key", MODERNA)
    values = {
        "product_id": product(key),
        "lot": lot_number,
        "name": f"{key} – {lot_number}",
        "doses": doses,
        "received_on": stock.day(90),
        "confirmed": True,
        **more,
    }
    return stock.add(scope, **values)


def arrived(scope: Scope, recipient_id: int, appointment_id: int | None = None) -> int:
    """A check-in; its id."""
    with unit_of_work():
        return check_in(
            scope,
            recipient_id=recipient_id,
            appointment_id=appointment_id,
            identified_by=IDENTIFIERS,
        ).id


def answers(recipient_id: int, record: int, day: date, **said: str) -> tuple[ScreeningAnswer, ...]:
    """No to every question but for what was said."""
    with unit_of_work(write=False) as session:
        found = session.get_one(VaccineInventory, record)
        asked = questions_of(
            [session.get_one(Product, found.product_id)],
            session.get_one(Recipient, recipient_id),
            day,
        )
        return tuple(
            ScreeningAnswer(
                code=one.code,
                edition=one.edition,
                text=one.words["en"],
                answer=said.get(one.code, "no"),
            )
            for one in asked
        )


def injection(scope: Scope, **changes: Any) -> Injection:
    """A dose 1 in the left arm, now, by whoever records it."""
    values: dict[str, Any] = {
        "dose_number": 1,
        "site": "LD",
        "route": "IM",
        "volume_ml": "0.5",
        "funding": "V01",
        "given_by_id": scope.user.id,
    }
    return Injection(**{**values, **changes})


def giving(
    scope: Scope,
    arrival_id: int,
    record: int,
    *,
    answered: Sequence[ScreeningAnswer] | None = None,
    override: str = "",
    seen: tuple[str, ...] = (),
    **changes: Any,
) -> Giving:
    """What the wizard would save."""
    given_at = changes.get("given_at")
    day = scope.today() if given_at is None else given_at.astimezone(_zone(scope)).date()
    recipient_id = recipient_of(arrival_id)
    return Giving(
        arrival_id=arrival_id,
        inventory_id=record,
        injection=injection(scope, **changes),
        identified_by=IDENTIFIERS,
        answers=answers(recipient_id, record, day) if answered is None else answered,
        fact_sheet="COVID-19 Vaccine VIS, 01/31/2025",
        fact_sheet_on=day,
        fact_sheet_language="en",
        overriding=Overriding(reason=override, seen=seen),
    )


def _zone(scope: Scope) -> Any:
    from zoneinfo import ZoneInfo

    return ZoneInfo(scope.place.time_zone)


def gave(scope: Scope, arrival_id: int, record: int, **more: Any) -> int:
    """Give a dose in a unit of its own; the vaccination's id."""
    wanted = giving(scope, arrival_id, record, **more)
    with unit_of_work():
        return give(scope, wanted).id


def ago(days: int, minutes: int = 0) -> datetime:
    """A moment so long ago."""
    return now() - timedelta(days=days, minutes=minutes)


def recipient_of(arrival_id: int) -> int:
    """Whose check-in it is."""
    with unit_of_work(write=False) as session:
        return session.get_one(Arrival, arrival_id).recipient_id


def state_of(arrival_id: int) -> str:
    """Where the arrival is."""
    with unit_of_work(write=False) as session:
        return session.get_one(Arrival, arrival_id).state


def dose(vaccination_id: int) -> Vaccination:
    """The fact about the person as the database has it."""
    with unit_of_work(write=False) as session:
        found = session.get_one(Vaccination, vaccination_id)
        session.expunge(found)
        return found


def versions(vaccination_id: int) -> list[Administration]:
    """The versions of a dose, first to last."""
    with unit_of_work(write=False) as session:
        found = list(
            session.scalars(
                select(Administration)
                .where(Administration.vaccination_id == vaccination_id)
                .order_by(Administration.version)
            )
        )
        session.expunge_all()
        return found


def left(record: int) -> tuple[int, int]:
    """Doses available and administered of a record."""
    counted = stock.counters(record)
    return counted["doses_available"], counted["doses_administered"]


def wrong() -> list[str]:
    """What `portal check` would find."""
    with unit_of_work(write=False):
        found = [*checks.doses(), *checks.facts(), *appointment_checks.places()]
        found += appointment_checks.statuses()
    return [*found, *stock.wrong()]
