"""An open vial at each location, and one whose dose was put back."""

from collections.abc import Iterator

from sqlalchemy import func, select

from blueprints.vials.models import OpenVial
from portal.clock import now
from portal.db import session
from tests.inventory import stock
from tests.samples import Access, Canaries, Making, Own, Samples, Tour, Upgrade
from tests.vials.vials import give, put_back


def make(making: Making) -> None:
    """The sign is in the names of their records."""
    for place in making.places:
        letter, sign = place.letter, place.sign
        kept = []
        for name in ("Opened", "Unopened"):
            record = stock.add(
                place.scope, name=f"{name} {letter} {sign}".strip(), lot=f"{name}{letter}", doses=10
            )
            kept.append((record, give(place.scope, record, minutes=20)))
        making.note("vial", letter, kept[0][1])
        put_back(kept[1][0], now())
        making.note("unopened_vial", letter, kept[1][1])


def find() -> Iterator[tuple[str, str]]:
    """A vial that was opened last."""
    opened = select(func.max(OpenVial.id)).where(OpenVial.location_id == 1)
    yield "/open-vials/<id>/waste", f"/open-vials/{session().scalar(opened)}/waste"


samples = Samples(
    make=make,
    access=Access(
        arguments={"vial_id": Own("vial"), "vials.not_opened:vial_id": Own("unopened_vial")},
    ),
    canaries=Canaries(more=("/",), shown=("/",)),
    tour=Tour(find=find),
    upgrade=Upgrade(
        demanded={
            "open_vial": {
                "state": "open",
                "doses": 10,
                "taken": 1,
                "document_id": None,
                "beyond_use_at": None,
            }
        }
    ),
)
