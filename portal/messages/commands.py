"""The commands of messages: trying the mail server and the gateway of texts, and who asked for no
more texts."""

from collections.abc import Mapping

import click

from portal import settings
from portal.db import unit_of_work
from portal.messages import sms, smtp, stops
from portal.messages.channels import Channel, NotTaken, ServerUnusable
from portal.messages.models import Message
from portal.messages.rendering import Rendered
from portal.messages.services import fresh_message_id


@click.group("mail")
def mail() -> None:
    """E-mail: try the mail server."""


@mail.command("test")
@click.argument("address")
def send_test_mail(address: str) -> None:
    """Send a test e-mail to ADDRESS."""
    name = settings.current().product_short_name
    parts = {"subject": f"{name}: a test", "text": "This is a test.\n", "html": "This is a test."}
    _try(smtp.EMAIL, "smtp_host", address, parts)
    click.echo("The mail server took the e-mail. Look whether it arrives.")


@click.group("texts")
def texts() -> None:
    """Text messages: try the gateway, take a number off the list of those who answered STOP."""


@texts.command("test")
@click.argument("number")
def send_test(number: str) -> None:
    """Send a test text to NUMBER, written as +12525550100."""
    name = settings.current().product_short_name
    _try(sms.SMS, "text_gateway", number, {sms.BLOCK: f"{name}: This is a test."})
    click.echo("The gateway took the text. Look whether it arrives.")


@texts.command("allow")
@click.argument("number")
def allow(number: str) -> None:
    """Send texts to NUMBER again, since the person asked for it (and texted START)."""
    with unit_of_work():
        known = stops.forget(sms.SMS.name, number)
    click.echo(
        "Texts go to this number again." if known else "Nothing kept texts from this number."
    )


def _try(channel: Channel, needed: str, address: str, parts: Mapping[str, str]) -> None:
    """Send one message at once, past the queue. `needed`: the setting without which none leaves.

    Raises `ClickException` with what the server said against it.
    """
    own = settings.current()
    if refusal := channel.refusal(address):
        raise click.ClickException(refusal)
    if not channel.ready(own):
        raise click.ClickException(f"{needed} is not set, or this is the practice instance.")
    message = Message(address=address, language="en", message_id=fresh_message_id())
    try:
        with channel.opened(own) as send:
            send(message, Rendered(parts))
    except (NotTaken, ServerUnusable) as error:
        raise click.ClickException(str(error)) from None
