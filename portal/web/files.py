"""Files that come with a form are read before its transaction, which they must not hold up."""

from collections.abc import Callable, Mapping
from typing import Any, BinaryIO, cast

from flask import g, request
from flask_login import current_user
from werkzeug.datastructures import CombinedMultiDict, MultiDict

from portal.access.scope import Scope
from portal.db import unit_of_work
from portal.web.context import set_scope

Read = Callable[[Mapping[str, BinaryIO]], Mapping[str, object]]


def read_ahead(read: Read, capability: str) -> Callable[..., Mapping[str, object]]:
    """For `guards.ahead`: what `read` makes of the files of a request, by the names of their
    fields; of files from who may not use the view, nothing."""

    def ahead(**_values: object) -> Mapping[str, object]:
        files = {name: file.stream for name, file in request.files.items() if file.filename}
        if not files:
            return {}
        with unit_of_work(write=False):
            who: Scope | None = getattr(current_user, "scope", None)
        if who is None or not who.can(capability):
            return {}
        set_scope(who)  # decides on the language of what is said of the files
        return read(cast("Mapping[str, BinaryIO]", files))

    return ahead


def sent() -> "MultiDict[str, Any]":
    """What was sent with the form: its text, and what was made of its files."""
    made: Mapping[str, object] = g.get("ahead") or {}
    return CombinedMultiDict([MultiDict(list(made.items())), request.form])
