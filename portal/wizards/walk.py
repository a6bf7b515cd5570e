"""Walking through a wizard: which steps apply, which are complete, what was answered.

What was typed is kept as it was typed. Whether a step is complete is found out again each time, so
a draft from before a new version, or of last week, leads to the step that needs attention.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from werkzeug.datastructures import MultiDict
from wtforms import Field as AnyField
from wtforms import FieldList, FileField, Form, FormField, PasswordField

from portal.access.scope import Scope
from portal.drafts import Sent
from portal.errors import Conflict, Invalid, NotFound, PortalError
from portal.i18n import _
from portal.lookups.fields import LookupField, lookups_of
from portal.web.forms import PassingField
from portal.wizards.definition import Answers, NotValidYet, PartialAnswers, Step, Wizard


def names_of(fields: Any) -> Iterator[str]:
    """The names under which a form's fields are sent; what no draft keeps is left out."""
    for each in fields:
        if isinstance(each, PasswordField | PassingField | FileField):
            continue
        if isinstance(each, FormField):
            yield from names_of(each.form)
        elif isinstance(each, FieldList):
            yield from names_of(each.entries)
        else:
            yield each.name
            if isinstance(each, LookupField):
                yield each.text_name


def sent_of(form: Form, sent: "MultiDict[str, str]") -> Sent:
    """What was sent for the fields of `form`, and nothing else, in order.

    A look-up whose choice is known by now is kept with that choice, whatever the text would find
    another day.
    """
    known = set(names_of(form))
    chosen: dict[str, str] = {}
    for each in lookups_of(form):
        if each.choice is not None:
            chosen |= {each.name: str(each.choice.id), each.text_name: each.choice.label}
    rows = tuple(f"{each.name}-" for each in form if isinstance(each, FieldList))
    kept = [
        [name, value]
        for name, value in sent.items(multi=True)
        if name in known - set(chosen) or (rows and name.startswith(rows) and name not in chosen)
    ]
    return kept + [[name, value] for name, value in chosen.items()]


def refuse(form: Form | None, error: PortalError) -> bool:
    """Put a refusal beside the field it names; False if the form has no such field."""
    found = _named(form or (), error.field) if error.field else None
    if found is None:
        return False
    if error.message not in found.errors:
        found.errors = [*found.errors, error.message]
    return True


def _named(fields: Any, name: str) -> AnyField | None:
    """The field of that name, in nested forms too (`lines-0-doses`)."""
    for each in fields:
        if each.name == name:
            return each  # type: ignore[no-any-return]
        if isinstance(each, FormField | FieldList):
            found = _named(each.form if isinstance(each, FormField) else each.entries, name)
            if found is not None:
                return found
    return None


def gone() -> Conflict:
    """What a step says whose input names something that is no longer there for this user."""
    return Conflict(
        _(
            "Something in this form is no longer at your location, or was deleted. Please check "
            "what you entered."
        )
    )


@dataclass
class Passed:
    """A complete step and its form, as the review shows it."""

    step: Step
    form: Form | None


@dataclass
class Walk:
    """The way up to a step: `halt` is the first step before it that is not complete."""

    answers: Answers
    passed: list[Passed] = field(default_factory=list)
    halt: Step | None = None

    def again(self) -> "Walk":
        """The same way, for who adds answers of its own."""
        return Walk(self.answers.copy(), list(self.passed), self.halt)


