"""People without an account: each reaches one record, and nothing else (SPEC A9)."""

from dataclasses import dataclass

from portal.access.scope import Place
from portal.access.through import Through


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What a record that visitors reach is at present, as its module says.

    Links of another `version` no longer work; those of a `withdrawn` record do not, whichever
    version they are of. `said` is a sentence for whoever holds such a link: what became of the
    record, and what to do. `place` is the record's location, None where it has none yet; `language`
    is its person's.
    """

    version: int
    place: Place | None
    language: str = ""
    withdrawn: bool = False
    said: str = ""


@dataclass(frozen=True, kw_only=True)
class Visitor:
    """Somebody without an account who holds a link, or has shown that they know the number and the
    birth date: the record `subject_id` of the kind `subject_kind`, in the version they reach it."""

    subject_kind: str
    subject_id: int
    version: int
    place: Place | None
    language: str
    through: Through
