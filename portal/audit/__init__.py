"""Who saw and did what: an append-only, tamper-evident trail (SPEC A8)."""
