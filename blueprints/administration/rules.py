"""What holds of giving a dose, over plain values. Stops and warnings are `portal.catalog.stops`,
which booking shares."""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from portal.errors import Invalid
from portal.i18n import _

LONGEST_REASON = 500
LONGEST_EVENT = 2_000
USUAL_OBSERVATION, LONG_OBSERVATION = 15, 30
# Answers after which people are observed for longer. Source: CDC, interim considerations for
# preparing for the potential management of anaphylaxis after COVID-19 vaccination.
OBSERVED_LONGER = frozenset({"severe_allergy", "other_allergy", "flu_allergy"})
# What is entered so long after it happened is entered as "now".
FROM_NOW = timedelta(minutes=1)
CLOCK = re.compile(r"(\d{1,2})[:.]?(\d{2})?\s*(?:([AaPp])\.?\s*[Mm]?\.?)?")
VOLUME = re.compile(r"0?\.\d{1,2}|[1-4](?:\.\d{1,2})?")


class RecordState(StrEnum):
    """What a version says: the dose was given, or its record was removed."""

    GIVEN = "given"
    REMOVED = "removed"


class Site(StrEnum):
    """Where on the body (HL7 table 0163)."""

    LEFT_ARM = "LD"
    RIGHT_ARM = "RD"
    LEFT_THIGH = "LT"
    RIGHT_THIGH = "RT"


class Route(StrEnum):
    """How (HL7 table 0162)."""

    MUSCLE = "IM"
    SKIN = "SC"


class Funding(StrEnum):
    """Who pays for the vaccine (HL7 table 0064)."""

    PRIVATE = "V01"
    MEDICAID = "V02"
    UNINSURED = "V03"
    NATIVE = "V04"
    UNDERINSURED = "V05"
    PUBLIC = "V07"


class ConsentBy(StrEnum):
    """Who agreed to the dose."""

    RECIPIENT = "recipient"
    PARENT = "parent"
    GUARDIAN = "guardian"
    OTHER = "other"


def minute_of(text: str, *, field: str = "given_time") -> int:
    """The minute of the day that a time of day names: "2:05 PM", "14:05". Raises `Invalid`."""
    found = CLOCK.fullmatch(text.strip())
    wrong = Invalid(_("Enter a time such as 2:05 PM."), field=field)
    if found is None:
        raise wrong
    hour, minute, half = int(found[1]), int(found[2] or 0), (found[3] or "").casefold()
    if minute > 59 or hour > (12 if half else 23) or (half and not hour):  # noqa: PLR2004
        raise wrong
    if not half and found[2] is None:
        raise wrong
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    return hour * 60 + minute


def moment_of(day: date, minute: int, zone: str, *, field: str = "given_time") -> datetime:
    """The moment in UTC of a time of day in a time zone; of an hour that comes twice the first.

    Raises `Invalid` for a time that the clocks skip.
    """
    wall = datetime.combine(day, time(minute // 60, minute % 60), ZoneInfo(zone))
    moment = wall.astimezone(UTC)
    if moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None) != wall.replace(tzinfo=None):
        raise Invalid(
            _("The clocks skipped this time on that day. Enter another time."), field=field
        )
    return moment


def local_day(moment: datetime, zone: str) -> date:
    """The day of a moment where the location is."""
    return moment.astimezone(ZoneInfo(zone)).date()


def ensure_happened(given_at: datetime, now: datetime, birth_date: date, zone: str) -> None:
    """Raise `Invalid` for a moment in the future, or before the person was born."""
    if given_at > now + FROM_NOW:
        raise Invalid(_("This is in the future. Enter when the dose was given."), field="given_on")
    if local_day(given_at, zone) < birth_date:
        raise Invalid(_("This is before the person was born."), field="given_on")


def ensure_after_dose(began_at: datetime, given_at: datetime, now: datetime) -> None:
    """Raise `Invalid` for an adverse event that began before the dose, or lies in the future."""
    if began_at > now + FROM_NOW:
        raise Invalid(_("This is in the future. Enter when it began."), field="began_on")
    # Times are entered to the minute.
    if began_at < given_at.replace(second=0, microsecond=0):
        raise Invalid(
            _("This is before the dose was given. Enter when it began."), field="began_on"
        )


def ensure_event_text(what: str) -> str:
    """What happened, without white space around it. Raises `Invalid` for nothing, or a lot."""
    what = what.strip()
    if not what:
        raise Invalid(_("Enter what happened."), field="what")
    if len(what) > LONGEST_EVENT:
        raise Invalid(
            _("Shorten this to %(number)s characters.", number=f"{LONGEST_EVENT:,}"), field="what"
        )
    return what


def clean_volume(text: str) -> str:
    """Millilitres as they are stored: "0.5". Raises `Invalid` for what nobody injects."""
    text = text.strip().removesuffix("mL").removesuffix("ml").strip()
    if not VOLUME.fullmatch(text) or not float(text):
        raise Invalid(_("Enter the volume in mL, for example 0.5."), field="volume_ml")
    return f"{float(text):g}"


def observe_minutes(answers: Iterable[tuple[str, str]]) -> int:
    """How long somebody with these answers (code and answer) is observed."""
    longer = any(code in OBSERVED_LONGER and answer != "no" for code, answer in answers)
    return LONG_OBSERVATION if longer else USUAL_OBSERVATION


def ensure_reason(reason: str, *, field: str) -> str:
    """The reason without white space around it. Raises `Invalid` for none, or a long one."""
    reason = reason.strip()
    if not reason:
        raise Invalid(_("Enter the reason. It stays on the record."), field=field)
    if len(reason) > LONGEST_REASON:
        raise Invalid(
            _("Shorten the reason to %(number)s characters.", number=LONGEST_REASON), field=field
        )
    return reason


def may_correct(*, handles_all: bool, own: bool, recorded_on: date, today: date) -> bool:
    """Whether somebody may correct a record: managers any, others their own of the same day."""
    return handles_all or (own and recorded_on == today)


def sheet_day_fits(sheet_on: date, given_on: date, birth_date: date) -> bool:
    """Whether a fact sheet can have been given on that day: before the dose, or on its day."""
    return birth_date <= sheet_on <= given_on
