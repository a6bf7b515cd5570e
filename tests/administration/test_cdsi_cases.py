"""The days of further doses against the CDC's own test cases of CDSi for COVID-19.

`cdsi_covid.csv` has the facts of those public cases (healthy people, versions 4.35 and 4.42) whose
series has the intervals of a product in the product file: Pfizer for children under five (21 days,
then eight weeks), Moderna (28 days), Novavax (21 days). The cases speak of later formulas of the
same makers; ages are left out, because those of the later formulas are others.
"""

import csv
from datetime import date
from pathlib import Path

import pytest

from portal.catalog.stops import StopCode
from portal.catalog.windows import window
from tests.administration.test_date_cases import codes, facts, given

CASES = list(csv.DictReader(Path(__file__).with_name("cdsi_covid.csv").open(encoding="utf-8")))


def name(case: dict[str, str]) -> str:
    return f"{case['case']}-{case['version']}-dose-{case['dose_number']}"


@pytest.mark.parametrize("case", [each for each in CASES if each["given"]], ids=name)
def test_a_dose_counts_as_the_cdc_says(case: dict[str, str]) -> None:
    key, number = case["product_key"], int(case["dose_number"])
    before, day = date.fromisoformat(case["before"]), date.fromisoformat(case["given"])
    early = StopCode.TOO_EARLY in codes(key, number, day, given(key, number - 1, before))
    assert early is (case["counts"] == "no")


@pytest.mark.parametrize("case", [each for each in CASES if each["next_day"]], ids=name)
def test_the_next_dose_is_due_on_the_cdc_s_day(case: dict[str, str]) -> None:
    days = window(
        facts(case["product_key"]), int(case["dose_number"]), date.fromisoformat(case["before"])
    )
    assert days is not None
    assert days.recommended == date.fromisoformat(case["next_day"])
