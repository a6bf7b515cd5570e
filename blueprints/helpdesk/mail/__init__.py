"""Answers by e-mail: reading a mailbox, and letting what arrived join its case."""
