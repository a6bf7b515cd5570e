"""The commands of text messages: trying the gateway, and who asked for no more texts."""

import click

from portal import settings
from portal.db import unit_of_work
from portal.messages import sms, stops
from portal.messages.channels import NotTaken, ServerUnusable
from portal.messages.models import Message
from portal.messages.rendering import Rendered
from portal.messages.services import fresh_message_id


@click.group("texts")
def texts() -> None:
    """Text messages: try the gateway, take a number off the list of those who answered STOP."""


@texts.command("test")
@click.argument("number")
def send_test(number: str) -> None:
    """Send a test text to NUMBER, written as +12525550100."""
    own = settings.current()
    refusal = sms.refusal_of(number)
    if refusal:
        raise click.ClickException(refusal)
    if not sms.SMS.ready(own):
        raise click.ClickException("text_gateway is not set, or this is the practice instance.")
    message = Message(address=number, message_id=fresh_message_id())
    text = f"{own.product_short_name}: This is a test."
    try:
        with sms.opened(own) as send:
            send(message, Rendered({sms.BLOCK: text}))
    except (NotTaken, ServerUnusable) as error:
        raise click.ClickException(str(error)) from None
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
