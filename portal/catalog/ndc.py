"""A National Drug Code where a code of a package is expected: typed from the label, or scanned."""

import re

from portal.formats.codes import ndc_candidates

# Ten or eleven digits run together, or in three parts as labels and claims show them.
_DIGITS = re.compile("[0-9]{10,11}")
_PARTS = re.compile(
    "(?:[0-9]{5}-[0-9]{4}-[0-9]{1,2}|[0-9]{5}-[0-9]{3}-[0-9]{2}|[0-9]{4}-[0-9]{4}-[0-9]{2})"
)
_FIRST_WORD = re.compile(r"ndc\s*[#:]*\s*", re.IGNORECASE)
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−－ ", "-"))
_LONGEST = 40


def read(text: str) -> tuple[str, ...]:
    """The codes (11 digits, 5-4-2) that `text` can mean; none if it is no NDC as a whole."""
    if len(text) > _LONGEST:
        return ()
    code = _FIRST_WORD.sub("", text.strip(), count=1).translate(_DASHES)
    if not (_DIGITS.fullmatch(code) or _PARTS.fullmatch(code)) or not code.strip("0-"):
        return ()
    return ndc_candidates(code)
