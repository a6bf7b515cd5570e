"""Where ZIP codes are: loaded from a file, read by distance."""

import csv
from pathlib import Path

from sqlalchemy import delete

from blueprints.scheduling.models import ZipPlace
from portal.bulk import insert_rows
from portal.db import session
from portal.errors import Invalid
from portal.i18n import _

COLUMNS = ("zip", "latitude", "longitude")


def load_zips(file: Path) -> int:
    """Put what the file says in place of what was loaded before; returns how many ZIP codes.

    Raises `Invalid` for a file that is no such list, with the line; nothing is changed then.
    """
    found: dict[str, dict[str, object]] = {}
    with file.open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.DictReader(lines)
        names = {name.strip().lower(): name for name in reader.fieldnames or ()}
        if not set(COLUMNS) <= set(names):
            raise Invalid(_("The first line must name the columns zip, latitude and longitude."))
        for row in reader:
            zip_code, latitude, longitude = (row[names[column]] or "" for column in COLUMNS)
            try:
                place = {
                    "zip_code": _zip(zip_code),
                    "latitude": _degrees(latitude, 90),
                    "longitude": _degrees(longitude, 180),
                }
            except ValueError as error:
                raise Invalid(
                    _("Line %(line)s is no ZIP code with its place.", line=reader.line_num)
                ) from error
            found[str(place["zip_code"])] = place
    if not found:
        raise Invalid(_("The file has no ZIP codes."))
    session().execute(delete(ZipPlace))
    return insert_rows(ZipPlace, list(found.values()))


def _zip(text: str) -> str:
    digits = text.strip()
    if not digits.isascii() or not digits.isdigit() or len(digits) > 5:  # noqa: PLR2004
        raise ValueError(text)
    return digits.zfill(5)


def _degrees(text: str, most: int) -> float:
    value = float(text)
    if not -most <= value <= most:
        raise ValueError(text)
    return value
