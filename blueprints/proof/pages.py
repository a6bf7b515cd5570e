"""What the pages of staff and recipients share."""

from typing import Any

from flask import Response, current_app

from blueprints.proof.queries import Proof
from blueprints.proof.sheet import (
    issuer,
    lost_letters,
    picture_of,
    place_of_dose,
    proof_pdf,
    what_reported_means,
)
from blueprints.proof.visiting import address_of_check
from portal.clock import now
from portal.errors import Conflict, NotFound
from portal.i18n import _


def cannot_print(letters: str) -> str:
    """Why there is no PDF."""
    return _(
        "The PDF cannot show these letters: %(letters)s. Print this page instead.", letters=letters
    )


def shown(proof: Proof) -> dict[str, Any]:
    """The proof as the template of both pages shows it."""
    check = address_of_check(proof, printed_at=now())
    lost = lost_letters(proof)
    return {
        "name": proof.name,
        "birth_date": proof.recipient.birth_date,
        "doses": [(dose, place_of_dose(dose)) for dose in proof.doses],
        "reported": what_reported_means() if any(one.reported for one in proof.doses) else "",
        "issuer": issuer(proof),
        "check": check,
        "picture": picture_of(check) if check else None,
        "no_pdf": cannot_print(lost) if lost else "",
    }


def pdf_response(proof: Proof, *, language: str) -> Response:
    """The PDF. Raises `NotFound` if there are no doses, `Conflict` for letters it cannot show."""
    if not proof.doses:
        raise NotFound
    lost = lost_letters(proof)
    if lost:
        raise Conflict(cannot_print(lost))
    return current_app.response_class(
        proof_pdf(proof, language=language),
        mimetype="application/pdf",
        headers={"Content-Disposition": 'inline; filename="proof-of-vaccination.pdf"'},
    )
