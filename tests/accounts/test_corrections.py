"""A mistyped name or e-mail address is corrected, and the invitation goes to the right one."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from portal.accounts import limit_on_adding as additions
from tests.accounts.steps import add, jane
from tests.client import Browser, Page
from tests.people.steps import NEW, change, link_in, mails, sign_in, trail, user_of
from tests.personas import Personas

RIGHT = "jane.whyte@example.org"


def correct(browser: Browser, user_id: int, **values: str) -> Page:
    return browser.submit(
        browser.get(f"/accounts/{user_id}"), values, action=f"/accounts/{user_id}/correct"
    )


@pytest.fixture
def invited(browser: Browser) -> int:
    """The id of a user who was invited to a wrong address; the manager is signed in."""
    add(browser.sign_in("manager_a"))
    user = jane(browser.app)
    assert user is not None
    return user.id


def test_a_corrected_address_is_invited_anew_and_the_old_link_dies(
    browser: Browser, another: Callable[[], Browser], personas: Personas, invited: int
) -> None:
    first = link_in(mails(browser.app, "welcome")[0]["text"])
    answer = correct(browser, invited, last_name="Whyte", email=" Jane.Whyte@Example.org ")
    assert answer.leads_to == f"/accounts/{invited}"
    assert "A new invitation was sent" in browser.get(answer.leads_to).root.one("main").text
    user = user_of(browser.app, invited)
    assert (user.first_name, user.last_name, user.email) == ("Jane", "Whyte", RIGHT)
    old, new = mails(browser.app, "welcome")
    assert (old["state"], new["state"]) == ("cancelled", "waiting")
    assert new["to"] == RIGHT
    assert "Jane Whyte" in new["text"]
    assert browser.get(first).status == 404
    newcomer = another()
    page = newcomer.get(link_in(new["text"]))
    newcomer.submit(page, {"new_password": NEW}, button="Save")
    assert sign_in(newcomer, "jwhite200", NEW).status == 303
    (entry,) = trail(browser.app, "user.corrected")
    assert entry.actor_id == personas.users["manager_a"]
    assert entry.subject_id == invited
    assert entry.values_after == {"corrected": ["last_name", "email"]}
    assert RIGHT not in repr(vars(entry)), "the trail says what was corrected, not to what"


def test_a_corrected_name_needs_no_new_invitation(browser: Browser, invited: int) -> None:
    link = link_in(mails(browser.app, "welcome")[0]["text"])
    assert correct(browser, invited, first_name="Janet").status == 303
    assert user_of(browser.app, invited).first_name == "Janet"
    assert len(mails(browser.app, "welcome")) == 1
    assert browser.get(link).status == 200


def test_nothing_changed_is_nothing_done(browser: Browser, invited: int) -> None:
    assert correct(browser, invited).status == 303
    assert trail(browser.app, "user.corrected") == []


def test_a_deactivated_user_is_corrected_without_a_mail(browser: Browser, invited: int) -> None:
    change(browser.app, invited, active=False)
    assert correct(browser, invited, email=RIGHT).status == 303
    assert user_of(browser.app, invited).email == RIGHT
    assert [mail["state"] for mail in mails(browser.app, "welcome")] == ["cancelled"]


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"email": "jane"}, "Enter an e-mail address"),
        ({"email": ""}, "Please fill in this field."),
        ({"first_name": " "}, "Please fill in this field."),
        ({"last_name": "x" * 81}, "80"),
        ({"email": "manager.b@example.org"}, "belongs to an account with different details"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(
    browser: Browser, invited: int, values: dict[str, str], sentence: str
) -> None:
    answer = correct(browser, invited, **{"first_name": "Janet", **values})
    assert answer.status == 422
    form = answer.form(action=f"/accounts/{invited}/correct")
    assert sentence in form.text
    typed = form.one("input", name="first_name").attributes["value"]
    assert typed == values.get("first_name", "Janet").strip()
    assert user_of(browser.app, invited).first_name == "Jane"
    assert len(mails(browser.app, "welcome")) == 1


def test_a_manager_does_not_change_the_address_of_who_has_registered(
    browser: Browser, personas: Personas
) -> None:
    user_id = personas.users["provider_a"]
    page = browser.sign_in("manager_a").get(f"/accounts/{user_id}")
    form = page.form(action=f"/accounts/{user_id}/correct")
    assert "Only a programme administrator can change it" in form.text
    assert "readonly" in form.one("input", name="email").attributes
    answer = correct(browser, user_id, email=RIGHT)
    assert answer.status == 422
    assert "This user has registered, and password links" in answer.root.one("main").text
    assert user_of(browser.app, user_id).email == "provider.a@example.org"
    assert correct(browser, user_id, last_name="Reyes").status == 303, "the name is"
    assert user_of(browser.app, user_id).last_name == "Reyes"
    assert mails(browser.app, "email_changed") == []


def test_an_administrator_changes_it_and_the_older_address_is_told(
    browser: Browser, another: Callable[[], Browser], personas: Personas
) -> None:
    user_id = personas.users["provider_a"]
    stranger = another()
    page = stranger.get("/password/forgot")
    stranger.submit(page, {"identity": "provider.a"}, button="Send the link")
    link = link_in(mails(browser.app, "password_reset")[0]["text"])
    assert stranger.get(link).status == 200
    assert correct(browser.sign_in("admin"), user_id, email=RIGHT).status == 303
    assert user_of(browser.app, user_id).email == RIGHT
    (mail,) = mails(browser.app, "email_changed")
    assert mail["to"] == "provider.a@example.org"
    assert RIGHT not in mail["text"]
    assert stranger.get(link).status == 404, "what went to the older mailbox is void"
    assert mails(browser.app, "password_reset")[0]["state"] == "cancelled"


def test_one_address_is_not_flooded_by_correcting(browser: Browser, invited: int) -> None:
    statuses = []
    for number in range(4):
        other = correct(browser, invited, email=f"other{number}@example.org")
        statuses.append((other.status, correct(browser, invited, email=RIGHT).status))
    assert statuses == [(303, 303), (303, 303), (303, 303), (303, 429)]
    assert len([mail for mail in mails(browser.app, "welcome") if mail["to"] == RIGHT]) == 3


def test_asking_by_correcting_who_has_an_account_is_stopped_and_recorded(
    browser: Browser, personas: Personas, invited: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(additions, "REFUSED", ((2, timedelta(minutes=15)),))
    assert correct(browser, invited, email=RIGHT).status == 303, "what is right does not count"
    asked = [correct(browser, invited, email="agent@example.org").status for _n in range(3)]
    assert asked == [422, 422, 429]
    assert correct(browser, invited, first_name="Janet").status == 303, "a name asks nothing"
    met = trail(browser.app, "user.adding_met_account")
    assert {entry.subject_id for entry in met} == {personas.users["agent"]}


def test_an_address_that_is_somebody_elses_username_is_refused(
    browser: Browser, personas: Personas, invited: int
) -> None:
    agent = personas.users["agent"]
    change(browser.app, agent, username="helpdesk@example.org")
    answer = correct(browser, invited, email="HelpDesk@Example.org")
    assert answer.status == 422
    form = answer.form(action=f"/accounts/{invited}/correct")
    assert "belongs to an account with different details" in form.one("p", id="email-error").text
    assert user_of(browser.app, invited).email == "jane.white@example.org"
    assert [e.subject_id for e in trail(browser.app, "user.adding_met_account")] == [agent]
    change(browser.app, invited, username=RIGHT)
    assert correct(browser, invited, email=RIGHT).status == 303, "the own username may be it"


def test_a_name_is_corrected_whatever_the_address_clashes_with(
    browser: Browser, personas: Personas, invited: int
) -> None:
    change(browser.app, personas.users["agent"], username="jane.white@example.org")
    assert correct(browser, invited, last_name="Whyte").status == 303
