"""Pens: a part of a page each."""

from tests.samples import Samples, Tour

samples = Samples(tour=Tour(no_pages=(r".*/edit/.*",)))
