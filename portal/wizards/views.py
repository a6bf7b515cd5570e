"""The routes of a wizard, made from its definition."""

from typing import Any

from flask import Blueprint, Response, flash, request, url_for
from flask.blueprints import BlueprintSetupState
from wtforms import Form

from portal import drafts
from portal.access.scope import Scope
from portal.db import session
from portal.drafts import PAUSED, STARTED, WIZARD, Draft
from portal.errors import Conflict, Invalid, PortalError
from portal.i18n import _
from portal.lookups.fields import look_up
from portal.web.context import scope, set_scope
from portal.web.files import read_uploads, who_may
from portal.web.files import sent as sent_with_files
from portal.web.guards import before_transaction, needs
from portal.web.htmx import go_to, htmx
from portal.web.late_forms import keeps_late, tell_what_was_given_up
from portal.web.requests import kept_although_refused
from portal.web.respond import respond
from portal.wizards.addresses import EXTENSION, address_of, arguments, onward
from portal.wizards.definition import Answers, Done, Step, Wizard, password_names
from portal.wizards.offers import OfferedDraft, offer
from portal.wizards.review import lines
from portal.wizards.step_pages import CHECK, REGION, StepPages, walker_of
from portal.wizards.walk import Walker, refuse, sent_of

# Buttons of a last step that do not finish.
LEAVING = ("previous", "pause", "cancel", "discard", "stay")


def register(wizard: Wizard, blueprint: Blueprint, path: str, endpoint: str) -> None:
    """Add the routes of `wizard` to `blueprint`; called by `Wizard.register`."""
    views = WizardViews(wizard, endpoint)
    for rule, name, view in (
        (path, endpoint, views.first),
        (f"{path}/<int:draft_id>/<step>", f"{endpoint}_step", views.step),
    ):
        marked = keeps_late(views.keep_late)(needs(wizard.capability)(_function(view)))
        if wizard.read_files:
            marked = before_transaction(read_uploads(wizard.read_files, wizard.capability))(marked)
        elif wizard.before_finish:
            marked = before_transaction(views.before_finish)(marked)
        blueprint.add_url_rule(rule, name, marked, methods=["GET", "POST"])

    def announce(state: BlueprintSetupState) -> None:
        known = state.app.extensions.setdefault(EXTENSION, {})
        known[wizard.name] = (wizard, f"{state.name_prefix}.{state.name}.{endpoint}".lstrip("."))

    blueprint.record(announce)


def _function(method: Any) -> Any:
    def view(**values: Any) -> Response:
        answer: Response = method(**values)
        return answer

    return view


