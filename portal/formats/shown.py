"""Dates, moments and numbers as people read them (SPEC B7)."""

from datetime import date, datetime

from portal.clock import local


def day(value: date | None) -> str:
    """A date as MM/DD/YYYY; empty for none."""
    return value.strftime("%m/%d/%Y") if value else ""


def moment_in(value: datetime | None, time_zone: str) -> str:
    """A moment as wall time in `time_zone`, which is named; empty for none."""
    return local(value, time_zone).strftime("%m/%d/%Y %I:%M %p %Z") if value else ""


def number(value: int | None) -> str:
    """A whole number with its thousands separated; empty for none."""
    return "" if value is None else f"{value:,}"
