"""What is said of every kind of wrong line (SPEC H5), from the cell to the sentence."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest

from blueprints.onboarding.intake import UserLines
from blueprints.onboarding.rules import Account, Earlier, NamedSite, Sites, Wrong, judge
from blueprints.onboarding.sheets import COLUMNS
from portal.access.profiles import Profile
from portal.sheets.columns import bind
from portal.sheets.table import UnreadableCell
from tests.onboarding.workbooks import HEADER, MANAGER, PROVIDER, line

SITES = (
    NamedSite(1, "Clinic A", "Plymouth", "27962"),
    NamedSite(2, "Clinic B", "Plymouth", "27962"),
    NamedSite(3, "Premium hospital Raleigh", "Raleigh", "27601"),
    NamedSite(4, "Premium hospital Durham", "Durham", "27701"),
    NamedSite(5, "No address", "", ""),
)


def account(number: int, first: str, last: str, username: str, **other: Any) -> Account:
    values: dict[str, Any] = {
        "email": f"{username}@example.org",
        "profile": Profile.PROVIDER,
        "active": True,
        "location_ids": frozenset({1}),
    }
    return Account(
        id=number, first_name=first, last_name=last, username=username, **(values | other)
    )


ACCOUNTS = (
    account(1, "Jane", "White", "jwhite200", email="jane@example.org"),
    account(2, "Jane", "White", "jwhite300"),
    account(3, "Max", "Boss", "mboss", profile=Profile.MANAGER),
    account(4, "Old", "Timer", "otimer", active=False),
    account(5, "Agent", "Staff", "agent", profile=Profile.AGENT, location_ids=frozenset()),
    account(
        6,
        "Rita",
        "Quist",
        "rita@example.org",
        email="rita@example.org",
        profile=Profile.REQUESTER,
        location_ids=frozenset(),
    ),
    account(7, "Read", "Only", "ronly", profile=Profile.READ_ONLY),
    account(8, "José", "Núñez-Ortiz", "jnunez"),
)

Said = tuple[str, str]
JANE = {"first": "Jane", "last": "White", "email": "jane@example.org"}


def of_file(*rows: Sequence[Any], limit: frozenset[int] | None = None) -> list[list[Said]]:
    """For each line what it asks for, as ("", step and username), or everything that is wrong."""
    lines = UserLines(bind(COLUMNS, list(HEADER)), Sites(SITES), Earlier())
    return [_of_row(lines, number, list(cells), limit) for number, cells in enumerate(rows, 8)]


def _of_row(
    lines: UserLines, number: int, cells: list[Any], limit: frozenset[int] | None
) -> list[Said]:
    row, errors = lines.read(number, cells, limit)
    if errors or row is None:
        return [(error.column, error.message) for error in errors]
    named = next((one for one in ACCOUNTS if one.username == row.username), None)
    mailed = next((one for one in ACCOUNTS if one.email == row.email), None)
    try:
        verdict = judge(row, named, mailed)
    except Wrong as wrong:
        found = lines.error(wrong, cells)
        return [(found.column, found.message)]
    who = verdict.account.username if verdict.account and verdict.corrected else ""
    return [("", f"{verdict.step} {who}".strip())]


NAME_80 = "Enter a name of at most 80 characters."
LETTER = "Enter a name with at least one letter."
USERNAME = (
    "A username has 3 to 64 letters, digits, dots, hyphens or underscores, and begins with a "
    "letter or digit."
)
EMAIL = "Enter an e-mail address, for example name@clinic.org."
SELECT_PROFILE = "Select “Healthcare Provider” or “Healthcare Location Mgr.” from the list."
SELECT_ACTION = "Select “Add” or “Remove” from the list."
ZIP = "A ZIP code has five digits, for example 27962."
NO_SITE = "No location has this name. Enter the name of the provider enrollment."
ELSEWHERE = "The location of this name is in another city and ZIP code. Check name and address."
TAKEN = (
    "This username belongs to someone else. Check it with the person, and enter the username of "
    "the NCID registration."
)
UNKNOWN = "No user has this username. Check it with the person."
DUPLICATE = (
    "This e-mail address belongs to another person. An e-mail address can be used by one person "
    "only. Enter the person's own."
)
OTHER_EMAIL = (
    "The account with this username has a different e-mail address. Enter that one, or ask the "
    "help desk to change it."
)
OTHER_NAME = (
    "This username and e-mail address are registered under another name. Enter the name of the "
    "NCID registration."
)
FORMULA = "This is a formula. Enter the value itself."
DATE = (
    "The spreadsheet turned this into a date or time. Format the column as Text and enter the "
    "value again."
)
NOT_THEIRS = (
    "The sender of this file does not work at this location. Ask the manager of the location to "
    "send it."
)


def blank(column: str) -> Said:
    return column, f"{column} is blank. Fill it in."


def has_profile(label: str) -> Said:
    return "Profile", (
        f"This person has the profile {label}, and a user has the same profile at all locations. "
        "Select that profile, or ask the help desk to change it."
    )


WRONG: list[tuple[str, tuple[Any, ...], list[Said]]] = [
    ("no first name", line(None), [blank("First Name")]),
    ("no last name", line(last="  "), [blank("Last Name")]),
    ("no username", line(username=None, email="a@b.org"), [blank("NCID Username")]),
    ("no e-mail", line(email=" "), [blank("Email")]),
    (
        "no profile",
        line(profile=None),
        [("Profile", "Profile is blank. Select one from the list.")],
    ),
    ("no action", line(action=None), [blank("Location Action")]),
    ("no location", line(location=None), [blank("Location Name")]),
    ("no street", line(street=None), [blank("Street Address")]),
    ("no city", line(city=None), [blank("City")]),
    ("no zip", line(zip_code=None), [blank("Zip")]),
    (
        "several blanks",
        line(None, email="", username=None, zip_code=None),
        [blank("First Name"), blank("NCID Username"), blank("Email"), blank("Zip")],
    ),
    (
        "nothing but a name",
        ("Ann",),
        [("", "Only one cell of this row is filled. Fill in the others, or delete the row.")],
    ),
    ("a name of digits", line("123"), [("First Name", LETTER)]),
    ("a name of dashes", line(last="---"), [("Last Name", LETTER)]),
    ("a long name", line("A" * 81), [("First Name", NAME_80)]),
    ("a name as a formula", line("=A1"), [("First Name", FORMULA)]),
    (
        "an error as name",
        line("#N/A"),
        [("First Name", "The spreadsheet shows the error #N/A here. Enter the value itself.")],
    ),
    ("a date as name", line(last=datetime(2021, 5, 1)), [("Last Name", DATE)]),
    (
        "a formula that was never calculated",
        line(UnreadableCell("formula")),
        [
            (
                "First Name",
                (
                    "There is a formula here whose value is not stored in the file. Open the file "
                    "in Excel, save it again, or enter the value itself."
                ),
            )
        ],
    ),
    (
        "a username with a blank",
        line(username="j white", email="a@b.org"),
        [("NCID Username", USERNAME)],
    ),
    ("a short username", line(username="ab", email="a@b.org"), [("NCID Username", USERNAME)]),
    ("a long username", line(username="a" * 65, email="a@b.org"), [("NCID Username", USERNAME)]),
    (
        "an accented username",
        line(username="josé1", email="a@b.org"),
        [("NCID Username", USERNAME)],
    ),
    (
        "a username that begins with a dot",
        line(username=".ann", email="a@b.org"),
        [("NCID Username", USERNAME)],
    ),
    (
        "the name of the server",
        line(username="NCC\\abrown", email="a@b.org"),
        [
            (
                "NCID Username",
                ("NCC is the name of the server. Enter only the username that comes after it."),
            )
        ],
    ),
    (
        "a shortened number",
        line(username=1.5e21, email="a@b.org"),
        [
            (
                "NCID Username",
                (
                    "The spreadsheet keeps only the first 15 digits of a number, so the rest "
                    "of this one is lost. Format the column as Text and enter the value again."
                ),
            )
        ],
    ),
    ("an e-mail without @", line(email="abrown"), [("Email", EMAIL)]),
    ("an e-mail without domain", line(email="abrown@"), [("Email", EMAIL)]),
    ("an e-mail without dot", line(email="abrown@clinic"), [("Email", EMAIL)]),
    ("two e-mails", line(email="a@b.org; c@d.org"), [("Email", EMAIL)]),
    ("an e-mail with a blank", line(email="a brown@b.org"), [("Email", EMAIL)]),
    ("n/a as e-mail", line(email="n/a"), [("Email", EMAIL)]),
    (
        "a long e-mail",
        line(email="a" * 250 + "@b.org"),
        [("Email", "This e-mail address is too long.")],
    ),
    ("an unknown profile", line(profile="Nurse"), [("Profile", SELECT_PROFILE)]),
    (
        "a profile of the staff",
        line(profile="Programme Administrator"),
        [("Profile", SELECT_PROFILE)],
    ),
    (
        "read-only as profile",
        line(profile="Healthcare Provider Read-Only"),
        [("Profile", SELECT_PROFILE)],
    ),
    (
        "both profiles",
        line(profile="Healthcare Provider, Healthcare Location Mgr."),
        [("Profile", SELECT_PROFILE)],
    ),
    ("an unknown action", line(action="Update"), [("Location Action", SELECT_ACTION)]),
    ("a number as action", line(action=1), [("Location Action", SELECT_ACTION)]),
    ("a letter too few in the zip", line(zip_code="2796"), [("Zip", ZIP)]),
    ("a word as zip", line(zip_code="Plymouth"), [("Zip", ZIP)]),
    ("a zip of another country", line(zip_code="SW1A 1AA"), [("Zip", ZIP)]),
    ("an unknown location", line(location="Clinic Z"), [("Location Name", NO_SITE)]),
    ("a PIN as location", line(location="NCA650001"), [("Location Name", NO_SITE)]),
    (
        "a location at another place",
        line(city="Raleigh", zip_code="27601"),
        [("Location Name", ELSEWHERE)],
    ),
    (
        "the hospital of another city",
        line(location="Premium hospital", city="Cary"),
        [("Location Name", NO_SITE)],
    ),
    (
        "somebody else's username",
        line(username="mboss", email="ann@example.org"),
        [("NCID Username", TAKEN)],
    ),
    ("an agent's username", line("Agent", "Staff", "agent"), [("NCID Username", TAKEN)]),
    ("somebody else's e-mail", line(email="mboss@example.org"), [("Email", DUPLICATE)]),
    (
        "username and e-mail of two accounts",
        line("Jane", "White", "jwhite300", email="jane@example.org"),
        [("Email", DUPLICATE)],
    ),
    (
        "another e-mail",
        line("Jane", "White", "jwhite300", email="new@example.org"),
        [("Email", OTHER_EMAIL)],
    ),
    ("another last name", line("Jane", "Black", "jwhite300"), [("Last Name", OTHER_NAME)]),
    ("another first name", line("Janet", "White", "jwhite300"), [("First Name", OTHER_NAME)]),
    ("another profile", line("Max", "Boss", "mboss"), [has_profile("Healthcare Location Manager")]),
    (
        "a read-only user",
        line("Read", "Only", "ronly"),
        [has_profile("Healthcare Provider Read-Only")],
    ),
    (
        "a deactivated user",
        line("Old", "Timer", "otimer"),
        [
            (
                "NCID Username",
                (
                    "This account was deactivated. Ask the help desk to reactivate it, then "
                    "send again."
                ),
            )
        ],
    ),
    ("nobody to remove", line(action="Remove"), [("NCID Username", UNKNOWN)]),
    (
        "somebody else to remove",
        line("Ann", "Brown", "mboss", action="Remove", email="x@y.org"),
        [("NCID Username", TAKEN)],
    ),
    (
        "an agent to remove",
        line("Agent", "Staff", "agent", action="Remove"),
        [("NCID Username", TAKEN)],
    ),
    (
        "a requester to remove",
        line("Rita", "Quist", "rita@example.org", action="Remove", email="rita@example.org"),
        [("NCID Username", UNKNOWN)],
    ),
]


@pytest.mark.parametrize(("kind", "cells", "said"), WRONG, ids=[one[0] for one in WRONG])
def test_each_wrong_line_says_what_to_correct(
    kind: str, cells: tuple[Any, ...], said: list[Said]
) -> None:
    assert of_file(cells) == [said]


GOOD: list[tuple[str, tuple[Any, ...], str]] = [
    ("new", line(), "new"),
    ("a profile in full", line(profile="Healthcare Location Manager"), "new"),
    ("a profile in capitals", line(profile=" HEALTHCARE LOCATION MGR "), "new"),
    ("an action in capitals", line(action="ADD"), "new"),
    ("a username in capitals", line(username="ABROWN", email="a@b.org"), "new"),
    ("blanks around", line("  Ann ", " Brown  "), "new"),
    ("a number as zip", line(zip_code=27962), "new"),
    ("a zip of nine digits", line(zip_code="27962-1234"), "new"),
    (
        "the city of the hospital",
        line(location="Premium Hospital", city="Durham", zip_code="27701"),
        "new",
    ),
    ("a location without address", line(location="no address", city="X", zip_code="11111"), "new"),
    ("another street", line(street="Elsewhere 9"), "new"),
    ("another zip of the city", line(zip_code="27963"), "new"),
    ("a requester", line("Rita", "Quist", "rquist", email="rita@example.org"), "new"),
    ("there already", line("Jane", "White", "jwhite300"), "unchanged"),
    ("there already, in other letters", line("JANE", "white", "JWhite300"), "unchanged"),
    ("accents and hyphens", line("Jose", "Nunez Ortiz", "jnunez"), "unchanged"),
    ("another location", line("Jane", "White", "jwhite300", location="Clinic B"), "add"),
    (
        "a wrong username",
        line("Jane", "White", "jwhyte", email="jane@example.org", location="Clinic B"),
        "add jwhite200",
    ),
    (
        "somebody else's username, found by e-mail",
        line("Jane", "White", "mboss", email="jane@example.org"),
        "unchanged jwhite200",
    ),
    ("to remove", line("Jane", "White", "jwhite300", action="Remove"), "remove"),
    (
        "to remove, with the e-mail of the other username",
        line("Jane", "White", "jwhite300", action="Remove", email="jane@example.org"),
        "remove",
    ),
    (
        "to remove, without profile",
        line("Jane", "White", "jwhite300", action="Remove", profile=None),
        "remove",
    ),
    (
        "removed already",
        line("Jane", "White", "jwhite300", action="Remove", location="Clinic B"),
        "unchanged",
    ),
    (
        "to remove, with a wrong username",
        line("Jane", "White", "jwhyte", action="Remove", email="jane@example.org"),
        "remove jwhite200",
    ),
    ("a deactivated user to remove", line("Old", "Timer", "otimer", action="Remove"), "remove"),
]


@pytest.mark.parametrize(("kind", "cells", "step"), GOOD, ids=[one[0] for one in GOOD])
def test_each_good_line_is_understood(kind: str, cells: tuple[Any, ...], step: str) -> None:
    assert of_file(cells) == [[("", step)]]


TWO: list[tuple[str, list[tuple[Any, ...]], Said]] = [
    (
        "two profiles",
        [line(), line(location="Clinic B", profile=MANAGER)],
        (
            "Profile",
            (
                "Row 8 has a different profile for this username. A user has the same profile at "
                "all locations."
            ),
        ),
    ),
    (
        "one username for two people",
        [line(), line("Bob")],
        (
            "NCID Username",
            (
                "Row 8 has this username for a different name. Each person has a username "
                "of their own."
            ),
        ),
    ),
    (
        "two e-mails of a username",
        [line(), line(email="other@example.org")],
        (
            "Email",
            ("Row 8 has a different e-mail address for this username. Enter the same in all rows."),
        ),
    ),
    (
        "one e-mail of two people",
        [line(), line("Bob", "Fox", "bfox", email="abrown@example.org")],
        ("Email", DUPLICATE),
    ),
    (
        "two usernames of a person",
        [line(), line(username="abrown2", email="abrown@example.org")],
        (
            "NCID Username",
            ("Row 8 has a different username for this person. Enter the same in all rows."),
        ),
    ),
    (
        "added and removed",
        [line(), line(action="Remove")],
        (
            "Location Action",
            ("Row 8 asks for the opposite at the same location. Keep the row that is right."),
        ),
    ),
]


@pytest.mark.parametrize(("kind", "cells", "said"), TWO, ids=[one[0] for one in TWO])
def test_lines_that_contradict_each_other_say_so(
    kind: str, cells: list[tuple[Any, ...]], said: Said
) -> None:
    assert of_file(*cells) == [[("", "new")], [said]]


def test_several_usernames_become_one_by_removes_and_adds() -> None:
    assert of_file(
        line(**JANE, username="jwhite300", action="Remove", profile=PROVIDER),
        line(**JANE, username="jwhite200", location="Clinic B"),
    ) == [[("", "remove")], [("", "add")]]


def test_a_file_with_a_limit_changes_nobody_elsewhere() -> None:
    rows = [line(location="Clinic B"), line("Jane", "White", "jwhite300", action="Remove")]
    assert of_file(*rows, limit=frozenset({1})) == [
        [("Location Name", NOT_THEIRS)],
        [("", "remove")],
    ]
    assert of_file(*rows, limit=frozenset()) == [[("Location Name", NOT_THEIRS)]] * 2
