"""The plug-in contract: what a module says of itself. `portal.discovery` finds modules.

A module is a package with a `module = Module(...)`: in `blueprints/`, or installed and named by an
entry point of the group `portal.modules`. Everything is data; what must run is named as
"package.module:attribute" and imported when it is wanted. `docs/modules.md` is the guide.
"""

import importlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from operator import attrgetter
from typing import Any

from portal.access.profiles import Profile
from portal.i18n import Label, _, _l
from portal.settings import SettingsError, read_module


class ModuleError(Exception):
    """The set of modules cannot work; the message names the module and what is wrong."""


@dataclass(frozen=True, kw_only=True)
class Capability:
    """Something a user may do; `profiles` is its column of the permissions table (SPEC A2)."""

    name: str
    title: Label
    profiles: frozenset[Profile]


@dataclass(frozen=True, kw_only=True)
class Tab:
    """An entry of the tab bar, shown to users who hold `capability`."""

    label: Label
    endpoint: str
    capability: str
    icon: str
    order: int


@dataclass(frozen=True, kw_only=True)
class Job:
    """A function without arguments that the scheduler runs every `every`, once over all processes.

    It runs outside a transaction and opens its own units of work. `arguments` are words that it is
    given, where one function is several jobs.
    """

    name: str
    title: Label
    function: str
    every: timedelta
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True)
class MessageKind:
    """A kind of message; its texts are the blocks of `templates/<module>/messages/<name>.html`.

    `channels` are the ways it may leave by. `still_true`, "package.module:function", is asked at
    the moment of sending, in the unit of work that takes the message: `function(about, context)`
    with what it was queued with. Where it says False the message is dropped as obsolete.
    `still_reaches` is asked likewise: `function(about, channel, address)`, whether the message
    still goes where it should.
    """

    name: str
    channels: tuple[str, ...] = ("email",)
    still_true: str = ""
    still_reaches: str = ""


@dataclass(frozen=True, kw_only=True)
class Fill:
    """A contribution to a named place of a page, another module's or the platform's.

    `function(scope, subject)` gives the context for `template`, or None to show nothing. Shown to
    users who hold `capability`; lower `order` comes first.
    """

    slot: str
    function: str
    template: str
    capability: str
    order: int = 100


@dataclass(frozen=True, kw_only=True)
class Lookup:
    """A three-letter search (SPEC B2): `function(scope, text)` gives up to 20 `lookups.Choice`s,
    `find(scope, id)` the one with that id or None (needed for use in forms)."""

    name: str
    function: str
    capability: str
    find: str = ""


@dataclass(frozen=True, kw_only=True)
class Visit:
    """A kind of record that people without an account reach, each their own (`portal.visits`).

    `endpoint` is the page that a link opens, marked `@visitor(name)`, with the argument `token`.
    `standing(id)` gives a `portal.access.visitor.Standing`, or None. `find(number, birth_date)`
    gives the id of the record that is reached so without a link, or None, by the same statements
    whatever is wrong; `title` is the name of the page that asks for both, `hint` says where the
    number is found.
    """

    name: str
    endpoint: str
    standing: str
    find: str = ""
    title: Label = ""
    hint: Label = ""


@dataclass(frozen=True, kw_only=True)
class Check:
    """A part of `portal check`: `function()` gives sentences, one for each thing that is wrong."""

    name: str
    title: str
    function: str


