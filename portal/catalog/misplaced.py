"""A code of a package that was scanned into a field for something else."""

import re

from portal.catalog.gs1 import check_digit

LONGEST = 500
# What no lot, name, number or date contains: a symbology identifier, elements in brackets, an
# address with a GTIN.
_MARKED = re.compile(
    r"\](?:d2|C1|Q3|e0|J1)(?=[0-9])"
    r"|\(01\)[0-9]{14}|\(17\)[0-9]{6}(?=\(|$)|\((?:10|21)\)[^()]+\((?:01|10|17|21)\)"
    r"|https?://[^/\s]+/(?:[^?#\s]*/)?01/[0-9]{8,14}",
    re.IGNORECASE,
)
# Elements between which a separator stands; they may begin with a lot.
_SEPARATED = re.compile(r"[0-9]{2}[^\x1d\u241d]+[\x1d\u241d][0-9]{2}")
# A GTIN with its identifier, and what may follow it.
_GTIN = re.compile(r"(?=01([0-9]{14})(?:$|[\s\x1d\u241d|]|1[01357]|2[0124]|30|37|7[012]|9))")
# Dates with their identifiers, and then a lot, a serial number or a GTIN: the code that some
# cartons have beside that of the product.
_DATED = re.compile(
    r"^(?:1[1357][0-9]{2}(?:0[1-9]|1[0-2])(?:[0-2][0-9]|3[01]))+(?:10[^\s]|21[^\s]|01[0-9]{14})"
)


def find(text: str) -> tuple[str, str] | None:
    """What stood in the field before, and the code; None if there is none in `text`."""
    if len(text) > LONGEST:
        return None
    starts = [found.start() for found in (_MARKED.search(text), _DATED.search(text)) if found]
    starts += [
        found.start()
        for found in _GTIN.finditer(text)
        if check_digit(found[1][:-1]) == found[1][-1]
    ]
    if not starts and _SEPARATED.match(text):
        starts = [0]
    if not starts:
        return None
    return text[: min(starts)].strip(), text[min(starts) :]
