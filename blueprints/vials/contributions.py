"""What this module shows on other modules' pages."""

from datetime import date
from typing import Any, Protocol

from blueprints.vials.queries import OpenedVial, open_vials, used_up_today
from blueprints.vials.settings import VialSettings
from portal.access.scope import Scope
from portal.module import current, load
from portal.settings import of_module


class DayOfClinic(Protocol):
    """What is known of a day at the present location."""

    @property
    def day(self) -> date: ...


def card(scope: Scope, _subject: object) -> dict[str, Any] | None:
    """The open vials with what is left in them and until when; nothing if there are none."""
    if scope.location is None:
        return None
    vials = open_vials(scope)
    adjusts = scope.can("inventory.adjust")
    used_up = used_up_today(scope) if adjusts else []
    if not vials and not used_up:
        return None
    closing = _closing(scope)
    soon = [one for one in vials if is_soon(one, closing)]
    return {
        "vials": [(one, one in soon) for one in vials],
        "used_up": used_up,
        "soon": soon,
        "lost": sum(one.doses_left for one in soon if one.vial.doses is not None),
        "sees": scope.can("inventory.view"),
        "wastes": scope.can("wastage.record"),
        "adjusts": adjusts,
        "handles": scope.can("vials.handle"),
        "place": scope.location,
    }


def of_today(scope: Scope, found: DayOfClinic) -> dict[str, Any] | None:
    """The open vials on the page of the present day."""
    return at_day_end(scope, found.day)


def at_day_end(scope: Scope, day: date) -> dict[str, Any] | None:
    """The open vials, with what is to be wasted of them; of the present day alone."""
    if scope.location is None or day != scope.today():
        return None
    return {"vials": open_vials(scope), "wastes": scope.can("wastage.record")}


def _closing(scope: Scope) -> int | None:
    """For how many minutes more people come today, as far as another module knows."""
    said = [
        load(fill.function)(scope)
        for fill in current().fills("vials.closing")
        if scope.can(fill.capability)
    ]
    return min((one for one in said if one is not None), default=None)


def is_soon(one: OpenedVial, closing: int | None = None) -> bool:
    """Whether a vial may still be used, but not for long: its time is nearly over, or the location
    closes in `closing` minutes."""
    warned = of_module(VialSettings).warn_minutes
    if one.over:
        return False
    if closing is not None and 0 < closing <= warned:
        return True
    return one.minutes_left is not None and one.minutes_left <= warned
