"""Translated text for code that may run with or without the web application."""

import sys
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from flask_babel import LazyString

# Text for the reader, translated when it is shown.
Label: TypeAlias = "str | LazyString"


def _(message: str, **params: object) -> str:
    """`message` in the reader's language, with `%(name)s` places filled from `params`.

    Inside an application context the catalogue of the current locale is asked; anywhere else
    (rules under test, the spreadsheet child process) the English text stands.
    """
    if "flask_babel" in sys.modules:
        from flask import has_app_context

        if has_app_context():
            from flask_babel import gettext

            return str(gettext(message, **params))
    return message % params if params else message
