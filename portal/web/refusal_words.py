"""What the page of a refusal says, by its status."""

from typing import NamedTuple

from portal.i18n import _
from portal.web import visiting


class Words(NamedTuple):
    """What an error page says: what happened, and what to do next."""

    title: str
    message: str
    next_step: str


def words_for(status: int) -> Words:
    """Title, sentence and next step for a status, in the reader's language."""
    again = _("Try again. If it happens again, call the help line.")
    if visiting.is_visit() and status in {400, 403, 404}:
        return _words_for_visitors(status)
    known = {
        400: Words(
            _("This form has expired"),
            _("The page was open too long, or was sent from another window."),
            _("Go back, reload the page and send it again. Nothing was saved."),
        ),
        403: Words(
            _("Not allowed"),
            _("Your profile does not allow this."),
            _("If you need it, ask your location manager or the help desk."),
        ),
        404: Words(
            _("Not found"),
            _("There is no such page or record, or it is not at the location you work in."),
            _("Check the address, or switch to the location the record belongs to."),
        ),
        405: Words(
            _("That cannot be done this way"),
            _("This address does not accept what your browser sent."),
            _("Start again from the page that led you here."),
        ),
        409: Words(
            _("Something has changed"),
            _("Another person or another window made a change first. Your changes were not saved."),
            _("Open the record again and look at what changed before you go on."),
        ),
        413: Words(
            _("This is too large"),
            _("What was sent is larger than the portal accepts. Nothing was saved."),
            _("Shorten the text, split a long table, or take the picture with fewer pixels."),
        ),
        429: Words(
            _("Too many attempts"),
            _("Too many attempts were made. Nothing was changed."),
            _("Wait a few minutes and try again."),
        ),
        503: Words(
            _("Not available just now"),
            _("The portal is busy or down for maintenance. Nothing was changed."),
            _("Try again in a minute."),
        ),
    }
    if status in known:
        return known[status]
    if status < 500:
        return Words(
            _("Something is missing or wrong"),
            _("The portal could not accept what was sent."),
            _("Go back, correct it and send it again."),
        )
    return Words(
        _("Something went wrong"),
        _("This is a problem with the portal. Your changes were not saved."),
        again,
    )


def _words_for_visitors(status: int) -> Words:
    """As `words_for`, where users are told about profiles and locations."""
    if status == 400:
        return Words(
            _("This form has expired"),
            _("The page was open too long. Nothing was saved."),
            _("Go back, reload the page and send it again."),
        )
    return Words(
        _("Not found"),
        _("There is no such page."),
        _("Open the link in your message again, or call the help line."),
    )
