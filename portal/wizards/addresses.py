"""Where wizards and drafts are found: the wizards of the running application, their addresses."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from flask import current_app, request, url_for
from werkzeug.datastructures import MultiDict

from portal.drafts import FORM, WIZARD, Draft, address_of_form
from portal.web.refused_pages import PARAMETER
from portal.wizards.definition import Wizard

EXTENSION = "portal.wizards"
LONGEST_ARGUMENT = 200


def known_wizard(name: str) -> tuple[Wizard, str] | None:
    """The wizard of that name and its full endpoint, if its module is switched on."""
    found: tuple[Wizard, str] | None = current_app.extensions.get(EXTENSION, {}).get(name)
    return found


def wizard_of(draft: Draft) -> Wizard | None:
    """The wizard a draft was begun in, if its module is switched on; None for another form."""
    found = known_wizard(draft.name) if draft.kind == WIZARD else None
    return found[0] if found else None


def address_of(wizard: Wizard, args: Mapping[str, str], draft_id: int = 0, step: str = "") -> str:
    """The address of a step, or of the wizard's beginning."""
    found = known_wizard(wizard.name)
    assert found is not None
    variables = _variables(found[1])
    own: dict[str, Any] = {name: args[name] for name in args if name in variables}
    if draft_id:
        return url_for(f"{found[1]}_step", draft_id=draft_id, step=step, **own)
    query = urlencode({name: args[name] for name in args if name not in variables})
    return url_for(found[1], **own) + (f"?{query}" if query else "")


def _variables(endpoint: str) -> set[str]:
    return {name for rule in current_app.url_map.iter_rules(endpoint) for name in rule.arguments}


def onward(draft: Draft) -> str:
    """Where a draft goes on; empty if its module is switched off."""
    if draft.kind == FORM:
        return address_of_form(draft)
    wizard = wizard_of(draft)
    if wizard is None:
        return ""
    known = {step.key for step in wizard.steps}
    step = draft.step if draft.step in known else wizard.steps[0].key
    return address_of(wizard, draft.data.get("args", {}), draft.id, step)


def arguments(values: Mapping[str, Any]) -> dict[str, str]:
    """What the address says: the route's variables, and the query without the portal's own."""
    given: MultiDict[str, str] = request.args
    query = {name: given[name][:LONGEST_ARGUMENT] for name in list(given)[:10]}
    for name in ("late", PARAMETER):
        query.pop(name, None)
    return {**query, **{name: str(value) for name, value in values.items()}}
