"""A transfer from A and from B to C, and one from C to each."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from blueprints.inventory.leaving.selection import Chosen
from blueprints.transfers.queries import SentTransfer
from blueprints.transfers.services import Sending, send
from portal.access.scope import Scope
from portal.db import unit_of_work
from tests.browser.steps import second_step
from tests.inventory import stock
from tests.samples import Access, Canaries, Filled, Making, Own, Samples, Tour, Upgrade

if TYPE_CHECKING:
    from playwright.sync_api import Page


def make(making: Making) -> None:
    """Send from and to each location."""
    there = stock.scope_at(making.personas, "manager_c", "C")
    del making.personas.users["manager_c"]  # no persona: nobody asks as this one
    source = stock.add(there, lot="LOTC", name="Fridge C")
    for place in making.places:
        letter = place.letter
        sent = _send(place.scope, making.ids["inventory"][letter], there, place.sign)
        making.note("outbound", letter, sent.transfer.id)
        making.note("slip", letter, sent.document.id)
        back = _send(there, source, place.scope, place.sign)
        making.note("inbound", letter, back.transfer.id)


def _send(scope: Scope, record: int, to: Scope, sign: str) -> SentTransfer:
    with unit_of_work():
        sending = Sending(
            lines=[Chosen(record, 1)],
            to_location_id=to.location_id,
            sent_on=stock.day(),
            reason="surplus",
            note=sign,
        )
        return send(scope, sending)


def begin(signed_in: "Callable[[str], Page]") -> Iterator[tuple[str, str]]:
    """Go to the second step of sending and of receiving."""
    page = signed_in("manager.a")
    page.goto("/transfers/send")
    page.locator("main input[inputmode=numeric]").first.fill("1")
    yield "/transfers/send/<id>/<step>", second_step(page, "/transfers/send")
    page.goto("/transfers/inbound")
    page.get_by_role("radio").first.check()
    yield "/transfers/inbound/<id>/<step>", second_step(page, "/transfers/inbound")


samples = Samples(
    make=make,
    access=Access(
        arguments={
            "transfer_id": Own("outbound"),
            "transfers.refuse:transfer_id": Own("inbound"),
            "transfers:document_id": Own("slip"),
        },
        leading={"transfers.of_document": "/transfers/"},
    ),
    canaries=Canaries(
        shown=(
            "/transfers/?view=all",
            "/transfers/?view=all&q=LOTB",
            "/transfers/?view=outbound",
            "/transfers/?view=all&export=csv",
            "/transfers/?view=all&export=xlsx",
        ),
        # The receiver is told what the sender sends.
        told=frozenset({"transfer_sent"}),
        across=frozenset({"receivers"}),
    ),
    tour=Tour(
        pages={
            "/transfers/": ("?view=all", "?view=inbound", "?view=outbound", "?view=all&q=zzz"),
            "/transfers/<id>": ("/transfers/1", "/transfers/2"),
            "/transfers/<id>/cancel": ("/transfers/2/cancel",),
            "/transfers/<id>/refuse": ("/transfers/3/refuse",),
        },
        no_pages=("/transfers/documents/<id>",),
        begin=begin,
    ),
    wizards={
        "transfers.send": Filled(values={"lines-0-doses": "1", "receiver_text": "Clinic B"}),
        "transfers.inbound": Filled(values={"doses_received": "1"}, last=25, whole=45),
    },
    upgrade=Upgrade(
        demanded={
            "transfer": {"from_location_id": 1, "to_location_id": 2},
            "transfer_line": {"state": "in_transit", "doses_received": None},
            "transfer_side": {"direction": "out", "state": "in_transit"},
        }
    ),
)
