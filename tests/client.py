"""A test client that reads each page it fetches and refuses a bad one.

Every HTML page must have one `h1`, unique ids, labelled inputs, request tokens and operation ids
in its POST forms, no inline script or style, and every `aria-describedby` must lead somewhere.
"""

import re
from dataclasses import dataclass, field
from functools import cached_property
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin

from flask import Flask, g, has_app_context
from werkzeug.test import TestResponse

from portal.db import unit_of_work
from portal.people import sessions
from portal.web import tokens
from tests.personas import Personas

VOID = {"input", "br", "hr", "img", "link", "meta", "use", "path", "col", "source", "wbr"}


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    parent: "Element | None" = None
    children: list["Element | str"] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All text inside, white space folded."""
        parts: list[str] = []

        def walk(element: "Element") -> None:
            for child in element.children:
                if isinstance(child, str):
                    parts.append(child)
                else:
                    walk(child)

        walk(self)
        return " ".join(" ".join(parts).split())

    def all(self, tag: str | None = None, **attributes: str) -> list["Element"]:
        """Descendants with this tag and these attributes (`class_` matches one class name)."""
        found: list[Element] = []
        for child in self.children:
            if isinstance(child, str):
                continue
            if (tag is None or child.tag == tag) and all(
                value in child.attributes.get("class", "").split()
                if name == "class_"
                else child.attributes.get(name.replace("_", "-")) == value
                or child.attributes.get(name) == value
                for name, value in attributes.items()
            ):
                found.append(child)
            found += child.all(tag, **attributes)
        return found

    def one(self, tag: str | None = None, **attributes: str) -> "Element":
        """The only such descendant."""
        found = self.all(tag, **attributes)
        assert len(found) == 1, f"{len(found)} × {tag} {attributes}"
        return found[0]

    def with_text(self, tag: str, text: str) -> "Element":
        """The only element of this tag whose text is `text`, that everybody can perceive."""
        found = [
            element
            for element in self.all(tag)
            if element.text == text and element.attributes.get("aria-hidden") != "true"
        ]
        assert len(found) == 1, f"{len(found)} × {tag} {text!r} in {self.text[:600]!r}"
        return found[0]


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("root", {})
        self.here = self.root

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _value in attrs]
        assert len(names) == len(set(names)), f"doubled attribute in <{tag}>: {names}"
        element = Element(tag, {name: value or "" for name, value in attrs}, self.here)
        self.here.children.append(element)
        if tag not in VOID:
            self.here = element

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        at = self.here
        while at.parent is not None and at.tag != tag:
            at = at.parent
        if at.parent is not None:
            self.here = at.parent

    def handle_data(self, data: str) -> None:
        self.here.children.append(data)


def parse(html: str) -> Element:
    """The element tree of `html`."""
    builder = _Builder()
    builder.feed(html)
    return builder.root


def lint(root: Element, *, whole: bool) -> None:
    """Fail on what no page may have."""
    everything = root.all()
    ids = [element.attributes["id"] for element in everything if "id" in element.attributes]
    assert len(ids) == len(set(ids)), f"doubled ids: {sorted({i for i in ids if ids.count(i) > 1})}"
    if whole:
        assert len(root.all("h1")) == 1, f"{len(root.all('h1'))} h1"
        assert root.one("html").attributes.get("lang"), "no language"
        title = root.one("title").text
        assert title.startswith(root.one("h1").text), f"title {title!r} vs h1"
    labelled = {element.attributes.get("for") for element in root.all("label")}
    for element in everything:
        assert "style" not in element.attributes, f"inline style on <{element.tag}>"
        bad = [name for name in element.attributes if name.startswith("on")]
        assert not bad, f"inline script on <{element.tag}>: {bad}"
        if element.tag == "script":
            assert element.attributes.get("src"), "inline script"
            assert not element.text, "inline script"
        if element.tag == "button":
            assert element.attributes.get("type"), f"button without type: {element.text}"
            assert element.text or element.attributes.get("aria-label"), "button without a name"
        if element.tag == "img":
            assert "alt" in element.attributes, "image without alt"
        if whole and element.tag in {"input", "select", "textarea"}:
            if element.attributes.get("type") in {"hidden", "submit"}:
                continue
            parent, wrapped = element.parent, False
            while parent is not None:
                wrapped |= parent.tag == "label"
                parent = parent.parent
            assert (
                wrapped
                or element.attributes.get("id") in labelled
                or element.attributes.get("aria-label")
                or element.attributes.get("aria-labelledby")
            ), f"no label: {element.attributes}"
        for reference in element.attributes.get("aria-describedby", "").split():
            assert reference in ids, f"aria-describedby {reference} leads nowhere"
        if element.tag == "form" and element.attributes.get("method", "").lower() == "post":
            names = {field.attributes.get("name") for field in element.all("input")}
            assert "csrf_token" in names, f"form without token: {element.attributes}"
            # A private search changes nothing: sending it again after Back is no repetition. Who
            # signs in twice is signed in by the second answer, if the first got lost.
            repeatable = (
                element.attributes.get("role") == "search"
                or element.attributes.get("action") == "/sign-in"
            )
            assert "operation_id" in names or repeatable, (
                f"form without operation id: {element.attributes}"
            )
            assert element.attributes.get("action"), "form without action"


# A region that answers a form has the page's messages beside it.
BESIDE = '<div id="flash" role="status" hx-swap-oob'


# What differs each time that a page is shown: request tokens and operation ids.
TOKEN = re.compile(r'(?<=value=")[\w.:-]{20,}(?=")')
# The pages that were found good in this process.
GOOD: set[str] = set()


class Page:
    """A response and its element tree; `messages` if they came beside it."""

    def __init__(self, response: TestResponse) -> None:
        self.response = response
        self.status = response.status_code
        self.headers = response.headers
        self.html = response.get_data(as_text=True) if "text/html" in response.mimetype else ""
        self._part, mark, messages = self.html.partition(BESIDE)
        self._messages = mark + messages
        looked_at = TOKEN.sub("", self._part)
        if self.html and looked_at not in GOOD:
            lint(self.root, whole="<html" in self.html[:200])
            GOOD.add(looked_at)

    @cached_property
    def root(self) -> Element:
        """The page, or the part of it that was asked for."""
        return parse(self._part)

    @cached_property
    def messages(self) -> Element | None:
        """What the page says of what was just done, if that came beside a part."""
        return parse(self._messages) if self._messages else None

    @property
    def leads_to(self) -> str:
        """Where a redirect goes."""
        return self.headers.get("Location") or self.headers.get("HX-Redirect") or ""

    def form(self, **attributes: str) -> Element:
        """The only form with these attributes."""
        return self.root.one("form", **attributes)


def fields_of(form: Element, button: str | None = None) -> dict[str, str | list[str]]:
    """What a browser would send of `form`, pressing the button with that text."""
    values: dict[str, str | list[str]] = {}

    def add(name: str, value: str) -> None:
        if name in values:
            old = values[name]
            values[name] = [*(old if isinstance(old, list) else [old]), value]
        else:
            values[name] = value

    for element in form.all():
        name = element.attributes.get("name")
        if not name or "disabled" in element.attributes:
            continue
        kind = element.attributes.get("type", "text")
        if element.tag == "input" and kind in {"checkbox", "radio"}:
            if "checked" in element.attributes:
                add(name, element.attributes.get("value", "on"))
        elif element.tag == "input" and kind not in {"submit", "file"}:
            add(name, element.attributes.get("value", ""))
        elif element.tag == "textarea":
            add(name, element.text)
        elif element.tag == "select":
            options = element.all("option")
            chosen = [option for option in options if "selected" in option.attributes]
            for option in chosen or options[:1]:
                add(name, option.attributes.get("value", option.text))
    if button is not None:
        pressed = form.with_text("button", button)
        if pressed.attributes.get("name"):
            add(pressed.attributes["name"], pressed.attributes.get("value", ""))
    return values


def _forget_token() -> None:
    """Inside the application a test shares `g` with its requests, and the token of another browser
    would be taken for this one's."""
    if has_app_context():
        for kind in (tokens.OF_USERS, tokens.OF_THE_PUBLIC):
            g.pop(kind, None)


