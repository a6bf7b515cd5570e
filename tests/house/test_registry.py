"""What modules may not bring is refused at the start, with a sentence that says whose it is."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from portal.app import create_app
from portal.messages.smtp import EMAIL
from portal.module import Check, Fill, Job, Lookup, MessageKind, Module, ModuleError
from portal.settings import SettingsError, load_settings, of_module, setting

HERE = "tests.house.test_registry"
PIGEON = EMAIL


@dataclass(frozen=True)
class LoftSettings:
    """Settings of the module under test."""

    pigeons: int = setting(7, "How many pigeons there are.", least=1, most=99)
    grain: str = setting("corn", "What they eat.", choices=("corn", "peas"))
    at_night: bool = setting(False, "Whether they fly at night.")
    names: tuple[str, ...] = setting(("Ann",), "What they are called.")


def start(folder: Path, **parts: Any) -> Any:
    """Start a portal with a module `loft` of these parts; `given` are its settings."""
    given = parts.pop("given", {})
    loft = Module(name="loft", title="Loft", **parts)
    return create_app(load_settings(folder, jobs="off", modules=given), extra_modules=[loft])


def _doubled(what: str, name: str) -> str:
    return f"Two {what} are named '{name}': one of module 'loft', one of module 'platform'."


LOOKUP = Lookup(name="products", function="x:y", capability="portal.use")
JOB = Job(name="messages.deliver", title="x", function="x:y", every=timedelta(1))
TWICE = Job(name="loft.feed", title="x", function="x:y", every=timedelta(1))


@pytest.mark.parametrize(
    ("parts", "sentence"),
    [
        (
            {"lookups": (LOOKUP,)},
            _doubled("look-ups", "products"),
        ),
        (
            {"lists": ("blueprints.shipments.lists:SHIPMENTS",)},
            "Two lists are named 'shipments': one of module 'shipments', one of module 'loft'.",
        ),
        (
            {"imports": ("blueprints.shipments.importing:IMPORT",)},
            "Two imports are named 'shipments': one of module 'shipments', one of module 'loft'.",
        ),
        (
            {"checks": (Check(name="audit", title="x", function="x:y"),)},
            _doubled("checks", "audit"),
        ),
        (
            {"jobs": (JOB,)},
            _doubled("jobs", "messages.deliver"),
        ),
        (
            {"jobs": (TWICE, TWICE)},
            "Two jobs are named 'loft.feed': one of module 'loft', one of module 'loft'.",
        ),
        (
            {"messages": (MessageKind("welcome"),)},
            _doubled("kinds of messages", "welcome"),
        ),
        (
            {"channels": (f"{HERE}:PIGEON",)},
            _doubled("channels", "email"),
        ),
        (
            {"messages": (MessageKind("coo", channels=("email", "pigeon")),)},
            "Module 'loft' sends 'coo' by the channel 'pigeon', which no module brings.",
        ),
        (
            {
                "fills": (
                    Fill(slot="hme.cards", function="x:y", template="x", capability="portal.use"),
                )
            },
            "Module 'loft' fills the slot 'hme.cards', which no module names.",
        ),
    ],
)
def test_what_is_doubled_or_leads_nowhere_stops_the_start(
    tmp_path: Path, parts: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ModuleError) as refusal:
        start(tmp_path, **parts)
    assert str(refusal.value) == sentence


SETTINGS = {"settings": f"{HERE}:LoftSettings"}


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (
            {"loft": {"pigeons": "many"}},
            "[modules.loft] pigeons must be a whole number, not 'many'.",
        ),
        ({"loft": {"pigeons": 0}}, "[modules.loft] pigeons must be between 1 and 99, not 0."),
        ({"loft": {"pigeons": 100}}, "[modules.loft] pigeons must be between 1 and 99, not 100."),
        ({"loft": {"pigeons": 1.5}}, "[modules.loft] pigeons has the wrong kind of value: 1.5."),
        (
            {"loft": {"grain": "rice"}},
            "[modules.loft] grain must be one of corn, peas, not 'rice'.",
        ),
        ({"loft": {"at_night": 1}}, "[modules.loft] at_night has the wrong kind of value: 1."),
        ({"loft": {"pidgeons": 5}}, "Unknown setting: [modules.loft] pidgeons."),
        (
            {"loft": {"base_url": "http://x.example", "pidgeons": 5}},
            (
                "Unknown setting: [modules.loft] base_url, pidgeons. "
                "Move base_url above the first line with brackets [ ]."
            ),
        ),
        ({"lotf": {"pigeons": 5}}, "[modules.lotf] names no module."),
        ({"home": {"x": 5}}, "The module home has no settings: [modules.home]."),
        ({"loft": 5}, "modules must be sections, such as [modules.inventory]."),
        (
            {"inventory": {"low_stock_doses": -1}},
            "[modules.inventory] low_stock_doses must be at least 0, not -1.",
        ),
    ],
)
def test_a_wrong_setting_of_a_module_stops_the_start(
    tmp_path: Path, given: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(SettingsError) as refusal:
        start(tmp_path, given=given, **SETTINGS)
    assert str(refusal.value) == sentence


def test_settings_are_typed_and_have_their_defaults(tmp_path: Path) -> None:
    app = start(tmp_path, given={"loft": {"pigeons": 9, "names": ["Bob"]}}, **SETTINGS)
    with app.app_context():
        assert of_module(LoftSettings) == LoftSettings(pigeons=9, names=("Bob",))
        assert of_module(LoftSettings).grain == "corn"


def test_a_section_of_the_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "portal.toml").write_text("[modules.loft]\npigeons = 12\n")
    loft = Module(name="loft", title="Loft", settings=f"{HERE}:LoftSettings")
    app = create_app(load_settings(tmp_path, jobs="off"), extra_modules=[loft])
    with app.app_context():
        assert of_module(LoftSettings).pigeons == 12
