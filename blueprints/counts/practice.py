"""Two counts for practice mode, at the first location: one finished, one under way."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial

from blueprints.counts import services
from blueprints.counts.queries import get_count, list_lines
from blueprints.counts.rules import mark_of
from blueprints.counts.starting import start
from blueprints.inventory.storage import list_storage_units
from portal.access.scope import Scope
from portal.clock import now
from portal.diary import DiaryEvent, Past

MAY = "counts.handle"
# After the last clinic of a day, two weeks ago; and a few minutes ago.
COUNTED, AFTER_CLINIC, AGO = 13, 16 * 60, 4
TAKES = timedelta(minutes=35)


def diary(past: Past) -> Iterator[DiaryEvent]:
    """Count one storage unit, and begin with another one."""
    place = past.places[0]
    counted = past.at(past.workday(COUNTED, place), AFTER_CLINIC, place)
    yield DiaryEvent(counted, partial(_start, 0), may=MAY, place=place.id)
    yield DiaryEvent(past.ago(AGO, place), partial(_start, 1), may=MAY, place=place.id)


def _start(number: int, scope: Scope) -> Iterator[DiaryEvent]:
    units = sorted(list_storage_units(scope), reverse=True)
    if number < len(units):
        count = start(scope, units[number])
        if number == 0:
            finish = partial(_finish, count.row.id)
            yield DiaryEvent(now() + TAKES, finish, may=MAY, place=scope.location_id)


def _finish(count_id: int, scope: Scope) -> None:
    """Everything is there but for one dose of the first record, which was broken."""
    count = get_count(scope, count_id)
    lines = []
    for line in list_lines(count):
        first = line.number == 1
        was = line.entered
        typed = replace(was, counted=was.expected - first, reason="broken" if first else "")
        lines.append(services.SentCount(line.number, was, typed))
    mark = mark_of(count.row.note)
    count = services.save(scope, count_id, lines, note="", note_mark=mark)
    services.finish(scope, count_id, seen=count.row.version)
