"""A look-up by its name."""

from tests.samples import Access, Samples, Text, Tour

samples = Samples(
    access=Access(arguments={"lookups:name": Text("products", missing="nonsense")}),
    tour=Tour(no_pages=("/lookups/<name>",)),
)
