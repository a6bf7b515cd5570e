"""Nothing that staff write in an article can act in the browser of a reader."""

import re
from html.parser import HTMLParser

import pytest

from blueprints.knowledge.rendering import rendered

# Every element and attribute that an article may have.
ALLOWED = {
    "p": set(), "ol": {"start"}, "ul": set(), "li": set(), "h2": set(), "h3": set(), "h4": set(),
    "strong": set(), "em": set(), "code": {"class"}, "pre": set(), "blockquote": set(),
    "hr": set(), "br": set(), "a": {"href", "title", "rel"},
}  # fmt: skip
LEADS = re.compile(r"https?://|/(?!/)")
ATTACKS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "a <b onmouseover=alert(1)>b</b>",
    "<svg/onload=alert(1)>",
    "<iframe src='https://evil.example'></iframe>",
    "<style>body{display:none}</style>",
    "<a href='javascript:alert(1)'>x</a>",
    "<!-- --><script>alert(1)</script>",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<div>\n\n<script>alert(1)</script>\n\n</div>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](<java\nscript:alert(1)>)",
    "[x](\x01javascript:alert(1))",
    "[x](vbscript:msgbox(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](data:image/svg+xml;base64,PHN2Zz4=)",
    "[x](data:image/png;base64,AAAA)",
    "[x](file:///etc/passwd)",
    "[x](//evil.example)",
    "[x](/\\evil.example)",
    "[x](blob:https://portal/1)",
    "[x](article:../sign-out)",
    "[x](article:a\" onclick=\"alert(1))",
    "[x](https://example.org \"a\\\" onclick=alert(1) b=\\\"\")",
    "![x](data:image/png;base64,AAAA)",
    "![x](https://evil.example/pixel.gif)",
    "![x\" onerror=\"alert(1)](y)",
    "[x]: javascript:alert(1)\n\n[x]",
    "<javascript:alert(1)>",
    "<https://example.org/\"onclick=alert(1)>",
    "```\"><script>alert(1)</script>\n<script>\n```",
    "**<script>**",
    "`<script>`",
    "# <script>",
    "[<script>](https://example.org)",
]  # fmt: skip


class _Reader(HTMLParser):
    """Everything in the text that is no plain text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def html(text: str) -> str:
    return str(rendered(text, "en", "", lambda slug: f"/knowledge/{slug}"))


def dangers(text: str) -> list[object]:
    """What in the HTML of `text` an article may not have."""
    reader = _Reader()
    reader.feed(html(text))
    found: list[object] = []
    for tag, attributes in reader.tags:
        if tag not in ALLOWED or set(attributes) - ALLOWED[tag]:
            found.append((tag, attributes))
        target = attributes.get("href")
        if target is not None and not LEADS.match(target):
            found.append((tag, target))
    return found


@pytest.mark.parametrize("text", ATTACKS)
def test_nothing_can_act(text: str) -> None:
    assert not dangers(text)
    assert "<script" not in html(text)


@pytest.mark.parametrize("text", ATTACKS)
def test_nor_within_a_list_or_a_quotation(text: str) -> None:
    assert not dangers("1. " + text.replace("\n", "\n   "))
    assert not dangers("> - " + text.replace("\n", "\n>   "))


def test_what_is_meant_is_shown() -> None:
    shown = html("# Top\n\n1. Press **Save**.\n2. See [that](article:sign-in).\n\n`<b>` & *more*")
    assert "<h2>Top</h2>" in shown
    assert "<li>Press <strong>Save</strong>.</li>" in shown
    assert '<a href="/knowledge/sign-in">that</a>' in shown
    assert "<code>&lt;b&gt;</code> &amp; <em>more</em>" in shown
    assert 'rel="noopener noreferrer"' in html("[x](https://example.org)")
    assert html("[x](mailto:help@example.org)").count("mailto:help@example.org") == 1
