"""The record that a case carries, and what can be done about it. The modules that own records say
both, through the slots `case.record`, `helpdesk.topic` and `case.remedies`."""

from collections.abc import Iterator, Mapping
from typing import Any

from blueprints.helpdesk.entries import add_entry, note_change, put
from blueprints.helpdesk.models import Case, CaseRemedy
from blueprints.helpdesk.queries import get_case, lock_case, remedies_done
from blueprints.helpdesk.rules import CaseState, EntryKind
from portal.access.scope import Scope
from portal.db import session
from portal.errors import Conflict, NotFound, PortalError
from portal.formats.numbers import record_number
from portal.i18n import _
from portal.module import current, load
from portal.remedies import Carried, Remedy


def read_carried(scope: Scope, text: str | None) -> Carried | None:
    """The record named "appointment:12", if `scope` may see it and a module knows such records."""
    kind, _colon, number = (text or "").partition(":")
    record_id = record_number(number)
    if not kind or record_id is None:
        return None
    carried = Carried(kind[:40], record_id)
    return carried if any(_asked(scope, "case.record", carried)) else None


def filled(scope: Scope, carried: Carried | None) -> Mapping[str, str]:
    """What a request about the record says: topic, subject, description."""
    if carried is None:
        return {}
    return next((dict(context) for context in _asked(scope, "helpdesk.topic", carried)), {})


def _asked(scope: Scope, slot: str, carried: Carried | Case) -> Iterator[Mapping[str, Any]]:
    for fill in current().fills(slot):
        if not scope.can(fill.capability):
            continue
        try:
            context = load(fill.function)(scope, carried)
        except PortalError:
            continue
        if context is not None:
            yield context


def remedies_of(scope: Scope, case: Case) -> list[Remedy]:
    """What modules offer to whoever works on this case."""
    if not scope.can("helpdesk.work") or case.about_kind is None:
        return []
    return [
        remedy for context in _asked(scope, "case.remedies", case) for remedy in context["remedies"]
    ]


def find_remedy(scope: Scope, case_id: int, name: str) -> tuple[Case, Remedy]:
    """A remedy of the case by its name. Raises `NotFound`."""
    scope.require("helpdesk.work")
    case = get_case(scope, case_id)
    found = next((each for each in remedies_of(scope, case) if each.name == name), None)
    if found is None:
        raise NotFound
    return case, found


def carry_out(scope: Scope, case_id: int, name: str, reason: str) -> str:
    """Do it once, note it on the case and in the audit trail, and tell the requester; returns what
    was done, in plain words. Raises `Conflict` if it was done before, or cannot be done."""
    case = lock_case(scope, case_id)
    if name in remedies_done(case.id):
        raise Conflict(_("This was done from this case before. Nothing was changed."))
    if case.state == CaseState.CLOSED:
        raise Conflict(_("This case is closed. Nothing was changed."))
    _case, remedy = find_remedy(scope, case_id, name)
    if remedy.why_not:
        raise Conflict(remedy.why_not)
    said = remedy.perform(reason)
    session().add(CaseRemedy(case_id=case.id, name=name, done_by_id=scope.user.id))
    session().flush()
    if case.state == CaseState.NEW:
        put(case, CaseState.OPEN)
    add_entry(case, EntryKind.EVENT, said, author=scope.user)
    note_change(
        scope.user,
        "case.remedied",
        case,
        after={"remedy": name, "record": f"{case.about_kind}:{case.about_id}"},
    )
    return said
