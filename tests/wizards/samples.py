"""Pages of unfinished forms."""

from tests.samples import Access, Samples

samples = Samples(access=Access(numbers=("/drafts?late={}",)))
