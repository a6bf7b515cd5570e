"""What is said to people without an account, on pages and in messages: found by what templates
include and import, and by the code whose sentences they may see."""

import re
from collections.abc import Iterator
from pathlib import Path

from babel.messages.extract import extract_from_file

from tests.house.source import ROOT

TEMPLATES = ROOT / "templates"
LAYOUT = "layouts/visitor.html"
NEEDS = re.compile(r"""\{%-?\s*(?:extends|include|from|import)\s+["']([^"']+)["']""")
# Whose refusals and labels reach a visitor.
CODE = (
    *("portal/db.py", "portal/formats/birthdays.py", "portal/submissions.py"),
    *(
        "portal/web/calendar.py",
        "portal/web/errors.py",
        "portal/web/forms.py",
        "portal/web/reading.py",
    ),
    *("portal/web/requests.py", "portal/web/visiting.py"),
    *("portal/front_door/forms.py", "portal/front_door/views.py"),
    *("portal/visits/door.py", "portal/visits/links.py"),
    *("blueprints/appointments/calendar_file.py", "blueprints/appointments/pages.py"),
    *("blueprints/appointments/holding.py", "blueprints/appointments/numbers.py"),
    *("blueprints/appointments/services.py", "blueprints/appointments/telling.py"),
    *("blueprints/appointments/visiting.py", "blueprints/appointments/visitor_views.py"),
    *("blueprints/appointments/booking_alone.py", "blueprints/appointments/public_views.py"),
    *("blueprints/appointments/twice.py", "blueprints/recipients/self_registering.py"),
    *("blueprints/scheduling/calendar.py", "blueprints/scheduling/queries.py"),
    *("blueprints/proof/pages.py", "blueprints/proof/sheet.py", "blueprints/proof/visiting.py"),
)
# Labels that stand among those of staff.
LABELS = {
    "blueprints/appointments/__init__.py": ("Find your appointment", "Nine letters and digits"),
    "blueprints/appointments/forms.py": (
        *("Reason (you can leave this blank)", "Last name", "First name", "Date of birth"),
        *("E-mail", "Mobile phone", "ZIP code", "City, address", "Remind me"),
    ),
    "blueprints/recipients/rules.py": (
        *("Enter a name", "Enter a date of birth", "Enter a phone number"),
        "Enter an e-mail address such",
    ),
    "portal/places/rules.py": ("A ZIP code has",),
    "blueprints/scheduling/services.py": (
        *("This time is not offered", "This time was just taken", "There are no usable doses"),
    ),
    "blueprints/appointments/words.py": ("First dose", "Second dose", "Third dose", "Dose "),
}
# Said to staff only, by code whose other sentences reach visitors.
OF_STAFF = re.compile(
    "Your profile|working at|location you work|Switch back|Choose a location|location manager"
    "|You were signed out|The recipient sees it|help desk to add|Select the appointments"
    "|You can cancel up to|None of them has|^Overbook$"
    "|^Open$|^Change Appointment$|^Cancel Appointment$|^Schedule Second Dose$"
)
MESSAGES = ("appointment_booked", "appointment_changed", "appointment_canceled")
MESSAGES_TO_RECIPIENTS = (*MESSAGES, "appointment_reminder", "appointment_twice", "proof_ready")

Text = str | tuple[str, ...]


def public_templates() -> set[str]:
    """The public pages and messages to recipients, with whatever they are made of."""
    every = {path.relative_to(TEMPLATES).as_posix(): path for path in TEMPLATES.rglob("*.html")}
    every |= {path.relative_to(TEMPLATES).as_posix(): path for path in TEMPLATES.rglob("*.txt")}
    needs = {name: set(NEEDS.findall(path.read_text("utf-8"))) for name, path in every.items()}
    found = {name for name, needed in needs.items() if LAYOUT in needed}
    found |= {name for name in every if Path(name).stem in MESSAGES_TO_RECIPIENTS}
    found |= {"messages/frame.html", "messages/frame.txt"}
    while more := set().union(*(needs[name] for name in found)) - found:
        found |= more & set(every)
        assert more <= set(every), more - set(every)
    return found


def texts_of(method: str, path: Path) -> Iterator[Text]:
    """Whatever a file says."""
    keywords: dict[str, tuple[int, ...] | None] = {"_": None, "_l": None, "ngettext": (1, 2)}
    for _line, text, _comments, _context in extract_from_file(method, path, keywords=keywords):
        yield text if isinstance(text, str) else tuple(text)


def spoken() -> dict[Text, str]:
    """All sentences that must be there in each language of visitors, and where they are said."""
    found: dict[Text, str] = {}
    for name in sorted(public_templates()):
        found |= dict.fromkeys(texts_of("jinja2", TEMPLATES / name), name)
    for name in CODE:
        found |= dict.fromkeys(texts_of("python", ROOT / name), name)
    for name, begins in LABELS.items():
        for text in texts_of("python", ROOT / name):
            if isinstance(text, str) and text.startswith(begins):
                found[text] = name
    return {text: place for text, place in found.items() if not OF_STAFF.search(str(text))}
