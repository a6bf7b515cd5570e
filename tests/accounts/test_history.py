"""What happened to an account, on its page, in words."""

from datetime import UTC, datetime, timedelta

import time_machine

from portal.audit.services import record
from tests.accounts.steps import add, jane, press
from tests.client import Browser, Page
from tests.people.steps import NEW, change, link_in, mails, writing
from tests.personas import Personas

NOON = datetime(2026, 7, 1, 16, 0, tzinfo=UTC)


def lines(page: Page) -> list[list[str]]:
    section = page.root.one("details", id="history-section")
    return [[cell.text for cell in row.all()] for row in section.one("tbody").all("tr")]


def test_it_tells_what_happened_when_and_by_whom_in_the_time_of_the_location(
    browser: Browser,
) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        add(browser.sign_in("manager_a"))
        user = jane(browser.app)
        assert user is not None
        clock.shift(timedelta(minutes=1))
        browser.submit(
            browser.get(f"/accounts/{user.id}"),
            {"last_name": "Whyte", "email": "jane.whyte@example.org"},
            action=f"/accounts/{user.id}/correct",
        )
        link = link_in(mails(browser.app, "welcome")[-1]["text"])
        browser.submit(browser.get(link), {"new_password": NEW}, button="Save")
        clock.shift(timedelta(minutes=1))
        browser.sign_in("manager_a")
        press(browser, user.id, "Change Profile", profile="read_only")
        browser.sign_in("admin")
        press(browser, user.id, "Deactivate")
        page = browser.sign_in("manager_a").get(f"/accounts/{user.id}")
    found = lines(page)
    assert [row[1:] for row in found] == [
        ["User deactivated", "Admin Staff"],
        [
            "Profile changed: from Healthcare Provider to Healthcare Provider Read-Only",
            "Manager A",
        ],
        ["Registration completed", "Jane Whyte"],
        ["Name or e-mail address corrected: Last Name, Email", "Manager A"],
        ["User added: Healthcare Provider", "Manager A"],
    ]
    assert found[-1][0] == "07/01/2026 12:00 PM EDT"
    assert found[0][0] == "07/01/2026 12:02 PM EDT"


def test_a_manager_reads_nothing_of_other_locations_and_their_people(
    browser: Browser, personas: Personas
) -> None:
    user_id = personas.users["manager_ab"]
    change(browser.app, personas.users["manager_b"], first_name="Beatrix")
    browser.sign_in("manager_b")
    press(browser, user_id, "Change Locations", locations=[])
    browser.sign_in("admin")
    both = [str(personas.locations[letter]) for letter in "AB"]
    browser.submit(browser.get("/switch-location"), button="Clinic B")
    press(browser, user_id, "Change Locations", locations=both)
    page = browser.sign_in("manager_a").get(f"/accounts/{user_id}")
    assert [row[1:] for row in lines(page)] == [
        ["Locations of a user changed: added: another location", "Admin Staff"],
        [
            "Locations of a user changed: removed: another location",
            "Someone at another location",
        ],
    ]
    assert "Beatrix" not in page.html
    page = browser.sign_in("admin").get(f"/accounts/{user_id}")
    assert [row[1:] for row in lines(page)][1] == [
        "Locations of a user changed: removed: Clinic B",
        "Beatrix B",
    ]


def test_a_long_history_is_paged_and_shows_no_looking(browser: Browser, personas: Personas) -> None:
    user_id = personas.users["provider_a"]
    with writing(browser.app):
        for number in range(60):
            for action in ("user.password_reset", "user.signed_in", "user.viewed"):
                record(
                    None,
                    action,
                    subject="user",
                    subject_id=user_id,
                    location_id=None,
                    summary=str(number),
                )
    page = browser.sign_in("manager_a").get(f"/accounts/{user_id}")
    assert len(lines(page)) == 50
    assert {row[1] for row in lines(page)} == {"New password chosen with an e-mailed link"}
    page = browser.get(page.root.with_text("a", "Next").attributes["href"])
    assert len(lines(page)) == 10
    page = browser.get(page.root.with_text("a", "First").attributes["href"])
    assert len(lines(page)) == 50
    for odd in ("x", "-1", "9" * 30):
        assert browser.get(f"/accounts/{user_id}?below={odd}").status == 200
