"""Accounts of users, as managers and programme administrators change them."""
