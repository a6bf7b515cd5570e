"""Decisions about refusals, over plain values."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from portal.i18n import _

# An hour is worth a notice with so many refusals, if that is also so many times the usual.
MANY = 50
TIMES_THE_USUAL = 5
LOOK_BACK = timedelta(days=14)
NOTICED_FOR = timedelta(days=3)
HOUR = timedelta(hours=1)


class RefusalKind(StrEnum):
    """Why the portal refused."""

    NOT_ALLOWED = "not_allowed"
    ELSEWHERE = "elsewhere"
    NOT_FOUND = "not_found"
    FORM_TOKEN = "form_token"  # noqa: S105
    DEAD_LINK = "dead_link"
    WRONG_PASSWORD = "wrong_password"  # noqa: S105
    WRONG_NUMBER = "wrong_number"
    TOO_MANY = "too_many"

    @property
    def label(self) -> str:
        """The words for it on pages."""
        return {
            RefusalKind.NOT_ALLOWED: _("Profile does not allow it"),
            RefusalKind.ELSEWHERE: _("Record of another location"),
            RefusalKind.NOT_FOUND: _("No such record"),
            RefusalKind.FORM_TOKEN: _("Form without a valid token"),
            RefusalKind.DEAD_LINK: _("Link wrong or expired"),
            RefusalKind.WRONG_PASSWORD: _("Wrong password or code"),
            RefusalKind.WRONG_NUMBER: _("Number and date of birth do not match"),
            RefusalKind.TOO_MANY: _("Too many attempts"),
        }[self]


def hour_of(moment: datetime) -> datetime:
    """When the hour of `moment` began."""
    return moment.replace(minute=0, second=0, microsecond=0)


def unusual_hour(totals: Mapping[datetime, int], moment: datetime) -> datetime | None:
    """The hour of the last three days with unusually many refusals, the worst if there are several.

    `totals` are the refusals of each hour of the last 14 days; an hour without any may be missing.
    """
    recent = {hour: times for hour, times in totals.items() if hour > moment - NOTICED_FOR - HOUR}
    if not recent:
        return None
    worst = max(recent, key=lambda hour: (recent[hour], hour))
    usual = (sum(totals.values()) - totals[worst]) / (LOOK_BACK / HOUR)
    return worst if totals[worst] >= max(MANY, TIMES_THE_USUAL * usual) else None
