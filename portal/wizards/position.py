"""What the page of a step says of the way: where it is, what was passed, what it led to."""

from typing import Any

from portal.drafts import Draft
from portal.wizards.addresses import address_of
from portal.wizards.definition import Step, Wizard
from portal.wizards.review import lines
from portal.wizards.walk import Walk, Walker


def position(
    wizard: Wizard, walker: Walker, step: Step, way: Walk, draft: Draft | None
) -> dict[str, Any]:
    """What the page says of the way: where it is, what was passed, what it led to."""
    data = draft.data if draft else {}
    order = walker.steps(way.answers)
    if "steps" in data:
        order = [each for each in wizard.all_steps if each.key in data["steps"]]
    inputs = [each for each in order if each is not wizard.confirmation]
    review = [
        (each.step.title, _of(wizard, draft, each.step.key), lines(each.form))
        for each in way.passed
        if draft is not None and each.form is not None
    ]
    here = _of(wizard, draft, step.key) if draft else address_of(wizard, walker.args)
    return {
        "wizard": wizard,
        "step": step,
        "order": order,
        "at": order.index(step),
        "last": step is inputs[-1],
        "confirming": step is wizard.confirmation,
        "answers": way.answers,
        "review": review,
        "draft": draft,
        "here": here,
        "done": data.get("done", []),
        "result": draft.result if draft else "",
    }


def _of(wizard: Wizard, draft: Draft, step: str) -> str:
    return address_of(wizard, draft.data.get("args", {}), draft.id, step)
