"""How modules are found, checked, and put into the order of their requirements."""

import importlib
import pkgutil
from collections.abc import Iterable
from importlib.metadata import entry_points

from portal.module import Module, ModuleError, Registry, load

ENTRY_POINT_GROUP = "portal.modules"


def discover(off: Iterable[str] = (), extra: Iterable[Module] = ()) -> Registry:
    """Find the modules of `blueprints/`, of the entry points, and `extra`; check and order them.

    Raises `ModuleError` for doubled names, unknown or circular requirements, and `off` names that
    no module has.
    """
    found: list[Module] = list(extra)
    package = importlib.import_module("blueprints")
    for info in pkgutil.iter_modules(package.__path__):
        found.append(importlib.import_module(f"blueprints.{info.name}").module)
    for entry in entry_points(group=ENTRY_POINT_GROUP):
        found.append(entry.load())
    found.append(load("portal.platform:module"))
    by_name: dict[str, Module] = {}
    for module in found:
        if module.name in by_name:
            raise ModuleError(f"Two modules are named {module.name!r}.")
        by_name[module.name] = module
    unknown = set(off) - set(by_name)
    if unknown:
        raise ModuleError(f"modules_off names no module: {', '.join(sorted(unknown))}.")
    if "platform" in off:
        raise ModuleError("The platform itself cannot be switched off.")
    registry = Registry(tuple(_ordered(by_name)), frozenset(off))
    _check(registry)
    return registry


def _ordered(by_name: dict[str, Module]) -> list[Module]:
    ordered: list[Module] = []
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in done:
            return
        if name in path:
            raise ModuleError(f"Modules require each other in a circle: {' → '.join(path)}.")
        if name not in by_name:
            raise ModuleError(f"Module {path[-1]!r} requires {name!r}, which does not exist.")
        for other in by_name[name].requires:
            visit(other, (*path, name))
        done.add(name)
        ordered.append(by_name[name])

    for name in sorted(by_name):
        visit(name, ())
    return ordered


def _check(registry: Registry) -> None:
    seen: set[str] = set()
    for module in registry.modules:
        for capability in module.capabilities:
            if capability.name in seen:
                raise ModuleError(f"Capability {capability.name!r} is declared twice.")
            seen.add(capability.name)
    for module in registry.modules:
        named = [tab.capability for tab in module.tabs]
        named += [fill.capability for fill in module.fills]
        named += [lookup.capability for lookup in module.lookups]
        for name in named:
            if name not in seen:
                raise ModuleError(f"Module {module.name!r} names the unknown capability {name!r}.")
