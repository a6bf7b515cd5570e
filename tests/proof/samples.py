"""The recipients of the other samples have a dose already: their proof."""

from datetime import date

from sqlalchemy import select

from blueprints.recipients.models import Recipient, Vaccination
from portal.db import unit_of_work
from tests.samples import Access, Canaries, Links, Samples, Tour


def withdraw_link(recipient_id: int) -> None:
    """Give the recipient another address: the links that went to the old one end."""
    with unit_of_work() as session:
        session.get_one(Recipient, recipient_id).email = "new@example.org"


def withdraw_paper(recipient_id: int) -> None:
    """Correct a dose: papers printed before say something else."""
    with unit_of_work() as session:
        doses = session.scalars(select(Vaccination).where(Vaccination.recipient_id == recipient_id))
        for dose in doses:
            dose.given_on = date(2021, 3, 2)


samples = Samples(
    access=Access(
        everywhere={
            "proof.show": ("agent", "admin"),
            "proof.pdf": ("agent", "admin"),
        },
        elsewhere=("/proof/{recipient}",),
        visits={
            "proof": Links("recipient", withdraw_link),
            "proof_check": Links("recipient", withdraw_paper, anonymous=True),
        },
    ),
    canaries=Canaries(shown=("/proof/{recipient}",)),
    tour=Tour(
        pages={"/proof/<id>": ("/proof/1",)},
        # Looked at by tests/browser/test_proof.py.
        no_pages=(r"/proof/<id>/pdf", r"/p/<token>.*", r"/check/<token>"),
    ),
)
