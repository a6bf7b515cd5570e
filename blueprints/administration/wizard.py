"""`Vaccinate`: identity and screening, consent, vaccination details, review (SPEC G9)."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, cast

from flask import g, request, url_for
from wtforms import Form
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]

from blueprints.administration import fields
from blueprints.administration.forms import (
    NOW,
    SOMEBODY_ELSE,
    ConsentForm,
    IdentityForm,
    SaveForm,
    VaccinationForm,
)
from blueprints.administration.judging import judged, number_due, questions_of, vaccine_of
from blueprints.administration.queries import OfferedLot, get_lot, lots_offered, noted, vial_choices
from blueprints.administration.recording import OVERRIDE, Injection, Overriding, checked
from blueprints.administration.rules import (
    ConsentBy,
    local_day,
    sheet_day_fits,
)
from blueprints.administration.scanning import choose_lot
from blueprints.administration.services import Giving, give
from blueprints.administration.visits import Chair, about, admit, chair, news, over
from blueprints.checkin.queries import alike_today
from blueprints.checkin.rules import are_enough, identifiers
from blueprints.recipients.words import full_name
from portal.access.scope import Scope
from portal.catalog.ages import age_in_years
from portal.catalog.models import Product
from portal.catalog.screening import ScreeningAnswer, ScreeningQuestion, fact_sheet_on
from portal.catalog.stops import Objection, codes, final, stops
from portal.clock import now
from portal.db import session
from portal.errors import Invalid, NotFound
from portal.formats.shown import day as day_text
from portal.i18n import _, _l
from portal.signing_in.countersigning import (
    COUNTERSIGNER,
    COUNTERSIGNER_PASSWORD,
    Countersignature,
    check,
)
from portal.wizards.definition import Answers, Done, Step, Wizard

ADULT = 18


# --- identity and screening ----------------------------------------------------------------------


def _products(scope: Scope, day: date) -> list[Product]:
    """The vaccines that can be given today, by name."""
    found = {one.product.id: one.product for one in lots_offered(scope, day)}
    return sorted(found.values(), key=lambda product: product.name)


def _identity_first(scope: Scope, answers: Answers) -> Mapping[str, Any]:
    here = chair(scope, answers.args)
    products = _products(scope, here.today)
    return {
        "identified_by": here.arrival.identified_by.split(),
        "product": fields.proposed_product(here.recipient, products),
        "language": here.recipient.language,
    }


def _identity_prepare(scope: Scope, form: Form, answers: Answers) -> None:
    here = chair(scope, answers.args)
    products = _products(scope, here.today)
    filled = cast(IdentityForm, form)
    filled.identified_by.choices = fields.IDENTIFIER_CHOICES
    filled.product.choices = [
        SelectChoice(str(one.id), fields.product_label(one)) for one in products
    ]
    fields.prepare_questions(filled, questions_of(products, here.recipient, here.today), products)


def _identity_context(scope: Scope, answers: Answers) -> Mapping[str, Any]:
    here = chair(scope, answers.args)
    return {
        "birth_date": here.recipient.birth_date,
        "name": full_name(here.recipient),
        "over": over(here),
        "alike": alike_today(scope, here.recipient),
    }


def _identity_check(scope: Scope, answers: Answers) -> None:
    if not are_enough(identifiers(answers["identified_by"])):
        raise Invalid(
            _("Confirm two things that tell who this is, for example name and date of birth."),
            field="identified_by",
        )


def _nothing_to_give(form: Form) -> bool:
    return not cast(IdentityForm, form).product.choices


# --- consent and fact sheet ----------------------------------------------------------------------


def _consent_first(scope: Scope, answers: Answers) -> Mapping[str, Any]:
    here = chair(scope, answers.args)
    grown = age_in_years(here.recipient.birth_date, here.today) >= ADULT
    product = _product(answers)
    return {
        "consent_by": ConsentBy.RECIPIENT if grown else ConsentBy.PARENT,
        "fact_sheet": fact_sheet_on(vaccine_of(product).group, here.today),
        "fact_sheet_on": here.today,
        "fact_sheet_language": answers["language"],
    }


def _consent_prepare(_scope: Scope, form: Form, _answers: Answers) -> None:
    cast(ConsentForm, form).consent_by.choices = fields.CONSENT_CHOICES


def _consent_check(scope: Scope, answers: Answers) -> None:
    here = chair(scope, answers.args)
    if answers["consent_by"] != ConsentBy.RECIPIENT and not answers["consent_name"]:
        raise Invalid(_("Enter the name of whoever agreed."), field="consent_name")
    if not sheet_day_fits(answers["fact_sheet_on"], here.today, here.recipient.birth_date):
        raise Invalid(
            _("The fact sheet is given before the dose. Enter that day."), field="fact_sheet_on"
        )


# --- vaccination details -------------------------------------------------------------------------


def _product(answers: Answers) -> Product:
    found = session().get(Product, int(answers["product"]))
    if found is None:
        raise NotFound
    return found


def _day(scope: Scope, form: VaccinationForm) -> date:
    """The day the dose was given, as far as the form says it: lots are offered for that day."""
    if form.when.data == NOW or not form.given_on.data:
        return scope.today()
    day: date = form.given_on.data
    return min(day, scope.today())


def _lots(scope: Scope, form: VaccinationForm, answers: Answers) -> list[OfferedLot]:
    return lots_offered(scope, _day(scope, form), product_id=int(answers["product"]))


def _details_first(scope: Scope, answers: Answers) -> Mapping[str, Any]:
    here, product = chair(scope, answers.args), _product(answers)
    return {
        "when": NOW,
        "dose_number": min(number_due(here.recipient, product), 9),
        **fields.usual(scope, here.recipient, product, here.today),
    }


def _details_prepare(scope: Scope, form: Form, answers: Answers) -> None:
    filled = cast(VaccinationForm, form)
    fields.prepare_injection(scope, filled)
    filled.when.choices = fields.WHEN_CHOICES
    lots = _lots(scope, filled, answers)
    fields.offer_lots(filled.lot, noted(scope, lots) if filled.when.data == NOW else lots)
    fields.offer_vials(filled.vial, vial_choices(scope, lots) if filled.when.data == NOW else ())


def _details_context(scope: Scope, answers: Answers) -> Mapping[str, Any]:
    here, product = chair(scope, answers.args), _product(answers)
    return {
        "name": full_name(here.recipient),
        "over": over(here),
        "birth_date": here.recipient.birth_date,
        "product": fields.product_label(product),
        "zone": fields.zone_name(scope),
        "found": _found(here, product, answers, number=number_due(here.recipient, product)),
    }


def _scan(scope: Scope, form: Form, answers: Answers, pressed: str) -> bool:
    filled = cast(VaccinationForm, form)
    offered = _lots(scope, filled, answers)
    return choose_lot(scope, filled, offered, pressed)


def _details_check(scope: Scope, answers: Answers) -> None:
    here = chair(scope, answers.args)
    at = given_at(scope, answers)
    fields.ensure_moment(scope, here.recipient, at)
    day = local_day(at or now(), scope.place.time_zone)
    if not sheet_day_fits(answers["fact_sheet_on"], day, here.recipient.birth_date):
        raise Invalid(
            _(
                "The fact sheet is dated %(day)s, after the dose. Go back and enter the day on "
                "which it was given.",
                day=day_text(answers["fact_sheet_on"]),
            ),
            field="given_on",
        )
    checked(scope, injection_of(scope, answers))
    record = get_lot(scope, int(answers["lot"]))
    if record.product_id != int(answers["product"]):
        raise Invalid(_("This lot is of another vaccine. Choose the lot again."), field="lot")
    if record.doses_available < 1:
        raise Invalid(
            _("Lot %(lot)s has no doses left. Choose another lot.", lot=record.lot), field="lot"
        )
    if fields.chosen_vial(answers):
        fields.ensure_vial(vial_choices(scope, lots_offered(scope, day)), answers)
    never = final(_judge(scope, here, answers))
    if never:
        raise Invalid(" ".join(one.text for one in never), field="lot")


def given_at(scope: Scope, answers: Answers) -> datetime | None:
    """When the dose was given; None for now."""
    if answers["when"] == NOW:
        return None
    return fields.moment(scope, answers.get("given_on"), answers.get("given_time") or "")


def injection_of(scope: Scope, answers: Answers) -> Injection:
    """How, when and by whom, as it was entered."""
    return fields.injection(answers, given_at(scope, answers))


# --- review --------------------------------------------------------------------------------------


def _questions(answers: Answers) -> dict[str, str]:
    return {line["code"]: line["answer"] or "" for line in answers.get("questions") or ()}


def _found(
    here: Chair, product: Product, answers: Answers, *, number: int
) -> tuple[Objection, ...]:
    return judged(
        here.recipient,
        product,
        number=number,
        day=here.today,
        answers=_questions(answers),
        lot=None,
    )


def _judge(scope: Scope, here: Chair, answers: Answers) -> tuple[Objection, ...]:
    record = get_lot(scope, int(answers["lot"]))
    at = given_at(scope, answers) or now()
    return judged(
        here.recipient,
        _product(answers),
        number=answers["dose_number"],
        day=local_day(at, scope.place.time_zone),
        answers=_questions(answers),
        lot=record,
    )


def _review_context(scope: Scope, answers: Answers) -> Mapping[str, Any]:
    here = chair(scope, answers.args)
    record, product = get_lot(scope, int(answers["lot"])), _product(answers)
    found = _judge(scope, here, answers)
    return {
        "name": full_name(here.recipient),
        "over": over(here),
        "birth_date": here.recipient.birth_date,
        "product": fields.product_label(product),
        "record": record,
        "found": found,
        "stopping": stops(found),
        "seen_stops": codes(stops(found)),
        "may_override": scope.can(OVERRIDE),
        "entered": fields.review_facts(scope, answers, given_at(scope, answers)),
        "number": answers["dose_number"],
    }


def giving_of(scope: Scope, answers: Answers, signature: Countersignature | None = None) -> Giving:
    """The dose that the answers describe; `signature` of who authorizes it at the user's screen."""
    here = chair(scope, answers.args)
    asked = questions_of([_product(answers)], here.recipient, here.today)
    return Giving(
        arrival_id=here.arrival.id,
        inventory_id=int(answers["lot"]),
        injection=injection_of(scope, answers),
        identified_by=tuple(answers["identified_by"]),
        language=answers["language"],
        answers=_asked(asked, answers),
        consent_by=answers["consent_by"],
        consent_name=answers["consent_name"],
        fact_sheet=answers["fact_sheet"],
        fact_sheet_on=answers["fact_sheet_on"],
        fact_sheet_language=answers["fact_sheet_language"],
        vial=fields.chosen_vial(answers),
        overriding=Overriding(
            reason=answers.get("override_reason") or "",
            seen=tuple((answers.get("stops") or "").split()),
            signature=signature,
        ),
    )


