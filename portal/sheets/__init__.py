"""Spreadsheets in and out, guarded: CSV and xlsx files of strangers read without harm.

`reader` opens an uploaded file, `columns` recognises its header and parses its rows, `writer`
makes files that are safe to open in Excel.
"""
