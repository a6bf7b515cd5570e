"""The codes in a picture: photographs of barcodes read without harm.

An extra: without the packages of `requirements-photo.txt` there is nothing to read with.
"""
