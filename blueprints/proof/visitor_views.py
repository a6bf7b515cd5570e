"""Public pages: recipients see and print their proof; who holds a paper checks it."""

from flask import Blueprint, Response

from blueprints.proof.pages import pdf_response, shown
from blueprints.proof.rules import initials
from blueprints.proof.visiting import PAPER, PROOF, visited
from portal.web.guards import visitor as for_visitor
from portal.web.respond import respond
from portal.web.visiting import language, visitor

blueprint = Blueprint("own_proof", __name__)


@blueprint.get("/p/<token>")
@for_visitor(PROOF)
def show(token: str) -> Response:
    """The recipient's own proof."""
    return respond("proof/own.html", token=token, **shown(visited(visitor())))


@blueprint.get("/p/<token>/pdf")
@for_visitor(PROOF)
def pdf(token: str) -> Response:
    """The recipient's own proof as PDF, in the language of the page."""
    return pdf_response(visited(visitor()), language=language())


@blueprint.get("/check/<token>")
@for_visitor(PAPER)
def check(token: str) -> Response:
    """Whether a paper is true: as little of it as tells that (docs/adr/0008)."""
    proof = visited(visitor())
    person = proof.recipient
    return respond(
        "proof/check.html",
        initials=initials(person.first_name, person.last_name),
        birth_year=person.birth_date.year,
        doses=proof.doses,
        place=proof.location,
    )
