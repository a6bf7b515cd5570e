"""Lending a cooler, and getting it back."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from clinic_coolers.models import Cooler
from clinic_coolers.settings import CoolerSettings
from sqlalchemy import select

from portal import messages
from portal.access.scope import Scope
from portal.db import session
from portal.errors import NotFound
from portal.messages import Attachment
from portal.settings import of_module


def lend(location_id: int, *, label: str, borrower: str, pager: str, due_on: date) -> Cooler:
    """Note a cooler as lent, tell its borrower, and plan the reminders."""
    cooler = Cooler(
        location_id=location_id, label=label, borrower=borrower, pager=pager, due_on=due_on
    )
    session().add(cooler)
    session().flush()
    about, context = f"cooler:{cooler.id}", {"label": label, "due_on": due_on}
    messages.queue(
        "cooler_lent",
        borrower,
        context=context,
        about=about,
        attachments=(
            Attachment("return.ics", "text/calendar; method=PUBLISH", calendar(cooler)),
            Attachment("label.pdf", "application/pdf", b"%PDF-1.7\n\x00\xff"),
        ),
    )
    remind = timedelta(days=of_module(CoolerSettings).remind_days)
    first = datetime.combine(due_on, time(12), UTC) - remind
    messages.queue("cooler_due", borrower, context=context, about=about, not_before=first)
    if pager:
        messages.queue(
            "cooler_due", pager, channel="pager", context=context, about=about, not_before=first
        )
    return cooler


def calendar(cooler: Cooler) -> bytes:
    """The day of return as a calendar file."""
    lines = ("BEGIN:VCALENDAR", f"X-COOLER:{cooler.label}", "END:VCALENDAR", "")
    return "\r\n".join(lines).encode()


def get_cooler(scope: Scope, number: int) -> Cooler:
    """One cooler of the present location. Raises `NotFound`."""
    found = session().get(Cooler, number)
    if found is None:
        raise NotFound
    scope.require_location(found.location_id)
    return found


def take_back(cooler: Cooler) -> None:
    """The cooler is back; reminders find out by themselves."""
    cooler.state = "back"


def write_off(cooler: Cooler) -> None:
    """The cooler is lost: nobody is reminded of it any more."""
    cooler.state = "lost"
    messages.cancel_about(f"cooler:{cooler.id}", reason="Lost", kinds=["cooler_due"])


def still_out(about: str | None, _context: Mapping[str, Any]) -> bool:
    """Whether the cooler that a reminder is about is still lent."""
    number = int((about or "").rpartition(":")[2])
    return session().scalar(select(Cooler.state).where(Cooler.id == number)) == "out"
