"""Finding records by what was typed: folded text and the databases' indexes for it."""
