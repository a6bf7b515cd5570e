"""The HCP User Onboarding Template: its columns, the block above, its name (SPEC H4)."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial

from portal.access.profiles import Profile
from portal.errors import Invalid
from portal.formats.codes import parse_text
from portal.formats.texts import ShownNumber
from portal.i18n import _, _l
from portal.people import rules as people
from portal.places.rules import clean_zip_code
from portal.sheets.columns import BoundColumns, SheetColumn
from portal.sheets.table import Cell, UnreadableCell

# As the drop-down list of the guide writes them.
PROFILES: Mapping[str, Profile] = {
    "Healthcare Provider": Profile.PROVIDER,
    "Healthcare Location Mgr.": Profile.MANAGER,
}
ACTIONS = ("Add", "Remove")
TEMPLATE_NAME = "(Organization) HCP (MM-DD-YY).xlsx"
_NAME = re.compile(
    r"\S.* HCP (?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])-\d\d(?:_ERROR)?\.(?:xlsx|csv)", re.ASCII
)
_SERVER = re.compile(r"ncc\W", re.I)
LONGEST_CELL = 300


def _letters(text: str) -> str:
    return re.sub("[^a-z]", "", text.casefold())


_PROFILES = {
    **{_letters(name): profile for name, profile in PROFILES.items()},
    "healthcarelocationmanager": Profile.MANAGER,
}


def _name(cell: object) -> str:
    text = str(parse_text(cell, limit=200))
    if not any(map(str.isalpha, text)):
        raise Invalid(_("Enter a name with at least one letter."))
    return people.clean_name(text, field="name")


def parse_username(cell: object) -> str:
    """A username as it is stored."""
    text = str(parse_text(cell, limit=200))
    if _SERVER.match(text):
        raise Invalid(
            _("NCC is the name of the server. Enter only the username that comes after it.")
        )
    return people.clean_username(text)


def _email(cell: object) -> str:
    return people.clean_email(str(parse_text(cell, limit=300)))


def _profile(cell: object) -> Profile:
    found = _PROFILES.get(_letters(str(parse_text(cell))))
    if found is None:
        raise Invalid(
            _("Select “Healthcare Provider” or “Healthcare Location Mgr.” from the list.")
        )
    return found


def _action(cell: object) -> str:
    text = str(parse_text(cell)).title()
    if text not in ACTIONS:
        raise Invalid(_("Select “Add” or “Remove” from the list."))
    return text


def _zip(cell: object) -> str:
    text = str(parse_text(cell))
    if isinstance(cell, int | float) and not isinstance(cell, ShownNumber) and len(text) < 5:
        text = text.zfill(5)  # Excel drops zeros in front of numbers
    return clean_zip_code(text)


COLUMNS = (
    SheetColumn("first_name", "First Name", _name, text=True),
    SheetColumn("last_name", "Last Name", _name, text=True),
    SheetColumn("username", "NCID Username", parse_username, aliases=("NCID",), text=True),
    SheetColumn("email", "Email", _email, aliases=("Email Address",), text=True),
    SheetColumn("profile", "Profile", _profile, choices=tuple(PROFILES), text=True, required=False),
    SheetColumn("action", "Location Action", _action, choices=ACTIONS, text=True),
    SheetColumn("location", "Location Name", partial(parse_text, limit=120), text=True),
    SheetColumn(
        "street",
        "Street Address",
        partial(parse_text, limit=120),
        aliases=("Location Street Address",),
        text=True,
    ),
    SheetColumn(
        "city", "City", partial(parse_text, limit=80), aliases=("Location City",), text=True
    ),
    SheetColumn(
        "zip_code",
        "Zip",
        _zip,
        aliases=("Zip Code", "Location Zip", "Location Zip Code"),
        text=True,
    ),
)

PREAMBLE = (
    SheetColumn(
        "organization", "Organization Name", partial(parse_text, limit=120), ("Organization",)
    ),
    SheetColumn(
        "preparer",
        "Preparer Name",
        partial(parse_text, limit=160),
        ("Name", "Your Name", "Preparer"),
    ),
    SheetColumn(
        "preparer_email", "Preparer Email", _email, ("Email", "Email Address", "Your Email")
    ),
    SheetColumn(
        "preparer_title",
        "Preparer Title",
        partial(parse_text, limit=120),
        ("Title", "Title (or role)", "Role", "Title or role"),
        required=False,
    ),
    SheetColumn(
        "preparer_phone",
        "Preparer Phone",
        partial(parse_text, limit=40),
        ("Phone", "Phone Number"),
        required=False,
    ),
)

INSTRUCTIONS = (
    _l("HCP User Onboarding Template"),
    _l(
        "1. Save the file under the name of your organization and the date: “Washington County "
        "Health Department HCP 12-02-20.xlsx”."
    ),
    _l("2. Above the table, fill in your organization, your name, e-mail, title and phone number."),
    _l(
        "3. Fill in one row for each person and location. First name, last name and e-mail must "
        "be those of the NCID registration."
    ),
    _l("4. Select the profile from the list. A person has the same profile at all locations."),
    _l(
        "5. Select “Add” to give access to a location, “Remove” to take it away. Who is removed "
        "from the last location can no longer sign in."
    ),
    _l(
        "6. Someone with several usernames: remove the locations of the usernames that are no "
        "longer wanted, and add the same locations to the username to keep, in one file."
    ),
    _l(
        "7. Attach the file to a request “HCP Onboarding & Recipient Bulk Upload”, request type "
        "“HCP User Onboarding”."
    ),
    _l(
        "If some rows could not be loaded, a file with only these rows comes back. Correct the "
        "red cells and attach it to the same case."
    ),
)


def follows_convention(name: str) -> bool:
    """Whether a file is named as the guide asks: organization, `HCP`, the date as MM-DD-YY."""
    return _NAME.fullmatch(name) is not None


def in_text(cell: Cell) -> str:
    """A cell as text that can be edited and read again."""
    if cell is None or isinstance(cell, UnreadableCell):
        return ""
    if isinstance(cell, datetime):
        return f"{cell:%m/%d/%Y}"
    if isinstance(cell, ShownNumber):
        return cell.shown[:LONGEST_CELL]
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    text = str(cell) if not isinstance(cell, int) or abs(cell) < 10**30 else ""
    return "".join(c if c.isprintable() else " " for c in text).strip()[:LONGEST_CELL]


def cells_of(bound: BoundColumns, cells: Sequence[Cell]) -> dict[str, str]:
    """What a row says, as text, by the keys of its columns."""
    return {
        key: in_text(cells[place]) if place < len(cells) else ""
        for key, place in bound.positions.items()
    }
