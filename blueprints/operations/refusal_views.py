"""The route of what was refused."""

from flask import Response

from blueprints.operations.lists import REFUSALS
from blueprints.operations.pages import blueprint, sub_pages
from portal.listviews.views import list_page
from portal.refusals.queries import find_unusual
from portal.web.context import scope
from portal.web.guards import needs


@blueprint.get("/refusals")
@needs("refusals.read")
def refusals() -> Response:
    """Who was refused what, how often."""
    return list_page(
        REFUSALS,
        scope(),
        page="operations/refusals.html",
        sub_pages=sub_pages(),
        unusual=find_unusual(scope()),
    )
