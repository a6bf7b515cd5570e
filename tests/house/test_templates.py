"""Templates: they compile, hold nothing inline, trust nothing, and speak every language."""

import re
from pathlib import Path

import pytest
from flask import Flask
from jinja2 import Environment, nodes
from jinja2.ext import i18n

from tests.house.source import ROOT, templates

PAGES = [path for path in templates() if path.suffix == ".html"]
# Words that are the same in every language.
UNTRANSLATED = {
    "Error",
    "CSV",
    "xlsx",
    "PDF",
    "NDC",
    "GTIN",
    "VFC PIN",
    "x",
    "MiB",
    "OK",
    "practice makes perfect",
}
LETTERS = re.compile(r"[A-Za-z]{2,}")


def shown(path: Path) -> str:
    return path.relative_to(ROOT / "templates").as_posix()


def without_jinja(text: str) -> str:
    text = re.sub(r"\{#.*?#\}", "", text, flags=re.S)
    text = re.sub(r"\{%-?\s*(trans|pluralize).*?endtrans\s*-?%\}", "", text, flags=re.S)
    return re.sub(r"\{%.*?%\}|\{\{.*?\}\}", "", text, flags=re.S)


LONGEST_LINE = 120


def too_long(text: str) -> list[int]:
    """The lines that nobody can read."""
    return [number for number, line in enumerate(text.split("\n"), 1) if len(line) > LONGEST_LINE]


@pytest.mark.parametrize("path", PAGES, ids=shown)
def test_lines_can_be_read(path: Path) -> None:
    assert too_long(path.read_text("utf-8")) == []


def test_a_long_line_would_be_noticed() -> None:
    assert too_long("<p>\n" + "x" * 121 + "\n" + "x" * 120) == [2]


def test_every_template_compiles(bare_app: Flask) -> None:
    for path in templates():
        bare_app.jinja_env.get_template(shown(path))


@pytest.mark.parametrize("path", PAGES, ids=shown)
def test_nothing_is_inline(path: Path) -> None:
    text = re.sub(r"\{#.*?#\}", "", path.read_text("utf-8"), flags=re.S)
    assert not re.search(r"<style\b", text)
    assert not re.search(r"<script(?![^>]*\bsrc=)", text)
    assert not re.search(r"<[^>]*\son[a-z]+\s*=", text)
    assert not re.search(r"(?i)javascript:", text)
    if path.parent.name != "messages":
        assert not re.search(r"<[^>]*\sstyle\s*=", text)


@pytest.mark.parametrize("path", templates(), ids=shown)
def test_nothing_is_trusted_blindly(path: Path) -> None:
    text = path.read_text("utf-8")
    assert not re.search(r"\|\s*safe\b", text)
    assert not re.search(r"autoescape\s+false", text)


@pytest.mark.parametrize("path", PAGES, ids=shown)
def test_nothing_comes_from_elsewhere(path: Path) -> None:
    text = without_jinja(path.read_text("utf-8"))
    assert not re.search(r"(?:src|href|action)\s*=\s*[\"']?(?:https?:)?//", text)


@pytest.mark.parametrize("path", PAGES, ids=shown)
def test_every_visible_word_can_be_translated(path: Path) -> None:
    """Bare words between tags, and in attributes that are read out, go through gettext."""
    text = without_jinja(path.read_text("utf-8"))
    bare = re.findall(r">([^<>]+)<", f">{re.sub(r'<[^>]*$', '', text)}<")
    bare += re.findall(r"(?:title|alt|placeholder|aria-label)=\"([^\"]+)\"", text)
    words = [part.strip(" \n·:.,()*–—/|&;") for part in bare if LETTERS.search(part)]
    words = [re.sub(r"&[a-z]+;", "", word) for word in words]
    found = [word for word in words if LETTERS.search(word) and word not in UNTRANSLATED]
    if shown(path).startswith("styleguide/"):
        return
    assert not found


@pytest.mark.parametrize("path", templates(), ids=shown)
def test_texts_are_constant_so_that_they_can_be_extracted(path: Path) -> None:
    environment = Environment(extensions=[i18n], autoescape=True)
    tree = environment.parse(path.read_text("utf-8"))
    for call in tree.find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name in {"_", "gettext"}:
            first = call.args[0]
            # Labels of tabs, profiles and the like are data, marked where they are written.
            constant = isinstance(first, (nodes.Const, nodes.Getattr))
            assert constant, f"line {call.lineno}: a variable in gettext"
