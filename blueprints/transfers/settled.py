"""What whoever comes too late is told: somebody else has settled the line."""

from blueprints.transfers.models import TransferLine
from blueprints.transfers.rules import LineState
from portal.access.scope import Scope
from portal.db import session
from portal.errors import Conflict
from portal.formats.shown import moment_in
from portal.i18n import _
from portal.people.models import User


def settled(scope: Scope, line: TransferLine) -> Conflict:
    """Who settled a line, how and when, as a refusal."""
    session().refresh(line)
    user = session().get(User, line.settled_by_id) if line.settled_by_id else None
    who = user.full_name if user else _("Someone")
    when = moment_in(line.settled_at, scope.place.time_zone)
    sentences = {
        LineState.RECEIVED: _(
            "%(who)s already received these doses on %(when)s.", who=who, when=when
        ),
        LineState.REFUSED: _(
            "%(who)s refused this transfer on %(when)s. The doses are back in the sender's "
            "inventory.",
            who=who,
            when=when,
        ),
        LineState.CANCELLED: _(
            "%(who)s canceled this transfer on %(when)s. The doses are back in the sender's "
            "inventory.",
            who=who,
            when=when,
        ),
    }
    return Conflict(
        sentences.get(
            LineState(line.state), _("Someone else changed this transfer. Nothing was saved.")
        )
    )
