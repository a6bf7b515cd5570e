"""A wizard as data: its steps, and the one function that finishes it (SPEC B5)."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, BinaryIO

from wtforms import Form, PasswordField

from portal.access.scope import Scope
from portal.drafts import Sent
from portal.module import load

if TYPE_CHECKING:
    from flask import Blueprint


class Answers(dict[str, Any]):
    """The clean data of all steps passed so far, by field name.

    `args` is what the address said when the wizard was opened: variables of the route and the
    query, as text.
    """

    def __init__(self, args: Mapping[str, str]) -> None:
        super().__init__()
        self.args = dict(args)

    def copy(self) -> "Answers":
        """The same answers, to add to."""
        other = Answers(self.args)
        other.update(self)
        return other


class NotValidYet(Exception):
    """A rule asked for the value of a field that is not valid."""


class PartialAnswers(Answers):
    """Answers without those to the fields that are not valid: who asks for one of them, or for all
    there are, is stopped by `NotValidYet`."""

    def __init__(self, known: Answers, wrong: Collection[str]) -> None:
        super().__init__(known.args)
        super().update(known)
        self._wrong = frozenset(wrong)

    def _stop_at(self, name: object) -> None:
        if name in self._wrong:
            raise NotValidYet

    def __getitem__(self, name: str) -> Any:
        self._stop_at(name)
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        """As of any dictionary."""
        self._stop_at(name)
        return super().get(name, default)

    def __contains__(self, name: object) -> bool:
        self._stop_at(name)
        return super().__contains__(name)

    def _stop(self, *_values: object) -> Any:
        raise NotValidYet

    __iter__ = keys = values = items = copy = pop = __eq__ = __len__ = __or__ = _stop
    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True)
class Done:
    """What finishing led to: `url` of the result, a sentence for the user, where to go next if
    that is not the result (`Save & New`), and labels and values for a confirmation to show."""

    url: str
    message: str = ""
    then: str = ""
    facts: tuple[tuple[object, object], ...] = ()


@dataclass(frozen=True)
class FinishButton:
    """One more way to finish, e.g. `FinishButton("new", _("Save & New"))`; `value` reaches
    `finish` as its `button`."""

    value: str
    label: object


@dataclass(frozen=True)
class Begun:
    """What is known of an unfinished wizard: `args` as in `Answers`; `entered` holds what was
    typed, by the names it is sent under, blanks left out; since `since` it has waited."""

    args: Mapping[str, str]
    entered: Mapping[str, str]
    since: datetime


Rule = Callable[[Scope, Answers], None]

FIELDS = "wizards/_fields.html"
CONFIRMATION = "wizards/_confirmation.html"
REVIEW = "wizards/_review.html"


@dataclass(frozen=True)
class Step:
    """One page of a wizard. Texts may be lazily translated.

    `template` is the body of the page (it sees `form`, `answers`, and what `context` gives); the
    usual one shows all fields, one after another. A step without `form` only shows something.

    The functions see the answers of the steps before (`check`: of this one too):
    `when` says whether the step applies (what is not answered yet is missing: use `.get`);
    `initial` gives the first values of fields, once; `prepare` fills choices and the like before
    the form is shown or validated; `context` gives more for the template; `check` raises
    `PortalError`: with a `field` it is shown beside it, otherwise above the form. It may be several
    functions: each is asked, so that all that is wrong is said at once. One that asks for a field
    that is not valid stops there and says nothing yet. `nothing` says of
    the prepared form that it offers nothing to choose: then there is no way forward, only `Cancel`;
    the template is told as `nothing`, to say why.

    `assist` is asked when a form was sent to go forward, before anything is validated; its last
    argument is the value of the pressed button if that is named `assist`, else "". If it says True
    the form comes back as `assist` left it, and nothing is kept.
    """

    key: str
    title: object
    form: type[Form] | None = None
    template: str = FIELDS
    when: Callable[[Scope, Answers], bool] | None = None
    initial: Callable[[Scope, Answers], Mapping[str, Any]] | None = None
    prepare: Callable[[Scope, Form, Answers], None] | None = None
    context: Callable[[Scope, Answers], Mapping[str, Any]] | None = None
    check: Rule | tuple[Rule, ...] | None = None
    next_label: object = None
    nothing: Callable[[Form], bool] | None = None
    assist: Callable[[Scope, Form, Answers, str], bool] | None = None

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The functions of `check`."""
        if self.check is None or isinstance(self.check, tuple):
            return self.check or ()
        return (self.check,)


