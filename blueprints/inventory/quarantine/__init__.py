"""Quarantine of a lot, at one location or at all."""