@dataclass(frozen=True, kw_only=True)
class Module:
    """What one module contributes. `requires` are the modules whose code it may import.

    `lists` names the module's list views, each as "package.module:attribute" of a
    `portal.listviews.definition.ListDefinition`, `imports` its imports, each of an
    `ImportDefinition` of `portal.imports.definition`, `channels` ways for messages to leave, each a
    `Channel` of `portal.messages.channels`. `settings` names a frozen dataclass whose fields are
    `portal.settings.setting(…)`. `words` names a dictionary that says what its
    kinds of messages, audited actions and kinds of records are called. `under` is the module whose
    tab is marked on this one's pages, where it has no tab of its own. `practice` names the function
    that lists its part of the sample clinics' diary (`portal.diary`).
    """

    name: str
    title: str
    requires: tuple[str, ...] = ()
    under: str = ""
    blueprint: str | tuple[str, ...] | None = None
    models: str | None = None
    capabilities: tuple[Capability, ...] = ()
    tabs: tuple[Tab, ...] = ()
    slots: tuple[str, ...] = ()
    fills: tuple[Fill, ...] = ()
    lookups: tuple[Lookup, ...] = ()
    lists: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()
    jobs: tuple[Job, ...] = ()
    settings: str | None = None
    messages: tuple[MessageKind, ...] = ()
    channels: tuple[str, ...] = ()
    words: str | None = None
    visits: tuple[Visit, ...] = ()
    checks: tuple[Check, ...] = ()
    commands: str | tuple[str, ...] | None = None
    practice: str | None = None


def load(path: str) -> Any:
    """The object named "package.module:attribute"."""
    module, _, attribute = path.partition(":")
    return getattr(importlib.import_module(module), attribute)


