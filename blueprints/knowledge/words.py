"""Themes, audiences, and what the module's records and actions are called."""

from collections.abc import Mapping

from portal.access.profiles import CLINIC, EVERYONE, MANAGERS, STAFF, Profile
from portal.i18n import Label, _l

THEMES: Mapping[str, Label] = {
    "start": _l("Signing in and getting help"),
    "inventory": _l("Shipments and vaccine inventory"),
    "recipients": _l("Recipients and proof of vaccination"),
    "appointments": _l("Appointments"),
    "vaccination": _l("Check-in and vaccination"),
    "management": _l("Users and locations"),
    "staff": _l("Help desk and operations"),
}

SHIPPED, PUBLIC = "shipped", "public"
AUDIENCES: Mapping[str, Label] = {
    SHIPPED: _l("As it comes with the portal"),
    PUBLIC: _l("Everyone, also without signing in"),
    "everyone": _l("Everyone who is signed in"),
    "clinic": _l("Clinic staff"),
    "managers": _l("Healthcare Location Managers"),
    "staff": _l("Support agents and administrators"),
}
READERS: Mapping[str, frozenset[Profile]] = {
    PUBLIC: EVERYONE,
    "everyone": EVERYONE,
    "clinic": CLINIC | STAFF,
    "managers": MANAGERS | STAFF,
    "staff": STAFF,
}

LANGUAGE_NAMES: Mapping[str, str] = {"en": "English", "es": "Español"}

KINDS: Mapping[str, Label] = {
    "text": _l("Edited"),
    "shipped": _l("Set back to the text that comes with the portal"),
    "withdrawn": _l("Withdrawn"),
}

WORDS = {
    "article": _l("Article"),
    "article.added": _l("Article added"),
    "article.edited": _l("Article edited"),
    "article.set_back": _l("Article set back to the text that comes with the portal"),
    "article.withdrawn": _l("Article withdrawn"),
}
