"""Whatever is said to people without an account is there in Spanish."""

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from portal.catalogues import compiled
from tests.house.source import ROOT
from tests.visitors.spoken import public_templates, spoken

CATALOGUE = ROOT / "translations" / "es" / "LC_MESSAGES" / "messages.po"
PLACES = re.compile(r"%\(\w+\)s")


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    with CATALOGUE.open("rb") as file:
        return read_po(file, locale="es")


def missing(catalog: Catalog) -> list[str]:
    """Sentences without a translation, and where they are said."""
    found = []
    for text, place in spoken().items():
        one = catalog.get(text if isinstance(text, str) else text[0])
        said = one.string if one else ""
        if not said or one is None or one.fuzzy or (isinstance(said, tuple) and not all(said)):
            found.append(f"{place}: {text}")
    return found


def test_every_sentence_has_a_spanish_text(catalog: Catalog) -> None:
    assert missing(catalog) == []


def test_one_that_has_none_would_be_noticed(catalog: Catalog) -> None:
    with CATALOGUE.open("rb") as file:
        poorer = read_po(file, locale="es")
    poorer.delete("Cancel appointment")
    assert missing(poorer) == ["appointments/own_cancel.html: Cancel appointment"]


def test_the_pages_and_messages_are_found() -> None:
    found = public_templates()
    assert {"visitors/find.html", "visitors/link_over.html", "appointments/own.html"} <= found
    assert {"components/field.html", "layouts/_foot.html", "messages/frame.txt"} <= found
    assert "layouts/app.html" not in found


def test_translations_keep_the_places_that_are_filled_in(catalog: Catalog) -> None:
    for one in catalog:
        if not one.id:
            continue
        ids = (one.id,) if isinstance(one.id, str) else one.id
        strings = (one.string,) if isinstance(one.string, str) else one.string
        wanted = set(PLACES.findall(" ".join(ids)))
        for string in strings:
            assert set(PLACES.findall(string)) == wanted, one.id


def test_what_changed_is_compiled_at_the_next_start_and_nothing_else(tmp_path: Path) -> None:
    source = tmp_path / "source" / "es" / "LC_MESSAGES"
    source.mkdir(parents=True)
    text = CATALOGUE.read_text("utf-8")
    (source / "messages.po").write_text(text, "utf-8")
    folder = compiled(tmp_path / "made", tmp_path / "source")
    made = folder / "es" / "LC_MESSAGES" / "messages.mo"
    first, inode = made.read_bytes(), made.stat().st_ino
    compiled(folder, tmp_path / "source")
    assert made.stat().st_ino == inode
    (source / "messages.po").write_text(text.replace("Cancelar la cita", "Anular la cita"), "utf-8")
    compiled(folder, tmp_path / "source")
    assert made.read_bytes() != first
    assert b"Anular la cita" in made.read_bytes()
