"""An open count at each location."""

from dataclasses import replace

from blueprints.counts.queries import list_lines
from blueprints.counts.rules import mark_of
from blueprints.counts.services import SentCount, save
from blueprints.counts.starting import start
from portal.db import unit_of_work
from tests.samples import Access, Canaries, Making, Own, Samples, Tour, Upgrade


def make(making: Making) -> None:
    """All is there, as expected; the counts could be finished."""
    for place in making.places:
        with unit_of_work():
            count = start(place.scope)
            lines = [
                SentCount(line.number, line.entered, replace(line.entered, counted=line.available))
                for line in list_lines(count)
            ]
            save(place.scope, count.row.id, lines, note=place.sign, note_mark=mark_of(""))
        making.note("count", place.letter, count.row.id)


samples = Samples(
    make=make,
    access=Access(arguments={"count_id": Own("count")}),
    canaries=Canaries(shown=("/counts/{count}",)),
    tour=Tour(
        pages={
            "/counts/<id>": ("/counts/1", "/counts/2", "/counts/2?check=1"),
            "/counts/<id>/sheet": ("/counts/2/sheet", "/counts/2/sheet?blind=1"),
            "/counts/<id>/enter": ("/counts/2/enter",),
            "/counts/<id>/finish": ("/counts/2/finish",),
            "/counts/<id>/cancel": ("/counts/2/cancel",),
        }
    ),
    upgrade=Upgrade(demanded={"stock_count": {"state": "finished"}}),
)
