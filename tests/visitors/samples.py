"""The page that asks for a number and a birth date."""

from tests.samples import Access, Samples, Text, Tour

samples = Samples(
    access=Access(
        arguments={"front_door.find:kind": Text("appointment", "nothing")},
        public={"front_door.find": frozenset({200, 404})},
    ),
    tour=Tour(pages={"/find/<kind>": ("/find/appointment",)}),
)
