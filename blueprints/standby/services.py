"""Making the list of who could come, and calling them."""

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from blueprints.appointments import calls
from blueprints.standby.models import StandbyLine, StandbyList
from blueprints.standby.queries import get_call, get_list, who_could_come
from blueprints.standby.rules import TO_CALL, StandbyOutcome
from portal.access.scope import Scope
from portal.audit.services import record as audit
from portal.catalog.models import Product
from portal.db import lock, session
from portal.errors import NotFound


def list_for(scope: Scope, product_id: int) -> StandbyList:
    """Today's list of who could come to the present location for a vaccine: the one there is, with
    whoever became due since at its end. Raises `NotFound` for no vaccine."""
    scope.require("standby.call")
    product = session().get(Product, product_id)
    if product is None:
        raise NotFound
    found = _found(scope, product) or _made(scope, product)
    lock(select(StandbyList.id).where(StandbyList.id == found.id))
    listed = set(
        session().scalars(select(StandbyLine.recipient_id).where(StandbyLine.list_id == found.id))
    )
    session().add_all(
        StandbyLine(list_id=found.id, recipient_id=one.recipient_id, dose_number=one.dose_number)
        for one in who_could_come(scope, product, found.day)
        if one.recipient_id not in listed
    )
    session().flush()
    return found


def _found(scope: Scope, product: Product) -> StandbyList | None:
    return session().scalar(
        select(StandbyList).where(
            StandbyList.location_id == scope.location_id,
            StandbyList.day == scope.today(),
            StandbyList.product_id == product.id,
        )
    )


def _made(scope: Scope, product: Product) -> StandbyList:
    made = StandbyList(
        location_id=scope.location_id,
        product_id=product.id,
        day=scope.today(),
        made_by_id=scope.user.id,
    )
    try:
        with session().begin_nested():
            session().add(made)
            session().flush()
    except IntegrityError:
        # Somebody else was faster: theirs is the list.
        found = _found(scope, product)
        assert found is not None
        return found
    return made


def claim_next(scope: Scope, list_id: int) -> StandbyLine | None:
    """The next to call, who is the user's for ten minutes. None if nobody is left to call now."""
    found = get_list(scope, list_id)
    lines = select(StandbyLine.id).where(StandbyLine.list_id == found.id)
    return calls.claim_next(StandbyLine, lines, scope.user.id, TO_CALL)


def note_call(scope: Scope, line_id: int, outcome: StandbyOutcome) -> StandbyLine:
    """Note what came of a call. Raises `Conflict` if the line is another caller's by now, or its
    outcome is known."""
    get_call(scope, line_id)
    noted = calls.note_outcome(StandbyLine, line_id, scope.user.id, str(outcome), TO_CALL)
    audit(
        scope.user,
        "standby.called",
        subject="recipient",
        subject_id=noted.recipient_id,
        location_id=scope.location_id,
        after={"outcome": str(outcome)},
    )
    return noted
