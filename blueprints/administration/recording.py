"""How a dose is written down: its versions, the fact about the person, the line of the ledger.

Whoever records, corrects or removes a dose holds the recipient first, and with the recipient all
arrivals and appointments; then records of the inventory in the order of their ids.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from blueprints.administration.models import Administration
from blueprints.administration.rules import (
    Funding,
    RecordState,
    Route,
    Site,
    clean_volume,
    ensure_reason,
    local_day,
)
from blueprints.inventory.ledger import entries as ledger
from blueprints.inventory.models import VaccineInventory
from blueprints.inventory.rules import Kind
from blueprints.recipients.models import Vaccination
from portal.access.scope import Scope
from portal.access.through import Through, acting
from portal.audit.services import record as audit
from portal.audit.services import seal
from portal.catalog.screening import ScreeningAnswer
from portal.catalog.stops import Objection, are_covered, codes, final, stops
from portal.clock import now
from portal.db import session
from portal.errors import Conflict, Invalid, NotFound
from portal.i18n import _
from portal.module import current, load
from portal.people.models import User
from portal.people.queries import actor_of
from portal.signing_in.countersigning import Countersignature, confirmed

LONGEST_NAME = 120
OVERRIDE = "administration.override"


@dataclass(frozen=True, kw_only=True)
class Injection:
    """How, when and by whom a dose was given. `given_at` None is now; `given_by` is the name where
    it was nobody with an account."""

    dose_number: int
    site: str
    route: str
    volume_ml: str
    funding: str
    given_at: datetime | None = None
    given_by_id: int | None = None
    given_by: str = ""


@dataclass(frozen=True, kw_only=True)
class Overriding:
    """Why stops were overridden, and the codes of those that whoever decided had seen. `signature`
    is of somebody who may override, where the user may not."""

    reason: str = ""
    seen: tuple[str, ...] = ()
    signature: Countersignature | None = None


def checked(scope: Scope, injection: Injection) -> Injection:
    """The injection as it is stored. Raises `Invalid` on the field that is wrong."""
    for field, known in (("site", Site), ("route", Route), ("funding", Funding)):
        if getattr(injection, field) not in {str(one) for one in known}:
            raise Invalid(_("Choose one of these."), field=field)
    if not 1 <= injection.dose_number <= 9:  # noqa: PLR2004
        raise Invalid(_("Enter a dose number from 1 to 9."), field="dose_number")
    name = " ".join(injection.given_by.split())
    if injection.given_by_id is not None:
        name = _name_of(scope, injection.given_by_id)
    if not name or len(name) > LONGEST_NAME:
        raise Invalid(_("Enter who gave the dose."), field="given_by")
    return Injection(
        dose_number=injection.dose_number,
        site=injection.site,
        route=injection.route,
        volume_ml=clean_volume(injection.volume_ml),
        funding=injection.funding,
        given_at=injection.given_at,
        given_by_id=injection.given_by_id,
        given_by=name,
    )


def _name_of(scope: Scope, user_id: int) -> str:
    if user_id == scope.user.id:
        return scope.user.full_name[:LONGEST_NAME]
    found = session().execute(select(User.first_name, User.last_name).where(User.id == user_id))
    row = found.one_or_none()
    if row is None:
        raise NotFound
    return f"{row.first_name} {row.last_name}"[:LONGEST_NAME]


def ensure_two(scope: Scope, decided_by: object, injection: Injection, *, field: str) -> None:
    """Raise `Invalid` on `field` if who authorized the dose at another user's screen is also said
    to have given it, by account or by name."""
    if not is_countersigned(scope, decided_by):
        return
    signer = session().get_one(User, decided_by)
    name = " ".join(injection.given_by.split()).casefold()
    if injection.given_by_id == signer.id or (name and name == signer.full_name.casefold()):
        raise Invalid(
            _("Whoever gave the dose cannot authorize it too. Nothing was saved."), field=field
        )


def ensure_allowed(
    scope: Scope, found: Sequence[Objection], overriding: Overriding
) -> dict[str, object]:
    """The columns that say what was overridden, by whom and why.

    Raises `Invalid` for what nobody can override and for a signature that does not count, and
    `Conflict` for a stop that is not overridden by somebody who may and who knew of it.
    """
    never = final(found)
    if never:
        raise Invalid(" ".join(one.text for one in never), field="lot")
    stopping = stops(found)
    if not stopping:
        return {"override_of": "", "override_reason": "", "overridden_by_id": None}
    said = " ".join(one.text for one in stopping)
    decided_by = scope.user.id
    if not scope.can(OVERRIDE):
        if overriding.signature is None:
            raise Conflict(
                _(
                    "%(stops)s Nothing was saved. Only a location manager can authorize it.",
                    stops=said,
                )
            )
        decided_by = confirmed(scope, OVERRIDE, overriding.signature).id
    if not overriding.reason.strip():
        raise Conflict(
            _("%(stops)s Nothing was saved. To record it anyway, enter the reason.", stops=said),
            field="override_reason",
        )
    if not are_covered(stopping, overriding.seen):
        raise Conflict(
            _("Something has changed: %(stops)s Nothing was saved. Decide again.", stops=said)
        )
    return {
        "override_of": codes(stopping),
        "override_reason": ensure_reason(overriding.reason, field="override_reason"),
        "overridden_by_id": decided_by,
    }


def note_authorized(scope: Scope, version: Administration) -> None:
    """Write down in the audit trail that somebody else authorized a version at the user's
    screen."""
    who = session().get_one(User, version.overridden_by_id)
    with acting(Through.PAGE):
        audit(
            actor_of(who, who.profile_at_locations),
            "vaccination.authorized",
            subject="recipient",
            subject_id=session().get_one(Vaccination, version.vaccination_id).recipient_id,
            location_id=scope.location_id,
            summary=version.override_reason,
            after={"vaccination": version.vaccination_id, "recorded_by": scope.user.id},
        )


def is_countersigned(scope: Scope, decided_by: object) -> bool:
    """Whether somebody else authorized it at the user's screen."""
    return decided_by not in (None, scope.user.id)