class WizardViews(StepPages):
    """The two views of a wizard: its first page before there is a draft, and each step of one."""

    def first(self, **values: Any) -> Response:
        """The first step; what is sent here begins a draft."""
        args = arguments(values)
        if self.wizard.admit:
            self.wizard.admit(scope(), args)
        walker = Walker(self.wizard, scope(), args, {})
        step = walker.steps(Answers(args))[0]
        if request.method == "GET":
            begun = self._newest() if htmx().history_restore_request else None
            if begun and begun.reason == STARTED and begun.data.get("args", {}) == args:
                # Back from the next step: the form that was begun here, not another one.
                return self._show(walker_of(self.wizard, begun), step, draft=begun)
            return self._show(walker, step, waiting=self._waiting())
        return self._take(walker, step, None)

    def step(self, draft_id: int, step: str, **_values: Any) -> Response:
        """One step of a draft."""
        posted = request.method == "POST"
        draft = drafts.get_wizard_draft(scope(), draft_id, self.wizard.name, lock=posted)
        walker = walker_of(self.wizard, draft)
        here = walker.step(step)
        if draft.finished_at is not None:
            return self._finished(walker, here, draft)
        if here is self.wizard.confirmation:
            return self._lead(draft, walker.walk().halt or self.wizard.steps[-1])
        if posted:
            return self._take(walker, here, draft)
        way = walker.walk(here.key)
        if way.halt is not None or not walker.applies(here, way.answers):
            return self._attend(draft, way.halt or walker.steps(way.answers)[0])
        if request.args.get(CHECK):
            return self._looked_at(walker, here, draft)
        return self._show(walker, here, draft=draft)

    def before_finish(self, step: str = "", **_values: Any) -> object:
        """What the wizard makes of a password that is sent to finish, before the transaction; None
        without one, for any other step or button, and for users who may not use the wizard."""
        last = self.wizard.steps[-1]
        assert self.wizard.before_finish is not None
        assert last.form is not None
        if step != last.key or request.form.get("go", "next") in LEAVING:
            return None
        if not any(map(request.form.get, password_names(last.form))):
            return None
        who = who_may(self.wizard.capability)
        if who is None:
            return None
        set_scope(who)  # decides on the language of what is said
        return self.wizard.before_finish(who, request.form)

    def keep_late(self, who: Scope, values: dict[str, Any], reason: str) -> str:
        """Keep what was sent to a step but could not be taken; where it goes on, empty if it was
        not kept."""
        values = dict(values)
        draft_id, key = values.pop("draft_id", None), values.pop("step", None)
        step = next((s for s in self.wizard.steps if key in (None, s.key)), None)
        if step is None or step.form is None:
            return ""
        draft: Draft | None
        if draft_id is None:
            walker = Walker(self.wizard, who, arguments(values), {}, begun=True)
            if self._untouched(walker, step, walker.form(step, Answers(walker.args), request.form)):
                return ""
            sent = sent_of(step.form(formdata=request.form), request.form)
            draft = drafts.same_beginning(who.user.id, self.wizard.name, {step.key: sent})
            draft = draft or self._begin(walker, step, reason=reason)
        else:
            draft = drafts.open_of_user(who.user.id, draft_id, self.wizard.name)
            sent = sent_of(step.form(formdata=request.form), request.form)
        if draft is None:
            return ""
        drafts.keep(draft, step=step.key, sent=sent, at=step.key, reason=reason)
        return onward(draft)

    # What a sent step leads to

    def _take(self, walker: Walker, step: Step, draft: Draft | None) -> Response:
        go = request.form.get("go", "next")
        if self.wizard.lock and step is self.wizard.steps[-1] and go not in LEAVING:
            self.wizard.lock(walker.scope, walker.entered)
        way = walker.walk(step.key)
        if way.halt is None and not walker.applies(step, way.answers):
            way.halt = walker.steps(way.answers)[0]
        if way.halt is not None and step.form is not None:
            form: Form | None = step.form(formdata=request.form)
        else:
            sent = sent_with_files() if self.wizard.read_files else request.form
            form = walker.form(step, way.answers, sent)
        if way.halt is None and form is not None and look_up(form, request.form):
            return self._show(walker, step, form, draft=draft, status=422)
        if go == "pause":
            return self._pause(walker, step, form, draft)
        if go in ("cancel", "discard"):
            return self._cancel(walker, step, form, draft, sure=go == "discard")
        if way.halt is not None:
            draft = self._kept(walker, step, form, draft, at=way.halt.key)
            return self._attend(draft, way.halt)
        if go == "stay":
            return self._show(walker, step, form, draft=draft, status=422)
        order = walker.steps(way.answers)
        if go == "previous" and order.index(step) > 0:
            before = order[order.index(step) - 1]
            draft = self._kept(walker, step, form, draft, at=before.key)
            return self._lead(draft, before)
        pressed = request.form.get("assist", "")
        if step.assist and form and step.assist(walker.scope, form, way.answers, pressed):
            return self._show(walker, step, form, draft=draft, status=422, focus=False)
        problem = walker.check(step, form, way.answers)
        if problem is not None:
            return self._refused(walker, step, form, draft, problem)
        return self._forward(walker, step, form, draft, way.answers, go)

    def _forward(
        self,
        walker: Walker,
        step: Step,
        form: Form | None,
        draft: Draft | None,
        answers: Answers,
        go: str,
    ) -> Response:
        order = walker.steps(answers)
        inputs = [s for s in order if s is not self.wizard.confirmation]
        seen = request.form.get("seen", type=int)
        changed = draft is not None and seen is not None and seen != draft.version
        if step is not inputs[-1]:
            after = inputs[inputs.index(step) + 1]
            kept = self._kept(walker, step, form, draft, at=after.key)
            return self._lead(kept, after, begun_in=None if draft else step)
        if changed:
            assert draft is not None
            problem = Conflict(
                _("This form was changed in another window. Please review it before you go on.")
            )
            return self._refused(walker, step, form, draft, problem)
        return self._finish(walker, step, form, draft, answers, go)

    def _finish(
        self,
        walker: Walker,
        step: Step,
        form: Form | None,
        known: Draft | None,
        answers: Answers,
        go: str,
    ) -> Response:
        """Do the work and close the draft. A refusal undoes the work, and the last input is kept.

        All steps were looked at on the way to this one: what holds under the locks that the work
        takes, the work must judge itself.
        """
        buttons = {button.value for button in self.wizard.finish_buttons}
        sent = sent_of(form, request.form) if form is not None else []
        entered = {**walker.entered, step.key: sent}
        try:
            drafts.ensure_fits(entered)
        except Invalid as error:
            return self._refused(walker, step, form, known, error)
        draft = known or self._begin(walker, step)
        order = [each.key for each in walker.steps(answers)] if self.wizard.confirmation else []
        try:
            with session().begin_nested():
                button = go if go in buttons else "finish"
                done = self.wizard.finish(walker.scope, answers, button)
        except (Invalid, Conflict) as error:
            self._kept(walker, step, form, draft, at=step.key)
            return self._overtaken(step, draft, error)
        return self._done(walker, draft, done, order)

    def _overtaken(self, step: Step, draft: Draft, error: PortalError) -> Response:
        """What the last step answers to a refusal: the step that it concerns. All steps let it
        pass, so something has changed since: they are looked at again, with the data of now."""
        session().expire_all()
        walker = walker_of(self.wizard, draft)
        way = walker.walk()
        if way.halt is not None:
            return self._attend(draft, way.halt, error)
        for passed in way.passed:
            if refuse(passed.form, error):
                page = self._show(
                    walker, passed.step, passed.form, draft=draft, status=error.status
                )
                return kept_although_refused(page)
        form = walker.form(step, way.answers)
        return kept_although_refused(self._refused(walker, step, form, draft, error))

    def _done(self, walker: Walker, draft: Draft, done: Done, order: list[str]) -> Response:
        confirmation = self.wizard.confirmation
        draft_id = draft.id
        shown: dict[str, Any] = {}
        if confirmation is not None:
            shown["done"] = [[str(label), str(value)] for label, value in done.facts]
            shown["steps"] = order
        key = confirmation.key if confirmation else ""
        # The view has the draft locked, and found it unfinished.
        if not drafts.finish(draft, result=done.url, step=key, shown=shown):
            raise Conflict(_("This form was already sent."))
        if done.message:
            flash(done.message, "success")
        if confirmation is None:
            return go_to(done.then or done.url)
        return go_to(address_of(self.wizard, walker.args, draft_id, confirmation.key))

    def _finished(self, walker: Walker, step: Step, draft: Draft) -> Response:
        """What a finished draft answers: its confirmation, or that it is done already."""
        if step is self.wizard.confirmation:
            if request.method == "POST":
                return go_to(draft.result)
            return self._show(walker, step, draft=draft)
        return respond(
            "wizards/finished.html",
            regions={REGION: "wizards/_finished.html"},
            status=409 if request.method == "POST" else 200,
            wizard=self.wizard,
            draft=draft,
            again=address_of(self.wizard, walker.args),
        )

    def _pause(
        self, walker: Walker, step: Step, form: Form | None, draft: Draft | None
    ) -> Response:
        if draft is None and self._untouched(walker, step, form):
            flash(_("Nothing was entered, so there is nothing to keep."), "info")
            return go_to(url_for("home.index"))
        self._kept(walker, step, form, draft, at=step.key, reason=PAUSED)
        flash(_("Paused. What you entered is kept for 30 days; Home offers it again."), "success")
        return go_to(url_for("home.index"))

    def _cancel(
        self, walker: Walker, step: Step, form: Form | None, draft: Draft | None, *, sure: bool
    ) -> Response:
        """Leave the wizard; what was entered is thrown away, unless `sure` only after asking."""
        if draft is not None or not self._untouched(walker, step, form):
            if not sure:
                typed = sent_of(form, request.form) if form is not None else []
                return self._show(walker, step, form, draft=draft, status=422, typed=typed)
            flash(_("Discarded. Nothing was saved."), "success")
        if draft is not None:
            drafts.discard(walker.scope, draft.id)
        leave = self.wizard.leave
        return go_to(leave(walker.scope, walker.args) if leave else url_for("home.index"))

    def _untouched(self, walker: Walker, step: Step, form: Form | None) -> bool:
        """Whether the first step was sent as it is shown to whoever opens the wizard without a
        record: there is nothing in it that anybody would miss."""
        if walker.args:
            return False
        return lines(form) == lines(walker.form(step, Answers(walker.args)))

    def _refused(
        self,
        walker: Walker,
        step: Step,
        form: Form | None,
        draft: Draft | None,
        problem: PortalError,
    ) -> Response:
        if refuse(form, problem):
            return self._show(walker, step, form, draft=draft, status=422)
        return self._show(
            walker, step, form, draft=draft, status=problem.status, problem=problem.message
        )

    # Drafts

    def _begin(
        self,
        walker: Walker,
        step: Step,
        entered: dict[str, drafts.Sent] | None = None,
        *,
        at: str = "",
        reason: str = STARTED,
    ) -> Draft:
        place = walker.scope.location
        drafts.ensure_fits(entered or {})
        draft = drafts.start(
            user_id=walker.scope.user.id,
            location_id=place.id if place else None,
            profile=str(walker.scope.user.profile),
            kind=WIZARD,
            name=self.wizard.name,
            title=str(self.wizard.title),
            step=at or step.key,
            reason=reason,
            data={"args": dict(walker.args), "entered": entered or {}},
        )
        tell_what_was_given_up(draft)
        return draft

    def _kept(
        self,
        walker: Walker,
        step: Step,
        form: Form | None,
        draft: Draft | None,
        *,
        at: str,
        reason: str = STARTED,
    ) -> Draft:
        """The draft, begun if there is none yet, with what was just sent."""
        sent = sent_of(form, request.form) if form is not None else []
        if draft is None:
            return self._begin(walker, step, {step.key: sent}, at=at, reason=reason)
        drafts.keep(draft, step=step.key, sent=sent, at=at, reason=reason)
        return draft

    def _waiting(self) -> OfferedDraft | None:
        found = self._newest()
        return offer(scope(), found) if found else None

    def _newest(self) -> Draft | None:
        """The user's newest unfinished draft of this wizard at the present location."""
        place = scope().location
        return drafts.open_of_kind(
            scope().user.id,
            kind=WIZARD,
            name=self.wizard.name,
            location_id=place.id if place else None,
            profile=str(scope().user.profile),
        )