class Browser:
    """One browser of one person."""

    def __init__(self, app: Flask, personas: Personas) -> None:
        self.app = app
        self.personas = personas
        self.client = app.test_client()
        self.at = "/"

    def sign_in(self, who: str) -> "Browser":
        """Start a session for a persona without going through the sign-in page."""
        with self.app.app_context(), unit_of_work():
            token = sessions.start(self.personas.users[who])
        with self.client.session_transaction() as cookie:
            cookie.clear()
            cookie["_user_id"] = token
            cookie["_fresh"] = True
        return self

    def get(self, url: str, *, region: str | None = None, **options: Any) -> Page:
        """Fetch a page, or as htmx would the region with that id; `url` may be relative."""
        _forget_token()
        url = urljoin(self.at, url)
        page = Page(self.client.get(url, headers=htmx_headers(region, options), **options))
        if page.html and page.status == 200:
            self.at = page.response.request.path
        return page

    def post(
        self, url: str, data: Any = None, *, region: str | None = None, **options: Any
    ) -> Page:
        """Send a form as it is (tokens included by the caller, see `submit`)."""
        _forget_token()
        return Page(
            self.client.post(url, data=data, headers=htmx_headers(region, options), **options)
        )

    def submit(
        self,
        page: Page,
        values: dict[str, Any] | None = None,
        *,
        button: str | None = None,
        region: str | None = None,
        follow: bool = False,
        **form: str,
    ) -> Page:
        """Fill in the page's form (found by attributes, or by its button) and send it."""
        if form or button is None:
            element = page.form(**form)
        else:
            found = [
                one
                for one in page.root.all("form")
                if any(each.text == button for each in one.all("button"))
            ]
            assert len(found) == 1, f"{len(found)} forms with button {button!r}"
            element = found[0]
        data = {**fields_of(element, button), **(values or {})}
        url = element.attributes["action"]
        pressed = element.with_text("button", button) if button else element
        encoding = pressed.attributes.get("formenctype") or element.attributes.get("enctype")
        multipart = encoding == "multipart/form-data"
        options: dict[str, Any] = {"content_type": "multipart/form-data"} if multipart else {}
        if element.attributes.get("method", "get").lower() == "get":
            answer = self.get(url, query_string=data, region=region)
        else:
            answer = self.post(url, data, region=region, **options)
        if follow and answer.leads_to:
            return self.get(answer.leads_to)
        return answer


def navigate(browser: Browser) -> Browser:
    """Make the browser say, as browsers do over https, that it goes from page to page."""
    said = {"HTTP_SEC_FETCH_SITE": "same-origin", "HTTP_SEC_FETCH_MODE": "navigate"}
    browser.client.environ_base.update(said)
    return browser


def htmx_headers(region: str | None, options: dict[str, Any]) -> dict[str, str]:
    """The headers htmx 4 would send for a swap of `region`."""
    headers = dict(options.pop("headers", {}))
    if region is not None:
        headers |= {
            "HX-Request": "true",
            "HX-Request-Type": "partial",
            "HX-Target": f"div#{region}",
        }
    return headers
