"""The trail's own row."""

from tests.samples import Samples, Upgrade

samples = Samples(upgrade=Upgrade(not_filled=frozenset({"audit_head"})))
