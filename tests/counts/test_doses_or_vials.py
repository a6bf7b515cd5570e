"""A count is one of doses: it says so, shows vials, and asks about an unlikely difference (D11)."""

import pytest

from blueprints.counts.rules import EnteredLine, in_vials, is_unlikely
from portal.access.scope import Scope
from tests.client import Browser, Page
from tests.counts.steps import begin, documents, enter, wrong
from tests.effort import some
from tests.inventory import stock

PFIZER = "59267-1000-01"


def columns(page: Page) -> list[str]:
    return [one.text for one in page.root.all("thead")[0].all("th")]


def cells(page: Page, name: str) -> list[str]:
    """What stands in the column of that name."""
    at = columns(page).index(name)
    rows = page.root.all("tbody")[0].all("tr")
    return [[*row.all("th"), *row.all("td")][at].text for row in rows]


@pytest.fixture
def records(scope: Scope) -> list[int]:
    """Two products: vials of 10 doses, and of 6."""
    pfizer = stock.product_id(PFIZER)
    return [
        stock.add(scope, name="Alpha", lot="LOT1", doses=97),
        stock.add(scope, name="Beta", lot="LOT2", doses=420, product_id=pfizer),
    ]


def test_form_and_sheet_say_doses_and_show_vials(manager: Browser, records: list[int]) -> None:
    page = begin(manager)
    vials = ["9 vials of 10 doses and 7 doses", "70 vials of 6 doses"]
    assert "Doses counted" in columns(page)
    assert cells(page, "Vials expected") == vials
    field = page.root.one("input", name="counted_1")
    assert field.attributes["aria-label"] == "Doses counted, 1. Alpha"
    path = f"{page.response.request.path}/sheet"
    sheet, blind = manager.get(path), manager.get(f"{path}?blind=1")
    assert cells(sheet, "Doses counted") == cells(blind, "Doses counted") == ["", ""]
    assert cells(sheet, "Vials expected") == vials
    assert cells(blind, "Vials") == ["10 doses per vial", "6 doses per vial"]


@pytest.mark.parametrize(
    ("counted", "said"),
    some(
        [
            (70, "70 vials of 6 doses would be 420 doses. Enter doses, not vials."),
            (335, "Count these doses again, or check the number."),
            (4200, "Count these doses again, or check the number."),
            (0, "Count these doses again, or check the number."),
        ],
        short=2,
    ),
)
def test_an_unlikely_difference_is_booked_only_if_it_is_meant(
    manager: Browser, records: list[int], counted: int, said: str
) -> None:
    reason = "lost" if counted < 420 else "found"
    confirm = enter(manager, begin(manager), {1: 97, 2: counted}, reason_2=reason)
    sentence = f"Doses counted for 2. Beta: {counted:,}. Expected: 420. {said}"
    assert sentence in confirm.root.text
    refused = manager.submit(confirm, button="Finish Count")
    assert refused.status == 422
    assert sentence in refused.root.one("p", id="confirmed-error").text
    assert documents() == []
    assert stock.counters(records[1])["doses_available"] == 420
    done = manager.submit(refused, {"confirmed": "y"}, button="Finish Count", follow=True)
    assert "The count was finished" in done.root.text
    assert stock.counters(records[1])["doses_available"] == counted
    assert wrong() == []


def test_a_likely_difference_is_not_asked_about(manager: Browser, records: list[int]) -> None:
    confirm = enter(
        manager, begin(manager), {1: 87, 2: 418}, reason_1="broken", reason_2="open_vial"
    )
    assert confirm.root.all("input", name="confirmed") == []
    manager.submit(confirm, button="Finish Count", follow=True)
    assert [stock.counters(one)["doses_available"] for one in records] == [87, 418]


@pytest.mark.parametrize(
    ("expected", "counted", "per_vial", "asked"),
    [
        (10, 0, 10, False),  # the last vial
        (5, 0, 10, False),
        (20, 9, 10, True),
        (50, 40, 10, False),
        (55, 44, 10, False),  # a fifth, not more
        (54, 43, 10, True),
        (1000, 900, 10, False),  # ten vials
        (1000, 899, 10, True),
        (0, 10, 10, False),
        (0, 11, 10, True),
        (5, 4, None, False),
        (5, 3, None, True),
        (419, 84, 5, True),
    ],
)
def test_more_than_a_vial_and_a_fifth_or_than_ten_vials_is_unlikely(
    expected: int, counted: int, per_vial: int | None, asked: bool
) -> None:
    assert is_unlikely(EnteredLine(expected, counted), per_vial) is asked
    assert not is_unlikely(EnteredLine(expected, None), per_vial)
    assert not is_unlikely(EnteredLine(expected, counted, not_counted=True), per_vial)


@pytest.mark.parametrize(
    ("doses", "said"),
    [
        (0, "0 doses"),
        (1, "1 dose"),
        (10, "1 vial of 10 doses"),
        (101, "10 vials of 10 doses and 1 dose"),
    ],
)
def test_doses_in_vials(doses: int, said: str, manager: Browser) -> None:
    with manager.app.test_request_context():
        assert in_vials(doses, 10) == said
