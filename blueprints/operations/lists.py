"""The list view of what was refused."""

from collections.abc import Mapping

from portal.access.scope import Scope
from portal.i18n import _, _l
from portal.listviews.definition import Clauses, Column, ListDefinition, ListView, Tone
from portal.refusals.models import Refusal
from portal.refusals.queries import CAPABILITY
from portal.refusals.rules import RefusalKind


def kind_label(kind: str) -> str:
    """The words for why the portal refused."""
    return RefusalKind(kind).label


def kind_tone(kind: str) -> Tone:
    """The colour of those words: what an honest user hardly ever meets is easy to see."""
    return (
        "warning"
        if kind in {RefusalKind.ELSEWHERE, RefusalKind.FORM_TOKEN, RefusalKind.TOO_MANY}
        else "neutral"
    )


def of_users(_scope: Scope) -> Clauses:
    """Somebody was signed in."""
    return (Refusal.user_id > 0,)


def of_visitors(_scope: Scope) -> Clauses:
    """Nobody was."""
    return (Refusal.user_id == 0,)


def phrases(scope: Scope) -> Mapping[str, Clauses]:
    """The words for a kind, as somebody may search for it, and the refusals meant."""
    of_each: dict[str, Clauses] = {kind.label: (Refusal.kind == kind,) for kind in RefusalKind}
    return of_each | {_("Users"): of_users(scope), _("Visitors"): of_visitors(scope)}


REFUSALS = ListDefinition(
    name="refusals",
    title=_l("Refusals"),
    all_label=_l("All Refusals"),
    model=Refusal,
    columns=(
        Column(key="last", label=_l("Last"), attribute=Refusal.last_at, kind="moment"),
        Column(key="who", label=_l("Who"), attribute=Refusal.who),
        Column(key="address", label=_l("Address code"), attribute=Refusal.address),
        Column(
            key="kind",
            label=_l("Why"),
            attribute=Refusal.kind,
            kind="status",
            labels=kind_label,
            tone=kind_tone,
        ),
        Column(key="page", label=_l("Page"), attribute=Refusal.endpoint),
        Column(key="place", label=_l("Location"), attribute=Refusal.place),
        Column(key="times", label=_l("Times"), attribute=Refusal.times, kind="number"),
    ),
    default_sort="-last",
    endpoint="operations.refusals",
    record_endpoint=None,
    capability=CAPABILITY,
    scope_column=None,
    search=True,
    phrases=phrases,
    views=(
        ListView(key="users", label=_l("Refusals of Users"), where=of_users),
        ListView(key="visitors", label=_l("Refusals of Visitors"), where=of_visitors),
    ),
    private=True,
    brief=("who", "kind", "page", "times"),
    empty_title=_l("Nothing was refused"),
    empty_text=_l(
        "What the portal refuses to show or do is counted here by the hour, for 90 days."
    ),
)
