"""The page that asks why before something is done that others will want to understand."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from flask import Response, flash, request

from portal.db import session
from portal.errors import Conflict, Invalid
from portal.lookups.fields import look_up
from portal.web.forms import Form
from portal.web.htmx import go_to
from portal.web.late_forms import late_values
from portal.web.respond import respond

F = TypeVar("F", bound=Form)


@dataclass(frozen=True, kw_only=True)
class Confirmation:
    """What the page says.

    title: its heading, and the name of the button; `heading` where that is another.
    text, about, points: what it is about: a sentence, facts, and what is told one by one.
    doubts: what must be confirmed, each with the ways to what it is about.
    back: where both the answer and the link beside the button lead; `leave` names the link where
    that is not `Cancel`.
    danger: whether the button warns.
    """

    title: str
    back: str
    heading: str = ""
    text: str = ""
    about: Sequence[tuple[object, object]] = ()
    points: Sequence[str] = ()
    doubts: Sequence[str] = ()
    leave: str = ""
    danger: bool = False


def answered(kind: Callable[..., F]) -> F:
    """The form with what was answered: now, or too late and looked at again."""
    return kind(formdata=request.form if request.method == "POST" else late_values())


def ask(
    form: Form,
    question: Confirmation,
    *,
    act: Callable[[Any], object],
    done: str = "",
) -> Response:
    """Ask, and do with the answer what it is asked for.

    `act` does it with the valid form, in a savepoint; `done` says so afterwards, or the text that
    `act` returns. `Invalid` comes back beside its field, `Conflict` above the form; what was typed
    is kept.
    """
    status = 200
    if request.method == "POST":
        status = Invalid.status
        if not look_up(form, request.form) and form.validate():
            try:
                with session().begin_nested():
                    said = act(form)
            except (Invalid, Conflict) as refusal:
                form.refuse(refusal)
                status = refusal.status
            else:
                flash(said if isinstance(said, str) else done, "success")
                return go_to(question.back)
    return respond(
        "layouts/question.html",
        status=status,
        form=form,
        question=question,
        late=status == Conflict.status,
    )
