"""The appointment as a file for calendars (RFC 5545): the same entry, whatever happens to it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

LINE = 74


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What a calendar is told. `sequence` grows with every change; `uid` stays."""

    uid: str
    sequence: int
    made_at: datetime
    starts_at: datetime
    minutes: int
    summary: str
    place: str
    text: str
    canceled: bool = False


def method(entry: Entry) -> str:
    """How the entry is meant, as its file and the message say it."""
    return "CANCEL" if entry.canceled else "PUBLISH"


def calendar_file(entry: Entry) -> bytes:
    """The file. Times are UTC, so that a calendar shows the right hour through every change of
    clocks."""
    lines = (
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//clinic vaccine portal//appointments//EN",
        f"METHOD:{method(entry)}",
        "BEGIN:VEVENT",
        f"UID:{entry.uid}",
        f"SEQUENCE:{entry.sequence}",
        f"DTSTAMP:{_moment(entry.made_at)}",
        f"DTSTART:{_moment(entry.starts_at)}",
        f"DTEND:{_moment(entry.starts_at + timedelta(minutes=entry.minutes))}",
        f"SUMMARY:{_escaped(entry.summary)}",
        f"LOCATION:{_escaped(entry.place)}",
        f"DESCRIPTION:{_escaped(entry.text)}",
        f"STATUS:{'CANCELLED' if entry.canceled else 'CONFIRMED'}",
        "END:VEVENT",
        "END:VCALENDAR",
    )
    return b"".join(_folded(line) for line in lines)


def _moment(value: datetime) -> str:
    return value.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _escaped(text: str) -> str:
    for sign in "\\;,":
        text = text.replace(sign, "\\" + sign)
    return "\\n".join(text.splitlines())


def _folded(line: str) -> bytes:
    """The line in pieces of at most 75 octets, none of which splits a letter."""
    pieces, piece = [], b""
    for letter in line:
        encoded = letter.encode("utf-8", "replace")
        if len(piece) + len(encoded) > LINE:
            pieces.append(piece)
            piece = b" "
        piece += encoded
    return b"\r\n".join([*pieces, piece]) + b"\r\n"
