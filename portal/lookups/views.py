"""The results of a look-up, as a fragment for the field's script."""

from flask import Blueprint, Response, request

from portal.lookups import search as engine
from portal.web.context import registry, scope
from portal.web.guards import signed_in
from portal.web.respond import respond

blueprint = Blueprint("lookups", __name__)


@blueprint.get("/lookups/<name>")
@signed_in
def results(name: str) -> Response:
    """Choices for `q`, best first; the look-up's own capability is required."""
    text = " ".join(request.args.get("q", "").split())[: engine.LONGEST]
    found = engine.search(registry(), name, scope(), text)
    return respond(
        "lookups/_results.html",
        choices=found,
        text=text,
        short=len(text) < engine.MINIMUM,
        more=len(found) == engine.LIMIT,
    )
