"""The e-mails about transfers: to the managers of the other side."""

from collections.abc import Collection
from typing import Any

from blueprints.transfers.queries import LineOnTheWay, SentTransfer
from blueprints.transfers.rules import came_back
from portal.i18n import _
from portal.messages.services import NewMessage, queue_many, take_back
from portal.people.queries import list_managers


def tell_receiver(sent: SentTransfer, kind: str, line_ids: Collection[int]) -> None:
    """Tell the managers of the receiving location of these lines."""
    _tell(sent, kind, sent.transfer.to_location_id, line_ids)


def tell_sender(sent: SentTransfer, kind: str, line_ids: Collection[int]) -> None:
    """Tell the managers of the sending location of these lines."""
    _tell(sent, kind, sent.transfer.from_location_id, line_ids)


def tell_cancelled(sent: SentTransfer, line_ids: Collection[int], untold: Collection[int]) -> None:
    """Tell the receiver that these lines do not come. Who was never told that the doses are on
    their way need not hear that they are not."""
    whole = len(line_ids) == len(sent.lines)
    _tell(
        sent,
        "transfer_cancelled",
        sent.transfer.to_location_id,
        line_ids,
        untold if whole else (),
    )


def take_back_sent(sent: SentTransfer) -> set[int]:
    """Keep the news that a transfer is on its way from leaving: it is not any more. The users who
    cannot have got it."""
    reason = _("The doses are no longer on their way.")
    return take_back(_about(sent), reason=reason, kinds=["transfer_sent"])


def _about(sent: SentTransfer) -> str:
    return f"transfer:{sent.transfer.id}"


def _tell(
    sent: SentTransfer,
    kind: str,
    location_id: int,
    line_ids: Collection[int],
    but: Collection[int] = (),
) -> None:
    lines = [line for line in sent.lines if line.row.id in line_ids]
    subject = "-".join(str(number) for number in sorted(line_ids)[:3])
    queue_many(
        NewMessage(
            kind=kind,
            to=user.email,
            user_id=user.id,
            language=user.language,
            location_id=location_id,
            about=_about(sent),
            once=f"{kind}:{sent.transfer.id}:{subject}:{user.id}",
            context={
                "number": sent.number,
                "transfer_id": sent.transfer.id,
                "sender": sent.sender.name,
                "receiver": sent.receiver.name,
                "sent_on": sent.transfer.sent_on.strftime("%m/%d/%Y"),
                "lines": [_facts(line) for line in lines],
            },
        )
        for user in list_managers(location_id)
        if user.id not in but
    )


def _facts(line: LineOnTheWay) -> dict[str, Any]:
    row = line.row
    return {
        "vaccine": line.record.product_name,
        "lot": line.record.lot,
        "sent": row.doses_sent,
        "received": row.doses_received,
        "back": came_back(row.doses_sent, row.doses_received or 0, row.reason),
        "reason": row.reason,
        "note": row.note,
    }