class Walker:
    """One request's view of a wizard: its definition, who asks, and what was entered so far.

    `begun` says that there is a draft: what its address named when it was opened may be gone.
    """

    def __init__(
        self,
        wizard: Wizard,
        scope: Scope,
        args: Mapping[str, str],
        entered: Mapping[str, Sent],
        *,
        begun: bool = False,
    ) -> None:
        self.wizard = wizard
        self.scope = scope
        self.args = args
        self.entered = entered
        self.begun = begun
        self._first_values: Mapping[str, Any] | None = None
        self._walks: dict[str | None, Walk] = {}

    def step(self, key: str) -> Step:
        """The step of that key. Raises `NotFound`."""
        for step in self.wizard.all_steps:
            if step.key == key:
                return step
        raise NotFound

    def applies(self, step: Step, answers: Answers) -> bool:
        """Whether the step is part of the way, as far as is known."""
        return step.when is None or step.when(self.scope, answers)

    def steps(self, answers: Answers) -> list[Step]:
        """All steps that apply, as far as is known; the confirmation too."""
        return [step for step in self.wizard.all_steps if self.applies(step, answers)]

    def form(
        self, step: Step, answers: Answers, sent: "MultiDict[str, str] | None" = None
    ) -> Form | None:
        """The step's form: as just sent, else as kept, else with its first values."""
        if step.form is None:
            return None
        if sent is None and step.key in self.entered:
            sent = MultiDict([(name, value) for name, value in self.entered[step.key]])
        first: dict[str, Any] = {}
        if sent is None:
            first = {**self._prefilled()}
            if step.initial:
                first |= step.initial(self.scope, answers)
        form = step.form(formdata=sent, data=first)
        if step.prepare:
            step.prepare(self.scope, form, answers)
        return form

    def _prefilled(self) -> Mapping[str, Any]:
        if self._first_values is None:
            prefill = self.wizard.prefill
            try:
                self._first_values = prefill(self.scope, self.args) if prefill else {}
            except NotFound:
                if not self.begun:
                    raise
                self._first_values = {}
        return self._first_values

    def check(self, step: Step, form: Form | None, answers: Answers) -> PortalError | None:
        """Validate a step and add its data to `answers`.

        Returns what is wrong: an `Invalid` without message if it is shown beside the fields, else
        the refusal of the step's `check`.
        """
        if form is not None:
            if not form.validate():
                self._ask_of_the_rest(step, form, answers)
                return Invalid("")
            answers.update(form.data)
        refused = self._refusals(step, answers)
        above = [error for error in refused if not refuse(form, error)]
        if above:
            return above[0]
        return Invalid("") if refused else None

    def _refusals(self, step: Step, answers: Answers) -> list[PortalError]:
        """What the rules of a step say, each asked."""
        found: list[PortalError] = []
        for rule in step.rules:
            try:
                rule(self.scope, answers)
            except (Invalid, Conflict) as error:
                found.append(error)
            except NotValidYet:
                continue
            except NotFound:
                if not self.begun:
                    raise
                found.append(gone())
        return found

    def _ask_of_the_rest(self, step: Step, form: Form, answers: Answers) -> None:
        """Put beside its field, too, what a rule says of the fields that are valid, so that all
        errors come in one round. A rule that asks for one of the others says nothing yet."""
        wrong = {each.short_name for each in form if each.errors}
        known = answers.copy()
        known.update({name: value for name, value in form.data.items() if name not in wrong})
        for error in self._refusals(step, PartialAnswers(known, wrong)):
            if error.field not in wrong:
                refuse(form, error)

    def walk(self, to: str | None = None) -> Walk:
        """Go through the steps before `to` (None: through all), halting at an incomplete one.

        A walker goes each way once: what was entered does not change while it walks."""
        if to not in self._walks:
            self._walks[to] = self._walk(to)
        return self._walks[to].again()

    def _walk(self, to: str | None) -> Walk:
        way = Walk(Answers(self.args))
        for step in self.wizard.steps:
            if step.key == to:
                break
            if not self.applies(step, way.answers):
                continue
            known = step.form is None or step.key in self.entered
            form = self.form(step, way.answers) if known else None
            if not known or self.check(step, form, way.answers) is not None:
                way.halt = step
                break
            way.passed.append(Passed(step, form))
        return way

    def entered_forms(self) -> list[tuple[Step, Form]]:
        """Every step something was entered in, complete or not, with its form as it was left."""
        way = self.walk()
        found = [(each.step, each.form) for each in way.passed if each.form is not None]
        seen = {step.key for step, _form in found}
        for step in self.wizard.steps:
            if step.form is not None and step.key in self.entered and step.key not in seen:
                sent = MultiDict([(name, value) for name, value in self.entered[step.key]])
                reached = step is way.halt
                form = self.form(step, way.answers) if reached else step.form(formdata=sent)
                assert form is not None
                found.append((step, form))
        return found
