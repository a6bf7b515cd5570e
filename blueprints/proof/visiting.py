"""What people without an account see: recipients their proof, by a link; whoever holds a paper,
whether it is true, by its code (docs/adr/0008)."""

from datetime import datetime, timedelta

from blueprints.proof.queries import Proof, location_of, proof_of
from blueprints.proof.rules import version_of
from blueprints.proof.settings import ProofSettings
from blueprints.recipients.models import Recipient
from blueprints.recipients.telling import SMS
from portal import settings
from portal.access.scope import Place
from portal.access.visitor import Standing, Visitor
from portal.clock import now
from portal.db import session
from portal.errors import NotFound
from portal.i18n import _
from portal.places.models import Location
from portal.settings import of_module
from portal.visits import links

PROOF = "proof"
PAPER = "proof_check"
# Paper is kept for years. What it says is checked each time.
PAPER_WORKS = timedelta(days=3_650)


def version_of_link(recipient: Recipient) -> int:
    """Links that were sent end when an address they went to, or the birth date, is another one:
    the number counts for who chose texts."""
    texts = [recipient.mobile_phone] if recipient.contact_by in {SMS, "both"} else []
    return version_of([recipient.email.casefold(), recipient.birth_date, *texts])


def link_to(recipient: Recipient) -> links.Link:
    """The link for a message to the recipient."""
    until = now() + timedelta(days=of_module(ProofSettings).link_days)
    return links.describe(PROOF, recipient.id, version_of_link(recipient), until=until)


def address_of_check(proof: Proof, *, printed_at: datetime) -> str:
    """The address in the code on a paper; empty if the installation has no public pages."""
    if not settings.current().visitors:
        return ""
    until = printed_at + PAPER_WORKS
    return links.address_of(links.describe(PAPER, proof.recipient.id, proof.version, until=until))


def standing(recipient_id: int) -> Standing | None:
    """What the links to a recipient's proof lead to at present."""
    recipient, location = _found(recipient_id)
    if recipient is None or location is None:
        return None
    return Standing(
        version=version_of_link(recipient),
        place=place_of(location),
        language=recipient.language,
        withdrawn=recipient.merged_into_id is not None,
    )


def standing_of_paper(recipient_id: int) -> Standing | None:
    """What the codes on papers lead to at present."""
    recipient, location = _found(recipient_id)
    if recipient is None or location is None:
        return None
    return Standing(
        version=proof_of(recipient).version,
        place=place_of(location),
        withdrawn=recipient.merged_into_id is not None,
        said=_(
            "Doses or details were added or corrected since this proof was printed. Ask for a new "
            "one."
        ),
    )


def visited(who: Visitor) -> Proof:
    """The proof of the visitor's record. Raises `NotFound`."""
    recipient = session().get(Recipient, who.subject_id)
    if recipient is None:
        raise NotFound
    return proof_of(recipient)


def place_of(location: Location) -> Place:
    """The location as headers and messages need to know it."""
    return Place(
        id=location.id,
        name=location.name,
        pin=location.pin,
        time_zone=location.time_zone,
        organization_id=location.organization_id,
    )


def _found(recipient_id: int) -> tuple[Recipient | None, Location | None]:
    return session().get(Recipient, recipient_id), location_of(recipient_id)
