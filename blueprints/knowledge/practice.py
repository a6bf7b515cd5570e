"""An article of the sample installation's own, and a shipped one that staff changed."""

from collections.abc import Iterator

from blueprints.knowledge import services
from blueprints.knowledge.queries import get_article
from portal.access.scope import Scope
from portal.diary import DiaryEvent, Past

MAY = "knowledge.edit"
OWN = """\
1. Call the supplier before noon. The number is on the packing list.
2. Ask for the driver's time.
3. Tell the colleague at the front desk who takes the box.
"""


def diary(past: Past) -> Iterator[DiaryEvent]:
    """One article of our own, and one that was changed."""
    place = past.places[0]
    added = past.at(past.workday(47, place), 10 * 60 + 5, place)
    yield DiaryEvent(added, _add, may=MAY)
    changed = past.at(past.workday(21, place), 15 * 60 + 30, place)
    yield DiaryEvent(changed, _change, may=MAY)


def _add(scope: Scope) -> None:
    services.add(
        scope,
        "en",
        title="Ask when a delivery comes",
        theme="inventory",
        audience="clinic",
        keywords="supplier, driver, late",
        text=OWN,
    )


def _change(scope: Scope) -> None:
    found = get_article(scope, "ask-for-help", "en")
    services.save(
        scope,
        found.slug,
        "en",
        title=found.title,
        theme=found.theme,
        audience=found.audience,
        keywords=found.keywords,
        text=f"{found.text}\n\nOn weekends, the answer comes on Monday.",
        seen=0,
    )
