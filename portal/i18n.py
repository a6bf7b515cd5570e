"""Translated text for code that may run with or without the web application."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from flask_babel import LazyString

# Text for the reader, translated when it is shown.
Label: TypeAlias = "str | LazyString"


def translated(message: str) -> str:
    """`message` in the reader's language, its places not filled yet.

    Anywhere but in the application (rules under test, the spreadsheet child process) the English
    text is used.
    """
    known = _catalogue()
    return message if known is None else str(known.gettext(message))


def translated_plural(one: str, several: str, num: int) -> str:
    """`one` or `several`, as the number `num` demands in the reader's language."""
    known = _catalogue()
    if known is None:
        return one if num == 1 else several
    return str(known.ngettext(one, several, num))


def _(message: str, **params: object) -> str:
    """`message` in the reader's language, with `%(name)s` places filled from `params`."""
    text = translated(message)
    return text % params if params else text


def ngettext(one: str, several: str, num: int, **params: object) -> str:
    """As `_`, for what depends on a number; `%(num)s` is that number."""
    return translated_plural(one, several, num) % {"num": num, **params}


def _l(message: str, **params: object) -> "LazyString":
    """As `_`, for declarations: translated for each reader when it is shown."""
    from flask_babel import LazyString

    return LazyString(_, message, **params)


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Texts within are in `language`: a mail speaks that of its reader."""
    from flask import g
    from flask_babel import force_locale

    before = g.pop("catalogue", None)
    try:
        with force_locale(language):
            yield
    finally:
        g.catalogue = before


def _catalogue() -> Any:
    """The translations for the reader; None outside the application.

    They are kept with the request: to look for them again for each of its hundred texts would take
    a tenth of a page's time.
    """
    if "flask_babel" not in sys.modules:
        return None
    from flask import g

    try:
        # Itself: each look through its proxy takes as long as the look.
        here = g._get_current_object()
    except RuntimeError:  # no application
        return None
    known = here.get("catalogue")
    if known is None:
        from flask_babel import get_translations

        known = here.catalogue = get_translations()
    return known
