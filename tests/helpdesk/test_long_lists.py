"""A page of the list, and a search in it, cost the same however many cases there are."""

import random
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import insert, text

from blueprints.helpdesk.lists import CASES
from blueprints.helpdesk.models import Case, CaseWord, number_of
from blueprints.helpdesk.queries import find_cases
from blueprints.helpdesk.topics import queues
from portal.access.scope import Scope
from portal.clock import now
from portal.db import session, unit_of_work
from portal.listviews.paging import END, ListState
from portal.listviews.queries import read_page
from portal.searching.text import words
from tests.effort import some
from tests.statements import put_together

FEW, MANY = 2_500, 10_000
STATES = ("new", "open", "waiting", "resolved", "closed")
SUBJECTS = ("A box is missing", "Boxer shorts", "Boxing day", "Second dose", "Box 4242 is wet")


def fill(agent: Scope, asker: Scope, start: int, count: int) -> None:
    """Cases of every state, queue and assignment, spread evenly."""
    moment, chance = now(), random.Random(3)
    rows, found = [], []
    for number in range(start, start + count):
        state, at = chance.choice(STATES), moment - timedelta(minutes=100_000 - number)
        rows.append(
            {
                "id": number,
                "topic": "question",
                "queue": chance.choice(queues()),
                "subject": SUBJECTS[number % 5],
                "description": "?",
                "fields": {},
                "state": state,
                "requester_id": asker.user.id,
                "requester_name": f"Maria Garcia{number % 3}",
                "assigned_to_id": chance.choice((None, agent.user.id)),
                "opened_at": at,
                "changed_at": at,
                "answer_due_at": at,
                "solution_due_at": at,
                "waiting_since": at if state == "waiting" else None,
                "resolved_at": at if state in {"resolved", "closed"} else None,
                "closed_at": at if state == "closed" else None,
                "resolution": "",
                "version": 0,
                "token": f"{number:032}",
            }
        )
        own = {*words(SUBJECTS[number % 5]), "maria", f"garcia{number % 3}", number_of(number)}
        found += [{"word": word.lower(), "case_id": number} for word in own]
    with unit_of_work() as current:
        current.execute(insert(Case), rows)
        current.execute(insert(CaseWord), found)
    with unit_of_work() as current:
        current.execute(text("ANALYZE"))


FILTERS: dict[str, dict[str, str]] = {
    "usual": {},
    "all": {"state": ""},
    "closed": {"state": "closed"},
    "a queue": {"queue": "Inventory"},
    "a queue, all": {"queue": "Inventory", "state": ""},
    "a queue, closed": {"queue": "Inventory", "state": "closed"},
    "mine": {"assigned": "mine"},
    "mine, all": {"assigned": "mine", "state": ""},
    "nobody's, new": {"assigned": "nobody", "state": "new"},
    "mine, of a queue, closed": {"assigned": "mine", "queue": "Inventory", "state": "closed"},
    "search": {"q": "maria", "state": ""},
    "search, not resolved": {"q": "maria"},
    "search, two words": {"q": "maria box", "state": ""},
    "search, a beginning": {"q": "box"},
    "search, a letter": {"q": "g", "state": ""},
    "search, three words": {"q": "garcia1 maria second"},
}


def steps(agent: Scope, filters: dict[str, str], **where: str) -> int:
    """How many hundreds of steps SQLite takes for a page."""
    count = 0

    def step() -> int:
        nonlocal count
        count += 1
        return 0

    state = ListState(view="all", sort="-opened", filters=tuple(filters.items()), **where)  # type: ignore[arg-type]
    with unit_of_work(write=False) as current:
        raw = current.connection().connection.driver_connection
        raw.set_progress_handler(step, 100)  # type: ignore[union-attr]
        try:
            page = read_page(agent, CASES, state)
        finally:
            raw.set_progress_handler(None, 0)  # type: ignore[union-attr]
        assert page.rows
    return count


