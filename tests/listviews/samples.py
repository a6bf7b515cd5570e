"""Lists by their names."""

from tests.samples import Access, Samples, Text, Upgrade

samples = Samples(
    access=Access(
        arguments={
            "listviews.pin:name": Text("inventory", missing="nonsense"),
            "listviews.search:name": Text("accounts", missing="nonsense"),
        }
    ),
    upgrade=Upgrade(not_filled=frozenset({"row_count"})),
)