@dataclass(frozen=True)
class Registry:
    """All modules in order of their requirements, and which of them are switched on."""

    modules: tuple[Module, ...]
    off: frozenset[str] = field(default_factory=frozenset)

    def __iter__(self) -> Iterator[Module]:
        """The modules that are switched on."""
        return (module for module in self.modules if module.name not in self.off)

    def on(self, name: str) -> bool:
        """Whether the module `name` exists and is switched on."""
        return any(module.name == name for module in self)

    @cached_property
    def capabilities(self) -> dict[str, Capability]:
        """All capabilities by name, the switched-off modules' too."""
        return {item.name: item for module in self.modules for item in module.capabilities}

    def capabilities_of(self, profile: Profile) -> frozenset[str]:
        """The names of what `profile` may do in the modules that are on."""
        return frozenset(
            item.name for module in self for item in module.capabilities if profile in item.profiles
        )

    def fills(self, slot: str) -> list[Fill]:
        """The contributions to `slot`, in order."""
        return self._fills.get(slot, [])

    @cached_property
    def _fills(self) -> dict[str, list[Fill]]:
        found: dict[str, list[Fill]] = {}
        fills = (fill for module in self for fill in module.fills)
        for fill in sorted(fills, key=attrgetter("order")):
            found.setdefault(fill.slot, []).append(fill)
        return found

    @cached_property
    def lookups(self) -> dict[str, Lookup]:
        """The three-letter searches of the modules that are on, by name."""
        return _once("look-ups", ((m, one) for m in self for one in m.lookups))

    @cached_property
    def jobs(self) -> dict[str, Job]:
        """The jobs of the modules that are on, by name. Each channel sends in a job of its own: one
        whose server hangs keeps no other waiting."""
        senders = [
            Job(
                name=channel.job,
                title=_l("Send messages")
                if channel.name == "email"
                else _l("Send messages: %(channel)s", channel=channel.title),
                function="portal.messages.delivery:deliver",
                every=timedelta(seconds=10),
                arguments=(channel.name,),
            )
            for channel in self.channels.values()
        ]
        platform = Module(name="platform", title="Platform", jobs=tuple(senders))
        return _once("jobs", ((m, one) for m in (*self, platform) for one in m.jobs))

    @cached_property
    def checks(self) -> dict[str, Check]:
        """The parts of `portal check` of the modules that are on, by name."""
        return _once("checks", ((m, one) for m in self for one in m.checks))

    @cached_property
    def visits(self) -> dict[str, Visit]:
        """The kinds of records that visitors reach, of the modules that are on, by name."""
        return _once("kinds of visits", ((m, one) for m in self for one in m.visits))

    @cached_property
    def channels(self) -> dict[str, Any]:
        """The ways for messages to leave (`Channel`) of the modules that are on, by name."""
        return _once("channels", ((m, load(path)) for m in self for path in m.channels))

    @cached_property
    def messages(self) -> dict[str, tuple[Module, MessageKind]]:
        """The kinds of messages by name, each with its module, switched-off modules' too: what was
        promised still leaves."""
        _once("kinds of messages", ((m, kind) for m in self for kind in m.messages))
        modules = sorted(self.modules, key=lambda module: self.on(module.name))
        return {kind.name: (module, kind) for module in modules for kind in module.messages}

    @cached_property
    def words(self) -> dict[str, Any]:
        """What kinds of messages, actions and records are called, switched-off modules' too."""
        found: dict[str, Any] = {}
        for module in self.modules:
            found |= load(module.words) if module.words else {}
        return found

    def in_words(self, name: str) -> str:
        """The words for a kind of message, an audited action or a kind of record.

        What no module has words for is spelled out: "lot.added" is "Lot added".
        """
        known = self.words.get(name)
        if known is not None:
            return str(known)
        what, _dot, done = name.rpartition(".")
        if what and done == "viewed":
            return _("%(record)s: looked at", record=self.in_words(what))
        if what and done == "exported":
            return _("%(list)s: list exported", list=self.in_words(what))
        return name.replace(".", " ").replace("_", " ").strip().capitalize()

    @cached_property
    def lists(self) -> dict[str, Any]:
        """The list views (`ListDefinition`) of the modules that are on, by name."""
        return _once("lists", ((m, load(path)) for m in self for path in m.lists))

    @cached_property
    def imports(self) -> dict[str, Any]:
        """The imports (`ImportDefinition`) of the modules that are on, by name."""
        return _once("imports", ((m, load(path)) for m in self for path in m.imports))

    @cached_property
    def tabs(self) -> list[Tab]:
        """The tabs of the modules that are on, in order."""
        return sorted((tab for module in self for tab in module.tabs), key=lambda tab: tab.order)

    def settings(self, given: Mapping[str, Any]) -> dict[type, object]:
        """The modules' own settings, by the dataclass that declares them; `given` are the sections
        of `portal.toml`. Raises `SettingsError`, with a sentence that names the setting."""
        declared = {module.name: module.settings for module in self.modules}
        found: dict[type, object] = {}
        for name, values in given.items():
            if name not in declared:
                raise SettingsError(f"[modules.{name}] names no module.")
            if values and not declared[name]:
                raise SettingsError(f"The module {name} has no settings: [modules.{name}].")
        for name, path in declared.items():
            if path:
                kind = load(path)
                found[kind] = read_module(kind, name, given.get(name, {}))
        return found

    def check(self) -> None:
        """Raise `ModuleError` for what can only work by luck: two of one kind with one name, a fill
        for a slot that no module names, a kind of message by a channel that no module brings."""
        for brought in ("lookups", "lists", "imports", "checks", "jobs", "visits"):
            getattr(self, brought)
        slots = {slot for module in self.modules for slot in module.slots}
        known = {load(path).name for module in self.modules for path in module.channels}
        for module in self.modules:
            for fill in module.fills:
                if fill.slot not in slots:
                    raise ModuleError(
                        f"Module {module.name!r} fills the slot {fill.slot!r}, which no module "
                        "names."
                    )
        for module, kind in self.messages.values():
            for channel in kind.channels:
                if channel not in known:
                    raise ModuleError(
                        f"Module {module.name!r} sends {kind.name!r} by the channel {channel!r}, "
                        "which no module brings."
                    )


def current() -> Registry:
    """The modules of the running application."""
    from flask import current_app

    registry: Registry = current_app.extensions["portal"].registry
    return registry


def _once(what: str, found: Iterable[tuple[Module, Any]]) -> dict[str, Any]:
    """By name, what modules bring. Raises `ModuleError` if two have one name."""
    named: dict[str, tuple[Module, Any]] = {}
    for module, one in found:
        if one.name in named:
            other = named[one.name][0]
            raise ModuleError(
                f"Two {what} are named {one.name!r}: one of module {other.name!r}, one of module "
                f"{module.name!r}."
            )
        named[one.name] = module, one
    return {name: one for name, (_module, one) in named.items()}