def _asked(questions: Sequence[ScreeningQuestion], answers: Answers) -> tuple[ScreeningAnswer, ...]:
    said = _questions(answers)
    return tuple(
        ScreeningAnswer(
            code=one.code,
            edition=one.edition,
            text=one.words[answers["language"]],
            answer=said[one.code],
        )
        for one in questions
        if said.get(one.code)
    )


def check_countersigner(scope: Scope, sent: Mapping[str, str]) -> Countersignature | None:
    """Compare the password of who authorizes what this user may not, if one was typed."""
    username, password = sent.get(COUNTERSIGNER, ""), sent.get(COUNTERSIGNER_PASSWORD, "")
    if scope.can(OVERRIDE) or not (username.strip() and password):
        return None
    return check(scope, OVERRIDE, username, password, address=request.remote_addr or "")


def save(scope: Scope, answers: Answers, _button: str) -> Done:
    """Record the dose."""
    dose = give(scope, giving_of(scope, answers, g.get("prepared")))
    return Done(url=url_for("administration.saved", vaccination_id=dose.id))


VACCINATE = Wizard(
    name="administration.give",
    title=_l("Vaccine Administration"),
    capability="administration.give",
    steps=(
        Step(
            "identity",
            _l("Identity and screening"),
            form=IdentityForm,
            template="administration/_identity.html",
            initial=_identity_first,
            prepare=_identity_prepare,
            context=_identity_context,
            check=_identity_check,
            nothing=_nothing_to_give,
        ),
        Step(
            "consent",
            _l("Consent and fact sheet"),
            form=ConsentForm,
            template="administration/_consent.html",
            initial=_consent_first,
            prepare=_consent_prepare,
            context=_details_context,
            check=_consent_check,
        ),
        Step(
            "details",
            _l("Vaccination details"),
            form=VaccinationForm,
            template="administration/_details.html",
            initial=_details_first,
            prepare=_details_prepare,
            context=_details_context,
            check=_details_check,
            assist=_scan,
        ),
        Step(
            "review",
            _l("Review"),
            form=SaveForm,
            template="administration/_review.html",
            context=_review_context,
        ),
    ),
    finish=save,
    finish_label=_l("Save"),
    admit=admit,
    about=about,
    news=news,
    before_finish=check_countersigner,
)

__all__ = ["SOMEBODY_ELSE", "VACCINATE"]