def take_dose(
    scope: Scope, record: VaccineInventory, day: date, *, before_hold: bool = False
) -> int:
    """Take one dose of exactly this record; the id of the line of the ledger. `before_hold` says
    that it was used before the record was put in quarantine. Raises `Invalid`."""
    movement = ledger.Movement(
        kind=Kind.ADMINISTERED, doses=1, happened_on=day, before_hold=before_hold
    )
    try:
        return ledger.post(scope.user, record.id, movement).id
    except Invalid as refusal:
        field = "given_on" if refusal.field == "happened_on" else "lot"
        raise Invalid(refusal.message, field=field) from refusal


def put_back(scope: Scope, entry_id: int, day: date, why: str) -> None:
    """Put a dose back, on the day on which it had left. Raises `Conflict`."""
    ledger.reverse(scope.user, entry_id, happened_on=day, note=why)


def follow(vaccination: Vaccination, record: VaccineInventory, version: Administration) -> None:
    """Bring the fact about the person in line with the newest version."""
    vaccination.product_id = record.product_id
    vaccination.dose_number = version.dose_number
    vaccination.given_at = version.given_at
    vaccination.given_on = local_day(version.given_at, version.time_zone)
    vaccination.lot_number = record.lot
    vaccination.expiration_date = record.expiration_date
    if version.state == RecordState.REMOVED:
        vaccination.state, vaccination.reason = "entered_in_error", version.why


def write(version: Administration) -> Administration:
    """Store a version, sealed."""
    session().add(version)
    session().flush()
    seal(version)
    return version


def successor(scope: Scope, before: Administration, why: str, **changes: object) -> Administration:
    """The version after `before`, with these changes; not stored yet."""
    left_out = {"id", "version", "recorded_at", "recorded_by_id", "why"}
    values = {
        column.key: getattr(before, column.key)
        for column in Administration.__table__.columns
        if column.key not in left_out
    }
    return Administration(
        **{**values, **changes},
        version=before.version + 1,
        recorded_at=now(),
        recorded_by_id=scope.user.id,
        why=why,
    )


def screening_text(language: str, answers: Sequence[ScreeningAnswer]) -> str:
    """What was asked and answered, as it is stored."""
    return json.dumps(
        {
            "language": language,
            "questions": [[one.code, one.edition, one.text, one.answer] for one in answers],
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )


def read_screening(text: str) -> tuple[str, list[ScreeningAnswer]]:
    """The language, the questions and the answers, as `screening_text` stored them."""
    if not text:
        return "", []
    read = json.loads(text)
    return read["language"], [
        ScreeningAnswer(code=code, edition=edition, text=words, answer=answer)
        for code, edition, words, answer in read["questions"]
    ]


def announce(slot: str, scope: Scope, version: Administration, *choice: str) -> None:
    """Call what other modules do in the same transaction when a dose is taken or put back; where
    one is taken, with the vial that was chosen."""
    for fill in current().fills(slot):
        load(fill.function)(scope, version, *choice)
