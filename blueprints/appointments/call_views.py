"""The pages of call lists, this module's and others': taking a call, and what came of it."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, TypeVar

from flask import Response, flash, request, url_for

from blueprints.appointments.calls import CallLine
from blueprints.recipients.words import full_name, phone
from portal.access.scope import Scope
from portal.errors import NotFound
from portal.i18n import Label, _
from portal.web.context import scope
from portal.web.htmx import go_to
from portal.web.respond import respond

Line = TypeVar("Line", bound=CallLine)
Outcome = TypeVar("Outcome", bound=StrEnum)


def to_call(line: CallLine | None, endpoint: str, back: str) -> Response:
    """To the call that was taken; back to the list if nobody is left."""
    if line is not None:
        return go_to(url_for(endpoint, line_id=line.id))
    flash(_("Nobody is left to call right now. Others may be calling."), "info")
    return go_to(back)


def call_page(
    line: Line,
    outcomes: Mapping[Outcome, Label],
    note_call: Callable[[Scope, int, Outcome], object],
    back: str,
    about: Callable[[Line], dict[str, Any]],
) -> Response:
    """Whom to call, and what to say; then what came of it. Only for whoever has the call.

    `about` gives the `person`, what to `say`, `more` facts, label and address of the `record`, and
    the `place` where only an answer from there counts.
    """
    if request.method == "POST":
        said = request.form.get("outcome")
        outcome = next((one for one in outcomes if one and one == said), None)
        if outcome is None:
            raise NotFound
        note_call(scope(), line.id, outcome)
        flash(_("Saved: %(outcome)s", outcome=str(outcomes[outcome])), "success")
        return go_to(back)
    if line.caller_id != scope().user.id:
        flash(_("Take a call with the button below first."), "info")
        return go_to(back)
    shown: dict[str, Any] = {"full_name": full_name, "phone": phone, "line": line, "back": back}
    return respond("appointments/call.html", outcomes=outcomes, **shown, **about(line))
