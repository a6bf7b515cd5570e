"""Writing in the Knowledge Base: for agents and administrators."""

from typing import Any

from flask import Response, flash, request, url_for
from markupsafe import Markup

from blueprints.knowledge import services
from blueprints.knowledge.forms import OWN, ArticleForm, NewArticleForm, choices
from blueprints.knowledge.pages import chosen_language, html_of
from blueprints.knowledge.queries import (
    Article,
    find_article,
    get_article,
    get_version,
    versions_of,
)
from blueprints.knowledge.shipped import LANGUAGES, find_shipped
from blueprints.knowledge.views import blueprint
from blueprints.knowledge.words import KINDS, LANGUAGE_NAMES, SHIPPED
from portal.db import session
from portal.errors import Conflict, Invalid, NotFound, PortalError
from portal.formats.numbers import record_number
from portal.i18n import _, _l
from portal.web.context import scope
from portal.web.guards import needs
from portal.web.htmx import go_to
from portal.web.late_forms import keeps_late_input, late_values
from portal.web.respond import respond

FIELDS = ("title", "theme", "audience", "keywords", "text")


@blueprint.route("/knowledge/new", methods=["GET", "POST"])
@needs("knowledge.edit")
@keeps_late_input(_l("New Article"), form=NewArticleForm)
def new() -> Response:
    """An article of the installation's own."""
    if request.method != "POST":
        return _page("knowledge/new.html", NewArticleForm(formdata=late_values()))
    form, status = NewArticleForm(), Invalid.status
    valid = form.validate()
    if valid and "preview" in request.form:
        return _page("knowledge/new.html", form, preview=html_of(_written(form)["text"], _in(form)))
    if valid:
        try:
            with session().begin_nested():
                found = services.add(scope(), _in(form), **_written(form))
        except PortalError as refusal:
            form.refuse(refusal)
            status = refusal.status
        else:
            flash(_("The article was saved."), "success")
            return go_to(_address(found.slug, found.language))
    return _page("knowledge/new.html", form, status=status)


@blueprint.route("/knowledge/<name>/edit", methods=["GET", "POST"])
@needs("knowledge.edit")
@keeps_late_input(
    _l("Edit Article"),
    form=ArticleForm,
    page=lambda name: url_for("knowledge.edit", name=name, language=chosen_language()),
)
def edit(name: str) -> Response:
    """Change an article; `from` begins with an earlier version, `shipped` with the portal's."""
    language = chosen_language()
    found = get_article(scope(), name, language)
    if request.method != "POST":
        form = ArticleForm(formdata=late_values(), data=_begun(found, language))
        return _edit_page(found, language, form)
    form, status = ArticleForm(), Invalid.status
    valid = form.validate()
    if valid and "preview" in request.form:
        preview = html_of(_written(form)["text"], language)
        return _edit_page(found, language, form, preview=preview)
    newer: Article | None = None
    if valid:
        seen = record_number(form.seen.data or "") or 0
        try:
            with session().begin_nested():
                services.save(scope(), name, language, **_written(form), seen=seen)
        except Conflict as refusal:
            form.refuse(refusal)
            newer, status = find_article(name, language), refusal.status
            # The colleague's text is on the page now: sent again, this one is saved.
            form.seen.data = form.seen.raw_data = None
        except PortalError as refusal:
            form.refuse(refusal)
            status = refusal.status
        else:
            flash(_("The article was saved."), "success")
            return go_to(_address(name, language))
    return _edit_page(found, language, form, status=status, newer=newer)


@blueprint.get("/knowledge/<name>/history")
@needs("knowledge.edit")
def history(name: str) -> Response:
    """The versions of an article, and the text that comes with the portal."""
    language = chosen_language()
    found = get_article(scope(), name, language)
    return respond(
        "knowledge/history.html",
        article=found,
        language=language,
        languages=_others(language),
        versions=[(one, KINDS[one.kind]) for one in versions_of(name, language)],
        origin=find_shipped(name, language),
        address=_address(name, language),
    )


@blueprint.get("/knowledge/<name>/history/<int:number>")
@needs("knowledge.edit")
def version(name: str, number: int) -> Response:
    """An earlier version; number 0 is the text that comes with the portal."""
    language = chosen_language()
    found = get_article(scope(), name, language)
    if number:
        saved = get_version(name, language, number)
        title, text, by, at = saved.title, saved.text, saved.by_name, saved.at
    else:
        origin = find_shipped(name, language)
        if origin is None:
            raise NotFound
        title, text, by, at = origin.title, origin.text, "", None
    return respond(
        "knowledge/version.html",
        article=found,
        language=language,
        number=number,
        title=title,
        html=html_of(text, language),
        by=by,
        at=at,
    )


@blueprint.post("/knowledge/<name>/set-back")
@needs("knowledge.edit")
def set_back(name: str) -> Response:
    """Let the text that comes with the portal count again."""
    return _done(name, services.set_back, _("The text that comes with the portal is shown again."))


@blueprint.post("/knowledge/<name>/withdraw")
@needs("knowledge.edit")
def withdraw(name: str) -> Response:
    """Show the article to editors alone."""
    return _done(name, services.withdraw, _("The article was withdrawn. Only editors see it."))


def _done(name: str, service: Any, done: str) -> Response:
    language = chosen_language()
    get_article(scope(), name, language)
    seen = record_number(request.form.get("seen", "")) or 0
    try:
        with session().begin_nested():
            service(scope(), name, language, seen=seen)
    except Conflict as refusal:
        flash(refusal.message, "warning")
    else:
        flash(done, "success")
    return go_to(url_for("knowledge.history", name=name, language=language))


def _address(name: str, language: str) -> str:
    return url_for("knowledge.article", name=name, language=language)


def _others(language: str) -> list[tuple[str, str]]:
    return [(one, LANGUAGE_NAMES[one]) for one in LANGUAGES if one != language]


def _in(form: NewArticleForm) -> str:
    return str(form.language.data)


def _written(form: ArticleForm) -> dict[str, str]:
    return {name: form[name].data or "" for name in FIELDS}


def _begun(found: Article, language: str) -> dict[str, str]:
    """What the form begins with. An article that has no text in this language yet begins with that
    of the other one."""
    begun = {name: getattr(found, name) for name in FIELDS}
    begun["seen"] = str(found.number if found.language == language else 0)
    number = record_number(request.args.get("from", ""))
    origin = find_shipped(found.slug, language)
    if number is not None:
        saved = get_version(found.slug, language, number)
        begun |= {"title": saved.title or found.title, "text": saved.text or found.text}
    elif request.args.get("from") == SHIPPED and origin is not None:
        begun |= {"title": origin.title, "text": origin.text}
    return begun


def _edit_page(
    found: Article,
    language: str,
    form: ArticleForm,
    *,
    newer: Article | None = None,
    status: int = 200,
    preview: Markup | None = None,
) -> Response:
    if found.origin is None:
        form.audience.choices = choices(OWN)
    if newer is not None:
        form.seen.data = str(newer.number if newer.language == language else 0)
    return _page(
        "knowledge/edit.html",
        form,
        status=status,
        preview=preview,
        article=found,
        language=language,
        language_name=LANGUAGE_NAMES[language],
        newer=html_of(newer.text, language) if newer else None,
    )


def _page(
    template: str,
    form: ArticleForm,
    *,
    status: int = 200,
    preview: Markup | None = None,
    **more: Any,
) -> Response:
    return respond(template, status=status, form=form, preview=preview, **more)
