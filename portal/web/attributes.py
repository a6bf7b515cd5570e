"""The attributes of a form's inputs, as text.

WTForms puts them together by the format of MarkupSafe, which is written in Python: a page with a
dozen fields spent a third of its time on it.
"""

from markupsafe import Markup, escape
from wtforms.widgets import Input
from wtforms.widgets.core import clean_key  # type: ignore[attr-defined]


def attributes(**given: object) -> Markup:
    """As `wtforms.widgets.html_params`: sorted, with `True` the name alone, without what is
    `False`."""
    parts: list[str] = []
    for name, value in sorted(given.items()):
        key = escape(clean_key(name))
        if value is True:
            parts.append(key)
        elif value is not False:
            text = str(escape(value)).replace('"', "&quot;")
            parts.append(f'{key}="{text}"')
    return Markup(" ".join(parts))  # noqa: S704 - each part is escaped


def use_for_inputs() -> None:
    """Have the inputs of all forms write their attributes so."""
    Input.html_params = staticmethod(attributes)  # type: ignore[method-assign]
