"""Reading what a proof of vaccination shows."""

from dataclasses import dataclass

from sqlalchemy import select

from blueprints.proof.rules import ProvenDose, version_of
from blueprints.recipients.models import Recipient, RecipientLocation, Vaccination
from blueprints.recipients.queries import history_of
from blueprints.recipients.words import full_name
from portal.db import session
from portal.places.models import Location


@dataclass(frozen=True)
class Proof:
    """A recipient's doses, and the location that answers for them."""

    recipient: Recipient
    doses: tuple[ProvenDose, ...]
    location: Location | None

    @property
    def name(self) -> str:
        """The recipient's whole name."""
        return full_name(self.recipient)

    @property
    def version(self) -> int:
        """Another number for each paper that says something else."""
        return version_of(
            [self.name, self.recipient.birth_date, *(dose.fact for dose in self.doses)]
        )


def proof_of(recipient: Recipient) -> Proof:
    """What is to be proven of a recipient, whoever asks: the caller has found that they may."""
    doses = tuple(
        ProvenDose(
            number=dose.dose_number,
            product=product,
            lot=dose.lot_number,
            given_on=dose.given_on,
            place=place,
            reported=dose.source == "elsewhere",
            source=f"{dose.product_id} {dose.location_id or dose.elsewhere}",
        )
        for dose, product, place in history_of(recipient.id)
        if dose.state == "given"
    )
    return Proof(recipient, doses, location_of(recipient.id))


def location_of(recipient_id: int) -> Location | None:
    """The location that gave the newest dose, else the first one that knew the recipient."""
    gave = session().scalar(
        select(Vaccination.location_id)
        .where(
            Vaccination.recipient_id == recipient_id,
            Vaccination.source == "here",
            Vaccination.state == "given",
        )
        .order_by(Vaccination.given_on.desc(), Vaccination.id.desc())
        .limit(1)
    )
    knew = gave or session().scalar(
        select(RecipientLocation.location_id)
        .where(RecipientLocation.recipient_id == recipient_id)
        .order_by(RecipientLocation.since, RecipientLocation.id)
        .limit(1)
    )
    return session().get(Location, knew) if knew else None


def has_doses(recipient_id: int) -> bool:
    """Whether there is anything to prove."""
    found = session().scalar(
        select(Vaccination.id)
        .where(Vaccination.recipient_id == recipient_id, Vaccination.state == "given")
        .limit(1)
    )
    return found is not None
