"""Sheets of paper as PDF. What is here loads its library (19 MiB) when the first one is printed, so
whoever needs it imports it there."""
