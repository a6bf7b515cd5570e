"""Whether somebody is of an age for a product, by its facts (SPEC G10).

Facts say ages in years as people wrote them down, perhaps with the day from which another one
holds: "16 (12 from 2021-05)"; half a year is "0.5".
"""

import re
from calendar import monthrange
from datetime import date

FIRST = re.compile(r"\s*(\d+(?:\.\d+)?)")
LATER = re.compile(r"\((\d+(?:\.\d+)?) from (\d{4})-(\d{2})(?:-(\d{2}))?\)")
MONTHS = 12


def months_on(text: str, day: date) -> int | None:
    """The age in months that `text` says for `day`; None where nothing is said."""
    found = FIRST.match(text)
    if found is None:
        return None
    years = found[1]
    for later in LATER.finditer(text):
        if date(int(later[2]), int(later[3]), int(later[4] or 1)) <= day:
            years = later[1]
    return round(float(years) * MONTHS)


def day_of_age(birth_date: date, months: int) -> date:
    """The first day on which somebody is so many months old.

    Who was born on a day that the month does not have comes of age on the first of the next one.
    Source: CDC, Logic Specification for ACIP Recommendations, rule CALCDT-5.
    """
    year, month = divmod(birth_date.year * MONTHS + birth_date.month - 1 + months, MONTHS)
    if birth_date.day <= monthrange(year, month + 1)[1]:
        return date(year, month + 1, birth_date.day)
    year, month = divmod(year * MONTHS + month + 1, MONTHS)
    return date(year, month + 1, 1)


def age_in_years(birth_date: date, day: date) -> int:
    """How many birthdays somebody has had on `day`; 0 before the first."""
    years = max(0, day.year - birth_date.year)
    return years if not years or day_of_age(birth_date, years * MONTHS) <= day else years - 1


def first_day(birth_date: date, min_age_years: str, day: date) -> date | None:
    """The first day on which somebody may be given the product, by what holds on `day`; None
    where no least age is known."""
    months = months_on(min_age_years, day)
    return None if months is None else day_of_age(birth_date, months)


def day_after_last(birth_date: date, max_age_years: str, day: date) -> date | None:
    """The first day on which somebody is too old for the product: the birthday after the last age
    that it is for; None where no greatest age is known."""
    months = months_on(max_age_years, day)
    return None if months is None else day_of_age(birth_date, months + MONTHS)
