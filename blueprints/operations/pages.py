"""What the pages of `Operations` share: the blueprint and the tabs between them."""

from dataclasses import dataclass

from flask import Blueprint, Response, request, url_for

from portal.backup import alarms
from portal.i18n import _
from portal.web import respond as web

blueprint = Blueprint("operations", __name__, url_prefix="/operations")

# Numbers beyond this no database key can hold.
LARGEST = 2**63 - 1


@dataclass(frozen=True)
class SubPage:
    """A tab below the page's heading."""

    label: str
    href: str
    current: bool


def sub_pages() -> list[SubPage]:
    """The tabs between the pages of `Operations`."""
    here = (request.endpoint or "").rpartition(".")[2]
    return [
        SubPage(label, url_for(f"operations.{name}"), name.rstrip("s") in here)
        for name, label in (
            ("messages", _("Messages")),
            ("jobs", _("Jobs")),
            ("audit", _("Audit trail")),
            ("refusals", _("Refusals")),
        )
    ]


def show(
    page: str, *, regions: dict[str, str] | None = None, status: int = 200, **context: object
) -> Response:
    """Answer with a page of `Operations`."""
    return web.respond(
        f"operations/{page}",
        regions=regions,
        status=status,
        sub_pages=sub_pages(),
        faults=alarms.known(),
        **context,
    )


def below() -> int | None:
    """Where the list goes on, from the address; None for its beginning."""
    text = request.args.get("below", "")
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        return None
    return int(text)
