"""What the documentation says of the code is made from the code, or compared with it."""

import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from blueprints.shipments.sheets import shipment_columns
from portal import reference
from portal.discovery import discover
from portal.module import Module, load
from portal.settings import Settings
from portal.version import VERSION
from tests.house.source import ROOT

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


@pytest.mark.parametrize(
    ("file", "made", "command"),
    [
        ("docs/settings.md", reference.settings_page, "settings"),
        ("docs/permissions.md", reference.permissions_page, "permissions"),
    ],
)
def test_the_page_made_from_the_code_is_current(file: str, made: object, command: str) -> None:
    assert callable(made)
    written = (ROOT / file).read_text("utf-8")
    assert written == made(discover()), f"bin/portal {command} > {file}"


def test_every_setting_is_explained() -> None:
    known = {item.name for item in fields(Settings)} - {"instance", "modules"}
    assert set(reference.HELP) == known
    for module in discover():
        for item in fields(load(module.settings)) if module.settings else ():
            assert len(item.metadata["help"]) > 10, f"{module.name}.{item.name}"


def test_the_module_guide_names_every_part_of_the_contract() -> None:
    guide = (ROOT / "docs" / "modules.md").read_text("utf-8")
    for item in fields(Module):
        assert f"`{item.name}`" in guide, item.name


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_between_documents_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text("utf-8")):
        if not re.match(r"[a-z]+:", target):
            assert (path.parent / target).exists(), target


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_commands_in_documents_exist(path: Path) -> None:
    from portal.cli import commands

    pattern = r"bin/portal (?:--instance \S+ )?((?:[a-z][a-z-]+ ?){1,2})"
    for found in re.findall(pattern, path.read_text("utf-8")):
        first = found.split()[0]
        assert first in commands.commands or first in commands._of_modules(), found


def test_the_guide_prints_commands_that_work_as_they_stand() -> None:
    """Whoever copies a command must not need to know where the code and the data are."""
    from portal.cli import OF_THE_CODE, ON_THE_PRACTICE_ONE

    guide = (ROOT / "docs" / "operators-guide.md").read_text("utf-8")
    of_no_instance = [*OF_THE_CODE, *ON_THE_PRACTICE_ONE, "--help", "--version"]
    found = re.findall(r"([^\s`]*bin/portal) ([^\n`|]+)", guide)
    assert len(found) > 15
    for program, options in found:
        if options.split()[0] not in of_no_instance:
            assert program == "/opt/portal/bin/portal", options
            assert re.match(r"--instance /\S+ [a-z]", options), options


def test_the_guide_names_every_module_unit_and_column_of_a_supplier() -> None:
    guide = (ROOT / "docs" / "operators-guide.md").read_text("utf-8")
    for module in discover():
        assert module.name == "platform" or f"`{module.name}`" in guide, module.name
    for path in (ROOT / "deploy").iterdir():
        assert f"deploy/{path.name}" in guide, path.name
    for column in shipment_columns():
        assert f"`{column.label}`" in guide, column.label


def test_the_news_begin_with_the_version_that_this_is() -> None:
    news = (ROOT / "CHANGELOG.md").read_text("utf-8")
    first = re.search(r"^## (\S+?),? ", news, re.MULTILINE)
    assert first is not None
    assert first[1] == VERSION


def test_texts_can_be_extracted_for_translation(tmp_path: Path) -> None:
    catalogue = tmp_path / "messages.pot"
    done = subprocess.run(
        [sys.executable, "-m", "babel.messages.frontend", "-q", "extract", "-F", "babel.cfg"]
        + ["-k", "_l", "-o", str(catalogue), "."],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    texts = catalogue.read_text("utf-8")
    assert texts.count("\nmsgid ") > 400
    for known in ("Sign In", "Not allowed", "Switch Location"):
        assert f'msgid "{known}"' in texts
