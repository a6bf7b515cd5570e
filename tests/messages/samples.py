"""Messages that wait."""

from tests.samples import Samples, Upgrade

samples = Samples(
    upgrade=Upgrade(
        demanded={
            "message": {
                "state": "waiting",
                "channel": "email",
                "sent_at": None,
                "lease_until": None,
                "lease_owner": None,
            }
        },
        not_filled=frozenset({"mail_server", "message_channel"}),
    )
)
