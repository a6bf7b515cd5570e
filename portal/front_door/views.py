"""The page of each kind of record that is found by its number and a birth date."""

from flask import Blueprint, Response, g, request, url_for

from portal.errors import NotFound
from portal.front_door.forms import DoorForm
from portal.module import Visit
from portal.refusals.rules import RefusalKind
from portal.visits import door
from portal.visits.door import Opened
from portal.web.guards import before_transaction, for_visitors, repeatable
from portal.web.htmx import go_to
from portal.web.refusals import mark
from portal.web.respond import respond

blueprint = Blueprint("front_door", __name__)


def _judge(kind: str) -> Opened | None:
    form = DoorForm()
    if kind not in door.doors() or not form.validate() or form.birth_date.data is None:
        return None
    return door.open_by_number(
        kind, form.number.data or "", form.birth_date.data, address=request.remote_addr or ""
    )


@blueprint.route("/find/<kind>", methods=["GET", "POST"])
@for_visitors("who lost the link has nothing else to show")
@repeatable
@before_transaction(_judge)
def find(kind: str) -> Response:
    """Ask for the number and the birth date; both together lead to the record."""
    visit = door.doors().get(kind)
    if visit is None:
        raise NotFound
    form = DoorForm()
    if request.method != "POST":
        return _page(visit, form)
    opened: Opened | None = g.prepared
    if not form.validate() or opened is None:
        return _page(visit, form, status=422)
    if opened.retry_after:
        response = _page(visit, form, status=429, retry_after=opened.retry_after)
        response.headers["Retry-After"] = str(opened.retry_after)
        return response
    if not opened.token:
        mark(RefusalKind.WRONG_NUMBER)
        return _page(visit, form, status=422, refused=True)
    return go_to(url_for(visit.endpoint, token=opened.token))


def _page(
    visit: Visit, form: DoorForm, *, status: int = 200, refused: bool = False, retry_after: int = 0
) -> Response:
    return respond(
        "visitors/find.html",
        status=status,
        visit=visit,
        form=form,
        refused=refused,
        minutes=-(-retry_after // 60),
    )
