"""Line breaks of HTML templates: written for people, taken out when a template is compiled."""

import re
from typing import Self

from jinja2 import Environment
from jinja2.ext import Extension

# Where line breaks mean something to the browser.
KEPT = re.compile(r"<(/?)(?:pre|textarea|script|style)\b", re.I)
PIECE = re.compile(r"[ \t]*\n\s*|<(?=[a-zA-Z/!]|\Z)|[>\"']")


class LineBreaks(Extension):
    """A line break and the spaces around it are nothing beside a tag or a `{…}`, else one space.

    Inside a tag a line break separates attributes. Where a space must stay at the end of a line,
    the template says `{{ " " }}`. Rendering costs nothing more, and errors name the right line.
    """

    of_pages = True

    def bind(self, environment: Environment) -> Self:
        """The same for an overlay: it renders e-mails, whose text keeps its lines."""
        bound = super().bind(environment)
        bound.of_pages = False
        return bound

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        """The source of an HTML template without the line breaks in its text."""
        if not self.of_pages or not (name or "").endswith(".html"):
            return source
        plain = self.environment.overlay(trim_blocks=False, lstrip_blocks=False)
        pieces = list(plain.lexer.tokeniter(source, name, filename))
        place = _Place()
        return "".join(
            place.joined(value, next_kind) if kind == "data" else value
            for (_line, kind, value), (_, next_kind, _) in zip(
                pieces, [*pieces[1:], (0, "", "")], strict=True
            )
        )


class _Place:
    """Where in the page the text read so far ends: in a tag, in a quoted value, in a <pre>."""

    def __init__(self) -> None:
        self.in_tag = False
        self.quote = ""
        self.kept = False

    def joined(self, text: str, next_kind: str) -> str:
        """The text before a piece of Jinja of the kind `next_kind`, without its line breaks."""
        parts = []
        end = 0
        for found in PIECE.finditer(text):
            parts.append(text[end : found.start()])
            end = found.end()
            piece = found.group()
            if "\n" in piece:
                before, after = text[: found.start()][-1:], text[end : end + 1]
                value_follows = not after and next_kind == "variable_begin"
                parts.append(
                    piece if self.kept else self._break(piece, before, after, value_follows)
                )
                continue
            self._step(piece, text, found.start())
            parts.append(piece)
        parts.append(text[end:])
        return "".join(parts)

    def _step(self, piece: str, text: str, at: int) -> None:
        if self.quote:
            self.quote = "" if piece == self.quote else self.quote
        elif self.in_tag:
            self.in_tag = piece != ">"
            self.quote = piece if piece in "\"'" else ""
        elif piece == "<":
            self.in_tag = True
            if kept := KEPT.match(text, at):
                self.kept = not kept.group(1)

    def _break(self, piece: str, before: str, after: str, value_follows: bool) -> str:
        # A comment keeps the number of lines.
        lines = "{#" + "\n" * piece.count("\n") + "#}"
        if self.quote:
            return f"{lines} "
        if self.in_tag:
            # What is optional in a tag begins with its own space: {% if open %} open{% endif %}.
            separates = value_follows or after not in ("", ">", "/")
            return f"{lines} " if separates else lines
        beside_markup = before in ("", ">") or after in ("", "<")
        return lines if beside_markup else f"{lines} "
