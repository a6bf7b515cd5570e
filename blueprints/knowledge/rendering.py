"""Markdown of articles as HTML: a few kinds of blocks, and nothing that could act.

HTML in the text is shown as it was typed. Links lead to articles (`article:slug`), to pages of the
portal, or to the web; pictures are not shown. Words in bold are names of buttons and labels, so
they are shown as the reader's portal names them.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from portal.i18n import translated

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

ARTICLE = "article:"
SAFE = re.compile(r"(?:https?://|mailto:|tel:|/(?![/\\])|#)", re.IGNORECASE)
SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
ELSEWHERE = re.compile(r"https?://", re.IGNORECASE)
# Shown are headings of these levels: the page has one of the first level, its title.
TOP, DEEPEST = 2, 4

_kept: dict[tuple[str, str, str], Markup] = {}
MOST_KEPT = 300


def rendered(text: str, language: str, root: str, address: Callable[[str], str]) -> Markup:
    """The HTML of `text`. `address(slug)` is that of an article; `language`, the reader's, and
    `root`, where addresses begin, say for whom it may be kept."""
    key = (text, language, root)
    found = _kept.get(key)
    if found is None:
        if len(_kept) >= MOST_KEPT:
            _kept.clear()
        found = _kept[key] = _render(text, address)
    return found


def _render(text: str, address: Callable[[str], str]) -> Markup:
    reader = _reader()
    tokens = reader.parse(text)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(DEEPEST, max(TOP, int(token.tag[1:])))}"
        elif token.children:
            _mend(token.children, address)
    # The renderer escapes every text; raw HTML is off, and links were read through `SAFE`.
    return Markup(reader.renderer.render(tokens, reader.options, {}))  # noqa: S704


def _mend(tokens: "list[Token]", address: Callable[[str], str]) -> None:
    """Lead links to where they go, and name buttons as the portal names them."""
    for before, token in zip([None, *tokens], tokens, strict=False):
        if token.type == "link_open":
            target = str(token.attrGet("href") or "")
            if target.startswith(ARTICLE):
                token.attrSet("href", address(target.removeprefix(ARTICLE)))
            elif ELSEWHERE.match(target):
                token.attrSet("rel", "noopener noreferrer")
        elif token.type == "text" and before is not None and before.type == "strong_open":
            token.content = translated(token.content)


def _allowed(target: str) -> bool:
    """Whether a link may lead there: never a script, a file, or data."""
    if target.startswith(ARTICLE):
        return SLUG.fullmatch(target.removeprefix(ARTICLE)) is not None
    return SAFE.match(target) is not None


@lru_cache(maxsize=1)
def _reader() -> "MarkdownIt":
    """The library is loaded when the first article is read."""
    from markdown_it import MarkdownIt

    options: dict[str, Any] = {"html": False, "linkify": False, "typographer": False}
    reader = MarkdownIt("commonmark", options).disable(["image", "html_block", "html_inline"])
    reader.validateLink = _allowed  # type: ignore[method-assign, assignment]
    return reader


def steps(text: str) -> int:
    """The number of numbered steps in `text`."""
    found, ordered = 0, []
    for token in _reader().parse(text):
        if token.type in ("ordered_list_open", "bullet_list_open"):
            ordered.append(token.type == "ordered_list_open")
        elif token.type in ("ordered_list_close", "bullet_list_close"):
            ordered.pop()
        elif token.type == "list_item_open" and ordered == [True]:
            found += 1
    return found


def labels(text: str) -> list[str]:
    """What `text` has in bold: names of buttons and labels."""
    found = []
    for token in _reader().parse(text):
        children = token.children or []
        for before, each in zip([None, *children], children, strict=False):
            if each.type == "text" and before is not None and before.type == "strong_open":
                found.append(each.content)
    return found
