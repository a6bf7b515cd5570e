"""`Proof of Vaccination`: a recipient's doses on paper and as a page, and the check of such a paper
(SPEC F4)."""

from portal.access.profiles import CLINIC, Profile
from portal.i18n import _l
from portal.module import Capability, Fill, MessageKind, Module, Visit

module = Module(
    name="proof",
    title="Proof of Vaccination",
    requires=("recipients",),
    under="recipients",
    blueprint=(
        "blueprints.proof.views:blueprint",
        "blueprints.proof.visitor_views:blueprint",
    ),
    capabilities=(
        Capability(
            name="proof.view",
            title=_l("See and print proofs of vaccination"),
            profiles=CLINIC | {Profile.AGENT, Profile.ADMINISTRATOR},
        ),
        Capability(
            name="proof.send",
            title=_l("Send recipients the link to their proof of vaccination"),
            profiles=frozenset({Profile.PROVIDER, Profile.MANAGER}),
        ),
    ),
    fills=(
        Fill(
            slot="recipient.actions",
            function="blueprints.proof.contributions:recipient_actions",
            template="proof/_recipient_actions.html",
            capability="proof.view",
            order=80,
        ),
    ),
    messages=(
        MessageKind(
            "proof_ready",
            channels=("email", "sms"),
            still_true="blueprints.proof.telling:still_reached",
        ),
    ),
    visits=(
        Visit(
            name="proof",
            endpoint="own_proof.show",
            standing="blueprints.proof.visiting:standing",
        ),
        Visit(
            name="proof_check",
            endpoint="own_proof.check",
            standing="blueprints.proof.visiting:standing_of_paper",
        ),
    ),
    settings="blueprints.proof.settings:ProofSettings",
    words="blueprints.proof.words:WORDS",
)
