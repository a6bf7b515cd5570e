"""What a record page shows, as data."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Figure:
    """A key figure of the highlight panel. `tone` is success, warning or danger; `href` leads to
    what the number is made of."""

    label: object
    value: object
    note: object = ""
    tone: str = ""
    href: str = ""


@dataclass(frozen=True)
class Fact:
    """A label and its value. `pen` names the field that its pen edits; `href` makes it a link."""

    label: object
    value: object
    href: str = ""
    pen: str = ""


@dataclass(frozen=True)
class Section:
    """A part of a tab that folds. It shows `facts`, then `template` with `context` (and `page`).

    A function as `context` is asked only when the section's tab is shown.
    """

    key: str
    title: object
    facts: tuple[Fact, ...] = ()
    template: str = ""
    context: Mapping[str, Any] | Callable[[], Mapping[str, Any]] | None = None
    open: bool = True

    def variables(self) -> Mapping[str, Any]:
        """What the template sees."""
        return (self.context() if callable(self.context) else self.context) or {}


@dataclass(frozen=True)
class RecordTab:
    """One tab of the page; `?tab=<key>` shows it, the first without."""

    key: str
    label: object
    sections: tuple[Section, ...] = ()


@dataclass(frozen=True)
class RecordAction:
    """Something to do with the record, as a link in its header."""

    label: object
    href: str
    kind: str = "secondary"
    icon: str | None = None


@dataclass(frozen=True, kw_only=True)
class RecordPage:
    """The page of one record.

    Modules contribute to the slots `<kind>.actions` (links between `actions` and the rarer
    `last_actions`), `<kind>.panel` (key
    figures below `panel`), `<kind>.record`
    (below the sections of the first tab) and `<kind>.related` (below those of the tab `related`),
    each with `subject`, and to `records.page` (below the first tab of each kind of record) with the
    page itself. `pens` are the fields this user may edit now; facts name their pen.
    `notices` are pairs of kind and text, shown above everything.
    """

    title: object
    kind: str
    subject: Any
    url: str
    tabs: tuple[RecordTab, ...]
    panel: tuple[Figure, ...] = ()
    actions: tuple[RecordAction, ...] = ()
    last_actions: tuple[RecordAction, ...] = ()
    pens: Collection[str] = ()
    notices: tuple[tuple[str, object], ...] = ()

    def tab(self, key: str) -> RecordTab:
        """The tab of that key, or the first."""
        return next((tab for tab in self.tabs if tab.key == key), self.tabs[0])

    def address(self, tab: RecordTab) -> str:
        """The address of the page with `tab` shown."""
        return self.url if tab is self.tabs[0] else f"{self.url}?tab={tab.key}"

    def place_of(self, pen: str) -> tuple[RecordTab, Fact] | None:
        """The fact that `pen` edits and the tab it is in, if the page has it."""
        for tab in self.tabs:
            for section in tab.sections:
                for fact in section.facts:
                    if fact.pen == pen:
                        return tab, fact
        return None
