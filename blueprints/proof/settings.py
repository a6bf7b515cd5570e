"""What `portal.toml` may set for proofs, in its section `[modules.proof]`."""

from dataclasses import dataclass

from portal.settings import setting


@dataclass(frozen=True)
class ProofSettings:
    """The settings of the module."""

    link_days: int = setting(
        90,
        "How many days the link to a proof of vaccination works that is sent to its recipient.",
        least=1,
        most=730,
    )
