"""Who may do what in `Account Management`: persona × action × own or other location (SPEC A3)."""

import pytest

from tests.client import Browser
from tests.people.steps import NEW, trail, user_of
from tests.personas import PEOPLE, Personas

ACTIONS = {
    "see": ("GET", "/accounts/{}", {}),
    "profile": ("POST", "/accounts/{}/profile", {"profile": "read_only"}),
    "deactivate": ("POST", "/accounts/{}/deactivate", {}),
    "reactivate": ("POST", "/accounts/{}/reactivate", {}),
    "invite": ("POST", "/accounts/{}/invite", {}),
    "correct": (
        "POST",
        "/accounts/{}/correct",
        {"first_name": "New", "last_name": "Name", "email": "new.name@example.org"},
    ),
    "confirm profile": ("GET", "/accounts/{}/profile?profile=read_only", {}),
    "confirm deactivating": ("GET", "/accounts/{}/deactivate", {}),
    "locations": ("POST", "/accounts/{}/locations", {}),
}
# Who → whom → what may be expected of every action.
OWN, ELSEWHERE, STAFF = "provider_a", "manager_b", "agent"
ALLOWED = {
    ("manager_a", OWN),
    ("manager_ab", OWN),
    ("admin", OWN),
    ("admin", ELSEWHERE),
    ("admin", STAFF),
}
TYPED = {"correct", "profile"}
SEES_THE_TAB = {"manager_a", "manager_b", "manager_ab", "admin"}


def tokens(browser: Browser) -> dict[str, str]:
    form = browser.get("/switch-location").form(action="/sign-out")
    return {
        name: form.one("input", name=name).attributes["value"]
        for name in ("csrf_token", "operation_id")
    }


def attempt(browser: Browser, action: str, user_id: int, *, region: str | None = None) -> int:
    method, url, values = ACTIONS[action]
    if method == "GET":
        return browser.get(url.format(user_id), region=region).status
    answer = browser.post(url.format(user_id), {**tokens(browser), **values}, region=region)
    return answer.status


@pytest.mark.parametrize(
    ("who", "whom"),
    [(who, whom) for who in PEOPLE for whom in (OWN, ELSEWHERE, STAFF) if who != whom],
)
def test_who_may_do_what_with_whom(
    browser: Browser, personas: Personas, who: str, whom: str
) -> None:
    user_id = personas.users[whom]
    before = vars(user_of(browser.app, user_id))
    browser.sign_in(who)
    for action in ACTIONS:
        for region in (None, "flash"):
            status = attempt(browser, action, user_id, region=region)
            if who not in SEES_THE_TAB:
                assert status == 403, action
            elif (who, whom) == ("manager_ab", ELSEWHERE) and action in TYPED and region:
                assert status == 200, "who works there, too, finds there what was typed"
            elif (who, whom) not in ALLOWED:
                assert status == 404, action
            elif action == "see":
                assert status == 200
            elif action in {"invite", "correct"} or (action, whom) == ("profile", STAFF):
                assert status in {200, 303, 422}, action
            elif action.startswith("confirm"):
                assert status in {200, 422}, action
            elif action == "locations" and region and whom == OWN and who != "admin":
                assert status == 404, "out of sight after the last location was taken"
            else:
                assert status in {200, 303}, action
    if (who, whom) not in ALLOWED:
        after = vars(user_of(browser.app, user_id))
        before.pop("_sa_instance_state")
        after.pop("_sa_instance_state")
        assert after == before
        assert trail(browser.app, "user.%") == []


@pytest.mark.parametrize("action", ACTIONS)
def test_a_user_who_does_not_exist_is_answered_like_one_of_elsewhere(
    browser: Browser, personas: Personas, action: str
) -> None:
    browser.sign_in("manager_a")
    method, url, values = ACTIONS[action]
    pages = []
    for user_id in (personas.users["manager_b"], 999_999):
        if method == "GET":
            pages.append(browser.get(url.format(user_id)))
        else:
            pages.append(browser.post(url.format(user_id), {**tokens(browser), **values}))
    assert [page.status for page in pages] == [404, 404]
    texts = {page.root.one("main").text for page in pages}
    assert len(texts) == 1


def test_a_user_of_another_of_ones_locations_is_offered_by_switching(
    browser: Browser, personas: Personas
) -> None:
    answer = browser.sign_in("manager_ab").get(f"/accounts/{personas.users['manager_b']}")
    assert answer.status == 404
    assert "Clinic B" in answer.root.one("main").text
    browser.submit(browser.get("/switch-location"), button="Clinic B")
    assert browser.get(f"/accounts/{personas.users['manager_b']}").status == 200


@pytest.mark.parametrize("who", PEOPLE)
def test_who_sees_the_tab(browser: Browser, who: str) -> None:
    browser.sign_in(who)
    expected = 200 if who in SEES_THE_TAB else 403
    assert browser.get("/accounts").status == expected
    assert browser.get("/accounts/add").status == expected
    tabs = browser.get("/switch-location").root.one("header").text
    assert ("Account Management" in tabs) is (who in SEES_THE_TAB)


@pytest.mark.parametrize("url", ["/accounts", "/accounts/add", "/accounts/1"])
def test_nobody_sees_nothing(browser: Browser, url: str) -> None:
    answer = browser.get(url)
    assert (answer.status, answer.leads_to) == (303, f"/sign-in?next={url}")
    assert browser.get(url, region="flash").headers["HX-Redirect"].startswith("/sign-in")


@pytest.mark.parametrize("action", [name for name in ACTIONS if ACTIONS[name][0] == "POST"])
def test_changes_take_a_post_with_the_token(
    browser: Browser, personas: Personas, action: str
) -> None:
    _method, url, values = ACTIONS[action]
    browser.sign_in("manager_a")
    address = url.format(personas.users[OWN])
    asks = action in {"profile", "deactivate"}
    assert browser.get(address).status == (200 if asks else 405)
    assert browser.post(address, values).status == 400
    assert browser.post(address, values, region="flash").status == 400
    assert browser.post(address, {**values, "csrf_token": NEW}).status == 400
    assert trail(browser.app, "user.%") == []


def test_a_malformed_id_is_not_found(browser: Browser) -> None:
    browser.sign_in("admin")
    for number in ("0", "x", "-1", "1.0", "9" * 15, "9" * 30, "\u0661"):
        assert browser.get(f"/accounts/{number}").status == 404, number


def test_staff_without_a_location_see_only_staff_business(
    browser: Browser, personas: Personas
) -> None:
    page = browser.sign_in("admin").get("/accounts/add")
    assert "switch to its location first" in page.root.one("main").text
    values = {
        "username": "new.agent",
        "first_name": "New",
        "last_name": "Agent",
        "email": "new.agent@example.org",
        "profile": "agent",
    }
    answer = browser.submit(page, values, button="Save")
    assert answer.status == 303
    values |= {"username": "new.manager", "profile": "manager"}
    page = browser.submit(browser.get("/accounts/add"), values, button="Save")
    assert page.status == 422
    assert "Choose at least one location." in page.root.one("main").text
