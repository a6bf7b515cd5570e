"""Backups: one archive of a whole instance, written while it runs, proved before it is used."""
