"""The record that a case carries, and what can be done about it. The modules that own records say
both, through the slots `case.record`, `helpdesk.topic` and `case.remedies`."""

from collections.abc import Iterator, Mapping
from typing import Any

from blueprints.helpdesk.entries import add_event, note_change, put
from blueprints.helpdesk.models import Case, CaseRemedy
from blueprints.helpdesk.queries import get_case, remedies_done
from blueprints.helpdesk.rules import CaseState
from portal.access.scope import Scope
from portal.db import session
from portal.errors import Conflict, NotFound, PortalError
from portal.formats.numbers import record_number
from portal.i18n import _
from portal.module import current, load
from portal.remedies import Carried, Remedy, Said


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
    return _offered(scope, case) if scope.can("helpdesk.work") else []


def _offered(scope: Scope, case: Case) -> list[Remedy]:
    if case.about_kind is None:
        return []
    return [
        remedy for context in _asked(scope, "case.remedies", case) for remedy in context["remedies"]
    ]


def find_remedy(scope: Scope, case_id: int, name: str) -> tuple[Case, Remedy]:
    """A remedy of the case by its name. Raises `NotFound`."""
    scope.require("helpdesk.work")
    case = get_case(scope, case_id)
    found = remedy_named(scope, case, name)
    if found is None:
        raise NotFound
    return case, found


def remedy_named(scope: Scope, case: Case, name: str) -> Remedy | None:
    """A remedy of the case by its name, also for who may decide on it alone."""
    return next((each for each in _offered(scope, case) if each.name == name), None)


def ensure_open(case: Case, name: str) -> None:
    """Raise `Conflict` if nothing of that name may be done from the case, which is locked."""
    if name in remedies_done(case.id):
        raise Conflict(_("This was done from this case before. Nothing was changed."))
    if case.state == CaseState.CLOSED:
        raise Conflict(_("This case is closed. Nothing was changed."))


def note_done(scope: Scope, case: Case, name: str, said: Said) -> str:
    """Note that a remedy was carried out: once."""
    session().add(CaseRemedy(case_id=case.id, name=name, done_by_id=scope.user.id))
    session().flush()
    if case.state == CaseState.NEW:
        put(case, CaseState.OPEN)
    add_event(case, said, author=scope.user)
    note_change(
        scope.user,
        "case.remedied",
        case,
        after={"remedy": name, "record": f"{case.about_kind}:{case.about_id}"},
    )
    return said()
