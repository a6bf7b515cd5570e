"""Look-ups: search by three characters and pick (SPEC B2).

A module declares `Lookup(name, function, capability, find)`; `function(scope, text)` gives up to
20 `Choice`s, best first, and `find(scope, id)` one by its id. A form uses
`portal.lookups.fields.LookupField("Product", lookup="products")`.
"""

from portal.lookups.search import LIMIT, MINIMUM, Choice

__all__ = ["LIMIT", "MINIMUM", "Choice"]
