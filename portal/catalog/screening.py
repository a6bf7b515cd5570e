"""The questions before a dose: data with editions, in English and Spanish (SPEC G9, G10)."""

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from portal.catalog.ages import age_in_years

FILE = Path(__file__).with_name("screening.toml")
LANGUAGES = ("en", "es")
STOP, WARN = "stop", "warn"
YES, NO, UNSURE = "yes", "no", "unsure"
ANSWERS = (NO, YES, UNSURE)


@dataclass(frozen=True, kw_only=True)
class ScreeningQuestion:
    """A question with its words by language; `yes` is `STOP` or `WARN`. `cvx` are the products it
    is for (none: all of its groups), the ages are years, both included."""

    code: str
    edition: str
    yes: str
    words: Mapping[str, str]
    groups: frozenset[str]
    cvx: frozenset[str] = frozenset()
    age_from: int = 0
    age_to: int = 200

    def concerns(self, cvx: str, group: str) -> bool:
        """Whether it matters for a product."""
        return group in self.groups and (not self.cvx or cvx in self.cvx)

    def widened(self, other: "ScreeningQuestion") -> "ScreeningQuestion":
        """The same question, asked before the vaccines of `other`, too."""
        return replace(self, groups=self.groups | other.groups)


@dataclass(frozen=True, kw_only=True)
class ScreeningSet:
    """Questions of one edition, asked from `first` to `last` (None: still), both included."""

    edition: str
    first: date
    last: date | None
    questions: tuple[ScreeningQuestion, ...]


@dataclass(frozen=True, kw_only=True)
class ScreeningAnswer:
    """A question as it was asked, and the answer."""

    code: str
    edition: str
    text: str
    answer: str


@cache
def all_sets(path: Path = FILE) -> tuple[ScreeningSet, ...]:
    """All that is asked. Raises `ValueError` for a file that says something else."""
    read = tomllib.loads(path.read_text(encoding="utf-8"))
    return tuple(_set(each) for each in read["set"])


def _set(each: Mapping[str, object]) -> ScreeningSet:
    found: dict[str, object] = dict(each)
    edition, groups = str(found["edition"]), frozenset(map(str, found["groups"]))  # type: ignore[call-overload]
    questions = tuple(_question(one, edition, groups) for one in found["question"])  # type: ignore[attr-defined]
    first, last = found["from"], found.get("until")
    if not isinstance(first, date) or not isinstance(last, date | None):
        raise ValueError(f"{edition}: `from` and `until` are days.")
    return ScreeningSet(edition=edition, first=first, last=last, questions=questions)


def _question(one: Mapping[str, object], edition: str, groups: frozenset[str]) -> ScreeningQuestion:
    values = dict(one)
    words = {language: str(values.pop(language)) for language in LANGUAGES}
    cvx = frozenset(map(str, values.pop("cvx", ())))  # type: ignore[call-overload]
    if values["yes"] not in {STOP, WARN}:
        raise ValueError(f"{edition}, {values['code']}: `yes` is stop or warn.")
    return ScreeningQuestion(edition=edition, words=words, groups=groups, cvx=cvx, **values)  # type: ignore[arg-type]


def questions_for(
    products: Collection[tuple[str, str]], birth_date: date, day: date
) -> tuple[ScreeningQuestion, ...]:
    """What is asked on `day` before a dose of one of these products (CVX code and group), each
    question once."""
    age = age_in_years(birth_date, day)
    found: dict[str, ScreeningQuestion] = {}
    for each in all_sets():
        if not each.first <= day <= (each.last or date.max):
            continue
        for one in each.questions:
            if one.age_from <= age <= one.age_to and any(one.concerns(*two) for two in products):
                known = found.get(one.code)
                found[one.code] = one if known is None else known.widened(one)
    return tuple(found.values())


@cache
def _sheets() -> list[dict[str, Any]]:
    return list(tomllib.loads(FILE.read_text(encoding="utf-8"))["sheet"])


def fact_sheet_on(group: str, day: date) -> str:
    """The fact sheet that was to be handed out on `day`; empty where none is known."""
    known = [each for each in _sheets() if group in each["groups"] and each["from"] <= day]
    return str(max(known, key=lambda each: each["from"])["name"]) if known else ""
