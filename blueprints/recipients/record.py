"""The record page of a recipient (SPEC F2)."""

from collections.abc import Mapping

from flask import url_for
from sqlalchemy import select

from blueprints.recipients import words
from blueprints.recipients.lists import status_label, status_tone
from blueprints.recipients.look_alikes import look_alikes
from blueprints.recipients.models import Recipient
from blueprints.recipients.queries import history_of, known_apart, merges_into
from blueprints.recipients.words import full_name, phone
from portal.access.scope import Scope
from portal.db import session
from portal.formats.shown import day
from portal.i18n import Label, _
from portal.people.models import User
from portal.records.page import Fact, Figure, RecordAction, RecordPage, RecordTab, Section
from portal.web.templating import moment


def recipient_page(scope: Scope, recipient: Recipient) -> RecordPage:
    """What the page of `recipient` shows."""
    tone = status_tone(recipient.dose_status)
    return RecordPage(
        title=full_name(recipient),
        kind="recipient",
        subject=recipient,
        url=url_for("recipients.record", recipient_id=recipient.id),
        panel=(
            Figure(
                _("Recipient Dose Status"),
                status_label(recipient.dose_status),
                tone="success" if tone == "success" else "",
            ),
            Figure(_("Date of Birth"), day(recipient.birth_date)),
            Figure(_("Preferred Method of Contact"), words.CONTACT_BY[recipient.contact_by]),
            Figure(_("Language"), words.LANGUAGE[recipient.language]),
        ),
        actions=_actions(scope, recipient),
        tabs=(
            RecordTab("details", _("Details"), _details(scope, recipient)),
            RecordTab("related", _("Related"), _related(scope, recipient)),
        ),
    )


def _actions(scope: Scope, recipient: Recipient) -> tuple[RecordAction, ...]:
    actions = []
    if scope.can("recipients.handle"):
        change = url_for("recipients.change", recipient_id=recipient.id)
        actions.append(RecordAction(_("Edit"), change, icon="pen"))
    if scope.can("recipients.merge"):
        merge = url_for("recipients.merge", recipient_id=recipient.id)
        actions.append(RecordAction(_("Merge"), merge))
    return tuple(actions)


def _related(scope: Scope, recipient: Recipient) -> tuple[Section, ...]:
    sections = [_history(scope, recipient)]
    merges = merges_into(recipient.id) if scope.can("recipients.merge") else []
    if merges:
        context = {"merges": merges}
        template = "recipients/_merges.html"
        sections.append(Section("merges", _("Merged Records"), template=template, context=context))
    return tuple(sections)


def _label(labels: Mapping[str, Label], code: str) -> Label:
    return labels.get(code, code) if code else ""


def _details(scope: Scope, recipient: Recipient) -> tuple[Section, ...]:
    races = ", ".join(str(words.RACES.get(code, code)) for code in recipient.races.split())
    person = (
        Fact(_("First Name"), recipient.first_name),
        Fact(_("Middle Name"), recipient.middle_name),
        Fact(_("Last Name"), recipient.last_name),
        Fact(_("Suffix"), recipient.suffix),
        Fact(_("Date of Birth"), day(recipient.birth_date)),
        Fact(_("Sex"), _label(words.SEX, recipient.sex)),
        Fact(_("Race"), races),
        Fact(_("Ethnicity"), _label(words.ETHNICITY, recipient.ethnicity)),
        Fact(_("Eligibility Group"), recipient.eligibility),
        Fact(_("Employer"), recipient.employer),
    )
    contact = (
        Fact(_("Street Address"), recipient.street),
        Fact(_("City"), recipient.city),
        Fact(_("State"), recipient.state),
        Fact(_("Zip"), recipient.zip_code),
        Fact(_("Mobile Phone"), phone(recipient.mobile_phone)),
        Fact(_("Other Phone"), phone(recipient.other_phone)),
        Fact(_("Email"), recipient.email),
        Fact(_("Preferred Method of Contact"), words.CONTACT_BY[recipient.contact_by]),
        Fact(_("Agreed to reminders"), _agreed(recipient)),
        Fact(_("Language"), words.LANGUAGE[recipient.language]),
    )
    return (
        Section("person", _("Recipient"), facts=person),
        Section("contact", _("Contact Information"), facts=contact),
        *_alike(scope, recipient),
    )


def _alike(scope: Scope, recipient: Recipient) -> tuple[Section, ...]:
    """Whom somebody looks like who registered without an account: nobody was asked then."""
    if recipient.created_by_id is not None:
        return ()
    apart = {recipient.id, *known_apart(recipient.id)}
    found = look_alikes(scope, recipient, apart_from=apart)
    lines = [
        {
            "name": full_name(other),
            "birth_date": other.birth_date,
            "href": url_for("recipients.record", recipient_id=other.id) if here else "",
        }
        for other, here in found
    ]
    if not lines:
        return ()
    context = {"lines": lines}
    template = "recipients/_alike.html"
    return (Section("alike", _("May be the same person"), template=template, context=context),)


def _agreed(recipient: Recipient) -> str:
    if recipient.reminders_agreed_at is None:
        return _("No")
    at = moment(recipient.reminders_agreed_at)
    if recipient.reminders_agreed_by_id is None:
        return _("%(moment)s, by the recipient", moment=at)
    name = (
        session()
        .execute(
            select(User.first_name, User.last_name).where(
                User.id == recipient.reminders_agreed_by_id
            )
        )
        .one()
    )
    return _("%(moment)s, noted by %(user)s", moment=at, user=f"{name[0]} {name[1]}")


def _history(scope: Scope, recipient: Recipient) -> Section:
    return Section(
        "vaccinations",
        _("Vaccinations"),
        template="recipients/_history.html",
        context=lambda: {
            "recipient": recipient,
            "history": history_of(recipient.id),
            "handles": scope.can("recipients.handle"),
        },
    )
