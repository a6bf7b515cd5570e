"""What the module's audited actions and kinds of records are called."""

from portal.i18n import _l

WORDS = {
    "count": _l("Count"),
    "count.started": _l("Count started"),
    "count.saved": _l("Count saved"),
    "count.renewed": _l("Expected numbers of a count refreshed"),
    "count.finished": _l("Count finished"),
    "count.cancelled": _l("Count canceled"),
}
