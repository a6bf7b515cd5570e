"""What the variable parts of addresses may be."""

from werkzeug.routing import IntegerConverter, ValidationError

from portal.formats.numbers import LARGEST_ID


class RecordNumber(IntegerConverter):
    """A whole number that both databases can hold as an id: a larger one is an unknown address."""

    regex = r"[0-9]{1,10}"

    def to_python(self, value: str) -> int:
        """The number. Raises `ValidationError` for one that is too large."""
        number = int(super().to_python(value))
        if number > LARGEST_ID:
            raise ValidationError
        return number
