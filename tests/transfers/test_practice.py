"""The sample transfers of practice mode."""

from blueprints.counts import practice as counts
from blueprints.transfers import practice
from blueprints.transfers.models import Transfer
from portal.access.scope import Scope
from portal.db import unit_of_work
from tests.inventory import stock


def test_they_are_made_also_of_what_the_sample_count_found_today(
    scope: Scope, other: Scope
) -> None:
    for each in (scope, other):
        for name, doses in (("Counted", 500), ("Being counted", 100)):
            stock.add(each, name=name, lot=name, doses=doses, received_on=stock.day(20))
    counts.fill()
    practice.fill()
    with unit_of_work(write=False) as session:
        assert session.query(Transfer).count() == 3
