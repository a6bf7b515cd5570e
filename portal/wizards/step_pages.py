"""The page of a step: shown, led to, or shown again because it needs attention."""

from flask import Response, request
from wtforms import Form

from portal import drafts
from portal.drafts import UNSENT, Draft
from portal.errors import Invalid, PortalError
from portal.i18n import _
from portal.web.context import scope
from portal.web.htmx import go_to, htmx, push_url
from portal.web.late_forms import came_late
from portal.web.requests import kept_although_refused
from portal.web.respond import respond
from portal.wizards.addresses import address_of
from portal.wizards.definition import Step, Wizard
from portal.wizards.offers import OfferedDraft
from portal.wizards.position import position
from portal.wizards.walk import Walker, refuse

REGION = "wizard"
CHECK = "check"


def walker_of(wizard: Wizard, draft: Draft) -> Walker:
    """The walk through what `draft` holds."""
    data = draft.data
    return Walker(wizard, scope(), data.get("args", {}), data.get("entered", {}), begun=True)


class StepPages:
    """The pages of one wizard's steps."""

    def __init__(self, wizard: Wizard, endpoint: str) -> None:
        self.wizard = wizard
        self.endpoint = endpoint

    def _address(self, draft: Draft, step: str) -> str:
        return address_of(self.wizard, draft.data.get("args", {}), draft.id, step)

    def _lead(self, draft: Draft, step: Step, *, begun_in: Step | None = None) -> Response:
        """To another step: for htmx at once, otherwise by a redirect. What was `begun_in` this
        request is found again by Back, and no empty form."""
        address = self._address(draft, step.key)
        if htmx().region != REGION:
            return go_to(address)
        walker = walker_of(self.wizard, draft)
        was = self._address(draft, begun_in.key) if begun_in else ""
        return push_url(self._show(walker, step, draft=draft), address, was=was)

    def _attend(self, draft: Draft, step: Step, refusal: PortalError | None = None) -> Response:
        """To a step that is not, or no longer, complete: its page says what is wrong there, or
        else what the `refusal` says. What was sent is kept."""
        address = self._address(draft, step.key)
        if step.key in draft.data.get("entered", {}):
            address += f"?{CHECK}=1"
        if request.method != "POST":
            return go_to(address)
        draft.step = step.key
        walker = walker_of(self.wizard, draft)
        way = walker.walk(step.key)
        form = walker.form(step, way.answers)
        entered = step.key in walker.entered
        wrong = walker.check(step, form, way.answers) if entered else None
        if not entered and refusal and refuse(form, refusal):
            wrong = Invalid("")
        wrong = wrong or refusal or Invalid("")
        if not entered:
            problem = _("Please complete this step first. Nothing was saved.")
        elif wrong.message:
            problem = f"{wrong.message} {_('Nothing was saved. Check this step, then go on.')}"
        else:
            problem = _(
                "This step needs another look: something in it is missing or has changed. Nothing "
                "was saved. Correct it, then go on."
            )
        page = self._show(walker, step, form, draft=draft, status=wrong.status, problem=problem)
        page = kept_although_refused(page)
        return push_url(page, address) if htmx().region == REGION else page

    def _looked_at(self, walker: Walker, step: Step, draft: Draft) -> Response:
        """The step with what is wrong there."""
        way = walker.walk(step.key)
        form = walker.form(step, way.answers)
        wrong = walker.check(step, form, way.answers) if step.key in walker.entered else None
        return self._show(walker, step, form, draft=draft, problem=wrong.message if wrong else "")

    def _show(
        self,
        walker: Walker,
        step: Step,
        form: Form | None = None,
        *,
        draft: Draft | None = None,
        status: int = 200,
        problem: str = "",
        waiting: OfferedDraft | None = None,
        typed: drafts.Sent | None = None,
        focus: bool = True,
    ) -> Response:
        """The page of a step; `waiting` is an unfinished one of this wizard. With `typed`, which
        travels along, it only asks whether that is to be thrown away. Without `focus` the step's
        own page says where the reader goes on."""
        way = walker.walk(step.key)
        unfinished = draft if draft and draft.finished_at is None and typed is None else None
        if unfinished and way.halt:
            # Changed since the view looked: what this page would show is no longer known.
            return self._attend(unfinished, way.halt)
        more = step.context(walker.scope, way.answers) if step.context and typed is None else {}
        form = walker.form(step, way.answers) if form is None else form
        late = draft.reason if draft and request.method == "GET" else ""
        context = {
            **more,
            **position(self.wizard, walker, step, way, draft),
            "form": form,
            "nothing": bool(form and step.nothing and step.nothing(form)),
            "problem": problem,
            "focus": focus
            and (htmx().region == REGION or request.method == "GET")
            and not (problem or waiting or late in UNSENT)
            and not (form and form.errors),
            "waiting": waiting,
            "typed": typed,
            "late": came_late(late) if late in UNSENT else "",
        }
        regions = {REGION: "wizards/_wizard.html"}
        return respond("wizards/page.html", regions=regions, status=status, **context)
