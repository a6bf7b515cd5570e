"""An article that staff changed, whose history the matrix asks for."""

from blueprints.knowledge import services
from blueprints.knowledge.queries import get_article
from portal.db import unit_of_work
from tests.inventory import stock
from tests.samples import Access, Common, Making, Samples, Text, Tour, Upgrade

CHANGED = "ask-for-help"


def make(making: Making) -> None:
    """One version of an article that everybody may read."""
    agent = stock.scope_for(making.personas, "agent")
    with unit_of_work():
        found = get_article(agent, CHANGED, "en")
        services.save(
            agent,
            CHANGED,
            "en",
            title=found.title,
            theme=found.theme,
            audience=found.audience,
            keywords=found.keywords,
            text=f"{found.text}\n\nCall us.",
            seen=found.number,
        )
    making.note("article_number", "", 1)


samples = Samples(
    make=make,
    access=Access(
        arguments={
            "knowledge:name": Text(CHANGED, missing="nothing-of-that-name"),
            "knowledge.public_article:name": Text("sign-in", missing="nothing-of-that-name"),
            "knowledge:number": Common("article_number"),
        },
        public={
            "knowledge.public_index": frozenset({200}),
            "knowledge.public_article": frozenset({200, 404}),
        },
    ),
    tour=Tour(
        pages={
            "/knowledge/help": ("/knowledge/help?page=shipments.record",),
            "/knowledge/": ("/knowledge/?q=shipment", "/knowledge/?language=es"),
            "/knowledge/<name>": (
                "/knowledge/ask-for-help",
                "/knowledge/ask-for-help?language=es",
            ),
            "/knowledge/<name>/edit": ("/knowledge/ask-for-help/edit",),
            "/knowledge/<name>/history": ("/knowledge/ask-for-help/history",),
            "/knowledge/<name>/history/<number>": (
                "/knowledge/ask-for-help/history/1",
                "/knowledge/ask-for-help/history/0",
            ),
            "/help/<name>": ("/help/sign-in",),
        },
    ),
    upgrade=Upgrade(demanded={"article_version": {"kind": "text"}}),
)
