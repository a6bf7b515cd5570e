"""That doses are on their way is not said any more once they are not (SPEC E1)."""

import pytest
from sqlalchemy import select, update

from portal.access.scope import Scope
from portal.clock import now
from portal.db import unit_of_work
from portal.messages.models import Message
from tests.client import Browser
from tests.inventory import stock
from tests.transfers.boxes import send


def states() -> dict[str, set[str]]:
    """What has become of the messages, by their kind."""
    with unit_of_work(write=False) as session:
        found: dict[str, set[str]] = {}
        for kind, state in session.execute(select(Message.kind, Message.state)):
            found.setdefault(kind, set()).add(state)
        return found


@pytest.mark.parametrize(
    ("who", "page", "button", "told"),
    [
        ("manager_a", "cancel", "Cancel Transfer", {}),
        ("manager_b", "refuse", "Refuse Transfer", {"transfer_refused": {"waiting"}}),
    ],
)
def test_the_news_that_doses_are_on_their_way_does_not_arrive_after_the_end_of_it(
    browser: Browser,
    scope: Scope,
    other: Scope,
    who: str,
    page: str,
    button: str,
    told: dict[str, set[str]],
) -> None:
    sent = send(scope, other, stock.add(scope))
    assert states() == {"transfer_sent": {"waiting"}}
    browser.sign_in(who)
    form = browser.get(f"/transfers/{sent.transfer.id}/{page}")
    browser.submit(form, {"note": "Wrong box", "usable": "yes"}, button=button)
    assert states() == {"transfer_sent": {"cancelled"}} | told


@pytest.mark.both_databases
@pytest.mark.parametrize("state", ["sent", "sending", "waiting"])
def test_who_may_have_heard_of_doses_on_their_way_hears_that_they_are_not(
    browser: Browser, scope: Scope, other: Scope, state: str
) -> None:
    sent = send(scope, other, stock.add(scope))
    with unit_of_work() as session:
        values: dict[str, object] = {"state": state, "attempts": 1, "tried_at": now()}
        if state == "sent":
            values["sent_at"] = now()
        elif state == "sending":
            values |= {"lease_until": now(), "lease_owner": "somebody"}
        session.execute(update(Message).values(values))
    browser.sign_in("manager_a")
    form = browser.get(f"/transfers/{sent.transfer.id}/cancel")
    browser.submit(form, {"note": "Wrong box"}, button="Cancel Transfer")
    assert states()["transfer_cancelled"] == {"waiting"}


def test_what_is_still_on_its_way_is_told(browser: Browser, scope: Scope, other: Scope) -> None:
    record = stock.add(scope)
    gone, _under_way = send(scope, other, record), send(scope, other, record)
    browser.sign_in("manager_a")
    form = browser.get(f"/transfers/{gone.transfer.id}/cancel")
    browser.submit(form, {"note": "Wrong box"}, button="Cancel Transfer")
    assert states()["transfer_sent"] == {"cancelled", "waiting"}
