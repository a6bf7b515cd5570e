"""The address of a case: the one of the settings with the case's token after a plus sign."""

import re

from blueprints.helpdesk.settings import HelpDeskSettings
from portal import settings
from portal.mailboxes import mailbox
from portal.settings import of_module

TOKEN = re.compile(r"[0-9a-f]{32}")


def is_set_up() -> bool:
    """Whether answers by e-mail are read at all; in practice mode never."""
    own = of_module(HelpDeskSettings)
    return bool(own.mail_address and (own.imap_host or own.mail_folder)) and (
        not settings.current().practice
    )


def address_of(token: str) -> str:
    """Where e-mails of a case are answered to; empty if answers are not read."""
    if not is_set_up():
        return ""
    name, _at, host = _own().rpartition("@")
    return f"{name}+{token}@{host}"


def token_of(recipients: tuple[str, ...]) -> str:
    """The token in an address that an e-mail was sent to; empty for none."""
    name, _at, host = _own().rpartition("@")
    for address in recipients:
        local, _at, domain = address.rpartition("@")
        start, _plus, token = local.rpartition("+")
        if (start, domain) == (name, host) and TOKEN.fullmatch(token):
            return token
    return ""


def is_ours(address: str) -> bool:
    """Whether an e-mail from there is the portal's own."""
    known = settings.current()
    local, _at, host = address.rpartition("@")
    plain = f"{local.partition('+')[0]}@{host}"
    texts = (known.mail_from, known.mail_reply_to, of_module(HelpDeskSettings).mail_address)
    return plain in {mailbox(text).address.lower() for text in texts if text}


def _own() -> str:
    return mailbox(of_module(HelpDeskSettings).mail_address).address.lower()
