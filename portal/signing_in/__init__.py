"""Signing in, passwords, and the first start. Other ways of signing in find their room here."""
