"""The articles that come with the portal, read once from `articles/`.

Each is a Markdown file below a small header. What is the same in every language (theme, who may
read it, its pages, what is related) stands in the English one alone:

    title: Receive a shipment
    theme: inventory
    needs: shipments.view
    pages: shipments.index shipments.record
    related: add-inventory ask-for-help
    words: box, delivery, arrived
    ---
    1. Open **Shipments** …

`needs` are capabilities: whoever holds one of them may read the article. `public: yes` shows it to
everybody, signed in or not. `pages` are endpoints, or `shipments.*` for all pages of a module.
"""

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "articles"
MAIN = "en"
LANGUAGES = ("en", "es")
SHARED = ("theme", "needs", "pages", "related", "public")
LOCAL = ("title", "words")


@dataclass(frozen=True, kw_only=True)
class ShippedArticle:
    """An article as it comes with the portal, in one language."""

    slug: str
    language: str
    title: str
    words: str
    text: str
    theme: str
    needs: tuple[str, ...]
    pages: tuple[str, ...]
    related: tuple[str, ...]
    public: bool

    @property
    def digest(self) -> str:
        """Tells this text from that of another release."""
        return hashlib.sha256(f"{self.title}\n{self.text}".encode()).hexdigest()


@cache
def shipped() -> dict[tuple[str, str], ShippedArticle]:
    """All articles that come with the portal, by slug and language."""
    found = {}
    for path in sorted((FOLDER / MAIN).glob("*.md")):
        shared, own, text = _parts(path)
        found[path.stem, MAIN] = _article(path.stem, MAIN, shared, own, text)
        for language in LANGUAGES[1:]:
            other = FOLDER / language / path.name
            if other.is_file():
                _nothing, own, text = _parts(other)
                found[path.stem, language] = _article(path.stem, language, shared, own, text)
    return found


def find_shipped(slug: str, language: str) -> ShippedArticle | None:
    """The article in this language; None if none is shipped."""
    return shipped().get((slug, language))


def _parts(path: Path) -> tuple[dict[str, str], dict[str, str], str]:
    """What of its header is shared, what belongs to the language, and the text."""
    header, _line, text = path.read_text(encoding="utf-8").partition("\n---\n")
    values = {}
    for line in header.splitlines():
        key, _colon, value = line.partition(":")
        values[key.strip()] = value.strip()
    unknown = set(values) - {*SHARED, *LOCAL}
    if unknown:
        raise ValueError(f"{path.name} has an unknown line {', '.join(sorted(unknown))}.")
    shared = {key: values[key] for key in SHARED if key in values}
    return shared, {key: values.get(key, "") for key in LOCAL}, text.strip()


def _article(
    slug: str, language: str, shared: dict[str, str], own: dict[str, str], text: str
) -> ShippedArticle:
    return ShippedArticle(
        slug=slug,
        language=language,
        title=own["title"],
        words=own["words"],
        text=text,
        theme=shared["theme"],
        needs=tuple(shared.get("needs", "").split()),
        pages=tuple(shared.get("pages", "").split()),
        related=tuple(shared.get("related", "").split()),
        public=shared.get("public") == "yes",
    )
