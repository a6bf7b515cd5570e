"""The dose ledger: its entries, documents and sums. Other modules may import from here."""
