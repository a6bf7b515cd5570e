"""The words of an e-mail: HTML as plain text, and what it repeats of earlier ones."""

import re
from html.parser import HTMLParser

LONGEST = 100_000
_UNSEEN = frozenset({"head", "script", "style", "title", "template", "noscript", "svg", "math"})
_BLOCKS = frozenset(
    (
        *("p", "div", "br", "tr", "li", "ul", "ol", "table", "h1", "h2", "h3", "h4", "h5", "h6"),
        *("blockquote", "pre", "hr", "section", "article", "header", "footer", "dd", "dt"),
    )
)
# The portal's own line, in whatever language.
_MARK = re.compile(r"[>\s]{0,20}##- .{1,200} -##\s*")
_BEGIN = re.compile(
    r"[>\s]{0,20}-{2,20} ?(original message|forwarded message|mensaje original|reply message"
    r"|mensaje reenviado|urspr\S{1,20}gliche nachricht) ?-{2,20}\s*",
    re.I,
)
_WROTE = re.compile(r"(on|el|am|le) .{1,300}(wrote|escribi[oó]|schrieb|a écrit) ?:", re.I)
_FROM = re.compile(r"\*?(from|de|von) ?:\*? ?\S", re.I)
_SENT = re.compile(r"\*?(sent|date|enviado( el)?|fecha|gesendet|to|para|an) ?:\*? ?\S", re.I)
_SUBJECT = re.compile(r"\*?(subject|asunto|betreff) ?:", re.I)


class _Plain(HTMLParser):
    """Collects what a reader would see; what is quoted gets a sign in front."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[str] = []
        self.line: list[str] = []
        self.unseen = 0
        self.quoted = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a line where the browser would."""
        if tag in _UNSEEN:
            self.unseen += 1
        if tag in _BLOCKS:
            self.end_line()
        if tag == "blockquote":
            self.quoted += 1

    def handle_endtag(self, tag: str) -> None:
        """End it."""
        if tag in _UNSEEN:
            self.unseen = max(0, self.unseen - 1)
        if tag in _BLOCKS and tag != "br":
            self.end_line()
        if tag == "blockquote":
            self.quoted = max(0, self.quoted - 1)

    def handle_data(self, data: str) -> None:
        """Take the words."""
        if not self.unseen:
            self.line.append(data)

    def end_line(self) -> None:
        """What was collected is a line."""
        text = " ".join("".join(self.line).split())
        self.line = []
        if text:
            self.lines.append("> " * min(self.quoted, 3) + text)


def of_html(html: str) -> str:
    """The plain text of a page: no tag, no address, nothing that runs."""
    reader = _Plain()
    reader.feed(html[:LONGEST])
    # `close` hands over what an unfinished tag held back; it is no text.
    reader.end_line()
    return "\n".join(reader.lines)


def clean(text: str) -> str:
    """Text as it can be kept: without control characters, in lines, of bounded length."""
    text = text[:LONGEST].encode("utf-8", "replace").decode("utf-8")  # no halves of letters
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    kept = "".join(char for char in text if char == "\n" or char == "\t" or char >= " ")
    lines = (line.rstrip() for line in kept.replace("\x7f", "").split("\n"))
    made: list[str] = []
    for line in lines:
        if line or (made and made[-1]):
            made.append(line)
    return "\n".join(made).strip()


def unfold(text: str) -> tuple[str, str]:
    """What was said, and what the e-mail repeats of earlier ones. Whoever wrote below the repeated
    text, or between its lines, is heard whole: nothing is folded then."""
    lines = text.split("\n")
    cut = _first_repeated(lines)
    if cut is None:
        return text, ""
    said, quoted = "\n".join(lines[:cut]).strip(), "\n".join(lines[cut:]).strip()
    return (said, quoted) if said else (text, "")


def _first_repeated(lines: list[str]) -> int | None:
    last_said = max(
        (number for number, line in enumerate(lines) if line and not line.startswith(">")),
        default=-1,
    )
    for number, line in enumerate(lines):
        if _MARK.fullmatch(line) or _BEGIN.fullmatch(line):
            return _with_introduction(lines, number)
        if _FROM.match(line):
            after = lines[number + 1 : number + 6]
            if any(map(_SENT.match, after)) and any(map(_SUBJECT.match, after)):
                return _without_rule(lines, number)
        if line.startswith(">") and number > last_said:
            return _with_introduction(lines, number)
    return None


def _with_introduction(lines: list[str], number: int) -> int:
    """The line before which the introduction of what is repeated begins, such as "On Monday Rita
    wrote:", which may take three lines."""
    end = number
    while end > 0 and not lines[end - 1]:
        end -= 1
    for start in range(end - 1, max(-1, end - 4), -1):
        if _WROTE.fullmatch(" ".join(lines[start:end])[:600].lstrip("> ")):
            return start
    return number


def _without_rule(lines: list[str], number: int) -> int:
    """Outlook draws a line above what it repeats."""
    above = number
    while above > 0 and not lines[above - 1]:
        above -= 1
    return above - 1 if above > 0 and set(lines[above - 1]) <= {"_", "-"} else number