def review_step(title: object, key: str = "review") -> Step:
    """A step that lists everything entered, label and value, with a way back to each step."""
    return Step(key, title, template=REVIEW)


def field_names(form: type[Form]) -> list[str]:
    """The names of the fields a form class declares."""
    return [name for name in dir(form) if hasattr(getattr(form, name), "_formfield")]


def password_names(form: type[Form]) -> list[str]:
    """The names of the password fields a form class declares."""
    return [name for name in field_names(form) if getattr(form, name).field_class is PasswordField]


def confirmation_step(title: object, key: str = "done") -> Step:
    """A confirmation that shows the facts of the `Done`."""
    return Step(key, title, template=CONFIRMATION)


@dataclass(frozen=True, kw_only=True)
class Wizard:
    """A task in steps. `finish(scope, answers, button)` calls one service and says where to go;
    `button` is "finish" or the value of an extra button. It runs in the request's transaction,
    once for each draft.

    `prefill(scope, args)` gives first values by field name from the address the wizard was opened
    with. `admit(scope, args)` runs before there is a draft and raises `PortalError` (typically
    `NotFound`) if what the address names is not for this user. A draft is never refused: if what
    it names has since gone, the step that names it needs attention.

    `lock(scope, entered)` takes the locks that the work will take, before the steps are looked at
    for the last time; `entered` is what was sent, by step. What they read then still holds when
    the work judges it, and need not be read again.

    Asked once for several unfinished ones, by id: `about(scope, begun)` says in a few words what
    each is about (the lot, the shipment), `news(scope, begun)` what has happened to that since.
    `leave(scope, args)` is where `Cancel` leads, instead of to `Home`.

    `read_files(files)` is given the files that were sent with a step, by the names of their fields,
    before the request's transaction, which it must not hold up. What it makes of them reaches those
    fields (`FileField`) and so `assist`, and is kept nowhere; nor are the files.

    `before_finish(scope, sent)` gets what is sent to finish with a password, before the request's
    transaction: its failures stay counted whatever becomes of the request. `finish` finds what it
    gives in `g.prepared`. It goes with no `read_files`.

    With `confirmation` (a step without form) the last of `steps` finishes on `Next`, and that page
    follows. Its template sees `done`, the `facts` of the `Done`, and `result`, the address; its
    `Finish` leads there. What was entered is forgotten by then: `answers` holds only `args`.
    """

    name: str
    title: object
    capability: str
    steps: tuple[Step, ...]
    finish: Callable[[Scope, Answers, str], Done]
    finish_label: object = None
    finish_buttons: tuple[FinishButton, ...] = ()
    prefill: Callable[[Scope, Mapping[str, str]], Mapping[str, Any]] | None = None
    admit: Callable[[Scope, Mapping[str, str]], None] | None = None
    about: Callable[[Scope, Mapping[int, Begun]], Mapping[int, str]] | None = None
    news: Callable[[Scope, Mapping[int, Begun]], Mapping[int, str]] | None = None
    lock: Callable[[Scope, Mapping[str, Sent]], None] | None = None
    leave: Callable[[Scope, Mapping[str, str]], str] | None = None
    read_files: Callable[[Mapping[str, BinaryIO]], Mapping[str, object]] | None = None
    confirmation: Step | None = None
    before_finish: Callable[[Scope, Mapping[str, str]], object] | None = None

    def __post_init__(self) -> None:
        """Refuse doubled step keys and doubled field names, and two that prepare one request."""
        if self.read_files and self.before_finish:
            raise ValueError(f"wizard {self.name}: files and before_finish do not go together")
        keys = [step.key for step in self.all_steps]
        names = [name for step in self.steps if step.form for name in field_names(step.form)]
        for found in (keys, names):
            doubled = {item for item in found if found.count(item) > 1}
            if doubled:
                raise ValueError(f"wizard {self.name}: {', '.join(sorted(doubled))} is there twice")

    @property
    def all_steps(self) -> tuple[Step, ...]:
        """The steps and the confirmation."""
        return (*self.steps, self.confirmation) if self.confirmation else self.steps

    def register(self, blueprint: "Blueprint", path: str, endpoint: str) -> None:
        """Add the wizard's routes to a module's blueprint: `path` and `path/<draft>/<step>`.

        `url_for(".<endpoint>")` opens it; query values reach `prefill`.
        """
        load("portal.wizards.views:register")(self, blueprint, path, endpoint)
