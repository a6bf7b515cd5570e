"""What the forms of a dose offer and begin with."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from wtforms import RadioField, SelectField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]

from blueprints.administration.forms import (
    EARLIER,
    NOW,
    SOMEBODY_ELSE,
    IdentityForm,
    InjectionFields,
)
from blueprints.administration.judging import given_to, history_of, vaccine_of
from blueprints.administration.models import Administration
from blueprints.administration.queries import OfferedLot, last_of_today, vaccinators
from blueprints.administration.recording import Injection
from blueprints.administration.rules import (
    Funding,
    Route,
    Site,
    ensure_happened,
    minute_of,
    moment_of,
)
from blueprints.administration.words import ANSWERS, CAPS, CONSENT, FUNDING, ROUTES, SITES
from blueprints.checkin.words import IDENTIFIERS
from blueprints.recipients.models import Recipient
from portal import clock
from portal.access.scope import Scope
from portal.catalog.ages import age_in_years
from portal.catalog.models import Product
from portal.catalog.queries import facts_on
from portal.catalog.screening import ScreeningQuestion
from portal.errors import Invalid
from portal.formats.shown import moment_in
from portal.i18n import _, _l
from portal.web.forms import Required

VFC_UNTIL = 19
# Into the arm from three years, before that into the thigh. Source: CDC, General Best Practice
# Guidelines for Immunization, vaccine administration.
ARM_FROM = 3
ARMS = frozenset({Site.LEFT_ARM, Site.RIGHT_ARM})


def _choices(labels: Mapping[Any, object]) -> list[SelectChoice]:
    return [SelectChoice(str(code), label) for code, label in labels.items()]


# Made once: every step of a wizard offers them.
ANSWER_CHOICES = _choices(ANSWERS)
CONSENT_CHOICES = _choices(CONSENT)
FUNDING_CHOICES = [SelectChoice("", _l("Choose")), *_choices(FUNDING)]
IDENTIFIER_CHOICES = _choices(IDENTIFIERS)
ROUTE_CHOICES = _choices(ROUTES)
SITE_CHOICES = _choices(SITES)
WHEN_CHOICES = _choices({NOW: _l("Now"), EARLIER: _l("Earlier: enter date and time")})


def product_label(product: Product) -> str:
    """A product with the color of its cap, unless its name says it."""
    cap = CAPS.get(product.cap_color)
    if cap is None or product.cap_color in product.name:
        return product.name
    return f"{product.name} ({cap})"


def proposed_product(recipient: Recipient, products: Sequence[Product]) -> str | None:
    """The vaccine that continues what the person was given, or the only one there is."""
    if len(products) == 1:
        return str(products[0].id)
    given = history_of(given_to(recipient))
    for dose in sorted(given, key=lambda dose: dose.day, reverse=True):
        same = [one for one in products if vaccine_of(one) == dose.vaccine]
        continuing = [one for one in products if vaccine_of(one).continues(dose.vaccine)]
        if same or len(continuing) == 1:
            return str((same or continuing)[0].id)
    return None


def prepare_questions(
    form: IdentityForm, questions: Sequence[ScreeningQuestion], products: Sequence[Product]
) -> None:
    """Have the form ask these questions, in their order, with the answers it has of them. Those
    for the chosen one of the products must be answered."""
    known = [vaccine_of(product) for product in products]
    ids = [str(product.id) for product in products]
    chosen = ids.index(form.product.data) if form.product.data in ids else None
    if [entry.form["code"].data for entry in form.questions.entries] != [
        one.code for one in questions
    ]:
        _ask_instead(form, questions)
    for one, entry in zip(questions, form.questions.entries, strict=True):
        entry.form.about = one
        answer = entry.form["answer"]
        answer.choices = ANSWER_CHOICES
        answer.label.text = one.words["en"]
        places = [
            at for at, vaccine in enumerate(known) if one.concerns(vaccine.cvx, vaccine.group)
        ]
        entry.form.concerns = " ".join(f"q{at}" for at in places)
        if chosen in places:
            answer.validators = [Required(_("Ask this question."))]


def _ask_instead(form: IdentityForm, questions: Sequence[ScreeningQuestion]) -> None:
    """Put these questions in the place of those that the form has, with their answers."""
    said = {entry.form["code"].data: entry.form["answer"].data for entry in form.questions.entries}
    form.questions.entries = []
    form.questions.last_index = -1
    for one in questions:
        form.questions.append_entry({"code": one.code, "answer": said.get(one.code)})


def prepare_injection(scope: Scope, form: InjectionFields) -> None:
    """Fill the choices of how, by whom and who pays."""
    form.site.choices = SITE_CHOICES
    form.route.choices = ROUTE_CHOICES
    form.funding.choices = FUNDING_CHOICES
    form.given_by.choices = [
        *(SelectChoice(str(number), name) for number, name in vaccinators(scope)),
        SelectChoice(SOMEBODY_ELSE, _("Somebody else")),
    ]


def usual(scope: Scope, recipient: Recipient, product: Product, day: date) -> Mapping[str, Any]:
    """What is likely: into the muscle, the label's volume; site and vaccinator as this user
    recorded them last today, at first no site and whoever enters it."""
    facts, last = facts_on(product.id, day), last_of_today(scope)
    age = age_in_years(recipient.birth_date, day)
    return {
        "site": _site(last, age),
        "route": Route.MUSCLE,
        "volume_ml": facts.dose_volume_ml if facts else "",
        "given_by": _vaccinator(scope, last),
        "given_by_name": last.given_by if last and last.given_by_id is None else "",
        "funding": Funding.PRIVATE if age >= VFC_UNTIL else "",
    }


def _site(last: Administration | None, age: int) -> str | None:
    """The site of the last dose, if it is usual at this age too."""
    usual = last is not None and (last.site in ARMS) == (age >= ARM_FROM)
    return last.site if last and usual else None


def _vaccinator(scope: Scope, last: Administration | None) -> str:
    """Who gave the last dose, if they are offered; else whoever enters this one."""
    if last is not None and last.given_by_id is None:
        return SOMEBODY_ELSE
    offered = {number for number, _name in vaccinators(scope)}
    known = last is not None and last.given_by_id in offered
    return str(last.given_by_id if last and known else scope.user.id)


def offer_lots(field: RadioField, offered: Sequence[OfferedLot]) -> None:
    """Fill the lots to choose from, each with its record beside it."""
    field.choices = [SelectChoice(str(one.record.id), one.record.lot) for one in offered]
    field.offered = {  # type: ignore[attr-defined]
        str(one.record.id): replace(one, label=product_label(one.product)) for one in offered
    }
    if len(offered) == 1 and field.data is None and not field.raw_data:
        field.data = str(offered[0].record.id)


def offer_vials(field: SelectField, choices: Sequence[tuple[str, str, int | None]]) -> None:
    """Fill the vials to choose from; none where none is open."""
    offered = [(value, label) for value, label, _record in choices]
    field.choices = [("", _("Your open vial, or the one in use")), *offered]
    if not offered:
        field.choices = []


def chosen_vial(answers: Mapping[str, Any]) -> str:
    """The vial that was chosen; blank for a dose that was given earlier."""
    return (answers.get("vial") or "") if answers["when"] == NOW else ""


def ensure_vial(choices: Sequence[tuple[str, str, int | None]], answers: Mapping[str, Any]) -> None:
    """Raise `Invalid` for a vial that is not of the chosen lot, or no longer open."""
    chosen = chosen_vial(answers)
    fitting = {value for value, _label, record in choices if record in (None, int(answers["lot"]))}
    if chosen and chosen not in fitting:
        raise Invalid(
            _("This vial is of another lot, or used up. Choose the lot or the vial again."),
            field="vial",
        )


def zone_name(scope: Scope, at: datetime | None = None) -> str:
    """How the location's clocks are called at that moment, or now: EST."""
    return moment_in(at or clock.now(), scope.place.time_zone).rpartition(" ")[2]


