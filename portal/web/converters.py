"""What the variable parts of addresses may be."""

import re

from werkzeug.routing import IntegerConverter, ValidationError

LARGEST = 2**31 - 1


def record_number(text: str | None) -> int | None:
    """The id that `text` of an address or a form is, or None for what can be none."""
    if not text or not re.fullmatch(RecordNumber.regex, text) or int(text) > LARGEST:
        return None
    return int(text)


class RecordNumber(IntegerConverter):
    """A whole number that both databases can hold as an id: a larger one is an unknown address."""

    regex = r"[0-9]{1,10}"

    def to_python(self, value: str) -> int:
        """The number. Raises `ValidationError` for one that is too large."""
        number = int(super().to_python(value))
        if number > LARGEST:
            raise ValidationError
        return number