@pytest.mark.slow("fills a long list")
def test_a_page_takes_no_more_steps_with_four_times_the_cases(
    app: Flask, agent: Scope, asker: Scope, database_kind: str
) -> None:
    if database_kind != "sqlite":
        pytest.skip("steps are SQLite's")
    fill(agent, asker, 1, FEW)
    few = {name: steps(agent, filters) for name, filters in FILTERS.items()}
    few["last"] = steps(agent, {"state": ""}, before=END)
    fill(agent, asker, FEW + 1, MANY - FEW)
    many = {name: steps(agent, filters) for name, filters in FILTERS.items()}
    many["last"] = steps(agent, {"state": ""}, before=END)
    # Up to a thousand rows are counted.
    grown = {name: (few[name], many[name]) for name in few if many[name] > 1.7 * few[name] + 150}
    assert not grown
    assert max(many.values()) < 1_500, many


@pytest.mark.both_databases
def test_what_is_found_is_right(app: Flask, agent: Scope, asker: Scope) -> None:
    fill(agent, asker, 1, 1_500)

    def matching(*sought: str) -> list[int]:
        return [
            number
            for number in range(1_500, 0, -1)
            if all(
                any(
                    word.startswith(one)
                    for word in (
                        *words(SUBJECTS[number % 5]),
                        "maria",
                        f"garcia{number % 3}",
                        number_of(number).lower(),
                    )
                )
                for one in sought
            )
        ]

    with unit_of_work(write=False):
        assert find_cases(["cs-0000700"]) == [700]
        assert find_cases(["nothing"]) == []
        assert find_cases(["maria"]) == matching("maria")[:200]
        assert find_cases(["second", "garcia1"]) == matching("second", "garcia1")[:200]
        assert find_cases(["maria", "cs-00007"]) == matching("maria", "cs-00007")
        assert find_cases(["cs-0000700", "nothing"]) == []
        assert set(find_cases(["box"])) <= set(matching("box"))
        assert len(find_cases(["box"])) == 200
    assert session() is not None


@pytest.mark.both_databases
@pytest.mark.parametrize("name", some(FILTERS, short=6))
def test_all_pages_together_are_what_the_filters_leave(
    app: Flask, agent: Scope, asker: Scope, name: str
) -> None:
    filters = FILTERS[name]
    fill(agent, asker, 1, 180)
    seen: list[int] = []
    with unit_of_work(write=False) as current:
        state = ListState(view="all", sort="-opened", filters=tuple(filters.items()), rows=50)
        listing = read_page(agent, CASES, state)
        first = listing
        while True:
            seen += [row.id for row in listing.rows]
            if listing.next is None:
                break
            listing = read_page(agent, CASES, listing.next)
        back = [row.id for row in read_page(agent, CASES, state.page(before=END)).rows]
        kept = filters.get("state", "unsolved")
        wanted = [
            case.id
            for case in current.query(Case).order_by(Case.id.desc())
            if (not kept or case.state == kept or (kept == "unsolved" and case.state in STATES[:3]))
            and case.queue == filters.get("queue", case.queue)
            and {"mine": case.assigned_to_id == agent.user.id,
                 "nobody": case.assigned_to_id is None}.get(filters.get("assigned", ""), True)
        ]  # fmt: skip
        if "q" in filters:
            found = find_cases(words(filters["q"]))
            wanted = [number for number in wanted if number in found]
    assert seen == wanted
    assert first.count.number == len(wanted)
    assert seen[len(seen) - len(back) :] == back


@pytest.mark.both_databases
def test_statements_are_put_together_once(app: Flask, agent: Scope, admin: Scope) -> None:
    """For the next search, the next agent and the next queue there are only other values."""
    fill(agent, admin, 1, 300)

    def ask(scope: Scope, sought: str, queue: str, state: str) -> None:
        with unit_of_work(write=False):
            for filters in ({"queue": queue, "state": state}, {"assigned": "mine", "state": state}):
                chosen = tuple(filters.items())
                page = read_page(scope, CASES, ListState("all", "-opened", filters=chosen))
                assert page.count.number == len(page.rows) or page.next is not None
            assert find_cases(words(sought))

    ask(agent, "maria garcia1 second", "Inventory", "closed")
    assert not put_together(lambda: ask(admin, "garcia2 maria boxer", "Scheduling", "new"))