def moment(
    scope: Scope, day: date | None, text: str, *, field: str = "given_time", on: str = "given_on"
) -> datetime:
    """The moment of a day and a time as typed. Raises `Invalid` on the field that is wrong."""
    if day is None:
        raise Invalid(_("Enter the day on which the dose was given."), field=on)
    if not text:
        raise Invalid(_("Enter a time such as 2:05 PM."), field=field)
    return moment_of(day, minute_of(text, field=field), scope.place.time_zone, field=field)


def ensure_moment(scope: Scope, recipient: Recipient, at: datetime | None) -> None:
    """Raise `Invalid` unless the dose can have been given then."""
    present = clock.now()
    ensure_happened(at or present, present, recipient.birth_date, scope.place.time_zone)


def injection(answers: Mapping[str, Any], at: datetime | None) -> Injection:
    """How, when and by whom a dose was given, as it was entered."""
    somebody_else = answers["given_by"] == SOMEBODY_ELSE
    return Injection(
        dose_number=answers["dose_number"],
        site=answers["site"],
        route=answers["route"],
        volume_ml=answers["volume_ml"],
        funding=answers["funding"],
        given_at=at,
        given_by_id=None if somebody_else else int(answers["given_by"]),
        given_by=answers.get("given_by_name") or "" if somebody_else else "",
    )


def review_facts(
    scope: Scope, answers: Mapping[str, Any], at: datetime | None
) -> list[tuple[object, object]]:
    """What was entered of the dose, as the last page shows it."""
    by = dict(vaccinators(scope)).get(int(answers["given_by"]), answers.get("given_by_name"))
    when = moment_in(at, scope.place.time_zone) if at else _("Now")
    return [
        (_("Dose number"), answers["dose_number"]),
        (_("Site"), dict(by_code(SITES))[answers["site"]]),
        (_("Route"), dict(by_code(ROUTES))[answers["route"]]),
        (_("Volume"), f"{answers['volume_ml']} mL"),
        (_("When"), when),
        (_("Given by"), by),
        (_("Funding"), dict(by_code(FUNDING))[answers["funding"]]),
        (
            _("Consent"),
            " ".join(
                str(part)
                for part in (dict(by_code(CONSENT))[answers["consent_by"]], answers["consent_name"])
                if part
            ),
        ),
        (_("Fact sheet"), answers["fact_sheet"]),
    ]


def by_code(labels: Mapping[Any, object]) -> list[tuple[str, object]]:
    """Labels by their codes as text."""
    return [(str(code), label) for code, label in labels.items()]
