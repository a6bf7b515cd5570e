"""Adjustments and reversals."""
