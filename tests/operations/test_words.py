"""Kinds of messages, actions and records are shown in words."""

import ast
import re

import pytest
from flask import Flask

from portal.discovery import discover
from portal.module import Registry
from tests.client import Browser
from tests.house.source import sources

CODE = re.compile(r"[a-z_]+\.[a-z_]+")
GENERIC = (".viewed", ".exported")


def recorded() -> set[str]:
    """The actions and kinds of records that the code notes in the audit trail."""
    found: set[str] = set()
    for source in sources():
        for node in source.nodes:
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name not in {"record", "_record", "record_change", "audit"}:
                continue
            texts = [one for one in ast.walk(node) if isinstance(one, ast.Constant)]
            found |= {
                one.value
                for one in texts
                if isinstance(one.value, str) and CODE.fullmatch(one.value)
            }
            found |= {
                word.value.value
                for word in node.keywords
                if word.arg == "subject" and isinstance(word.value, ast.Constant)
            }
    return found


def test_every_action_and_kind_of_record_that_is_audited_has_words() -> None:
    names = recorded()
    assert {"user.deactivated", "shipment.announced", "job_run"} <= names
    assert sorted(name for name in names if name not in discover().words) == []


def test_every_kind_of_message_has_words() -> None:
    registry = discover()
    kinds = {kind.name for module in registry.modules for kind in module.messages}
    assert sorted(kinds - set(registry.words)) == []


def test_two_modules_do_not_name_one_thing() -> None:
    from portal.module import load

    names = [name for module in discover() if module.words for name in load(module.words)]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("user.deactivated", "User deactivated"),
        ("user.viewed", "User: looked at"),
        ("shipments.exported", "Shipments: list exported"),
        ("fridge.lid_opened", "Fridge lid opened"),
        ("welcome", "Invitation"),
    ],
)
def test_what_has_no_words_of_its_own_is_spelled_out(app: Flask, name: str, words: str) -> None:
    registry: Registry = app.extensions["portal"].registry
    with app.test_request_context():
        assert registry.in_words(name) == words


def test_the_trail_is_searched_by_words(administrator: Browser) -> None:
    administrator.get(f"/accounts/{administrator.personas.users['agent']}")
    page = administrator.get("/operations/audit")
    options = {one.text: one.attributes["value"] for one in page.root.all("option")}
    assert options["User: looked at"] == "user.viewed"
    found = administrator.submit(page, {"action": options["User: looked at"]}, button="Search")
    rows = found.root.all("tbody")[0].all("tr")
    assert len(rows) == 1
    assert "User: looked at" in rows[0].text
    assert "user.viewed" not in rows[0].text
