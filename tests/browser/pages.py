"""Every page of the sample clinics that one can open by its address, found in the URL map."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from flask import Flask
from playwright.sync_api import Page

from portal.app import create_app
from portal.db import unit_of_work
from portal.settings import load_settings
from tests.samples import all_samples, each, together

VARIABLE = re.compile(r"<(?:\w+(?:\([^>]*?\))?:)?(\w+)>")


def rules(app: Flask) -> list[str]:
    """The rules of the pages, each variable written as its short name."""
    no_pages = re.compile("|".join(each(lambda samples: samples.tour.no_pages)))
    found = set()
    for rule in app.url_map.iter_rules():
        plain = VARIABLE.sub(_short, str(rule))
        if "GET" in (rule.methods or ()) and not no_pages.fullmatch(plain):
            found.add(plain)
    return sorted(found)


def _short(variable: re.Match[str]) -> str:
    name = variable[1]
    return "<id>" if name.endswith("_id") else f"<{name}>"


def addresses(instance: Path, signed_in: Callable[[str], Page]) -> Iterator[str]:
    """Addresses for every rule, of the samples of the modules (tests/samples.py)."""
    app = create_app(load_settings(instance, practice=True, jobs="off"))
    examples = together(lambda samples: samples.tour.pages)
    begun: dict[str, list[str]] = {}
    for samples in all_samples():
        if samples.tour.find:
            with app.app_context(), unit_of_work(write=False):
                for rule, address in samples.tour.find():
                    begun.setdefault(rule, []).append(address)
        if samples.tour.begin:
            for rule, address in samples.tour.begin(signed_in):
                begun.setdefault(rule, []).append(address)
    for rule in rules(app):
        found = [*examples.get(rule, ()), *begun.get(rule, ())]
        assert found or "<" not in rule, (
            f"Nobody knows an address of {rule}. Add one to tests/<module>/samples.py of its "
            f"module: Samples(tour=Tour(pages={{{rule!r}: ('…',)}})), or find, begin, or no_pages"
        )
        if "<" not in rule:
            yield rule
        yield from (one if one[0] == "/" else rule + one for one in found)
