"""Reading uploads: who sees the case sees what became of its files."""

from collections.abc import Sequence

from sqlalchemy import select

from blueprints.helpdesk.models import Case
from blueprints.helpdesk.queries import get_case
from blueprints.onboarding.digests import digest_of
from blueprints.onboarding.models import OnboardingRow, OnboardingUpload
from portal.access.profiles import STAFF, Profile
from portal.access.scope import Scope
from portal.db import session
from portal.errors import NotFound
from portal.imports.models import ImportError, ImportPart
from portal.imports.outcomes import Kind, added_by, unpacked
from portal.people.models import User
from portal.people.queries import location_ids_of


def upload_of_run(run_id: int) -> OnboardingUpload:
    """The upload that an import belongs to."""
    return (
        session().scalars(select(OnboardingUpload).where(OnboardingUpload.run_id == run_id)).one()
    )


def upload_of_file(case_file_id: int) -> OnboardingUpload | None:
    """The upload of an attachment, if it was processed."""
    return session().scalar(
        select(OnboardingUpload).where(OnboardingUpload.case_file_id == case_file_id)
    )


def upload_ids_of(run_ids: Sequence[int]) -> dict[int, int]:
    """The uploads that imports belong to, by the import."""
    upload = OnboardingUpload
    rows = session().execute(select(upload.run_id, upload.id).where(upload.run_id.in_(run_ids)))
    return {one.run_id: one.id for one in rows}


def get_upload(scope: Scope, upload_id: int) -> tuple[OnboardingUpload, Case]:
    """The upload and its case. Raises `NotFound` unless `scope` may see the case."""
    found = session().get(OnboardingUpload, upload_id)
    if found is None:
        raise NotFound
    return found, get_case(scope, found.case_id)


def is_requester(scope: Scope, case: Case) -> bool:
    """Whether `scope` is who sent the files of the case, acting in the profile they sent them in:
    what a file may be about depends on it."""
    same = case.requester_profile in ("", scope.user.profile)
    return case.requester_id == scope.user.id and same


def limit_of_case(case: Case) -> frozenset[int] | None:
    """The locations that a file of the case may be about; None for all.

    Who works at locations sends files about these alone, whoever processes them; so does who no
    longer holds the profile in which the case was opened.
    """
    requester = session().get_one(User, case.requester_id)
    asked_as = Profile(case.requester_profile or requester.profile)
    if asked_as in requester.profiles and not asked_as.has_locations:
        return None
    return location_ids_of(requester.id)


def limit_of(run_id: int) -> frozenset[int] | None:
    """The locations that an import may be about; None for all."""
    upload = upload_of_run(run_id)
    return limit_of_case(session().get_one(Case, upload.case_id))


def mended_before(run_id: int) -> dict[str, int]:
    """The rows of the case that were corrected in the portal, with the records they led to: by the
    digests of what was sent, and of what came back in the file of failed rows."""
    upload = upload_of_run(run_id)
    rows = session().execute(
        select(OnboardingRow.digest, OnboardingRow.cells, OnboardingRow.record_id)
        .join(OnboardingUpload, OnboardingUpload.run_id == OnboardingRow.run_id)
        .where(
            OnboardingUpload.case_id == upload.case_id,
            OnboardingUpload.run_id != run_id,
            OnboardingRow.state == "mended",
        )
    )
    return {
        digest: record_id or 0
        for sent, cells, record_id in rows
        for digest in (sent, digest_of(cells))
    }


def registered_by(upload: OnboardingUpload) -> frozenset[int]:
    """The records that a file made, those of its rows that were corrected included."""
    added = added_by(upload.run_id)
    mended = session().scalars(
        select(OnboardingRow.record_id).where(
            OnboardingRow.run_id == upload.run_id,
            OnboardingRow.state == "mended",
            OnboardingRow.record_id.is_not(None),
        )
    )
    return frozenset([*added, *(one for one in mended if one)])


def staff_in(run_id: int) -> list[str]:
    """The names of programme staff who got or lost locations by an import, of at most twenty."""
    query = select(User.id, User.first_name, User.last_name).where(
        User.profile.in_([str(profile) for profile in STAFF])
    )
    names = {row.id: f"{row.first_name} {row.last_name}" for row in session().execute(query)}
    parts = session().scalars(select(ImportPart).where(ImportPart.run_id == run_id))
    kinds: tuple[Kind, ...] = ("added", "removed")
    met = {taken.record_id for part in parts for taken in unpacked(part, kinds)}
    return sorted(names[number] for number in met & names.keys())[:20]


def list_rows(run_id: int, *, after: int = 0, limit: int) -> list[OnboardingRow]:
    """Rows of an import that still wait, from the one behind row number `after` on."""
    return list(
        session().scalars(
            select(OnboardingRow)
            .where(
                OnboardingRow.run_id == run_id,
                OnboardingRow.row > after,
                OnboardingRow.state != "mended",
            )
            .order_by(OnboardingRow.row)
            .limit(limit)
        )
    )


def list_corrected(run_id: int, *, limit: int = 200) -> list[ImportError]:
    """What the portal corrected by itself in the rows of an import."""
    return list(
        session().scalars(
            select(ImportError)
            .where(ImportError.run_id == run_id, ImportError.mended)
            .order_by(ImportError.row, ImportError.id)
            .limit(limit)
        )
    )
