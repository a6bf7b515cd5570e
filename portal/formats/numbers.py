"""Numbers as they come in addresses and forms."""

import re

LARGEST_ID = 2**31 - 1


def record_number(text: str | None) -> int | None:
    """The id that `text` of an address or a form is, or None for what can be none."""
    if not text or not re.fullmatch(r"[0-9]{1,10}", text) or int(text) > LARGEST_ID:
        return None
    return int(text)
