"""The proof of vaccination on paper."""

from blueprints.proof.queries import Proof
from blueprints.proof.rules import ProvenDose
from blueprints.proof.visiting import address_of_check
from portal import settings
from portal.clock import now, today
from portal.formats.shown import day
from portal.i18n import _, speaking
from portal.places.models import Location


def place_of_dose(dose: ProvenDose) -> str:
    """Where a dose was given, and that it was only reported."""
    return _("Reported: %(place)s", place=dose.place) if dose.reported else dose.place


def what_reported_means() -> str:
    """For whom the word stands on a proof."""
    return _(
        "“Reported” doses were given elsewhere. This clinic recorded them as the recipient told "
        "it or showed it."
    )


def address(location: Location) -> str:
    """A location's address in one line."""
    region = " ".join(part for part in (location.state, location.zip_code) if part)
    return ", ".join(part for part in (location.street, location.city, region) if part)


def issuer(proof: Proof) -> list[tuple[str, str]]:
    """Who answers for the proof, and since when, as labels and values."""
    place = proof.location
    if place is None:
        return []
    said = [
        (_("Issued by"), place.name),
        (_("Address"), address(place)),
        (_("Phone"), place.phone),
        (_("Issued on"), day(today(place.time_zone))),
    ]
    return [(label, value) for label, value in said if value]


def lost_letters(proof: Proof) -> str:
    """The letters of the proof that cannot be printed to PDF."""
    from portal.pdf.letters import not_printable

    texts = [proof.name]
    for dose in proof.doses:
        texts += [dose.product, dose.lot, dose.place]
    if proof.location:
        texts += [proof.location.name, address(proof.location)]
    return not_printable("".join(texts))


def picture_of(text: str) -> tuple[str, int]:
    """The code for an address as the path of a picture, and how many squares wide it is."""
    from portal.pdf import codes

    return codes.picture_of(text)


def proof_pdf(proof: Proof, *, language: str) -> bytes:
    """The proof as a PDF in a language. Its texts must be printable (`lost_letters`)."""
    from portal.pdf.paper import Paper

    with speaking(language):
        title, place = _("Proof of Vaccination"), proof.location
        paper = Paper(
            title=title,
            language=language,
            author=place.name if place else "",
            foot=settings.current().product_name,
        )
        paper.heading(title)
        paper.facts(
            [(_("Name"), proof.name), (_("Date of Birth"), day(proof.recipient.birth_date))]
        )
        paper.heading(_("Doses"), level=2)
        paper.table(
            [_("Dose"), _("Vaccine"), _("Lot #"), _("Date (MM/DD/YYYY)"), _("Where")],
            [
                [str(one.number), one.product, one.lot, day(one.given_on), place_of_dose(one)]
                for one in proof.doses
            ],
            [10, 36, 24, 20, 32],
        )
        if any(one.reported for one in proof.doses):
            paper.paragraph(what_reported_means())
        paper.facts(issuer(proof))
        check = address_of_check(proof, printed_at=now())
        if check:
            paper.code(
                check,
                alt=_("QR code with the address of the page that checks this proof"),
                beside=[_("Scan the code, or open this address, to check this proof:"), check],
            )
        return paper.finish()
